// Server cookies: the vectors of SipHash's authors and of RFC 9018, and the life of a secret.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../udp/client-address-codec.ts';
import { COOKIE_BYTES, ServerCookies } from '../dns-cookie-codec.ts';
import { hashHigh, hashLow, sipHash } from '../sip-hash-codec.ts';
import { hex } from './fixture.ts';

const SECRET = hex('e5e973e5a6b2a43f48e7dc849e37bfcf');
const CLIENT = parseAddress('198.51.100.100')!;
const NOW = 1_559_731_985;

function answerOf(
  cookies: ServerCookies,
  cookie: string,
  { client = CLIENT, nowSeconds = NOW } = {},
): { verdict: string; cookie: string } {
  const out = new Uint8Array(COOKIE_BYTES);
  const message = hex(`ffff ${cookie} ffff`);
  const verdict = cookies.answer(out, message, 2, message.length - 4, client, nowSeconds);
  return { verdict, cookie: Buffer.from(out).toString('hex') };
}

test('SipHash-2-4 gives the vectors of its authors', () => {
  const key = Uint8Array.from({ length: 16 }, (_, index) => index);
  const input = Uint8Array.from({ length: 64 }, (_, index) => index);
  const vectors: [length: number, high: number, low: number][] = [
    [0, 0x726fdb47, 0xdd0e0e31],
    [1, 0x74f839c5, 0x93dc67fd],
    [7, 0xab0200f5, 0x8b01d137],
    [8, 0x93f5f579, 0x9a932462],
    [15, 0xa129ca61, 0x49be45e5],
    [63, 0x958a324c, 0xeb064572],
  ];
  for (const [length, high, low] of vectors) {
    sipHash(key, input, 0, length);
    assert.deepEqual([hashHigh, hashLow], [high, low], `${length} bytes`);
  }
});

describe('the vectors of RFC 9018 appendix A', () => {
  test('A.1: a client that has no server cookie gets one', () => {
    assert.deepEqual(answerOf(new ServerCookies([SECRET]), '2464c4abcf10c957'), {
      verdict: 'absent',
      cookie: '2464c4abcf10c957010000005cf79f111f8130c3eee29480',
    });
  });

  test('A.2: after more than half an hour a good one is renewed', () => {
    const cookies = new ServerCookies([SECRET]);
    const old = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';
    assert.deepEqual(answerOf(cookies, old, { nowSeconds: 1_559_734_385 }), {
      verdict: 'valid',
      cookie: '2464c4abcf10c957010000005cf7a871d4a564a1442aca77',
    });
  });

  test('A.4: an IPv6 client, and a secret that is on its way out', () => {
    const client = parseAddress('2001:db8:220:1:59de:d0f4:8769:82b8')!;
    const newer = hex('445536bcd2513298075a5d379663c962');
    const older = hex('dd3bdf9344b678b185a6f5cb60fca715');
    const at = { client, nowSeconds: 1_559_741_961 };
    assert.deepEqual(answerOf(new ServerCookies([newer, older]), '22681ab97d52c298', at), {
      verdict: 'absent',
      cookie: '22681ab97d52c298010000005cf7c609a6bb79d16625507a',
    });
  });
});

describe('a server cookie', () => {
  const cookies = new ServerCookies([SECRET]);
  const made = answerOf(cookies, '2464c4abcf10c957').cookie;

  test('comes back as it is for half an hour, counts for an hour, and five minutes too early', () => {
    const at = (seconds: number) => answerOf(cookies, made, { nowSeconds: NOW + seconds });
    assert.deepEqual(at(1800), { verdict: 'valid', cookie: made });
    assert.equal(at(1801).verdict, 'valid');
    assert.notEqual(at(1801).cookie, made);
    assert.equal(at(3600).verdict, 'valid');
    assert.equal(at(3601).verdict, 'invalid');
    assert.equal(at(-300).verdict, 'valid');
    assert.equal(at(-301).verdict, 'invalid');
  });

  test('counts on across the end of the 32-bit clock', () => {
    const nowSeconds = 2 ** 32 - 10;
    const late = answerOf(cookies, '2464c4abcf10c957', { nowSeconds }).cookie;
    assert.equal(answerOf(cookies, late, { nowSeconds: nowSeconds + 20 }).verdict, 'valid');
  });

  test('is bound to its client cookie, its address, its time and its secret', () => {
    const client = parseAddress('198.51.100.101')!;
    assert.equal(answerOf(cookies, made, { client }).verdict, 'invalid');
    const other = new ServerCookies([hex('00'.repeat(16))]);
    assert.equal(answerOf(other, made).verdict, 'invalid');
    for (let at = 0; at < COOKIE_BYTES; at++) {
      const changed = hex(made);
      changed[at]! ^= 1;
      assert.equal(answerOf(cookies, Buffer.from(changed).toString('hex')).verdict, 'invalid');
    }
  });

  test('of another length or version is not this server’s, and the answer has a new one', () => {
    for (const bytes of [8, 15, 17, 32]) {
      const foreign = `2464c4abcf10c957${'01'.repeat(bytes)}`;
      assert.deepEqual(answerOf(cookies, foreign), { verdict: 'invalid', cookie: made });
    }
  });

  test('with the reserved bytes set is hashed as it came (RFC 9018 section 4.2)', () => {
    // A.3 of RFC 9018: 01abcdef, and the hash over it.
    const client = parseAddress('203.0.113.203')!;
    const cookie = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
    const at = (nowSeconds: number) => answerOf(cookies, cookie, { client, nowSeconds });
    assert.deepEqual(at(1_559_727_985), { verdict: 'valid', cookie });
    // The answer of the vector, at a time when the cookie is out of date by section 4.3.
    assert.deepEqual(at(1_559_734_700), {
      verdict: 'invalid',
      cookie: 'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e',
    });
  });
});

test('a secret is told first, used then, and accepted until it is taken away', () => {
  const [old, next] = [SECRET, hex('11'.repeat(16))];
  const server = new ServerCookies([old]);
  const ahead = new ServerCookies([old, next]);
  const made = answerOf(new ServerCookies([next]), '2464c4abcf10c957').cookie;
  assert.equal(answerOf(server, made).verdict, 'invalid');
  assert.equal(answerOf(ahead, made).verdict, 'valid');
  const oldCookie = answerOf(server, '2464c4abcf10c957').cookie;
  server.replace([next, old]);
  assert.deepEqual(answerOf(server, oldCookie), { verdict: 'valid', cookie: made });
  server.replace([next]);
  assert.equal(answerOf(server, oldCookie).verdict, 'invalid');
});

test('secrets of another length, none and too many are refused', () => {
  for (const secrets of [[], [hex('00')], Array(5).fill(SECRET)]) {
    assert.throws(() => new ServerCookies(secrets), RangeError);
  }
});
