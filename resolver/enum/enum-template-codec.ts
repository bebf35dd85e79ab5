// Templates of answers: the NAPTR records that a number of a route gets, compiled to bytes in which
// only the digits are left out.
//
// A service is text with placeholders. Those that a route fills are filled when the template is made,
// once for each route; the number comes in when a query is answered. The result is one array of bytes,
// which the writer in TypeScript and the one in Wasm both follow.
//
//     answer      0         2             4                       all numbers little-endian, as in Wasm
//                ┌─────────┬─────────────┬───────────────────────────────
//                │ records │ bytes for n │ records, each at a multiple of 4
//                │ u16     │ digits: u16 │
//                └─────────┴─────────────┴───────────────────────────────
//                 bytes for n digits: bytes of the record set without digits; holes come below
//     record      0            2         3        4      8 …
//                ┌────────────┬─────────┬────────┬──────────┬─────────┬────────┬─────────┬────────┬──
//                │ RDLENGTH   │ holes   │ REGEXP │ head     │ head    │ piece  │ piece   │ piece  │ …
//                │ without    │ u8      │ length │ bytes    │         │ bytes  │         │ bytes  │
//                │ digits u16 │ 1 to 4  │ so u8  │ u32      │         │ u32    │         │ u32    │
//                └────────────┴─────────┴────────┴──────────┴─────────┴────────┴─────────┴────────┴──
//                 head: the record as it stands on the wire, from the owner to the length of REGEXP,
//                 RDLENGTH (at 10) and the length of REGEXP (its last byte) to be filled in. Between
//                 two pieces come the digits: holes + 1 pieces. The last one ends with REPLACEMENT,
//                 the root. Head and pieces are followed by zeros up to a multiple of 8 and at least
//                 one, so that they may be copied in words of 8 bytes.
//
// Sources: RFC 3403 section 4.1 (NAPTR), RFC 6116 section 3.4 (the rewrite rule of ENUM).

import { DIGITS_MAX } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { CLASS_IN, HEADER_BYTES, RECORD_TYPE, writeU16 } from './dns-codec.ts';

/** Longest character-string (RFC 1035 section 3.3), thus longest SERVICES and REGEXP. */
export const STRING_BYTES_MAX = 255;
/** Most places for the number in one URI. */
export const HOLES_MAX = 4;
/** Most records of an answer. */
export const SERVICES_MAX = 16;
/** Offset of RDLENGTH in a record whose owner is a pointer. */
const RDLENGTH_AT = 10;
const TEXT = new TextEncoder();

/** A service as it is configured. */
export interface EnumService {
  /** SERVICES of the record: `E2U+sip`, `E2U+pstn:tel`. One Enumservice, not several. */
  service: string;
  /** 0 to 65535, both. */
  order: number;
  preference: number;
  /** The URI of a number, with placeholders in braces: see {@link PLACEHOLDERS}. */
  uri: string;
  /** The URI of a ported number, where it differs. */
  portedUri?: string | undefined;
}

/** What the placeholders of a URI stand for besides `{number}`. Each gives characters of a URI. */
export const PLACEHOLDERS: Readonly<Record<string, (route: Route) => string>> = {
  mcc: ({ plmn }) => plmn.mcc,
  mnc: ({ plmn }) => plmn.mnc,
  // Three digits, as in the domain names of 3GPP TS 23.003 clause 13.2.
  mnc3: ({ plmn }) => plmn.mnc.padStart(3, '0'),
  member: ({ member }) => member,
  route: ({ id }) => id,
  fqdn: ({ fqdn }) => fqdn,
  nfType: ({ nfType }) => nfType.toLowerCase(),
  group: ({ groupId }) => percentEncoded(groupId),
};
/** Where the digits go. */
const NUMBER = 'number';

/** What a URI must not hold: the delimiter, and what one client or another takes for its own. */
const UNSAFE = /[^!-~]|[!"$\\{}]/;

/** What is wrong with a service; `undefined` where nothing is. Names the field first. */
export function problemOfService(service: EnumService): string | undefined {
  // RFC 6116 section 3.4.3: "E2U" and Enumservices; several in one record are more than clients read.
  const isService = /^E2U\+[a-z0-9-]{1,32}(:[a-z0-9-]{1,32})?$/i.test(service.service);
  if (!isService) return `service: ${service.service} is not E2U+type or E2U+type:subtype`;
  for (const field of ['uri', 'portedUri'] as const) {
    const uri = service[field];
    if (uri === undefined) continue;
    const problem = problemOfUri(uri);
    if (problem !== undefined) return `${field}: ${problem}`;
  }
  return undefined;
}

function problemOfUri(uri: string): string | undefined {
  const parts = partsOf(uri);
  const holes = parts.filter((part) => part.isPlaceholder && part.text === NUMBER).length;
  if (holes < 1 || holes > HOLES_MAX) return `has 1 to ${HOLES_MAX} places for {number}`;
  const unknown = parts.find(
    ({ isPlaceholder, text }) =>
      isPlaceholder && text !== NUMBER && !Object.hasOwn(PLACEHOLDERS, text),
  );
  if (unknown) {
    const names = [NUMBER, ...Object.keys(PLACEHOLDERS)].map((name) => `{${name}}`).join(', ');
    return `{${unknown.text}} is no placeholder; there are ${names}`;
  }
  const literal = parts.filter((part) => !part.isPlaceholder).map((part) => part.text);
  const unsafe = literal.join('').match(UNSAFE);
  if (unsafe) return `must not contain ${JSON.stringify(unsafe[0])}`;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri)) return 'must begin with the scheme of a URI';
  if (regexpBytes(literal, holes) > STRING_BYTES_MAX) {
    return `is longer than ${STRING_BYTES_MAX} characters with !^.*$! and a number of 15 digits`;
  }
  return undefined;
}

interface Part {
  text: string;
  isPlaceholder: boolean;
}

function partsOf(uri: string): Part[] {
  return uri
    .split(/(\{[A-Za-z0-9]*\})/)
    .map((text) => {
      const isPlaceholder = text.startsWith('{') && text.endsWith('}');
      return { text: isPlaceholder ? text.slice(1, -1) : text, isPlaceholder };
    })
    .filter(({ text, isPlaceholder }) => isPlaceholder || text !== '');
}

const REGEXP_HEAD = '!^.*$!';
const REGEXP_TAIL = '!';

function regexpBytes(pieces: readonly string[], holes: number): number {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return REGEXP_HEAD.length + bytes + holes * DIGITS_MAX + REGEXP_TAIL.length;
}

/** `encodeURIComponent`, and what it leaves that a regular expression's delimiter may not meet. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The answer for numbers of a route: its template, and how many services had no room in it. */
export interface CompiledAnswer {
  template: Uint8Array;
  /** Services that the route's values make longer than a record can be. */
  leftOut: number;
}

/**
 * Compiles the answer that numbers of a route get: a record for each service, sorted by order and
 * preference, which is also the order that they are wanted in.
 *
 * @param services checked with {@link problemOfService}
 */
export function compileAnswer(
  services: readonly EnumService[],
  route: Route,
  isPorted: boolean,
  ttlSeconds: number,
): CompiledAnswer {
  const sorted = [...services].sort((a, b) => a.order - b.order || a.preference - b.preference);
  const records = sorted.map((service) => compileRecord(service, route, isPorted, ttlSeconds));
  const fitting = records.filter((record) => record !== undefined);
  const bytes = fitting.reduce((sum, record) => sum + record.encoded.length, 4);
  const template = new Uint8Array(bytes);
  const view = new DataView(template.buffer);
  view.setUint16(0, fitting.length, true);
  let at = 4;
  let wireBytes = 0;
  for (const { encoded, bytesWithoutDigits } of fitting) {
    template.set(encoded, at);
    at += encoded.length;
    wireBytes += bytesWithoutDigits;
  }
  view.setUint16(2, wireBytes, true);
  return { template, leftOut: records.length - fitting.length };
}

interface CompiledRecord {
  encoded: Uint8Array;
  bytesWithoutDigits: number;
}

function compileRecord(
  service: EnumService,
  route: Route,
  isPorted: boolean,
  ttlSeconds: number,
): CompiledRecord | undefined {
  const uri = (isPorted && service.portedUri) || service.uri;
  const pieces = [REGEXP_HEAD];
  for (const { text, isPlaceholder } of partsOf(uri)) {
    if (isPlaceholder && text === NUMBER) pieces.push('');
    else pieces[pieces.length - 1] += isPlaceholder ? PLACEHOLDERS[text]!(route) : text;
  }
  pieces[pieces.length - 1] += REGEXP_TAIL;
  const holes = pieces.length - 1;
  const regexpWithoutDigits = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (regexpWithoutDigits + holes * DIGITS_MAX > STRING_BYTES_MAX) return undefined;
  const head = headOf(service, ttlSeconds);
  const rdataWithoutDigits = head.length - (RDLENGTH_AT + 2) + regexpWithoutDigits + 1;
  const bodies = pieces.map((piece, index) => TEXT.encode(index === holes ? `${piece}\0` : piece));
  const encoded = new Uint8Array(
    4 + [head, ...bodies].reduce((sum, body) => sum + 4 + paddedBytes(body.length), 0),
  );
  const view = new DataView(encoded.buffer);
  view.setUint16(0, rdataWithoutDigits, true);
  encoded[2] = holes;
  encoded[3] = regexpWithoutDigits;
  let at = 4;
  for (const body of [head, ...bodies]) {
    view.setUint32(at, body.length, true);
    encoded.set(body, at + 4);
    at += 4 + paddedBytes(body.length);
  }
  return { encoded, bytesWithoutDigits: RDLENGTH_AT + 2 + rdataWithoutDigits };
}

/** Room for a body of so many bytes. */
export function paddedBytes(bytes: number): number {
  return (bytes + 8) & ~7;
}

/** The record up to its regular expression's length; the owner is the question's name. */
function headOf({ service, order, preference }: EnumService, ttlSeconds: number): Uint8Array {
  const head = new Uint8Array(RDLENGTH_AT + 2 + 4 + 2 + 1 + service.length + 1);
  writeU16(head, 0, 0xc000 | HEADER_BYTES);
  writeU16(head, 2, RECORD_TYPE.NAPTR);
  writeU16(head, 4, CLASS_IN);
  writeU16(head, 6, ttlSeconds >>> 16);
  writeU16(head, 8, ttlSeconds & 0xffff);
  writeU16(head, 12, order);
  writeU16(head, 14, preference);
  head[16] = 1;
  head[17] = 'u'.charCodeAt(0);
  head[18] = service.length;
  head.set(TEXT.encode(service), 19);
  return head;
}

/** Records of an answer. */
export function recordCountOf(template: Uint8Array): number {
  return template[0]! | (template[1]! << 8);
}

/**
 * Writes the records of a template for a number to `at` of a message; returns where they end, or 0
 * where that is beyond `end`, and then nothing of worth is written.
 *
 * @param digits the number's digits in ASCII, the first one first
 */
export function writeAnswer(
  template: Uint8Array,
  digits: Uint8Array,
  message: Uint8Array,
  at: number,
  end: number,
): number {
  const view = new DataView(template.buffer, template.byteOffset, template.byteLength);
  let from = 4;
  let to = at;
  for (let left = recordCountOf(template); left > 0; left--) {
    const holes = template[from + 2]!;
    const digitBytes = holes * digits.length;
    const rdataBytes = view.getUint16(from, true) + digitBytes;
    if (to + RDLENGTH_AT + 2 + rdataBytes > end) return 0;
    const regexpLength = template[from + 3]! + digitBytes;
    from += 4;
    for (let body = -1; body <= holes; body++) {
      const bytes = view.getUint32(from, true);
      message.set(template.subarray(from + 4, from + 4 + bytes), to);
      if (body === -1) {
        writeU16(message, to + RDLENGTH_AT, rdataBytes);
        message[to + bytes - 1] = regexpLength;
      }
      to += bytes;
      from += 4 + paddedBytes(bytes);
      if (body >= 0 && body < holes) {
        message.set(digits, to);
        to += digits.length;
      }
    }
  }
  return to;
}
