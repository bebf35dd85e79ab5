// Streams of changes: what they send, how they go on where they ended, and what becomes of slow ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerBusy } from '../../ledger-questions.ts';
import {
  ChangeStreams,
  HEARTBEAT_MS,
  KEPT_BYTES_MAX,
  PIECE_BYTES,
  SLOW_MS_MAX,
} from '../change-streams.ts';
import type { HttpStream, StreamConsumer } from '../http-handler.ts';
import { blockChangesSchema } from '../schemas.ts';
import { Desk } from './change-desk.ts';
import { change, SmallIndex } from './http-fixture.ts';

/** A client with room for some bytes. */
class Client {
  text = '';
  room = Number.POSITIVE_INFINITY;
  state: 'open' | 'ended' | 'aborted' = 'open';
  readonly consumer: StreamConsumer;

  constructor(stream: HttpStream, room = Number.POSITIVE_INFINITY) {
    this.room = room;
    this.consumer = stream.begin({
      write: (bytes) => {
        assert.equal(this.state, 'open');
        this.text += Buffer.from(bytes).toString();
        this.room -= bytes.length;
        return this.room > 0;
      },
      end: () => {
        this.state = 'ended';
      },
      abort: () => {
        this.state = 'aborted';
      },
    });
  }

  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.consumer.onDrained();
  }

  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  }

  get blocks() {
    return [...this.text.matchAll(/^data: (\{"height".*)\n\n/gm)].map((match) =>
      blockChangesSchema.parse(JSON.parse(match[1]!)),
    );
  }
}

class Clock {
  ms = 0;
  readonly now = () => this.ms;
}

function setUp(blocks: number, streamsMax = 10, keptBytesMax = KEPT_BYTES_MAX) {
  const desk = new Desk();
  const clock = new Clock();
  for (let count = 0; count < blocks; count++) desk.add();
  const { routes } = new SmallIndex();
  const streams = new ChangeStreams({
    ...{ ask: desk.ask, routes, servedHeight: blocks, streamsMax, keptBytesMax, now: clock.now },
  });
  const open = async (query: string, lastEventId = '', room?: number) => {
    const answer = await streams.answer(query, lastEventId);
    assert.ok('begin' in answer, JSON.stringify(answer));
    return new Client(answer, room);
  };
  const refusal = async (query: string, lastEventId = '') => {
    const answer = await streams.answer(query, lastEventId);
    assert.ok('body' in answer);
    return { status: answer.status, cause: JSON.parse(answer.body as string).cause };
  };
  return { desk, clock, streams, open, refusal };
}

/** Lets promises that are kept take effect. */
const settle = () => new Promise(setImmediate);

test('each block after the given height comes as one event, in order, then each new one', async () => {
  const { desk, streams, open } = setUp(8);
  const client = await open('since=2');
  await settle();
  assert.deepEqual(client.ids, [3, 4, 5, 6, 7, 8]);
  streams.served(desk.add([change('ported', '358501234567', null)]));
  await settle();
  assert.equal(client.ids.at(-1), 9);
  const last = client.blocks.at(-1)!;
  assert.equal(last.blockHash, '09'.repeat(32));
  assert.deepEqual(last.changes, [
    { identity: 'msisdn', entry: 'ported', from: '358501234567', to: '358501234567', route: null },
  ]);
  assert.match(client.text, /^retry: \d+\n\nid: 3\nevent: block\ndata: /);
});

test('an event has the routes that its changes name and those that the block declares', async () => {
  const { desk, streams, open } = setUp(0);
  const client = await open('');
  streams.served(desk.add([change('prefix', '35840', 0)], [1]));
  await settle();
  const [block] = client.blocks;
  assert.deepEqual(Object.keys(block!.routes), ['0', '1']);
  assert.deepEqual(block!.changes, [
    { identity: 'msisdn', entry: 'prefix', prefix: '35840', route: 0 },
  ]);
});

test('without a height only new blocks come; Last-Event-ID comes before since', async () => {
  const { desk, streams, open } = setUp(5);
  const newest = await open('');
  const again = await open('since=0', '4');
  streams.served(desk.add());
  await settle();
  assert.deepEqual(newest.ids, [6]);
  assert.deepEqual(again.ids, [5, 6]);
});

test('a height to come is waited for', async () => {
  const { desk, streams, open } = setUp(2);
  const client = await open('since=3');
  streams.served(desk.add());
  await settle();
  assert.deepEqual(client.ids, []);
  streams.served(desk.add());
  await settle();
  assert.deepEqual(client.ids, [4]);
});

test('a block is asked for once for all streams that need it', async () => {
  const { desk, streams, open } = setUp(3);
  const clients = await Promise.all(Array.from({ length: 5 }, () => open('')));
  desk.asked = [];
  streams.served(desk.add());
  await settle();
  assert.deepEqual(desk.asked, [3]);
  assert.ok(clients.every(({ ids }) => ids.length === 1));
  // It is still there for who comes late.
  assert.deepEqual((await open('since=3')).ids, [4]);
  assert.deepEqual(desk.asked, [3]);
});

test('where blocks are not kept, a stream is refused with 410, and one under way is told and ended', async () => {
  const { desk, streams, open, refusal } = setUp(6);
  desk.atOnce = 1;
  const client = await open('since=1', '', 200);
  assert.deepEqual(client.ids, [2]);
  desk.first = 5;
  assert.deepEqual(await refusal('since=0'), { status: 410, cause: 'HEIGHT_NOT_KEPT' });
  for (let turns = 0; turns < 9 && client.state === 'open'; turns++) {
    client.drain();
    await settle();
  }
  assert.equal(client.state, 'ended');
  assert.match(client.text, /event: reload\ndata: \{"cause":"HEIGHT_NOT_KEPT"\}\n\n$/);
  assert.equal(streams.count, 0);
});

test('a client that takes nothing is cut off and counted, and meanwhile costs one piece of memory', async () => {
  const { desk, clock, streams, open } = setUp(0);
  const numbers = Array.from({ length: 5_000 }, (_, at) =>
    change('ported', `4670${10_000 + at}`, 0),
  );
  const [slow, quick] = [await open('', '', 1), await open('')];
  streams.served(desk.add(numbers));
  await settle();
  slow.drain(1);
  const bytes = slow.text.length;
  assert.ok(bytes <= PIECE_BYTES + 100, `${bytes} bytes were handed over`);
  assert.ok(quick.text.length > 5 * PIECE_BYTES);
  clock.ms += SLOW_MS_MAX - 1;
  streams.tick();
  assert.equal(slow.state, 'open');
  clock.ms += 1;
  streams.tick();
  assert.deepEqual([slow.state, quick.state], ['aborted', 'open']);
  assert.equal(streams.counters.cutOff, 1);
  assert.equal(slow.text.length, bytes);
});

test('clients that wait at many different blocks are cut off before their texts fill the memory', async () => {
  const { desk, streams, open } = setUp(0, 100, 1 << 20);
  desk.atOnce = 1;
  const numbers = Array.from({ length: 3_000 }, (_, at) =>
    change('ported', `4670${10_000 + at}`, 0),
  );
  const others = await Promise.all(Array.from({ length: 3 }, () => open('')));
  const waiting: Client[] = [];
  for (let count = 0; count < 20; count++) {
    const height = desk.add(numbers);
    streams.served(height);
    await settle();
    waiting.push(await open(`since=${height - 1}`, '', 1));
    waiting.at(-1)!.drain(1);
  }
  await settle();
  const held = waiting.filter(({ state }) => state === 'open');
  assert.ok(held.length <= 6, `${held.length} of them hold texts of 230 KB`);
  assert.ok(held.length > 0);
  assert.equal(streams.counters.cutOff, waiting.length - held.length);
  assert.ok(
    others.every(({ ids }) => ids.length === 20),
    'others get every block',
  );
});

test('a client that takes its time gets every event whole', async () => {
  const { desk, clock, streams, open } = setUp(0);
  const client = await open('', '', 1);
  const numbers = Array.from({ length: 3_000 }, (_, at) =>
    change('ported', `4670${10_000 + at}`, 0),
  );
  for (let count = 0; count < 3; count++) streams.served(desk.add(numbers));
  for (let turns = 0; turns < 100 && client.blocks.length < 3; turns++) {
    await settle();
    clock.ms += SLOW_MS_MAX - 1;
    streams.tick();
    client.drain(1);
  }
  assert.deepEqual(client.ids, [1, 2, 3]);
  assert.ok(client.blocks.every(({ changes }) => changes.length === 3_000));
  assert.equal(streams.counters.cutOff, 0);
});

test('a silent stream gets a comment now and then', async () => {
  const { clock, streams, open } = setUp(1);
  const idle = await open('');
  const before = idle.text;
  for (const [passed, beats] of [
    [HEARTBEAT_MS - 1, ''],
    [1, ':\n\n'],
    [HEARTBEAT_MS - 1, ':\n\n'],
    [1, ':\n\n:\n\n'],
  ] as const) {
    clock.ms += passed;
    streams.tick();
    assert.equal(idle.text, before + beats);
  }
});

test('no more streams begin than allowed; one that ends makes room', async () => {
  const { streams, open, refusal } = setUp(3, 2);
  const first = await open('since=0');
  await open('');
  assert.deepEqual(await refusal(''), { status: 503, cause: 'NF_CONGESTION' });
  first.consumer.onClosed();
  await open('');
  const { opened, ended, refused } = streams.counters;
  assert.deepEqual([opened, ended, refused, streams.count], [3, 1, 1, 2]);
});

test('streams that are still being opened count for the limit', async () => {
  const { streams } = setUp(3, 2);
  const answers = await Promise.all([0, 0, 0].map((since) => streams.answer(`since=${since}`, '')));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 503],
  );
});

test('a ledger that has too much to do is asked again later', async () => {
  const { desk, clock, streams, open, refusal } = setUp(0);
  const client = await open('');
  desk.fault = new LedgerBusy('busy');
  streams.served(desk.add());
  await settle();
  assert.deepEqual(client.ids, []);
  assert.deepEqual(await refusal('since=0'), { status: 503, cause: 'NF_CONGESTION' });
  desk.fault = undefined;
  clock.ms += 1000;
  streams.tick();
  await settle();
  assert.deepEqual(client.ids, [1]);
});

test('what is no height is refused', async () => {
  const { refusal } = setUp(1);
  const incorrect = { status: 400, cause: 'OPTIONAL_QUERY_PARAM_INCORRECT' };
  for (const since of ['-1', 'x', '1.5', '1'.repeat(16), '']) {
    assert.deepEqual(await refusal(`since=${since}`), incorrect, since);
  }
  assert.deepEqual(await refusal('', 'x'), incorrect);
  assert.equal((await refusal('since=1&since=2')).cause, 'INVALID_QUERY_PARAM');
});

test('at the end all streams end', async () => {
  const { streams, open } = setUp(1);
  const clients = [await open(''), await open('')];
  streams.close();
  assert.ok(clients.every(({ state }) => state === 'ended'));
  assert.equal(streams.count, 0);
});
