// Answers of the service-based interfaces against 3GPP's own OpenAPI files, where they are given
// (published-schemas). What always runs checks the same answers against the shapes in sbi-schemas.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateTokenKeys } from '../access-token.ts';
import { answerNrf, type MinimalNrf } from '../nrf/minimal-nrf.ts';
import { NfRegistry, type Notification } from '../nrf/nf-registry.ts';
import { type PublishedSchemas, readPublishedSchemas } from './published-schemas.ts';
import {
  ask,
  GPSI,
  HSS_IMSI,
  NOW_MS,
  type PlainAnswer,
  plainAnswer,
  SUPI,
  sbiRequest,
  UNKNOWN_SUPI,
} from './sbi-fixture.ts';

const folder = process.env.BCHF_3GPP_OPENAPI;
const options = {
  skip: folder === undefined && 'BCHF_3GPP_OPENAPI names no folder with the files of 3GPP',
};

const SCHEMA = {
  searchResult: 'TS29510_Nnrf_NFDiscovery.yaml#/components/schemas/SearchResult',
  groupIds: 'TS29504_Nudr_GroupIDmap.yaml#/components/schemas/NfGroupIdMapResult',
  npStatus: 'TS29578_Nmnpf_NPStatus.yaml#/components/schemas/NpStatusInfo',
  problem: 'TS29571_CommonData.yaml#/components/schemas/ProblemDetails',
  profile: 'TS29510_Nnrf_NFManagement.yaml#/components/schemas/NFProfile',
  uriList: 'TS29510_Nnrf_NFManagement.yaml#/components/schemas/UriList',
  subscription: 'TS29510_Nnrf_NFManagement.yaml#/components/schemas/SubscriptionData',
  notification: 'TS29510_Nnrf_NFManagement.yaml#/components/schemas/NotificationData',
  token: 'TS29510_Nnrf_AccessToken.yaml#/components/schemas/AccessTokenRsp',
  tokenError: 'TS29510_Nnrf_AccessToken.yaml#/components/schemas/AccessTokenErr',
} as const;

let schemas: PublishedSchemas;
const conforms = (name: keyof typeof SCHEMA, value: unknown) => {
  const files = Object.values(SCHEMA).map((schema) => schema.split('#')[0] as string);
  schemas ??= readPublishedSchemas(folder!, files);
  const text = JSON.stringify(value);
  assert.deepEqual(schemas.asPublished(SCHEMA[name], value), [], text);
  assert.deepEqual(schemas.withoutStrangers(SCHEMA[name], value), [], text);
};

const DISC = '/nnrf-disc/v1/nf-instances?requester-nf-type=AMF';
const MAP = '/nudr-group-id-map/v1/nf-group-ids';

test(
  'what the validators are for shows: a wrong value, a name that is misspelt',
  options,
  async () => {
    const { body } = await ask(`${DISC}&target-nf-type=UDM&supi=${SUPI}`);
    conforms('searchResult', body);
    const wrong = structuredClone(body);
    wrong.nfInstances[0].nfInstanceId = 'none';
    assert.equal(schemas.asPublished(SCHEMA.searchResult, wrong).length > 0, true);
    const misspelt = structuredClone(body);
    misspelt.nfInstances[0].udmInfo.groupID = misspelt.nfInstances[0].udmInfo.groupId;
    assert.equal(schemas.withoutStrangers(SCHEMA.searchResult, misspelt).length > 0, true);
  },
);

test('answers from the index are of the published form', options, async () => {
  for (const rest of [
    `target-nf-type=UDM&supi=${SUPI}`,
    `target-nf-type=UDM&gpsi=${GPSI}`,
    `target-nf-type=AUSF&supi=${SUPI}`,
    `target-nf-type=UDR&gpsi=${GPSI}`,
    `target-nf-type=HSS&imsi=${HSS_IMSI}`,
    `target-nf-type=UDM&supi=${SUPI}&requester-features=20`,
    `target-nf-type=UDM&supi=${SUPI}&service-names=none&x=1`,
  ]) {
    const { status, body } = await ask(`${DISC}&${rest}`);
    assert.equal(status, 200, rest);
    conforms('searchResult', body);
  }
  conforms('groupIds', (await ask(`${MAP}?nf-type=UDM,AUSF&subscriberId=${SUPI}`)).body);
  conforms('npStatus', (await ask(`/nmnpf-npstatus/v1/${GPSI}`)).body);
});

test('refusals are ProblemDetails', options, async () => {
  const answers = [
    await ask('/none'),
    await ask(`${DISC}&target-nf-type=UDM`, { method: 'PUT' }),
    await ask(`${DISC}&supi=${SUPI}`),
    await ask(`${DISC}&target-nf-type=UDM&supi=imsi-1`),
    await ask(`${MAP}?nf-type=UDM&subscriberId=${UNKNOWN_SUPI}`),
    await ask(`${MAP}?nf-type=PCF&subscriberId=${SUPI}`),
    await ask('/nmnpf-npstatus/v1/none'),
    await ask(`/nmnpf-npstatus/v1/${GPSI}`, { headers: { '3gpp-sbi-max-rsp-time': '0' } }),
  ];
  for (const { status, type, body } of answers) {
    assert.ok(status >= 400 && type === 'application/problem+json', JSON.stringify(body));
    assert.equal(body.status, status);
    conforms('problem', body);
  }
});

test('the minimal NRF answers and notifies in the published form', options, async () => {
  const notifications: Notification[] = [];
  const nrf: MinimalNrf = {
    registry: new NfRegistry(),
    tokens: {
      nfInstanceId: 'cccccccc-cccc-4ccc-8ccc-cccccccccccc',
      privateKey: generateTokenKeys().privateKey,
    },
    areTokensRequired: true,
    validitySeconds: 60,
    authority: '127.0.0.1:7777',
    scheme: 'http',
    notify: (notification) => notifications.push(notification),
    newId: () => 'subscription',
    now: () => NOW_MS,
  };
  const call = async (
    method: string,
    target: string,
    type: string,
    body: string,
  ): Promise<PlainAnswer> => {
    const headers = { 'content-type': type, ':authority': 'nrf.test:7777' };
    const changes = { method, headers, body: Buffer.from(body) };
    return plainAnswer(await answerNrf(sbiRequest(target, changes), nrf));
  };
  const json = 'application/json';
  const id = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
  const instance = `/nnrf-nfm/v1/nf-instances/${id}`;
  const subscription = {
    nfStatusNotificationUri: 'http://127.0.0.1:9/notify',
    subscrCond: { nfType: 'SMF' },
    reqNfType: 'AMF',
  };
  const subscribed = await call(
    'POST',
    '/nnrf-nfm/v1/subscriptions',
    json,
    JSON.stringify(subscription),
  );
  assert.equal(subscribed.status, 201);
  conforms('subscription', subscribed.body);
  const service = {
    serviceInstanceId: 'pdu',
    serviceName: 'nsmf-pdusession',
    versions: [{ apiVersionInUri: 'v1', apiFullVersion: '1.0.0' }],
    scheme: 'http',
    nfServiceStatus: 'REGISTERED',
    ipEndPoints: [{ ipv4Address: '10.0.0.7', port: 8000 }],
  };
  const profile = {
    ...{ nfInstanceId: id, nfType: 'SMF', nfStatus: 'REGISTERED', ipv4Addresses: ['10.0.0.7'] },
    nfServices: [service],
    nfServiceList: { pdu: service },
  };
  const registered = await call('PUT', instance, json, JSON.stringify(profile));
  assert.equal(registered.status, 201);
  conforms('profile', registered.body);
  conforms('profile', (await call('GET', instance, '', '')).body);
  conforms('uriList', (await call('GET', '/nnrf-nfm/v1/nf-instances', '', '')).body);
  for (const rest of [
    'target-nf-type=SMF',
    'target-nf-type=SMF&requester-features=20',
    'target-nf-type=PCF',
  ]) {
    conforms('searchResult', (await call('GET', `${DISC}&${rest}`, '', '')).body);
  }
  const form = 'application/x-www-form-urlencoded';
  const asked = `grant_type=client_credentials&nfInstanceId=${id}&scope=nnrf-disc&nfType=SMF&targetNfType=NRF`;
  conforms('token', (await call('POST', '/oauth2/token', form, asked)).body);
  const refused = await call('POST', '/oauth2/token', form, 'grant_type=password');
  assert.equal(refused.status, 400);
  conforms('tokenError', refused.body);
  await call('DELETE', instance, '', '');
  assert.equal(notifications.length, 2);
  for (const { data } of notifications) conforms('notification', data);
});
