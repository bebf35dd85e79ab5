// Transactions between members and the blocks that are made of them, on a network without faults.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { BLOCK_TRANSACTIONS_MAX } from '../../engine/embedded-engine.ts';
import { Proposer, type ProposerOptions } from '../../engine/proposer.ts';
import { encodeTransactionMessage, namesOf } from '../../gossip/message-codec.ts';
import { SimulatedNetwork } from '../../gossip/simulated-network.ts';
import type { CommittedBlock } from '../../ledger.ts';
import { chainId, foundation, key, Signer } from '../../test/consortium.ts';
import { randomFrom, seed } from '../../test/seed.ts';
import type { TransactionBody } from '../../transaction-body.ts';
import { TRANSACTION_BYTES_MAX } from '../../transaction-codec.ts';
import { SimulatedMember } from './simulated-member.ts';

const CALM = { drop: 0, duplicate: 0, breakOff: 0, delayMsMax: 5 };
const directory = await mkdtemp(join(tmpdir(), 'bchf-member-node-'));
after(() => rm(directory, { recursive: true }));
let directories = 0;

describe('members', () => {
  let network: SimulatedNetwork;
  let members: SimulatedMember[];
  let signer: Signer;

  beforeEach(async () => {
    network = new SimulatedNetwork(randomFrom(seed), CALM, 1_700_000_000_000);
    const own = join(directory, String(directories++));
    members = ['n0', 'n1', 'n2'].map(
      (id, at) => new SimulatedMember(id, network, own, randomFrom(seed), at === 0),
    );
    for (const member of members) await member.start();
    signer = new Signer();
    await pass(3_000);
    for (const body of foundation) {
      assert.equal((await submit(0, signer.sign(body))).code, undefined);
      // Members sign only once they are in.
      await pass(300);
    }
  });
  afterEach(async () => {
    for (const member of members) await member.stop();
  });

  async function pass(durationMs: number): Promise<void> {
    await network.run(network.clock.nowMs() + durationMs);
  }

  async function submit(at: number, transaction: Uint8Array) {
    const submission = await network.track(members[at]!.node.exchange.submit(transaction));
    await network.run(network.clock.nowMs());
    return submission;
  }

  function port(donor: string, recipient: string): TransactionBody {
    const numbers = [key('86100000001')];
    const route = `${recipient}1`;
    return { kind: 'port', identity: 'msisdn', numbers, donor, recipient, route };
  }

  it('make no block while there is no transaction', async () => {
    const { height } = members[0]!.node.ledger.tip;
    await pass(60_000);
    assert.equal(members[0]!.node.ledger.tip.height, height);
  });

  it('tell what became of a transaction wherever one asks', async () => {
    const { id } = await submit(2, signer.sign(port('a', 'b')));
    await pass(2_000);
    const again = await submit(1, signer.sign(port('a', 'b')));
    await pass(2_000);
    for (const { node } of members) {
      const first = node.exchange.status(id);
      assert.ok(first.status === 'committed' && first.code === 'OK');
      const second = node.exchange.status(again.id);
      assert.ok(second.status === 'committed' && second.code === 'BCHF_TX_NOT_OWNER');
      assert.equal(node.pool.size, 0);
    }
    assert.deepEqual(members[0]!.node.exchange.status('0'.repeat(64)), { status: 'unknown' });
  });

  it('send a transaction again until it is in a block, where the proposer was away', async () => {
    await members[0]!.stop();
    const { id } = await submit(1, signer.sign(port('a', 'b')));
    await pass(5_000);
    assert.equal(members[1]!.node.exchange.status(id).status, 'pending');
    await members[0]!.start();
    await pass(20_000);
    assert.equal(members[1]!.node.exchange.status(id).status, 'committed');
  });

  it('drop a transaction that waits too long, and take it again afterwards', async () => {
    await members[0]!.stop();
    const transaction = signer.sign(port('a', 'b'));
    const { id } = await submit(1, transaction);
    await pass(130_000);
    assert.equal(members[1]!.node.exchange.status(id).status, 'expired');
    assert.equal(members[1]!.node.pool.size, 0);
    await members[0]!.start();
    await pass(5_000);
    assert.deepEqual(await submit(1, transaction), { id });
    await pass(20_000);
    assert.equal(members[2]!.node.exchange.status(id).status, 'committed');
  });

  it('refuse what is not signed, not new or no transaction, where it is handed in', async () => {
    const bytes = Uint8Array.from(signer.sign(port('a', 'b')));
    bytes[bytes.length - 1]! ^= 1;
    assert.equal((await submit(1, bytes)).code, 'BCHF_TX_BAD_SIGNATURE');
    assert.equal((await submit(1, new Signer().sign(port('a', 'b')))).code, 'BCHF_TX_REPLAYED');
    assert.equal((await submit(1, Buffer.from('noise'))).code, 'BCHF_TX_MALFORMED');
    const long = new Uint8Array(TRANSACTION_BYTES_MAX);
    assert.equal((await submit(1, long)).code, 'BCHF_TX_TOO_LARGE');
    assert.equal(members[1]!.node.pool.size, 0);
  });

  it('reject forged transactions of a peer, and do not pass them on', async () => {
    const peer = network.join('peer');
    const { transactionTopic } = namesOf(chainId);
    const bytes = Uint8Array.from(signer.sign(port('a', 'b')));
    bytes[bytes.length - 1]! ^= 1;
    await peer.publish(
      transactionTopic,
      encodeTransactionMessage({ transaction: bytes, round: 0 }),
    );
    await peer.publish(transactionTopic, Buffer.from('noise'));
    await pass(1_000);
    for (const { id } of members) assert.equal(network.node(id)!.counters.rejected, 2);
  });

  it('know the sequence to go on with, also of what still waits', async () => {
    await members[0]!.stop();
    const { exchange } = members[1]!.node;
    const before = exchange.lastSequence('a');
    await submit(1, signer.sign(port('a', 'b')));
    assert.ok(exchange.lastSequence('a') > before);
    assert.equal(exchange.lastSequence('nobody'), -1);
  });
});

describe('a proposer', () => {
  const block = {} as CommittedBlock;
  const options: ProposerOptions = {
    commit: async () => block,
    select: () => [],
    clock: { nowMs: () => 0, after: () => () => {} },
    blockTimeMs: 0,
    onBlock: () => {},
    onFailure: () => {},
  };

  it('refuses limits outside of those of a block', () => {
    for (const wrong of [
      { transactionsMax: 0 },
      { transactionsMax: BLOCK_TRANSACTIONS_MAX + 1 },
      { bytesMax: TRANSACTION_BYTES_MAX - 1 },
      { bytesMax: 4_000_001 },
      { blockTimeMs: -1 },
      { blockTimeMs: Number.NaN },
    ]) {
      assert.throws(() => new Proposer({ ...options, ...wrong }), RangeError);
    }
  });

  it('keeps the block time and the limits, and makes blocks until nothing waits', async () => {
    const network = new SimulatedNetwork(randomFrom(seed), CALM);
    const waiting = Array.from({ length: 25 }, (_, at) => Uint8Array.of(at));
    const made: [atMs: number, count: number][] = [];
    const proposer = new Proposer({
      ...options,
      clock: network.clock,
      blockTimeMs: 1_000,
      transactionsMax: 10,
      select: (countMax) => waiting.slice(0, countMax),
      commit: async (transactions) => {
        made.push([network.clock.nowMs(), transactions.length]);
        waiting.splice(0, transactions.length);
        return block;
      },
    });
    proposer.wake();
    await network.run(5_000);
    assert.deepEqual(made, [], 'nothing before it is started');
    proposer.start();
    await network.run(60_000);
    assert.deepEqual(made, [
      [5_000, 10],
      [6_000, 10],
      [7_000, 5],
    ]);
  });

  it('makes no more blocks after one that could not be made', async () => {
    const network = new SimulatedNetwork(randomFrom(seed), CALM);
    const failures: Error[] = [];
    let tries = 0;
    const proposer = new Proposer({
      ...options,
      clock: network.clock,
      select: () => [Uint8Array.of(1)],
      commit: async () => {
        tries++;
        throw new Error('the disk is full');
      },
      onFailure: (error) => failures.push(error),
    });
    proposer.start();
    await network.run(1_000);
    proposer.wake();
    await network.run(2_000);
    assert.equal(tries, 1);
    assert.equal(failures.length, 1);
  });
});
