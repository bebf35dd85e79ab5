// Connections that end: by GOAWAY of either side, with requests under way and without, and whatever the
// client then does with its own side of the connection. One connection at a time is allowed here, so the
// next one is served only where nothing is left of the last.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  LEAVE,
  type RawClient,
  requestFields,
  setting,
  u32,
} from './h2-frames.ts';
import { closeOpened, type Listener, listen, open, openRaw } from './h2-listener.ts';
import { send } from './h2-requests.ts';

afterEach(closeOpened);

const INITIAL_WINDOW_SIZE = 4;
const WIDE = frame(FRAME.settings, 0, 0, setting(INITIAL_WINDOW_SIZE, 2 ** 30));
const WIDE_CONNECTION = frame(FRAME.windowUpdate, 0, 0, u32(2 ** 30));
const GOAWAY = frame(FRAME.goaway, 0, 0, LEAVE);
/** Many times what it takes, for a machine that is busy with something else. */
const TURNS_MAX = 500;

const request = (path: string, streamId = 1) =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, headerBlock(requestFields(path)));

/** Whether a new connection is served now; a refused one is closed at once. */
async function isServed({ url }: Listener): Promise<boolean> {
  const session = open(url);
  const reply = await send(session, '/served').catch(() => undefined);
  session.destroy();
  await nextTurn();
  return reply?.status === 200;
}

/** Lets time pass until a new connection is served; false where it never is. */
async function isServedAfter(listener: Listener, stepMs: number): Promise<boolean> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (await isServed(listener)) return true;
    await listener.pass(stepMs);
  }
  return false;
}

const bytesOf = ({ received }: RawClient, streamId: number) =>
  received
    .filter((one) => one.type === FRAME.data && one.streamId === streamId)
    .reduce((sum, { payload }) => sum + payload.length, 0);

const isWhole = ({ received }: RawClient, streamId: number) =>
  received.some((one) => one.streamId === streamId && (one.flags & END_STREAM) !== 0);

test('a client that leaves but keeps its side of the connection open does not keep its place', async () => {
  const listener = await listen({ connectionsMax: 1 });
  const client = await openRaw(listener, undefined, true);
  const ended = once(client.socket, 'end');
  client.write(GOAWAY);
  await ended;
  // It may still close by itself.
  assert.equal(await isServed(listener), false);
  assert.ok(await isServedAfter(listener, 100), 'long before the limit of idle connections');
});

test('a client that leaves with requests under way gets their answers whole, and then the end', async () => {
  const listener = await listen({ connectionsMax: 1 }, 500_000);
  const client = await openRaw(listener, WIDE, true);
  const ended = once(client.socket, 'end');
  client.write(WIDE_CONNECTION, request('/', 1), request('/', 3), GOAWAY);
  await ended;
  for (const streamId of [1, 3]) {
    assert.equal(bytesOf(client, streamId), 500_000);
    assert.ok(isWhole(client, streamId));
  }
  assert.ok(await isServedAfter(listener, 100));
});

test('a request whose answer comes after the GOAWAY of its client is still answered', async () => {
  const listener = await listen({ connectionsMax: 1 });
  const client = await openRaw(listener, undefined, true);
  const ended = once(client.socket, 'end');
  client.write(request('/later'), GOAWAY);
  await client.settled();
  assert.equal(isWhole(client, 1), false);
  listener.answerLater();
  await ended;
  assert.ok(isWhole(client, 1));
  assert.equal(bytesOf(client, 1), 20);
  assert.ok(await isServedAfter(listener, 100));
});

test('a client that leaves, and takes nothing more, is closed when its answer is over its time', async () => {
  const listener = await listen({ connectionsMax: 1, answerMsMax: 1000 }, 30_000_000);
  const client = await openRaw(listener, WIDE, true);
  client.socket.pause();
  client.write(WIDE_CONNECTION, request('/'), GOAWAY);
  assert.ok(await isServedAfter(listener, 300));
  assert.equal(listener.counters.timedOutAnswers, 1);
});

test('an idle connection is closed though its client keeps its side of it open', async () => {
  const listener = await listen({ connectionsMax: 1, idleMsMax: 1000 });
  const client = await openRaw(listener, undefined, true);
  const ended = once(client.socket, 'end');
  await client.settled();
  await listener.pass(1001);
  await ended;
  assert.ok(client.has(FRAME.goaway, 0));
  assert.equal(listener.counters.timedOutConnections, 1);
  assert.ok(await isServedAfter(listener, 100));
});

test('closing ends though clients keep their side of their connections open', async () => {
  const listener = await listen();
  const [idle, left] = [
    await openRaw(listener, undefined, true),
    await openRaw(listener, undefined, true),
  ];
  const ended = once(left.socket, 'end');
  left.write(GOAWAY);
  await ended;
  await idle.settled();
  await listener.server.close();
});

test('a Node client that closes its session gets its last answer, and leaves at once', async () => {
  const listener = await listen({ connectionsMax: 1 }, 500_000);
  const session = open(listener.url);
  await send(session, '/');
  const closed = once(session, 'close');
  const last = send(session, '/');
  await new Promise((resolve) => session.ping(resolve));
  session.close();
  assert.equal((await last).text.length, 500_000);
  await closed;
  assert.ok(await isServedAfter(listener, 0));
});
