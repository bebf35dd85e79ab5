// The transport over real sockets on loopback: everything is delivered, strangers stay outside,
// requests have limits.
//
// BCHF_TEST_ROUNDS=<number> sets how often every node publishes; libp2p-transport.slow sets more.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom, seed } from '../../test/seed.ts';
import { type Libp2pTransport, openLibp2pTransport } from '../libp2p-transport.ts';
import { type NodeKey, nodeKeyOf } from '../node-key.ts';
import { MESSAGE_BYTES_MAX, REQUEST_BYTES_MAX, REQUESTS_AT_ONCE_MAX } from '../transport.ts';

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

test('an address that is none and one that is taken fail with a code', async () => {
  const key = await nodeKeyOf(Buffer.alloc(32, 98));
  const failed = { code: 'BCHF_GOSSIP_LISTEN_FAILED' };
  const options = { key, bootstrap: [], allow: [], topics: [] };
  await assert.rejects(openLibp2pTransport({ ...options, listen: ['127.0.0.1:1'] }), failed);
  const taken = nodes[0]!.addresses()[0]!.replace(/\/p2p\/.*/, '');
  await assert.rejects(openLibp2pTransport({ ...options, listen: [taken] }), failed);
});
