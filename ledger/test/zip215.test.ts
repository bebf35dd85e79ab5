// Signatures at the edges of ed25519, judged as CometBFT v0.38 judges them: by ZIP-215.

import assert from 'node:assert/strict';
import { createHash, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { isSignedByZip215 } from '../block/zip215.ts';
import { isSignedBy, privateKeyOf, publicKeyOf, rawPublicKey, signMessage } from '../ed25519.ts';
import { sodiumVerify } from '../sodium.ts';
import { randomFrom, seed } from './seed.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/**
 * The 14 encodings of the 8 points of small order: 8 canonical ones, and 6 whose y is not reduced or
 * whose sign bit belongs to an x of 0. Source: H. de Valence, «It's 255:19AM. Do you know what your
 * validation criteria are?», 2020, and the test small_order of ed25519-zebra, whose rules are ZIP-215's.
 */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/**
 * K. Chalkias, F. Garillot, V. Nikolaenko, «Taming the many EdDSAs», 2020 (eprint 2020/1244), vectors
 * 1 to 12 in their first published form, of which there are ten: 1 to 6 differ in orders of the points
 * and in the need of a cofactor, 7 and 8 have an S beyond the group's order, 9 and 10 an R that is not
 * canonical.
 */
const SPECCHECK: { message: string; key: string; signature: string; isRight: boolean }[] = [
  {
    message: '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    key: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a' +
      '0000000000000000000000000000000000000000000000000000000000000000',
    isRight: true,
  },
  {
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    key: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    signature:
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isRight: true,
  },
  {
    message: 'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    key: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa' +
      '8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
    isRight: true,
  },
  {
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    key: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    signature:
      '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f' +
      '87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
    isRight: true,
  },
  {
    message: 'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    key: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    signature:
      '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512' +
      '5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
    isRight: true,
  },
  {
    message: 'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    key: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    signature:
      '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7' +
      'e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
    isRight: true,
  },
  {
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    key: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    signature:
      'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e' +
      '547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
    isRight: false,
  },
  {
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    key: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    signature:
      '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942' +
      '7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
    isRight: false,
  },
  {
    message: 'fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a',
    key: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    signature:
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f' +
      '454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607',
    isRight: false,
  },
  {
    message: '84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1',
    key: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    signature:
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f' +
      '084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09',
    isRight: true,
  },
];

describe('a signature of a validator', () => {
  it('may have key and R of small order, in any encoding, as ZIP-215 allows', () => {
    const message = Buffer.from('Zcash');
    let refusedByNode = 0;
    for (const key of SMALL_ORDER) {
      for (const r of SMALL_ORDER) {
        const signature = Buffer.concat([bytes(r), new Uint8Array(32)]);
        assert.equal(isSignedByZip215(bytes(key), message, signature), true, `${key} ${r}`);
        if (!isSignedBy(bytes(key), message, signature)) refusedByNode++;
      }
    }
    assert.ok(refusedByNode > 100, 'node:crypto alone would split from the chain');
  });

  it('is judged like the published vectors', () => {
    for (const [index, { message, key, signature, isRight }] of SPECCHECK.entries()) {
      const judged = isSignedByZip215(bytes(key), bytes(message), bytes(signature));
      assert.equal(judged, isRight, `vector ${index + 1}`);
    }
  });

  it('is refused for another message, for an S that is not reduced, and in another length', () => {
    const [{ message, key, signature }] = SPECCHECK.slice(3) as [(typeof SPECCHECK)[number]];
    const other = Buffer.concat([bytes(message), Uint8Array.of(0)]);
    assert.equal(isSignedByZip215(bytes(key), other, bytes(signature)), false);
    assert.equal(isSignedByZip215(bytes(key), bytes(message), bytes(signature).subarray(1)), false);
    assert.equal(isSignedByZip215(bytes(key).subarray(1), bytes(message), bytes(signature)), false);
    assert.equal(
      isSignedByZip215(new Uint8Array(32).fill(0xff), bytes(message), bytes(signature)),
      false,
    );
    // S = the order of the group, which is 0 but not in its least form.
    const order = bytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
    const unreduced = Buffer.concat([bytes(SMALL_ORDER[0]!), order]);
    assert.equal(isSignedByZip215(bytes(SMALL_ORDER[0]!), other, unreduced), false);
  });
});

describe('a signature of a transaction', () => {
  const random = randomFrom(seed);
  const randomBytes = (count: number) =>
    Buffer.from(Array.from({ length: count }, () => random() * 256));

  /** What node:crypto says, where key and R are plain points; of others OpenSSL 3.0 and 3.5 differ. */
  function judgedByNode(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const isOdd = (point: Uint8Array) =>
      SMALL_ORDER.includes(Buffer.from(point.subarray(0, 32)).toString('hex'));
    if (isOdd(key) || isOdd(signature)) return false;
    try {
      return verify(null, message, publicKeyOf(key), signature);
    } catch {
      return false;
    }
  }

  /** Judges in every way that there is; all must agree. */
  function judge(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const expected = judgedByNode(key, message, signature);
    const hex = [key, message, signature]
      .map((part) => Buffer.from(part).toString('hex'))
      .join(' ');
    assert.equal(isSignedBy(key, message, signature), expected, hex);
    assert.equal(sodiumVerify()?.(signature, message, key) ?? expected, expected, hex);
    return expected;
  }

  it('is judged alike by libsodium and every node:crypto, whatever the order and encoding of its points', () => {
    const seen = new Set<boolean>();
    for (const key of SMALL_ORDER) {
      for (const r of SMALL_ORDER) {
        for (const message of ['Zcash', 'a', 'b', 'c']) {
          const signature = Buffer.concat([bytes(r), new Uint8Array(32)]);
          seen.add(judge(bytes(key), Buffer.from(message), signature));
        }
      }
    }
    for (const { message, key, signature } of SPECCHECK) {
      seen.add(judge(bytes(key), bytes(message), bytes(signature)));
    }
    assert.ok(seen.has(true) && seen.has(false));
  });

  it('is judged alike under keys and with points of mixed order', () => {
    const { Point } = ed25519;
    const torsion = Point.fromBytes(bytes(SMALL_ORDER[1]!), true);
    const order = Point.Fn.ORDER;
    const scalar = (data: Uint8Array): bigint =>
      BigInt(`0x${Buffer.from(data).reverse().toString('hex')}`) % order;
    const seen = new Set<boolean>();
    for (let round = 0; round < 48; round++) {
      const [secret, nonce] = [scalar(randomBytes(32)), scalar(randomBytes(32))];
      const withTorsion = (point: typeof torsion, isMixed: boolean) =>
        (isMixed ? point.add(torsion) : point).toBytes();
      const key = withTorsion(Point.BASE.multiply(secret), round % 3 !== 0);
      const r = withTorsion(Point.BASE.multiply(nonce), round % 3 !== 1);
      const message = randomBytes(10);
      const hash = createHash('sha512').update(r).update(key).update(message).digest();
      const s = Buffer.from(
        ((nonce + scalar(hash) * secret) % order).toString(16).padStart(64, '0'),
        'hex',
      ).reverse();
      seen.add(judge(key, message, Buffer.concat([r, s])));
      assert.equal(isSignedByZip215(key, message, Buffer.concat([r, s])), true);
    }
    assert.ok(seen.has(false), 'some need the cofactor');
  });

  it('is right as it was made, and wrong with any bit of it, its key or its message changed', () => {
    for (let round = 0; round < 200; round++) {
      const privateKey = privateKeyOf(randomBytes(32));
      const parts = [rawPublicKey(privateKey), randomBytes(round), new Uint8Array(64)] as const;
      parts[2].set(signMessage(parts[1], privateKey));
      assert.equal(judge(...parts), true);
      const part = parts[round === 0 ? 2 : Math.floor(random() * 3)]!;
      if (part.length === 0) continue;
      part[Math.floor(random() * part.length)]! ^= 1 << Math.floor(random() * 8);
      assert.equal(judge(...parts), false);
    }
  });

  it('is wrong in any other length', () => {
    const privateKey = privateKeyOf(randomBytes(32));
    const [key, message] = [rawPublicKey(privateKey), randomBytes(9)];
    const signature = signMessage(message, privateKey);
    for (const [other, otherSignature] of [
      [key.subarray(1), signature],
      [key, signature.subarray(1)],
      [key, Buffer.concat([signature, Uint8Array.of(0)])],
      [new Uint8Array(0), signature],
      [key, new Uint8Array(0)],
    ] as const) {
      assert.equal(isSignedBy(other, message, otherSignature), false);
    }
    assert.equal(isSignedBy(key, message, signature), true);
  });
});
