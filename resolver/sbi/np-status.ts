// Nmnpf_NPStatus, `GET /nmnpf-npstatus/v1/{gpsi}` (3GPP TS 29.578 clause 6.1): the network that a
// number is subscribed to now, wherever it came from.

import type { UeId } from '../../ledger/number.ts';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import { decodePercent, incorrectParameter } from '../http/query-parameters.ts';
import type { NumberResolver } from '../resolve.ts';
import { parseGpsi } from './subscriber-identity.ts';

/**
 * Answers for the raw path segment and query string.
 *
 * 200 with NpStatusInfo; 400 MANDATORY_IE_INCORRECT where the segment is no GPSI; 400
 * INVALID_QUERY_PARAM for any query, because the operation has none; 404 USER_NOT_FOUND where no entry
 * covers the number.
 */
export function answerNpStatus(
  segment: string,
  query: string,
  resolver: NumberResolver,
): HttpAnswer {
  const verdict = parseGpsi(decodePercent(segment) ?? '');
  if (verdict === 'malformed') {
    return problem(400, 'MANDATORY_IE_INCORRECT', 'The path names no GPSI.', {
      invalidParams: [{ param: 'gpsi', reason: 'must be msisdn- and 5 to 15 digits, or extid-' }],
    });
  }
  if (query !== '') {
    const param = query.split(/[=&]/, 1)[0]!.slice(0, 64);
    return incorrectParameter('INVALID_QUERY_PARAM', { param, reason: 'is not known here' });
  }
  const found = verdict === 'foreign' ? undefined : resolver.find(verdict.ueId);
  if (!found) return problem(404, 'USER_NOT_FOUND', 'No entry covers the number.');
  const body = JSON.stringify({ subscriptionNetwork: found.route.plmn });
  return { status: 200, contentType: JSON_TYPE, body };
}

/** The number that a raw path segment names; `undefined` where it names none. */
export function gpsiNumberOf(segment: string): UeId | undefined {
  const verdict = parseGpsi(decodePercent(segment) ?? '');
  return typeof verdict === 'string' ? undefined : verdict.ueId;
}
