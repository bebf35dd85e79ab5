// The tables of the state: what each holds, and the form of its rows. A row is what the store keeps
// and what a leaf of the state commitment hashes.
//
// | table      | id of a row          | row                                                     |
// |------------|----------------------|---------------------------------------------------------|
// | members    | member number        | SSZ member (record-codec); number 0 is the authority    |
// | sequences  | member number        | u64 little-endian, the last sequence used               |
// | routes     | route number         | SSZ route (record-codec)                                |
// | prefixes   | key of the digits    | u32 little-endian, route number                         |
// | free       | ⌊start / 1000⌋       | intervals of the pool nobody has taken; value: member   |
// |            |                      | number of who injected them                             |
// | runs       | ⌊start / 1000⌋       | allocated runs as they were set; value: route number    |
// | ported     | ⌊number / 1000⌋      | what the index holds as ported: ported numbers, and     |
// |            |                      | those transferred alone (number-rows)                   |
// | transferred| ⌊start / 1000⌋       | parts of two numbers or more of runs, which lead        |
// |            |                      | elsewhere than the run; value: route number             |
// | priced     | ⌊start / 1000⌋       | numbers of the pool, taken or not, under a pricing      |
// |            |                      | contract; value: its number                             |
// | balances   | member number        | u64 little-endian; none where it is 0                   |
// | totals     | 0 deposited,         | u64 little-endian, over all members and all time; none  |
// |            | 1 withdrawn          | where it is 0                                           |
// | pricing    | contract number      | SSZ terms (record-codec)                                |
// | contracts  |                      |                                                         |
// | occupations| contract number      | what a member occupies under a contract (occupations);  |
// |            | · 2^20 + member      | none where it is nothing                                |
// | roaming    | contract number      | SSZ terms (record-codec)                                |
// | contracts  |                      |                                                         |
// | roaming    | contract number      | what a visited network has done (roaming)               |
// | tallies    | · 2^20 + member      |                                                         |
// | terminal   | key of the number    | who registered it, and the key (terminal-keys)          |
// | keys       |                      |                                                         |
// | departures | member number        | one byte, 1, for each member that has left              |
// | parameters | 0 parameters,        | SSZ parameters (record-codec); none until they change   |
// |            | 1 sequence           | u64 little-endian, the last that a proposal has used    |
// |            | 2 founded            | one byte, 1; none while the authority founds            |
// | singles    | ⌊number / 1000⌋      | numbers transferred alone, and whether they were ported |
// |            |                      | on (number-rows); not part of what the index holds      |
//
// Terminal keys, prefixes, free, runs, ported, transferred, priced and singles exist once for each
// identity kind. A row of intervals has 12 bytes for each, in order, little-endian:
//
//     0                                           4                  12
//     ┌───────────────────────────────────────────┬──────────────────┐
//     │ u32: (start mod 1000) · 2^20 + value      │ u64: how many    │
//     └───────────────────────────────────────────┴──────────────────┘

import type { Identity } from '../number.ts';
import { BUCKET_KEYS, type Interval, type IntervalMap } from './interval-map.ts';

/** Every table; its position is its byte in store keys and hashes, so the list only grows. */
export const TABLES = [
  'members',
  'sequences',
  'routes',
  'prefixes imsi',
  'prefixes msisdn',
  'free imsi',
  'free msisdn',
  'runs imsi',
  'runs msisdn',
  'ported imsi',
  'ported msisdn',
  'transferred imsi',
  'transferred msisdn',
  'priced imsi',
  'priced msisdn',
  'balances',
  'totals',
  'pricing contracts',
  'occupations',
  'roaming contracts',
  'roaming tallies',
  'terminal keys imsi',
  'terminal keys msisdn',
  'departures',
  'parameters',
  'singles imsi',
  'singles msisdn',
] as const;

export type Table = (typeof TABLES)[number];

/** Tables of which there is one for each identity kind. */
export type NumberTable =
  | 'prefixes'
  | 'free'
  | 'runs'
  | 'ported'
  | 'transferred'
  | 'priced'
  | 'singles';

/** The table of one identity kind. */
export function tableOf(table: NumberTable, identity: Identity): Table {
  return `${table} ${identity}`;
}

/** One row; `undefined` bytes where it is gone. */
export interface Row {
  table: Table;
  id: number;
  bytes: Uint8Array | undefined;
}

/** Bytes of one interval in a row. */
export const INTERVAL_BYTES = 12;
/** Low bits of a word that hold a route's, a member's or a contract's number. */
export const VALUE_BITS = 20;

/** The row of a bucket of intervals; `undefined` when none starts there. */
export function intervalRow(intervals: IntervalMap, bucket: number): Uint8Array | undefined {
  const base = bucket * BUCKET_KEYS;
  return intervalsRow([...intervals.between(base, base + BUCKET_KEYS - 1)], bucket);
}

/** The row of intervals that start in a bucket; `undefined` when there are none. */
export function intervalsRow(parts: readonly Interval[], bucket: number): Uint8Array | undefined {
  if (parts.length === 0) return undefined;
  const base = bucket * BUCKET_KEYS;
  const row = Buffer.alloc(parts.length * INTERVAL_BYTES);
  for (const [index, { start, end, value }] of parts.entries()) {
    row.writeUInt32LE((start - base) * 2 ** VALUE_BITS + value, index * INTERVAL_BYTES);
    row.writeBigUInt64LE(BigInt(end - start + 1), index * INTERVAL_BYTES + 4);
  }
  return row;
}

/** Takes over a bucket's row. Throws a `RangeError` when it is not of the form drawn above. */
export function loadIntervalRow(intervals: IntervalMap, bucket: number, bytes: Uint8Array): void {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (row.length === 0 || row.length % INTERVAL_BYTES !== 0) {
    throw new RangeError('row of a broken length');
  }
  for (let at = 0; at < row.length; at += INTERVAL_BYTES) {
    const word = row.readUInt32LE(at);
    const count = Number(row.readBigUInt64LE(at + 4));
    const start = bucket * BUCKET_KEYS + (word >>> VALUE_BITS);
    const end = start + count - 1;
    if (count < 1 || !Number.isSafeInteger(end) || intervals.intersects(start, end)) {
      throw new RangeError('interval out of order');
    }
    intervals.insert(start, end, word & (2 ** VALUE_BITS - 1));
  }
}

/** A table that keeps its own rows: what has changed, and the way between rows and values. */
export interface StateTable {
  readonly table: Table;
  /** Rows changed since the state last took them. */
  readonly dirty: Set<number>;
  /** The row of an id; `undefined` where there is none. */
  row(id: number): Uint8Array | undefined;
  /** Takes over a stored row. Throws where the bytes are none. */
  load(id: number, bytes: Uint8Array): void;
}

/** The row of some safe integers from 0: 8 bytes little-endian each. */
export function integersRow(...values: number[]): Uint8Array {
  const row = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) row.writeBigUInt64LE(BigInt(value), index * 8);
  return row;
}

/** Reads what {@link integersRow} gave. Throws a `RangeError` where it is not `count` of them. */
export function integersOf(bytes: Uint8Array, count: number): number[] {
  if (bytes.length !== count * 8) throw new RangeError('row of a broken length');
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, index) => {
    const value = Number(row.readBigUInt64LE(index * 8));
    if (!Number.isSafeInteger(value)) throw new RangeError('no safe integer');
    return value;
  });
}
