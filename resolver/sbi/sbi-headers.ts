// The custom headers of the service-based interfaces that matter to a server (3GPP TS 29.500 clause
// 5.2.3.2): priority, time limits, correlation.

import { CORRELATION_HEADER } from '../http/request-id.ts';
import type { SbiRequest } from './sbi-message.ts';

export const PRIORITY_HEADER = '3gpp-sbi-message-priority';
export const MAX_RESPONSE_TIME_HEADER = '3gpp-sbi-max-rsp-time';
export const SENDER_TIMESTAMP_HEADER = '3gpp-sbi-sender-timestamp';

/** 0 is the highest; a request without the header counts as this (TS 29.500 clause 6.8.4.1). */
export const PRIORITY_DEFAULT = 24;
const PRIORITY_LOWEST = 31;

type Headers = SbiRequest['headers'];

/** The priority of a request, 0 (highest) to 31; anything malformed counts as the default. */
export function priorityOf(headers: Headers): number {
  const text = headers[PRIORITY_HEADER];
  if (text === undefined || !/^[0-9]{1,2}$/.test(text)) return PRIORITY_DEFAULT;
  const priority = Number(text);
  return priority <= PRIORITY_LOWEST ? priority : PRIORITY_DEFAULT;
}

/**
 * When the requester stops waiting, in milliseconds since 1970; `undefined` where it does not say.
 *
 * Max-Rsp-Time is a number of milliseconds. It counts from the sender's timestamp where there is one,
 * which needs clocks that agree, as TS 29.500 clause 6.11.2 presumes; else from when the request came.
 */
export function deadlineOf(headers: Headers, receivedMs: number): number | undefined {
  const text = headers[MAX_RESPONSE_TIME_HEADER];
  if (text === undefined || !/^[0-9]{1,9}$/.test(text)) return undefined;
  return (senderTimeOf(headers) ?? receivedMs) + Number(text);
}

/** `Sun, 04 Aug 2019 08:49:37.845 GMT` (TS 29.500 clause 5.2.3.2.3). */
function senderTimeOf(headers: Headers): number | undefined {
  const text = headers[SENDER_TIMESTAMP_HEADER];
  if (text === undefined || text.length > 40 || !text.endsWith(' GMT')) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

const REPEATED_HEADERS = [PRIORITY_HEADER, CORRELATION_HEADER];

/** Headers of the request that every answer repeats, so that what stands between may act on them. */
export function repeatedHeaders(headers: Headers): [name: string, value: string][] {
  const repeated: [name: string, value: string][] = [];
  for (const name of REPEATED_HEADERS) {
    const value = headers[name];
    if (value !== undefined) repeated.push([name, value]);
  }
  return repeated;
}
