// The transport over real sockets on loopback: everything is delivered, strangers stay outside,
// requests have limits.
//
// BCHF_TEST_ROUNDS=<number> sets how often every node publishes; libp2p-transport.slow sets more.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { randomFrom, seed } from '../../test/seed.ts';
import { type Libp2pTransport, openLibp2pTransport } from '../libp2p-transport.ts';
import { type NodeKey, nodeKeyOf } from '../node-key.ts';
import {
  CONNECTIONS_PER_PEER_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_AT_ONCE_MAX,
  REQUEST_BYTES_MAX,
  REQUESTS_AT_ONCE_MAX,
  type Verdict,
} from '../transport.ts';

const NODES = 8;
const ROUNDS = Number(process.env.BCHF_TEST_ROUNDS ?? 1);
const TOPIC = '/test/blocks';
const random = randomFrom(seed);

const keys: NodeKey[] = [];
const nodes: Libp2pTransport[] = [];
/** What each node has heard: first 16 bytes of each message. */
const heard: Set<string>[] = [];

async function open(key: NodeKey, bootstrap: readonly string[], allow: readonly NodeKey[]) {
  return openLibp2pTransport({
    key,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    allow: allow.map(({ peerId }) => peerId),
    topics: [TOPIC],
  });
}

/** A node that knows nobody of the others yet, and lets them all in. */
async function openAlone(): Promise<Libp2pTransport> {
  return open(await nodeKeyOf(Buffer.alloc(32, 97)), [], keys);
}

/** A node of a key that hears nothing and has only `node` to talk to. */
async function openTo(node: Libp2pTransport, key: NodeKey): Promise<Libp2pTransport> {
  const { self } = node;
  const one = await openLibp2pTransport({
    key,
    listen: [],
    bootstrap: node.addresses(),
    allow: [self],
    topics: [TOPIC],
  });
  one.subscribe(TOPIC, () => 'ignore');
  await until('it is connected', () => one.peers().includes(self));
  await sleep(1_500);
  return one;
}

/** Waits until something is so; fails with `what` where it does not become so. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (isSo()) return;
    await sleep(50);
  }
  assert.fail(`in vain waited until ${what}`);
}

before(async () => {
  for (let at = 0; at < NODES; at++) keys.push(await nodeKeyOf(Buffer.alloc(32, at + 1)));
  for (const key of keys) {
    const known = nodes.flatMap((node) => node.addresses());
    const node = await open(key, known, keys);
    const names = new Set<string>();
    node.subscribe(TOPIC, (message) => {
      if (message[0] === 0xff) return 'reject';
      names.add(Buffer.from(message.subarray(0, 16)).toString('hex'));
      return 'accept';
    });
    nodes.push(node);
    heard.push(names);
  }
  await until('all are connected', () => nodes.every((node) => node.peers().length === NODES - 1));
  // Meshes form with the heartbeat; a message before that reaches only some.
  await sleep(1_500);
});
after(async () => {
  await Promise.all(nodes.map((node) => node.close()));
});

function message(bytes: number): Uint8Array {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < 16; at++) content[at] = Math.floor(random() * 255);
  return content;
}

test('messages of 64 KiB to 1 MiB from every node reach all others', async () => {
  const sent: [sender: number, name: string][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      nodes.map(async (node, sender) => {
        const one = message(65_536 + Math.floor(random() * (MESSAGE_BYTES_MAX - 65_536)));
        sent.push([sender, Buffer.from(one.subarray(0, 16)).toString('hex')]);
        await node.publish(TOPIC, one);
      }),
    );
  }
  const missing = () =>
    sent.flatMap(([sender, name]) =>
      heard.flatMap((names, at) => (at !== sender && !names.has(name) ? [name] : [])),
    ).length;
  await until('all messages are there', () => missing() === 0);
});

test('a message above the limit is refused where it is published', async () => {
  await assert.rejects(nodes[0]!.publish(TOPIC, message(MESSAGE_BYTES_MAX + 1)), RangeError);
});

test('a rejected message is counted and not passed on', async () => {
  const bad = Buffer.alloc(1_000, 0xff);
  await nodes[0]!.publish(TOPIC, bad);
  await until('somebody rejects it', () => nodes.some(({ counters }) => counters.rejected > 0));
  assert.ok(nodes.every(({ counters }) => counters.rejected <= 1));
});

test('a request is answered in frames, and a refused one fails with its code', async () => {
  const [asker, answerer] = nodes as [Libp2pTransport, Libp2pTransport];
  answerer.serve('/test/count', async function* (request, from) {
    assert.equal(from, asker.self);
    if (request[0] === 0) throw new Error('no');
    for (let frame = 0; frame < request[0]!; frame++) yield Buffer.alloc(300_000, frame);
  });
  const frames: Uint8Array[] = [];
  for await (const frame of asker.request(answerer.self, '/test/count', Uint8Array.of(7))) {
    frames.push(frame);
  }
  assert.deepEqual(
    frames.map((frame) => [frame.length, frame[299_999]]),
    Array.from({ length: 7 }, (_, at) => [300_000, at]),
  );
  const failed = { code: 'BCHF_GOSSIP_REQUEST_FAILED' };
  const ask = async (peer: string, protocol: string, request: Uint8Array) => {
    for await (const _ of asker.request(peer, protocol, request));
  };
  await assert.rejects(ask(answerer.self, '/test/count', Uint8Array.of(0)), failed);
  await assert.rejects(ask(answerer.self, '/test/unknown', Uint8Array.of(1)), failed);
  await assert.rejects(ask('12D3KooWUnknown', '/test/count', Uint8Array.of(1)));
  const long = new Uint8Array(REQUEST_BYTES_MAX + 1);
  await assert.rejects(ask(answerer.self, '/test/count', long), RangeError);
});

test('more requests at once than the limit are refused', async () => {
  const [asker, answerer] = nodes as [Libp2pTransport, Libp2pTransport];
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  answerer.serve('/test/wait', async function* () {
    await released;
    yield Uint8Array.of(1);
  });
  const results = Promise.allSettled(
    Array.from({ length: REQUESTS_AT_ONCE_MAX + 2 }, async () => {
      for await (const _ of asker.request(answerer.self, '/test/wait', Uint8Array.of(1)));
    }),
  );
  const refused = () => answerer.counters.overRate;
  await until('two are refused', () => refused() >= 2);
  release();
  const settled = await results;
  assert.equal(settled.filter(({ status }) => status === 'rejected').length, 2);
});

test('a node that is not on the allow list is not let in', async () => {
  const stranger = await nodeKeyOf(Buffer.alloc(32, 99));
  const node = await open(stranger, nodes[0]!.addresses(), [...keys, stranger]);
  try {
    await sleep(1_500);
    assert.deepEqual(node.peers(), []);
    assert.ok(!nodes[0]!.peers().includes(stranger.peerId));
  } finally {
    await node.close();
  }
});

test('bytes that are no libp2p do no harm', async () => {
  const port = Number(/tcp\/(\d+)/.exec(nodes[0]!.addresses()[0]!)![1]);
  const socket = connect(port, '127.0.0.1');
  // It may be reset or closed: both are right.
  socket.on('error', () => {});
  socket.end(Buffer.alloc(10_000, 0x47));
  await new Promise((resolve) => {
    socket.on('close', resolve);
  });
  assert.equal(nodes[0]!.peers().length, NODES - 1);
});

/** A node that keeps to no limits, with the key of one that may connect. */
function lawless() {
  return createLibp2p({
    privateKey: keys[1]!.privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  });
}

test('a peer that connects again and again keeps only its newest connections', async () => {
  const node = await openAlone();
  const peer = await lawless();
  try {
    const address = multiaddr(node.addresses()[0]!);
    const opened: string[] = [];
    for (let count = 0; count < CONNECTIONS_PER_PEER_MAX + 3; count++) {
      opened.push((await peer.dial(address, { force: true })).id);
    }
    const open = () => peer.getConnections().map(({ id }) => id);
    await until('the older ones are closed', () => open().length <= CONNECTIONS_PER_PEER_MAX);
    assert.deepEqual(open().sort(), opened.slice(3).sort());
  } finally {
    await peer.stop();
    await node.close();
  }
});

test('connections that say nothing do not keep a peer out', async () => {
  const node = await openAlone();
  const peer = await lawless();
  const port = Number(/tcp\/(\d+)/.exec(node.addresses()[0]!)![1]);
  const silent: Socket[] = [];
  try {
    // As many as one host may open in a second, and again.
    for (let times = 0; times < 2; times++) {
      for (let count = 0; count < 60; count++) {
        silent.push(connect(port, '127.0.0.1').on('error', () => {}));
      }
      await sleep(1_200);
    }
    assert.ok(await peer.dial(multiaddr(node.addresses()[0]!)));
  } finally {
    for (const socket of silent) socket.destroy();
    await peer.stop();
    await node.close();
  }
});

test('a few messages of a peer are judged at once; those of others do not wait behind the rest', async () => {
  const [busy, quiet] = keys as [NodeKey, NodeKey];
  const judge = await openAlone();
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const begun: string[] = [];
  judge.subscribe(TOPIC, async ([first], from): Promise<Verdict> => {
    begun.push(from);
    if (first === 1) await gate;
    return 'accept';
  });
  const senders = await Promise.all([busy, quiet].map((key) => openTo(judge, key)));
  try {
    const [one, other] = senders as [Libp2pTransport, Libp2pTransport];
    const count = (from: Libp2pTransport) => begun.filter((peer) => peer === from.self).length;
    const rest = 20;
    for (let at = 0; at < MESSAGES_AT_ONCE_MAX + rest; at++) {
      await one.publish(TOPIC, Uint8Array.of(1, at));
    }
    await until('some wait', () => count(one) >= MESSAGES_AT_ONCE_MAX);
    await other.publish(TOPIC, Uint8Array.of(2));
    await until('the other is heard', () => count(other) === 1);
    assert.equal(count(one), MESSAGES_AT_ONCE_MAX);
    // Found out meanwhile: what it has sent before counts no more than what it sends now.
    for (let times = 0; times < 4; times++) judge.penalise(one.self);
    await until('it is on the graylist', () => judge.score(one.self) < -80);
    open();
    await until('all are through', () => judge.counters.ignored === rest);
    assert.equal(count(one), MESSAGES_AT_ONCE_MAX);
  } finally {
    open();
    await Promise.all([judge, ...senders].map((node) => node.close()));
  }
});

test('an address that is none and one that is taken fail with a code', async () => {
  const key = await nodeKeyOf(Buffer.alloc(32, 98));
  const failed = { code: 'BCHF_GOSSIP_LISTEN_FAILED' };
  const options = { key, bootstrap: [], allow: [], topics: [] };
  await assert.rejects(openLibp2pTransport({ ...options, listen: ['127.0.0.1:1'] }), failed);
  const taken = nodes[0]!.addresses()[0]!.replace(/\/p2p\/.*/, '');
  await assert.rejects(openLibp2pTransport({ ...options, listen: [taken] }), failed);
});
