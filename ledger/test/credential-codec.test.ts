// The credential: its one form, what it binds, and each way in which it does not count.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  CREDENTIAL_TEXT_LENGTH,
  type CredentialClaims,
  type CredentialFault,
  checkCredential,
  makeCredential,
  parseCredential,
} from '../credential-codec.ts';
import { privateKeyOf, rawPublicKey } from '../ed25519.ts';
import { DIGITS_MAX, IDENTITIES, parseDigits } from '../number.ts';
import type { Plmn } from '../route.ts';
import { randomFrom, seed } from './seed.ts';

const privateKey = privateKeyOf(new Uint8Array(32).fill(7));
const publicKey = rawPublicKey(privateKey);
const NOW_MS = 1_800_000_000_000;
const WINDOW_MS = 30_000;

const claims: CredentialClaims = {
  ueId: { identity: 'imsi', key: parseDigits('460001234567890')! },
  servingNetwork: { mcc: '262', mnc: '01' },
  timeMs: NOW_MS,
  nonce: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
};

const expected = {
  ueId: claims.ueId,
  networks: [{ mcc: '262', mnc: '01' }],
  nowMs: NOW_MS,
  windowMs: WINDOW_MS,
};

const VECTOR =
  'AQDSQvUG3S8FAGLyEABQXBijAQABAgMEBQYHCAkKCwwNDg-ytrMvZccRbPWQ39dngBMTlsqFgeTFHREjPCHbE0LUuJXK85FH' +
  'mygdTSEVkmwP5OHlQzdmQ0kdJ0S36e-v5O4D';

describe('credential', () => {
  it('has the bytes that it has had since it exists', () => {
    // 01 imsi | key 1460001234567890 u64 | 262-01 | 1800000000000 u48 | nonce, then the signature.
    const text = makeCredential(claims, privateKey);
    const bytes = Buffer.from(text, 'base64url').toString('hex');
    assert.equal(
      bytes.slice(0, 70),
      '0100' + 'd242f506dd2f0500' + '62f210' + '00505c18a301' + '000102030405060708090a0b0c0d0e0f',
    );
    assert.equal(text, VECTOR);
  });

  it('gives back every claim that was signed, over random claims', () => {
    const random = randomFrom(seed);
    const digits = (count: number): string =>
      Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
    for (let round = 0; round < 300; round++) {
      const some: CredentialClaims = {
        ueId: {
          identity: IDENTITIES[Math.floor(random() * 2)]!,
          key: parseDigits(digits(1 + Math.floor(random() * DIGITS_MAX)))!,
        },
        servingNetwork: { mcc: digits(3), mnc: digits(2 + Math.floor(random() * 2)) },
        timeMs: Math.floor(random() * 2 ** 48),
        nonce: Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256)),
      };
      const text = makeCredential(some, privateKey);
      assert.equal(text.length, CREDENTIAL_TEXT_LENGTH);
      const { bytes, message, signature, ...back } = parseCredential(text)!;
      assert.deepEqual({ ...back, nonce: Uint8Array.from(back.nonce) }, some);
    }
  });

  it('has one text form: padding, white space, the other alphabet and other lengths are refused', () => {
    const plus = [...Array(200).keys()]
      .map((timeMs) => makeCredential({ ...claims, timeMs }, privateKey))
      .find((text) => /[-_]/.test(text))!;
    assert.ok(parseCredential(plus));
    const bad = [
      plus.replaceAll('-', '+').replaceAll('_', '/'),
      `${plus}=`,
      `${plus.slice(0, -1)}=`,
      ` ${plus.slice(1)}`,
      plus.slice(0, -1),
      `${plus}A`,
      `${plus.slice(0, -1)}\u0100`,
      '',
      'A'.repeat(CREDENTIAL_TEXT_LENGTH),
    ];
    for (const text of bad) assert.equal(parseCredential(text), undefined, JSON.stringify(text));
  });

  it('refuses bytes that no claims have', () => {
    const good = Buffer.from(makeCredential(claims, privateKey), 'base64url');
    const changed = (at: number, ...values: number[]): string => {
      const bytes = Buffer.from(good);
      bytes.set(values, at);
      return bytes.toString('base64url');
    };
    const bad = {
      version: changed(0, 2),
      kind: changed(1, IDENTITIES.length),
      'key without its leading 1': changed(2, 9, 0, 0, 0, 0, 0, 0, 0),
      'key beyond 2^53': changed(9, 0xff),
      'country code': changed(10, 0xa2),
      'network code': changed(12, 0x1c),
      filler: changed(11, 0xe2),
    };
    for (const [what, text] of Object.entries(bad)) {
      assert.equal(parseCredential(text), undefined, what);
    }
  });

  it('counts for its number, its network and its time alone', () => {
    const good = makeCredential(claims, privateKey);
    const judge = (change: object, key: Uint8Array | undefined = publicKey) =>
      checkCredential(good, { ...expected, ...change }, key).fault;
    const key = claims.ueId.key;
    const networks = (...list: Plmn[]) => ({ networks: list });
    const cases: [object, CredentialFault | undefined][] = [
      [{}, undefined],
      [{ ueId: { identity: 'msisdn', key } }, 'CREDENTIAL_NUMBER_MISMATCH'],
      [{ ueId: { identity: 'imsi', key: key + 1 } }, 'CREDENTIAL_NUMBER_MISMATCH'],
      [networks(), 'CREDENTIAL_NETWORK_MISMATCH'],
      [networks({ mcc: '262', mnc: '010' }), 'CREDENTIAL_NETWORK_MISMATCH'],
      [networks({ mcc: '262', mnc: '02' }, { mcc: '262', mnc: '01' }), undefined],
      [{ nowMs: NOW_MS + WINDOW_MS }, undefined],
      [{ nowMs: NOW_MS + WINDOW_MS + 1 }, 'CREDENTIAL_EXPIRED'],
      [{ nowMs: NOW_MS - WINDOW_MS }, undefined],
      [{ nowMs: NOW_MS - WINDOW_MS - 1 }, 'CREDENTIAL_NOT_YET_VALID'],
    ];
    for (const [change, fault] of cases) assert.equal(judge(change), fault, JSON.stringify(change));
    const other = rawPublicKey(privateKeyOf(new Uint8Array(32).fill(8)));
    assert.equal(judge({}, other), 'CREDENTIAL_SIGNATURE_INVALID');
    assert.equal(checkCredential(good, expected, undefined).fault, 'CREDENTIAL_KEY_UNKNOWN');
    assert.equal(checkCredential('x', expected, publicKey).fault, 'CREDENTIAL_MALFORMED');
  });

  it('is refused after a change of any single bit', () => {
    const good = Buffer.from(makeCredential(claims, privateKey), 'base64url');
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bytes = Buffer.from(good);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const credential = parseCredential(bytes.toString('base64url'));
      if (!credential) continue;
      // Whatever it now says is taken as what is expected: only the signature speaks against it.
      const asSaid = {
        ueId: credential.ueId,
        networks: [credential.servingNetwork],
        nowMs: credential.timeMs,
        windowMs: 0,
      };
      const { fault } = checkCredential(bytes.toString('base64url'), asSaid, publicKey);
      assert.equal(fault, 'CREDENTIAL_SIGNATURE_INVALID', `bit ${bit}`);
    }
  });

  it('is not signed by points of small order, nor anew by who has seen one', () => {
    const orderEight = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
    const neutral = `01${'00'.repeat(31)}`;
    const points = [
      neutral,
      '00'.repeat(32),
      `ec${'ff'.repeat(30)}7f`,
      orderEight,
      `${orderEight.slice(0, 62)}fa`,
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      `ee${'ff'.repeat(30)}7f`,
    ];
    const good = Buffer.from(makeCredential(claims, privateKey), 'base64url');
    const faultOf = (signature: Buffer, key: Uint8Array) =>
      checkCredential(
        Buffer.concat([good.subarray(0, -64), signature]).toString('base64url'),
        expected,
        key,
      ).fault;
    // With such a key every message has this signature, by the equation alone.
    for (const key of points) {
      for (const point of points) {
        const signature = Buffer.from(`${point}${'00'.repeat(32)}`, 'hex');
        assert.equal(faultOf(signature, Buffer.from(key, 'hex')), 'CREDENTIAL_SIGNATURE_INVALID');
        assert.equal(faultOf(signature, publicKey), 'CREDENTIAL_SIGNATURE_INVALID');
      }
    }
    // S and S + L satisfy the same equation (RFC 8032 section 8.4).
    const L = 2n ** 252n + 27742317777372353535851937790883648493n;
    const signature = Buffer.from(good.subarray(-64));
    const S = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
    Buffer.from(S.toString(16).padStart(64, '0'), 'hex').reverse().copy(signature, 32);
    assert.equal(faultOf(signature, publicKey), 'CREDENTIAL_SIGNATURE_INVALID');
  });

  it('is not made of claims that have no byte form', () => {
    const bad: Partial<CredentialClaims>[] = [
      { ueId: { identity: 'imsi', key: 5 } },
      { servingNetwork: { mcc: '26', mnc: '01' } },
      { servingNetwork: { mcc: '262', mnc: '1' } },
      { timeMs: -1 },
      { timeMs: 0.5 },
      { timeMs: 2 ** 48 },
      { nonce: randomBytes(15) },
    ];
    for (const one of bad) {
      assert.throws(() => makeCredential({ ...claims, ...one }, privateKey), RangeError);
    }
  });
});
