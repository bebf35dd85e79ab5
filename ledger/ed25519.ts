// Keys and signatures of ed25519 (RFC 8032) in their raw forms, over node:crypto.
//
// node:crypto checks without cofactor and refuses some signatures that ZIP-215 verifiers (CometBFT)
// take. Everything signed here is made by honest signers of the plain kind, for which both agree. What
// libsodium finds right node:crypto does too, and it is asked first because it takes half the time.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { verifyWithSodium } from './sodium.ts';

export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

// The fixed DER heads of a raw key (RFC 8410 sections 4 and 7).
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Key objects cost as much to make as a tenth of a verification, and members sign often. */
const PUBLIC_KEYS_CACHED_MAX = 16_384;
const publicKeys = new Map<string, KeyObject>();

/** The key object of 32 raw bytes; cached. Throws a `RangeError` for another length. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  if (raw.length !== PUBLIC_KEY_BYTES) throw new RangeError('an ed25519 public key has 32 bytes');
  const name = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
  const cached = publicKeys.get(name);
  if (cached) return cached;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_HEAD, raw]),
    format: 'der',
    type: 'spki',
  });
  if (publicKeys.size >= PUBLIC_KEYS_CACHED_MAX) publicKeys.clear();
  publicKeys.set(name, key);
  return key;
}

/** The private key of a 32-byte seed. Throws a `RangeError` for another length. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES) throw new RangeError('an ed25519 seed has 32 bytes');
  return createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, seed]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** The 32 raw bytes of the public half of a key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - PUBLIC_KEY_BYTES));
}

/** 64 bytes of signature. */
export function signMessage(message: Uint8Array, privateKey: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey));
}

/** Whether a signature is right; anything that cannot be checked is not. */
export function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (verifyWithSodium?.(signature, message, publicKey)) return true;
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
    try {
      verify(null, message, publicKeyOf(publicKey), signature, (error, valid) =>
        resolve(!error && valid),
      );
    } catch {
      resolve(false);
    }
  });
}
