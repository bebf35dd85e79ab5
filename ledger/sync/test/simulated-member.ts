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

export class SimulatedMember {
  readonly id: string;
  readonly #network: SimulatedNetwork;
  readonly #directory: string;
  readonly #random: () => number;
  readonly #isProposer: boolean;
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
  ) {
    this.id = id;
    this.#network = network;
    this.#directory = join(directory, id);
    this.#random = random;
    this.#isProposer = isProposer;
  }

  get isRunning(): boolean {
    return this.#node !== undefined;
  }

  get node(): MemberNode {
    if (!this.#node) throw new Error(`${this.id} does not run`);
    return this.#node;
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
    this.#transport = this.#network.join(this.id);
    this.heights = [];
    this.#node = new MemberNode({
      ledger: propose?.ledger ?? this.#network.tracked(this.#ledger),
      transport: this.#transport,
      clock,
      random: this.#random,
      onBlock: ({ height }: CommittedBlock) => {
        this.heights.push(height);
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
