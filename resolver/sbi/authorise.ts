// Whether a request may be answered: bearer tokens by the policy of the operator (3GPP TS 33.501
// clause 13.4.1.1, TS 29.500 clause 6.7.3).
//
//     off       tokens are not looked at
//     optional  a request may come without a token; one that comes with it must be allowed by it
//     required  no token, no answer
//
// Two things never need one: asking for a token, and the registration that comes before it.

import type { HttpAnswer } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import type { VerifiedToken } from './access-token.ts';
import type { SbiRequest } from './sbi-message.ts';
import type { TokenPolicy } from './token-policy.ts';
import type { TokenReader } from './token-reader.ts';

/** A service and the NF type that produces it: what an access token must name. */
export interface TokenService {
  name: string;
  nfType: string;
}

/** This project's own service and NF type. */
export const NBCHF_SERVICE = { name: 'nbchf-routing', nfType: 'BCHF' } as const;

export interface AuthoriserOptions {
  policy: TokenPolicy;
  readToken: TokenReader;
  /** This resolver as a producer: an audience may name it instead of an NF type. */
  nfInstanceId: string;
}

/** What the decision goes by. */
type TokenRequest = Pick<SbiRequest, 'method' | 'headers'>;

/** Refuses, or tells whose token it was: `undefined` where there is none. */
export type TokenVerdict = TokenRefusal | { token: VerifiedToken | undefined };

export interface TokenRefusal {
  refusal: HttpAnswer;
  cause: 'UNAUTHORIZED' | 'INSUFFICIENT_SCOPE';
}

export type Authoriser = (
  service: TokenService,
  request: TokenRequest,
) => TokenVerdict | Promise<TokenVerdict>;

const NO_TOKEN: TokenVerdict = { token: undefined };

export function createAuthoriser(options: AuthoriserOptions): Authoriser {
  const { policy, readToken, nfInstanceId } = options;
  const judge = (token: VerifiedToken | undefined, service: TokenService): TokenVerdict => {
    if (!token) return unauthorised('invalid_token', 'The access token is not valid.');
    return notAllowed(token, service, nfInstanceId) ?? { token };
  };
  return (service, request) => {
    if (policy === 'off' || isFree(service, request)) return NO_TOKEN;
    const { authorization } = request.headers;
    if (authorization === undefined || authorization === '') {
      return policy === 'optional' ? NO_TOKEN : unauthorised(undefined, 'A token is needed.');
    }
    const read = readToken(authorization);
    return read instanceof Promise
      ? read.then((token) => judge(token, service))
      : judge(read, service);
  };
}

function isFree({ name }: TokenService, { method }: TokenRequest): boolean {
  return name === 'nnrf-oauth2' || (name === 'nnrf-nfm' && method === 'PUT');
}

function notAllowed(
  { audience, scopes }: VerifiedToken,
  { name, nfType }: TokenService,
  nfInstanceId: string,
): TokenRefusal | undefined {
  if (!audience.includes(nfType) && !audience.includes(nfInstanceId)) {
    return unauthorised('invalid_token', 'The access token is for another producer.');
  }
  if (scopes.has(name)) return undefined;
  const cause = 'INSUFFICIENT_SCOPE';
  const refusal = problem(403, cause, `The access token does not allow ${name}.`, {}, [
    ['www-authenticate', `Bearer error="insufficient_scope", scope="${name}"`],
  ]);
  return { refusal, cause };
}

function unauthorised(error: string | undefined, detail: string): TokenRefusal {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}"`;
  const cause = 'UNAUTHORIZED';
  return { refusal: problem(401, cause, detail, {}, [['www-authenticate', challenge]]), cause };
}

/** The refusal alone, for where nobody asks whose token it was. */
export function tokenRefusal(
  verdict: TokenVerdict | Promise<TokenVerdict>,
): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
  if (verdict instanceof Promise) return verdict.then(tokenRefusal);
  return 'refusal' in verdict ? verdict.refusal : undefined;
}
