// The names and forms of each generation: what is sent and read back is what was meant, and it is called
// as the specifications call it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FORMS, GENERATIONS, type GenerationName } from '../forms.ts';
import { GENERATION } from '../generation.ts';
import { CAUSES, FOUND_BY, type Operation, type Result } from '../operations.ts';
import { compact, labelOf, type WireRequest } from '../wire.ts';

const seed = Number(process.env.BCHF_TEST_SEED ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);

const digits = (min: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},15}$`));
const mnc = fc.stringMatching(/^[0-9]{2,3}$/);
const plmn = fc.record({ mcc: fc.stringMatching(/^[0-9]{3}$/), mnc });
const index = fc.option(fc.nat(), { nil: undefined });
const node = fc.nat(65_535).map((port) => `127.0.0.1:${port}`);

/** Operations that a generation has. */
function operations(generation: GenerationName): fc.Arbitrary<Operation> {
  const credential = fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{132}$/), { nil: undefined });
  const kind = <K extends Operation['kind']>(name: K) => fc.constant(name);
  const routing = fc.record({
    kind: fc.constantFrom('route-call' as const, 'route-message' as const),
    msisdn: digits(5),
    userDataIndex: index,
  });
  const all: fc.Arbitrary<object>[] = [
    fc.record({
      kind: kind('update-location'),
      imsi: digits(5),
      servingNetwork: plmn,
      servingNode: node,
      credential,
      userDataIndex: index,
    }),
    routing,
    fc.record({ kind: kind('read-portability'), msisdn: digits(5) }),
    fc.record({ kind: kind('deliver-call'), to: digits(1), from: digits(1) }),
    fc.record({
      kind: kind('deliver-message'),
      to: digits(1),
      from: digits(1),
      text: fc.string({ maxLength: 160 }),
    }),
  ];
  if (generation === '2g') {
    all.push(fc.record({ kind: kind('provide-roaming-number'), imsi: digits(1) }));
  }
  return fc.oneof(...all).map(sent) as fc.Arbitrary<Operation>;
}

/** What may be asked after an operation's own messages: 5G reads the subscription by itself. */
function last(operation: Operation, generation: GenerationName): Operation {
  if (operation.kind !== 'update-location' || generation !== '5g') return operation;
  const { imsi, servingNetwork, userDataIndex } = operation;
  return compact({ kind: 'read-subscription', imsi, servingNetwork, userDataIndex }) as Operation;
}

/** Once over the wire: only what JSON has arrives. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value));

for (const generation of GENERATIONS) {
  const { wire, title } = GENERATION[generation];

  test(`${title}: an operation is read as it was asked`, () => {
    const property = fc.property(operations(generation), (operation) => {
      const requests = wire.requestsOf(operation).map(sent);
      assert.deepEqual(wire.operationOf(requests[0]!), operation);
      assert.deepEqual(wire.operationOf(requests.at(-1)!), last(operation, generation));
    });
    fc.assert(property, { seed });
  });

  test(`${title}: every refusal is read with a cause that tells the terminal the same`, () => {
    const { register, call, submit } = GENERATION[generation].terminal;
    const property = fc.property(
      operations(generation),
      fc.constantFrom(...CAUSES),
      (operation, cause) => {
        const read = wire.resultOf(operation, sent(wire.answerOf(operation, { ok: false, cause })));
        assert.ok(!read.ok);
        // Causes that share a code are read as the first of them, and only such.
        const shared = wire.answerOf(operation, { ok: false, cause: read.cause });
        const meant = wire.answerOf(operation, { ok: false, cause });
        assert.equal(labelOf(shared), labelOf(meant));
        for (const form of [register, call, submit]) assert.ok(form.causes[read.cause]);
      },
    );
    fc.assert(property, { seed });
  });

  test(`${title}: what an element gives comes back, as far as the generation tells it`, () => {
    const property = fc.property(
      operations(generation),
      fc.record({
        imsi: digits(5),
        msisdn: digits(5),
        // Names in a PLMN fill an MNC up to three digits.
        servingNetwork: fc.record({
          mcc: fc.constant('999'),
          mnc: fc.stringMatching(/^[0-9]{3}$/),
        }),
        roamingNumber: digits(5),
        foundBy: fc.constantFrom(...FOUND_BY),
      }),
      (operation, drawn) => {
        const data = sent(drawn);
        const result: Result = { ok: true, data };
        const asked = last(operation, generation);
        const read = wire.resultOf(asked, sent(wire.answerOf(asked, result)));
        assert.ok(read.ok);
        for (const [name, value] of Object.entries(read.data)) {
          assert.deepEqual(value, data[name as keyof typeof data], name);
        }
        const needed = {
          'update-location': ['msisdn', 'foundBy'],
          'read-subscription': ['msisdn', 'foundBy'],
          'read-portability': ['servingNetwork'],
          'route-call': [
            'imsi',
            generation === '2g' ? 'roamingNumber' : 'servingNetwork',
            'foundBy',
          ],
          'route-message': [
            'imsi',
            generation === '2g' ? 'roamingNumber' : 'servingNetwork',
            'foundBy',
          ],
          'provide-roaming-number': ['roamingNumber'],
          'deliver-call': [],
          'deliver-message': [],
        }[asked.kind];
        for (const name of needed) assert.ok(name in read.data, `${asked.kind} has ${name}`);
      },
    );
    fc.assert(property, { seed });
  });

  test(`${title}: what is no message of it is malformed and nothing else`, () => {
    const property = fc.property(fc.string(), fc.jsonValue(), fc.string(), (name, body, path) => {
      assert.equal(wire.operationOf({ name, body }), undefined);
      const http = { method: 'GET', path, headers: {} };
      assert.equal(wire.operationOf({ name, body, http }), undefined);
      // A known name with any content may be read or not, and never throws.
      for (const form of Object.values(FORMS[generation])) {
        wire.operationOf({ name: form.name, body });
        wire.resultOf(
          { kind: 'deliver-call', to: '1', from: '2' },
          { status: 7, text: name, body },
        );
      }
    });
    fc.assert(property, { seed });
  });
}

const update: Operation = {
  kind: 'update-location',
  imsi: '999019500000101',
  servingNetwork: { mcc: '999', mnc: '01' },
  servingNode: '127.0.0.1:9000',
  credential: 'c',
  userDataIndex: 5001,
};
const callTo: Operation = { kind: 'route-call', msisdn: '999019500106' };
const messageTo: Operation = { kind: 'route-message', msisdn: '999019500106' };

test('operations are called as in each generation', () => {
  const names = (generation: GenerationName, operation: Operation) =>
    GENERATION[generation].wire.requestsOf(operation).map(({ name }) => name);
  const uecm = '/nudm-uecm/v1/';
  assert.deepEqual(names('5g', update), [
    `PUT ${uecm}imsi-999019500000101/registrations/amf-3gpp-access`,
    'GET /nudm-sdm/v2/imsi-999019500000101/am-data',
  ]);
  assert.deepEqual(names('5g', callTo), [`GET ${uecm}msisdn-999019500106/registrations/location`]);
  assert.deepEqual(names('5g', messageTo), [
    `POST ${uecm}msisdn-999019500106/registrations/send-routing-info-sm`,
  ]);
  assert.deepEqual(names('4g', update), ['Update-Location-Request (ULR)']);
  assert.deepEqual(names('4g', callTo), ['Location-Info-Request (LIR)']);
  assert.deepEqual(names('4g', messageTo), ['Send-Routing-Info-for-SM-Request (SRR)']);
  assert.deepEqual(names('2g', update), ['updateGprsLocation']);
  assert.deepEqual(names('2g', callTo), ['sendRoutingInfo']);
  assert.deepEqual(names('2g', messageTo), ['sendRoutingInfoForSM']);
});

test('a location update carries credential and index information in each generation', () => {
  const [put] = GENERATION['5g'].wire.requestsOf(update) as [WireRequest];
  assert.deepEqual(put.http?.headers, {
    'content-type': 'application/json',
    '3gpp-sbi-originating-network-id': '999-01',
    'bchf-credential': 'c',
    'bchf-user-data-index': '5001',
  });
  const [ulr] = GENERATION['4g'].wire.requestsOf(update) as [WireRequest];
  assert.deepEqual(ulr.body, {
    'User-Name': '999019500000101',
    'Visited-PLMN-Id': '999-01',
    'RAT-Type': 'EUTRAN',
    'Origin-Host': '127.0.0.1:9000',
    'Origin-Realm': 'epc.mnc001.mcc999.3gppnetwork.org',
    'BCHF-Credential': 'c',
    'BCHF-User-Data-Index': 5001,
  });
  const [ugl] = GENERATION['2g'].wire.requestsOf(update) as [WireRequest];
  assert.deepEqual(ugl.body, {
    imsi: '999019500000101',
    'sgsn-Address': '127.0.0.1:9000',
    extensionContainer: { visitedPlmn: '999-01', credential: 'c', userDataIndex: 5001 },
  });
});

test('causes are called and numbered as in each generation', () => {
  const label = (
    generation: GenerationName,
    operation: Operation,
    cause: (typeof CAUSES)[number],
  ) => labelOf(GENERATION[generation].wire.answerOf(operation, { ok: false, cause }));
  const expected: [Operation, (typeof CAUSES)[number], Record<GenerationName, string>][] = [
    [
      update,
      'unknown-user',
      {
        '5g': '404 USER_NOT_FOUND',
        '4g': '5001 DIAMETER_ERROR_USER_UNKNOWN',
        '2g': 'returnError, cause 1 unknownSubscriber',
      },
    ],
    [
      update,
      'roaming-not-allowed',
      {
        '5g': '403 ROAMING_NOT_ALLOWED',
        '4g': '5004 DIAMETER_ERROR_ROAMING_NOT_ALLOWED',
        '2g': 'returnError, cause 8 roamingNotAllowed',
      },
    ],
    [
      update,
      'credential-refused',
      {
        '5g': '403 AUTHENTICATION_REJECTED',
        '4g': '5003 DIAMETER_AUTHORIZATION_REJECTED',
        '2g': 'returnError, cause 36 unexpectedDataValue',
      },
    ],
    [
      callTo,
      'absent-user',
      {
        '5g': '404 CONTEXT_NOT_FOUND',
        '4g': '5003 DIAMETER_ERROR_IDENTITY_NOT_REGISTERED',
        '2g': 'returnError, cause 27 absentSubscriber',
      },
    ],
    [
      messageTo,
      'absent-user',
      {
        '5g': '404 CONTEXT_NOT_FOUND',
        '4g': '5550 DIAMETER_ERROR_ABSENT_USER',
        '2g': 'returnError, cause 6 absentSubscriberSM',
      },
    ],
  ];
  for (const [operation, cause, labels] of expected) {
    for (const generation of GENERATIONS) {
      assert.equal(label(generation, operation, cause), labels[generation]);
    }
  }
});

test('a terminal is told causes of its own protocol', () => {
  const told = (generation: GenerationName, cause: (typeof CAUSES)[number]) =>
    GENERATION[generation].terminal.register.causes[cause];
  assert.deepEqual(told('5g', 'unknown-user'), [7, '5GS services not allowed']);
  assert.deepEqual(told('4g', 'unknown-user')[0], 8);
  assert.deepEqual(told('2g', 'unknown-user')[0], 8);
  for (const generation of GENERATIONS) {
    assert.deepEqual(told(generation, 'roaming-not-allowed'), [11, 'PLMN not allowed']);
    assert.equal(told(generation, 'credential-refused')[0], 3);
    // After a fault of the network the terminal tries again: it is never told that it is unknown.
    for (const cause of ['unreachable', 'timed-out', 'failure'] as const) {
      assert.equal(told(generation, cause)[0], generation === '5g' ? 22 : 17);
    }
  }
});
