// The rows of ported numbers, of transferred parts and of numbers transferred alone.
//
// The table of ported numbers holds what the index holds as ported: the numbers of ports, and those
// transferred alone that were not ported on. So the routing hash follows from an index. What the index
// does not tell, which of these were transferred and what lies under a port, stands in a table of its
// own beside it, in the words of ported numbers (ported-map) with one bit more:
//
//     31          30   29           20 19                     0
//    ┌───────────┬────┬───────────────┬────────────────────────┐
//    │ ported on │ 0  │ key mod 1000  │ route number           │
//    └───────────┴────┴───────────────┴────────────────────────┘
//
//     run         10───────────────19 → a
//     singles        12 → b  14 → b            12 was ported on to c
//     ported         12 → c  14 → b   17 → c   17 was ported by its holder a

import { BUCKET_KEYS, type Interval } from './interval-map.ts';
import type { NumberSpace } from './number-space.ts';
import { NOT_PORTED } from './ported-map.ts';
import { intervalsRow, VALUE_BITS } from './tables.ts';

const PORTED_ON = 2 ** 31;
const ROUTE_MASK = 2 ** VALUE_BITS - 1;

/** The row of parts of two numbers or more; `undefined` where none begins in the bucket. */
export function partsRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const parts = partsOf(space, bucket).filter(({ start, end }) => start < end);
  return intervalsRow(parts, bucket);
}

/** The row of numbers transferred alone; `undefined` where there are none. */
export function singlesRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const singles = singlesOf(space, bucket);
  if (singles.length === 0) return undefined;
  const words = Uint32Array.from(singles, ({ start, value }) => {
    const isPortedOn = space.ported.get(start) !== NOT_PORTED;
    return wordOf(start, value, bucket) + (isPortedOn ? PORTED_ON : 0);
  });
  return new Uint8Array(words.buffer);
}

/** The row of what the index holds as ported; `undefined` where there is nothing. May be a view. */
export function portedRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const { ported } = space;
  const own = ported.row(bucket);
  const alone = singlesOf(space, bucket).filter(({ start }) => ported.get(start) === NOT_PORTED);
  if (alone.length === 0) return own;
  const ownWords = own ? new Uint32Array(own.buffer, own.byteOffset, own.length / 4) : [];
  const words = Uint32Array.from([
    ...ownWords,
    ...alone.map(({ start, value }) => wordOf(start, value, bucket)),
  ]).sort();
  return new Uint8Array(words.buffer);
}

/**
 * Takes over a row of numbers transferred alone; that of ported numbers was taken over before. Throws a
 * `RangeError` when it is not of the form drawn above, or the two do not fit each other.
 */
export function loadSinglesRow(space: NumberSpace, bucket: number, bytes: Uint8Array): void {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (row.length === 0 || row.length % 4 !== 0) throw new RangeError('row of a broken length');
  const { ported, transferred } = space;
  let previous = -1;
  for (let at = 0; at < row.length; at += 4) {
    const word = row.readUInt32LE(at);
    const offset = (word % PORTED_ON) >>> VALUE_BITS;
    const key = bucket * BUCKET_KEYS + offset;
    const route = word & ROUTE_MASK;
    if (offset <= previous || offset >= BUCKET_KEYS || transferred.intersects(key, key)) {
      throw new RangeError('row out of order');
    }
    previous = offset;
    transferred.insert(key, key, route);
    const known = ported.get(key);
    if (word >= PORTED_ON ? known === NOT_PORTED : known !== route) {
      throw new RangeError('a number transferred alone that is not ported');
    }
    if (word < PORTED_ON) ported.delete(key);
  }
}

function partsOf({ transferred }: NumberSpace, bucket: number): Interval[] {
  if (transferred.size === 0) return [];
  const base = bucket * BUCKET_KEYS;
  return [...transferred.between(base, base + BUCKET_KEYS - 1)];
}

function singlesOf(space: NumberSpace, bucket: number): Interval[] {
  return partsOf(space, bucket).filter(({ start, end }) => start === end);
}

function wordOf(key: number, route: number, bucket: number): number {
  return (key - bucket * BUCKET_KEYS) * 2 ** VALUE_BITS + route;
}
