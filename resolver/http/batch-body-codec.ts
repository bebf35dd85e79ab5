// The bodies of POST /nbchf-routing/v1/routing-info/batch: numbers in, answers out, as JSON and in a
// compact form. Owns the bytes; leaves out where answers come from (batch-answer.ts).
//
// JSON request:    ["msisdn-358401234567", "imsi-244051234567890", …]
// compact request: numbers of 8 bytes as in the UDP batch protocol (docs/udp-batch-protocol.md), all of
//                  the identity kind that the query names
//
// compact response, little-endian:
//      0        8        12       16      20         24           56         64
//     ┌────────┬────────┬────────┬───────┬──────────┬────────────┬──────────┬──────────────────────
//     │ height │ lag ms │ route  │ count │ reserved │ block hash │ reserved │ count answers of 8
//     │ u64    │ u32    │ table  │ u32   │ 0        │ 32 bytes   │ 0        │ bytes, as over UDP
//     └────────┴────────┴────────┴───────┴──────────┴────────────┴──────────┴──────────────────────

import type { Identity, NumberKey } from '../../ledger/number.ts';
import { DIGITS_MAX, IDENTITIES, parseUeId } from '../../ledger/number.ts';
import type { Answer } from '../../wasm/number-index.ts';
import { kindOfAnswer, lengthOfAnswer, NOT_FOUND, routeOfAnswer } from '../../wasm/number-index.ts';
import type { BlockLabel } from '../freshness.ts';
import {
  ANSWER_BYTES,
  LAG_UNKNOWN,
  NUMBER_BYTES,
  NUMBER_MALFORMED,
  NUMBER_OK,
  readNumber,
} from '../udp/batch-codec.ts';

/** Most numbers in one request. */
export const BATCH_NUMBERS_MAX = 100_000;
/** The longest body: of JSON, `"msisdn-"`, 15 digits, a comma and four blanks for each number. */
export const BATCH_BODY_BYTES_MAX = BATCH_NUMBERS_MAX * 28 + 2;
export const COMPACT_TYPE = 'application/vnd.bchf.batch';
export const COMPACT_HEADER_BYTES = 64;

/** What was asked: in columns, so that lookups need no object for each number. */
export interface NumberBatch {
  count: number;
  /** Number keys; 0 where an item is no number. */
  keys: Float64Array;
  /** Position in IDENTITIES of each number's kind. */
  identities: Uint8Array;
}

/** Why a body is refused as a whole; for people. */
export type BatchRefusal = string;

const CODE_QUOTE = 34;
const CODE_COMMA = 44;
const CODE_BACKSLASH = 92;
const MSISDN_HEAD = '"msisdn-';
const MSISDN = IDENTITIES.indexOf('msisdn');

/**
 * Reads a JSON array of strings. A string that is no `ueId` gets the key 0 and does not touch the
 * others; anything but an array of 1 to BATCH_NUMBERS_MAX strings is refused as a whole.
 */
export function readJsonBatch(body: Uint8Array): NumberBatch | BatchRefusal {
  // Latin-1 keeps one character for each byte; what is not ASCII is no `ueId` in any case.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  // Every string has two quotes and all but the first a comma before them.
  const capacity = Math.min(BATCH_NUMBERS_MAX, Math.floor(text.length / 3) + 1);
  const keys = new Float64Array(capacity);
  const identities = new Uint8Array(capacity);
  let at = skipBlank(text, 0);
  if (text[at] !== '[') return 'The body is no JSON array.';
  at = skipBlank(text, at + 1);
  if (text[at] === ']') return 'The array is empty.';
  for (let count = 0; ; ) {
    if (text.charCodeAt(at) !== CODE_QUOTE) return `Item ${count} of the array is no string.`;
    if (count === BATCH_NUMBERS_MAX) return `More than ${BATCH_NUMBERS_MAX} numbers.`;
    const end = endOfString(text, at);
    if (end < 0) return `Item ${count} of the array is not closed, or has a control character.`;
    const key = text.startsWith(MSISDN_HEAD, at)
      ? digitsKey(text, at + MSISDN_HEAD.length, end - 1)
      : 0;
    if (key !== 0) {
      keys[count] = key;
      identities[count] = MSISDN;
    } else {
      const ueId = readString(text.slice(at, end));
      if (ueId === undefined) return `Item ${count} of the array is no JSON string.`;
      const parsed = parseUeId(ueId);
      keys[count] = parsed?.key ?? 0;
      identities[count] = IDENTITIES.indexOf(parsed?.identity ?? 'msisdn');
    }
    count++;
    at = skipBlank(text, end);
    if (text[at] === ']') {
      if (skipBlank(text, at + 1) !== text.length) return 'Something follows the array.';
      return { count, keys, identities };
    }
    if (text.charCodeAt(at) !== CODE_COMMA) return `Item ${count - 1} is followed by no comma.`;
    at = skipBlank(text, at + 1);
  }
}

/** Reads numbers of 8 bytes; see {@link readJsonBatch} on what is malformed. */
export function readCompactBatch(body: Uint8Array, identity: Identity): NumberBatch | BatchRefusal {
  const count = body.length / NUMBER_BYTES;
  if (!(Number.isInteger(count) && count >= 1 && count <= BATCH_NUMBERS_MAX)) {
    return `The body is not 1 to ${BATCH_NUMBERS_MAX} numbers of ${NUMBER_BYTES} bytes.`;
  }
  const keys = new Float64Array(count);
  for (let at = 0; at < count; at++) keys[at] = readNumber(body, at * NUMBER_BYTES);
  return { count, keys, identities: new Uint8Array(count).fill(IDENTITIES.indexOf(identity)) };
}

/** What of a batch its sender may be told: the kinds of numbers, and the routes where not all. */
export interface TellableAnswers {
  identities: readonly Identity[];
  routes: ReadonlySet<number> | undefined;
}

/**
 * The items of the JSON answer, joined by commas, and the routes that they name. What only single
 * lookups tell (the ends of a run, the index of user data) is left out. With `tellable`, each other
 * number has the cause that a lookup of it alone would be refused with.
 */
export function writeJsonResults(
  { count, keys, identities }: NumberBatch,
  answers: Uint32Array,
  tellable?: TellableAnswers,
): { json: string; routes: number[] } {
  const isKindTellable = IDENTITIES.map((one) => tellable?.identities.includes(one) ?? true);
  // Few different answers come again and again: what follows the number is made once for each.
  const tails = new Map<Answer, string>();
  const routes = new Set<number>();
  const heads = IDENTITIES.map((identity) => `{"ueId":"${identity}-`);
  const items: string[] = new Array(count);
  for (let at = 0; at < count; at++) {
    const key = keys[at]!;
    if (key === 0) {
      items[at] = '{"cause":"MANDATORY_IE_INCORRECT"}';
      continue;
    }
    const answer = answers[at]!;
    let tail = isKindTellable[identities[at]!]! ? tails.get(answer) : NOT_OF_THIS_KIND;
    if (tail === undefined) {
      const route = answer === NOT_FOUND ? undefined : routeOfAnswer(answer);
      const isTellable = route === undefined || (tellable?.routes?.has(route) ?? true);
      tail = isTellable ? tailOf(answer) : NOT_OF_THIS_MEMBER;
      tails.set(answer, tail);
      if (isTellable && route !== undefined) routes.add(route);
    }
    items[at] = heads[identities[at]!]! + `${key}`.slice(1) + tail;
  }
  return { json: items.join(), routes: [...routes].sort((a, b) => a - b) };
}

const NOT_OF_THIS_KIND = '","cause":"IDENTITY_NOT_ALLOWED"}';
const NOT_OF_THIS_MEMBER = '","cause":"MEMBER_NOT_ALLOWED"}';

function tailOf(answer: Answer): string {
  if (answer === NOT_FOUND) return '","cause":"USER_NOT_FOUND"}';
  return (
    `","entry":"${kindOfAnswer(answer)}","matchedLength":${lengthOfAnswer(answer)}` +
    `,"route":${routeOfAnswer(answer)}}`
  );
}

/** The compact answer; see the top of this file. */
export function writeCompactAnswer(
  { count, keys }: NumberBatch,
  answers: Uint32Array,
  block: BlockLabel,
  lagMs: number | undefined,
  routeTableVersion: number,
): Uint8Array {
  const bytes = new Uint8Array(COMPACT_HEADER_BYTES + count * ANSWER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(block.height), true);
  view.setUint32(8, lagMs === undefined ? LAG_UNKNOWN : Math.min(lagMs, LAG_UNKNOWN - 1), true);
  view.setUint32(12, routeTableVersion, true);
  view.setUint32(16, count, true);
  bytes.set(block.blockHash, 24);
  for (let index = 0; index < count; index++) {
    const at = COMPACT_HEADER_BYTES + index * ANSWER_BYTES;
    const answer = answers[index]!;
    bytes[at] = keys[index] === 0 ? NUMBER_MALFORMED : NUMBER_OK;
    bytes[at + 1] = answer >>> 30;
    bytes[at + 2] = lengthOfAnswer(answer);
    view.setUint32(at + 4, routeOfAnswer(answer), true);
  }
  return bytes;
}

/** The key of the digits between two places of the text; 0 where they are no number. */
function digitsKey(text: string, from: number, to: number): NumberKey | 0 {
  const length = to - from;
  if (length < 1 || length > DIGITS_MAX) return 0;
  let key = 1;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return 0;
    key = key * 10 + digit;
  }
  return key;
}

/** The place behind the string that begins at `at`; −1 where it has no end or a control character. */
function endOfString(text: string, at: number): number {
  for (let place = at + 1; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === CODE_QUOTE) return place + 1;
    if (code === CODE_BACKSLASH) place++;
    else if (code < 32) return -1;
  }
  return -1;
}

function readString(token: string): string | undefined {
  if (!token.includes('\\')) return token.slice(1, -1);
  try {
    return JSON.parse(token);
  } catch {
    return undefined;
  }
}

/** JSON's white space (RFC 8259 section 2). */
function skipBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}
