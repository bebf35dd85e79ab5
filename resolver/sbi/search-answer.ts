// The answer of Nnrf_NFDiscovery from the profiles that were found, whoever found them: SearchResult,
// how long it may be kept, and whether the consumer has it already.

import { hash } from 'node:crypto';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import type { DiscoveryQuery } from './discovery-query.ts';
import type { SbiRequest } from './sbi-message.ts';

/** 200 with ETag and Cache-Control, or 304 where the consumer has it (RFC 9110 section 13.1.2). */
export function answerSearch(
  nfInstances: readonly object[],
  { supportedFeatures, ignored }: DiscoveryQuery,
  validitySeconds: number,
  headers: SbiRequest['headers'],
): HttpAnswer {
  // TS 29.510 clause 6.2.6.2.2.
  const result = {
    validityPeriod: validitySeconds,
    nfInstances,
    ...(supportedFeatures !== undefined && { nrfSupportedFeatures: supportedFeatures }),
    ...(nfInstances.length === 0 && {
      noProfileMatchInfo: { reason: 'QUERY_PARAMS_COMBINATION_NO_MATCH' },
    }),
    ...(ignored.length > 0 && { ignoredQueryParams: ignored }),
  };
  const body = JSON.stringify(result);
  const etag = `"${hash('sha1', body, 'base64')}"`;
  const validators = [
    ['cache-control', `max-age=${validitySeconds}`],
    ['etag', etag],
  ] as const;
  if (isHeld(headers['if-none-match'], etag)) {
    return { status: 304, contentType: '', body: '', headers: validators };
  }
  return { status: 200, contentType: JSON_TYPE, body, headers: validators };
}

function isHeld(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === etag || one === '*');
}
