// The rules of ENUM: which query gets which response.
//
// A query for a name in a zone that serves the client gets that zone's records (enum-records); one for a name
// below no suffix, or in a zone that is not for the client, gets REFUSED. Before that come malformed queries
// and cookies (RFC 7873), behind it the limits of clients' networks. Sockets are elsewhere: enum-tcp, and the
// resolver's UDP transport.

import { type AddressPrefix, isWithin } from '../udp/client-address-codec.ts';
import {
  CLASS_IN,
  MESSAGE_BYTES_MAX,
  RCODE,
  type Rcode,
  RECORD_TYPE,
  UDP_BYTES_WITHOUT_EDNS,
} from './dns-codec.ts';
import { COOKIE_BYTES, type CookieVerdict, type ServerCookies } from './dns-cookie-codec.ts';
import {
  type Edns,
  isCookieLength,
  parseQuery,
  type QueryVerdict,
  type RejectReason,
} from './dns-query-codec.ts';
import { ResponseWriter, udpLimitBytes } from './dns-response-codec.ts';
import type { EnumCounter, EnumCounters } from './enum-counters.ts';
import { findZone, type Outcome, type RecordSources, writeZoneRecords } from './enum-records.ts';
import { type RateLimiter, RESPONSE_CLASS } from './rate-limit-codec.ts';

export type EnumTransport = 'udp' | 'tcp';

/** What answering needs besides the message. `counters` is counted up. */
export interface EnumService extends RecordSources {
  transport: EnumTransport;
  counters: EnumCounters;
  /** Left out: COOKIE options are ignored, as other options are. */
  cookies?: ServerCookies | undefined;
  /** Left out: nothing is limited. Over TCP nothing is: addresses are not forged there. */
  limiter?: RateLimiter | undefined;
  /** Clients that are not limited. */
  unlimited?: readonly AddressPrefix[] | undefined;
  /** Milliseconds since 1970. */
  nowMs: () => number;
}

/**
 * Takes a message and its sender's address, 16 bytes in the common form of client-address-codec;
 * writes the response, returns its length: 0 is no answer.
 */
export type EnumHandler = (message: Uint8Array, response: Uint8Array, client: Uint8Array) => number;

/** A handler for a transport: {@link answerQuery} with the rest fixed. */
export function createEnumHandler(service: EnumService): EnumHandler {
  return (message, response, client) => answerQuery(message, response, client, service);
}

const ANSWERED_BY_RCODE: Record<Rcode, EnumCounter> = {
  [RCODE.NOERROR]: 'answeredNoData',
  [RCODE.FORMERR]: 'answeredFormerr',
  [RCODE.NXDOMAIN]: 'answeredNxdomain',
  [RCODE.NOTIMP]: 'answeredNotimp',
  [RCODE.REFUSED]: 'answeredRefused',
  [RCODE.BADVERS]: 'answeredBadvers',
  [RCODE.BADCOOKIE]: 'answeredBadcookie',
};

const REJECTED: Record<RejectReason, EnumCounter | undefined> = {
  opcode: undefined,
  version: undefined,
  transfer: 'refusedTransfer',
  'question-count': 'malformedQuestionCount',
  'other-records': 'malformedOtherRecords',
  question: 'malformedQuestion',
  'compressed-name': 'malformedCompressedName',
  opt: 'malformedOpt',
  cookie: 'malformedCookie',
  'left-over': 'malformedLeftOver',
};

const COOKIE_COUNTERS: Record<CookieVerdict, EnumCounter> = {
  absent: 'cookieNew',
  valid: 'cookieValid',
  invalid: 'cookieInvalid',
};

/** The cookie of the answer under way. */
const cookieData = new Uint8Array(COOKIE_BYTES);

/**
 * Answers one DNS message. Writes the response to the start of `response` and returns its length; 0
 * means that nothing may be sent. No message throws.
 *
 * `response` must not overlap `query` and must have at least 512 bytes, or a `RangeError` is thrown;
 * with 1232 bytes (UDP) or 65,535 (TCP) nothing is truncated for want of room in it.
 */
export function answerQuery(
  query: Uint8Array,
  response: Uint8Array,
  client: Uint8Array,
  service: EnumService,
): number {
  const { transport, counters } = service;
  if (response.length < UDP_BYTES_WITHOUT_EDNS) {
    throw new RangeError(`response must have at least ${UDP_BYTES_WITHOUT_EDNS} bytes`);
  }
  counters[transport === 'udp' ? 'udpReceived' : 'tcpReceived']++;
  const parsed = parseQuery(query);
  if (parsed.verdict === 'drop') {
    counters[parsed.reason === 'short' ? 'droppedShort' : 'droppedResponse']++;
    return 0;
  }
  const cookie = judgeCookie(query, parsed.edns, client, service);
  const limitBytes = transport === 'udp' ? udpLimitBytes(parsed.edns) : MESSAGE_BYTES_MAX;
  const writer = new ResponseWriter(
    query,
    { ...parsed, cookie: cookie === undefined ? undefined : cookieData },
    response,
    Math.min(limitBytes, response.length),
  );
  const outcome = writeRecords(query, parsed, cookie, client, writer, service);
  const isLimited = transport === 'udp' && cookie !== 'valid';
  if (isLimited) {
    const limited = limit(outcome, cookie, client, writer, service);
    if (limited !== undefined) return limited;
  }
  counters[outcome.counter]++;
  if (writer.truncated) counters.truncated++;
  return writer.finish(outcome.rcode, outcome.isAuthoritative);
}

/** Judges the query's cookie and makes the answer's; `undefined` where the answer has none. */
function judgeCookie(
  query: Uint8Array,
  edns: Edns | undefined,
  client: Uint8Array,
  { cookies, counters, nowMs }: EnumService,
): CookieVerdict | undefined {
  if (cookies === undefined || edns === undefined) return undefined;
  const { cookieAt, cookieBytes } = edns;
  if (!isCookieLength(cookieBytes)) return undefined;
  const nowSeconds = Math.floor(nowMs() / 1000);
  const verdict = cookies.answer(cookieData, query, cookieAt, cookieBytes, client, nowSeconds);
  counters[COOKIE_COUNTERS[verdict]]++;
  return verdict;
}

/**
 * Takes the response from the budget of the client's network. Over the limit, returns the length of
 * what is sent instead: nothing, or at every so manieth time what lets a real client prove itself.
 */
function limit(
  { responseClass, rcode }: Outcome,
  cookie: CookieVerdict | undefined,
  client: Uint8Array,
  writer: ResponseWriter,
  { limiter, unlimited, counters, nowMs }: EnumService,
): number | undefined {
  if (limiter === undefined) return undefined;
  if (unlimited !== undefined && isWithin(client, unlimited)) return undefined;
  const verdict = limiter.take(client, responseClass, nowMs());
  if (verdict === 'pass') return undefined;
  if (verdict === 'slip' && cookie !== undefined) {
    counters.answeredBadcookie++;
    writer.removeRecords();
    return writer.finish(RCODE.BADCOOKIE, false);
  }
  // TCP gives no more than an error either.
  if (verdict === 'drop' || responseClass === RESPONSE_CLASS.error) {
    counters.limitedDropped++;
    return 0;
  }
  counters.limitedTruncated++;
  counters.truncated++;
  writer.truncate();
  return writer.finish(rcode, false);
}

function writeRecords(
  query: Uint8Array,
  parsed: Exclude<QueryVerdict, { verdict: 'drop' }>,
  cookie: CookieVerdict | undefined,
  client: Uint8Array,
  writer: ResponseWriter,
  service: EnumService,
): Outcome {
  const { counters } = service;
  if (parsed.verdict === 'reject') {
    const reason = REJECTED[parsed.reason];
    if (reason !== undefined) counters[reason]++;
    return failure(parsed.rcode);
  }
  if (parsed.verdict === 'cookie') {
    // RFC 7873 section 5.4; without cookies such a query is one without a question.
    if (cookie === undefined) {
      counters.malformedQuestionCount++;
      return failure(RCODE.FORMERR);
    }
    if (cookie === 'invalid') return failure(RCODE.BADCOOKIE);
    return { ...failure(RCODE.NOERROR), counter: 'answeredCookie' };
  }
  const nameEnd = parsed.questionEnd - 4;
  const { type } = parsed;
  // No zone of another class is served here: REFUSED is for policy (RFC 1035 section 4.1.1).
  const found =
    parsed.class === CLASS_IN ? findZone(query, nameEnd, type, service.zones) : undefined;
  if (found === undefined) return refusal('refusedName', counters);
  if (!found.zone.serves(client)) return refusal('refusedClient', counters);
  // Transfers are refused by policy, RFC 5936 section 2.2.1: the zone is all numbers of the world.
  if (type === RECORD_TYPE.AXFR || type === RECORD_TYPE.IXFR) {
    return refusal('refusedTransfer', counters);
  }
  return writeZoneRecords(query, nameEnd, type, found, writer, service);
}

function failure(rcode: Rcode): Outcome {
  const counter = ANSWERED_BY_RCODE[rcode];
  return { rcode, counter, responseClass: RESPONSE_CLASS.error, isAuthoritative: false };
}

function refusal(reason: EnumCounter, counters: EnumCounters): Outcome {
  counters[reason]++;
  return failure(RCODE.REFUSED);
}
