// Ported numbers: a map from number key to route number, in buckets of 1,000 consecutive keys.
//
// A bucket is a sorted array of words, which are its row in the store and what its leaf hashes:
//
//     31 30 29           20 19                     0
//    ┌─────┬───────────────┬────────────────────────┐
//    │ 0   │ key mod 1000  │ route number           │   little-endian
//    └─────┴───────────────┴────────────────────────┘
//
// Four bytes a number, whether it stands alone or in a run: runs of ported numbers are short, and the
// entries of the index are single numbers anyway. The bytes are the host's own; every platform that
// Node runs on is little-endian.

import type { RouteNumber } from '../entry.ts';
import type { NumberKey } from '../number.ts';
import { Counts } from './counts.ts';
import { BUCKET_KEYS, bucketOf, IntervalMap } from './interval-map.ts';

const ROUTE_BITS = 20;
const ROUTE_MASK = (1 << ROUTE_BITS) - 1;
const CAPACITY_MIN = 8;

/** Returned for a number that is not ported. */
export const NOT_PORTED = -1;

interface Bucket {
  words: Uint32Array;
  count: number;
}

export class PortedMap {
  /** Buckets changed since the owner last cleared this. */
  readonly dirty = new Set<number>();
  readonly #buckets = new Map<number, Bucket>();
  /** The ids of the buckets in order: each an interval of its own. */
  readonly #order = new IntervalMap();
  readonly #counts = new Counts();
  #size = 0;

  /** Number of ported numbers. */
  get size(): number {
    return this.#size;
  }

  /** Number of ported numbers with a route. */
  countOf(route: RouteNumber): number {
    return this.#counts.of(route);
  }

  /** The route of a number, or {@link NOT_PORTED}. */
  get(key: NumberKey): RouteNumber {
    const id = bucketOf(key);
    const bucket = this.#buckets.get(id);
    if (!bucket) return NOT_PORTED;
    const offset = key - id * BUCKET_KEYS;
    const at = position(bucket, offset);
    if (at === bucket.count) return NOT_PORTED;
    const word = bucket.words[at]!;
    return word >>> ROUTE_BITS === offset ? word & ROUTE_MASK : NOT_PORTED;
  }

  set(key: NumberKey, route: RouteNumber): void {
    const id = bucketOf(key);
    this.dirty.add(id);
    this.#counts.add(route, 1);
    let bucket = this.#buckets.get(id);
    if (!bucket) {
      bucket = { words: new Uint32Array(CAPACITY_MIN), count: 0 };
      this.#buckets.set(id, bucket);
      this.#order.insert(id, id, 0);
    }
    const offset = key - id * BUCKET_KEYS;
    const word = (offset << ROUTE_BITS) | route;
    const at = position(bucket, offset);
    if (at < bucket.count && bucket.words[at]! >>> ROUTE_BITS === offset) {
      this.#counts.add(bucket.words[at]! & ROUTE_MASK, -1);
      bucket.words[at] = word;
      return;
    }
    if (bucket.count === bucket.words.length) {
      const grown = new Uint32Array(bucket.words.length * 2);
      grown.set(bucket.words);
      bucket.words = grown;
    }
    bucket.words.copyWithin(at + 1, at, bucket.count);
    bucket.words[at] = word;
    bucket.count++;
    this.#size++;
  }

  delete(key: NumberKey): void {
    const id = bucketOf(key);
    const bucket = this.#buckets.get(id);
    if (!bucket) return;
    const offset = key - id * BUCKET_KEYS;
    const at = position(bucket, offset);
    if (at === bucket.count || bucket.words[at]! >>> ROUTE_BITS !== offset) return;
    this.dirty.add(id);
    this.#counts.add(bucket.words[at]! & ROUTE_MASK, -1);
    bucket.words.copyWithin(at, at + 1, bucket.count);
    bucket.count--;
    this.#size--;
    if (bucket.count === 0) {
      this.#buckets.delete(id);
      this.#order.remove(id, id);
    }
  }

  /** Whether any number of `from` to `to` is ported. */
  intersects(from: NumberKey, to: NumberKey): boolean {
    return this.first(from, to) !== undefined;
  }

  /** The first number of `from` to `to` that is ported. */
  first(from: NumberKey, to: NumberKey): NumberKey | undefined {
    if (this.#size === 0) return undefined;
    for (const { start: id } of this.#order.between(bucketOf(from), bucketOf(to))) {
      const bucket = this.#buckets.get(id)!;
      const at = position(bucket, Math.max(from - id * BUCKET_KEYS, 0));
      if (at === bucket.count) continue;
      const key = id * BUCKET_KEYS + (bucket.words[at]! >>> ROUTE_BITS);
      return key <= to ? key : undefined;
    }
    return undefined;
  }

  /** The row of a bucket, `undefined` when it is empty. A view: it changes with the map. */
  row(id: number): Uint8Array | undefined {
    const bucket = this.#buckets.get(id);
    return bucket && new Uint8Array(bucket.words.buffer, 0, bucket.count * 4);
  }

  /** Takes over a bucket's row. Throws a `RangeError` when it is not of the form drawn above. */
  loadRow(id: number, row: Uint8Array): void {
    if (row.length === 0 || row.length % 4 !== 0) throw new RangeError('row of a broken length');
    const words = new Uint32Array(row.length / 4);
    new Uint8Array(words.buffer).set(row);
    let previous = -1;
    for (const word of words) {
      const offset = word >>> ROUTE_BITS;
      if (offset <= previous || offset >= BUCKET_KEYS) throw new RangeError('row out of order');
      previous = offset;
    }
    for (const word of words) this.#counts.add(word & ROUTE_MASK, 1);
    this.#buckets.set(id, { words, count: words.length });
    this.#order.insert(id, id, 0);
    this.#size += words.length;
  }

  /** All ported numbers in key order. */
  *entries(): IterableIterator<{ key: NumberKey; route: RouteNumber }> {
    for (const { start: id } of this.#order.between(0, Number.MAX_SAFE_INTEGER)) {
      const { words, count } = this.#buckets.get(id)!;
      for (let at = 0; at < count; at++) {
        const word = words[at]!;
        yield { key: id * BUCKET_KEYS + (word >>> ROUTE_BITS), route: word & ROUTE_MASK };
      }
    }
  }
}

/** Position of the first word whose offset is at least `offset`; the count when there is none. */
function position({ words, count }: Bucket, offset: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]! >>> ROUTE_BITS < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
