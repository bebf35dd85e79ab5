// Explanations of the UDP batch protocol: every entry that covers a number, the winner first.
//
//     0       1        2          4               8        16       24                 32
//     ┌───────┬────────┬──────────┬───────────────┬────────┬────────┬──────────────────┐
//     │ match │ length │ reserved │ route number  │ from   │ to     │ index of user    │
//     │ kind  │        │          │               │ number │ number │ data, or ones    │
//     └───────┴────────┴──────────┴───────────────┴────────┴────────┴──────────────────┘
//
// Nothing here throws on any input from the network.

import type { NumberKey } from '../../ledger/number.ts';
import { lengthOf } from '../../ledger/number.ts';
import { type EntryKind, type IndexEntry, ROUTES_MAX } from '../../wasm/number-index.ts';
import type { BatchFreshness } from './batch-format-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  ENTRY_BYTES,
  RESPONSE_HEADER_BYTES,
  readU32,
  responseBytesMax,
  routeRequestBytes,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  writeU32,
} from './batch-format-codec.ts';
import type { BatchRequest } from './batch-request-codec.ts';
import { readNumber, writeNumber } from './batch-request-codec.ts';
import { writeResponseHeader } from './batch-response-codec.ts';

/** Entries that one response carries; of more, the first. */
export const ENTRIES_MAX = Math.floor(
  (BATCH_DATAGRAM_BYTES_MAX - RESPONSE_HEADER_BYTES) / ENTRY_BYTES,
);

const KINDS: readonly EntryKind[] = ['prefix', 'fragmented', 'ported'];
const TWO_32 = 2 ** 32;
const NO_USER_DATA = 0xffff_ffff;

/** An entry with how many of the number's digits it matches. */
export interface ExplainedEntry extends IndexEntry {
  matchedLength: number;
}

/** Writes the entries that cover the request's number, in falling precedence; returns the length. */
export function writeExplainResponse(
  out: Uint8Array,
  request: BatchRequest,
  covering: readonly IndexEntry[],
  freshness: BatchFreshness,
): number {
  const entries = covering.slice(0, ENTRIES_MAX);
  const bytes = RESPONSE_HEADER_BYTES + ENTRY_BYTES * entries.length;
  if (bytes > responseBytesMax(request.bytes)) {
    const needed = routeRequestBytes(bytes - RESPONSE_HEADER_BYTES);
    writeResponseHeader(out, request, STATUS_REQUEST_TOO_SMALL, 0, needed, freshness);
    return RESPONSE_HEADER_BYTES;
  }
  writeResponseHeader(out, request, STATUS_OK, entries.length, 0, freshness);
  for (const [place, entry] of entries.entries()) {
    writeEntry(out, RESPONSE_HEADER_BYTES + ENTRY_BYTES * place, entry, request.keys[0]!);
  }
  return bytes;
}

function writeEntry(out: Uint8Array, at: number, entry: IndexEntry, key: NumberKey): void {
  const { from, to, route, userData } = entry;
  writeU32(out, at, KINDS.indexOf(entry.entry) + 1);
  out[at + 1] = lengthOf(entry.entry === 'prefix' ? from : key);
  writeU32(out, at + 4, route);
  writeNumber(out, at + 8, from);
  writeNumber(out, at + 16, to);
  writeU32(out, at + 24, userData === undefined ? NO_USER_DATA : userData % TWO_32);
  writeU32(out, at + 28, userData === undefined ? NO_USER_DATA : Math.floor(userData / TWO_32));
}

/** The entries of a response that `readResponse` took; `undefined` where one is malformed. */
export function readEntries(message: Uint8Array, count: number): ExplainedEntry[] | undefined {
  const entries: ExplainedEntry[] = [];
  for (let place = 0; place < count; place++) {
    const at = RESPONSE_HEADER_BYTES + ENTRY_BYTES * place;
    const entry = KINDS[message[at]! - 1];
    const matchedLength = message[at + 1]!;
    const route = readU32(message, at + 4);
    const from = readNumber(message, at + 8);
    const to = readNumber(message, at + 16);
    if (entry === undefined || matchedLength > 15 || route >= ROUTES_MAX) return undefined;
    if (from === 0 || to === 0) return undefined;
    const read: ExplainedEntry = { entry, from, to, route, matchedLength };
    const high = readU32(message, at + 28);
    if (high !== NO_USER_DATA) read.userData = high * TWO_32 + readU32(message, at + 24);
    entries.push(read);
  }
  return entries;
}
