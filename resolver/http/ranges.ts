// Nbchf_Routing: GET /nbchf-routing/v1/ranges, the entries with numbers that begin with some digits, in
// pages.
//
// A page is of one block, which it names; the next one may be of a newer block. It goes on behind the
// last entry of the page before, in the order of the index, so that an entry which stays what it is
// comes once, whatever else changes. Whoever then follows the changes since the first page's block has
// the entries of now (docs/nbchf.md).
//
// Nothing is kept between two pages: the token is the place of the last entry. One that nobody gave out
// lists from that place on, like any other.

import {
  digitsOf,
  IDENTITIES,
  type Identity,
  parseDigits,
  type UeId,
} from '../../ledger/number.ts';
import type { EntryPlace } from '../../wasm/entry-list.ts';
import type { EntryKind } from '../../wasm/number-index.ts';
import type { NumberResolver, Resolved } from '../resolve.ts';
import { type HttpAnswer, JSON_TYPE } from './http-answer.ts';
import {
  incorrectParameter,
  isQueryFault,
  missingParameter,
  parseQuery,
  type QueryFault,
  type QueryParameters,
} from './query-parameters.ts';
import { entryJson, ledgerJson } from './routing-info.ts';

export const PAGE_ENTRIES_DEFAULT = 100;
/** A page of so many entries takes about a millisecond of the serving thread. */
export const PAGE_ENTRIES_MAX = 1000;

/** What a page holds: of which digits, from where on, and how many. */
interface PageWish {
  digits: UeId;
  after: EntryPlace | undefined;
  limit: number;
}

/**
 * Answers for the query of a request: 200 with a RangePage; 400 with the cause that TS 29.500 has for
 * the parameter that is not as it should be.
 */
export function answerRanges(query: string, resolver: Pick<NumberResolver, 'list'>): HttpAnswer {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  const wish = wishOf(parameters);
  if ('status' in wish) return wish;
  const { digits, after, limit } = wish;
  // One more tells whether there is another page.
  const { entries, block, lagMs } = resolver.list(digits, after, limit + 1);
  const page = entries.slice(0, limit);
  const last = entries.length > limit ? page.at(-1) : undefined;
  const body =
    `{"ledger":${ledgerJson(block, lagMs)}` +
    `,"identity":"${digits.identity}","prefix":"${digitsOf(digits.key)}"` +
    `,"routes":{${routesJson(page)}},"entries":[${page.map(listedJson).join()}]` +
    `${last ? `,"next":"${tokenOf(digits, last.entry)}"` : ''}}`;
  return { status: 200, contentType: JSON_TYPE, body };
}

function wishOf(parameters: QueryParameters): PageWish | HttpAnswer {
  const [prefix, identity, limit, page] = ['prefix', 'identity', 'limit', 'page'].map((name) =>
    parameters.get(name),
  );
  if (prefix === undefined) return missingParameter('prefix');
  if (identity === undefined) return missingParameter('identity');
  const incorrect = (fault: QueryFault) =>
    incorrectParameter('MANDATORY_QUERY_PARAM_INCORRECT', fault);
  const key = parseDigits(prefix);
  if (key === undefined) return incorrect({ param: 'prefix', reason: 'must be 1 to 15 digits' });
  if (!isIdentity(identity)) {
    const reason = `must be one of ${IDENTITIES.join(', ')}`;
    return incorrect({ param: 'identity', reason });
  }
  const count = limit === undefined ? PAGE_ENTRIES_DEFAULT : countOf(limit);
  if (count === undefined) {
    const reason = `must be a whole number from 1 to ${PAGE_ENTRIES_MAX}`;
    return incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param: 'limit', reason });
  }
  const digits = { identity, key };
  const after = page === undefined ? undefined : placeOf(digits, page);
  if (page !== undefined && after === undefined) {
    const reason = 'must be the next of a page with the same prefix and identity';
    return incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param: 'page', reason });
  }
  return { digits, after, limit: count };
}

function isIdentity(text: string): text is Identity {
  return (IDENTITIES as readonly string[]).includes(text);
}

function countOf(text: string): number | undefined {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= PAGE_ENTRIES_MAX ? count : undefined;
}

const KIND_LETTERS: Record<EntryKind, string> = { prefix: 'p', fragmented: 'f', ported: 'n' };

/** The token of a place: what was asked, the kind of the entry and its ends, in base64url. */
function tokenOf({ identity, key }: UeId, { entry, from, to }: EntryPlace): string {
  const text = [identity, digitsOf(key), KIND_LETTERS[entry], digitsOf(from), digitsOf(to)].join();
  return Buffer.from(text).toString('base64url');
}

/** The place that a token tells; `undefined` for what is no token of this listing. */
function placeOf({ identity, key }: UeId, token: string): EntryPlace | undefined {
  if (!/^[A-Za-z0-9_-]{1,96}$/.test(token)) return undefined;
  const [kind, digits, letter, first = '', last = '', ...more] = Buffer.from(token, 'base64url')
    .toString('latin1')
    .split(',');
  const entry = (Object.keys(KIND_LETTERS) as EntryKind[]).find(
    (one) => KIND_LETTERS[one] === letter,
  );
  const [from, to] = [parseDigits(first), parseDigits(last)];
  const isOfListing = kind === identity && digits === digitsOf(key) && more.length === 0;
  if (!isOfListing || !entry || from === undefined || to === undefined) return undefined;
  return { entry, from, to };
}

function routesJson(entries: readonly Resolved[]): string {
  const routes = new Map(entries.map(({ entry, routeJson }) => [entry.route, routeJson]));
  return [...routes].map(([number, json]) => `"${number}":${json}`).join();
}

function listedJson({ entry, userDataIndex }: Resolved): string {
  const index = userDataIndex === undefined ? '' : `,"userDataIndex":${userDataIndex}`;
  return `${entryJson(entry).slice(0, -1)},"route":${entry.route}${index}}`;
}
