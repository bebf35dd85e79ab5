// Explanations and sealed requests, from the client through the handler and back; and what a
// request gains whoever forges its sender.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReferenceIndex } from '../../../wasm/reference-index.ts';
import { BatchAuthenticator } from '../batch-authentication.ts';
import { type BatchClientOptions, openBatchClient } from '../batch-client.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  ENTRIES_MAX,
  responseBytesMax,
  writeExplainRequest,
  writeLookupRequest,
  writeRouteRequest,
} from '../batch-codec.ts';
import { type BatchHandler, createBatchHandler } from '../batch-handler.ts';
import { seal } from '../batch-seal-codec.ts';
import { createDgramTransport } from '../dgram-transport.ts';
import { readExamples } from './batch-fixtures.ts';
import { closeAfterTests } from './udp-transport-suite.ts';

const index = new ReferenceIndex();
index.apply([
  { entry: 'ported', from: 1358401234567, to: 1358401234567, route: 3, userData: 2 ** 40 + 9 },
  { entry: 'fragmented', from: 1358401234500, to: 1358401234599, route: 2, userData: 0 },
  ...Array.from({ length: 12 }, (_, at) => {
    const prefix = Number('1358401234567'.slice(0, at + 2));
    return { entry: 'prefix', from: prefix, to: prefix, route: at + 10 } as const;
  }),
]);

function handlerOf(authenticator?: BatchAuthenticator, of = index): BatchHandler {
  return createBatchHandler({
    readerOf: (identity) => (identity === 'msisdn' ? of : undefined),
    freshness: () => ({ height: 12, lagMs: 3, routeTableVersion: 4 }),
    routeJson: () => new Uint8Array(700),
    authenticator,
  });
}

async function clientOf(handler: BatchHandler, options: Partial<BatchClientOptions> = {}) {
  const transport = closeAfterTests(createDgramTransport({ host: '127.0.0.1', port: 0 }));
  transport.handle(handler.handle);
  const { port } = await transport.open();
  return closeAfterTests(
    await openBatchClient({ host: '127.0.0.1', port, timeoutMs: 5000, ...options }),
  );
}

const examples = readExamples();

describe('the examples of the specification', () => {
  const number = 18613912345678;
  const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX).fill(0xff);

  test('an explanation', () => {
    const asked = out.slice(0, writeExplainRequest(out, 0x01020308, 'msisdn', number, 40));
    assert.deepEqual(asked, examples.get('explain-request'));
    const one = new ReferenceIndex();
    one.apply([{ entry: 'ported', from: number, to: number, route: 70_000, userData: 99 }]);
    const { handle } = createBatchHandler({
      readerOf: () => one,
      freshness: () => ({ height: 1_000_000, lagMs: 250, routeTableVersion: 7 }),
      routeJson: () => undefined,
    });
    assert.deepEqual(out.slice(0, handle(asked, out)), examples.get('explain-response'));
  });

  test('a seal', () => {
    const bytes = writeLookupRequest(out, 0x01020309, 'msisdn', [number], 1);
    const key = { id: 7, secret: new Uint8Array(32).fill(3) };
    const sealed = out.slice(0, seal(out, bytes, key, 1_764_000_000_000_000));
    assert.deepEqual(sealed, examples.get('sealed-request'));
  });
});

describe('explanations over the batch protocol', () => {
  test('tell every entry that covers a number, the winner first', async () => {
    const client = await clientOf(handlerOf());
    const { entries, height } = await client.explain('msisdn', 1358401234567);
    assert.equal(height, 12);
    assert.deepEqual(
      entries.map(({ matchedLength, ...entry }) => entry),
      index.explain(1358401234567),
    );
    assert.deepEqual(
      entries.slice(0, 4).map(({ matchedLength }) => matchedLength),
      [12, 12, 12, 11],
    );
    assert.equal(client.counters().sentDatagrams, 2, 'the first request was too small for all');
  });

  test('tell of a deep nest what fits, the innermost runs', async () => {
    const nest = new ReferenceIndex();
    nest.apply(
      Array.from({ length: ENTRIES_MAX + 1 }, (_, level) => {
        const [from, to] = [1358401230000 + level, 1358401239999 - level];
        return { entry: 'fragmented', from, to, route: level } as const;
      }),
    );
    // What runs a response leaves out, nobody is told, so none of them is counted.
    const asked: number[] = [];
    const explainWithin = nest.explainWithin.bind(nest);
    nest.explainWithin = (...question) => {
      const explanation = explainWithin(...question);
      asked.push(explanation.runsLeftOut);
      return explanation;
    };
    const client = await clientOf(handlerOf(undefined, nest));
    const { entries } = await client.explain('msisdn', 1358401235000);
    assert.deepEqual(
      entries.map(({ route }) => route),
      Array.from({ length: ENTRIES_MAX }, (_, at) => ENTRIES_MAX - at),
    );
    // The first request was too small for all.
    assert.deepEqual(asked, [0, 0]);
  });

  test('are empty where nothing covers a number', async () => {
    const client = await clientOf(handlerOf());
    assert.deepEqual((await client.explain('msisdn', 19)).entries, []);
    await assert.rejects(client.explain('imsi', 19), { code: 'BCHF_UDP_REFUSED' });
    await assert.rejects(client.explain('msisdn', 5), RangeError);
  });
});

describe('sealed requests over the batch protocol', () => {
  const key = { id: 7, secret: new Uint8Array(32).fill(3) };
  const settings = {
    mode: 'required',
    windowMs: 5000,
    keys: { 7: '03'.repeat(32) },
    replays: undefined,
  } as const;

  test('are answered to who has the key, as often as he asks, and to nobody else', async () => {
    const handler = handlerOf(new BatchAuthenticator(settings, Date.now));
    const client = await clientOf(handler, { key });
    for (let count = 0; count < 50; count++) {
      const { answers } = await client.lookup('msisdn', new Array(128).fill(1358401234567));
      assert.equal(answers.length, 128);
    }
    assert.equal((await client.explain('msisdn', 19)).entries.length, 0);
    const stranger = await clientOf(handler);
    await assert.rejects(stranger.lookup('msisdn', [19]), { code: 'BCHF_UDP_REFUSED' });
    const forger = await clientOf(handler, {
      key: { id: 7, secret: new Uint8Array(32) },
      timeoutMs: 50,
      retries: 1,
    });
    await assert.rejects(forger.lookup('msisdn', [19]), { code: 'BCHF_UDP_TIMEOUT' });
    assert.equal(handler.counters().dropped.tag, 2);
  });

  test('are sealed anew when they are repeated', async () => {
    const handler = handlerOf(new BatchAuthenticator(settings, Date.now));
    let lost = 2;
    const losing: BatchHandler = {
      ...handler,
      handle: (message, response) => {
        const bytes = handler.handle(message, response);
        return lost-- > 0 ? 0 : bytes;
      },
    };
    const client = await clientOf(losing, { key, timeoutMs: 50, retries: 5 });
    assert.equal((await client.lookup('msisdn', [1358401234567])).answers[0]?.status, 'found');
    assert.equal(handler.counters().dropped.replay, 0);
    assert.ok(client.counters().repeatedDatagrams >= 2);
    assert.equal(client.latency().totalCount, 1);
    assert.ok(client.latency().maxValue >= 90_000, 'latency counts from the first try');
  });
});

test('no request of any operation and length gains more than half of itself and 8 bytes', () => {
  const { handle } = handlerOf();
  const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  const response = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  let highest = 0;
  const ask = (bytes: number) => {
    const length = handle(out.slice(0, bytes), response);
    assert.ok(length > 0 && length <= responseBytesMax(bytes), `${length} for ${bytes}`);
    highest = Math.max(highest, length / bytes);
  };
  for (let bytes = 24; bytes <= BATCH_DATAGRAM_BYTES_MAX; bytes++) {
    ask(writeRouteRequest(out, 1, 9, bytes));
    ask(writeExplainRequest(out, 1, 'msisdn', 1358401234567, bytes));
  }
  for (let count = 1; count <= 128; count++) {
    ask(writeLookupRequest(out, 1, 'msisdn', new Array(count).fill(1358401234567), count));
  }
  // 16 bytes that are answered with a status of 32.
  ask(writeRouteRequest(out, 1, 9, 16));
  assert.equal(highest, 2);
});
