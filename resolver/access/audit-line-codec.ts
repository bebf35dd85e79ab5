// One line of the audit log: JSON, without any number in clear.
//
//     {"time":"…","interface":"http","operation":"routing-info","rule":"amfs","subject":"…",
//      "nfType":"AMF","network":"262-01","identity":"imsi","number":"460001*********","count":1,
//      "decision":"refused","cause":"CREDENTIAL_EXPIRED","credential":null,"member":null,"route":null,
//      "requestId":"imsi-460001*********"}
//
// A number is *masked* (the leading digits that tell the network or the country stay, six at most and
// never one of the last six) or *hashed* (HMAC-SHA-256 under the operator's key, 16 bytes in
// hexadecimal), by which lines of one number are found without the number. A plain hash would not do:
// there are only 10^15 numbers. What a requester calls its request may be a number too (the correlation
// information of TS 29.500 is often a SUPI), so digits in it are hidden alike.

import { createHmac, type KeyObject } from 'node:crypto';
import { digitsOf, formatUeId, parseUeId, type UeId } from '../../ledger/number.ts';
import type { Plmn } from '../../ledger/route.ts';

export const AUDIT_NUMBERS = ['masked', 'hashed'] as const;

/** Of a subject, which a token may make long. */
const SUBJECT_LENGTH_MAX = 253;
const SHOWN_DIGITS_MAX = 6;
const HIDDEN_DIGITS_MIN = 6;
const HASH_BYTES = 16;

/** How numbers are written: masked, or hashed with a key. */
export type AuditNumbers = { style: 'masked' } | { style: 'hashed'; key: KeyObject };

/** What was decided about one request. */
export interface AuditedDecision {
  /** Milliseconds since 1970. */
  timeMs: number;
  interface: 'http' | 'sbi';
  operation: string;
  /** Name of the rule; `undefined` where the requester fits none, or where there are none. */
  rule: string | undefined;
  /** Proven by a token or a certificate. */
  subject: string | undefined;
  nfType: string | undefined;
  network: Plmn | undefined;
  /** `undefined` where many numbers, or none, were asked for. */
  ueId: UeId | undefined;
  /** How many numbers were asked for. */
  count: number;
  /** `undefined`: allowed. */
  cause: string | undefined;
  /** Whether a credential was checked and found good. */
  isCredentialGood: boolean;
  /** Of the entry that covers the number, where that was looked at. */
  member: string | undefined;
  route: string | undefined;
  /** What the request is called, by its sender or (`isOwn`) by us in the answer. */
  requestId: { text: string; isOwn: boolean };
}

/** A line without its end. */
export function formatAuditLine(decision: AuditedDecision, numbers: AuditNumbers): string {
  const { timeMs, rule, subject, nfType, network, ueId, count, cause, member, route } = decision;
  const { requestId } = decision;
  return JSON.stringify({
    time: new Date(timeMs).toISOString(),
    interface: decision.interface,
    operation: decision.operation,
    rule: rule ?? null,
    subject: subject?.slice(0, SUBJECT_LENGTH_MAX) ?? null,
    nfType: nfType ?? null,
    network: network ? `${network.mcc}-${network.mnc}` : null,
    identity: ueId?.identity ?? null,
    number: ueId ? hiddenNumber(ueId, numbers) : null,
    count,
    decision: cause === undefined ? 'allowed' : 'refused',
    cause: cause ?? null,
    credential: decision.isCredentialGood ? 'good' : null,
    member: member ?? null,
    route: route ?? null,
    requestId: hiddenRequestId(requestId, numbers),
  });
}

/** A number after its kind, or any digits that are as many as a number's. */
const NUMBERS_IN_IDS = /(?:imsi|msisdn)-[0-9]{1,15}(?![0-9])|[0-9]{7,}/g;

function hiddenRequestId(
  { text, isOwn }: AuditedDecision['requestId'],
  numbers: AuditNumbers,
): string {
  if (isOwn) return text;
  return text.replace(NUMBERS_IN_IDS, (found) => {
    const ueId = parseUeId(found);
    return ueId ? `${ueId.identity}-${hiddenNumber(ueId, numbers)}` : maskedDigits(found);
  });
}

function hiddenNumber(ueId: UeId, numbers: AuditNumbers): string {
  if (numbers.style === 'hashed') {
    const hash = createHmac('sha256', numbers.key).update(formatUeId(ueId)).digest();
    return hash.toString('hex', 0, HASH_BYTES);
  }
  return maskedDigits(digitsOf(ueId.key));
}

function maskedDigits(digits: string): string {
  const shown = Math.max(0, Math.min(SHOWN_DIGITS_MAX, digits.length - HIDDEN_DIGITS_MIN));
  return digits.slice(0, shown) + '*'.repeat(digits.length - shown);
}
