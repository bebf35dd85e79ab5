// Nudr_GroupIDmap and Nmnpf_NPStatus.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nfGroupIdMapResultSchema, npStatusInfoSchema } from '../sbi-schemas.ts';
import { ask, GPSI, HLR_GPSI, HSS_IMSI, SUPI, UNKNOWN_SUPI } from './sbi-fixture.ts';

const GROUP_IDS = '/nudr-group-id-map/v1/nf-group-ids';
const NP_STATUS = '/nmnpf-npstatus/v1';

test("a subscriber's group ids come by NF type, in 3GPP's spelling and in Oracle's", async () => {
  for (const name of ['subscriberId', 'subscriber-id']) {
    const { status, body } = await ask(`${GROUP_IDS}?nf-type=UDM,AUSF,PCF&${name}=${SUPI}`);
    assert.equal(status, 200);
    assert.deepEqual(nfGroupIdMapResultSchema.parse(body), {
      UDM: 'fi-example-udm',
      AUSF: 'fi-example-udm',
    });
  }
  const ofHss = await ask(`${GROUP_IDS}?nf-type=HSS&subscriberId=imsi-${HSS_IMSI}`);
  assert.deepEqual(ofHss.body, { HSS: 'hss-group' });
});

test('group ids that nobody knows are 404, with the cause that tells why', async () => {
  const causeOf = async (query: string) => {
    const { status, type, body } = await ask(`${GROUP_IDS}?${query}`);
    assert.deepEqual([status, type], [404, 'application/problem+json']);
    return body.cause;
  };
  assert.equal(await causeOf(`nf-type=UDM&subscriberId=${UNKNOWN_SUPI}`), 'USER_NOT_FOUND');
  assert.equal(await causeOf('nf-type=UDM&subscriberId=impu-sip:a@b'), 'USER_NOT_FOUND');
  assert.equal(await causeOf(`nf-type=PCF&subscriberId=${SUPI}`), 'DATA_NOT_FOUND');
  assert.equal(await causeOf(`nf-type=UDM&subscriberId=${HLR_GPSI}`), 'DATA_NOT_FOUND');
});

test('a query for group ids that is not as it should be is refused with its parameter', async () => {
  const cases: [query: string, cause: string, param: string][] = [
    [`subscriberId=${SUPI}`, 'MANDATORY_QUERY_PARAM_MISSING', 'nf-type'],
    ['nf-type=UDM', 'MANDATORY_QUERY_PARAM_MISSING', 'subscriberId'],
    ['nf-type=&subscriberId=x', 'MANDATORY_QUERY_PARAM_INCORRECT', 'nf-type'],
    ['nf-type=UDM&subscriberId=imsi-1', 'MANDATORY_QUERY_PARAM_INCORRECT', 'subscriberId'],
    ['nf-type=UDM&subscriber-id=rid-12345', 'MANDATORY_QUERY_PARAM_INCORRECT', 'subscriber-id'],
    [
      `nf-type=UDM&subscriberId=${SUPI}&subscriber-id=${SUPI}`,
      'INVALID_QUERY_PARAM',
      'subscriber-id',
    ],
    [`nf-type=UDM&subscriberId=${SUPI}&x=1`, 'INVALID_QUERY_PARAM', 'x'],
  ];
  for (const [query, cause, param] of cases) {
    const { status, body } = await ask(`${GROUP_IDS}?${query}`);
    assert.deepEqual([status, body.cause, body.invalidParams[0].param], [400, cause, param], query);
  }
});

test('a number is subscribed to the network that its entry names', async () => {
  const { status, body } = await ask(`${NP_STATUS}/${GPSI}`);
  assert.equal(status, 200);
  assert.deepEqual(npStatusInfoSchema.parse(body), {
    subscriptionNetwork: { mcc: '244', mnc: '05' },
  });
  const encoded = await ask(`${NP_STATUS}/msisdn%2D358501234567`);
  assert.deepEqual(encoded.body, body);
});

test('portability of no number, of an unknown one and with a query', async () => {
  const causeOf = async (rest: string) => {
    const { status, body } = await ask(`${NP_STATUS}/${rest}`);
    return [status, body.cause];
  };
  assert.deepEqual(await causeOf('msisdn-999999999'), [404, 'USER_NOT_FOUND']);
  assert.deepEqual(await causeOf('extid-a@b'), [404, 'USER_NOT_FOUND']);
  assert.deepEqual(await causeOf('msisdn-12'), [400, 'MANDATORY_IE_INCORRECT']);
  assert.deepEqual(await causeOf('%ff'), [400, 'MANDATORY_IE_INCORRECT']);
  assert.deepEqual(await causeOf(''), [400, 'MANDATORY_IE_INCORRECT']);
  assert.deepEqual(await causeOf(`${GPSI}?a=1`), [400, 'INVALID_QUERY_PARAM']);
  assert.deepEqual(await causeOf(`${GPSI}/more`), [404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND']);
});
