// The writer of DNS responses, and how long they may be. The layout of messages is dns-codec's.
// Sources: RFC 1035 section 4, RFC 2181 section 9 (truncation), RFC 6891 section 6 (EDNS).

import {
  CLASS_IN,
  DO_BIT,
  FLAG_AA,
  FLAG_QR,
  FLAG_RD,
  FLAG_TC,
  HEADER_BYTES,
  OPCODE_MASK,
  OPT_BYTES,
  OPTION_COOKIE,
  type Rcode,
  RECORD_TYPE,
  readU16,
  UDP_BYTES_MAX,
  UDP_BYTES_WITHOUT_EDNS,
  writeU16,
} from './dns-codec.ts';
import { COOKIE_BYTES } from './dns-cookie-codec.ts';
import type { Edns } from './dns-query-codec.ts';
import { recordCountOf, writeAnswer } from './enum-template-codec.ts';

/**
 * The most bytes that a response to this query may have over UDP: 512 without EDNS; with it what the
 * client announces, at least 512 (RFC 6891 section 6.2.3), at most {@link UDP_BYTES_MAX}.
 */
export function udpLimitBytes(edns: Edns | undefined): number {
  if (edns === undefined) return UDP_BYTES_WITHOUT_EDNS;
  return Math.min(Math.max(edns.udpPayloadBytes, UDP_BYTES_WITHOUT_EDNS), UDP_BYTES_MAX);
}

/** Bytes that a COOKIE option makes an OPT record longer. */
const COOKIE_OPTION_BYTES = 4 + COOKIE_BYTES;

/** What a response says besides its records. */
export interface ResponseFrame {
  /** Where the question of the query ends; {@link HEADER_BYTES} to send none back. */
  questionEnd: number;
  /** The query's; `undefined` for a response without OPT. */
  edns: Edns | undefined;
  /** The data of a COOKIE option, its first {@link COOKIE_BYTES} bytes; needs `edns`. */
  cookie?: Uint8Array | undefined;
}

/**
 * Writes one response into a buffer of the caller, never past its limit.
 *
 * The question is copied byte for byte, so that the letter case that a client chose to recognise its
 * answer by survives (draft-vixie-dnsext-dns0x20). Records are owned by the question's name or an
 * ending of it, written as a pointer. What does not fit is left out whole and TC is set: header,
 * question and OPT remain, since half a record set must not be used (RFC 2181 section 9).
 *
 * Of the query's flags only opcode and RD come back. RA is clear, as nothing is resolved here; AD
 * and CD are clear, as an authoritative server does not validate (RFC 4035 section 3.1.6). Of its
 * options none comes back but COOKIE, with what the server makes of it.
 */
export class ResponseWriter {
  /** Whether something did not fit. */
  truncated = false;
  readonly #query: Uint8Array;
  readonly #questionEnd: number;
  readonly #edns: Edns | undefined;
  readonly #cookie: Uint8Array | undefined;
  readonly #out: Uint8Array;
  readonly #recordsEndMax: number;
  #at: number;
  #dataAt = 0;
  #answerCount = 0;
  #authorityCount = 0;

  /**
   * `out` must not overlap `query`. `limitBytes`, at most `out.length`, must hold header, question
   * and OPT: 310 bytes are enough for every query.
   */
  constructor(
    query: Uint8Array,
    { questionEnd, edns, cookie }: ResponseFrame,
    out: Uint8Array,
    limitBytes: number,
  ) {
    this.#query = query;
    this.#questionEnd = questionEnd;
    this.#edns = edns;
    this.#cookie = cookie;
    this.#out = out;
    const optBytes = cookie === undefined ? OPT_BYTES : OPT_BYTES + COOKIE_OPTION_BYTES;
    this.#recordsEndMax = limitBytes - (edns === undefined ? 0 : optBytes);
    this.#at = questionEnd;
    for (let at = HEADER_BYTES; at < questionEnd; at++) out[at] = query[at]!;
  }

  /** Begins a record of class IN whose owner is the name at `nameAt` in the question. */
  beginRecord(section: 'answer' | 'authority', nameAt: number, type: number, ttlSeconds: number) {
    if (section === 'answer') this.#answerCount++;
    else this.#authorityCount++;
    this.u16(0xc000 | nameAt);
    this.u16(type);
    this.u16(CLASS_IN);
    this.u32(ttlSeconds);
    this.u16(0);
    this.#dataAt = this.#at;
  }

  /** Ends the record's data: its length is known now. */
  endRecord(): void {
    if (!this.truncated) writeU16(this.#out, this.#dataAt - 2, this.#at - this.#dataAt);
  }

  u8(value: number): void {
    if (this.#hasRoom(1)) this.#out[this.#at++] = value;
  }

  u16(value: number): void {
    if (!this.#hasRoom(2)) return;
    writeU16(this.#out, this.#at, value);
    this.#at += 2;
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  bytes(values: Uint8Array): void {
    if (!this.#hasRoom(values.length)) return;
    this.#out.set(values, this.#at);
    this.#at += values.length;
  }

  /** A character-string (RFC 1035 section 3.3) of at most 255 ASCII characters. */
  characterString(text: string): void {
    if (!this.#hasRoom(1 + text.length)) return;
    this.#out[this.#at++] = text.length;
    for (let at = 0; at < text.length; at++) this.#out[this.#at++] = text.charCodeAt(at);
  }

  /** Adds the records of a number from a template: see enum-template-codec. */
  answer(template: Uint8Array, digits: Uint8Array): void {
    const end = writeAnswer(template, digits, this.#out, this.#at, this.#recordsEndMax);
    if (end === 0) {
      this.truncated = true;
      return;
    }
    this.#at = end;
    this.#answerCount += recordCountOf(template);
  }

  #hasRoom(count: number): boolean {
    if (this.#at + count > this.#recordsEndMax) this.truncated = true;
    return !this.truncated;
  }

  /** Takes the records away again and sets TC: the answer to a client that has to come by TCP. */
  truncate(): void {
    this.truncated = true;
  }

  /** Takes the records away again, and TC with them. */
  removeRecords(): void {
    this.truncated = false;
    this.#at = this.#questionEnd;
    this.#answerCount = 0;
    this.#authorityCount = 0;
  }

  /** Writes header and OPT; returns the length of the message. */
  finish(rcode: Rcode, isAuthoritative: boolean): number {
    if (this.truncated) {
      this.removeRecords();
      this.truncated = true;
    }
    const out = this.#out;
    const edns = this.#edns;
    out[0] = this.#query[0]!;
    out[1] = this.#query[1]!;
    const kept = readU16(this.#query, 2) & (OPCODE_MASK | FLAG_RD);
    const authoritative = isAuthoritative ? FLAG_AA : 0;
    const truncated = this.truncated ? FLAG_TC : 0;
    writeU16(out, 2, FLAG_QR | kept | authoritative | truncated | (rcode & 15));
    writeU16(out, 4, this.#questionEnd > HEADER_BYTES ? 1 : 0);
    writeU16(out, 6, this.#answerCount);
    writeU16(out, 8, this.#authorityCount);
    writeU16(out, 10, edns === undefined ? 0 : 1);
    if (edns !== undefined) this.#writeOpt(rcode, edns.dnssecOk);
    return this.#at;
  }

  #writeOpt(rcode: Rcode, dnssecOk: boolean): void {
    const out = this.#out;
    const opt = this.#at;
    const cookie = this.#cookie;
    out[opt] = 0;
    writeU16(out, opt + 1, RECORD_TYPE.OPT);
    writeU16(out, opt + 3, UDP_BYTES_MAX);
    out[opt + 5] = rcode >>> 4;
    out[opt + 6] = 0;
    writeU16(out, opt + 7, dnssecOk ? DO_BIT : 0);
    writeU16(out, opt + 9, cookie === undefined ? 0 : COOKIE_OPTION_BYTES);
    this.#at += OPT_BYTES;
    if (cookie === undefined) return;
    writeU16(out, this.#at, OPTION_COOKIE);
    writeU16(out, this.#at + 2, COOKIE_BYTES);
    for (let index = 0; index < COOKIE_BYTES; index++) out[this.#at + 4 + index] = cookie[index]!;
    this.#at += COOKIE_OPTION_BYTES;
  }
}
