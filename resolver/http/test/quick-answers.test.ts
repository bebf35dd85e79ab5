// Plain lookups that are answered before anything else is made of the request: the same answers as ever, and
// everything that is no plain lookup goes the way that it always went.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDENTITIES } from '../../../ledger/number.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { BATCH_PATH, ROUTING_INFO_PATH, routeRequest } from '../http-router.ts';
import { listenHttp } from '../http-server.ts';
import { PreparedAnswers } from '../prepared-answers.ts';
import { problem } from '../problem.ts';
import { answerRoutingInfo } from '../routing-info.ts';
import { loadUWebSockets } from '../uwebsockets.ts';
import { exchange, SURE_MS } from './hostile-clients.ts';
import { change, routes, SmallIndex } from './http-fixture.ts';

const seed = Number(process.env.BCHF_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const { isNative } = loadUWebSockets();

function randomBelow(): (end: number) => number {
  let state = seed >>> 0;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

/** Numbers in and around every entry of the index, shorter and longer ones, and what is none. */
function segments(below: (end: number) => number): string[] {
  const near = ['35850', '358501234500', '358501234567', '358501239999', '35850777'];
  const numbers = Array.from({ length: 400 }, () => {
    const start = near[below(near.length)]!;
    const end = String(below(10 ** below(6)));
    return `${start.slice(0, 1 + below(start.length))}${end}`;
  });
  const odd = ['', 'x', 'batch', 'msisdn-', 'msisdn-%31', 'msisdn-1e3', 'MSISDN-35850', 'imsi--1'];
  const tooLong = `msisdn-${'3'.repeat(16)}`;
  const identities = IDENTITIES.map((identity) => `${identity}-`);
  return [
    ...[...near, ...numbers].map((number) => identities[below(8) === 0 ? 0 : 1]! + number),
    ...near.map((number) => `msisdn-${number}`),
    ...[...odd, tooLong, 'msisdn-٣٥٨٥٠'],
  ];
}

test(`an answer in bytes is the answer in text, block by block (BCHF_TEST_SEED=${seed})`, () => {
  const below = randomBelow();
  const index = new SmallIndex();
  const prepared = new PreparedAnswers(index.resolver);
  const found: Record<string, number> = {};
  const compare = () => {
    for (const segment of segments(below)) {
      const inText = answerRoutingInfo(segment, '', index.resolver);
      const quick = prepared.answer(segment);
      if (segment.includes('%') || inText.status === 400) {
        assert.equal(quick, undefined, segment);
      } else if (quick instanceof Uint8Array) {
        assert.equal(Buffer.from(quick).toString(), inText.body, segment);
        const { entry } = JSON.parse(inText.body).match;
        found[entry] = (found[entry] ?? 0) + 1;
      } else {
        assert.equal(inText.status, 404, segment);
        assert.deepEqual(quick, inText, segment);
      }
    }
  };
  compare();
  // Other blocks, and a route of which the table has got another text.
  index.apply([change('ported', '358501234567', 0), change('fragmented', '35850777', 1)]);
  index.apply([change('fragmented', '358507770', 0, '358507779')]);
  const changed = { ...routes[1]!, fqdn: 'another.example', member: 'é\u2028"' };
  index.routes.apply({ version: 2, routes: [{ number: 1, route: changed }] });
  compare();
  assert.deepEqual(Object.keys(found).sort(), ['fragmented', 'ported', 'prefix']);
});

test('an answer that is longer than the room for it is left to who writes text', () => {
  const index = new SmallIndex();
  const prepared = new PreparedAnswers(index.resolver);
  const lengths = new Set<number>();
  let isLeft = false;
  for (let characters = 3000; characters < 4200; characters += 7) {
    const route = { ...exampleRoute('b'), fqdn: 'x'.repeat(characters) };
    index.routes.apply({ version: characters, routes: [{ number: 1, route }] });
    const bytes = prepared.answer('msisdn-358501234567');
    if (!bytes) isLeft = true;
    else {
      assert.equal(isLeft, false);
      assert.ok(bytes instanceof Uint8Array);
      const { body } = answerRoutingInfo('msisdn-358501234567', '', index.resolver);
      assert.equal(Buffer.from(bytes).toString(), body);
      lengths.add(bytes.length);
    }
  }
  assert.ok(isLeft && lengths.size > 50);
});

test('what is no plain lookup is answered by the handler, on one connection with those that are', {
  skip: !isNative && 'only the native build answers quickly',
}, async () => {
  const index = new SmallIndex();
  const services = index.services();
  const reached: string[] = [];
  let fault = false;
  const prepared = new PreparedAnswers(index.resolver);
  const server = await listenHttp(
    '127.0.0.1',
    0,
    (request) => {
      reached.push(`${request.method} ${request.path}?${request.query}`);
      if (fault) throw new Error('a fault of the program');
      return routeRequest(request, services);
    },
    () => problem(500, 'SYSTEM_FAILURE', 'x'),
    {
      quick: {
        collection: ROUTING_INFO_PATH,
        answer(segment) {
          if (fault) throw new Error('a fault of the program');
          return prepared.answer(segment);
        },
      },
    },
  );
  try {
    const ask = async (line: string, fields = '', behind = '') => {
      const request = `${line} HTTP/1.1\r\nHost: x\r\n${fields}\r\n${behind}`;
      const again = `GET ${ROUTING_INFO_PATH}msisdn-358501234567 HTTP/1.1\r\nHost: x\r\n\r\n`;
      reached.length = 0;
      const { text, statuses } = await exchange(server.port, request + again, SURE_MS, 2);
      return { statuses, reached: [...reached], text };
    };
    const at = `${ROUTING_INFO_PATH}msisdn-358501234567`;
    const plain = await ask(`GET ${at}`);
    assert.deepEqual([plain.statuses, plain.reached], [[200, 200], []]);
    const { body } = answerRoutingInfo('msisdn-358501234567', '', index.resolver);
    assert.ok(plain.text.includes(`\r\n\r\n${body}HTTP/1.1 200 OK\r\n`), plain.text);
    assert.match(plain.text, /^content-type: application\/json\r$/m);
    for (const [line, status, fields, behind] of [
      [`GET ${at}?explain=true`, 200],
      [`GET ${at}?explain=x`, 400],
      [`HEAD ${at}`, 200],
      [`DELETE ${at}`, 405],
      [`GET ${BATCH_PATH}`, 405],
      [`GET ${ROUTING_INFO_PATH}msisdn-%33%35850`, 200],
      [`GET ${ROUTING_INFO_PATH}`, 400],
      [`GET ${at}/`, 400],
      [`GET ${at}`, 200, 'Content-Length: 3\r\n', 'abc'],
    ] as [string, number, string?, string?][]) {
      const { statuses, reached: handled } = await ask(line, fields, behind);
      assert.deepEqual(statuses, [status, 200], line);
      const [method, target] = line.split(' ') as [string, string];
      const shown = `${method.toLowerCase()} ${target}${target.includes('?') ? '' : '?'}`;
      assert.deepEqual(handled, [shown], line);
    }
    const ofNone = `GET ${ROUTING_INFO_PATH}msisdn-7`;
    for (const field of ['', 'X-Request-Id: call-7\r\n']) {
      const quick = await ask(ofNone, field);
      assert.deepEqual([quick.statuses, quick.reached], [[404, 200], []]);
      // A query makes it the handler's.
      const slow = await ask(`${ofNone}?explain=false`, field);
      assert.equal(slow.text, quick.text);
    }
    fault = true;
    const { statuses, reached: handled } = await ask(`GET ${at}`);
    assert.deepEqual([statuses, handled.length], [[500, 500], 2]);
  } finally {
    server.close();
  }
});
