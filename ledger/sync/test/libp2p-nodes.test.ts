// Member nodes over real sockets on loopback, with blocks of 64 KiB to beyond the size of a
// message while transactions come in everywhere: every block and every transaction arrives.
//
// BCHF_TEST_NODES=<number> and BCHF_TEST_BLOCKS=<number> set how many there are; libp2p-nodes.slow
// sets eight and twelve.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openReplica } from '../../engine/open-replica.ts';
import { type Libp2pTransport, openLibp2pTransport } from '../../gossip/libp2p-transport.ts';
import { namesOf } from '../../gossip/message-codec.ts';
import { type NodeKey, nodeKeyOf } from '../../gossip/node-key.ts';
import { MESSAGE_BYTES_MAX } from '../../gossip/transport.ts';
import { type FollowedLedger, type Ledger, openLedger } from '../../ledger.ts';
import { authorityPublicKey, chainId, foundation, key, Signer } from '../../test/consortium.ts';
import { randomFrom, seed } from '../../test/seed.ts';
import type { Halt } from '../chain-sync.ts';
import { systemClock } from '../clock.ts';
import { MemberNode } from '../member-node.ts';
import { validatorSeeds, validators } from './simulated-member.ts';

const NODES = Number(process.env.BCHF_TEST_NODES ?? 4);
const BLOCKS = Number(process.env.BCHF_TEST_BLOCKS ?? 6);
const random = randomFrom(seed);

interface Member {
  ledger: FollowedLedger;
  transport: Libp2pTransport;
  node: MemberNode;
}

let directory: string;
let own: Ledger;
const keys: NodeKey[] = [];
const members: Member[] = [];
const halts: Halt[] = [];

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (isSo()) return;
    await sleep(50);
  }
  const heights = members.map(({ ledger }) => ledger.tip.height);
  assert.fail(`in vain waited until ${what}: heights ${heights}`);
}

async function openMember(at: number): Promise<Member> {
  const common = {
    directory: join(directory, String(at)),
    chainId,
    authorityPublicKey,
    settings: {},
  };
  if (at === 0) {
    await mkdir(common.directory);
    const seeds = validatorSeeds.map((one) => Buffer.from(one).toString('hex'));
    const file = { validators: seeds.map((one) => ({ seed: one, power: 10 })) };
    await writeFile(join(common.directory, 'validator.json'), JSON.stringify(file));
    own = await openLedger({ ...common, now: Date.now });
  }
  const ledger = at === 0 ? own : await openReplica({ ...common, validators });
  const { blockTopic, transactionTopic } = namesOf(chainId);
  const transport = await openLibp2pTransport({
    key: keys[at]!,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: members.flatMap((member) => member.transport.addresses()),
    allow: keys.map(({ peerId }) => peerId),
    topics: [blockTopic, transactionTopic],
  });
  const node = new MemberNode({
    ledger,
    transport,
    clock: systemClock,
    random,
    onBlock: () => {},
    onHalt: (halt) => halts.push(halt),
    ...(at === 0 && { propose: { ledger: own, blockTimeMs: 20 } }),
  });
  node.start();
  return { ledger, transport, node };
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bchf-nodes-'));
  for (let at = 0; at < NODES; at++) keys.push(await nodeKeyOf(Buffer.alloc(32, at + 1)));
  for (let at = 0; at < NODES; at++) members.push(await openMember(at));
  const isMesh = () => members.every(({ transport }) => transport.peers().length === NODES - 1);
  await until('all are connected', isMesh);
});
after(async () => {
  for (const { node, transport, ledger } of members) {
    node.stop();
    await transport.close();
    await ledger.close();
  }
  await rm(directory, { recursive: true });
});

test('blocks of 64 KiB to 2 MiB and transactions from every node reach all nodes', async () => {
  const signer = new Signer();
  for (const body of foundation) {
    const { id } = await members[1]!.node.exchange.submit(signer.sign(body));
    await until('the foundation is laid', () => {
      const { status } = members[1]!.node.exchange.status(id);
      return status === 'committed';
    });
  }
  const ids: string[] = [];
  let large = 0;
  for (let round = 0; round < BLOCKS; round++) {
    // Every third is beyond what one message holds.
    const bytes = round % 3 === 2 ? 2_000_000 : 65_536 + Math.floor(random() * 900_000);
    if (bytes > MESSAGE_BYTES_MAX) large++;
    const parts = Math.ceil(bytes / 500_000);
    const filling = Array.from({ length: parts }, () =>
      Buffer.alloc(Math.floor(bytes / parts), Math.floor(random() * 256)),
    );
    const block = await own.commit(filling);
    await members[0]!.node.sync.publish(block);
    const [donor, recipient] = round % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
    const transaction = signer.sign({
      kind: 'port',
      identity: 'msisdn',
      numbers: [key('86100000001')],
      donor: donor!,
      recipient: recipient!,
      route: `${recipient}1`,
    });
    const at = members[round % NODES]!;
    // Waits until this node knows of the block before: a member submits in order.
    const { id, code } = await at.node.exchange.submit(transaction);
    assert.equal(code, undefined);
    ids.push(id);
    await until('the transaction is in a block', () => {
      return members[0]!.node.exchange.status(id).status === 'committed';
    });
  }
  await until('all have all blocks', () =>
    members.every(({ ledger }) => ledger.tip.height === own.tip.height),
  );
  assert.equal(large, Math.floor(BLOCKS / 3));
  for (const { ledger, node, transport } of members) {
    assert.deepEqual(ledger.appHash, own.appHash);
    assert.equal(transport.counters.rejected, 0);
    assert.equal(node.sync.counters.forged, 0);
    for (const id of ids) {
      const status = node.exchange.status(id);
      assert.ok(status.status === 'committed' && status.code === 'OK');
    }
  }
  assert.deepEqual(halts, []);
});

test('a node that comes late and knows one other catches up while blocks are made', async () => {
  const late = await nodeKeyOf(Buffer.alloc(32, 2));
  const [second] = members.splice(1, 1) as [Member];
  second.node.stop();
  await second.transport.close();
  await second.ledger.close();
  const heightBefore = own.tip.height;
  for (let count = 0; count < 20; count++) {
    await members[0]!.node.sync.publish(await own.commit([Buffer.alloc(1_000, count)]));
  }
  keys[1] = late;
  const back = await openMember(1);
  members.push(back);
  for (let count = 0; count < 20; count++) {
    await members[0]!.node.sync.publish(await own.commit([Buffer.alloc(1_000, count)]));
  }
  await until('it has all blocks', () => back.ledger.tip.height === heightBefore + 40);
  assert.deepEqual(back.ledger.appHash, own.appHash);
});
