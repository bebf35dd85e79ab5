// The service-based interfaces of a whole service: TLS, a real NRF behind, tokens from end to end,
// several threads on one port, options that do not fit.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pino from 'pino';
import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { configure, servingOptions } from '../../config.ts';
import { encodeLabel, NewestBlock } from '../../freshness.ts';
import { FREE_PORTS } from '../../probe-ports.ts';
import { type Service, startService } from '../../service.ts';
import { loadSbi } from '../sbi-settings.ts';
import { canShareTcpPort } from '../shared-tcp-port.ts';
import { openH2, send } from './h2-requests.ts';
import { GPSI, ROUTES, SUPI, UNKNOWN_SUPI } from './sbi-fixture.ts';
import { TEST_CERT, TEST_KEY } from './tls-fixture.ts';

const AMF = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const NP_STATUS = `/nmnpf-npstatus/v1/${GPSI}`;

const directory = mkdtempSync(join(tmpdir(), 'bchf-sbi-'));
after(() => rmSync(directory, { recursive: true }));
const certFile = join(directory, 'cert.pem');
const keyFile = join(directory, 'key.pem');
writeFileSync(certFile, TEST_CERT);
writeFileSync(keyFile, TEST_KEY);

const configOf = (flags: Record<string, unknown>) =>
  configure(servingOptions, { flags, environment: {} }).values;

async function withService(
  flags: Record<string, unknown>,
  action: (service: Service) => Promise<void>,
): Promise<void> {
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  const label = encodeLabel({ height: 1, blockHash: new Uint8Array(32), timeMs: 0 });
  indexes.imsi.apply([{ entry: 'prefix', from: 124405, to: 124405, route: 0 }], label);
  indexes.msisdn.apply([{ entry: 'prefix', from: 1358, to: 1358, route: 0 }], label);
  const service = await startService({
    config: configOf({ ...FREE_PORTS, workers: 1, sbiWorkers: 1, ...flags }),
    indexes,
    routes: ROUTES,
    newestBlock: new NewestBlock(),
    log: pino({ level: 'silent' }),
    onFailure: assert.ifError,
  });
  try {
    await action(service);
  } finally {
    await service.stop();
  }
}

test('over TLS with ALPN h2, and with a client certificate where one is asked for', async () => {
  const tls = { sbiTlsCert: certFile, sbiTlsKey: keyFile };
  await withService(tls, async ({ ports }) => {
    const session = openH2(`https://127.0.0.1:${ports.sbi}`, { ca: TEST_CERT });
    assert.equal((await send(session, NP_STATUS)).status, 200);
    assert.equal(session.alpnProtocol, 'h2');
    session.destroy();
  });
  await withService({ ...tls, sbiTlsClientCa: certFile }, async ({ ports }) => {
    const url = `https://127.0.0.1:${ports.sbi}`;
    const known = openH2(url, { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY });
    assert.equal((await send(known, NP_STATUS)).status, 200);
    known.destroy();
    await assert.rejects(send(openH2(url, { ca: TEST_CERT }), NP_STATUS));
  });
});

test('limits are those that the options name', async () => {
  await withService({ sbiLimits: 'headerBytesMax=4096' }, async ({ ports }) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    assert.equal((await send(session, NP_STATUS, { 'x-long': 'x'.repeat(3000) })).status, 200);
    const long = send(session, NP_STATUS, { 'x-long': 'x'.repeat(4096) });
    // A reset where the client has acknowledged the limit, and so knows it.
    const outcome = await long.then(
      ({ status }) => status,
      ({ code }) => code,
    );
    assert.ok(outcome === 431 || outcome === 'ERR_HTTP2_STREAM_ERROR', outcome);
    session.destroy();
  });
});

test('several threads have one port, and each of many connections is served', async (t) => {
  if (!canShareTcpPort()) {
    t.skip('this platform gives a port to one thread');
    return;
  }
  await withService({ udpWorkers: 1, sbiWorkers: 3 }, async ({ ports, status }) => {
    assert.equal(status().workers, 1 + 1 + 3);
    const sessions = Array.from({ length: 12 }, () => openH2(`http://127.0.0.1:${ports.sbi}`));
    // A registration over one connection is seen over all others, whichever thread has them.
    const profile = { nfInstanceId: AMF, nfType: 'AMF', nfStatus: 'REGISTERED', fqdn: 'amf.test' };
    const put = { ':method': 'PUT', 'content-type': 'application/json' };
    const path = `/nnrf-nfm/v1/nf-instances/${AMF}`;
    await send(sessions[0]!, path, put, JSON.stringify(profile));
    for (const session of sessions) assert.equal((await send(session, path)).status, 200);
    for (const session of sessions) session.destroy();
  });
});

test('metrics tell what the minimal NRF holds, and nothing of one that is not there', async () => {
  const metric = async (port: number, name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  };
  await withService({}, async ({ ports }) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    assert.equal(await metric(ports.admin, 'bchf_nrf_instances'), '0');
    const profile = { nfInstanceId: AMF, nfType: 'AMF', nfStatus: 'REGISTERED', fqdn: 'amf.test' };
    const put = { ':method': 'PUT', 'content-type': 'application/json' };
    await send(session, `/nnrf-nfm/v1/nf-instances/${AMF}`, put, JSON.stringify(profile));
    session.destroy();
    assert.equal(await metric(ports.admin, 'bchf_nrf_instances'), '1');
    assert.equal(await metric(ports.admin, 'bchf_nrf_subscriptions'), '0');
    assert.equal(await metric(ports.admin, 'bchf_nrf_lost_notifications_total'), '0');
  });
  await withService({ sbiNrf: 'http://127.0.0.1:9' }, async ({ ports }) => {
    assert.equal(await metric(ports.admin, 'bchf_nrf_instances'), undefined);
  });
});

test('a real NRF is asked for what the index does not answer, and for nothing else', async (t) => {
  const asked: string[] = [];
  const nrf = http2.createServer();
  nrf.on('stream', (stream, headers) => {
    asked.push(`${headers[':method']} ${headers[':path']}`);
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end('{"validityPeriod":1,"nfInstances":[]}');
  });
  nrf.listen(0, '127.0.0.1');
  await once(nrf, 'listening');
  t.after(() => nrf.close());
  const sbiNrf = `http://127.0.0.1:${(nrf.address() as AddressInfo).port}`;
  // A wait that no busy machine meets: what it gives up is not asked.
  await withService({ sbiNrf, sbiNrfTimeoutMs: 60_000 }, async ({ ports }) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    const udmOf = (supi: string) =>
      `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${supi}`;
    assert.equal((await send(session, udmOf(SUPI))).json.nfInstances.length, 2);
    assert.deepEqual(asked, []);
    assert.equal((await send(session, udmOf(UNKNOWN_SUPI))).json.validityPeriod, 1);
    await send(session, '/nnrf-nfm/v1/nf-instances/1', { ':method': 'DELETE' });
    await send(session, '/oauth2/token', { ':method': 'POST' }, 'a=b');
    assert.deepEqual(asked, [
      `GET ${udmOf(UNKNOWN_SUPI)}`,
      'DELETE /nnrf-nfm/v1/nf-instances/1',
      'POST /oauth2/token',
    ]);
    session.destroy();
  });
});

test('where tokens are required, a consumer registers, gets one, and is answered with it', async () => {
  await withService({ sbiTokenPolicy: 'required' }, async ({ ports }) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    assert.equal((await send(session, NP_STATUS)).status, 401);
    const profile = { nfInstanceId: AMF, nfType: 'AMF', nfStatus: 'REGISTERED', fqdn: 'amf.test' };
    const registered = await send(
      session,
      `/nnrf-nfm/v1/nf-instances/${AMF}`,
      { ':method': 'PUT', 'content-type': 'application/json' },
      JSON.stringify(profile),
    );
    assert.equal(registered.json.customInfo.oauth2, true);
    const tokenOf = async (targetNfType: string, scope: string) => {
      const form = { grant_type: 'client_credentials', nfInstanceId: AMF, targetNfType, scope };
      const { json } = await send(
        session,
        '/oauth2/token',
        { ':method': 'POST', 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams(form).toString(),
      );
      return { authorization: `Bearer ${json.access_token}` };
    };
    const forNumbers = await tokenOf('MNPF', 'nmnpf-npstatus');
    assert.equal((await send(session, NP_STATUS, forNumbers)).status, 200);
    const disc = `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${SUPI}`;
    assert.equal((await send(session, disc, forNumbers)).status, 401);
    assert.equal((await send(session, disc, await tokenOf('NRF', 'nnrf-disc'))).status, 200);
    assert.equal((await send(session, disc, await tokenOf('NRF', 'nnrf-nfm'))).status, 403);
    session.destroy();
  });
});

test('options that do not fit are refused before anything listens', async () => {
  const refused = async (flags: Record<string, unknown>) =>
    assert.rejects(async () => loadSbi(configOf(flags)), { code: 'BCHF_CONFIG_INVALID' });
  await refused({ sbiTlsCert: certFile });
  await refused({ sbiTlsCert: certFile, sbiTlsKey: join(directory, 'none.pem') });
  await refused({ sbiTokenKey: join(directory, 'none.pem') });
  const text = join(directory, 'text.pem');
  writeFileSync(text, 'no key');
  await refused({ sbiTokenKey: text });
  await refused({ sbiNrf: 'ftp://nrf.test' });
  await refused({ sbiNrf: 'nrf.test:8000' });
  await refused({ sbiCollocated: 'UDM' });
  for (const sbiLimits of ['x=1', 'connectionsMax=1', 'idleMsMax', 'idleMsMax=0', 'idleMsMax=1s']) {
    await refused({ sbiLimits });
  }
  const sbiLimits = 'idleMsMax=1000,bodyBytesMax=2147483647';
  const { settings } = await loadSbi(configOf({ sbiCollocated: 'none', sbiLimits }));
  assert.deepEqual(settings.limits, { idleMsMax: 1000, bodyBytesMax: 2 ** 31 - 1 });
  assert.deepEqual(settings.collocated, []);
});
