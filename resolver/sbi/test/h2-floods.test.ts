// HTTP/2 clients that send too much of anything: their connection ends or their stream is refused, memory
// stays bounded, and others are served (RFC 9113 section 10.5).

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PADDED,
  requestFields,
  setting,
  u32,
} from './h2-frames.ts';
import { assertServes, closeOpened, type Listener, listen, openRaw } from './h2-listener.ts';

afterEach(closeOpened);

const HEADERS_END = END_HEADERS | END_STREAM;
const EMPTY = Buffer.alloc(0);

test('streams beyond the limit of a connection are refused, whatever the client thinks of it', async () => {
  const listener = await listen({ streamsPerConnectionMax: 10 });
  const client = await openRaw(listener);
  const block = headerBlock(requestFields('/', 'POST'));
  for (let stream = 1; stream < 100; stream += 2) {
    client.write(frame(FRAME.headers, END_HEADERS, stream, block));
  }
  await client.settled();
  assert.ok(client.has(FRAME.rstStream, 21) || client.isClosed, 'the eleventh was refused');
  // None was ended by the client, so none reached the handler.
  assert.equal(listener.requests.length, 0);
  await assertServes(listener);
});

/** Writes until the server ends the connection; fails where it takes everything. */
async function assertEnded(
  listener: Listener,
  bytesOf: (round: number) => Buffer,
  rounds: number,
): Promise<void> {
  const client = await openRaw(listener);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < rounds && !client.isClosed; round++) {
    client.write(bytesOf(round));
    while (client.socket.writableLength > 2 ** 20 && !client.isClosed) await sleep(1);
    // What comes back is read by this process too, and is not kept.
    client.received.length = 0;
    await nextTurn();
  }
  // Some limits are of time, which is the test's own.
  for (let turn = 0; turn < 500 && !client.isClosed; turn++) await listener.pass(1);
  assert.ok(client.isClosed, `the server took ${rounds} rounds`);
  assert.ok(process.memoryUsage().rss - before < 128 * 2 ** 20, 'memory stays bounded');
  await assertServes(listener);
}

/** Requests, each with what makes the server or the client end its stream. */
function endedRequests(method: string, flags: number, ending: (stream: number) => Buffer) {
  const block = headerBlock(requestFields('/later', method));
  let stream = 1;
  return () => {
    const frames: Buffer[] = [];
    for (let count = 0; count < 100; count++, stream += 2) {
      frames.push(frame(FRAME.headers, flags, stream, block), ending(stream));
    }
    return Buffer.concat(frames);
  };
}

for (const [name, code] of [
  ['CANCEL', 8],
  ['NO_ERROR', 0],
  ['INTERNAL_ERROR', 2],
] as const) {
  test(`streams opened and reset with ${name} without end (rapid reset) end the session`, async () => {
    const listener = await listen();
    const reset = (stream: number) => frame(FRAME.rstStream, 0, stream, u32(code));
    await assertEnded(listener, endedRequests('GET', HEADERS_END, reset), 500);
  });
}

test('requests followed by what makes the server reset them (CVE-2025-8671) end the session', async () => {
  const listener = await listen();
  const opened = (stream: number) => frame(FRAME.windowUpdate, 0, stream, u32(0));
  await assertEnded(listener, endedRequests('GET', HEADERS_END, opened), 500);
  assert.ok(listener.requests.length < 5_000, 'few of them reached the handler');
});

test('a header block without end (CONTINUATION) ends the session before it is stored', async () => {
  const listener = await listen();
  const filler = headerBlock([['x-filler', 'x'.repeat(8000)]]);
  await assertEnded(
    listener,
    (round) =>
      round === 0
        ? frame(FRAME.headers, END_STREAM, 1, headerBlock(requestFields('/')))
        : frame(FRAME.continuation, 0, 1, filler),
    2000,
  );
  assert.equal(listener.requests.filter(({ path }) => path === '/').length, 0);
});

test('empty continuations without end (CVE-2019-9518) end the session', async () => {
  const listener = await listen();
  const many = Buffer.concat(new Array(1000).fill(frame(FRAME.continuation, 0, 1, EMPTY)));
  await assertEnded(
    listener,
    (round) =>
      round === 0 ? frame(FRAME.headers, END_STREAM, 1, headerBlock(requestFields('/'))) : many,
    2000,
  );
});

test('a short header block that stands for a long one is refused before it is stored', async () => {
  const listener = await listen();
  const client = await openRaw(listener);
  // The first stream puts 4,000 bytes into the table (RFC 7541 section 6.2.1); others name them.
  const long = headerBlock([['x', 'x'.repeat(4000)]]);
  long[0] = 0x40;
  const good = Buffer.concat([headerBlock(requestFields('/good')), long]);
  client.write(frame(FRAME.headers, HEADERS_END, 1, good));
  const named = Buffer.alloc(4000, 0x80 | 62);
  const bomb = Buffer.concat([headerBlock(requestFields('/bomb')), named]);
  const before = process.memoryUsage().rss;
  for (let stream = 3; stream < 40; stream += 2) {
    client.write(frame(FRAME.headers, HEADERS_END, stream, bomb));
  }
  await client.settled();
  assert.deepEqual(
    listener.requests.map(({ path }) => path),
    ['/good'],
  );
  assert.ok(process.memoryUsage().rss - before < 64 * 2 ** 20, '16 MB for each stay away');
  await assertServes(listener);
});

test('very many short fields are refused', async () => {
  const listener = await listen();
  const client = await openRaw(listener);
  const fields = Array.from({ length: 2000 }, (_, at) => [`x${at}`, ''] as const);
  const block = headerBlock([...requestFields('/many'), ...fields]);
  client.write(frame(FRAME.headers, HEADERS_END, 1, block));
  await client.settled();
  assert.equal(listener.requests.length, 0);
  await assertServes(listener);
});

/** What costs its receiver something and asks for nothing. */
const FLOODS: Record<string, Buffer> = {
  settings: frame(FRAME.settings, 0, 0, setting(3, 100)),
  'settings without any': frame(FRAME.settings, 0, 0, EMPTY),
  pings: frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  'acknowledgements of pings': frame(FRAME.ping, 1, 0, Buffer.alloc(8)),
  'updates of the window': frame(FRAME.windowUpdate, 0, 0, u32(1)),
  'priorities (CVE-2019-9513)': frame(FRAME.priority, 0, 3, Buffer.from([0, 0, 0, 1, 9])),
  'frames that nobody knows': frame(0x42, 0, 0, Buffer.alloc(16)),
};

for (const [name, bytes] of Object.entries(FLOODS)) {
  test(`${name} without end end the session, though the client takes the answers`, async () => {
    const listener = await listen();
    const many = Buffer.concat(new Array(1000).fill(bytes));
    await assertEnded(listener, () => many, 100);
    assert.ok(listener.counters.sessionErrors >= 1);
  });
}

test('empty and padded parts of a body without end (CVE-2019-9518) end the session', async () => {
  const listener = await listen();
  const padded = frame(FRAME.data, PADDED, 1, Buffer.from([200, ...Buffer.alloc(200)]));
  const parts = [frame(FRAME.data, 0, 1, EMPTY), padded];
  const many = Buffer.concat(new Array(500).fill(Buffer.concat(parts)));
  await assertEnded(
    listener,
    (round) =>
      round === 0
        ? frame(FRAME.headers, END_HEADERS, 1, headerBlock(requestFields('/', 'POST')))
        : many,
    200,
  );
});

test('bytes beside requests have a limit by time, which a client that keeps to it never meets', async () => {
  const listener = await listen({ overheadBytesPerSecondMax: 1700 });
  const client = await openRaw(listener);
  // 17 bytes each: 50 are half of what is allowed.
  const pings = Buffer.concat(new Array(50).fill(FLOODS.pings));
  for (let second = 0; second < 10; second++) {
    client.write(pings);
    await client.settled();
    await listener.pass(1000);
  }
  assert.ok(!client.isClosed);
  client.write(...new Array(10).fill(pings));
  for (let turn = 0; turn < 500 && !client.isClosed; turn++) await listener.pass(1);
  assert.ok(client.isClosed);
  assert.equal(listener.counters.sessionErrors, 1);
});

test('pings of a client that does not take the answers end the session', async () => {
  const listener = await listen({ overheadBytesPerSecondMax: Number.MAX_SAFE_INTEGER });
  const client = await openRaw(listener);
  client.socket.pause();
  let isEnded = false;
  client.socket.once('error', () => {
    isEnded = true;
  });
  const many = Buffer.concat(new Array(500).fill(FLOODS.pings));
  for (let round = 0; round < 20_000 && !isEnded; round++) {
    if (client.socket.writableLength < 2 ** 20) client.write(many);
    await nextTurn();
  }
  client.socket.resume();
  await client.closed;
  assert.ok(listener.counters.sessionErrors >= 1);
  await assertServes(listener);
});

test('answers that a client asks for and does not take are bounded, and given up (CVE-2019-9517)', async () => {
  const listener = await listen({ answerMsMax: 1000 }, 100_000);
  const closedWindow = frame(FRAME.settings, 0, 0, setting(4, 0));
  const client = await openRaw(listener, closedWindow);
  const block = headerBlock(requestFields('/'));
  // A few more than a connection may have: many more end it.
  const streams = 160;
  for (let at = 0; at < streams; at++) {
    client.write(frame(FRAME.headers, HEADERS_END, 2 * at + 1, block));
  }
  await client.settled();
  assert.ok(listener.requests.length <= 128, `${listener.requests.length} reached the handler`);
  await assertServes(listener);
  await listener.pass(1001);
  await listener.pass(1001);
  // Where the session's memory does not hold so many answers, nghttp2 has ended it already.
  assert.ok(client.isClosed || listener.counters.timedOutAnswers >= 1);
  await assertServes(listener);
});

test('a window that is opened byte by byte does not outlive the time for taking an answer', async () => {
  const listener = await listen({ answerMsMax: 1000 }, 1000);
  const client = await openRaw(listener, frame(FRAME.settings, 0, 0, setting(4, 1)));
  client.write(frame(FRAME.headers, HEADERS_END, 1, headerBlock(requestFields('/'))));
  for (let drip = 0; drip < 10 && !client.has(FRAME.rstStream, 1); drip++) {
    client.write(frame(FRAME.windowUpdate, 0, 1, u32(1)));
    await client.settled();
    await listener.pass(300);
  }
  assert.ok(client.has(FRAME.rstStream, 1));
  assert.equal(listener.counters.timedOutAnswers, 1);
  await assertServes(listener);
});
