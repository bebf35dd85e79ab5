// What an element does that the BCHF refuses, not the user that it asks for: whom it asks next, and when
// again. The flows have the same with a real BCHF; here the clock is the test's own.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { BchfClient } from '../bchf-source.ts';
import { Directory } from '../directory.ts';
import { httpAnswer } from '../peers.ts';
import type { WireAnswer } from '../wire.ts';

const QUESTION = { identity: 'imsi', digits: '244050123456789', by: 'nbchf' } as const;
const FOUND: WireAnswer = {
  ...{ status: 200, text: 'OK' },
  body: { route: { ipv4Addresses: ['10.0.0.1'], port: 80 } },
};
const SECOND: WireAnswer = {
  ...FOUND,
  body: { route: { ipv4Addresses: ['10.0.0.2'], port: 80 } },
};
const bchfAt = (name: string, port: number) => ({
  ...{ name, host: '127.0.0.1' },
  ports: { http: port, sbi: port, batch: port, enum: port },
});

/** An element that knows two BCHFs, of which the first answers as it is told. */
function setUp() {
  const asked: string[] = [];
  const clock = { ms: 1_000_000 };
  const says: { first: WireAnswer } = { first: FOUND };
  const client = new BchfClient({
    ...{ self: 'AMF', network: { mcc: '244', mnc: '05' }, nfType: 'UDM', trace: () => {} },
    directory: new Directory([]),
    now: () => clock.ms,
    peers: {
      ask: async ({ address }) => {
        asked.push(address === '127.0.0.1:1' ? 'first' : 'second');
        return asked.at(-1) === 'first' ? says.first : SECOND;
      },
    },
  });
  const bchfs = [bchfAt('first', 1), bchfAt('second', 2)];
  client.settings = { bchfs, timeoutMs: 1000, keepMs: 0 };
  const find = async () => {
    asked.length = 0;
    const told = await client.source(QUESTION).find(false);
    return [asked.join(), 'element' in told ? told.element.address : told.cause];
  };
  return { client, clock, says, find };
}

test('who is told to wait asks the second choice, and the first again when its time has come', async () => {
  for (const status of [429, 503]) {
    const { clock, says, find } = setUp();
    says.first = { status, text: 'NF_CONGESTION_RISK', retryAfterS: 7 };
    assert.deepEqual(await find(), ['first,second', '10.0.0.2:80']);
    says.first = FOUND;
    assert.deepEqual(await find(), ['second', '10.0.0.2:80']);
    clock.ms += 6_999;
    assert.deepEqual(await find(), ['second', '10.0.0.2:80']);
    clock.ms += 1;
    assert.deepEqual(await find(), ['first', '10.0.0.1:80']);
  }
});

test('who is not told for how long waits a second, and nobody waits longer than five minutes', async () => {
  for (const [retryAfterS, waitedMs] of [
    [undefined, 1000],
    [0, 0],
    [86_400, 300_000],
  ] as const) {
    const { clock, says, find } = setUp();
    says.first = { status: 429, text: 'NF_CONGESTION_RISK', retryAfterS };
    await find();
    says.first = FOUND;
    clock.ms += Math.max(0, waitedMs - 1);
    assert.equal((await find())[0], waitedMs === 0 ? 'first' : 'second');
    clock.ms += 1;
    assert.equal((await find())[0], 'first');
  }
});

test('without a second choice nobody is asked while the only one is left alone', async () => {
  const { client, says, find } = setUp();
  client.settings = { ...client.settings, bchfs: client.settings.bchfs.slice(0, 1) };
  says.first = { status: 429, text: 'NF_CONGESTION_RISK', retryAfterS: 7 };
  assert.deepEqual(await find(), ['first', 'congestion']);
  assert.deepEqual(await find(), ['', 'congestion']);
});

test('who may not ask does not try the second choice, and is told so each time', async () => {
  for (const [status, text] of [
    [401, 'UNAUTHORIZED'],
    [403, 'REQUESTER_NOT_ALLOWED'],
    [403, 'MEMBER_NOT_ALLOWED'],
  ] as const) {
    const { says, find } = setUp();
    says.first = { status, text };
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(await find(), ['first', 'requester-refused']);
    }
    says.first = FOUND;
    assert.deepEqual(await find(), ['first', '10.0.0.1:80']);
  }
});

test('a credential that is refused is not a requester that is', async () => {
  const { says, find } = setUp();
  says.first = { status: 403, text: 'CREDENTIAL_EXPIRED' };
  assert.deepEqual(await find(), ['first', 'credential-refused']);
});

test('Retry-After is read where it is in seconds', () => {
  const problem = Buffer.from('{"cause":"NF_CONGESTION_RISK"}');
  assert.equal(httpAnswer(429, problem, '12').retryAfterS, 12);
  for (const odd of [undefined, '', '-1', '1.5', 'Sun, 29 Nov 2026 09:00:00 GMT', '1'.repeat(10)]) {
    assert.equal(httpAnswer(429, problem, odd).retryAfterS, undefined);
  }
});

test('whose own window of requests over UDP is full is told of congestion, not of a BCHF that is not there', async () => {
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const { client } = setUp();
  const bchfs = [bchfAt('silent', silent.address().port)];
  client.settings = { bchfs, timeoutMs: 60_000, keepMs: 0 };
  const ask = () => client.source({ ...QUESTION, by: 'batch' }).find(false);
  const first = ask();
  await once(silent, 'message');
  const under = [first, ...Array.from({ length: 4095 }, ask)];
  const over = await ask();
  assert.equal('cause' in over && over.cause, 'congestion');
  await client.close();
  silent.close();
  for (const told of await Promise.all(under)) assert.ok('cause' in told);
});
