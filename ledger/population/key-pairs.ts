// The ed25519 keys of the members of a consortium for trying out.

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { privateKeyOf, rawPublicKey } from '../ed25519.ts';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** 32 bytes, the form in which a ledger keeps it (RFC 8032 section 5.1.5). */
  publicKeyBytes: Uint8Array;
}

/**
 * The key pair of a signer: its private key is a hash of the population's seed and the signer's id.
 *
 * Whoever knows the seed can sign for everyone. That is the point, and the limit: one process plays
 * a whole consortium so that the product can be tried out. Real members make keys of their own.
 */
export function deriveKeyPair(seed: number, id: string): KeyPair {
  const secret = createHash('sha256').update(`bchf key\0${seed}\0${id}`).digest();
  const privateKey = privateKeyOf(secret);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, publicKeyBytes: rawPublicKey(publicKey) };
}
