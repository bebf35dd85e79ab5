// Addresses and prefixes in their common form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIpv4, isWithin, parseAddress, parsePrefix } from '../client-address-codec.ts';

function hexOf(text: string): string | undefined {
  const address = parseAddress(text);
  return address && Buffer.from(address).toString('hex');
}

test('IPv4 addresses are mapped into IPv6, also where a socket of both families tells them so', () => {
  assert.equal(hexOf('192.0.2.1'), '00000000000000000000ffffc0000201');
  assert.equal(hexOf('::ffff:192.0.2.1'), hexOf('192.0.2.1'));
  assert.equal(isIpv4(parseAddress('192.0.2.1')!), true);
  assert.equal(isIpv4(parseAddress('2001:db8::1')!), false);
});

test('IPv6 addresses are read in every notation of RFC 4291, without a zone', () => {
  assert.equal(hexOf('::'), '0'.repeat(32));
  assert.equal(hexOf('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hexOf('2001:DB8::'), `20010db8${'0'.repeat(24)}`);
  assert.equal(hexOf('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  assert.equal(hexOf('fe80::1%eth0'), hexOf('fe80::1'));
});

test('what is no address is not read', () => {
  const bad = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
  ];
  const worse = [
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    'g::',
    '1.2.3.4::',
    '12345::',
  ];
  for (const text of [...bad, ...worse]) assert.equal(parseAddress(text), undefined, text);
});

test('a prefix holds the addresses that begin with it and no other', () => {
  const within = (address: string, prefix: string) =>
    isWithin(parseAddress(address)!, [parsePrefix(prefix)!]);
  assert.equal(within('10.1.2.3', '10.0.0.0/8'), true);
  assert.equal(within('11.1.2.3', '10.0.0.0/8'), false);
  assert.equal(within('192.0.2.127', '192.0.2.0/25'), true);
  assert.equal(within('192.0.2.128', '192.0.2.0/25'), false);
  assert.equal(within('192.0.2.1', '192.0.2.1'), true);
  assert.equal(within('2001:db8:1:2ff::', '2001:db8:1:200::/56'), true);
  assert.equal(within('2001:db8:1:300::', '2001:db8:1:200::/56'), false);
  assert.equal(within('192.0.2.1', '0.0.0.0/0'), true);
  assert.equal(within('2001:db8::', '0.0.0.0/0'), false, 'IPv4 prefixes hold no IPv6 address');
  assert.equal(within('2001:db8::', '::/0'), true);
  assert.equal(isWithin(parseAddress('::1')!, []), false);
});

test('bits behind a prefix do not count, and what is no prefix is not read', () => {
  assert.deepEqual(parsePrefix('10.255.255.255/8'), parsePrefix('10.0.0.0/8'));
  for (const text of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/08', '::1%lo/8', '1/2/3']) {
    assert.equal(parsePrefix(text), undefined, text);
  }
});
