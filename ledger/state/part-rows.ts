// How numbers that were transferred alone stand in rows. For the index each is a ported entry, so its
// row is among those of ported numbers, and the routing hash covers exactly what the index holds. What
// an index does not tell, which of these entries come from a transfer, and where a number that was
// transferred and then ported comes back to, stands in rows of the table of singles:
//
//     31   30 29           20 19                     0
//    ┌────┬──┬───────────────┬────────────────────────┐
//    │over│ 0│ number mod    │ route number of the    │   little-endian, in order; over: 1 where the
//    │    │  │ 1000          │ transfer               │   number has been ported on since
//    └────┴──┴───────────────┴────────────────────────┘

import { BUCKET_KEYS, type Interval } from './interval-map.ts';
import type { NumberSpace } from './number-space.ts';
import { NOT_PORTED } from './ported-map.ts';
import { intervalsRow, VALUE_BITS } from './tables.ts';

const OVER = 2 ** 31;
const WORD_BYTES = 4;

/** The parts of a bucket that are single numbers, or those that are not. */
function partsOf({ transferred }: NumberSpace, bucket: number, single: boolean): Interval[] {
  if (transferred.size === 0) return [];
  const base = bucket * BUCKET_KEYS;
  const parts = transferred.between(base, base + BUCKET_KEYS - 1);
  return [...parts].filter(({ start, end }) => (start === end) === single);
}

/** The row of a bucket of transferred parts of two numbers or more; `undefined` without any. */
export function transferredRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  return intervalsRow(partsOf(space, bucket, false), bucket);
}

/** The row of a bucket of ported entries, of either origin; `undefined` without any. */
export function portedRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const { ported } = space;
  const own = ported.row(bucket);
  const singles = partsOf(space, bucket, true).filter(
    ({ start }) => ported.get(start) === NOT_PORTED,
  );
  if (singles.length === 0) return own;
  const base = bucket * BUCKET_KEYS;
  const words = singles.map(({ start, value }) => (start - base) * 2 ** VALUE_BITS + value);
  if (own) words.push(...new Uint32Array(own.buffer, own.byteOffset, own.length / WORD_BYTES));
  return new Uint8Array(Uint32Array.from(words).sort().buffer);
}

/** The row of a bucket of singles; `undefined` without any. */
export function singlesRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const singles = partsOf(space, bucket, true);
  if (singles.length === 0) return undefined;
  const row = Buffer.alloc(singles.length * WORD_BYTES);
  for (const [at, { start, value }] of singles.entries()) {
    const over = space.ported.get(start) === NOT_PORTED ? 0 : OVER;
    const offset = start - bucket * BUCKET_KEYS;
    row.writeUInt32LE(over + offset * 2 ** VALUE_BITS + value, at * WORD_BYTES);
  }
  return row;
}

/**
 * Takes over a row of singles, after those of ported and transferred numbers. Throws a `RangeError`
 * where it is not of the form drawn above or does not fit them.
 */
export function loadSinglesRow(space: NumberSpace, bucket: number, bytes: Uint8Array): void {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (row.length === 0 || row.length % WORD_BYTES !== 0) {
    throw new RangeError('row of a broken length');
  }
  const { ported, transferred } = space;
  for (let at = 0; at < row.length; at += WORD_BYTES) {
    const word = row.readUInt32LE(at);
    const isOver = word >= OVER;
    const offset = (word % OVER) >>> VALUE_BITS;
    const key = bucket * BUCKET_KEYS + offset;
    const route = word % 2 ** VALUE_BITS;
    const entry = ported.get(key);
    if (offset >= BUCKET_KEYS || transferred.intersects(key, key)) {
      throw new RangeError('single out of order');
    }
    if (isOver ? entry === NOT_PORTED : entry !== route) {
      throw new RangeError('single without its ported entry');
    }
    if (!isOver) ported.delete(key);
    transferred.insert(key, key, route);
  }
}
