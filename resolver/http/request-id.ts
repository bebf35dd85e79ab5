// What a request is called in logs: by whoever sent it, or by us where something went wrong with one
// that has no name.

import { randomUUID } from 'node:crypto';

/** TS 29.500 clause 5.2.3.2.8: who sends it follows one transaction, or one subscriber, through NFs. */
export const CORRELATION_HEADER = '3gpp-sbi-correlation-info';
export const REQUEST_ID_HEADER = 'x-request-id';
const CHARACTERS_MAX = 128;

/** The id that a request's headers give it, made fit for a log line; `undefined` where there is none. */
export function requestIdOf(header: (name: string) => string | undefined): string | undefined {
  const given = header(CORRELATION_HEADER) || header(REQUEST_ID_HEADER);
  if (!given) return undefined;
  // A header may hold what ends a line or steers a terminal.
  return given.replace(/[^\x20-\x7e]/g, '').slice(0, CHARACTERS_MAX) || undefined;
}

export function newRequestId(): string {
  return randomUUID();
}
