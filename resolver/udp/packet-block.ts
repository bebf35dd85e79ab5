// A thread's part of the packet memory: its words, its columns of keys and answers, its messages. It looks up
// what the packet module has found in packets; packet-server has the way of a packet.
//
// The index's memories and the packet memory have nothing to do with each other but that keys are copied
// from one to the other and answers back, so any reader of an index will do, over one memory or several, and
// it may be another after every batch.

import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { IndexReader } from '../../wasm/number-index.ts';
import {
  ANSWERS,
  COUNTERS,
  COUNTERS_BYTES,
  FOR_HOST,
  KEYS,
  KEYS_MAX,
  PACKETS_MAX,
  PROTOCOLS,
  WORD_CLOCK,
  WORD_FRESHNESS,
  WORD_HOST_COUNT,
  WORD_KEY_COUNTS,
} from '../../wasm/packet-layout.ts';
import { blockOf, instantiatePackets, type PacketExports } from '../../wasm/packet-module.ts';
import type { WasmBuild } from '../../wasm/wasm-module.ts';
import { type BatchFreshness, LAG_UNKNOWN } from './batch-format-codec.ts';
import { MessageBlock } from './message-block.ts';
import { CLOCK_REALTIME, type SystemCalls } from './system-calls.ts';

const LAG_MS_MAX = LAG_UNKNOWN - 1;

/** What packets are answered from. */
export interface PacketSources {
  readerOf(identity: Identity): IndexReader;
  /** How new the index is; asked before the lookups of a round, see BatchSources. */
  freshness(identity: Identity): BatchFreshness;
}

/** A thread's part of the packet memory, used by all of its servers, one batch after the other. */
export class PacketBlock {
  readonly messages: MessageBlock;
  readonly exports: PacketExports;
  readonly #calls: SystemCalls;
  readonly #sources: PacketSources;
  readonly #words: DataView;
  readonly #forHost: Uint32Array;
  readonly #keys: Float64Array[];
  readonly #answers: Uint32Array[];
  readonly #address: number;
  readonly #offset: number;

  /**
   * @param thread which block of the memory; one thread only may use it
   * @param packets most packets of a batch
   * @throws RangeError where a reader's `batchMax` is below KEYS_MAX
   */
  constructor(
    calls: SystemCalls,
    memory: WebAssembly.Memory,
    thread: number,
    sources: PacketSources,
    packets = 64,
    build: WasmBuild = 'release',
  ) {
    for (const identity of IDENTITIES) {
      const { batchMax } = sources.readerOf(identity);
      // A round is one batch of a reader, so that all of its answers are of one version.
      if (batchMax < KEYS_MAX) throw new RangeError(`batchMax ${batchMax} is below ${KEYS_MAX}`);
    }
    const { buffer } = memory;
    const offset = blockOf(thread);
    this.#calls = calls;
    this.#sources = sources;
    this.#offset = offset;
    this.exports = instantiatePackets(memory, thread, build);
    this.messages = new MessageBlock(calls, {
      memory: buffer,
      offset,
      packets,
      rewind: this.exports.rewindReceive,
    });
    this.#address = calls.addressOf(buffer);
    // What a thread that had the block before has counted is somebody's already.
    new Uint8Array(buffer, offset + COUNTERS, PROTOCOLS * COUNTERS_BYTES).fill(0);
    this.#words = new DataView(buffer, offset);
    this.#forHost = new Uint32Array(buffer, offset + FOR_HOST, PACKETS_MAX);
    this.#keys = IDENTITIES.map(
      (_, at) => new Float64Array(buffer, offset + KEYS + at * KEYS_MAX * 8, KEYS_MAX),
    );
    this.#answers = IDENTITIES.map(
      (_, at) => new Uint32Array(buffer, offset + ANSWERS + at * KEYS_MAX * 4, KEYS_MAX),
    );
  }

  get addressOfMemory(): bigint {
    return BigInt(this.#address);
  }

  /**
   * Looks up what the last round wrote into the columns of keys.
   *
   * @param areNames whether it matters what lies below a key that nothing covers
   */
  lookUp(areNames = false): void {
    for (const [at, identity] of IDENTITIES.entries()) {
      const count = this.#words.getUint32(WORD_KEY_COUNTS + 4 * at, true);
      if (count === 0) continue;
      this.#writeFreshness(at, this.#sources.freshness(identity));
      const reader = this.#sources.readerOf(identity);
      if (areNames) reader.lookupNames(this.#keys[at]!, this.#answers[at]!, count);
      else reader.lookup(this.#keys[at]!, this.#answers[at]!, count);
    }
  }

  #writeFreshness(identity: number, freshness: BatchFreshness): void {
    const at = WORD_FRESHNESS + 16 * identity;
    const { height, lagMs, routeTableVersion } = freshness;
    const lag = lagMs === undefined ? LAG_UNKNOWN : Math.min(Math.max(0, lagMs), LAG_MS_MAX);
    this.#words.setBigUint64(at, BigInt(height), true);
    this.#words.setUint32(at + 8, lag, true);
    this.#words.setUint32(at + 12, routeTableVersion, true);
  }

  /** Packets of the last round that are the host's, as many as the count says. */
  get hostCount(): number {
    return this.#words.getUint32(WORD_HOST_COUNT, true);
  }

  hostPacket(at: number): number {
    return this.#forHost[at]!;
  }

  /** Sets the clock's words, which limits and latencies go by; returns nanoseconds since 1970. */
  readClock(): bigint {
    this.#calls.clockGettime(CLOCK_REALTIME, this.#address + this.#offset + WORD_CLOCK);
    const seconds = this.#words.getBigUint64(WORD_CLOCK, true);
    return seconds * 1_000_000_000n + this.#words.getBigUint64(WORD_CLOCK + 8, true);
  }

  /** A word of what a protocol counts: a counter, or behind those a latency or a batch size. */
  counted(protocol: number, word: number): number {
    return Number(this.#words.getBigUint64(COUNTERS + protocol * COUNTERS_BYTES + 8 * word, true));
  }
}
