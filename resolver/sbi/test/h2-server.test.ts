// The HTTP/2 listener against clients that do not behave: each limit, and that others are served
// meanwhile. Where a limit is one of time, the clock is the test's own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { H2_LIMITS } from '../h2-limits.ts';
import { END_HEADERS, END_STREAM, FRAME, frame, headerBlock, requestFields } from './h2-frames.ts';
import { assertServes, closeOpened, listen, open, openRaw } from './h2-listener.ts';
import { openH2, send } from './h2-requests.ts';

afterEach(closeOpened);

test('a request reaches the handler whole, and its answer the client', async () => {
  const { url, requests, counters } = await listen();
  const session = open(url);
  const reply = await send(session, '/a/b?c=d', { ':method': 'POST', 'x-test': '1' }, 'the body');
  assert.deepEqual(
    [reply.status, reply.text, reply.headers['content-length']],
    [200, 'x'.repeat(20), '20'],
  );
  const [request] = requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.query, request?.headers['x-test']],
    ['POST', '/a/b', 'c=d', '1'],
  );
  assert.equal(Buffer.from(request?.body ?? []).toString(), 'the body');
  const head = await send(session, '/a', { ':method': 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal(counters.read().answered200, 2);
});

test('a fault while answering is an answer, and the next request is served', async () => {
  const { url } = await listen();
  const session = open(url);
  assert.equal((await send(session, '/fault')).status, 500);
  assert.equal((await send(session, '/')).status, 200);
});

test('header fields beyond the limit are refused, and the connection goes on', async () => {
  const { url, counters } = await listen({ headerBytesMax: 4096 });
  const session = open(url);
  const reply = await send(session, '/', { 'x-long': 'x'.repeat(4096) });
  assert.equal(reply.status, 431);
  assert.equal(reply.headers['content-type'], 'application/problem+json');
  assert.equal(counters.oversizedHeaders, 1);
  assert.equal((await send(session, '/')).status, 200);
});

test('a body beyond the limit is refused, announced or not', async () => {
  const listener = await listen({ bodyBytesMax: 1000 });
  const session = open(listener.url);
  const post = { ':method': 'POST' };
  assert.equal((await send(session, '/', post, 'x'.repeat(1000))).status, 200);
  assert.equal((await send(session, '/', post, 'x'.repeat(1001))).status, 413);
  const announced = { ...post, 'content-length': '2000' };
  assert.equal((await send(session, '/', announced, 'x'.repeat(2000))).status, 413);
  assert.equal(listener.counters.oversizedBodies, 2);
  await assertServes(listener);
});

test('bodies that are being received have a common limit, which is free again when they end', async () => {
  const listener = await listen({ bodyBytesMax: 1000, bodiesBytesMax: 1500 });
  const session = open(listener.url);
  const holding = session.request({ ':method': 'POST', ':path': '/' });
  holding.on('error', () => {});
  holding.write('x'.repeat(900));
  const refused = await send(session, '/', { ':method': 'POST' }, 'x'.repeat(900));
  assert.equal(refused.status, 503);
  assert.equal(listener.counters.refusedBodies, 1);
  holding.close();
  await once(holding, 'close');
  await nextTurn();
  assert.equal((await send(session, '/', { ':method': 'POST' }, 'x'.repeat(900))).status, 200);
});

test('connections beyond the limit are closed at once, and others serve on', async () => {
  const listener = await listen({ connectionsMax: 2 });
  const first = open(listener.url);
  const second = open(listener.url);
  await send(first, '/');
  await send(second, '/');
  const third = open(listener.url);
  await once(third, 'close');
  assert.equal(listener.counters.refusedConnections, 1);
  assert.equal((await send(first, '/')).status, 200);
  first.destroy();
  await once(first, 'close');
  await sleep(20);
  await assertServes(listener);
});

test('bytes that are no HTTP/2 end the connection', async () => {
  const listener = await listen();
  const socket = net.connect(listener.server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n');
  await closed;
  assert.equal(listener.counters.sessionErrors, 1);
  await assertServes(listener);
});

test('a client that connects and says nothing is closed', async () => {
  const listener = await listen();
  const socket = net.connect(listener.server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume();
  const closed = once(socket, 'close');
  await sleep(20);
  await listener.pass(H2_LIMITS.greetingMsMax + 1);
  await closed;
  assert.equal(listener.counters.timedOutConnections, 1);
});

test('a connection without requests is closed, one with requests is not; pings do not count', async () => {
  const listener = await listen({ idleMsMax: 1000 });
  const idle = open(listener.url);
  const busy = open(listener.url);
  await send(idle, '/');
  await send(busy, '/');
  const closed = once(idle, 'close');
  await listener.pass(600);
  await new Promise((resolve) => idle.ping(resolve));
  await send(busy, '/');
  await listener.pass(600);
  await closed;
  assert.equal((await send(busy, '/')).status, 200);
  assert.equal(listener.counters.timedOutConnections, 1);
});

test('a client that has vanished without a word is closed, though it takes no leave', async () => {
  const listener = await listen({ idleMsMax: 1000, connectionsMax: 1 });
  const client = await openRaw(listener);
  await client.settled();
  // From here on it neither reads nor writes: what the server says finds nobody.
  client.socket.pause();
  await listener.pass(1001);
  assert.equal(listener.counters.timedOutConnections, 1);
  await listener.pass(3000);
  client.socket.resume();
  await client.closed;
  await assertServes(listener);
});

test('a client that ends its side gets its answer, and leaves nothing behind', async () => {
  const listener = await listen({ connectionsMax: 1 });
  const client = await openRaw(listener);
  client.write(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock(requestFields('/'))));
  client.socket.end();
  await client.closed;
  assert.ok(client.has(FRAME.data, 1));
  await assertServes(listener);
});

/** Many times what it takes, for a machine that is busy with something else. */
const DRIPS_MAX = 2000;

test('a body that drips is refused when its time is over, however often a byte comes', async () => {
  const listener = await listen({ requestMsMax: 1000 });
  const session = open(listener.url);
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.on('error', () => {});
  stream.resume();
  const answered = once(stream, 'response');
  let isOver = false;
  stream.once('response', () => {
    isOver = true;
  });
  // The request may come late: its time counts from then.
  for (let drip = 0; drip < DRIPS_MAX && !isOver; drip++) {
    stream.write('x');
    await listener.pass(300);
  }
  const [headers] = await answered;
  assert.equal(headers[':status'], 408);
  assert.equal(listener.counters.timedOutRequests, 1);
  assert.equal((await send(session, '/')).status, 200);
});

test('a header block that drips does not keep a connection open', async () => {
  const listener = await listen({ idleMsMax: 1000 });
  const client = await openRaw(listener);
  await sleep(20);
  client.write(frame(FRAME.headers, END_STREAM, 1, headerBlock(requestFields('/'))));
  let isOver = false;
  client.socket.once('close', () => {
    isOver = true;
  });
  for (let drip = 0; drip < DRIPS_MAX && !isOver; drip++) await listener.pass(300);
  await client.closed;
  await assertServes(listener);
});

test('an answer that the client does not take is given up', async () => {
  const listener = await listen({ answerMsMax: 1000 }, 200_000);
  const client = await openRaw(listener);
  // The window stays at its first 64 KiB: no WINDOW_UPDATE ever comes.
  client.write(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock(requestFields('/'))));
  for (let times = 0; times < DRIPS_MAX; times++) {
    await listener.pass(1001);
    if (client.has(FRAME.rstStream, 1)) break;
  }
  assert.equal(listener.counters.timedOutAnswers, 1);
  assert.ok(client.has(FRAME.rstStream, 1));
});

test('closing lets an answer under way go out, and then nothing is left', async () => {
  const { server, url } = await listen({}, 100_000);
  const session = open(url);
  await send(session, '/');
  const last = send(session, '/');
  await sleep(5);
  const closed = server.close();
  assert.equal((await last).text.length, 100_000);
  await closed;
  await assert.rejects(once(openH2(url), 'connect'), { code: 'ECONNREFUSED' });
});
