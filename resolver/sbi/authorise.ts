// Whether a request may be answered: bearer tokens by the policy of the operator (3GPP TS 33.501
// clause 13.4.1.1, TS 29.500 clause 6.7.3).
//
//     off       tokens are not looked at
//     optional  a request may come without a token; one that comes with it must be allowed by it
//     required  no token, no answer
//
// Two things never need one: asking for a token, and the registration that comes before it.

import type { KeyObject } from 'node:crypto';
import type { HttpAnswer } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import { type VerifiedToken, verifyToken } from './access-token.ts';
import type { SbiRequest } from './sbi-message.ts';
import type { SbiService } from './sbi-router.ts';
import type { TokenPolicy } from './token-policy.ts';

export interface AuthoriserOptions {
  policy: TokenPolicy;
  publicKey: KeyObject;
  /** This resolver as a producer: an audience may name it instead of an NF type. */
  nfInstanceId: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Tokens that were verified are known for as long as they hold: a signature costs 100 times more. */
const KNOWN_TOKENS_MAX = 1024;

export type Authoriser = (
  service: SbiService,
  request: SbiRequest,
) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;

export function createAuthoriser(options: AuthoriserOptions): Authoriser {
  const { policy, publicKey, nfInstanceId, now } = options;
  const known = new Map<string, VerifiedToken>();

  function remember(token: string, verified: VerifiedToken): void {
    // The oldest goes first: a Map keeps the order of insertion.
    if (known.size >= KNOWN_TOKENS_MAX) known.delete(known.keys().next().value as string);
    known.set(token, verified);
  }

  async function verify(token: string, service: SbiService): Promise<HttpAnswer | undefined> {
    const verified = await verifyToken(token, publicKey, now());
    if (!verified) return unauthorised('invalid_token', 'The access token is not valid.');
    remember(token, verified);
    return allowed(verified, service, nfInstanceId);
  }

  return (service, request) => {
    if (policy === 'off' || isFree(service, request)) return undefined;
    const { authorization } = request.headers;
    if (authorization === undefined) {
      return policy === 'optional' ? undefined : unauthorised(undefined, 'A token is needed.');
    }
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
    if (token === undefined) return unauthorised('invalid_token', 'There is no bearer token.');
    const verified = known.get(token);
    if (verified && verified.expiresMs > now()) return allowed(verified, service, nfInstanceId);
    known.delete(token);
    return verify(token, service);
  };
}

function isFree({ name }: SbiService, { method }: SbiRequest): boolean {
  return name === 'nnrf-oauth2' || (name === 'nnrf-nfm' && method === 'PUT');
}

function allowed(
  { audience, scopes }: VerifiedToken,
  { name, nfType }: SbiService,
  nfInstanceId: string,
): HttpAnswer | undefined {
  if (!audience.includes(nfType) && !audience.includes(nfInstanceId)) {
    return unauthorised('invalid_token', 'The access token is for another producer.');
  }
  if (scopes.has(name)) return undefined;
  return problem(403, 'INSUFFICIENT_SCOPE', `The access token does not allow ${name}.`, {}, [
    ['www-authenticate', `Bearer error="insufficient_scope", scope="${name}"`],
  ]);
}

function unauthorised(error: string | undefined, detail: string): HttpAnswer {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}"`;
  return problem(401, 'UNAUTHORIZED', detail, {}, [['www-authenticate', challenge]]);
}
