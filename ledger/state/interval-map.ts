// A map from closed, disjoint intervals of number keys to small integers, in key order.
//
// Sorted arrays in chunks of at most CHUNK_MAX intervals:
//
//     #chunks  ┌ starts [ 10, 20, 31 ]   ┌ starts [ 90, 95 ]
//              │ ends   [ 14, 20, 77 ]   │ ends   [ 91, 99 ]
//              └ values [  1,  2,  1 ]   └ values [  5,  1 ]
//
// so that a search is two binary searches and a change moves a few kilobytes, whatever the size.
// Buckets of starts, ⌊start / 1000⌋, are what the state hashes and stores: a change leaves the
// buckets that it touched in `dirty`.

import type { NumberKey } from '../number.ts';
import { Counts } from './counts.ts';

/** Numbers in one bucket. */
export const BUCKET_KEYS = 1_000;

const CHUNK_MAX = 512;

/** One interval, both ends included. */
export interface Interval {
  start: NumberKey;
  end: NumberKey;
  value: number;
}

interface Chunk {
  starts: number[];
  ends: number[];
  values: number[];
}

/** The bucket of a key. */
export function bucketOf(key: number): number {
  return Math.floor(key / BUCKET_KEYS);
}

export class IntervalMap {
  /** Buckets changed since the owner last cleared this. */
  readonly dirty = new Set<number>();
  readonly #chunks: Chunk[] = [];
  readonly #counts = new Counts();
  #size = 0;

  /** Number of intervals. */
  get size(): number {
    return this.#size;
  }

  /** Number of intervals with a value. */
  countOf(value: number): number {
    return this.#counts.of(value);
  }

  /** The interval that holds a key. */
  find(key: NumberKey): Interval | undefined {
    const interval = this.#last(key);
    return interval && interval.end >= key ? interval : undefined;
  }

  /** Whether any key of `from` to `to` is in an interval. */
  intersects(from: NumberKey, to: NumberKey): boolean {
    const interval = this.#last(to);
    return interval !== undefined && interval.end >= from;
  }

  /** Whether every key of `from` to `to` is in an interval. */
  covers(from: NumberKey, to: NumberKey): boolean {
    for (let key = from; key <= to; ) {
      const interval = this.find(key);
      if (!interval) return false;
      key = interval.end + 1;
    }
    return true;
  }

  /** Adds an interval that meets no other. */
  insert(start: NumberKey, end: NumberKey, value: number): void {
    this.dirty.add(bucketOf(start));
    this.#size++;
    this.#counts.add(value, 1);
    const first = this.#chunks[0];
    if (!first) {
      this.#chunks.push({ starts: [start], ends: [end], values: [value] });
      return;
    }
    const at = Math.max(this.#chunkOf(start), 0);
    const chunk = this.#chunks[at]!;
    const index = lastAtMost(chunk.starts, start) + 1;
    chunk.starts.splice(index, 0, start);
    chunk.ends.splice(index, 0, end);
    chunk.values.splice(index, 0, value);
    if (chunk.starts.length > CHUNK_MAX) {
      const half = CHUNK_MAX / 2;
      this.#chunks.splice(at + 1, 0, {
        starts: chunk.starts.splice(half),
        ends: chunk.ends.splice(half),
        values: chunk.values.splice(half),
      });
    }
  }

  /**
   * Adds an interval that meets no other and unites it with neighbours of equal value. The key
   * behind the last number of a length is no number key, so lengths stay apart. Nothing is united
   * across `first` and `last`, between which the interval lies.
   */
  insertMerging(
    start: NumberKey,
    end: NumberKey,
    value: number,
    first: NumberKey = 0,
    last: NumberKey = Number.MAX_SAFE_INTEGER,
  ): void {
    const before = start > first ? this.find(start - 1) : undefined;
    const after = end < last ? this.find(end + 1) : undefined;
    let mergedStart = start;
    let mergedEnd = end;
    if (before && before.value === value) {
      this.#delete(before.start);
      mergedStart = before.start;
    }
    if (after && after.value === value) {
      this.#delete(after.start);
      mergedEnd = after.end;
    }
    this.insert(mergedStart, mergedEnd, value);
  }

  /** Takes the keys `from` to `to` out of every interval; what sticks out of an end stays. */
  remove(from: NumberKey, to: NumberKey): void {
    for (;;) {
      const interval = this.#last(to);
      if (!interval || interval.end < from) return;
      const { start, end, value } = interval;
      this.#delete(start);
      if (end > to) this.insert(to + 1, end, value);
      if (start < from) {
        this.insert(start, from - 1, value);
        return;
      }
    }
  }

  /** Gives the interval that starts at a key another value. */
  setValue(start: NumberKey, value: number): void {
    const chunk = this.#chunks[this.#chunkOf(start)]!;
    const index = lastAtMost(chunk.starts, start);
    this.#counts.add(chunk.values[index]!, -1);
    this.#counts.add(value, 1);
    chunk.values[index] = value;
    this.dirty.add(bucketOf(start));
  }

  /** The intervals that hold any key of `from` to `to`, in order. */
  overlapping(from: NumberKey, to: NumberKey): Interval[] {
    const intervals: Interval[] = [];
    if (this.#size === 0) return intervals;
    const first = this.#last(from);
    if (first && first.end >= from) intervals.push(first);
    // Most ranges end before the next interval: a generator costs more than this look.
    const last = this.#last(to);
    if (!last || last.start <= from) return intervals;
    for (const interval of this.between(from + 1, to)) intervals.push(interval);
    return intervals;
  }

  /** The intervals that start from `from` to `to`, in order. */
  *between(from: NumberKey, to: NumberKey): IterableIterator<Interval> {
    for (let at = Math.max(this.#chunkOf(from), 0); at < this.#chunks.length; at++) {
      const { starts, ends, values } = this.#chunks[at]!;
      for (let index = lastAtMost(starts, from - 1) + 1; index < starts.length; index++) {
        if (starts[index]! > to) return;
        yield { start: starts[index]!, end: ends[index]!, value: values[index]! };
      }
    }
  }

  #delete(start: NumberKey): void {
    const at = this.#chunkOf(start);
    const chunk = this.#chunks[at]!;
    const index = lastAtMost(chunk.starts, start);
    this.#counts.add(chunk.values[index]!, -1);
    chunk.starts.splice(index, 1);
    chunk.ends.splice(index, 1);
    chunk.values.splice(index, 1);
    if (chunk.starts.length === 0) this.#chunks.splice(at, 1);
    this.#size--;
    this.dirty.add(bucketOf(start));
  }

  /** The last interval that starts at or before a key. */
  #last(key: NumberKey): Interval | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (!chunk) return undefined;
    const index = lastAtMost(chunk.starts, key);
    return { start: chunk.starts[index]!, end: chunk.ends[index]!, value: chunk.values[index]! };
  }

  /** The last chunk that starts at or before a key; −1 when all start later. */
  #chunkOf(key: NumberKey): number {
    let low = -1;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]!.starts[0]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Position of the last value that is at most `limit`; −1 when all are above. */
function lastAtMost(values: readonly number[], limit: number): number {
  let low = -1;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle]! <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
