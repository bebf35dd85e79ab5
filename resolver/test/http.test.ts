// The HTTP interface against a small index: answers, errors, and input that no client should send.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RUNS_COUNTED_MAX } from '../../wasm/number-index.ts';
import { ReferenceIndex } from '../../wasm/reference-index.ts';
import { RUNS_EXPLAINED_MAX } from '../explain.ts';
import { encodeLabel, NewestBlock } from '../freshness.ts';
import { resolveBatch } from '../http/batch-answer.ts';
import { type HttpServices, routeRequest } from '../http/http-router.ts';
import { type HttpServer, listenHttp } from '../http/http-server.ts';
import { openApiDocument } from '../http/openapi.ts';
import { problem } from '../http/problem.ts';
import { answerRoutingInfo } from '../http/routing-info.ts';
import type { AskLedger, LedgerQuestion } from '../ledger-questions.ts';
import { NumberResolver } from '../resolve.ts';
import { RouteTable } from '../route-table.ts';
import { exampleRoute } from './example-route.ts';

const PATH = '/nbchf-routing/v1/routing-info';
const BLOCK = { height: 12, blockHash: new Uint8Array(32).fill(0xab), timeMs: 1_000 };

const routes = [
  exampleRoute('a', { userDataIndexBase: 500 }),
  exampleRoute('b', { contractAddress: `0x${'0'.repeat(40)}` }),
];
const msisdn = new ReferenceIndex();
msisdn.apply(
  [
    { entry: 'prefix', from: 135850, to: 135850, route: 1 },
    { entry: 'fragmented', from: 1358501234500, to: 1358501234599, route: 0 },
    { entry: 'ported', from: 1358501234567, to: 1358501234567, route: 1 },
    { entry: 'fragmented', from: 1358507770, to: 1358507779, route: 0, userData: 70 },
    { entry: 'ported', from: 1358507775, to: 1358507775, route: 0, userData: 0 },
  ],
  encodeLabel(BLOCK),
);
const imsi = new ReferenceIndex();
imsi.apply([{ entry: 'prefix', from: 124405, to: 124405, route: 0 }], encodeLabel(BLOCK));
const table = new RouteTable();
table.apply({ version: 1, routes: routes.map((route, number) => ({ number, route })) });
const newest = new NewestBlock();
newest.committed(BLOCK.height, 1_000);
const resolver = new NumberResolver({ imsi, msisdn }, table, newest, () => 1_250);

const services: HttpServices = {
  resolver,
  routes: table,
  metrics: async () => 'metric 1\n',
  longBatches: (question) =>
    isBusy ? undefined : Promise.resolve().then(() => resolveBatch(question, resolver)),
};
/** Whether too many long batches wait. */
const isBusy = false;

let server: HttpServer;
let base: string;
before(async () => {
  server = await listenHttp(
    '127.0.0.1',
    0,
    (request) => {
      if (request.path === '/fault') throw new Error('a fault of the program');
      return routeRequest(request, services);
    },
    () => problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.'),
  );
  base = `http://127.0.0.1:${server.port}`;
});
after(() => server.close());

async function get(path: string, init?: RequestInit) {
  const response = await fetch(`${base}${path}`, init);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, body: type.includes('json') ? JSON.parse(text) : text };
}

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, formats: { uuid: true, ipv4: true } });
ajv.addSchema({ $id: 'api', components: document.components });
function assertFits(schema: string, value: unknown): void {
  const validate = ajv.getSchema(`api#/components/schemas/${schema}`);
  assert.ok(validate, schema);
  assert.ok(validate(value), JSON.stringify(validate.errors));
}

test('a ported number is answered with its route and the block that the answer comes from', async () => {
  const { status, type, body } = await get(`${PATH}/msisdn-358501234567`);
  assert.equal(status, 200);
  assert.equal(type, 'application/json');
  assertFits('RoutingInfo', body);
  assert.deepEqual(body, {
    ueId: 'msisdn-358501234567',
    match: { entry: 'ported', from: '358501234567', to: '358501234567' },
    route: routes[1],
    ledger: { height: 12, blockHash: 'AB'.repeat(32), lagMs: 0 },
  });
});

test('the index of the user data is the base of the route plus the offset in the run', async () => {
  const { body } = await get(`${PATH}/msisdn-358501234542`);
  assertFits('RoutingInfo', body);
  assert.deepEqual(body.match, { entry: 'fragmented', from: '358501234500', to: '358501234599' });
  assert.equal(body.userDataIndex, 542);
});

test("an entry's own index of user data comes before the base of its route", async () => {
  const indexOf = async (ueId: string) => (await get(`${PATH}/${ueId}`)).body.userDataIndex;
  assert.equal(await indexOf('msisdn-358507774'), 74);
  assert.equal(await indexOf('msisdn-358507775'), 0);
});

test('a prefix entry names the prefix and no index of user data', async () => {
  const { body } = await get(`${PATH}/imsi-244050123456789`);
  assertFits('RoutingInfo', body);
  assert.deepEqual(body.match, { entry: 'prefix', prefix: '24405' });
  assert.equal('userDataIndex' in body, false);
});

test('explain lists every entry that covers the number, the winner first, and why it wins', async () => {
  const { body } = await get(`${PATH}/msisdn-358501234567?explain=true`);
  assertFits('RoutingInfo', body);
  const ported = { entry: 'ported', from: '358501234567', to: '358501234567' };
  const fragmented = { entry: 'fragmented', from: '358501234500', to: '358501234599' };
  const prefix = { entry: 'prefix', prefix: '35850' };
  assert.deepEqual(body.explanation, [
    {
      match: ported,
      route: routes[1],
      matchedLength: 12,
      wins: true,
      why: 'ported numbers come before runs and prefixes',
      shadows: fragmented,
      setBy: null,
    },
    {
      match: fragmented,
      route: routes[0],
      userDataIndex: 567,
      matchedLength: 12,
      wins: false,
      why: 'ported numbers come before runs',
      shadows: prefix,
      setBy: null,
    },
    {
      match: prefix,
      route: routes[1],
      matchedLength: 5,
      wins: false,
      why: 'ported numbers come before prefixes',
      setBy: null,
    },
  ]);
});

test('explain names what set each entry where a ledger can tell, as of the block that answers', async () => {
  const asked: [string[], number][] = [];
  const transaction = 'AB'.repeat(32);
  const answer = await answerRoutingInfo('msisdn-358501234567', 'explain=true', resolver, (async (
    name: 'origins',
    { entries, height }: LedgerQuestion<'origins'>,
  ) => {
    assert.equal(name, 'origins');
    asked.push([
      entries.map(({ identity, entry, from }) => `${identity} ${entry} ${from}`),
      height,
    ]);
    return [{ height: 7, transaction }, { height: 3, transaction: null }, null];
  }) as AskLedger);
  const body = JSON.parse(answer.body);
  assertFits('RoutingInfo', body);
  assert.deepEqual(
    body.explanation.map(({ setBy }: { setBy: unknown }) => setBy),
    [{ height: 7, transaction }, { height: 3, transaction: null }, null],
  );
  const names = ['ported 1358501234567', 'fragmented 1358501234500', 'prefix 135850'];
  assert.deepEqual(asked, [[names.map((name) => `msisdn ${name}`), BLOCK.height]]);
  const plain = answerRoutingInfo('msisdn-358501234567', '', resolver, () => assert.fail('asked'));
  assert.ok(!(plain instanceof Promise), 'a lookup without explain waits for nobody');
});

/** A resolver whose index has so many runs in each other, all around one number, and a prefix. */
function resolverOfNest(depth: number): NumberResolver {
  const nest = new ReferenceIndex();
  nest.apply(
    [
      { entry: 'prefix', from: 135850, to: 135850, route: 1 },
      ...Array.from({ length: depth }, (_, level) => {
        const [from, to] = [1358501200000 + level, 1358501299999 - level];
        return { entry: 'fragmented', from, to, route: 0 } as const;
      }),
    ],
    encodeLabel(BLOCK),
  );
  return new NumberResolver({ imsi, msisdn: nest }, table, newest, () => 1_250);
}

test('explain tells of as many runs as its limit, and says how many it leaves out', () => {
  const explain = (depth: number) => {
    const asked = answerRoutingInfo('msisdn-358501250000', 'explain=true', resolverOfNest(depth));
    const body = JSON.parse(asked.body);
    assertFits('RoutingInfo', body);
    return { explanation: body.explanation, cut: body.explanationCut };
  };
  const whole = explain(RUNS_EXPLAINED_MAX);
  assert.equal(whole.explanation.length, RUNS_EXPLAINED_MAX + 1);
  assert.equal(whole.cut, undefined);
  for (const [leftOut, cut] of [
    [1, { cause: 'RUNS_LEFT_OUT', runsLeftOut: 1, orMore: false }],
    [RUNS_COUNTED_MAX - 1, { cause: 'RUNS_LEFT_OUT', runsLeftOut: 1023, orMore: false }],
    [RUNS_COUNTED_MAX + 9, { cause: 'RUNS_LEFT_OUT', runsLeftOut: 1024, orMore: true }],
  ] as const) {
    const cutOff = explain(RUNS_EXPLAINED_MAX + leftOut);
    assert.deepEqual(cutOff.cut, cut);
    assert.equal(cutOff.explanation.length, RUNS_EXPLAINED_MAX + 1);
    assert.equal(cutOff.explanation.at(-2).shadows, undefined);
    assert.deepEqual(cutOff.explanation.at(-1).match, { entry: 'prefix', prefix: '35850' });
  }
});

test('an older block is asked for with every run around the number, up to a limit', async () => {
  const known: number[] = [];
  const askAt = (depth: number) => {
    const ask = async (_: string, question: LedgerQuestion<'asOf'>) => {
      known.push(question.known.entries.length);
      return { refusal: 'not-kept' };
    };
    const asked = resolverOfNest(depth);
    return answerRoutingInfo('msisdn-358501250000', 'height=3', asked, ask as AskLedger);
  };
  assert.equal((await askAt(1024)).status, 410);
  const tooDeep = await askAt(1025);
  assert.equal(tooDeep.status, 501);
  assert.equal(JSON.parse(tooDeep.body).cause, 'RUNS_NESTED_TOO_DEEP');
  assert.deepEqual(known, [1024 + 1]);
});

test('an explained answer and its explanation come from one version of the index', () => {
  // Another block is published after the first read of the index, after the second, and so on.
  for (let callsBefore = 1; callsBefore <= 6; callsBefore++) {
    const changing = new ReferenceIndex();
    const publish = (height: number, route: number) =>
      changing.apply(
        [{ entry: 'ported', from: 1358, to: 1358, route }],
        encodeLabel({ ...BLOCK, height }),
      );
    publish(1, 0);
    let calls = 0;
    const reader = new Proxy(changing, {
      get(index, name) {
        const method = Reflect.get(index, name);
        return (...inputs: unknown[]) => {
          const value = method.apply(index, inputs);
          calls++;
          if (calls === callsBefore) publish(2, 1);
          return value;
        };
      },
    });
    const { body } = answerRoutingInfo(
      'msisdn-358',
      'explain=true',
      new NumberResolver({ imsi, msisdn: reader }, table, newest, () => 1_250),
    );
    const { route, ledger, explanation } = JSON.parse(body);
    assert.equal(explanation[0].route.id, route.id);
    assert.equal(route.id, ledger.height === 1 ? 'a' : 'b');
  }
});

test('the lag tells how long a newer block has been waiting', async () => {
  newest.committed(BLOCK.height + 1, 1_100);
  const { body } = await get(`${PATH}/msisdn-358501234567`);
  newest.committed(BLOCK.height, 1_100);
  assert.equal(body.ledger.lagMs, 150);
});

test('a number that no entry covers is 404 USER_NOT_FOUND', async () => {
  for (const ueId of ['msisdn-999', 'imsi-358501234567', 'msisdn-1']) {
    const { status, type, body } = await get(`${PATH}/${ueId}`);
    assert.deepEqual(
      [status, type, body.cause],
      [404, 'application/problem+json', 'USER_NOT_FOUND'],
    );
    assertFits('ProblemDetails', body);
  }
});

test('a ueId that names no number is 400 MANDATORY_IE_INCORRECT', async () => {
  const bad = [
    '',
    'msisdn-',
    'msisdn',
    '358501234567',
    'msisdn-1234567890123456',
    'msisdn-12a',
    'msisdn-+358',
    'msisdn-%D9%A3%D9%A5%D9%A8',
    'msisdn-%EF%BC%91%EF%BC%92',
    'msisdn-12%',
    'msisdn-12%ZZ',
    'msisdn-12%00',
    'MSISDN-12',
    'nai-user@example.org',
    'msisdn-12/more',
    `msisdn-${'1'.repeat(2000)}`,
  ];
  for (const segment of bad) {
    const { status, type, body } = await get(`${PATH}/${segment}`);
    assert.deepEqual(
      [status, type, body.cause],
      [400, 'application/problem+json', 'MANDATORY_IE_INCORRECT'],
      segment,
    );
    assertFits('ProblemDetails', body);
  }
});

test('percent-encoded digits are digits', async () => {
  const { body } = await get(`${PATH}/msisdn%2D35850123456%37`);
  assert.equal(body.ueId, 'msisdn-358501234567');
});

test('an explain that is no boolean is 400, other parameters are ignored', async () => {
  const { status, body } = await get(`${PATH}/msisdn-358501234567?explain=maybe`);
  assert.deepEqual([status, body.cause], [400, 'OPTIONAL_QUERY_PARAM_INCORRECT']);
  assert.equal((await get(`${PATH}/msisdn-358501234567?other=1`)).status, 200);
});

test('a query that can be read in two ways is 400, wherever a query is read', async () => {
  const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' };
  for (const [path, init] of [
    [`${PATH}/msisdn-358501234567`, {}],
    ['/nbchf-routing/v1/ranges', {}],
    [`${PATH}/batch`, json],
  ] as const) {
    for (const query of [
      'explain=true&explain=false',
      'explain=true&%65xplain=true',
      'x=%',
      'x=%FF',
    ]) {
      const { status, body } = await get(`${path}?${query}`, init);
      assert.deepEqual([status, body.cause], [400, 'INVALID_QUERY_PARAM'], `${path}?${query}`);
      assertFits('ProblemDetails', body);
    }
  }
});

test('unknown paths are 404 and other methods 405', async () => {
  for (const path of [
    '/',
    '/nbchf-routing/v1',
    '/nbchf-routing/v2/routing-info/msisdn-1',
    '/a%00b',
  ]) {
    const { status, body } = await get(path);
    assert.deepEqual([status, body.cause], [404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND'], path);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const { status, body } = await get(`${PATH}/msisdn-358501234567`, { method });
    assert.deepEqual([status, body.cause], [405, 'METHOD_NOT_ALLOWED'], method);
  }
});

test('HEAD is answered like GET without a body', async () => {
  const response = await fetch(`${base}${PATH}/msisdn-358501234567`, { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
});

test('health, metrics and the OpenAPI document are served', async () => {
  const live = await get('/health/live');
  assertFits('Health', live.body);
  const ready = await get('/health/ready');
  assertFits('Health', ready.body);
  assert.equal(ready.body.height, 12);
  const metrics = await get('/metrics');
  assert.deepEqual([metrics.status, metrics.body], [200, 'metric 1\n']);
  assert.ok(metrics.type.startsWith('text/plain'));
  assert.deepEqual((await get('/openapi.json')).body, JSON.parse(JSON.stringify(document)));
});

test('a fault of the program is 500 and the server goes on', async () => {
  const { status, body } = await get('/fault');
  assert.deepEqual([status, body.cause], [500, 'SYSTEM_FAILURE']);
  assert.equal((await get('/health/live')).status, 200);
});

/** Sends bytes and gathers what comes back until the peer closes or nothing came for a while. */
function sendRaw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.setTimeout(200, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

test('broken requests get an error or a closed connection, never an answer, and others are served', async () => {
  const broken: (string | Buffer)[] = [
    '\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET ${PATH}/msisdn-358501234567 HTTP/1.1\r\n`,
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) & 0xff)),
    Buffer.alloc(65_536),
  ];
  for (const bytes of broken) {
    const text = await sendRaw(bytes);
    assert.ok(!text.includes(' 200 '), text.slice(0, 100));
    assert.equal((await get('/health/live')).status, 200);
  }
});

test('a header of two megabytes is refused or read past, and others are served', async () => {
  const header = `X: ${'a'.repeat(2 << 20)}`;
  await sendRaw(`GET ${PATH}/msisdn-358501234567 HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
  assert.equal((await get('/health/live')).status, 200);
});

test('a request with a huge body is answered without keeping the body', async () => {
  const response = await fetch(`${base}${PATH}/msisdn-358501234567`, {
    method: 'POST',
    body: new Uint8Array(8 << 20),
  }).catch(() => undefined);
  assert.ok(response === undefined || response.status === 405);
  assert.equal((await get('/health/live')).status, 200);
});

test('pipelined requests are answered in order', async () => {
  const one = (ueId: string) => `GET ${PATH}/${ueId} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const text = await sendRaw(one('msisdn-358501234567') + one('msisdn-999') + one('msisdn-35850'));
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
  assert.deepEqual(statuses, ['200', '404', '200']);
});

test('a connection leaves nothing behind when it is closed', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  for (let count = 0; count < 20; count++) {
    const { status } = await get('/health/live', { headers: { connection: 'close' } });
    assert.equal(status, 200);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  // Node warns of the eleventh listener of one event.
  assert.deepEqual(warnings, []);
});
