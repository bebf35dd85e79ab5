// What the AMFs of free5GC and Open5GS send, and what each reads of the answer, mirrored from their
// sources: the first as they stand in May 2026, the second in 2026 (free5gc/amf
// internal/sbi/consumer/nrf_service.go and internal/util/search_nf_service.go; open5gs/open5gs
// lib/sbi/nnrf-build.c, nnrf-handler.c and nf-sm.c). Over sockets, against a whole service.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import pino from 'pino';
import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { configure, servingOptions } from '../../config.ts';
import { encodeLabel, NewestBlock } from '../../freshness.ts';
import { FREE_PORTS } from '../../probe-ports.ts';
import { type Service, startService } from '../../service.ts';
import { openH2, send } from './h2-requests.ts';
import { ROUTES, SUPI } from './sbi-fixture.ts';

const AMF = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const SMF = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb';

let service: Service;
let session: http2.ClientHttp2Session;
before(async () => {
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  const label = encodeLabel({ height: 1, blockHash: new Uint8Array(32), timeMs: 0 });
  indexes.imsi.apply([{ entry: 'prefix', from: 124405, to: 124405, route: 0 }], label);
  indexes.msisdn.apply([], label);
  const flags = { ...FREE_PORTS, workers: 1, sbiWorkers: 2 };
  service = await startService({
    config: configure(servingOptions, { flags, environment: {} }).values,
    indexes,
    routes: ROUTES,
    newestBlock: new NewestBlock(),
    log: pino({ level: 'silent' }),
    onFailure: assert.ifError,
  });
  session = openH2(`http://127.0.0.1:${service.ports.sbi}`);
});
after(async () => {
  session.destroy();
  await service.stop();
});

/** free5GC: SearchNFServiceUri of its AMF. */
// biome-ignore lint/suspicious/noExplicitAny: a profile as a client of another language sees it
function free5gcServiceUri(profile: any, name: string): string {
  for (const one of profile.nfServices ?? []) {
    if (one.serviceName !== name || one.nfServiceStatus !== 'REGISTERED') continue;
    const verbatim = profile.fqdn || one.fqdn || one.apiPrefix;
    if (verbatim) return verbatim;
    const [point] = one.ipEndPoints ?? [];
    const address = point?.ipv4Address || profile.ipv4Addresses?.[0];
    if (address) return `${one.scheme}://${address}:${point.port || 80}`;
  }
  return '';
}

test("free5GC's AMF finds the UDM of a subscriber: both services, each with a whole URI", async () => {
  // Go encodes the query in the order of the names.
  const query = `requester-nf-type=AMF&supi=${SUPI}&target-nf-type=UDM`;
  const reply = await send(session, `/nnrf-disc/v1/nf-instances?${query}`, {
    accept: 'application/json, application/problem+json',
    'content-type': 'application/json',
    'user-agent': 'OpenAPI-Generator/1.0.0/go',
  });
  assert.equal(reply.status, 200);
  assert.match(reply.headers['content-type'] ?? '', /^application\/json/);
  let uecm = '';
  let sdm = '';
  for (const profile of reply.json.nfInstances) {
    uecm = free5gcServiceUri(profile, 'nudm-uecm');
    sdm = free5gcServiceUri(profile, 'nudm-sdm');
    if (uecm !== '' && sdm !== '') break;
  }
  assert.deepEqual([uecm, sdm], ['http://10.0.0.1:8080', 'http://10.0.0.1:8080']);
});

test("free5GC's AMF registers, takes where it registered as its NRF, and deregisters", async () => {
  const profile = {
    nfInstanceId: AMF,
    nfType: 'AMF',
    nfStatus: 'REGISTERED',
    plmnList: [{ mcc: '208', mnc: '93' }],
    sNssais: [{ sst: 1, sd: '010203' }],
    ipv4Addresses: ['127.0.0.18'],
    amfInfo: { amfSetId: '3f8', amfRegionId: 'ca', guamiList: [], taiList: [] },
    nfServices: [
      {
        serviceInstanceId: '0',
        serviceName: 'namf-comm',
        versions: [{ apiVersionInUri: 'v1', apiFullVersion: '1.0.0' }],
        scheme: 'http',
        nfServiceStatus: 'REGISTERED',
        ipEndPoints: [{ ipv4Address: '127.0.0.18', transport: 'TCP', port: 8000 }],
        apiPrefix: 'http://127.0.0.18:8000',
      },
    ],
    defaultNotificationSubscriptions: [
      {
        notificationType: 'N1_MESSAGES',
        callbackUri: 'http://127.0.0.18:8000/x',
        n1MessageClass: '5GMM',
      },
    ],
  };
  const headers = { ':method': 'PUT', 'content-type': 'application/json' };
  const path = `/nnrf-nfm/v1/nf-instances/${AMF}`;
  const created = await send(session, path, headers, JSON.stringify(profile));
  assert.equal(created.status, 201);
  const location = created.headers.location ?? '';
  assert.equal(
    location.slice(0, location.indexOf('/nnrf-nfm/')),
    `http://127.0.0.1:${service.ports.sbi}`,
  );
  assert.equal(location.slice(location.lastIndexOf('/') + 1), AMF);
  assert.equal(created.json.customInfo, undefined);
  assert.equal((await send(session, path, { ':method': 'DELETE' })).status, 204);
});

/** Open5GS: ogs_nnrf_disc_handle_nf_discover_search_result and ogs_nnrf_nfm_handle_nf_profile. */
// biome-ignore lint/suspicious/noExplicitAny: a profile as a client of another language sees it
function assertOpen5gsTakes(profile: any): void {
  assert.ok(profile.nfInstanceId && profile.nfType && profile.nfStatus);
  for (const one of [
    ...(profile.nfServices ?? []),
    ...Object.values(profile.nfServiceList ?? {}),
  ]) {
    assert.ok(one.serviceInstanceId && one.serviceName && one.scheme);
    assert.ok(one.versions.every((version: object) => 'apiVersionInUri' in version));
    assert.ok(one.ipEndPoints.some((point: { ipv4Address?: string }) => point.ipv4Address));
  }
}

test('Open5GS reads every profile of an answer by identity, with its map of services', async () => {
  const query =
    'target-nf-type=UDM&requester-nf-type=AMF&service-names=nudm-uecm&requester-features=20';
  const byIdentity = await send(session, `/nnrf-disc/v1/nf-instances?${query}&supi=${SUPI}`);
  assert.notEqual(byIdentity.json.validityPeriod, 0);
  assert.equal(byIdentity.json.nfInstances.length, 2);
  for (const profile of byIdentity.json.nfInstances) assertOpen5gsTakes(profile);
  // It never sends an identity: then what is registered is found, which is nothing here.
  const without = await send(session, `/nnrf-disc/v1/nf-instances?${query}`);
  assert.deepEqual(without.json.nfInstances, []);
  assert.notEqual(without.json.validityPeriod, 0);
});

test("Open5GS's AMF registers, beats, subscribes, and is told of the SMF that it waits for", async () => {
  const notified: { path: string; body: string }[] = [];
  const amf = http2.createServer();
  amf.on('stream', (stream, headers) => {
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      notified.push({ path: headers[':path'] ?? '', body });
      stream.respond({ ':status': 204 }, { endStream: true });
      amf.emit('notified');
    });
  });
  amf.listen(0, '127.0.0.1');
  await once(amf, 'listening');
  const { port } = amf.address() as AddressInfo;

  const profileOf = (id: string, nfType: string) => ({
    nfInstanceId: id,
    nfType,
    nfStatus: 'REGISTERED',
    heartBeatTimer: 10,
    plmnList: [{ mcc: '999', mnc: '70' }],
    ipv4Addresses: ['127.0.0.5'],
    allowedNfTypes: ['AMF', 'SCP'],
    priority: 0,
    capacity: 100,
    load: 0,
    nfServiceList: {
      '1': {
        serviceInstanceId: '1',
        serviceName: nfType === 'SMF' ? 'nsmf-pdusession' : 'namf-comm',
        versions: [{ apiVersionInUri: 'v1', apiFullVersion: '1.0.0' }],
        scheme: 'http',
        nfServiceStatus: 'REGISTERED',
        ipEndPoints: [{ ipv4Address: '127.0.0.5', port: 7777 }],
        allowedNfTypes: ['AMF'],
        priority: 0,
        capacity: 100,
        load: 0,
      },
    },
    nfProfileChangesSupportInd: true,
  });
  const put = (id: string, nfType: string) =>
    send(
      session,
      `/nnrf-nfm/v1/nf-instances/${id}`,
      { ':method': 'PUT', 'content-type': 'application/json' },
      JSON.stringify(profileOf(id, nfType)),
    );
  const registered = await put(AMF, 'AMF');
  assert.ok([200, 201].includes(registered.status));
  assert.equal(registered.json.heartBeatTimer, 10);

  const beat = await send(
    session,
    `/nnrf-nfm/v1/nf-instances/${AMF}`,
    { ':method': 'PATCH', 'content-type': 'application/json-patch+json' },
    JSON.stringify([
      { op: 'replace', path: '/nfStatus', value: 'REGISTERED' },
      { op: 'replace', path: '/load', value: 0 },
    ]),
  );
  assert.ok([200, 204].includes(beat.status));

  const subscribed = await send(
    session,
    '/nnrf-nfm/v1/subscriptions',
    { ':method': 'POST', 'content-type': 'application/json' },
    JSON.stringify({
      nfStatusNotificationUri: `http://127.0.0.1:${port}/nnrf-nfm/v1/nf-status-notify`,
      reqNfInstanceId: AMF,
      subscrCond: { serviceName: 'nsmf-pdusession' },
      reqNfType: 'AMF',
      requesterFeatures: '1',
    }),
  );
  assert.equal(subscribed.status, 201);
  const { pathname } = new URL(subscribed.headers.location ?? '');
  const [, api, version, resource, id] = pathname.split('/');
  assert.deepEqual([api, version, resource], ['nnrf-nfm', 'v1', 'subscriptions']);
  assert.equal(id, subscribed.json.subscriptionId);
  assert.ok(Date.parse(subscribed.json.validityTime) > Date.now());

  const told = once(amf, 'notified');
  await put(SMF, 'SMF');
  await told;
  const [{ path, body } = { path: '', body: '{}' }] = notified;
  assert.equal(path, '/nnrf-nfm/v1/nf-status-notify');
  const data = JSON.parse(body);
  assert.equal(data.event, 'NF_REGISTERED');
  assert.equal(new URL(data.nfInstanceUri).pathname, `/nnrf-nfm/v1/nf-instances/${SMF}`);
  assertOpen5gsTakes(data.nfProfile);
  amf.close();
});
