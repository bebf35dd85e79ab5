// Follows the chain over the network: blocks that are published, and those that are missing, are
// proven, put in order and applied to the ledger one by one.
//
//     topic ──▶ prove ──┐                              ┌──▶ ledger.apply ──▶ onBlock
//                       ├──▶ buffer: heights tip + 1 … ┤
//     peers ──▶ prove ──┘    up to 128 above           └──▶ what is missing is fetched: several
//                                                           ranges at once, from several peers
//
// A block that more than two thirds of the validators vouch for and that does not fit the ledger ends
// the following for good: something is wrong that no peer can mend. The ledger stays at the last good
// height, `halted` says why, and blocks go on being served to others.

import { decodeBlock, encodeCommit } from '../block/block-codec.ts';
import {
  decodeBlockMessage,
  encodeBlockMessage,
  encodeHead,
  encodeRange,
  namesOf,
} from '../gossip/message-codec.ts';
import {
  MESSAGE_BYTES_MAX,
  type PeerId,
  type Transport,
  type Verdict,
} from '../gossip/transport.ts';
import type { CommittedBlock, FollowedLedger } from '../ledger.ts';
import { BlockBuffer, WINDOW_HEIGHTS } from './block-buffer.ts';
import { RANGE_BLOCKS_MAX, serveBlocks } from './block-server.ts';
import type { Clock } from './clock.ts';
import { EMPTY_PAUSE_MS, FAILURE_PAUSE_MS, FAULT_PAUSE_MS, PeerHeights } from './peer-heights.ts';
import { hashOf, type ProvenBlock, proveAnnouncement, proveBlock } from './verify-block.ts';

/** Ranges that are fetched at the same time. */
const FETCHES_MAX = 4;
/** How often some peers are asked for their newest block, and how many. */
const TIP_INTERVAL_MS = 2_000;
const TIP_PEERS = 3;

/** Why following has ended. */
export interface Halt {
  /** The last good height. */
  height: number;
  /** A code of SyncError or LedgerError. */
  code: string;
  message: string;
}

/** What was counted since the start. */
export interface SyncCounters {
  /** Blocks applied, and those of them that were fetched by request. */
  applied: number;
  fetched: number;
  /** Blocks and announcements that prove nothing. */
  forged: number;
  /** Proven blocks of a height for which another proven block is known. */
  conflicts: number;
  fetchFailures: number;
}

export interface ChainSyncOptions {
  ledger: FollowedLedger;
  transport: Transport;
  clock: Clock;
  /** Numbers from 0 to below 1. */
  random: () => number;
  /** Called with each block that was applied, before the next one is. */
  onBlock: (block: CommittedBlock) => void | Promise<void>;
  onHalt: (halt: Halt) => void;
}

export class ChainSync {
  readonly counters: SyncCounters = {
    applied: 0,
    fetched: 0,
    forged: 0,
    conflicts: 0,
    fetchFailures: 0,
  };
  readonly #ledger: FollowedLedger;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onBlock: ChainSyncOptions['onBlock'];
  readonly #onHalt: ChainSyncOptions['onHalt'];
  readonly #buffer = new BlockBuffer();
  readonly #peers: PeerHeights;
  /** First height to the end of each range that is being fetched. */
  readonly #fetching = new Map<number, number>();
  #newestHeight: number;
  #heardTips = 0;
  #isApplying = false;
  #isStopped = false;
  #halt: Halt | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelTips: (() => void) | undefined;

  constructor(options: ChainSyncOptions) {
    this.#ledger = options.ledger;
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onBlock = options.onBlock;
    this.#onHalt = options.onHalt;
    this.#peers = new PeerHeights(options.random);
    this.#newestHeight = options.ledger.tip.height;
  }

  /** The height that a peer has shown to have; `undefined` where it has shown none. */
  heightOf(peer: PeerId): number | undefined {
    return this.#peers.heightOf(peer);
  }

  /** The height of the newest block that is known to be committed. */
  get newestHeight(): number {
    return Math.max(this.#newestHeight, this.#ledger.tip.height);
  }

  /** Why following has ended; `undefined` while it goes on. */
  get halted(): Halt | undefined {
    return this.#halt;
  }

  /** Whether the ledger has every block that is known of. */
  get isCurrent(): boolean {
    return !this.#halt && this.#ledger.tip.height >= this.#newestHeight;
  }

  /** How often a peer has told its newest block. */
  get heardTips(): number {
    return this.#heardTips;
  }

  start(): void {
    const { blockTopic } = namesOf(this.#ledger.chainId);
    this.#transport.subscribe(blockTopic, (message, from) => this.#judge(message, from));
    serveBlocks(this.#transport, this.#source());
    this.#transport.onPeer((peer) => void this.#askTip(peer));
    this.#askTips();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#cancelTips?.();
  }

  /** Publishes the newest block, which was made here. */
  async publish(block: CommittedBlock): Promise<void> {
    const encoded = await this.#ledger.encodedBlock(block.height);
    if (!encoded) return;
    let message = encodeBlockMessage(encoded);
    if (message.length > MESSAGE_BYTES_MAX) {
      const head = encodeHead(decodeBlock(encoded.block).header);
      message = encodeBlockMessage({ head, commit: encoded.commit });
    }
    await this.#transport.publish(namesOf(this.#ledger.chainId).blockTopic, message);
  }

  /** The verdict on a message of the block topic: what is accepted is passed on to others. */
  async #judge(bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    const message = decodeBlockMessage(bytes);
    if (!message) return this.#forged();
    if (message.head) {
      const { proven: header } = proveAnnouncement(message, this.#ledger);
      if (!header) return this.#forged();
      const verdict = await this.#judgeHeight(header.height, hashOf(header), from);
      this.#schedule();
      return verdict;
    }
    const { proven } = proveBlock(message, this.#ledger);
    if (!proven) return this.#forged();
    const verdict = await this.#judgeHeight(proven.block.header.height, proven.blockId.hash, from);
    if (verdict === 'accept' && !this.#keep(proven)) return 'ignore';
    this.#schedule();
    return verdict;
  }

  #forged(): Verdict {
    this.counters.forged++;
    return 'reject';
  }

  /** Whether a proven block is new: not in the ledger, nor another one at its height. */
  async #judgeHeight(height: number, hash: Uint8Array, from: PeerId): Promise<Verdict> {
    this.#peers.seen(from, height);
    if (height <= this.#ledger.tip.height) {
      const own = await this.#ledger.blockHashAt(height);
      if (own && Buffer.compare(own, hash) !== 0) this.counters.conflicts++;
      return 'ignore';
    }
    this.#newestHeight = Math.max(this.#newestHeight, height);
    return 'accept';
  }

  /** Puts a proven block into the buffer; false where it conflicts with one that is there. */
  #keep(proven: ProvenBlock): boolean {
    const isConflict = this.#buffer.add(proven, this.#ledger.tip.height) === 'conflict';
    if (isConflict) this.counters.conflicts++;
    return !isConflict;
  }

  /** Does what can be done now: applies what is next, fetches what is missing. */
  #schedule(): void {
    if (this.#isStopped || this.#halt) return;
    void this.#applyReady();
    this.#fetchMissing();
  }

  async #applyReady(): Promise<void> {
    if (this.#isApplying) return;
    this.#isApplying = true;
    try {
      for (;;) {
        const next = this.#buffer.get(this.#ledger.tip.height + 1);
        if (!next || this.#isStopped) break;
        const block = await this.#ledger.apply(next);
        this.counters.applied++;
        this.#buffer.forget(block.height);
        await this.#onBlock(block);
      }
    } catch (error) {
      this.#end(error as Error & { code?: string });
    } finally {
      this.#isApplying = false;
    }
    if (!this.#isStopped && !this.#halt) this.#fetchMissing();
  }

  #end(error: Error & { code?: string }): void {
    // A ledger that is closed under way is a stop, not an alarm.
    if (this.#isStopped) return;
    const { height } = this.#ledger.tip;
    this.#halt = { height, code: error.code ?? error.name, message: error.message };
    this.#cancelRetry?.();
    this.#onHalt(this.#halt);
  }

  #fetchMissing(): void {
    while (this.#fetching.size < FETCHES_MAX) {
      const range = this.#nextGap();
      if (!range) return;
      const peers = this.#transport.peers();
      const peer = this.#peers.choose(peers, range.from, this.#clock.nowMs());
      if (peer === undefined) {
        this.#retryLater();
        return;
      }
      void this.#fetch(peer, range.from, range.count);
    }
  }

  /** The first heights that are neither here nor on their way. */
  #nextGap(): { from: number; count: number } | undefined {
    const { height } = this.#ledger.tip;
    const last = Math.min(this.#newestHeight, height + WINDOW_HEIGHTS);
    let from = height + 1;
    const isThere = (at: number): boolean =>
      this.#buffer.get(at) !== undefined ||
      [...this.#fetching].some(([first, end]) => at >= first && at < end);
    while (from <= last && isThere(from)) from++;
    // What does not fit would be fetched again and again; the next block always fits.
    if (from > last || (this.#buffer.isFull && from > height + 1)) return undefined;
    let count = 1;
    while (count < RANGE_BLOCKS_MAX && from + count <= last && !isThere(from + count)) count++;
    return { from, count };
  }

  #retryLater(): void {
    if (this.#cancelRetry) return;
    this.#cancelRetry = this.#clock.after(EMPTY_PAUSE_MS, () => {
      this.#cancelRetry = undefined;
      this.#schedule();
    });
  }

  async #fetch(peer: PeerId, from: number, count: number): Promise<void> {
    this.#fetching.set(from, from + count);
    this.#peers.requested(peer, 1);
    let height = from;
    try {
      const request = encodeRange({ from, count });
      const { rangeProtocol } = namesOf(this.#ledger.chainId);
      for await (const frame of this.#transport.request(peer, rangeProtocol, request)) {
        if (this.#isStopped) return;
        const proven = this.#provenFrame(frame);
        if (proven?.block.header.height !== height || height >= from + count) {
          this.#distrust(peer);
          return;
        }
        this.counters.fetched++;
        this.#keep(proven);
        this.#peers.seen(peer, height);
        height++;
        void this.#applyReady();
      }
      if (height === from) this.#peers.missing(peer, from, this.#clock.nowMs());
    } catch {
      this.counters.fetchFailures++;
      this.#peers.pause(peer, this.#clock.nowMs(), FAILURE_PAUSE_MS);
    } finally {
      this.#fetching.delete(from);
      this.#peers.requested(peer, -1);
      this.#schedule();
    }
  }

  #provenFrame(frame: Uint8Array): ProvenBlock | undefined {
    const message = decodeBlockMessage(frame);
    return message?.block && proveBlock(message, this.#ledger).proven;
  }

  /** A peer has answered with something that no honest peer sends. */
  #distrust(peer: PeerId): void {
    this.counters.forged++;
    this.#peers.pause(peer, this.#clock.nowMs(), FAULT_PAUSE_MS);
    this.#transport.penalise(peer);
  }

  /** Asks some peers for their newest block, now and again and again. */
  #askTips(): void {
    const peers = this.#transport.peers();
    this.#peers.prune(peers, this.#clock.nowMs());
    const first = Math.floor(this.#random() * peers.length);
    for (let count = 0; count < Math.min(TIP_PEERS, peers.length); count++) {
      void this.#askTip(peers[(first + count) % peers.length] as PeerId);
    }
    this.#cancelTips = this.#clock.after(TIP_INTERVAL_MS, () => this.#askTips());
  }

  async #askTip(peer: PeerId): Promise<void> {
    const { tipProtocol } = namesOf(this.#ledger.chainId);
    try {
      for await (const frame of this.#transport.request(peer, tipProtocol, new Uint8Array(0))) {
        const message = decodeBlockMessage(frame);
        const header = message?.head && proveAnnouncement(message, this.#ledger).proven;
        if (!header) {
          this.#distrust(peer);
          return;
        }
        await this.#judgeHeight(header.height, hashOf(header), peer);
      }
      this.#heardTips++;
      this.#schedule();
    } catch {
      // It is asked again, or another one is.
    }
  }

  /** What is served: the ledger's blocks, and those that wait for their turn. */
  #source() {
    const ledger = this.#ledger;
    const buffer = this.#buffer;
    return {
      chainId: ledger.chainId,
      get tip() {
        return ledger.tip;
      },
      async encodedBlock(height: number) {
        const stored = await ledger.encodedBlock(height);
        if (stored) return stored;
        const waiting = buffer.get(height);
        return waiting && { block: waiting.encoded, commit: encodeCommit(waiting.commit) };
      },
    };
  }
}
