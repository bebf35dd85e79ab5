// The index as a list of entries that each question goes through from end to end: slow beyond use, and
// right at a glance. The reference, which has to be a little quicker, is compared with it.

import { checkBatch, lengthOfKey } from '../key.ts';
import {
  type BoundedExplanation,
  boundExplanation,
  type Explanation,
  type IndexChange,
  type IndexCounts,
  type IndexEntry,
  IndexError,
  markNames,
  NOT_FOUND,
  type NumberIndex,
} from '../number-index.ts';

const RANKS = { prefix: 1, fragmented: 2, ported: 3 } as const;

export class ListIndex implements NumberIndex {
  readonly batchMax = 4096;
  #entries: IndexEntry[] = [];
  #label = new Uint8Array(0);

  apply(changes: readonly IndexChange[], label: Uint8Array = new Uint8Array(0)): void {
    checkBatch(changes, label);
    const byName = new Map(this.#entries.map((entry) => [nameOf(entry), entry]));
    for (const { route, ...change } of changes) {
      if (route === null) byName.delete(nameOf(change));
      else byName.set(nameOf(change), { ...change, route });
    }
    const entries = [...byName.values()];
    const runs = entries.filter(({ entry }) => entry === 'fragmented');
    for (const left of runs) {
      for (const right of runs) {
        if (left.from < right.from && right.from <= left.to && left.to < right.to) {
          throw new IndexError('BCHF_INDEX_CROSSING_RUN', 'a run crosses another');
        }
      }
    }
    this.#entries = entries;
    this.#label = label.slice();
  }

  explain(key: number): Explanation {
    if (lengthOfKey(key) === 0) return [];
    const beginnings = new Set<number>();
    for (let digits = key; digits >= 10; digits = Math.floor(digits / 10)) beginnings.add(digits);
    // A prefix covers what begins with its digits; the others cover the numbers of their own length.
    return this.#entries
      .filter(({ entry, from, to }) =>
        entry === 'prefix' ? beginnings.has(from) : from <= key && key <= to,
      )
      .sort(
        (left, right) =>
          RANKS[right.entry] - RANKS[left.entry] ||
          left.to - left.from - (right.to - right.from) ||
          right.from - left.from,
      );
  }

  explainWithin(key: number, runsMax: number, runsCountedMax?: number): BoundedExplanation {
    return boundExplanation(this.explain(key), runsMax, runsCountedMax);
  }

  find(key: number): IndexEntry | undefined {
    return this.explain(key)[0];
  }

  lookup(keys: Float64Array, answers: Uint32Array, count: number): void {
    for (let at = 0; at < count; at++) {
      const found = this.find(keys[at]!);
      answers[at] =
        found === undefined
          ? NOT_FOUND
          : RANKS[found.entry] * 2 ** 30 + lengthOfKey(found.from) * 2 ** 26 + found.route;
    }
  }

  lookupNames(keys: Float64Array, answers: Uint32Array, count: number): void {
    this.lookup(keys, answers, count);
    markNames(this, keys, answers, count);
  }

  hasBelow(key: number): boolean {
    const length = lengthOfKey(key);
    if (length === 0) return false;
    return this.#entries.some(({ from, to }) => {
      const digitsMore = lengthOfKey(from) - length;
      if (digitsMore <= 0) return false;
      const first = key * 10 ** digitsMore;
      return from < first + 10 ** digitsMore && to >= first;
    });
  }

  label(): Uint8Array {
    return this.#label;
  }

  entries(): IterableIterator<IndexEntry> {
    const sorted = this.#entries.toSorted(
      (left, right) =>
        RANKS[left.entry] - RANKS[right.entry] || left.from - right.from || right.to - left.to,
    );
    return sorted.values();
  }

  counts(): IndexCounts {
    const count = (kind: string): number =>
      this.#entries.filter(({ entry }) => entry === kind).length;
    return { prefix: count('prefix'), fragmented: count('fragmented'), ported: count('ported') };
  }
}

function nameOf({ entry, from, to }: Omit<IndexEntry, 'route'>): string {
  return `${entry} ${from} ${to}`;
}
