// Keys and signatures of ed25519 (RFC 8032) in their raw forms, over node:crypto.
//
// Every member must judge a signature alike, and verifiers of ed25519 differ in the cases that no honest
// signer makes: with or without cofactor, points of small order, encodings that are not canonical. Even
// node:crypto does, from OpenSSL 3.0 (Node 20) to 3.5 (Node 24). So the rule is written here, that of
// libsodium: RFC 8032 without cofactor, where neither key nor R is a point of small order, and the key's
// encoding is canonical. libsodium judges where there is one, in half the time; elsewhere node:crypto does,
// once the points are found plain.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sodiumVerify } from './sodium.ts';

export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

// Keys go in and out as JSON web keys (RFC 8037 section 2). Node makes a private key of one in 60 µs, and of
// DER in 640 µs; a public key in 20 µs and not 180 (Xeon, Node 20.20.2, 2026-11-28).
const JWK_HEAD = { kty: 'OKP', crv: 'Ed25519' };
/** What precedes the seed in a private key in DER (RFC 8410 section 7). */
const DER_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const base64url = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

/** Key objects cost as much to make as a tenth of a verification, and members sign often. */
const PUBLIC_KEYS_CACHED_MAX = 16_384;
const publicKeys = new Map<string, KeyObject>();

/** The key object of 32 raw bytes; cached. Throws a `RangeError` for another length. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  if (raw.length !== PUBLIC_KEY_BYTES) throw new RangeError('an ed25519 public key has 32 bytes');
  const name = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
  const cached = publicKeys.get(name);
  if (cached) return cached;
  const key = createPublicKey({ key: { ...JWK_HEAD, x: base64url(raw) }, format: 'jwk' });
  if (publicKeys.size >= PUBLIC_KEYS_CACHED_MAX) publicKeys.clear();
  publicKeys.set(name, key);
  return key;
}

/**
 * Whether a JSON web key may have any public half: Node up to 25 wants it to be there, and does not look at it.
 * Node 26 does, and makes a key of DER as fast.
 */
let isPublicHalfIgnored = true;

/** The private key of a 32-byte seed. Throws a `RangeError` for another length. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES) throw new RangeError('an ed25519 seed has 32 bytes');
  if (isPublicHalfIgnored) {
    try {
      return createPrivateKey({ key: { ...JWK_HEAD, d: base64url(seed), x: '' }, format: 'jwk' });
    } catch {
      isPublicHalfIgnored = false;
    }
  }
  return createPrivateKey({ key: Buffer.concat([DER_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32 raw bytes of the public half of a key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'));
}

/** 64 bytes of signature. */
export function signMessage(message: Uint8Array, privateKey: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey));
}

/** The y coordinates of the points whose order divides 8, without the sign of x; little-endian. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
].map((hex) => Buffer.from(hex, 'hex'));

/** Whether the first 32 bytes encode y below 2^255 − 19, and no point of small order. */
function isPlainPoint(bytes: Uint8Array): boolean {
  const high = bytes[31]! & 0x7f;
  const isBeyond =
    high === 0x7f && bytes[0]! >= 0xed && bytes.subarray(1, 31).every((byte) => byte === 0xff);
  return (
    !isBeyond &&
    !SMALL_ORDER_Y.some((y) =>
      y.every((byte, place) => byte === (place === 31 ? high : bytes[place])),
    )
  );
}

function isWhole(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.length === PUBLIC_KEY_BYTES && signature.length === SIGNATURE_BYTES;
}

/** What libsodium refuses by itself, and node:crypto does not. */
function isPlain(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return isWhole(publicKey, signature) && isPlainPoint(publicKey) && isPlainPoint(signature);
}

/** Whether a signature is right; anything that cannot be checked is not. */
export function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const verifyWithSodium = sodiumVerify();
  if (verifyWithSodium) {
    return isWhole(publicKey, signature) && verifyWithSodium(signature, message, publicKey);
  }
  if (!isPlain(publicKey, signature)) return false;
  try {
    return verify(null, message, publicKeyOf(publicKey), signature);
  } catch {
    return false;
  }
}

/** {@link isSignedBy} on a thread of Node's pool, so that the event loop goes on meanwhile. */
export function isSignedByInPool(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (!isPlain(publicKey, signature)) {
      resolve(false);
      return;
    }
    try {
      verify(null, message, publicKeyOf(publicKey), signature, (error, valid) =>
        resolve(!error && valid),
      );
    } catch {
      resolve(false);
    }
  });
}
