// The ed25519 keys of the members of a consortium for trying out.

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** PKCS #8 header of an ed25519 private key (RFC 8410 section 7); the 32-byte seed follows. */
const PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex');

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
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEADER, secret]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey);
  const publicKeyBytes = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  return { privateKey, publicKey, publicKeyBytes: new Uint8Array(publicKeyBytes) };
}
