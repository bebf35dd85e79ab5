// The rules of ENUM zones: which query gets which response.
//
// There is no zone data. Each answer is made from the index, so an exact number never hides the range
// around it, as an explicit name hides a wildcard in a zone file (RFC 4592). Sources: RFC 6116 (ENUM),
// RFC 1034 section 4.3.2 (answering), RFC 2308 (negative answers), RFC 8020 (NXDOMAIN means nothing
// below), RFC 8482 (ANY), RFC 7873 (cookies). Sockets are elsewhere: enum-tcp, and the resolver's UDP
// transport.
//
//     name                              NAPTR      SOA, NS    ANY      other type
//     the suffix                        no data    records    HINFO    no data
//     found number with services        records    no data    HINFO    no data
//     found number without services     no data    no data    no data  no data
//     digits above entries or another   no data    no data    no data  no data
//     zone, not found
//     everything else below the suffix  NXDOMAIN
//     not below a suffix, or a zone     REFUSED
//     that is not for the client

import { digitsOf } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { type AddressPrefix, isWithin } from '../udp/client-address-codec.ts';
import {
  CLASS_IN,
  type Edns,
  HEADER_BYTES,
  isCookieLength,
  MESSAGE_BYTES_MAX,
  parseQuery,
  type QueryVerdict,
  RCODE,
  type Rcode,
  RECORD_TYPE,
  type RejectReason,
  UDP_BYTES_WITHOUT_EDNS,
} from './dns-codec.ts';
import { COOKIE_BYTES, type CookieVerdict, type ServerCookies } from './dns-cookie-codec.ts';
import { ResponseWriter, udpLimitBytes } from './dns-response-codec.ts';
import type { EnumCounter, EnumCounters } from './enum-counters.ts';
import { APEX, isSameName, NOT_A_NUMBER, OFF_ZONE, readEnumName } from './enum-name-codec.ts';
import { recordCountOf } from './enum-template-codec.ts';
import type { EnumZone, RouteAnswers } from './enum-zone.ts';
import { type RateLimiter, RESPONSE_CLASS, type ResponseClass } from './rate-limit-codec.ts';

/** What the zones ask of the index of MSISDNs. Keys are number keys. */
export interface EnumLookup {
  /** The winning entry and its route, or `undefined`. */
  find(key: number): EnumMatch | undefined;
  /** Whether a prefix or number that is longer than the given digits begins with them. */
  hasBelow(key: number): boolean;
  /** The height of the block that is served. */
  height(): number;
}

export interface EnumMatch {
  entry: 'prefix' | 'fragmented' | 'ported';
  /** The route's place in the table of routes. */
  routeNumber: number;
  route: Route;
}

export type EnumTransport = 'udp' | 'tcp';

/** What answering needs besides the message. `counters` is counted up. */
export interface EnumService {
  transport: EnumTransport;
  /** As `createEnumZones` gives them. */
  zones: readonly EnumZone[];
  lookup: EnumLookup;
  counters: EnumCounters;
  /** Left out: COOKIE options are ignored, as other options are. */
  cookies?: ServerCookies | undefined;
  /** Left out: nothing is limited. Over TCP nothing is: addresses are not forged there. */
  limiter?: RateLimiter | undefined;
  /** Clients that are not limited. */
  unlimited?: readonly AddressPrefix[] | undefined;
  /** Milliseconds since 1970. */
  nowMs: () => number;
  /** Told of templates that were used, by the zone's place. */
  onAnswers?: (zone: number, routeNumber: number, answers: RouteAnswers) => void;
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

/** What a query comes to, its records written already. */
interface Outcome {
  rcode: Rcode;
  counter: EnumCounter;
  responseClass: ResponseClass;
  isAuthoritative: boolean;
}

/** The cookie of the answer under way. */
const cookieData = new Uint8Array(COOKIE_BYTES);
const digitBytes = new Uint8Array(15);

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

interface InZone {
  zone: EnumZone;
  /** What {@link readEnumName} says of the name. */
  key: number;
  /** The name is the apex of a zone below, asked for what only the zone above has of it. */
  isAtCut: boolean;
}

function findZone(
  query: Uint8Array,
  nameEnd: number,
  type: number,
  zones: readonly EnumZone[],
): InZone | undefined {
  let isAtCut = false;
  for (const zone of zones) {
    const key = readEnumName(query, HEADER_BYTES, nameEnd, zone);
    if (key === OFF_ZONE) continue;
    // The DS of a zone stands in the zone above it (RFC 4035 section 3.1.4.1), if that is here.
    const isParents = type === RECORD_TYPE.DS && key === APEX && !isAtCut;
    if (!isParents) return { zone, key, isAtCut };
    isAtCut = zones.some(
      (other) =>
        other.suffix.length < zone.suffix.length &&
        readEnumName(query, HEADER_BYTES, nameEnd, other) !== OFF_ZONE,
    );
    if (!isAtCut) return { zone, key, isAtCut };
  }
  return undefined;
}

function writeZoneRecords(
  query: Uint8Array,
  nameEnd: number,
  type: number,
  { zone, key, isAtCut }: InZone,
  writer: ResponseWriter,
  service: EnumService,
): Outcome {
  const { lookup } = service;
  const match = key > APEX ? lookup.find(key) : undefined;
  const hasRecords =
    key === APEX
      ? writeApexRecords(writer, type, zone, lookup)
      : match !== undefined && writeNumberRecords(writer, type, zone, key, match, service);
  if (hasRecords) return success(RCODE.NOERROR, 'answeredRecords', RESPONSE_CLASS.records);
  const suffixAt = nameEnd - zone.suffix.length;
  writer.beginRecord('authority', suffixAt, RECORD_TYPE.SOA, zone.negativeTtlSeconds);
  writer.bytes(zone.soaAt(lookup.height()));
  writer.endRecord();
  const exists =
    key === APEX ||
    match !== undefined ||
    isAtCut ||
    (key !== NOT_A_NUMBER && lookup.hasBelow(key)) ||
    zone.namesAboveOtherZones.some((name) => isSameName(query, HEADER_BYTES, nameEnd, name));
  return exists
    ? success(RCODE.NOERROR, 'answeredNoData', RESPONSE_CLASS.noData)
    : success(RCODE.NXDOMAIN, 'answeredNxdomain', RESPONSE_CLASS.nxdomain);
}

function success(rcode: Rcode, counter: EnumCounter, responseClass: ResponseClass): Outcome {
  return { rcode, counter, responseClass, isAuthoritative: true };
}

function failure(rcode: Rcode): Outcome {
  const counter = ANSWERED_BY_RCODE[rcode];
  return { rcode, counter, responseClass: RESPONSE_CLASS.error, isAuthoritative: false };
}

function refusal(reason: EnumCounter, counters: EnumCounters): Outcome {
  counters[reason]++;
  return failure(RCODE.REFUSED);
}

/** Writes the records that the apex has of a type; whether there are any. */
function writeApexRecords(
  writer: ResponseWriter,
  type: number,
  zone: EnumZone,
  lookup: EnumLookup,
): boolean {
  switch (type) {
    case RECORD_TYPE.SOA:
      writer.beginRecord('answer', HEADER_BYTES, type, zone.soaTtlSeconds);
      writer.bytes(zone.soaAt(lookup.height()));
      writer.endRecord();
      return true;
    case RECORD_TYPE.NS:
      for (const name of zone.nameServers) {
        writer.beginRecord('answer', HEADER_BYTES, type, zone.answerTtlSeconds);
        writer.bytes(name);
        writer.endRecord();
      }
      return true;
    case RECORD_TYPE.ANY:
      writeHinfo(writer, zone);
      return true;
    default:
      return false;
  }
}

/** Writes the records that a found number has of a type; whether there are any. */
function writeNumberRecords(
  writer: ResponseWriter,
  type: number,
  zone: EnumZone,
  key: number,
  { entry, routeNumber, route }: EnumMatch,
  { zones, onAnswers }: EnumService,
): boolean {
  if (type !== RECORD_TYPE.NAPTR && type !== RECORD_TYPE.ANY) return false;
  const answers = zone.answersOf(routeNumber, route);
  onAnswers?.(zones.indexOf(zone), routeNumber, answers);
  const template = entry === 'ported' ? answers.ported : answers.plain;
  if (recordCountOf(template) === 0) return false;
  if (type === RECORD_TYPE.ANY) {
    writeHinfo(writer, zone);
    return true;
  }
  const digits = digitsOf(key);
  for (let at = 0; at < digits.length; at++) digitBytes[at] = digits.charCodeAt(at);
  writer.answer(template, digitBytes.subarray(0, digits.length));
  return true;
}

/** The answer to ANY that says no more than that ANY is not answered (RFC 8482 section 4.2). */
function writeHinfo(writer: ResponseWriter, zone: EnumZone): void {
  writer.beginRecord('answer', HEADER_BYTES, RECORD_TYPE.HINFO, zone.answerTtlSeconds);
  writer.characterString('RFC8482');
  writer.characterString('');
  writer.endRecord();
}
