// Part of an index in order: the entries whose numbers begin with some digits, in pages that any reader
// may take. A page is of one version; the next one may be of a newer one, and begins after the last
// entry of the one before, whether that is still there or not.
//
// Of entries of one length those that begin with the digits of a key lie side by side, so what is
// listed is a range of keys for each length from the key's own to 15 digits.

import { lengthOfKey } from './key.ts';
import type { EntryKind, IndexEntry } from './number-index.ts';

/** An entry's place in the order of an index: by kind (prefix, fragmented, ported), then by key. */
export type EntryPlace = Pick<IndexEntry, 'entry' | 'from' | 'to'>;

/** A reader that lists. */
export interface ListingReader {
  /**
   * Up to `countMax` entries that come after a place, all of one version of the index: prefixes and
   * ported numbers that begin with the digits of the key, and runs that hold a number which does.
   * Fewer than `countMax` are all that there are. A RangeError for what is no key or no count.
   */
  entriesWith(key: number, after: EntryPlace | undefined, countMax: number): IndexEntry[];
}

/** One version of an index as a listing reads it; each gives the first of those it names, in order. */
export interface ListedVersion {
  /** Prefixes that begin with the digits of a key, from `from` on. */
  prefixes(key: number, from: number, countMax: number): IndexEntry[];
  /** Runs that come after `from` to `to` in the order of runs and end at or after `reach`. */
  runsAfter(from: number, to: number, reach: number, countMax: number): IndexEntry[];
  /** Ported numbers from a key on, below `end`. */
  ported(from: number, end: number, countMax: number): IndexEntry[];
}

const KEY_END = 2e15;
const KINDS: readonly EntryKind[] = ['prefix', 'fragmented', 'ported'];
/** Comes before every run. */
const BEFORE_ALL = { from: 0, to: 0 };

/** See {@link ListingReader.entriesWith}. */
export function listVersion(
  version: ListedVersion,
  key: number,
  after: EntryPlace | undefined,
  countMax: number,
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  const left = () => countMax - entries.length;
  const isBefore = (kind: EntryKind) =>
    after !== undefined && KINDS.indexOf(kind) < KINDS.indexOf(after.entry);
  const startOf = (kind: EntryKind) => (after?.entry === kind ? after.from + 1 : 0);
  if (!isBefore('prefix')) entries.push(...version.prefixes(key, startOf('prefix'), countMax));
  if (!isBefore('fragmented')) {
    const place = after?.entry === 'fragmented' ? after : BEFORE_ALL;
    for (let size = 1; key * size < KEY_END && left() > 0; size *= 10) {
      entries.push(...runsWithin(version, key * size, (key + 1) * size - 1, place, left()));
    }
  }
  for (let size = 1; key * size < KEY_END && left() > 0; size *= 10) {
    const from = Math.max(key * size, startOf('ported'));
    const end = (key + 1) * size;
    if (from < end) entries.push(...version.ported(from, end, left()));
  }
  return entries;
}

/** The runs that hold a number of a closed range and come after a place, those from before the range first. */
function runsWithin(
  version: ListedVersion,
  first: number,
  last: number,
  { from, to }: Pick<EntryPlace, 'from' | 'to'>,
  countMax: number,
): IndexEntry[] {
  if (from > last) return [];
  return version.runsAfter(from, to, first, countMax).filter((run) => run.from <= last);
}

/** Throws a RangeError where {@link ListingReader.entriesWith} is not asked as it says. */
export function checkListing(key: number, countMax: number): void {
  if (lengthOfKey(key) === 0) throw new RangeError(`not a key: ${key}`);
  if (!(Number.isInteger(countMax) && countMax > 0)) {
    throw new RangeError(`not a count of entries: ${countMax}`);
  }
}
