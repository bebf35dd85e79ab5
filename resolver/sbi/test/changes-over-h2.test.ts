// Streams of changes over HTTP/2: the listener's part of them, against clients of node:http2 that
// follow, stall, leave and are cut off. What the streams send is tested with those of HTTP/1.1,
// which are the same.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { afterEach, test } from 'node:test';
import { ChangeStreams, EVENT_STREAM_TYPE, SLOW_MS_MAX } from '../../http/change-streams.ts';
import { Desk } from '../../http/test/change-desk.ts';
import { change, SmallIndex } from '../../http/test/http-fixture.ts';
import type { H2Limits } from '../h2-limits.ts';
import { assertServes, closeOpened, listen, open } from './h2-listener.ts';
import { send } from './h2-requests.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;
/** Of a block whose event takes several hundred kilobytes. */
const MANY = Array.from({ length: 5_000 }, (_, at) => change('ported', `4670${10_000 + at}`, 0));
/** Many times what it takes, for a machine that is busy with something else. */
const TURNS_MAX = 1000;

afterEach(closeOpened);

async function setUp(limits: Partial<H2Limits> = {}, streamsMax = 10) {
  const desk = new Desk();
  const clock = { ms: 0 };
  const { routes } = new SmallIndex();
  const streams = new ChangeStreams({
    ...{ ask: desk.ask, routes, servedHeight: 0, streamsMax, now: () => clock.ms },
  });
  const listener = await listen(limits, 20, ({ query, headers }) =>
    streams.answer(query, headers['last-event-id'] ?? ''),
  );
  return { desk, clock, streams, listener };
}

/** A follower that reads what comes, or nothing where it `stalls`. */
class Follower {
  readonly stream: http2.ClientHttp2Stream;
  readonly closed: Promise<unknown>;
  text = '';
  isEnded = false;

  private constructor(stream: http2.ClientHttp2Stream, stalls: boolean) {
    this.stream = stream;
    this.closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => {});
    if (stalls) return;
    stream.setEncoding('utf8');
    stream.on('data', (chunk) => {
      this.text += chunk;
    });
    stream.on('end', () => {
      this.isEnded = true;
    });
  }

  /** Begins to follow; resolves when the head of the answer has come. */
  static async begin(
    session: http2.ClientHttp2Session,
    query = '',
    { stalls = false, headers = {} as http2.OutgoingHttpHeaders } = {},
  ): Promise<Follower> {
    const stream = session.request({ ':path': `/changes?${query}`, ...headers });
    const follower = new Follower(stream, stalls);
    const [head] = await once(stream, 'response');
    assert.deepEqual([head[':status'], head['content-type']], [200, EVENT_STREAM_TYPE]);
    assert.deepEqual([head['cache-control'], head['content-length']], ['no-store', undefined]);
    return follower;
  }

  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  }

  /** Resolves when a block has come whole. */
  async has(height: number): Promise<void> {
    const isThere = () => this.text.includes(`id: ${height}\n`) && this.text.endsWith('\n\n');
    while (!isThere()) await once(this.stream, 'data');
  }
}

/** So one stream that stalls does not use up what its connection may have under way. */
const openNarrow = (url: string) => open(url, { settings: { initialWindowSize: 20_000 } });

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isSo(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(isSo(), what);
}

test('a follower gets the blocks that there are and each new one, whole and in order', async () => {
  const { desk, streams, listener } = await setUp();
  for (const changes of [MANY, undefined]) streams.served(desk.add(changes));
  const session = open(listener.url);
  const first = await Follower.begin(session, 'since=0');
  const again = await Follower.begin(session, 'since=0', { headers: { 'last-event-id': '1' } });
  await Promise.all([first.has(2), again.has(2)]);
  streams.served(desk.add(MANY));
  await Promise.all([first.has(3), again.has(3)]);
  assert.deepEqual(
    [first.ids, again.ids],
    [
      [1, 2, 3],
      [2, 3],
    ],
  );
  assert.match(first.text, /^retry: \d+\n\nid: 1\nevent: block\ndata: /);
  assert.equal(first.text.split('"4670').length - 1, 2 * 2 * MANY.length);
  assert.equal(listener.counters.read().answered200, 2);
});

test('what cannot be followed is refused with its cause', async () => {
  const { desk, streams, listener } = await setUp();
  for (let count = 0; count < 3; count++) streams.served(desk.add());
  desk.first = 3;
  const session = open(listener.url);
  for (const [query, status, cause] of [
    ['since=x', 400, 'OPTIONAL_QUERY_PARAM_INCORRECT'],
    ['since=0', 410, 'HEIGHT_NOT_KEPT'],
  ] as const) {
    const refused = await send(session, `/changes?${query}`);
    assert.deepEqual([refused.status, refused.json.cause], [status, cause]);
  }
  assert.equal(streams.count, 0);
});

test('no more streams begin than allowed; one that its client cancels makes room', async () => {
  const { streams, listener } = await setUp({}, 2);
  const session = open(listener.url);
  const first = await Follower.begin(session);
  await Follower.begin(open(listener.url));
  const refused = await send(session, '/changes');
  assert.deepEqual([refused.status, refused.json.cause], [503, 'NF_CONGESTION']);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  first.stream.close(NGHTTP2_CANCEL);
  await until('its place is free', () => streams.count === 1);
  await Follower.begin(session);
  const { opened, ended, refused: refusedCount } = streams.counters;
  assert.deepEqual([opened, ended, refusedCount], [3, 1, 1]);
});

test('a follower that stalls is cut off, and the others on its connection get every block', async () => {
  const { desk, clock, streams, listener } = await setUp();
  const session = openNarrow(listener.url);
  const stalled = await Follower.begin(session, '', { stalls: true });
  const reading = await Follower.begin(session);
  streams.served(desk.add(MANY));
  await reading.has(1);
  clock.ms += SLOW_MS_MAX - 1;
  streams.tick();
  assert.deepEqual([streams.count, streams.counters.cutOff], [2, 0]);
  clock.ms += 1;
  streams.tick();
  assert.deepEqual([streams.count, streams.counters.cutOff], [1, 1]);
  stalled.stream.resume();
  await stalled.closed;
  assert.equal(stalled.stream.rstCode, NGHTTP2_CANCEL);
  streams.served(desk.add());
  await reading.has(2);
  assert.deepEqual(reading.ids, [1, 2]);
  await assertServes(listener);
});

test('a follower that vanishes in the middle of a block is forgotten', async () => {
  const { desk, streams, listener } = await setUp();
  const session = open(listener.url);
  const gone = await Follower.begin(session, '', { stalls: true });
  const other = await Follower.begin(open(listener.url));
  streams.served(desk.add(MANY));
  await other.has(1);
  session.destroy();
  await gone.closed;
  await until('only the other is left', () => streams.count === 1);
  streams.served(desk.add());
  await other.has(2);
  assert.deepEqual(streams.counters.ended, 1);
});

test('a connection that is followed on is not idle, and its stream no answer over its time', async () => {
  const { desk, streams, listener } = await setUp({ idleMsMax: 1000, answerMsMax: 1000 });
  const follower = await Follower.begin(open(listener.url));
  await listener.pass(5000);
  await listener.pass(5000);
  streams.served(desk.add());
  await follower.has(1);
  const { timedOutAnswers, timedOutConnections } = listener.counters;
  assert.deepEqual([timedOutAnswers, timedOutConnections], [0, 0]);
});

test('a follower that says GOAWAY is told on until it closes its stream, and then its place is free', async () => {
  const { desk, streams, listener } = await setUp({ connectionsMax: 1 });
  const session = open(listener.url);
  const follower = await Follower.begin(session);
  const closed = once(session, 'close');
  session.close();
  streams.served(desk.add(MANY));
  await follower.has(1);
  follower.stream.close(NGHTTP2_CANCEL);
  await closed;
  await until('it is forgotten', () => streams.count === 0);
  await listener.pass(1001);
  await assertServes(listener);
});

test('a server that closes ends its streams whole, then says GOAWAY', async () => {
  const { desk, streams, listener } = await setUp();
  const session = open(listener.url);
  const follower = await Follower.begin(session);
  const left = once(session, 'goaway');
  streams.served(desk.add(MANY));
  await follower.has(1);
  streams.close();
  await listener.server.close();
  const [code] = await left;
  await follower.closed;
  assert.deepEqual([code, follower.isEnded, follower.stream.rstCode], [NGHTTP2_NO_ERROR, true, 0]);
});

test('a stream that is ended while its client stalls is given up in time', async () => {
  const { desk, streams, listener } = await setUp({ answerMsMax: 1000 });
  const session = openNarrow(listener.url);
  const stalled = await Follower.begin(session, '', { stalls: true });
  streams.served(desk.add(MANY));
  await until('a part of the block has come', () => stalled.stream.readableLength > 1000);
  streams.close();
  for (let turn = 0; turn < TURNS_MAX && listener.counters.timedOutAnswers === 0; turn++) {
    await listener.pass(600);
  }
  assert.equal(listener.counters.timedOutAnswers, 1);
  stalled.stream.resume();
  await stalled.closed;
  assert.equal(stalled.stream.rstCode, NGHTTP2_CANCEL);
});
