// The index in plain TypeScript: maps and sorted arrays, obviously right and not fast.
//
// It is the oracle that every other implementation is compared with, and serves as an index where
// Wasm is not wanted. It has no readers in other threads and no image.

import { checkListing, type EntryPlace, type ListingReader } from './entry-list.ts';
import { checkBatch, compareRuns, describeRun, lengthOfKey, sortedRunChanges } from './key.ts';
import {
  type Answer,
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
} from './number-index.ts';

/** What an entry leads to. */
interface Target {
  route: number;
  userData?: number;
}

interface Run {
  from: number;
  to: number;
  target: Target;
  /** The run around this one. */
  outer: Run | undefined;
}

const KIND_CODES = { prefix: 1, fragmented: 2, ported: 3 } as const;

export class ReferenceIndex implements NumberIndex, ListingReader {
  readonly batchMax = 4096;
  readonly #prefixes = new Map<number, Target>();
  readonly #ported = new Map<number, Target>();
  /** By from, an outer run before those inside it. */
  #runs: Run[] = [];
  #label = new Uint8Array(0);
  #batches = 0;
  /** Keys of all prefixes and ported numbers, rising, but for those that changed since. */
  #sortedPoints = new Float64Array(0);
  readonly #changedPoints = new Set<number>();

  apply(changes: readonly IndexChange[], label: Uint8Array = new Uint8Array(0)): void {
    checkBatch(changes, label);
    this.#batches++;
    // Only this can be refused, so it comes before anything changes.
    const runs = this.#changedRuns(changes);
    for (const change of changes) {
      if (change.entry === 'fragmented') continue;
      const points = change.entry === 'prefix' ? this.#prefixes : this.#ported;
      const target = targetOf(change);
      if (target === undefined) points.delete(change.from);
      else points.set(change.from, target);
      this.#changedPoints.add(change.from);
    }
    this.#runs = runs;
    this.#label = label.slice();
  }

  #changedRuns(changes: readonly IndexChange[]): Run[] {
    const runChanges = sortedRunChanges(changes);
    if (runChanges.length === 0) return this.#runs;
    const open: Run[] = [];
    return mergeRuns(this.#runs, runChanges).map(({ from, to, target }) => {
      while (open.length > 0 && open.at(-1)!.to < from) open.pop();
      const outer = open.at(-1);
      if (outer !== undefined && outer.to < to) {
        throw new IndexError(
          'BCHF_INDEX_CROSSING_RUN',
          `${describeRun(outer)} crosses ${describeRun({ from, to })}`,
        );
      }
      const run: Run = { from, to, target, outer };
      open.push(run);
      return run;
    });
  }

  lookup(keys: Float64Array, answers: Uint32Array, count: number): void {
    const countMax = Math.min(this.batchMax, keys.length, answers.length);
    if (!(Number.isInteger(count) && count >= 0 && count <= countMax)) {
      throw new RangeError(`a batch of ${count} keys, where 0 to ${countMax} are possible`);
    }
    for (let at = 0; at < count; at++) answers[at] = this.#answer(keys[at]!);
  }

  #answer(key: number): Answer {
    const found = this.find(key);
    if (found === undefined) return NOT_FOUND;
    const code = KIND_CODES[found.entry] * 2 ** 30 + lengthOfKey(found.from) * 2 ** 26;
    return code + found.route;
  }

  find(key: number): IndexEntry | undefined {
    return this.explain(key)[0];
  }

  explain(key: number): Explanation {
    if (lengthOfKey(key) === 0) return [];
    const explanation: Explanation = [];
    const ported = this.#ported.get(key);
    if (ported !== undefined) {
      explanation.push({ entry: 'ported', from: key, to: key, ...ported });
    }
    // Every run that covers the key is the last one to begin at or before it, or is around that.
    let run: Run | undefined =
      this.#runs[firstAbove(this.#runs, key, (candidate) => candidate.from) - 1];
    for (; run !== undefined; run = run.outer) {
      if (run.to < key) continue;
      explanation.push({ entry: 'fragmented', from: run.from, to: run.to, ...run.target });
    }
    for (let prefix = key; prefix >= 10; prefix = Math.floor(prefix / 10)) {
      const target = this.#prefixes.get(prefix);
      if (target !== undefined) {
        explanation.push({ entry: 'prefix', from: prefix, to: prefix, ...target });
      }
    }
    return explanation;
  }

  explainWithin(key: number, runsMax: number, runsCountedMax?: number): BoundedExplanation {
    return boundExplanation(this.explain(key), runsMax, runsCountedMax);
  }

  lookupNames(keys: Float64Array, answers: Uint32Array, count: number): void {
    this.lookup(keys, answers, count);
    markNames(this, keys, answers, count);
  }

  hasBelow(key: number): boolean {
    const length = lengthOfKey(key);
    if (length === 0) return false;
    this.#sortPoints();
    for (let size = 10, missing = 15 - length; missing > 0; size *= 10, missing--) {
      const [from, to] = [key * size, key * size + size - 1];
      const point = this.#sortedPoints[firstAbove(this.#sortedPoints, from - 1, (each) => each)];
      if (point !== undefined && point <= to) return true;
      const run = this.#runs[firstAbove(this.#runs, from - 1, (candidate) => candidate.from)];
      if (run !== undefined && run.from <= to) return true;
      if (this.explain(from).some((entry) => entry.entry === 'fragmented')) return true;
    }
    return false;
  }

  entriesWith(key: number, after: EntryPlace | undefined, countMax: number): IndexEntry[] {
    checkListing(key, countMax);
    const entries: IndexEntry[] = [];
    let isAfter = after === undefined;
    for (const entry of this.#allEntries()) {
      isAfter ||= comparePlaces(entry, after!) > 0;
      if (isAfter && holdsNumberWith(key, entry)) entries.push(entry);
      if (entries.length === countMax) break;
    }
    return entries;
  }

  /** Brings the sorted keys up to date, at the price of one pass over them. */
  #sortPoints(): void {
    if (this.#changedPoints.size === 0) return;
    const changed = Float64Array.from(this.#changedPoints).sort();
    const present = changed.filter((key) => this.#prefixes.has(key) || this.#ported.has(key));
    const same = this.#sortedPoints.filter((key) => !this.#changedPoints.has(key));
    const merged = new Float64Array(same.length + present.length);
    for (let at = 0, left = 0, right = 0; at < merged.length; at++) {
      const takesLeft = right === present.length || same[left]! < present[right]!;
      merged[at] = takesLeft ? same[left++]! : present[right++]!;
    }
    this.#sortedPoints = merged;
    this.#changedPoints.clear();
  }

  label(): Uint8Array {
    return this.#label.slice();
  }

  *entries(): IterableIterator<IndexEntry> {
    const batches = this.#batches;
    for (const entry of this.#allEntries()) {
      yield entry;
      if (this.#batches !== batches) {
        throw new TypeError('the index was changed while it was being walked');
      }
    }
  }

  *#allEntries(): IterableIterator<IndexEntry> {
    yield* pointEntries('prefix', this.#prefixes);
    for (const { from, to, target } of this.#runs) {
      yield { entry: 'fragmented', from, to, ...target };
    }
    yield* pointEntries('ported', this.#ported);
  }

  counts(): IndexCounts {
    return {
      prefix: this.#prefixes.size,
      fragmented: this.#runs.length,
      ported: this.#ported.size,
    };
  }
}

/** Whether a number of the entry, or the entry as a prefix, begins with the digits of the key. */
function holdsNumberWith(key: number, { from, to }: IndexEntry): boolean {
  const missing = lengthOfKey(from) - lengthOfKey(key);
  if (missing < 0) return false;
  const size = 10 ** missing;
  return from < (key + 1) * size && to >= key * size;
}

/** The order of `entries()`. */
function comparePlaces(left: EntryPlace, right: EntryPlace): number {
  return KIND_CODES[left.entry] - KIND_CODES[right.entry] || compareRuns(left, right);
}

function* pointEntries(
  entry: 'prefix' | 'ported',
  points: ReadonlyMap<number, Target>,
): IterableIterator<IndexEntry> {
  for (const key of Float64Array.from(points.keys()).sort()) {
    yield { entry, from: key, to: key, ...points.get(key)! };
  }
}

/** The runs after some changes; both in the order of runs, each run once. */
function mergeRuns(runs: readonly Run[], changes: readonly IndexChange[]): Omit<Run, 'outer'>[] {
  const merged: Omit<Run, 'outer'>[] = [];
  let next = 0;
  const takeChange = (): void => {
    const change = changes[next++]!;
    const target = targetOf(change);
    if (target !== undefined) merged.push({ from: change.from, to: change.to, target });
  };
  for (const run of runs) {
    while (next < changes.length && compareRuns(changes[next]!, run) < 0) takeChange();
    if (next < changes.length && compareRuns(changes[next]!, run) === 0) takeChange();
    else merged.push(run);
  }
  while (next < changes.length) takeChange();
  return merged;
}

/** What a change makes its entry lead to; undefined where it deletes the entry. */
function targetOf({ route, userData }: IndexChange): Target | undefined {
  if (route === null) return undefined;
  return userData === undefined ? { route } : { route, userData };
}

/** Position of the first item whose key is above `key`, in items by rising key. */
function firstAbove<Item>(
  items: { readonly length: number; readonly [at: number]: Item },
  key: number,
  keyOf: (item: Item) => number,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(items[middle]!) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
