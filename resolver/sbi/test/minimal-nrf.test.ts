// The minimal NRF: what a core needs to start with, without a socket.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { generateTokenKeys, verifyToken } from '../access-token.ts';
import { answerNrf, type MinimalNrf, sweepNrf } from '../nrf/minimal-nrf.ts';
import { NfRegistry, type Notification } from '../nrf/nf-registry.ts';
import type { SbiRequest } from '../sbi-message.ts';
import { NOW_MS, plainAnswer, sbiRequest } from './sbi-fixture.ts';

const AMF = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const SMF = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb';
const NRF = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';
const JSON_BODY = { 'content-type': 'application/json', ':authority': 'nrf.test:7777' };
const PATCH_BODY = { 'content-type': 'application/json-patch+json' };

const keys = generateTokenKeys();
let nrf: MinimalNrf;
let notifications: Notification[];
let nowMs: number;
beforeEach(() => {
  notifications = [];
  nowMs = NOW_MS;
  let ids = 0;
  nrf = {
    registry: new NfRegistry({
      instancesMax: 3,
      subscriptionsMax: 2,
      profileBytesMax: 18_000,
      allProfilesBytesMax: 20_000,
      allSubscriptionsBytesMax: 2000,
    }),
    tokens: { nfInstanceId: NRF, privateKey: keys.privateKey },
    areTokensRequired: false,
    validitySeconds: 60,
    authority: '127.0.0.1:7777',
    scheme: 'http',
    notify: (notification) => notifications.push(notification),
    newId: () => `subscription${ids++}`,
    now: () => nowMs,
  };
});

async function call(
  method: string,
  target: string,
  body?: unknown,
  headers?: SbiRequest['headers'],
) {
  const bytes = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const changes = { method, headers: headers ?? JSON_BODY, body: Buffer.from(bytes) };
  return plainAnswer(await answerNrf(sbiRequest(target, changes), nrf));
}

const instance = (id: string) => `/nnrf-nfm/v1/nf-instances/${id}`;
const smf = (changes: object = {}) => ({
  nfInstanceId: SMF,
  nfType: 'SMF',
  nfStatus: 'REGISTERED',
  ipv4Addresses: ['10.0.0.7'],
  nfServices: [
    {
      serviceInstanceId: 'pdu',
      serviceName: 'nsmf-pdusession',
      versions: [{ apiVersionInUri: 'v1', apiFullVersion: '1.0.0' }],
      scheme: 'http',
      nfServiceStatus: 'REGISTERED',
      ipEndPoints: [{ ipv4Address: '10.0.0.7', port: 8000 }],
    },
  ],
  smfInfo: { sNssaiSmfInfoList: [] },
  ...changes,
});
const amf = () => ({
  nfInstanceId: AMF,
  nfType: 'AMF',
  nfStatus: 'REGISTERED',
  ipv4Addresses: ['10.0.0.8'],
});
const DISCOVERY = '/nnrf-disc/v1/nf-instances?requester-nf-type=AMF';
const discover = async (query: string) =>
  (await call('GET', `${DISCOVERY}&${query}`)).body.nfInstances;

test('an instance registers, is read, replaced, found, and gone after it deregisters', async () => {
  const created = await call('PUT', instance(SMF), smf());
  assert.equal(created.status, 201);
  assert.equal(created.headers.location, `http://nrf.test:7777${instance(SMF)}`);
  assert.equal(created.body.heartBeatTimer, 10);
  assert.deepEqual(created.body.smfInfo, { sNssaiSmfInfoList: [] });
  assert.deepEqual((await call('GET', instance(SMF))).body, created.body);
  const replaced = await call('PUT', instance(SMF), smf({ heartBeatTimer: 30 }));
  assert.deepEqual([replaced.status, replaced.headers.location], [200, undefined]);
  assert.equal(replaced.body.heartBeatTimer, 30);
  const [found] = await discover('target-nf-type=SMF&service-names=nsmf-pdusession');
  assert.equal(found.nfServices[0].ipEndPoints[0].port, 8000);
  const list = await call('GET', '/nnrf-nfm/v1/nf-instances?nf-type=SMF');
  assert.equal(list.type, 'application/3gppHal+json');
  assert.deepEqual(list.body._links.item, [{ href: `http://nrf.test:7777${instance(SMF)}` }]);
  assert.equal((await call('DELETE', instance(SMF))).status, 204);
  assert.equal((await call('DELETE', instance(SMF))).status, 404);
  assert.deepEqual(await discover('target-nf-type=SMF'), []);
});

test('a registration that is not as it should be is refused with the place of the fault', async () => {
  const refused = async (body: unknown, headers?: SbiRequest['headers']) => {
    const answer = await call('PUT', instance(SMF), body, headers);
    assert.equal(answer.type, 'application/problem+json');
    return [answer.status, answer.body.invalidParams?.[0]?.param ?? answer.body.cause];
  };
  assert.deepEqual(await refused(smf({ nfInstanceId: AMF })), [400, '/nfInstanceId']);
  assert.deepEqual(await refused(smf({ nfStatus: 'ASLEEP' })), [400, '/nfStatus']);
  assert.deepEqual(await refused(smf({ ipv4Addresses: ['x'] })), [400, '/ipv4Addresses/0']);
  assert.deepEqual(await refused(smf({ ipv4Addresses: undefined })), [400, '/']);
  assert.deepEqual(await refused('{'), [400, 'INVALID_MSG_FORMAT']);
  assert.deepEqual(await refused('[1]'), [400, '/']);
  assert.deepEqual(await refused('{"__proto__":{}}'), [400, 'INVALID_MSG_FORMAT']);
  assert.deepEqual(await refused(`${'['.repeat(100_000)}`), [400, 'INVALID_MSG_FORMAT']);
  assert.deepEqual(await refused(smf(), {}), [415, 'UNSUPPORTED_MEDIA_TYPE']);
});

test('a registry that is full refuses new instances and still takes those that it has', async () => {
  for (let number = 0; number < 3; number++) {
    const id = AMF.replace(/^.{8}/, `0000000${number}`);
    assert.equal((await call('PUT', instance(id), { ...amf(), nfInstanceId: id })).status, 201);
  }
  const refused = await call('PUT', instance(SMF), smf());
  assert.deepEqual([refused.status, refused.body.cause], [500, 'INSUFFICIENT_RESOURCES']);
  const id = AMF.replace(/^.{8}/, '00000000');
  const large = { ...amf(), nfInstanceId: id, customInfo: { x: 'x'.repeat(20_000) } };
  assert.equal((await call('PUT', instance(id), large)).status, 500);
  assert.equal((await call('PUT', instance(id), { ...amf(), nfInstanceId: id })).status, 200);
});

test('a profile does not grow beyond its limit, however many patches add to it', async () => {
  await call('PUT', instance(AMF), amf());
  const add = (name: string) =>
    call(
      'PATCH',
      instance(AMF),
      [{ op: 'add', path: `/${name}`, value: 'x'.repeat(8000) }],
      PATCH_BODY,
    );
  assert.equal((await add('one')).status, 204);
  assert.equal((await add('two')).status, 204);
  const refused = await add('three');
  assert.deepEqual([refused.status, refused.body.cause], [500, 'INSUFFICIENT_RESOURCES']);
  assert.equal((await call('GET', instance(AMF))).body.three, undefined);
});

test('an answer has no more bytes than asked for, or 124 kilo octets, however many are registered', async () => {
  nrf.registry = new NfRegistry();
  for (let number = 0; number < 10; number++) {
    const id = AMF.replace(/^.{8}/, `0000000${number}`);
    const profile = { ...amf(), nfInstanceId: id, customInfo: { x: 'x'.repeat(20_000) } };
    assert.equal((await call('PUT', instance(id), profile)).status, 201);
  }
  for (const [wish, count] of [
    ['', 6],
    ['&max-payload-size=21', 1],
    ['&max-payload-size=124', 6],
    ['&max-payload-size=2000', 10],
    ['&max-payload-size=2000&limit=7', 7],
    ['&max-payload-size=1', 0],
  ] as const) {
    const target = `${DISCOVERY}&target-nf-type=AMF${wish}`;
    const { body } = await answerNrf(sbiRequest(target), nrf);
    const { nfInstances, noProfileMatchInfo } = JSON.parse(String(body));
    assert.equal(nfInstances.length, count, wish);
    assert.ok(body.length <= 1000 * Number(/size=(\d+)/.exec(wish)?.[1] ?? 124), wish);
    assert.equal(noProfileMatchInfo, undefined, 'there are some, if without room');
  }
});

test('a heartbeat keeps an instance; without more of them it goes, and who never sent one stays', async () => {
  await call('PUT', instance(SMF), smf());
  await call('PUT', instance(AMF), amf());
  const beat = [
    { op: 'replace', path: '/nfStatus', value: 'REGISTERED' },
    { op: 'replace', path: '/load', value: 7 },
  ];
  assert.equal((await call('PATCH', instance(SMF), beat, PATCH_BODY)).status, 204);
  assert.equal((await call('GET', instance(SMF))).body.load, 7);
  nowMs += 30_000;
  sweepNrf(nrf);
  assert.equal((await discover('target-nf-type=SMF')).length, 1);
  nowMs += 1;
  sweepNrf(nrf);
  assert.deepEqual(await discover('target-nf-type=SMF'), []);
  assert.equal((await discover('target-nf-type=AMF')).length, 1);
  assert.equal((await call('PATCH', instance(SMF), beat, PATCH_BODY)).status, 404);
});

test('a patch that does not fit, or makes an invalid profile, changes nothing', async () => {
  await call('PUT', instance(SMF), smf());
  const before = (await call('GET', instance(SMF))).body;
  for (const patch of [
    [{ op: 'replace', path: '/nfStatus', value: 'ASLEEP' }],
    [{ op: 'replace', path: '/nfInstanceId', value: AMF }],
    [{ op: 'remove', path: '/nothing' }],
    [{ op: 'test', path: '/nfType', value: 'AMF' }],
    [{ op: 'add', path: '/__proto__/x', value: 1 }],
    [{ op: 'add', path: '/nfServices/9', value: 1 }],
    [{ op: 'move', path: '/a', from: '/b' }],
    [],
  ]) {
    const { status } = await call('PATCH', instance(SMF), patch, PATCH_BODY);
    assert.equal(status, 400, JSON.stringify(patch));
  }
  assert.deepEqual((await call('GET', instance(SMF))).body, before);
  const useful = [
    { op: 'test', path: '/nfType', value: 'SMF' },
    { op: 'add', path: '/nfServices/0/priority', value: 3 },
    { op: 'remove', path: '/smfInfo' },
  ];
  assert.equal((await call('PATCH', instance(SMF), useful, PATCH_BODY)).status, 204);
  const after = (await call('GET', instance(SMF))).body;
  assert.deepEqual([after.nfServices[0].priority, after.smfInfo], [3, undefined]);
});

test('only instances that serve what is asked are found', async () => {
  await call(
    'PUT',
    instance(SMF),
    smf({ allowedNfTypes: ['AMF'], plmnList: [{ mcc: '244', mnc: '05' }] }),
  );
  const plmn = (mnc: string) =>
    `target-plmn-list=${encodeURIComponent(JSON.stringify([{ mcc: '244', mnc }]))}`;
  const count = async (query: string) => (await discover(query)).length;
  assert.equal(await count('target-nf-type=SMF'), 1);
  assert.equal(await count('target-nf-type=UDM'), 0);
  assert.equal(await count('target-nf-type=SMF&service-names=nsmf-other'), 0);
  assert.equal(await count(`target-nf-type=SMF&${plmn('05')}`), 1);
  assert.equal(await count(`target-nf-type=SMF&${plmn('06')}`), 0);
  assert.equal(await count(`target-nf-type=SMF&target-nf-instance-id=${AMF}`), 0);
  const other = await call(
    'GET',
    '/nnrf-disc/v1/nf-instances?requester-nf-type=PCF&target-nf-type=SMF',
  );
  assert.deepEqual(other.body.nfInstances, []);
  const asMap = (await discover('target-nf-type=SMF&requester-features=20'))[0];
  assert.deepEqual([Object.keys(asMap.nfServiceList), asMap.nfServices], [['pdu'], undefined]);
  assert.equal(asMap.allowedNfTypes, undefined);
  const suspended = [{ op: 'replace', path: '/nfStatus', value: 'SUSPENDED' }];
  await call('PATCH', instance(SMF), suspended, PATCH_BODY);
  assert.equal(await count('target-nf-type=SMF'), 0);
});

test('a UDM is found by the ranges and the group that it registered', async () => {
  const udmInfo = {
    groupId: 'g1',
    supiRanges: [{ start: '244050000000000', end: '244050000000999' }],
    gpsiRanges: [{ pattern: '^msisdn-(a+)+$' }],
  };
  await call('PUT', instance(SMF), { ...amf(), nfInstanceId: SMF, nfType: 'UDM', udmInfo });
  const count = async (query: string) => (await discover(`target-nf-type=UDM&${query}`)).length;
  assert.equal(await count('supi=imsi-244050000000500'), 1);
  assert.equal(await count('supi=imsi-244050000001000'), 0);
  assert.equal(await count('supi=imsi-24405000000050'), 0);
  assert.equal(await count('gpsi=msisdn-358501234567'), 1);
  assert.equal(await count('group-id-list=g1'), 1);
  assert.equal(await count('group-id-list=g2'), 0);
});

const subscription = (condition: object, changes: object = {}) => ({
  nfStatusNotificationUri: 'http://amf.test:9000/nnrf-nfm/v1/nf-status-notify',
  reqNfInstanceId: AMF,
  subscrCond: condition,
  requesterFeatures: '1',
  ...changes,
});
const SUBSCRIPTIONS = '/nnrf-nfm/v1/subscriptions';

test('a subscriber hears of registration, change and deregistration of what it watches', async () => {
  const created = await call('POST', SUBSCRIPTIONS, subscription({ nfType: 'SMF' }));
  assert.equal(created.status, 201);
  assert.equal(created.headers.location, `http://nrf.test:7777${SUBSCRIPTIONS}/subscription0`);
  assert.match(created.body.subscriptionId, /^[^-]+$/);
  assert.equal(created.body.requesterFeatures, undefined);
  await call('PUT', instance(SMF), smf({ allowedNfTypes: ['AMF'] }));
  await call('PUT', instance(AMF), amf());
  const beat = [{ op: 'replace', path: '/load', value: 50 }];
  await call('PATCH', instance(SMF), beat, PATCH_BODY);
  const change = [{ op: 'replace', path: '/priority', value: 5 }];
  await call('PATCH', instance(SMF), change, PATCH_BODY);
  await call('DELETE', instance(SMF));
  assert.deepEqual(
    notifications.map(({ data }) => data.event),
    ['NF_REGISTERED', 'NF_PROFILE_CHANGED', 'NF_DEREGISTERED'],
  );
  const [registered, , gone] = notifications;
  assert.equal(registered?.uri, 'http://amf.test:9000/nnrf-nfm/v1/nf-status-notify');
  assert.equal(registered?.data.nfInstanceUri, `http://nrf.test:7777${instance(SMF)}`);
  assert.equal(registered?.data.nfProfile?.nfInstanceId, SMF);
  assert.equal(registered?.data.nfProfile?.allowedNfTypes, undefined);
  assert.equal(gone?.data.nfProfile, undefined);
});

test('nobody hears of itself, of events that it did not ask for, or after it unsubscribed', async () => {
  await call('POST', SUBSCRIPTIONS, subscription({ nfType: 'AMF' }));
  await call('PUT', instance(AMF), amf());
  assert.equal(notifications.length, 0);
  const one = subscription(
    { serviceName: 'nsmf-pdusession' },
    { reqNotifEvents: ['NF_DEREGISTERED'] },
  );
  const { body } = await call('POST', SUBSCRIPTIONS, one);
  await call('PUT', instance(SMF), smf());
  assert.equal(notifications.length, 0);
  await call('DELETE', instance(SMF));
  assert.equal(notifications.length, 1);
  assert.equal((await call('DELETE', `${SUBSCRIPTIONS}/${body.subscriptionId}`)).status, 204);
  const again = await call('DELETE', `${SUBSCRIPTIONS}/${body.subscriptionId}`);
  assert.deepEqual([again.status, again.body.cause], [404, 'SUBSCRIPTION_NOT_FOUND']);
  await call('PUT', instance(SMF), smf());
  await call('DELETE', instance(SMF));
  assert.equal(notifications.length, 1);
});

test('a subscription ends when its time is over, may be prolonged, and has a limit of number', async () => {
  const inAnHour = new Date(NOW_MS + 3_600_000).toISOString();
  const asked = subscription({ nfType: 'SMF' }, { validityTime: inAnHour });
  const { body } = await call('POST', SUBSCRIPTIONS, asked);
  assert.equal(body.validityTime, inAnHour);
  await call('POST', SUBSCRIPTIONS, subscription({ nfType: 'UDM' }));
  assert.equal((await call('POST', SUBSCRIPTIONS, asked)).status, 500);
  const later = new Date(NOW_MS + 7_200_000).toISOString();
  const patch = [{ op: 'replace', path: '/validityTime', value: later }];
  const prolonged = await call(
    'PATCH',
    `${SUBSCRIPTIONS}/${body.subscriptionId}`,
    patch,
    PATCH_BODY,
  );
  assert.deepEqual([prolonged.status, prolonged.body.validityTime], [200, later]);
  nowMs += 7_200_000;
  sweepNrf(nrf);
  await call('PUT', instance(SMF), smf());
  assert.equal(notifications.length, 0);
});

test('subscriptions have a limit of bytes, and one that goes makes room', async () => {
  const large = subscription({ nfType: 'SMF' }, { extension: 'x'.repeat(1500) });
  const { body } = await call('POST', SUBSCRIPTIONS, large);
  const refused = await call('POST', SUBSCRIPTIONS, large);
  assert.deepEqual([refused.status, refused.body.cause], [500, 'INSUFFICIENT_RESOURCES']);
  assert.equal((await call('DELETE', `${SUBSCRIPTIONS}/${body.subscriptionId}`)).status, 204);
  assert.equal((await call('POST', SUBSCRIPTIONS, large)).status, 201);
});

test('a subscription that is not understood is refused', async () => {
  for (const body of [
    subscription({ nfType: 'SMF' }, { nfStatusNotificationUri: 'file:///etc/passwd' }),
    subscription({ nfType: 'SMF' }, { nfStatusNotificationUri: undefined }),
    subscription({ upfCond: {} }),
    {},
  ]) {
    assert.equal((await call('POST', SUBSCRIPTIONS, body)).status, 400, JSON.stringify(body));
  }
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const tokenForm = (changes: Record<string, string> = {}) =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    nfInstanceId: AMF,
    nfType: 'AMF',
    targetNfType: 'UDM',
    scope: 'nudm-sdm nudm-uecm',
    ...changes,
  }).toString();

test('who is registered gets a token with the claims that TS 29.510 asks for', async () => {
  await call('PUT', instance(AMF), amf());
  const { status, headers, body } = await call('POST', '/oauth2/token', tokenForm(), FORM);
  assert.equal(status, 200);
  assert.deepEqual([headers['cache-control'], headers.pragma], ['no-store', 'no-cache']);
  assert.deepEqual([body.token_type, body.scope], ['Bearer', 'nudm-sdm nudm-uecm']);
  const verified = await verifyToken(body.access_token, keys.publicKey, nowMs);
  assert.deepEqual(verified, {
    subject: AMF,
    audience: ['UDM'],
    scopes: new Set(['nudm-sdm', 'nudm-uecm']),
    expiresMs: nowMs + 3_600_000,
    network: undefined,
  });
  const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
  assert.equal(claims.iss, NRF);
});

test('a token is refused with the errors of OAuth', async () => {
  await call('PUT', instance(AMF), amf());
  const errorOf = async (form: string, headers = FORM) => {
    const { status, body, headers: answered } = await call('POST', '/oauth2/token', form, headers);
    assert.deepEqual([status, answered['cache-control']], [400, 'no-store']);
    return body.error;
  };
  assert.equal(await errorOf(tokenForm({ nfInstanceId: SMF })), 'invalid_client');
  assert.equal(await errorOf(tokenForm({ nfType: 'SMF' })), 'invalid_client');
  assert.equal(await errorOf(tokenForm({ grant_type: 'password' })), 'unsupported_grant_type');
  assert.equal(await errorOf(tokenForm({ scope: 'nsmf-pdusession' })), 'invalid_scope');
  assert.equal(await errorOf(tokenForm({ scope: 'a  b' })), 'invalid_request');
  assert.equal(await errorOf(`${tokenForm()}&scope=x`), 'invalid_request');
  assert.equal(await errorOf(tokenForm(), { 'content-type': 'text/plain' }), 'invalid_request');
  nrf.tokens = { ...nrf.tokens, privateKey: undefined };
  assert.equal(await errorOf(tokenForm()), 'unauthorized_client');
});

test("where tokens are required, free5GC's functions are told so when they register", async () => {
  nrf.areTokensRequired = true;
  const { body } = await call('PUT', instance(AMF), amf());
  assert.deepEqual(body.customInfo, { oauth2: true });
  assert.equal((await call('GET', instance(AMF))).body.customInfo, undefined);
});
