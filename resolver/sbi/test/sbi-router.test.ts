// The steps that every request goes through, whatever it asks: overload, time limits, headers that are
// repeated, paths and methods.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { problemSchema } from '../../http/schemas.ts';
import { type CongestionLevel, levelAt } from '../congestion.ts';
import { routeSbi } from '../sbi-router.ts';
import { ask, fixtureServices, GPSI, NOW_MS, SUPI, sbiRequest } from './sbi-fixture.ts';

const NP_STATUS = `/nmnpf-npstatus/v1/${GPSI}`;

test('an unknown path is 404 and another method 405 with those that there are', async () => {
  for (const path of ['/', '/nudm-sdm/v2/x', '/nmnpf-npstatus/v2/x', '/nnrf-disc/v1']) {
    const { status, type, body } = await ask(path);
    assert.deepEqual([status, type], [404, 'application/problem+json'], path);
    assert.equal(problemSchema.parse(body).cause, 'RESOURCE_URI_STRUCTURE_NOT_FOUND');
  }
  for (const path of [
    NP_STATUS,
    '/nnrf-disc/v1/nf-instances',
    '/nudr-group-id-map/v1/nf-group-ids',
  ]) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', '']) {
      const { status, headers, body } = await ask(path, { method });
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
      assert.equal(problemSchema.parse(body).cause, 'METHOD_NOT_ALLOWED');
    }
  }
});

test('priority and correlation are repeated in every answer', async () => {
  const headers = {
    '3gpp-sbi-message-priority': '7',
    '3gpp-sbi-correlation-info': 'imsi-1234567',
    'x-other': '1',
  };
  for (const target of [NP_STATUS, '/nowhere', `${NP_STATUS}?x=1`]) {
    const answer = await ask(target, { headers });
    assert.equal(answer.headers['3gpp-sbi-message-priority'], '7');
    assert.equal(answer.headers['3gpp-sbi-correlation-info'], 'imsi-1234567');
    assert.equal(answer.headers['x-other'], undefined);
  }
});

test('what comes too late for its requester is not answered', async () => {
  const statusAt = async (nowMs: number, headers: Record<string, string>) => {
    const services = fixtureServices({ now: () => nowMs });
    const { status, body } = await ask(NP_STATUS, { headers }, services);
    if (status !== 200) assert.equal(body.cause, 'TIMED_OUT_REQUEST');
    return status;
  };
  const within = { '3gpp-sbi-max-rsp-time': '200' };
  assert.equal(await statusAt(NOW_MS + 199, within), 200);
  assert.equal(await statusAt(NOW_MS + 200, within), 504);
  const stamped = {
    ...within,
    '3gpp-sbi-sender-timestamp': new Date(NOW_MS - 150).toUTCString().replace(' GMT', '.850 GMT'),
  };
  assert.equal(await statusAt(NOW_MS, stamped), 200);
  assert.equal(await statusAt(NOW_MS + 100, stamped), 504);
  for (const text of ['', 'soon', '-1', '1e3']) {
    assert.equal(await statusAt(NOW_MS + 1e6, { '3gpp-sbi-max-rsp-time': text }), 200);
  }
});

test('under overload the lowest priorities are shed first, the highest never', async () => {
  const served = async (level: CongestionLevel, priority: string | undefined) => {
    const headers = priority === undefined ? {} : { '3gpp-sbi-message-priority': priority };
    const services = fixtureServices({ congestion: () => level });
    const { status, headers: answered, body } = await ask(NP_STATUS, { headers }, services);
    if (status === 200) return true;
    assert.deepEqual([status, body.cause, answered['retry-after']], [503, 'NF_CONGESTION', '1']);
    return false;
  };
  const cases: [priority: string | undefined, served: boolean[]][] = [
    ['0', [true, true, true, true]],
    ['7', [true, true, true, true]],
    ['8', [true, true, true, false]],
    ['16', [true, true, false, false]],
    ['24', [true, true, false, false]],
    [undefined, [true, true, false, false]],
    ['none', [true, true, false, false]],
    ['32', [true, true, false, false]],
    ['25', [true, false, false, false]],
    ['31', [true, false, false, false]],
  ];
  for (const [priority, expected] of cases) {
    const levels = [0, 1, 2, 3] as const;
    const actual = await Promise.all(levels.map((level) => served(level, priority)));
    assert.deepEqual(actual, expected, `priority ${priority}`);
  }
  assert.deepEqual([0, 49, 50, 150, 399, 400, 1e6].map(levelAt), [0, 0, 1, 2, 2, 3, 3]);
});

test('no request makes a fault: every answer that is none is problem+json with its cause', async () => {
  const services = fixtureServices({
    askNrf: async () => ({ status: 200, contentType: 'application/json', body: '{}', headers: [] }),
  });
  const seed = Number(process.env.BCHF_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }).map(encodeURI),
    fc.constantFrom(
      '%',
      '%ff',
      '%00',
      '&',
      '=',
      '+',
      '[]',
      '{"mcc":1}',
      '__proto__',
      'constructor',
    ),
    fc.constantFrom(SUPI, GPSI, 'imsi-', 'UDM', 'AMF', 'AUSF,UDR', '1'),
  );
  const name = fc.constantFrom(
    ...['target-nf-type', 'requester-nf-type', 'supi', 'gpsi', 'imsi', 'msisdn', 'limit'],
    ...['service-names', 'requester-features', 'target-plmn-list', 'nf-type', 'subscriberId'],
    'subscriber-id',
  );
  const query = fc
    .array(fc.tuple(fc.oneof(name, piece), piece), { maxLength: 6 })
    .map((pairs) => pairs.map(([one, other]) => `${one}=${other}`).join('&'));
  const path = fc.oneof(
    fc.constantFrom('/nnrf-disc/v1/nf-instances', '/nudr-group-id-map/v1/nf-group-ids'),
    piece.map((text) => `/nmnpf-npstatus/v1/${text.replaceAll('?', '')}`),
    piece.map((text) => `/${text}`),
  );
  await fc.assert(
    fc.asyncProperty(path, query, async (where, what) => {
      const answer = await routeSbi(sbiRequest(where, { query: what }), services);
      assert.ok(answer.status < 500, `${answer.status} for ${where}?${what}`);
      if (answer.status < 400) return;
      assert.equal(answer.contentType, 'application/problem+json');
      assert.ok('body' in answer);
      problemSchema.parse(JSON.parse(answer.body as string));
    }),
    { numRuns: 2000, seed },
  );
});
