// Nnrf_NFDiscovery by identity: what is answered from the index, what is left to the NRF behind, and
// what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemSchema } from '../../http/schemas.ts';
import { searchResultSchema } from '../sbi-schemas.ts';
import {
  ask,
  fixtureServices,
  GPSI,
  HLR_GPSI,
  HSS_IMSI,
  ROUTES,
  SUPI,
  UNKNOWN_SUPI,
} from './sbi-fixture.ts';

const PATH = '/nnrf-disc/v1/nf-instances';
const FOR_AMF = `${PATH}?requester-nf-type=AMF`;
const UDM_OF_SUPI = `${FOR_AMF}&target-nf-type=UDM&supi=${SUPI}`;

/** Services behind which an NRF answers 200 with a mark. */
const withNrf = () =>
  fixtureServices({
    askNrf: async () => ({
      status: 200,
      contentType: 'application/json',
      body: Buffer.from('"nrf"'),
      headers: [],
    }),
  });

async function found(target: string) {
  const answer = await ask(target);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.type, 'application/json');
  return { ...answer, body: searchResultSchema.parse(answer.body) };
}

test('the UDMs of a SUPI come with the one of the entry first, and the next of its group', async () => {
  const { body } = await found(UDM_OF_SUPI);
  assert.deepEqual(
    body.nfInstances.map(({ nfInstanceId, priority }) => [nfInstanceId, priority]),
    [
      [ROUTES[0]?.nfInstanceId, 1],
      [ROUTES[1]?.nfInstanceId, 2],
    ],
  );
  const [first] = body.nfInstances;
  assert.deepEqual(first?.plmnList, [{ mcc: '244', mnc: '05' }]);
  assert.deepEqual(first?.udmInfo, {
    groupId: 'fi-example-udm',
    supiRanges: [{ start: '244050123456789', end: '244050123456789' }],
  });
  assert.deepEqual(
    first?.nfServices?.map(({ serviceName }) => serviceName),
    ['nudm-sdm', 'nudm-uecm', 'nudm-ueau', 'nudm-ee', 'nudm-pp'],
  );
  assert.deepEqual(first?.nfServices?.[0]?.ipEndPoints, [
    { ipv4Address: '10.0.0.1', port: 8080 },
    { ipv4Address: '10.0.0.2', port: 8080 },
  ]);
});

test('a GPSI and the bare numbers of imsi and msisdn are looked up in the index of their kind', async () => {
  const ofGpsi = await found(`${FOR_AMF}&target-nf-type=UDM&gpsi=${GPSI}`);
  assert.deepEqual(ofGpsi.body.nfInstances[0]?.udmInfo?.gpsiRanges, [
    { start: '358501234567', end: '358501234567' },
  ]);
  assert.deepEqual(ofGpsi.body.nfInstances[0]?.customInfo?.userDataIndex, 567);
  const ofMsisdn = await found(`${FOR_AMF}&target-nf-type=UDM&msisdn=358501234567`);
  assert.deepEqual(ofMsisdn.body, ofGpsi.body);
  const ofImsi = await found(`${FOR_AMF}&target-nf-type=HSS&imsi=${HSS_IMSI}`);
  assert.deepEqual(ofImsi.body.nfInstances[0]?.hssInfoList, {
    'hss-group': {
      groupId: 'hss-group',
      imsiRanges: [{ start: HSS_IMSI, end: HSS_IMSI }],
      hssDiameterAddress: {
        name: 'hss1.epc.mnc001.mcc460.3gppnetwork.org',
        realm: 'epc.mnc001.mcc460.3gppnetwork.org',
      },
    },
  });
  assert.equal(ofImsi.body.nfInstances[0]?.nfServices, undefined);
});

test('an AUSF and a UDR beside the UDM are instances of their own, always the same', async () => {
  const ids = new Set([ROUTES[0]?.nfInstanceId]);
  for (const [type, info] of [
    ['AUSF', 'ausfInfo'],
    ['UDR', 'udrInfo'],
  ] as const) {
    const target = `${FOR_AMF}&target-nf-type=${type}&supi=${SUPI}`;
    const { body } = await found(target);
    const [profile] = body.nfInstances;
    assert.equal(profile?.nfType, type);
    assert.equal(profile?.[info]?.groupId, 'fi-example-udm');
    assert.ok(profile && !ids.has(profile.nfInstanceId));
    ids.add(profile?.nfInstanceId);
    assert.deepEqual((await found(target)).body, body);
  }
});

test('a number with no entry, a foreign identity and an NF type of no route are left to the NRF', async () => {
  for (const rest of [
    `target-nf-type=UDM&supi=${UNKNOWN_SUPI}`,
    'target-nf-type=UDM&supi=nai-user@example.org',
    'target-nf-type=UDM&gpsi=extid-thing@example.org',
    `target-nf-type=UDM&gpsi=${HLR_GPSI}`,
    `target-nf-type=HSS&supi=${SUPI}`,
    `target-nf-type=PCF&supi=${SUPI}`,
    'target-nf-type=UDM',
  ]) {
    const { body } = await ask(`${FOR_AMF}&${rest}`, {}, withNrf());
    assert.equal(body, 'nrf', rest);
  }
  const services = { ...withNrf(), collocated: [] };
  const { body } = await ask(`${FOR_AMF}&target-nf-type=AUSF&supi=${SUPI}`, {}, services);
  assert.equal(body, 'nrf');
});

test('service names, group ids and PLMNs narrow the answer, and say so where nothing is left', async () => {
  const names = async (rest: string) => {
    const { body } = await found(`${UDM_OF_SUPI}&${rest}`);
    assert.equal(body.noProfileMatchInfo !== undefined, body.nfInstances.length === 0);
    return body.nfInstances[0]?.nfServices?.map(({ serviceName }) => serviceName);
  };
  assert.deepEqual(await names('service-names=nudm-uecm'), ['nudm-uecm']);
  assert.deepEqual(await names('service-names=nudm-sdm,nudm-uecm'), ['nudm-sdm', 'nudm-uecm']);
  assert.deepEqual(await names('service-names=nudm-none'), undefined);
  const plmns = (mnc: string) =>
    `target-plmn-list=${encodeURIComponent(JSON.stringify([{ mcc: '244', mnc }]))}`;
  assert.equal((await names(plmns('05')))?.length, 5);
  assert.equal(await names(plmns('06')), undefined);
  assert.equal((await names('group-id-list=other,fi-example-udm'))?.length, 5);
  assert.equal(await names('group-id-list=other'), undefined);
});

test('limit bounds the profiles', async () => {
  assert.equal((await found(`${UDM_OF_SUPI}&limit=1`)).body.nfInstances.length, 1);
  assert.equal((await found(`${UDM_OF_SUPI}&limit=2`)).body.nfInstances.length, 2);
});

test('max-payload-size bounds the bytes of an answer', async () => {
  const limited = async (kiloOctets: number) =>
    (await found(`${UDM_OF_SUPI}&max-payload-size=${kiloOctets}`)).body;
  const whole = await limited(4);
  assert.equal(whole.nfInstances.length, 2);
  const bytes = JSON.stringify(whole).length;
  assert.ok(bytes > 2000 && bytes < 4000, `${bytes}`);
  const [first] = whole.nfInstances;
  assert.deepEqual((await limited(2)).nfInstances, [first]);
  assert.deepEqual(await limited(1), { validityPeriod: whole.validityPeriod, nfInstances: [] });
});

test('services come as a map to who supports Service-Map, and as an array to who does not', async () => {
  const { body } = await found(`${UDM_OF_SUPI}&requester-features=20`);
  assert.equal(body.nrfSupportedFeatures, '20');
  assert.equal(body.nfInstances[0]?.nfServices, undefined);
  assert.deepEqual(Object.keys(body.nfInstances[0]?.nfServiceList ?? {}).sort(), [
    'nudm-ee',
    'nudm-pp',
    'nudm-sdm',
    'nudm-ueau',
    'nudm-uecm',
  ]);
  const other = await found(`${UDM_OF_SUPI}&requester-features=1f`);
  assert.equal(other.body.nrfSupportedFeatures, '0');
  assert.equal(other.body.nfInstances[0]?.nfServiceList, undefined);
});

test('parameters that an answer does not go by are ignored and named', async () => {
  const { body } = await found(`${UDM_OF_SUPI}&routing-indicator=12&x=%7B%7D`);
  assert.deepEqual(body.ignoredQueryParams, ['routing-indicator', 'x']);
});

test('an answer may be kept as long as it says, and a kept one is confirmed without its body', async () => {
  const { body, headers } = await found(UDM_OF_SUPI);
  assert.equal(headers['cache-control'], `max-age=${body.validityPeriod}`);
  const etag = headers.etag as string;
  assert.match(etag, /^"[\w+/=]+"$/);
  for (const condition of [etag, `"other", W/${etag}`, '*']) {
    const again = await ask(UDM_OF_SUPI, { headers: { 'if-none-match': condition } });
    assert.deepEqual([again.status, again.body, again.headers.etag], [304, undefined, etag]);
  }
  const changed = await ask(UDM_OF_SUPI, { headers: { 'if-none-match': '"other"' } });
  assert.equal(changed.status, 200);
});

test('a query that is not as it should be is refused with its cause and its parameter', async () => {
  const without = (name: string) =>
    UDM_OF_SUPI.replace(new RegExp(`${name}=[^&]*&?`), '').replace(/[?&]$/, '');
  const cases: [target: string, cause: string, param: string][] = [
    [without('target-nf-type'), 'MANDATORY_QUERY_PARAM_MISSING', 'target-nf-type'],
    [without('requester-nf-type'), 'MANDATORY_QUERY_PARAM_MISSING', 'requester-nf-type'],
    [`${UDM_OF_SUPI}&supi=${SUPI}`, 'INVALID_QUERY_PARAM', 'supi'],
    [`${UDM_OF_SUPI}&x=%ff`, 'INVALID_QUERY_PARAM', 'x'],
    [`${UDM_OF_SUPI}&x=%zz`, 'INVALID_QUERY_PARAM', 'x'],
    [`${UDM_OF_SUPI}&limit=0`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'limit'],
    [`${UDM_OF_SUPI}&max-payload-size=0`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'max-payload-size'],
    [`${UDM_OF_SUPI}&max-payload-size=2001`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'max-payload-size'],
    [`${UDM_OF_SUPI}&limit=ten`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'limit'],
    [
      `${UDM_OF_SUPI}&requester-features=xyz`,
      'OPTIONAL_QUERY_PARAM_INCORRECT',
      'requester-features',
    ],
    [`${UDM_OF_SUPI}&target-plmn-list=244`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'target-plmn-list'],
    [
      UDM_OF_SUPI.replace('target-nf-type=UDM', 'target-nf-type=U%20M'),
      'MANDATORY_QUERY_PARAM_INCORRECT',
      'target-nf-type',
    ],
  ];
  for (const [target, cause, param] of cases) {
    const { status, type, body } = await ask(target);
    assert.deepEqual([status, type], [400, 'application/problem+json'], target);
    const details = problemSchema.parse(body);
    assert.deepEqual([details.cause, details.invalidParams?.[0]?.param], [cause, param], target);
  }
});

test('an identity is checked by what its prefix means, not by the pattern that lets all pass', async () => {
  for (const [param, value] of [
    ['supi', 'imsi-1234'],
    ['supi', 'imsi-1234567890123456'],
    ['supi', 'imsi-24405x'],
    ['supi', 'imsi-%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3'],
    ['supi', 'msisdn-358501234567'],
    ['supi', '244050123456789'],
    ['supi', ''],
    ['gpsi', 'msisdn-+358501234567'],
    ['gpsi', 'msisdn-'],
    ['gpsi', 'extid-a@b@c'],
    ['imsi', 'imsi-244050123456789'],
    ['msisdn', '1234'],
  ]) {
    const { status, body } = await ask(`${FOR_AMF}&target-nf-type=UDM&${param}=${value}`);
    assert.equal(status, 400, `${param}=${value}`);
    assert.equal(body.cause, 'OPTIONAL_QUERY_PARAM_INCORRECT');
    assert.equal(body.invalidParams[0].param, param);
  }
});
