// Writes responses to the ENUM queries that enum-parse read: NAPTR records from a template, or the SOA
// of a negative answer. resolver/enum/enum-answer.ts says the rules and enum-template-codec.ts draws
// templates.

import {
  answerAt,
  count,
  keyAt,
  leaveToHost,
  requestOf,
  responseOf,
  setResponseBytes,
  stateOf,
} from './block';
import { enumBlock, isClientWithin, takeClient } from './enum-block';
import { COOKIE_BYTES, COOKIE_VALID, judgeCookie } from './enum-cookie';
import {
  COLUMN_COOKIE_AT,
  COLUMN_COOKIE_BYTES,
  COLUMN_DO,
  COLUMN_EDNS,
  COLUMN_QUESTION_END,
  COLUMN_UDP_BYTES,
  COLUMN_ZONE,
  ENUM_COOKIE_DATA,
  ENUM_COUNT_BADCOOKIE,
  ENUM_COUNT_COOKIE,
  ENUM_COUNT_LIMITED_DROPPED,
  ENUM_COUNT_LIMITED_TRUNCATED,
  ENUM_COUNT_NO_DATA,
  ENUM_COUNT_NXDOMAIN,
  ENUM_COUNT_RECORDS,
  ENUM_COUNT_SERVED,
  ENUM_COUNT_TRUNCATED,
  ENUM_DIGITS,
  ENUM_PAGES,
  ENUM_RATE,
  ENUM_UNLIMITED,
  ENUM_UNLIMITED_COUNT,
  ENUM_ZONES,
  PAGES_OF_ZONE,
  ROUTES_OF_PAGE,
  ZONE_BYTES,
  ZONE_NAMES,
  ZONE_NAMES_ABOVE,
  ZONE_SOA,
  ZONE_SOA_BYTES,
  ZONE_SUFFIX_BYTES,
} from './enum-layout';
import { HEADER, MSISDN, OPT_BYTES } from './enum-parse';
import {
  CLASS_NO_DATA,
  CLASS_NXDOMAIN,
  CLASS_RECORDS,
  RATE_DROP,
  RATE_PASS,
  takeAnswer,
} from './enum-rate-limit';
import { PROTOCOL_ENUM, SERVED, STATE_EXTRA, STATE_FIRST, STATE_VERDICT } from './layout';

const UDP_BYTES_WITHOUT_EDNS: u32 = 512;
const UDP_BYTES_MAX: u32 = 1232;
const COOKIE_OPTION_BYTES: u32 = 4 + COOKIE_BYTES;
const KIND_PORTED: u32 = 3;
const ROUTE_MASK: u32 = 0xf_ffff;
/** The index's answer where nothing covers the number and something longer begins with it. */
const ONLY_BELOW: u32 = 1;

const NOERROR: u32 = 0;
const NXDOMAIN: u32 = 3;
const BADCOOKIE: u32 = 23;
const FLAG_QR: u32 = 0x8000;
const FLAG_AA: u32 = 0x0400;
const FLAG_TC: u32 = 0x0200;
const FLAG_RD: u32 = 0x0100;
/** Offset of RDLENGTH in a record whose owner is a pointer. */
const RDLENGTH_AT: u32 = 10;
const NO_COOKIE: u32 = 3;

/** Writes the responses to the packets of a round whose keys have their answers now. */
export function writeEnum(from: u32, end: u32): void {
  for (let packet = from; packet < end; packet++) {
    const state = stateOf(packet);
    if (load<u32>(state, STATE_VERDICT) != SERVED) continue;
    const place = load<u32>(state, STATE_FIRST);
    const answer = load<u32>(answerAt(MSISDN, place));
    const key = load<f64>(keyAt(MSISDN, place));
    answerPacket(packet, load<u32>(state, STATE_EXTRA), answer, key);
  }
}

function answerPacket(packet: u32, column: u32, answer: u32, key: f64): void {
  const zoneNumber = <u32>load<u8>(column, COLUMN_ZONE);
  const zone = enumBlock + ENUM_ZONES + zoneNumber * ZONE_BYTES;
  let template: u32 = 0;
  if (answer > ONLY_BELOW) {
    template = templateOf(zoneNumber, answer);
    if (template == 0) return leaveToHost(packet);
  }
  const hasRecords = template != 0 && load<u16>(template) != 0;
  const exists = answer != 0 || isNameAbove(zone, key);
  const rcode = exists ? NOERROR : NXDOMAIN;
  const responseClass = hasRecords ? CLASS_RECORDS : exists ? CLASS_NO_DATA : CLASS_NXDOMAIN;
  const request = requestOf(packet);
  const cookieBytes = <u32>load<u16>(column, COLUMN_COOKIE_BYTES);
  takeClient(packet);
  let cookie = NO_COOKIE;
  if (cookieBytes != 0) {
    cookie = judgeCookie(request + load<u16>(column, COLUMN_COOKIE_AT), cookieBytes);
    count(PROTOCOL_ENUM, ENUM_COUNT_COOKIE + cookie);
  }
  count(PROTOCOL_ENUM, ENUM_COUNT_SERVED);
  const response = responseOf(packet);
  const questionEnd = <u32>load<u16>(column, COLUMN_QUESTION_END);
  copyWords(response, request, questionEnd);
  const at = response + questionEnd;
  if (cookie != COOKIE_VALID && isLimited()) {
    const verdict = takeAnswer(responseClass);
    if (verdict != RATE_PASS) {
      return answerLimited(packet, column, verdict, cookie, rcode, at);
    }
  }
  const end = response + recordsEndMax(column);
  const recordsEnd = hasRecords
    ? writeRecords(template, key, at, end)
    : writeSoa(zone, response, at, end);
  if (recordsEnd == 0) {
    count(PROTOCOL_ENUM, ENUM_COUNT_TRUNCATED);
    finish(packet, column, at, rcode, FLAG_AA | FLAG_TC, 0, 0);
  } else if (hasRecords) {
    finish(packet, column, recordsEnd, rcode, FLAG_AA, load<u16>(template), 0);
  } else {
    finish(packet, column, recordsEnd, rcode, FLAG_AA, 0, 1);
  }
  count(PROTOCOL_ENUM, ENUM_COUNT_RECORDS + responseClass);
}

/** Whether the client has a budget. */
function isLimited(): bool {
  if (load<u32>(enumBlock, ENUM_RATE) == 0) return false;
  return !isClientWithin(enumBlock + ENUM_UNLIMITED, load<u32>(enumBlock, ENUM_UNLIMITED_COUNT));
}

function answerLimited(
  packet: u32,
  column: u32,
  verdict: u32,
  cookie: u32,
  rcode: u32,
  at: u32,
): void {
  if (verdict == RATE_DROP) {
    count(PROTOCOL_ENUM, ENUM_COUNT_LIMITED_DROPPED);
    setResponseBytes(packet, 0);
  } else if (cookie != NO_COOKIE) {
    count(PROTOCOL_ENUM, ENUM_COUNT_BADCOOKIE);
    finish(packet, column, at, BADCOOKIE, 0, 0, 0);
  } else {
    count(PROTOCOL_ENUM, ENUM_COUNT_LIMITED_TRUNCATED);
    count(PROTOCOL_ENUM, ENUM_COUNT_TRUNCATED);
    finish(packet, column, at, rcode, FLAG_TC, 0, 0);
  }
}

/** The template for numbers of the answer's route; 0 where it is not known here. */
function templateOf(zone: u32, answer: u32): u32 {
  const route = answer & ROUTE_MASK;
  const pages = enumBlock + ENUM_PAGES + zone * PAGES_OF_ZONE * 4;
  const page = load<u32>(pages + ((route / ROUTES_OF_PAGE) << 2));
  if (page == 0) return 0;
  const isPorted = answer >> 30 == KIND_PORTED ? 1 : 0;
  return load<u32>(page + ((route % ROUTES_OF_PAGE) << 3) + (isPorted << 2));
}

/** Whether the name exists because another zone lies below it. */
function isNameAbove(zone: u32, key: f64): bool {
  const names = <u32>load<u16>(zone, ZONE_NAMES_ABOVE);
  for (let name: u32 = 0; name < names; name++) {
    if (load<f64>(zone + (name << 3), ZONE_NAMES) == key) return true;
  }
  return false;
}

/** Where records must end, from the begin of the response: the rest is for OPT. */
function recordsEndMax(column: u32): u32 {
  if (load<u16>(column, COLUMN_EDNS) == 0) return UDP_BYTES_WITHOUT_EDNS;
  const wanted = max(<u32>load<u16>(column, COLUMN_UDP_BYTES), UDP_BYTES_WITHOUT_EDNS);
  return min(wanted, UDP_BYTES_MAX) - optBytes(column);
}

function optBytes(column: u32): u32 {
  if (load<u16>(column, COLUMN_EDNS) == 0) return 0;
  return load<u16>(column, COLUMN_COOKIE_BYTES) == 0 ? OPT_BYTES : OPT_BYTES + COOKIE_OPTION_BYTES;
}

/** Writes the SOA of a zone as a record of its suffix in the question; 0 where there is no room. */
function writeSoa(zone: u32, response: u32, at: u32, end: u32): u32 {
  const bytes = <u32>load<u16>(zone, ZONE_SOA_BYTES);
  const recordEnd = at + 2 + bytes;
  if (recordEnd > end) return 0;
  // The question's name ends before its type and class, four bytes.
  const suffixAt = at - 4 - load<u16>(zone, ZONE_SUFFIX_BYTES) - response;
  store<u16>(at, bswap<u16>(<u16>(0xc000 | suffixAt)));
  copyWords(at + 2, zone + ZONE_SOA, bytes);
  return recordEnd;
}

/** Writes the records of a template for a number; returns where they end, 0 where there is no room. */
function writeRecords(template: u32, key: f64, at: u32, end: u32): u32 {
  const digits = writeDigits(key);
  const digitBytes = enumBlock + ENUM_DIGITS + DIGITS_ROOM - digits;
  let from = template + 4;
  for (let left = <u32>load<u16>(template); left > 0; left--) {
    const holes = <u32>load<u8>(from, 2);
    const rdataBytes = <u32>load<u16>(from) + holes * digitBytes;
    if (at + RDLENGTH_AT + 2 + rdataBytes > end) return 0;
    const regexpLength = <u32>load<u8>(from, 3) + holes * digitBytes;
    const headBytes = load<u32>(from, 4);
    copyWords(at, from + 8, headBytes);
    store<u16>(at, bswap<u16>(<u16>rdataBytes), RDLENGTH_AT);
    at += headBytes;
    store<u8>(at - 1, regexpLength);
    from += 8 + paddedBytes(headBytes);
    for (let piece: u32 = 0; piece <= holes; piece++) {
      const bytes = load<u32>(from);
      copyWords(at, from + 4, bytes);
      at += bytes;
      from += 4 + paddedBytes(bytes);
      if (piece == holes) break;
      v128.store(at, v128.load(digits));
      at += digitBytes;
    }
  }
  return at;
}

/** Room for a body of so many bytes, as the template's maker leaves it. */
function paddedBytes(bytes: u32): u32 {
  return (bytes + 8) & ~7;
}

const DIGITS_ROOM: u32 = 16;

/** Writes the digits of a key to the end of their room; returns where they begin. */
function writeDigits(key: f64): u32 {
  let at = enumBlock + ENUM_DIGITS + DIGITS_ROOM;
  for (let rest = <u64>key; rest >= 10; rest /= 10) {
    at--;
    store<u8>(at, 48 + (rest % 10));
  }
  return at;
}

/** Writes header and OPT behind the records that end at `at`. */
function finish(
  packet: u32,
  column: u32,
  at: u32,
  rcode: u32,
  flags: u32,
  answers: u32,
  authority: u32,
): void {
  const request = requestOf(packet);
  const response = responseOf(packet);
  const hasEdns = load<u16>(column, COLUMN_EDNS) != 0;
  const desired = <u32>bswap<u16>(load<u16>(request, 2)) & FLAG_RD;
  const allFlags = FLAG_QR | desired | flags | (rcode & 15);
  store<u16>(response, bswap<u16>(<u16>allFlags), 2);
  store<u16>(response, bswap<u16>(1), 4);
  store<u16>(response, bswap<u16>(<u16>answers), 6);
  store<u16>(response, bswap<u16>(<u16>authority), 8);
  store<u16>(response, bswap<u16>(hasEdns ? 1 : 0), 10);
  if (hasEdns) {
    const hasCookie = load<u16>(column, COLUMN_COOKIE_BYTES) != 0;
    // Root, OPT, the most that this server takes and sends.
    store<u8>(at, 0);
    store<u16>(at, bswap<u16>(41), 1);
    store<u16>(at, bswap<u16>(<u16>UDP_BYTES_MAX), 3);
    store<u8>(at, rcode >> 4, 5);
    store<u8>(at, 0, 6);
    store<u16>(at, (<u16>load<u8>(column, COLUMN_DO)) << 7, 7);
    store<u16>(at, hasCookie ? bswap<u16>(<u16>COOKIE_OPTION_BYTES) : 0, 9);
    at += OPT_BYTES;
    if (hasCookie) {
      store<u16>(at, bswap<u16>(10));
      store<u16>(at, bswap<u16>(<u16>COOKIE_BYTES), 2);
      copyWords(at + 4, enumBlock + ENUM_COOKIE_DATA, COOKIE_BYTES);
      at += COOKIE_OPTION_BYTES;
    }
  }
  setResponseBytes(packet, at - response);
}

/** Copies at least `bytes` bytes, in words of eight: up to seven more, on both sides. */
function copyWords(to: u32, from: u32, bytes: u32): void {
  for (const end = from + bytes; from < end; from += 8, to += 8) {
    store<u64>(to, load<u64>(from));
  }
}
