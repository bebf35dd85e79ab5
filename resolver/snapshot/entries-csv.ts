// entries.csv: `entry,identity,from,to,route`, one entry a line, read as a stream of bytes.
//
// A hundred million lines are some five gigabytes, so a line is parsed in place, byte by byte, and
// only the route's id becomes a string. Fields are not quoted: none of them can hold a comma.

import type { EntryChange, EntryKind } from '../../ledger/entry.ts';
import { DIGITS_MAX, type Identity, type NumberKey } from '../../ledger/number.ts';

export const CSV_HEADER = 'entry,identity,from,to,route';

/** A longer line cannot be valid: five fields of at most 64 characters. */
export const LINE_BYTES_MAX = 256;

/** Called for each valid line. */
export type OnEntry = (change: EntryChange & { route: number }, line: number) => void;

/** Called for each line that is not valid. */
export type OnInvalid = (line: number, reason: string) => void;

const COMMA = 44;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const DIGIT_0 = 48;

/**
 * A parser that takes the file in chunks of any size. Lines are counted from 1, the header's.
 * Windows line ends and a byte-order mark are accepted; empty lines are not, but for a last one.
 */
export class EntriesParser {
  readonly #routes: ReadonlyMap<string, number>;
  readonly #onEntry: OnEntry;
  readonly #onInvalid: OnInvalid;
  #rest = Buffer.alloc(0);
  #line = 0;
  /** Inside a line that was refused for its length: skip to its end. */
  #isSkipping = false;

  /** @param routes route number by route id */
  constructor(routes: ReadonlyMap<string, number>, onEntry: OnEntry, onInvalid: OnInvalid) {
    this.#routes = routes;
    this.#onEntry = onEntry;
    this.#onInvalid = onInvalid;
  }

  /** Lines seen so far, the header among them. */
  get lines(): number {
    return this.#line;
  }

  write(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      if (end < 0) break;
      if (this.#isSkipping) this.#isSkipping = false;
      else this.#readLine(bytes, start, end);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    if (this.#isSkipping) {
      this.#rest = Buffer.alloc(0);
    } else if (this.#rest.length > LINE_BYTES_MAX) {
      this.#line++;
      this.#onInvalid(this.#line, `longer than ${LINE_BYTES_MAX} bytes`);
      this.#rest = Buffer.alloc(0);
      this.#isSkipping = true;
    }
  }

  /** The end of the file: a last line may lack its line end. */
  end(): void {
    if (this.#rest.length > 0) this.#readLine(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
    if (this.#line === 0) this.#onInvalid(1, `the first line must be ${CSV_HEADER}`);
  }

  #readLine(bytes: Buffer, start: number, newline: number): void {
    this.#line++;
    const end = newline > start && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    if (this.#line === 1) {
      const header = bytes.toString('utf8', start, end).replace(/^\uFEFF/, '');
      if (header !== CSV_HEADER) this.#onInvalid(1, `the first line must be ${CSV_HEADER}`);
      return;
    }
    const reason = this.#readEntry(bytes, start, end);
    if (reason !== undefined) this.#onInvalid(this.#line, reason);
  }

  /** Hands the line's entry on, or returns why there is none. */
  #readEntry(bytes: Buffer, start: number, end: number): string | undefined {
    if (end - start > LINE_BYTES_MAX) return `longer than ${LINE_BYTES_MAX} bytes`;
    const comma1 = commaAfter(bytes, start, end);
    const comma2 = commaAfter(bytes, comma1 + 1, end);
    const comma3 = commaAfter(bytes, comma2 + 1, end);
    const comma4 = commaAfter(bytes, comma3 + 1, end);
    if (comma4 >= end || commaAfter(bytes, comma4 + 1, end) < end) return 'must have five fields';

    const entry = readEntryKind(bytes, start, comma1);
    if (!entry) return 'entry must be prefix, fragmented or ported';
    const identity = readIdentity(bytes, comma1 + 1, comma2);
    if (!identity) return 'identity must be msisdn or imsi';
    const from = readKey(bytes, comma2 + 1, comma3);
    if (from === undefined) return `from must be 1 to ${DIGITS_MAX} digits`;
    let to = from;
    if (entry === 'fragmented') {
      const last = readKey(bytes, comma3 + 1, comma4);
      if (last === undefined) return `to must be 1 to ${DIGITS_MAX} digits`;
      if (comma4 - comma3 !== comma3 - comma2) return 'from and to must have the same length';
      if (last < from) return 'to must not be before from';
      to = last;
    } else if (comma4 - comma3 > 1) {
      return `to must be empty for a ${entry} entry`;
    }
    const routeId = bytes.toString('latin1', comma4 + 1, end);
    const route = this.#routes.get(routeId);
    if (route === undefined) return `no route has the id ${JSON.stringify(routeId)}`;
    this.#onEntry({ identity, entry, from, to, route }, this.#line);
    return undefined;
  }
}

/** The position of the next comma, or `end`. */
function commaAfter(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA) at++;
  return at;
}

function equals(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

function readEntryKind(bytes: Buffer, start: number, end: number): EntryKind | undefined {
  if (equals(bytes, start, end, 'ported')) return 'ported';
  if (equals(bytes, start, end, 'prefix')) return 'prefix';
  return equals(bytes, start, end, 'fragmented') ? 'fragmented' : undefined;
}

function readIdentity(bytes: Buffer, start: number, end: number): Identity | undefined {
  if (equals(bytes, start, end, 'msisdn')) return 'msisdn';
  return equals(bytes, start, end, 'imsi') ? 'imsi' : undefined;
}

function readKey(bytes: Buffer, start: number, end: number): NumberKey | undefined {
  const length = end - start;
  if (length < 1 || length > DIGITS_MAX) return undefined;
  let key = 1;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    key = key * 10 + digit;
  }
  return key;
}
