// Templates of answers: what may be configured, and what comes out for a route and a number.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleRoute } from '../../test/example-route.ts';
import { DEFAULT_SERVICES } from '../enum-settings.ts';
import {
  compileAnswer,
  type EnumService,
  problemOfService,
  recordCountOf,
  writeAnswer,
} from '../enum-template-codec.ts';

const base: EnumService = { service: 'E2U+sip', order: 1, preference: 2, uri: 'sip:+{number}@a.b' };
const route = exampleRoute('r-1', { groupId: 'a!b (c)\\"', member: 'fi-x' });

function regexpOf(service: Partial<EnumService>, isPorted = false, digits = '35840'): string {
  const { template } = compileAnswer([{ ...base, ...service }], route, isPorted, 60);
  const message = new Uint8Array(512);
  const end = writeAnswer(template, Buffer.from(digits), message, 0, 512);
  const wire = Buffer.from(message.subarray(0, end));
  const servicesAt = 12 + 4 + 2;
  const regexpAt = servicesAt + 1 + wire[servicesAt]!;
  assert.equal(wire.readUInt16BE(10), end - 12, 'RDLENGTH');
  assert.equal(wire[end - 1], 0, 'REPLACEMENT');
  assert.equal(regexpAt + 1 + wire[regexpAt]!, end - 1, 'the length of REGEXP');
  return wire.toString('latin1', regexpAt + 1, end - 1);
}

describe('a URI', () => {
  test('has every placeholder filled, with characters that a URI may have', () => {
    const uri = (text: string) => regexpOf({ uri: `x:{number}/${text}` }).slice(7 + 7, -1);
    assert.equal(uri('{mcc}.{mnc}.{mnc3}'), '/244.05.005'.slice(1));
    assert.equal(uri('{member}/{route}/{fqdn}'), `fi-x/r-1/${route.fqdn}`);
    assert.equal(uri('{nfType}'), 'udm');
    assert.equal(uri('{group}'), 'a%21b%20%28c%29%5C%22');
    assert.equal(uri('{number}'), '35840');
  });

  test('of a ported number is its own where there is one', () => {
    const service = { uri: 'tel:+{number}', portedUri: 'tel:+{number};rn={mcc}{mnc}' };
    assert.equal(regexpOf(service), '!^.*$!tel:+35840!');
    assert.equal(regexpOf(service, true), '!^.*$!tel:+35840;rn=24405!');
    assert.equal(regexpOf({ uri: 'tel:+{number}' }, true), '!^.*$!tel:+35840!');
  });

  test('may begin and end with the number, and have it up to four times', () => {
    assert.equal(regexpOf({ uri: 'x:{number}{number}' }), '!^.*$!x:3584035840!');
    const four = { uri: 'x:{number}{number}{number}{number}' };
    assert.equal(problemOfService({ ...base, ...four }), undefined);
    assert.equal(regexpOf(four, false, '1'), '!^.*$!x:1111!');
  });
});

describe('a service is refused', () => {
  const refused = (service: Partial<EnumService>) =>
    assert.notEqual(problemOfService({ ...base, ...service }), undefined, JSON.stringify(service));

  test('that is not one Enumservice', () => {
    for (const service of ['', 'sip', 'E2U', 'E2U+', 'E2U+sip+E2U+tel', 'E2U+a b', 'SIP+D2U']) {
      refused({ service });
    }
    for (const service of ['E2U+sip', 'e2u+sip', 'E2U+pstn:tel', 'E2U+voice:tel']) {
      assert.equal(problemOfService({ ...base, service }), undefined);
    }
  });

  test('whose URI has the delimiter, a space, a backslash, a quote, a dollar or a control', () => {
    for (const character of ['!', ' ', '\\', '"', '$', '\n', '\0', 'é', '{', '}']) {
      refused({ uri: `sip:{number}${character}x` });
      refused({ portedUri: `sip:{number}${character}x` });
    }
  });

  test('whose URI has an unknown placeholder, none for the number, or five', () => {
    refused({ uri: 'sip:{number}@{imsi}' });
    refused({ uri: 'sip:{number}@{constructor}' });
    refused({ uri: 'sip:{number}@{}' });
    refused({ uri: 'sip:help@a.b' });
    refused({ uri: `x:${'{number}'.repeat(5)}` });
  });

  test('whose URI has no scheme, or is too long for REGEXP whatever the route', () => {
    refused({ uri: '{number}@a.b' });
    const fits = 255 - 7 - 15 - 2;
    assert.equal(problemOfService({ ...base, uri: `x:{number}${'a'.repeat(fits)}` }), undefined);
    refused({ uri: `x:{number}${'a'.repeat(fits + 1)}` });
  });
});

test('a service that a route makes too long is left out, and the others stay', () => {
  const long = exampleRoute('r', {
    fqdn: `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.org`,
  });
  const service = { ...base, uri: `sip:+{number}@{fqdn}/${'d'.repeat(60)}` };
  const { template, leftOut } = compileAnswer([service, base], long, false, 60);
  assert.deepEqual([recordCountOf(template), leftOut], [1, 1]);
  const { template: none } = compileAnswer([service], long, false, 60);
  assert.equal(recordCountOf(none), 0);
});

test('records come by order and then by preference', () => {
  const service = (order: number, preference: number) => ({ ...base, order, preference });
  const services = [service(2, 1), service(1, 9), service(1, 3)];
  const { template } = compileAnswer(services, route, false, 60);
  const message = new Uint8Array(512);
  const end = writeAnswer(template, Buffer.from('35840'), message, 0, 512);
  const pairs: number[][] = [];
  for (let at = 0; at < end; ) {
    const wire = Buffer.from(message.buffer, at);
    pairs.push([wire.readUInt16BE(12), wire.readUInt16BE(14)]);
    at += 12 + wire.readUInt16BE(10);
  }
  assert.deepEqual(pairs, [
    [1, 3],
    [1, 9],
    [2, 1],
  ]);
});

test('nothing is written past the end, and a record set that does not fit is not written at all', () => {
  const services = Object.values(DEFAULT_SERVICES);
  const { template } = compileAnswer(services, route, true, 60);
  const digits = Buffer.from('358401234567890');
  const bytes = writeAnswer(template, digits, new Uint8Array(512), 0, 512);
  assert.ok(bytes > 0);
  for (let end = 0; end <= bytes; end++) {
    const message = new Uint8Array(512).fill(0xee);
    assert.equal(writeAnswer(template, digits, message, 0, end), end < bytes ? 0 : bytes);
    assert.ok(message.subarray(end).every((byte) => byte === 0xee));
  }
});
