// The transport in threads of their own: the same as without them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Libp2pTransport } from '../libp2p-transport.ts';
import { loadNodeKey } from '../node-key.ts';
import { openThreadTransport } from '../thread-transport.ts';
import { MESSAGE_BYTES_MAX, type Verdict } from '../transport.ts';

const TOPIC = '/test/topic';
const directory = mkdtempSync(join(tmpdir(), 'bchf-thread-'));
const fileOf = (at: number) => join(directory, `key-${at}.json`);
const nodes: Libp2pTransport[] = [];
const heard: Uint8Array[][] = [[], [], []];
const failures: Error[] = [];
let allow: string[];
let verdictOf: (message: Uint8Array) => Verdict = () => 'accept';

function open(at: number, bootstrap: readonly string[], listen = '/ip4/127.0.0.1/tcp/0') {
  const options = { keyFile: fileOf(at), listen: [listen], bootstrap, allow, topics: [TOPIC] };
  return openThreadTransport(options, (error) => failures.push(error));
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_400; tries++) {
    if (isSo()) return;
    await sleep(25);
  }
  assert.fail(`in vain waited until ${what}`);
}

before(async () => {
  const keys = await Promise.all([0, 1, 2].map((at) => loadNodeKey(fileOf(at))));
  allow = keys.map(({ peerId }) => peerId);
  for (const at of [0, 1, 2]) {
    const node = await open(
      at,
      nodes.flatMap((one) => one.addresses()),
    );
    node.subscribe(TOPIC, (message) => {
      heard[at]!.push(message);
      return verdictOf(message);
    });
    nodes.push(node);
  }
  await until('all are connected', () => nodes.every((node) => node.peers().length === 2));
  await sleep(1_500);
});
after(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(directory, { recursive: true });
  assert.deepEqual(failures, []);
});

test('messages reach all others, whole', async () => {
  const message = Buffer.alloc(MESSAGE_BYTES_MAX, 5);
  message[9] = 1;
  await nodes[0]!.publish(TOPIC, message);
  await until('both have it', () => heard[1]!.length === 1 && heard[2]!.length === 1);
  assert.ok(message.equals(heard[1]![0]!));
  await assert.rejects(nodes[0]!.publish(TOPIC, new Uint8Array(MESSAGE_BYTES_MAX + 1)), RangeError);
});

test('a verdict goes back to the network, and what a handler throws ignores the message', async () => {
  verdictOf = (message) => {
    if (message[0] === 1) throw new Error('no');
    return 'reject';
  };
  await nodes[0]!.publish(TOPIC, Uint8Array.of(0, 1));
  await nodes[0]!.publish(TOPIC, Uint8Array.of(1, 1));
  const { length } = heard[1]!;
  await until('both are counted', () => {
    const { rejected, ignored } = nodes[1]!.counters;
    return rejected === 1 && ignored === 1;
  });
  assert.ok(length <= 3);
  verdictOf = () => 'accept';
});

test('a request is answered in frames, and fails with its code', async () => {
  const [asker, answerer] = nodes as [Libp2pTransport, Libp2pTransport];
  let sent = 0;
  answerer.serve('/test/count', async function* (request, from) {
    assert.equal(from, asker.self);
    if (request[0] === 0) throw new Error('no');
    for (let frame = 0; frame < request[0]!; frame++) {
      sent++;
      yield Buffer.alloc(400_000, frame);
    }
  });
  // Until the thread serves it.
  await sleep(100);
  const frames: Uint8Array[] = [];
  for await (const frame of asker.request(answerer.self, '/test/count', Uint8Array.of(6))) {
    frames.push(frame);
  }
  assert.deepEqual(
    frames.map((frame) => [frame.length, frame[399_999]]),
    Array.from({ length: 6 }, (_, at) => [400_000, at]),
  );
  const failed = { code: 'BCHF_GOSSIP_REQUEST_FAILED' };
  const ask = async (peer: string, request: Uint8Array) => {
    for await (const _ of asker.request(peer, '/test/count', request));
  };
  await assert.rejects(ask(answerer.self, Uint8Array.of(0)), failed);
  await assert.rejects(ask(nodes[2]!.self, Uint8Array.of(1)), failed);
  sent = 0;
  for await (const _ of asker.request(answerer.self, '/test/count', Uint8Array.of(200))) break;
  await sleep(500);
  assert.ok(sent < 200, `${sent} frames of an answer that nobody wanted`);
});

test('what cannot be opened fails with its code', async () => {
  const taken = nodes[0]!.addresses()[0]!.replace(/\/p2p\/.*/, '');
  await assert.rejects(open(1, [], taken), { code: 'BCHF_GOSSIP_LISTEN_FAILED' });
  writeFileSync(fileOf(9), '{}');
  await assert.rejects(open(9, []), { code: 'BCHF_GOSSIP_KEY_INVALID' });
});

test('a peer that sends one bad message after the other is not heard any more', async () => {
  verdictOf = (message) => (message[0] === 0 ? 'reject' : 'accept');
  for (let count = 0; count < 20; count++) {
    await nodes[2]!.publish(TOPIC, Uint8Array.of(0, 7, count));
    await sleep(10);
  }
  await until('it is rejected', () => nodes[1]!.counters.rejected >= 10);
  // gossipsub looks at a peer's score at most once a second.
  await sleep(1_200);
  const before = heard[1]!.length;
  await nodes[2]!.publish(TOPIC, Uint8Array.of(1, 8));
  await sleep(1_000);
  assert.equal(heard[1]!.length, before);
  // The others still hear each other.
  await nodes[0]!.publish(TOPIC, Uint8Array.of(1, 9));
  await until('it is heard', () => heard[1]!.some((message) => message[1] === 9));
});
