// A consortium on a bad network, as it is drawn from a seed: whatever gets lost, comes twice, late or
// forged, and whoever crashes, every honest member ends with the same blocks and the same state.
//
// Whatever happens is drawn from the seed of the schedule, so that one that fails can be played again.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyOf } from '../../ed25519.ts';
import { SimulatedNetwork } from '../../gossip/simulated-network.ts';
import { chainId, foundation, key, Signer } from '../../test/consortium.ts';
import { randomFrom } from '../../test/seed.ts';
import type { TransactionBody } from '../../transaction-body.ts';
import { runForger } from './forger.ts';
import { type Follower, NoFollower, SimulatedMember, validatorSeeds } from './simulated-member.ts';

const START_MS = 1_700_000_000_000;
const STEPS = 12;
/** Long enough for everything to be sent again: virtual time costs nothing. */
const HEALING_MS = 120_000;

/** Makes what follows the ledger of one member; `directory` is its own and outlives its crashes. */
export type FollowerFactory = (directory: string, random: () => number) => Follower;

class Schedule {
  readonly #random: () => number;
  readonly network: SimulatedNetwork;
  readonly members: SimulatedMember[] = [];
  readonly #signer = new Signer();
  readonly #directory: string;
  readonly #seed: number;
  readonly #followerOf: FollowerFactory;

  constructor(scheduleSeed: number, directory: string, followerOf: FollowerFactory) {
    this.#seed = scheduleSeed;
    this.#followerOf = followerOf;
    this.#random = randomFrom(scheduleSeed);
    const share = (): number => this.#random() * 0.3;
    const faults = {
      drop: share(),
      duplicate: share(),
      breakOff: share(),
      delayMsMax: 1 + this.#random() * 400,
    };
    this.#directory = directory;
    this.network = new SimulatedNetwork(this.#random, faults, START_MS);
  }

  get running(): SimulatedMember[] {
    return this.members.filter(({ isRunning }) => isRunning);
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  async play(): Promise<void> {
    const count = 3 + this.#below(3);
    for (let at = 0; at < count; at++) {
      const { network } = this;
      const id = `n${at}`;
      // Chance of its own: the schedule is the same whoever follows the members' ledgers.
      const chance = randomFrom(this.#seed * 16 + at);
      const follower = this.#followerOf(join(this.#directory, `${id}-follower`), chance);
      this.members.push(
        new SimulatedMember(id, network, this.#directory, this.#random, at === 0, follower),
      );
    }
    await this.members[0]!.start();
    await this.members[1]!.start();
    const forgerKey = privateKeyOf(validatorSeeds[3]!);
    if (this.#random() < 0.7) {
      runForger(this.network.join('forger'), forgerKey, chainId, this.#random);
    }
    await this.#pass(3_000);
    for (const body of foundation) {
      await this.#submit(body, this.members[0]!);
      // Members sign only once they are in.
      await this.#pass(300);
    }
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      await this.#pass(this.#random() * 1_000);
    }
    await this.#heal();
  }

  async #pass(durationMs: number): Promise<void> {
    await this.network.run(this.network.clock.nowMs() + durationMs);
  }

  async #step(): Promise<void> {
    const member = this.members[this.#below(this.members.length)]!;
    const draw = this.#random();
    if (draw < 0.2) {
      if (member.isRunning) await member.crash();
      else await member.start();
    } else if (draw < 0.3) {
      const sides = this.network.ids().map((id) => [id, this.#random() < 0.5] as const);
      this.network.cut(
        sides.flatMap(([id, isLeft]) => (isLeft ? [id] : [])),
        sides.flatMap(([id, isLeft]) => (isLeft ? [] : [id])),
      );
    } else if (draw < 0.4) this.network.cut();
    else {
      const some = this.running;
      const at = some[this.#below(some.length)];
      if (at) await this.#submit(this.#body(), at);
    }
  }

  /** Mostly numbers that move between members; whether they may is for the ledger to say. */
  #body(): TransactionBody {
    const [donor, recipient] = this.#random() < 0.5 ? ['a', 'b'] : ['b', 'a'];
    const first = key('86100000') + this.#below(1_000) * 10;
    const numbers = Array.from({ length: 1 + this.#below(8) }, (_, at) => first + at);
    return {
      kind: 'port',
      identity: 'msisdn',
      numbers,
      donor: donor!,
      recipient: recipient!,
      route: `${recipient}1`,
    };
  }

  async #submit(body: TransactionBody, member: SimulatedMember): Promise<void> {
    const transaction = this.#signer.sign(body);
    const { exchange } = member.node;
    // A member's own rules come first; its transactions may lie waiting for a block meanwhile.
    const { network } = this;
    const submitted = exchange.submit(transaction);
    await network.track(submitted);
    await network.run(network.clock.nowMs());
  }

  /** Everybody is back and the network is whole: now everybody must come to the same end. */
  async #heal(): Promise<void> {
    this.network.cut();
    this.network.faults = { ...this.network.faults, drop: 0, breakOff: 0 };
    for (const member of this.members) if (!member.isRunning) await member.start();
    // So that there is something that all have to learn, and a block after which pools are empty.
    await this.#submit(this.#body(), this.members[0]!);
    const untilMs = this.network.clock.nowMs() + HEALING_MS;
    const proposer = this.members[0]!;
    const isDone = (): boolean => {
      const { height } = proposer.node.ledger.tip;
      const isSame = this.members.every(({ node }) => node.ledger.tip.height === height);
      return isSame && proposer.node.pool.size === 0 && height > 0;
    };
    const done = await this.network.run(untilMs, isDone);
    const states = this.members.map(
      ({ id, node, halt }) => `${id} at ${node.ledger.tip.height} ${halt?.code ?? ''}`,
    );
    assert.ok(done, `not all came to the same height: ${states.join(', ')}`);
  }
}

/** What a schedule ends with. */
export interface Played {
  blocks: number;
  ported: number;
  /** Of the last block. */
  blockHash: string;
}

/** Plays one schedule and checks its end. */
export async function play(
  scheduleSeed: number,
  followerOf: FollowerFactory = () => new NoFollower(),
): Promise<Played> {
  const directory = await mkdtemp(join(tmpdir(), 'bchf-simulation-'));
  const schedule = new Schedule(scheduleSeed, directory, followerOf);
  try {
    await schedule.play();
    const [first, ...others] = schedule.members as [SimulatedMember, ...SimulatedMember[]];
    const expected = first.end();
    for (const member of others) {
      assert.deepEqual(member.end(), expected, member.id);
    }
    for (const { id, heights, halt, node } of schedule.members) {
      assert.equal(halt, undefined, id);
      assert.equal(node.sync.counters.conflicts, 0, id);
      // Every block was handed on once and in order.
      assert.ok(
        heights.every((height, at) => at === 0 || height === heights[at - 1]! + 1),
        `${id}: ${heights}`,
      );
    }
    const ported = expected.entries.filter(({ entry }) => entry === 'ported').length;
    const { height, blockHash } = expected.tip;
    return { blocks: height, ported, blockHash: Buffer.from(blockHash).toString('hex') };
  } finally {
    for (const member of schedule.running) await member.stop();
    await rm(directory, { recursive: true });
  }
}

/** Plays schedules of rising seeds; the error of one that fails says how to play it again. */
export async function playSchedules(
  count: number,
  firstSeed: number,
  followerOf?: FollowerFactory,
): Promise<void> {
  let blocks = 0;
  let ported = 0;
  for (let round = 0; round < count; round++) {
    const scheduleSeed = (firstSeed + round) >>> 0;
    try {
      const played = await play(scheduleSeed, followerOf);
      blocks += played.blocks;
      ported += played.ported;
    } catch (cause) {
      const command = `BCHF_TEST_SEED=${scheduleSeed} BCHF_TEST_SCHEDULES=1`;
      throw new Error(`schedule ${round} fails; ${command} repeats it`, { cause });
    }
  }
  // Otherwise little would have been shown.
  assert.ok(blocks >= count * foundation.length, `${blocks} blocks`);
  assert.ok(ported >= count, `${ported} ported numbers`);
}
