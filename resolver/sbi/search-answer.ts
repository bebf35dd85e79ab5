// The answer of Nnrf_NFDiscovery from the profiles that were found, whoever found them: SearchResult,
// how long it may be kept, and whether the consumer has it already.

import { hash } from 'node:crypto';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import type { DiscoveryQuery } from './discovery-query.ts';
import type { SbiRequest } from './sbi-message.ts';

/**
 * SearchResult (TS 29.510 clause 6.2.6.2.2): the array of profiles, and what stands around it. Profiles for
 * which the requester has no room are left out.
 *
 * @param bytesOf how many bytes a profile's JSON takes in an answer
 */
export function searchText(
  profiles: Iterable<object>,
  { supportedFeatures, ignored, payloadBytesMax }: SearchWish,
  validitySeconds: number,
  bytesOf: (json: string) => number = Buffer.byteLength,
): [before: string, nfInstances: string, after: string] {
  const before = `{"validityPeriod":${validitySeconds},"nfInstances":`;
  const afterOf = (isNoneFound: boolean) => {
    const rest = JSON.stringify({
      ...(supportedFeatures !== undefined && { nrfSupportedFeatures: supportedFeatures }),
      ...(isNoneFound && { noProfileMatchInfo: { reason: 'QUERY_PARAMS_COMBINATION_NO_MATCH' } }),
      ...(ignored.length > 0 && { ignoredQueryParams: ignored }),
    });
    return rest === '{}' ? '}' : `,${rest.slice(1)}`;
  };
  const after = afterOf(false);
  const fitting: string[] = [];
  let bytes = Buffer.byteLength(`${before}[]${after}`);
  for (const profile of profiles) {
    const json = JSON.stringify(profile);
    bytes += bytesOf(json) + ','.length;
    if (bytes > payloadBytesMax) return [before, `[${fitting.join()}]`, after];
    fitting.push(json);
  }
  return [before, `[${fitting.join()}]`, afterOf(fitting.length === 0)];
}

type SearchWish = Pick<DiscoveryQuery, 'supportedFeatures' | 'ignored' | 'payloadBytesMax'>;

/** The answer with these profiles. */
export function answerSearch(
  profiles: Iterable<object>,
  asked: DiscoveryQuery,
  validitySeconds: number,
  headers: SbiRequest['headers'],
): HttpAnswer {
  const body = searchText(profiles, asked, validitySeconds).join('');
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
