// Names of numbers: the example of RFC 6116, round trips, and names that only look right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeName } from '../dns-codec.ts';
import { APEX, encodeEnumName, NOT_A_NUMBER, OFF_ZONE, readEnumName } from '../enum-name-codec.ts';
import { createRandom, enumDomain, keyOf, printedSeed } from './fixture.ts';

const suffix = encodeName('e164.arpa')!;

function read(domain: string, prefixKey = 1): number {
  const name = encodeName(domain)!;
  // Some bytes before it, as in a message.
  const message = new Uint8Array(12 + name.length + 4);
  message.set(name, 12);
  return readEnumName(message, 12, 12 + name.length, { suffix, prefixKey });
}

test('the example of RFC 6116 section 3.2 reads as its number', () => {
  assert.equal(read('8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa'), keyOf('442079460148'));
});

test('a number key and its name are each other’s inverse', () => {
  const random = createRandom(printedSeed());
  for (let count = 0; count < 2000; count++) {
    const length = 1 + random(15);
    const digits = Array.from({ length }, () => random(10)).join('');
    const name = encodeEnumName(keyOf(digits), suffix);
    assert.deepEqual(name, encodeName(enumDomain(digits)));
    assert.equal(readEnumName(name, 0, name.length, { suffix, prefixKey: 1 }), keyOf(digits));
  }
});

test('leading zeros and 15 digits survive', () => {
  for (const digits of ['0', '00', '049', '000000000000000', '999999999999999']) {
    assert.equal(read(enumDomain(digits)), keyOf(digits));
  }
});

test('digits that the suffix stands for come first, and count', () => {
  assert.equal(read('8.4.1.0.6.4.9.7.0.2.e164.arpa', keyOf('44')), keyOf('442079460148'));
  assert.equal(read('e164.arpa', keyOf('44')), APEX);
  assert.equal(read(enumDomain('1'.repeat(13)), keyOf('44')), keyOf(`44${'1'.repeat(13)}`));
  assert.equal(read(enumDomain('1'.repeat(14)), keyOf('44')), NOT_A_NUMBER);
});

test('the suffix alone is the apex, in any letter case', () => {
  assert.equal(read('e164.arpa'), APEX);
  assert.equal(read('E164.ARPA'), APEX);
  assert.deepEqual(encodeEnumName(APEX, suffix), suffix);
});

test('what is below the suffix but no number is told apart from what is off the zone', () => {
  for (const domain of ['a', '12', '1.a', 'a.1', '12.3', '1.23', enumDomain('1'.repeat(16), '1')]) {
    assert.equal(read(`${domain}.e164.arpa`), NOT_A_NUMBER, domain);
  }
  for (const domain of ['arpa', 'e164', 'xe164.arpa', '1.f164.arpa', 'e164.arpa.1', '1.e164.arp']) {
    assert.equal(read(domain), OFF_ZONE, domain);
  }
});
