// Access tokens at the producer: policy, validity, audience and scope.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import {
  generateTokenKeys,
  issueToken,
  publicPemOf,
  readTokenKeys,
  type TokenClaims,
  verifyToken,
} from '../access-token.ts';
import { createAuthoriser, tokenRefusal } from '../authorise.ts';
import type { TokenPolicy } from '../token-policy.ts';
import { createTokenReader } from '../token-reader.ts';
import { ask, fixtureServices, GPSI, NOW_MS } from './sbi-fixture.ts';

const keys = generateTokenKeys();
const HERE = 'dddddddd-dddd-4ddd-8ddd-dddddddddddd';
const CLAIMS: TokenClaims = {
  issuer: HERE,
  subject: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
  audience: 'MNPF',
  scope: 'nmnpf-npstatus',
};
const token = (changes: Partial<TokenClaims> = {}, nowMs = NOW_MS) =>
  issueToken(
    keys.privateKey as NonNullable<typeof keys.privateKey>,
    { ...CLAIMS, ...changes },
    nowMs,
  );

function asker(policy: TokenPolicy) {
  let nowMs = NOW_MS;
  const { publicKey } = keys;
  const readToken = createTokenReader(publicKey, () => nowMs);
  const authorise = createAuthoriser({ policy, readToken, nfInstanceId: HERE });
  const services = fixtureServices({
    authorise: (service, request) => tokenRefusal(authorise(service, request)),
  });
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    async status(authorization?: string) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await ask(`/nmnpf-npstatus/v1/${GPSI}`, { headers }, services);
      if (answer.status !== 200) assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/);
      return answer.status;
    },
  };
}

test('the policy says whether a request needs a token, and whether one is looked at', async () => {
  const good = `Bearer ${await token()}`;
  for (const [policy, none, bad] of [
    ['off', 200, 200],
    ['optional', 200, 401],
    ['required', 401, 401],
  ] as const) {
    const { status } = asker(policy);
    assert.equal(await status(), none, policy);
    assert.equal(await status('Bearer nonsense'), bad, policy);
    assert.equal(await status(good), 200, policy);
  }
});

test('a token holds for its audience and its scopes, and no longer than it says', async () => {
  const { status, pass } = asker('required');
  const of = async (changes: Partial<TokenClaims>) => status(`Bearer ${await token(changes)}`);
  assert.equal(await of({ audience: [HERE] }), 200);
  assert.equal(await of({ scope: 'nudm-sdm nmnpf-npstatus' }), 200);
  assert.equal(await of({ audience: 'UDM' }), 401);
  assert.equal(await of({ audience: [CLAIMS.subject] }), 401);
  assert.equal(await of({ scope: 'nmnpf-npstatus2' }), 403);
  const good = `Bearer ${await token()}`;
  // Twice: the second time it is known.
  assert.deepEqual([await status(good), await status(good)], [200, 200]);
  pass(3_600_000 + 6_000);
  assert.equal(await status(good), 401);
});

test('a token that another key signed, or none, or another algorithm, is not valid', async () => {
  const other = generateTokenKeys();
  const forged = await issueToken(
    other.privateKey as NonNullable<typeof other.privateKey>,
    CLAIMS,
    NOW_MS,
  );
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [, payload] = (await token()).split('.');
  const unsigned = `${encode({ alg: 'none' })}.${payload}.`;
  // The public key taken for a shared secret.
  const confused = await new SignJWT({ scope: CLAIMS.scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(HERE)
    .setSubject(CLAIMS.subject)
    .setAudience('MNPF')
    .setExpirationTime(NOW_MS / 1000 + 60)
    .sign(Buffer.from(publicPemOf(keys)));
  const incomplete = await new SignJWT({ scope: CLAIMS.scope })
    .setProtectedHeader({ alg: 'ES256' })
    .setExpirationTime(NOW_MS / 1000 + 60)
    .sign(keys.privateKey as NonNullable<typeof keys.privateKey>);
  for (const bad of [forged, unsigned, confused, incomplete, 'x'.repeat(5000), '']) {
    assert.equal(await verifyToken(bad, keys.publicKey, NOW_MS), undefined, bad.slice(0, 40));
  }
});

test('a token is verified by the one key here, whatever it says of keys, and by no words of its own', async () => {
  const { privateKey, publicKey } = keys;
  const other = generateTokenKeys();
  const claims = {
    iss: HERE,
    sub: CLAIMS.subject,
    aud: 'MNPF',
    scope: CLAIMS.scope,
    exp: NOW_MS / 1000 + 60,
  };
  const signed = (header: object, payload: object, key = privateKey!) =>
    new SignJWT({ ...claims, ...payload })
      .setProtectedHeader({ alg: 'ES256', ...header })
      .sign(key, { crit: { 'urn:x': true } });
  const jwk = other.publicKey.export({ format: 'jwk' });
  const good = await signed({ kid: 'nobody-knows' }, {});
  assert.ok(await verifyToken(good, publicKey, NOW_MS), 'a kid that is not known is not asked for');
  const encode = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const [header, payload, signature] = good.split('.') as [string, string, string];
  const bad: Record<string, string | Promise<string>> = {
    'its own key in its header': signed({ jwk } as object, {}, other.privateKey),
    'an address of keys': signed({ jku: 'http://127.0.0.1:1/', kid: 'x' }, {}, other.privateKey),
    'a certificate of its own': signed({ x5c: ['AAAA'] }, {}, other.privateKey),
    'an extension that nobody knows': signed({ crit: ['urn:x'], 'urn:x': 1 }, {}),
    'other spellings of none': `${encode({ alg: 'nOnE' })}.${payload}.${signature}`,
    'another algorithm of the same key': `${encode({ alg: 'ES384' })}.${payload}.${signature}`,
    'claims changed': `${header}.${encode({ ...claims, aud: 'UDM' })}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'a signature of zeros': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'five parts': `${good}.${payload}.${signature}`,
    'claims that are no object': `${header}.${encode('[]')}.${signature}`,
    'a subject that is no text': signed({}, { sub: 7 }),
    'a scope that is no text': signed({}, { scope: [CLAIMS.scope] }),
    'an end that is no number': signed({}, { exp: 'never' }),
    'not yet': signed({}, { nbf: NOW_MS / 1000 + 60 }),
    over: signed({}, { exp: NOW_MS / 1000 - 6 }),
    'longer than any': signed({}, { more: 'x'.repeat(4096) }),
  };
  for (const [what, token] of Object.entries(bad)) {
    assert.equal(await verifyToken(await token, publicKey, NOW_MS), undefined, what);
  }
});

test('keys come from PEM: EC, RSA and Ed25519, private or public; a weak one is refused', async () => {
  const pem = (key: { export(options: object): string | Buffer }, type: string) =>
    key.export({ type, format: 'pem' }).toString();
  for (const pair of [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ]) {
    const own = readTokenKeys(pem(pair.privateKey, 'pkcs8'));
    const theirs = readTokenKeys(pem(pair.publicKey, 'spki'));
    assert.equal(theirs.privateKey, undefined);
    const issued = await issueToken(
      own.privateKey as NonNullable<typeof own.privateKey>,
      CLAIMS,
      NOW_MS,
    );
    assert.equal((await verifyToken(issued, theirs.publicKey, NOW_MS))?.subject, CLAIMS.subject);
  }
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  assert.throws(() => readTokenKeys(pem(weak.privateKey, 'pkcs8')), TypeError);
  assert.throws(() => readTokenKeys('nothing'));
});
