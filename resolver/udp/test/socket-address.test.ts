import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeSocketAddress, encodeSocketAddress, mapSocketAddress } from '../socket-address.ts';

describe('a socket address', () => {
  test('has the bytes that the system expects', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    assert.equal(
      hex(encodeSocketAddress({ address: '192.0.2.7', port: 5350 })),
      '020014e6c00002070000000000000000',
    );
    assert.equal(
      hex(encodeSocketAddress({ address: '2001:db8::1', port: 53 })),
      `0a000035${'0'.repeat(8)}20010db8${'0'.repeat(23)}1${'0'.repeat(8)}`,
    );
  });

  test('becomes 16 bytes for handlers, an IPv4 one mapped into IPv6', () => {
    const mapped = new Uint8Array(16).fill(7);
    const map = (address: string) => {
      mapSocketAddress(encodeSocketAddress({ address, port: 53 }), mapped);
      return Buffer.from(mapped).toString('hex');
    };
    assert.equal(map('192.0.2.7'), '00000000000000000000ffffc0000207');
    assert.equal(map('2001:db8::1'), `20010db8${'0'.repeat(23)}1`);
    mapSocketAddress(new Uint8Array(16).fill(9), mapped);
    assert.equal(Buffer.from(mapped).toString('hex'), '0'.repeat(32));
  });

  test('is read back as it was written', () => {
    for (const address of [
      '0.0.0.0',
      '255.255.255.255',
      '::',
      '::1',
      '2001:db8::8:800:200c:417a',
      'fe80::1',
      '::ffff:192.0.2.128',
      '1:2:3:4:5:6:7:8',
    ]) {
      const endpoint = { address, port: 65_535 };
      assert.deepEqual(decodeSocketAddress(encodeSocketAddress(endpoint)), endpoint);
    }
  });

  test('is not made of anything else', () => {
    for (const address of ['localhost', '1.2.3', '1.2.3.256', '', 'fe80::1%eth0']) {
      assert.throws(() => encodeSocketAddress({ address, port: 1 }), TypeError);
    }
    assert.throws(() => decodeSocketAddress(new Uint8Array(16)), TypeError);
  });
});
