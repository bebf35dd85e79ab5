// The parser of DNS queries: what to do with a message that came in.
//
// Bytes and offsets only; which names exist and what they answer is enum-answer's. Bad input gets a verdict,
// never an exception. Sources: RFC 1035 section 4 (messages), RFC 6891 section 6 (EDNS), RFC 9619 (one
// question), RFC 7873 section 5.2 (the COOKIE option).

import {
  DO_BIT,
  FLAG_QR,
  HEADER_BYTES,
  LABEL_BYTES_MAX,
  NAME_BYTES_MAX,
  OPCODE_MASK,
  OPT_BYTES,
  OPTION_COOKIE,
  RCODE,
  type Rcode,
  RECORD_TYPE,
  readU16,
} from './dns-codec.ts';
import {
  CLIENT_COOKIE_BYTES,
  COOKIE_BYTES_MAX,
  COOKIE_BYTES_WITH_SERVER_MIN,
} from './dns-cookie-codec.ts';

/** What the OPT record of a query says. */
export interface Edns {
  version: number;
  /** The most that the client takes over UDP, as it stands: it may be below 512. */
  udpPayloadBytes: number;
  dnssecOk: boolean;
  /** Where the data of the first COOKIE option begin, and how long they are; 0: there is none. */
  cookieAt: number;
  cookieBytes: number;
}

/** Why a query is rejected. What is malformed is told apart, because a flood of it has a cause. */
export type RejectReason =
  | 'opcode'
  | 'version'
  | 'transfer'
  | 'question-count'
  | 'other-records'
  | 'question'
  | 'compressed-name'
  | 'opt'
  | 'cookie'
  | 'left-over';

/**
 * What to do with a message that came in.
 *
 * - drop: no answer. `short`: less than a header; `response`: QR is set, and answering a response
 *   could make two servers answer each other for ever.
 * - reject: answer `rcode` without looking at the name.
 * - cookie: no question, just a COOKIE option: a client asks for a server cookie (RFC 7873 section
 *   5.4).
 * - answer: one question, its name at {@link HEADER_BYTES}, its type and class the four bytes before
 *   `questionEnd`.
 *
 * `questionEnd` is where the question to echo ends: {@link HEADER_BYTES} where there is none.
 */
export type QueryVerdict =
  | { verdict: 'drop'; reason: 'short' | 'response' }
  | {
      verdict: 'reject';
      rcode: Rcode;
      reason: RejectReason;
      questionEnd: number;
      edns: Edns | undefined;
    }
  | { verdict: 'cookie'; questionEnd: number; edns: Edns }
  | {
      verdict: 'answer';
      type: number;
      class: number;
      questionEnd: number;
      edns: Edns | undefined;
    };

/**
 * Reads a query, strictly: opcode QUERY, one question, at most one OPT record, nothing else and
 * nothing after it. Other sections and records are FORMERR, since nothing that this server answers
 * comes with them; a query for an incremental transfer, which has an authority section, is REFUSED.
 *
 * Another opcode is NOTIMP before anything else is read, because its sections may mean something
 * else (RFC 8490 section 5.4, for one). The bits AA, TC, RA, Z, AD and CD of a query are not looked
 * at, nor are the options of another EDNS version than 0.
 */
export function parseQuery(message: Uint8Array): QueryVerdict {
  if (message.length < HEADER_BYTES) return { verdict: 'drop', reason: 'short' };
  const flags = readU16(message, 2);
  if ((flags & FLAG_QR) !== 0) return { verdict: 'drop', reason: 'response' };
  if ((flags & OPCODE_MASK) !== 0) return reject(RCODE.NOTIMP, 'opcode', HEADER_BYTES);
  const questionCount = readU16(message, 4);
  const additionalCount = readU16(message, 10);
  if (questionCount > 1) return reject(RCODE.FORMERR, 'question-count', HEADER_BYTES);
  if (readU16(message, 6) !== 0) return reject(RCODE.FORMERR, 'other-records', HEADER_BYTES);
  if (questionCount === 0) return parseWithoutQuestion(message, additionalCount);

  const nameEnd = endOfPlainName(message, HEADER_BYTES);
  const questionEnd = nameEnd + 4;
  if (nameEnd === COMPRESSED) return reject(RCODE.FORMERR, 'compressed-name', HEADER_BYTES);
  if (nameEnd === MALFORMED || questionEnd > message.length) {
    return reject(RCODE.FORMERR, 'question', HEADER_BYTES);
  }
  if (readU16(message, 8) !== 0) {
    // Whoever asks for a change of the zone shows the SOA that it has (RFC 1995 section 3).
    const isTransfer = readU16(message, nameEnd) === RECORD_TYPE.IXFR;
    return isTransfer
      ? reject(RCODE.REFUSED, 'transfer', questionEnd)
      : reject(RCODE.FORMERR, 'other-records', questionEnd);
  }
  const opt = readAdditional(message, questionEnd, additionalCount);
  if (typeof opt === 'string') return reject(RCODE.FORMERR, opt, questionEnd);
  const { edns, end } = opt;
  // A second OPT is FORMERR by RFC 6891 section 6.1.1; the answer has an OPT as the query had one.
  if (additionalCount > 1) return reject(RCODE.FORMERR, 'other-records', questionEnd, edns);
  if (end !== message.length) return reject(RCODE.FORMERR, 'left-over', questionEnd, edns);
  const problem = problemOfEdns(edns);
  if (problem !== undefined) return reject(problem.rcode, problem.reason, questionEnd, edns);
  return {
    verdict: 'answer',
    type: readU16(message, nameEnd),
    class: readU16(message, nameEnd + 2),
    questionEnd,
    edns,
  };
}

/** A query without a question is one for a cookie, or malformed. */
function parseWithoutQuestion(message: Uint8Array, additionalCount: number): QueryVerdict {
  const malformed = reject(RCODE.FORMERR, 'question-count', HEADER_BYTES);
  if (additionalCount !== 1 || readU16(message, 8) !== 0) return malformed;
  const opt = readAdditional(message, HEADER_BYTES, 1);
  if (typeof opt === 'string' || opt.end !== message.length) return malformed;
  const { edns } = opt;
  const problem = problemOfEdns(edns);
  if (problem !== undefined) return reject(problem.rcode, problem.reason, HEADER_BYTES, edns);
  if (edns === undefined || edns.cookieAt === 0) {
    return reject(RCODE.FORMERR, 'question-count', HEADER_BYTES, edns);
  }
  return { verdict: 'cookie', questionEnd: HEADER_BYTES, edns };
}

function reject(
  rcode: Rcode,
  reason: RejectReason,
  questionEnd: number,
  edns?: Edns | undefined,
): QueryVerdict & { verdict: 'reject' } {
  return { verdict: 'reject', rcode, reason, questionEnd, edns };
}

/** Whether a COOKIE option may be so long: a client cookie, or one and a server cookie (RFC 7873). */
export function isCookieLength(bytes: number): boolean {
  if (bytes === CLIENT_COOKIE_BYTES) return true;
  return bytes >= COOKIE_BYTES_WITH_SERVER_MIN && bytes <= COOKIE_BYTES_MAX;
}

/** What an OPT record is rejected for, although its extent is right. */
function problemOfEdns(edns: Edns | undefined): { rcode: Rcode; reason: RejectReason } | undefined {
  if (edns === undefined) return undefined;
  if (edns.version > 0) return { rcode: RCODE.BADVERS, reason: 'version' };
  const isMalformed = edns.cookieAt !== 0 && !isCookieLength(edns.cookieBytes);
  return isMalformed ? { rcode: RCODE.FORMERR, reason: 'cookie' } : undefined;
}

/** The OPT record at `start`, if one is announced, and where it ends; or why there is none to read. */
function readAdditional(
  message: Uint8Array,
  start: number,
  count: number,
): { edns: Edns | undefined; end: number } | 'other-records' | 'opt' {
  if (count === 0) return { edns: undefined, end: start };
  if (start + OPT_BYTES > message.length) return 'opt';
  if (message[start] !== 0 || readU16(message, start + 1) !== RECORD_TYPE.OPT) {
    return 'other-records';
  }
  const end = start + OPT_BYTES + readU16(message, start + 9);
  if (end > message.length) return 'opt';
  const edns: Edns = {
    udpPayloadBytes: readU16(message, start + 3),
    version: message[start + 6]!,
    dnssecOk: (readU16(message, start + 7) & DO_BIT) !== 0,
    cookieAt: 0,
    cookieBytes: 0,
  };
  // What the options of another version look like is not known.
  if (edns.version > 0) return { edns, end };
  let at = start + OPT_BYTES;
  while (at < end) {
    if (at + 4 > end) return 'opt';
    const bytes = readU16(message, at + 2);
    // Of several COOKIE options the first counts (RFC 7873 section 5.2).
    if (readU16(message, at) === OPTION_COOKIE && edns.cookieAt === 0) {
      edns.cookieAt = at + 4;
      edns.cookieBytes = bytes;
    }
    at += 4 + bytes;
  }
  return at === end ? { edns, end } : 'opt';
}

/** {@link endOfPlainName}: the name has no end. */
const MALFORMED = 0;
/** {@link endOfPlainName}: the name has a pointer. */
const COMPRESSED = -1;

/**
 * Where a name without compression ends, its root included; {@link MALFORMED} or {@link COMPRESSED}
 * for others. A pointer in the first name of a message could only point into the header or at itself.
 */
function endOfPlainName(message: Uint8Array, start: number): number {
  let at = start;
  while (at < message.length) {
    const length = message[at]!;
    if (length >= 0xc0) return COMPRESSED;
    if (length > LABEL_BYTES_MAX) return MALFORMED;
    at += 1 + length;
    if (at - start > NAME_BYTES_MAX) return MALFORMED;
    if (length === 0) return at;
  }
  return MALFORMED;
}
