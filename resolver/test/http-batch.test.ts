// Batches over HTTP: both forms of the body agree with single lookups, and bad bodies are refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { digitsOf } from '../../ledger/number.ts';
import { kindOfAnswer } from '../../wasm/number-index.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { encodeLabel, NewestBlock } from '../freshness.ts';
import { INLINE_BYTES_MAX, resolveBatch } from '../http/batch-answer.ts';
import {
  BATCH_BODY_BYTES_MAX,
  BATCH_NUMBERS_MAX,
  COMPACT_HEADER_BYTES,
  COMPACT_TYPE,
  readJsonBatch,
} from '../http/batch-body-codec.ts';
import { type BatchPool, createBatchPool } from '../http/batch-pool.ts';
import { routeRequest } from '../http/http-router.ts';
import { type HttpServer, listenHttp } from '../http/http-server.ts';
import { openApiDocument } from '../http/openapi.ts';
import { problem } from '../http/problem.ts';
import { NumberResolver } from '../resolve.ts';
import { RouteTable } from '../route-table.ts';
import { writeNumber } from '../udp/batch-codec.ts';
import { exampleRoute } from './example-route.ts';

const URL_PATH = '/nbchf-routing/v1/routing-info/batch';
const BLOCK = { height: 12, blockHash: new Uint8Array(32).fill(0xab), timeMs: 1_000 };
const routes = ['a', 'b', 'c'].map((id) => exampleRoute(id));

const msisdn = createWasmIndex();
msisdn.apply(
  [
    { entry: 'prefix', from: 13585, to: 13585, route: 1 },
    { entry: 'fragmented', from: 1358500100, to: 1358500199, route: 0 },
    ...Array.from({ length: 500 }, (_, at) => {
      const key = 1358501000 + at * 7;
      return { entry: 'ported' as const, from: key, to: key, route: at % 3 };
    }),
  ],
  encodeLabel(BLOCK),
);
const imsi = createWasmIndex();
imsi.apply([{ entry: 'prefix', from: 124405, to: 124405, route: 2 }], encodeLabel(BLOCK));
const table = new RouteTable();
table.apply({ version: 5, routes: routes.map((route, number) => ({ number, route })) });
const newest = new NewestBlock();
const resolver = new NumberResolver({ imsi, msisdn }, table, newest, () => 1_250);

let server: HttpServer;
let pool: BatchPool;
let isBusy = false;
before(async () => {
  pool = createBatchPool(() => ({ imsi: imsi.memory, msisdn: msisdn.memory }), newest.buffer);
  const services = {
    resolver,
    routes: table,
    metrics: async () => '',
    longBatches: (question: Parameters<BatchPool['run']>[0]) =>
      isBusy ? undefined : pool.run(question),
  };
  server = await listenHttp(
    '127.0.0.1',
    0,
    (request) => routeRequest(request, services),
    () => problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.'),
  );
});
after(async () => {
  server.close();
  await pool.close();
});

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, formats: { uuid: true, ipv4: true } });
ajv.addSchema({ $id: 'api', components: document.components });
function assertFits(schema: string, value: unknown): void {
  const validate = ajv.getSchema(`api#/components/schemas/${schema}`);
  assert.ok(validate?.(value), JSON.stringify(validate?.errors));
}

async function post(body: string | Uint8Array, type = 'application/json', query = '') {
  const response = await fetch(`http://127.0.0.1:${server.port}${URL_PATH}${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: body as string,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get('content-type')?.includes('json');
  const json = isJson ? JSON.parse(Buffer.from(bytes).toString()) : undefined;
  return { status: response.status, bytes, json };
}

function compactBody(keys: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(keys.length * 8);
  keys.forEach((key, at) => {
    writeNumber(bytes, at * 8, key);
  });
  return bytes;
}

/** Keys of every kind of answer: ported, fragmented, prefix and not found. */
const keysOf = (count: number) =>
  Array.from({ length: count }, (_, at) => [1358501000 + at, 1358500150, 19, 13585][at % 4]!);

function expectedOf(kind: 'imsi' | 'msisdn', key: number) {
  const { found } = resolver.resolve({ identity: kind, key });
  const ueId = `${kind}-${digitsOf(key)}`;
  if (!found) return { ueId, cause: 'USER_NOT_FOUND' };
  const { entry, from, route } = found.entry;
  const matchedLength = digitsOf(entry === 'prefix' ? from : key).length;
  return { ueId, entry, matchedLength, route };
}

test('a JSON batch of both kinds answers in order as single lookups do', async () => {
  const keys = keysOf(300);
  const body = keys
    .map((key) => `msisdn-${digitsOf(key)}`)
    .concat('imsi-244050000000001', 'imsi-9');
  const { status, json } = await post(JSON.stringify(body, undefined, 1));
  assert.equal(status, 200);
  assertFits('BatchAnswer', json);
  assert.deepEqual(json.results, [
    ...keys.map((key) => expectedOf('msisdn', key)),
    expectedOf('imsi', 1244050000000001),
    expectedOf('imsi', 19),
  ]);
  assert.deepEqual(json.ledger, { height: 12, blockHash: 'AB'.repeat(32), lagMs: null });
  assert.deepEqual(json.routes, { 0: routes[0], 1: routes[1], 2: routes[2] });
});

test('a compact batch answers in order as single lookups do, and a malformed number alone fails', async () => {
  const keys = keysOf(1000);
  const body = compactBody(keys);
  body.set([0xe8, 0x03, 0, 0, 0, 0, 0, 0x30], 8 * 17);
  const { status, bytes } = await post(body, COMPACT_TYPE, '?identity=msisdn');
  assert.equal(status, 200);
  const view = new DataView(bytes.buffer);
  assert.equal(view.getBigUint64(0, true), 12n);
  assert.equal(view.getUint32(8, true), 0xffff_ffff);
  assert.equal(view.getUint32(12, true), 5);
  assert.equal(view.getUint32(16, true), 1000);
  assert.deepEqual(bytes.slice(24, 56), BLOCK.blockHash);
  keys.forEach((key, index) => {
    const at = COMPACT_HEADER_BYTES + 8 * index;
    const expected = expectedOf('msisdn', key);
    assert.equal(bytes[at], index === 17 ? 1 : 0);
    if (index === 17) return;
    const kind = kindOfAnswer((bytes[at + 1]! << 30) >>> 0);
    assert.equal(kind, 'entry' in expected ? expected.entry : undefined);
    if ('entry' in expected) {
      assert.deepEqual(
        [bytes[at + 2], view.getUint32(at + 4, true)],
        [expected.matchedLength, expected.route],
      );
    }
  });
});

test('the longest batch goes through the pool and comes back whole', async () => {
  const keys = keysOf(BATCH_NUMBERS_MAX);
  const text = JSON.stringify(keys.map((key) => `msisdn-${digitsOf(key)}`));
  assert.ok(text.length > INLINE_BYTES_MAX && text.length <= BATCH_BODY_BYTES_MAX);
  const { status, json } = await post(text);
  assert.equal(status, 200);
  const direct = resolveBatch(
    { body: Buffer.from(text), identity: undefined, routeTableVersion: 5 },
    resolver,
  );
  assert.ok('results' in direct);
  assert.equal(JSON.stringify(json.results), `[${direct.results}]`);
  const compact = await post(compactBody(keys), COMPACT_TYPE, '?identity=msisdn');
  assert.equal(compact.bytes.length, COMPACT_HEADER_BYTES + 8 * BATCH_NUMBERS_MAX);
});

test('an item that is no ueId is answered as such and does not touch the others', async () => {
  const items = [
    'msisdn-',
    'x',
    'msisdn-12a',
    'msisdn-１２',
    '',
    'nai-a@b',
    'msisdn-1234567890123456',
  ];
  const { json } = await post(JSON.stringify(['msisdn-3585', ...items]));
  assertFits('BatchAnswer', json);
  const causes = json.results.map(({ cause }: { cause?: string }) => cause);
  assert.deepEqual(causes, [undefined, ...items.map(() => 'MANDATORY_IE_INCORRECT')]);
  const escaped = await post('["msisdn\\u002d3585"]');
  assert.equal(escaped.json.results[0].ueId, 'msisdn-3585');
});

test('a body that is no batch is 400, of another type 415, too long 413, and too many 503', async () => {
  const bad = [
    '',
    ' ',
    '{}',
    '[]',
    '[1]',
    '["a"',
    '["a",]',
    '["a"]x',
    '[null]',
    '["a" "b"]',
    '["\n"]',
  ];
  for (const body of [...bad, '["\\x"]', '"a"', `[${'"1",'.repeat(BATCH_NUMBERS_MAX)}"1"]`]) {
    const { status, json } = await post(body);
    assert.deepEqual([status, json.cause], [400, 'MANDATORY_IE_INCORRECT'], body.slice(0, 20));
    assertFits('ProblemDetails', json);
  }
  for (const bytes of [0, 7, 9, 8 * (BATCH_NUMBERS_MAX + 1)]) {
    const { status } = await post(new Uint8Array(bytes), COMPACT_TYPE, '?identity=imsi');
    assert.equal(status, 400);
  }
  const causeOf = async (query: string) => (await post('', COMPACT_TYPE, query)).json.cause;
  assert.equal(await causeOf(''), 'MANDATORY_QUERY_PARAM_MISSING');
  assert.equal(await causeOf('?identity=gpsi'), 'MANDATORY_QUERY_PARAM_INCORRECT');
  assert.equal((await post('["msisdn-1"]', 'text/plain')).status, 415);
  assert.equal((await post('["msisdn-1"]', 'application/json; charset=utf-8')).status, 200);
  isBusy = true;
  const busy = await post(JSON.stringify(new Array(5000).fill('msisdn-358500150')));
  isBusy = false;
  assert.deepEqual([busy.status, busy.json.cause], [503, 'NF_CONGESTION']);
});

test('a body longer than the limit is refused, announced or not, and others are served', async () => {
  const long = new Uint8Array(BATCH_BODY_BYTES_MAX + 1).fill(32);
  const announced = await post(long).catch(() => undefined);
  assert.ok(announced === undefined || announced.status === 413);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < 8; at++) controller.enqueue(new Uint8Array(1 << 19).fill(32));
      controller.close();
    },
  });
  const streamed = await fetch(`http://127.0.0.1:${server.port}${URL_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  } as RequestInit).catch(() => undefined);
  assert.ok(streamed === undefined || streamed.status === 413);
  assert.equal((await post('["msisdn-3585"]')).status, 200);
});

test('the reader of JSON batches takes what JSON.parse takes as an array of strings', () => {
  const pieces = [
    '[',
    ']',
    ',',
    '"',
    'a',
    '\\',
    '\\"',
    '\\u0041',
    ' ',
    '\t',
    '1',
    '"b"',
    '"msisdn-1"',
  ];
  let state = 7;
  for (let count = 0; count < 20_000; count++) {
    let text = '';
    for (let length = count % 9; length >= 0; length--) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      text += pieces[(state >>> 16) % pieces.length];
    }
    for (const body of [text, `[${text}]`, `["${text}"]`]) {
      let parsed: unknown;
      try {
        parsed = JSON.parse(body);
      } catch {
        parsed = undefined;
      }
      const isBatch =
        Array.isArray(parsed) &&
        parsed.length > 0 &&
        parsed.every((one) => typeof one === 'string');
      const read = readJsonBatch(Buffer.from(body));
      assert.equal(typeof read !== 'string', isBatch, body);
      if (typeof read !== 'string') assert.equal(read.count, (parsed as string[]).length);
    }
  }
});
