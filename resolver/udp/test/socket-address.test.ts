import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeSocketAddress, encodeSocketAddress } from '../socket-address.ts';

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
