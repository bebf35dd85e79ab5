// Signatures of validators, judged as CometBFT judges them: by the rules of ZIP-215.
//
// ZIP-215 (https://zips.z.cash/zip-0215) checks with the cofactor and takes encodings of points that are
// not canonical, and points of small order; node:crypto refuses some of these. What node:crypto takes,
// ZIP-215 takes too, so only a refusal is looked at again: by @noble/curves, which takes 1.3 ms for what
// node:crypto does in 0.11 ms (AMD EPYC, Node 20.20, 2026-11). A commit is refused at its first bad
// signature, so a forged one costs one such look.

import { ed25519 } from '@noble/curves/ed25519.js';
import { isSignedBy, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../ed25519.ts';

/** Whether a signature is right by ZIP-215; anything that cannot be checked is not. */
export function isSignedByZip215(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (isSignedBy(publicKey, message, signature)) return true;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: true });
  } catch {
    return false;
  }
}
