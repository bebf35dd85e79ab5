// Reads the bearer token of a request (RFC 6750 section 2.1), and remembers what it has verified: a
// signature costs a hundred times as much.

import type { KeyObject } from 'node:crypto';
import { type VerifiedToken, verifyToken } from './access-token.ts';

/** The token of an `Authorization` field; `undefined` where it has none that is valid. */
export type TokenReader = (
  authorization: string,
) => VerifiedToken | undefined | Promise<VerifiedToken | undefined>;

const KNOWN_TOKENS_MAX = 1024;

/** @param now milliseconds since 1970 */
export function createTokenReader(publicKey: KeyObject, now: () => number): TokenReader {
  const known = new Map<string, VerifiedToken>();

  async function verify(token: string): Promise<VerifiedToken | undefined> {
    const verified = await verifyToken(token, publicKey, now());
    if (!verified) return undefined;
    // The oldest goes first: a Map keeps the order of insertion.
    if (known.size >= KNOWN_TOKENS_MAX) known.delete(known.keys().next().value as string);
    known.set(token, verified);
    return verified;
  }

  return (authorization) => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    const verified = known.get(token);
    if (verified && verified.expiresMs > now()) return verified;
    known.delete(token);
    return verify(token);
  };
}
