// A member of a simulated consortium: a member node over its own real store, which can crash in the
// middle of a write and start again.

import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sortValidators } from '../../block/hashes.ts';
import { privateKeyOf, rawPublicKey } from '../../ed25519.ts';
import { openReplica } from '../../engine/open-replica.ts';
import type { SimulatedNetwork } from '../../gossip/simulated-network.ts';
import type { Transport } from '../../gossip/transport.ts';
import { type CommittedBlock, type FollowedLedger, openLedger } from '../../ledger.ts';
import { sha256 } from '../../sha256.ts';
import { authorityPublicKey, chainId } from '../../test/consortium.ts';
import type { Halt } from '../chain-sync.ts';
import { MemberNode } from '../member-node.ts';

/** Keys of the four validators, which the proposer holds; the forger holds the last one too. */
export const validatorSeeds = [1, 2, 3, 4].map((at) => sha256(Buffer.from(`validator ${at}`)));
export const validators = sortValidators(
  validatorSeeds.map((seed) => ({ publicKey: rawPublicKey(privateKeyOf(seed)), power: 10 })),
);

const BLOCK_TIME_MS = 200;

/** What is kept up to date with a member's ledger: an index, where somebody compares these too. */
export interface Follower {
  /** Comes to the height of a ledger that was just opened. */
  open(ledger: FollowedLedger): Promise<void>;
  /** Takes the next block, as a node's index does before the next one is applied. */
  take(block: CommittedBlock): void;
  /** The process ends. */
  close(): Promise<void>;
  /** What it has come to: the same for the same blocks. */
  content(ledger: FollowedLedger): string;
}

export class NoFollower implements Follower {
  async open(): Promise<void> {}
  take(): void {}
  async close(): Promise<void> {}
  content(): string {
    return '';
  }
}

export class SimulatedMember {
  readonly id: string;
  readonly #network: SimulatedNetwork;
  readonly #directory: string;
  readonly #random: () => number;
  readonly #isProposer: boolean;
  readonly #follower: Follower;
  #transport: Transport | undefined;
  #ledger: FollowedLedger | undefined;
  #node: MemberNode | undefined;
  /** Heights in the order in which they were handed on since the last start. */
  heights: number[] = [];
  halt: Halt | undefined;

  constructor(
    id: string,
    network: SimulatedNetwork,
    directory: string,
    random: () => number,
    isProposer: boolean,
    follower: Follower = new NoFollower(),
  ) {
    this.id = id;
    this.#network = network;
    this.#directory = join(directory, id);
    this.#random = random;
    this.#isProposer = isProposer;
    this.#follower = follower;
  }

  get isRunning(): boolean {
    return this.#node !== undefined;
  }

  get node(): MemberNode {
    if (!this.#node) throw new Error(`${this.id} does not run`);
    return this.#node;
  }

  /** What a member ends with. */
  end() {
    const { ledger } = this.node;
    const { tip, appHash, transactionCount } = ledger;
    const followed = this.#follower.content(ledger);
    return { tip, appHash, transactionCount, entries: [...ledger.entries()], followed };
  }

  async start(): Promise<void> {
    const { clock } = this.#network;
    const common = { directory: this.#directory, chainId, authorityPublicKey, settings: {} };
    let propose:
      | { ledger: Awaited<ReturnType<typeof openLedger>>; blockTimeMs: number }
      | undefined;
    if (this.#isProposer) {
      await mkdir(this.#directory, { recursive: true });
      const keys = validatorSeeds.map((seed) => Buffer.from(seed).toString('hex'));
      const file = { validators: keys.map((seed) => ({ seed, power: 10 })) };
      await writeFile(join(this.#directory, 'validator.json'), JSON.stringify(file));
      const own = await openLedger({ ...common, now: () => Math.floor(clock.nowMs()) });
      this.#ledger = own;
      propose = { ledger: this.#network.tracked(own), blockTimeMs: BLOCK_TIME_MS };
    } else {
      this.#ledger = await openReplica({ ...common, validators });
    }
    await this.#follower.open(this.#ledger);
    this.#transport = this.#network.join(this.id);
    this.heights = [];
    this.#node = new MemberNode({
      ledger: propose?.ledger ?? this.#network.tracked(this.#ledger),
      transport: this.#transport,
      clock,
      random: this.#random,
      onBlock: (block: CommittedBlock) => {
        this.heights.push(block.height);
        this.#follower.take(block);
      },
      onHalt: (halt) => {
        this.halt = halt;
      },
      ...(propose && { propose }),
    });
    this.#node.start();
  }

  async stop(): Promise<void> {
    this.#node?.stop();
    this.#node = undefined;
    await this.#transport?.close();
    await this.#ledger?.close();
    await this.#follower.close();
  }

  /** Stops as a process that is killed does: the end of what it wrote last may be missing. */
  async crash(): Promise<void> {
    await this.stop();
    // What the proposer has published is on its disk: a synced write is not lost.
    if (this.#isProposer) return;
    const store = join(this.#directory, 'store');
    const logs = (await readdir(store)).filter((name) => /^\d+\.log$/.test(name)).sort();
    const log = logs.at(-1);
    if (!log) return;
    const { size } = await stat(join(store, log));
    const lost = Math.floor(this.#random() * 3_000);
    await truncate(join(store, log), Math.max(0, size - lost));
  }
}
