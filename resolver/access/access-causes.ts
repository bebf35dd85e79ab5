// Why access is refused: the `cause` of each refusal, its status and its words. The list is closed, and
// each cause has a counter of its own.

import { CREDENTIAL_FAULTS, type CredentialFault } from '../../ledger/credential-codec.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';

interface Meaning {
  status: 400 | 403 | 429 | 503;
  detail: string;
}

const OWN_CAUSES = {
  REQUESTER_NOT_ALLOWED: { status: 403, detail: 'No rule lets this requester ask.' },
  IDENTITY_NOT_ALLOWED: {
    status: 403,
    detail: 'This requester may not ask for numbers of this kind.',
  },
  MEMBER_NOT_ALLOWED: {
    status: 403,
    detail: "This requester may not ask for this member's numbers.",
  },
  BULK_NOT_ALLOWED: { status: 403, detail: 'This requester may ask for single numbers only.' },
  NF_CONGESTION_RISK: { status: 429, detail: 'The quota of this requester is used up.' },
  CREDENTIAL_REQUIRED: { status: 403, detail: "The terminal's credential is missing." },
  CREDENTIAL_KEYS_UNAVAILABLE: {
    status: 503,
    detail: 'No ledger is followed here, so credentials cannot be checked.',
  },
  CREDENTIAL_CONGESTION: { status: 503, detail: 'Too many credentials wait to be checked.' },
} as const satisfies Record<string, Meaning>;

export type AccessCause = keyof typeof OWN_CAUSES | CredentialFault;

function meaningOf(cause: AccessCause): Meaning {
  if (cause in OWN_CAUSES) return OWN_CAUSES[cause as keyof typeof OWN_CAUSES];
  const status = cause === 'CREDENTIAL_MALFORMED' ? 400 : 403;
  return { status, detail: CREDENTIAL_FAULTS[cause as CredentialFault] };
}

export const ACCESS_CAUSES = [
  ...Object.keys(OWN_CAUSES),
  ...Object.keys(CREDENTIAL_FAULTS),
] as AccessCause[];

/** The causes of a status, those of access tokens left out. */
export function causesOf(status: number): AccessCause[] {
  return ACCESS_CAUSES.filter((cause) => meaningOf(cause).status === status);
}

/** The answer to a refused request. `retryAfterS` is told where the same may succeed later. */
export function refusalOf(cause: AccessCause, retryAfterS?: number): HttpAnswer {
  const { status, detail } = meaningOf(cause);
  const headers: HttpAnswer['headers'] =
    retryAfterS === undefined ? [] : [['retry-after', String(retryAfterS)]];
  return problem(status, cause, detail, {}, headers);
}

/** `MEMBER_NOT_ALLOWED` → `refusedMemberNotAllowed`. */
export function refusedCounter(cause: AccessCause): string {
  const words = cause.toLowerCase().split('_');
  return `refused${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')}`;
}

/** Help text by counter. */
export const ACCESS_COUNTER_HELP: Record<string, string> = {
  allowed: 'Requests that the rules of access let through.',
  refusedToken: 'Requests refused for their access token, or for having none.',
  ...Object.fromEntries(
    ACCESS_CAUSES.map((cause) => [refusedCounter(cause), `Requests refused: ${cause}.`]),
  ),
  goodCredentials: 'Credentials that were checked and found good.',
  auditedDecisions: 'Decisions handed to the audit log.',
  unauditedDecisions: 'Decisions that the audit log has lost: too many waited, or it failed.',
};
