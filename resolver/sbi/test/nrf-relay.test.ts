// A real NRF behind: what is passed on and back, and what happens where it is slow, silent or gone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { H2_CLIENT_LIMITS, H2Client } from '../h2-client.ts';
import { createNrfRelay } from '../nrf/nrf-relay.ts';
import type { SbiRequest } from '../sbi-message.ts';
import { NOW_MS, plainAnswer, sbiRequest } from './sbi-fixture.ts';

interface Seen {
  headers: http2.IncomingHttpHeaders;
  body: string;
}
const seen: Seen[] = [];
const sessions = new Set<http2.ServerHttp2Session>();
const nrf = http2.createServer();
nrf.on('session', (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
});
nrf.on('stream', (stream, headers) => {
  let body = '';
  stream.on('error', () => {});
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    body += chunk;
  });
  stream.on('end', () => {
    seen.push({ headers, body });
    const path = headers[':path'] ?? '';
    if (path.includes('silent')) return;
    if (path.includes('reset')) {
      stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      return;
    }
    const origin = `http://127.0.0.1:${(nrf.address() as AddressInfo).port}`;
    stream.respond({
      ':status': 201,
      'content-type': 'application/json',
      location: `${path.includes('foreign') ? 'http://other.test' : origin}/nnrf-nfm/v1/nf-instances/7`,
      etag: '"7"',
    });
    stream.end(JSON.stringify({ long: 'x'.repeat(path.includes('long') ? 5000 : 1) }));
  });
});

let origin: string;
let client: H2Client;
before(async () => {
  nrf.listen(0, '127.0.0.1');
  await once(nrf, 'listening');
  origin = `http://127.0.0.1:${(nrf.address() as AddressInfo).port}`;
  client = new H2Client(origin, undefined, { ...H2_CLIENT_LIMITS, bodyBytesMax: 4000 });
});
after(() => {
  client.close();
  for (const session of sessions) session.destroy();
  nrf.close();
});

function relay(options: { timeoutMs?: number; client?: H2Client } = {}) {
  const pass = createNrfRelay({
    client,
    origin,
    pseudonym: 'bchf-1',
    scheme: 'http',
    timeoutMs: 2000,
    now: () => NOW_MS,
    ...options,
  });
  return async (target: string, changes: Partial<SbiRequest> = {}, deadlineMs?: number) =>
    plainAnswer(await pass(sbiRequest(target, changes), deadlineMs));
}

test('a request and its answer go through, without what belongs to a connection', async () => {
  const answer = await relay()('/nnrf-nfm/v1/nf-instances/7?a=%20b', {
    method: 'PUT',
    headers: {
      ':authority': 'bchf.test:7777',
      'content-type': 'application/json',
      authorization: 'Bearer x',
      '3gpp-sbi-correlation-info': 'imsi-1',
      '3gpp-sbi-max-rsp-time': '900',
      te: 'trailers',
      via: '2.0 scp',
    },
    body: Buffer.from('{"a":1}'),
  });
  const { headers, body } = seen.at(-1) as Seen;
  assert.equal(headers[':method'], 'PUT');
  assert.equal(headers[':path'], '/nnrf-nfm/v1/nf-instances/7?a=%20b');
  assert.equal(headers[':authority'], new URL(origin).host);
  assert.deepEqual(
    [headers.authorization, headers['3gpp-sbi-correlation-info'], headers.te, headers.via, body],
    ['Bearer x', 'imsi-1', undefined, '2.0 scp, 2.0 bchf-1', '{"a":1}'],
  );
  assert.deepEqual(
    [answer.status, answer.type, answer.body],
    [201, 'application/json', { long: 'x' }],
  );
  assert.equal(answer.headers.etag, '"7"');
});

test('a Location at the NRF is told as one here, so that the consumer comes back; others stay', async () => {
  const headers = { ':authority': 'bchf.test:7777' };
  const own = await relay()('/nnrf-nfm/v1/own', { headers });
  assert.equal(own.headers.location, 'http://bchf.test:7777/nnrf-nfm/v1/nf-instances/7');
  const foreign = await relay()('/nnrf-nfm/v1/foreign', { headers });
  assert.equal(foreign.headers.location, 'http://other.test/nnrf-nfm/v1/nf-instances/7');
});

test('the time that is left goes along, and ends the wait', async () => {
  const headers = { '3gpp-sbi-max-rsp-time': '900' };
  await relay()('/a', { headers }, NOW_MS + 400);
  assert.equal(seen.at(-1)?.headers['3gpp-sbi-max-rsp-time'], '400');
  const late = await relay()('/silent', { headers }, NOW_MS + 30);
  assert.deepEqual([late.status, late.body.cause], [504, 'TARGET_NF_NOT_REACHABLE']);
  const limited = await relay({ timeoutMs: 30 })('/silent');
  assert.equal(limited.status, 504);
});

test('an NRF that is gone, resets, or says too much is an answer of its own', async () => {
  const gone = new H2Client('http://127.0.0.1:9');
  const unreachable = await relay({ client: gone })('/a');
  assert.deepEqual([unreachable.status, unreachable.body.cause], [504, 'TARGET_NF_NOT_REACHABLE']);
  assert.equal((await relay()('/reset')).status, 504);
  const long = await relay()('/long');
  assert.deepEqual([long.status, long.body.cause], [502, 'INBOUND_SERVER_ERROR']);
  assert.equal((await relay()('/a')).status, 201);
});

test('requests that wait for the NRF have a limit', async () => {
  const few = new H2Client(origin, undefined, { ...H2_CLIENT_LIMITS, requestsMax: 2 });
  const pass = relay({ client: few, timeoutMs: 100 });
  const waiting = [pass('/silent'), pass('/silent')];
  const refused = await pass('/a');
  assert.deepEqual([refused.status, refused.body.cause], [503, 'NF_CONGESTION']);
  await Promise.all(waiting);
  assert.equal((await pass('/a')).status, 201);
  few.close();
});

test('a connection that the NRF has closed is opened anew', async () => {
  const pass = relay();
  assert.equal((await pass('/a')).status, 201);
  for (const session of sessions) session.destroy();
  assert.equal((await pass('/a')).status, 201);
});

test('a request that has been here before is refused', async () => {
  const { status, body } = await relay()('/a', { headers: { via: '2.0 bchf-1, 2.0 scp' } });
  assert.deepEqual([status, body.cause], [400, 'MSG_LOOP_DETECTED']);
});
