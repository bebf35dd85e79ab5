// The answer of Nnrf_NFDiscovery from the profiles that were found, whoever found them: SearchResult,
// how long it may be kept, and whether the consumer has it already.

import { hash } from 'node:crypto';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import type { DiscoveryQuery } from './discovery-query.ts';
import type { SbiRequest } from './sbi-message.ts';

/** What stands around the array of profiles in SearchResult (TS 29.510 clause 6.2.6.2.2). */
export function searchText(
  isEmpty: boolean,
  { supportedFeatures, ignored }: Pick<DiscoveryQuery, 'supportedFeatures' | 'ignored'>,
  validitySeconds: number,
): [before: string, after: string] {
  const rest = JSON.stringify({
    ...(supportedFeatures !== undefined && { nrfSupportedFeatures: supportedFeatures }),
    ...(isEmpty && { noProfileMatchInfo: { reason: 'QUERY_PARAMS_COMBINATION_NO_MATCH' } }),
    ...(ignored.length > 0 && { ignoredQueryParams: ignored }),
  });
  const before = `{"validityPeriod":${validitySeconds},"nfInstances":`;
  return [before, rest === '{}' ? '}' : `,${rest.slice(1)}`];
}

/** The answer with these profiles. */
export function answerSearch(
  nfInstances: readonly object[],
  asked: DiscoveryQuery,
  validitySeconds: number,
  headers: SbiRequest['headers'],
): HttpAnswer {
  const [before, after] = searchText(nfInstances.length === 0, asked, validitySeconds);
  const body = before + JSON.stringify(nfInstances) + after;
  const etag = `"${hash('sha1', body, 'base64')}"`;
  return answerWithTag({ body, etag }, validitySeconds, headers);
}

/** 200 with ETag and Cache-Control, or 304 where the consumer has it (RFC 9110 section 13.1.2). */
export function answerWithTag(
  { body, etag }: { body: string; etag: string },
  validitySeconds: number,
  headers: SbiRequest['headers'],
): HttpAnswer {
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
