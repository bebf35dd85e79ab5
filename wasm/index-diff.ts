// What differs between two indexes, as ranges, in one pass over both.
//
// Both are walked in pages (entry-pages.ts) side by side, as sorted lists are merged; where both lie in a
// memory of their own, only those parts whose lines differ (line-comparison.ts). Entries are the
// same when kind, from and to are; of the same entry, route and user data may have changed. Nothing
// is kept but a page of each side and the range that is still growing, however large the indexes are.
// Labels are not compared: they say at which block a content was reached, not what it is.
//
//     left      2→A  3→A  4→A        6→A  7→A
//     right          3→A  4→B  5→B   6→B  7→B  8→B
//
//     removed 2 (A) · changed 4 (A→B) · added 5 (B) · changed 6 to 7 (A→B) · added 8 (B)

import { type EntryPage, entryPagesOf, KINDS_IN_ORDER, type WalkedIndex } from './entry-pages.ts';
import { differingSpans } from './line-comparison.ts';
import type { EntryKind } from './number-index.ts';
import { MemoryIndex } from './wasm-index.ts';

/**
 * A range of entries of one kind that changed alike: keys that follow each other without a gap, with
 * the same routes. A fragmented run is never joined with another, so that `from` and `to` name it.
 */
export interface IndexDifference {
  entry: EntryKind;
  from: number;
  to: number;
  /** From left to right: `added` is in the right index only, `removed` in the left one only. */
  change: 'added' | 'removed' | 'changed';
  /** Absent where the left index does not have the entries. */
  leftRoute?: number;
  /** Absent where the right index does not have the entries. */
  rightRoute?: number;
  /** User data of the first entry, where it has any; it goes up by one with each key of the range. */
  leftUserData?: number;
  rightUserData?: number;
}

/**
 * Lists what was added, removed and changed from `left` to `right`: by kind (prefix, fragmented,
 * ported), then by key. Where one of them is changed meanwhile, the next step throws a TypeError.
 */
export function* diffIndexes(
  left: WalkedIndex,
  right: WalkedIndex,
): IterableIterator<IndexDifference> {
  for (const kind of KINDS_IN_ORDER) {
    if (kind === 'ported' && left instanceof MemoryIndex && right instanceof MemoryIndex) {
      const spans = differingSpans(left, right);
      yield* diffPages(kind, left.portedPagesIn(spans), right.portedPagesIn(spans));
    } else yield* diffPages(kind, entryPagesOf(left, kind), entryPagesOf(right, kind));
  }
}

function* diffPages(
  kind: EntryKind,
  leftPages: Iterator<EntryPage>,
  rightPages: Iterator<EntryPage>,
): IterableIterator<IndexDifference> {
  const left = new PageCursor(leftPages);
  const right = new PageCursor(rightPages);
  const range = new GrowingRange(kind);
  for (;;) {
    skipEqual(left, right);
    if (left.isDone && right.isDone) break;
    const order = compareEntries(left, right);
    if (!range.takes(left, right, order)) {
      if (!range.isEmpty) yield range.difference();
      range.begin(left, right, order);
    }
    if (order <= 0) left.skip(1);
    if (order >= 0) right.skip(1);
  }
  if (!range.isEmpty) yield range.difference();
}

const NO_COLUMN = new Float64Array(0);
const NO_ROUTES = new Uint32Array(0);

/** A place in the pages of one side; the columns are those of the page that it is in. */
class PageCursor {
  from = NO_COLUMN;
  to = NO_COLUMN;
  routes = NO_ROUTES;
  userData: Float64Array | undefined;
  at = 0;
  count = 0;
  isDone = false;
  readonly #pages: Iterator<EntryPage>;

  constructor(pages: Iterator<EntryPage>) {
    this.#pages = pages;
    this.skip(0);
  }

  /** Goes on by entries of this page, and to the next page behind its last one. */
  skip(entries: number): void {
    this.at += entries;
    if (this.at < this.count) return;
    const { done, value } = this.#pages.next();
    this.isDone = done === true;
    this.at = 0;
    this.count = this.isDone ? 0 : value.count;
    if (this.isDone) return;
    this.from = value.from;
    this.to = value.to;
    this.routes = value.routes;
    this.userData = value.userData;
  }

  /** The user data of an entry; NaN where it has none. */
  userDataAt(at: number): number {
    return this.userData === undefined ? Number.NaN : this.userData[at]!;
  }
}

/** Takes both sides to the next place where they differ. */
function skipEqual(left: PageCursor, right: PageCursor): void {
  let count: number;
  let equal: number;
  do {
    count = Math.min(left.count - left.at, right.count - right.at);
    equal = countEqual(left, right, count);
    if (equal === 0) return;
    left.skip(equal);
    right.skip(equal);
  } while (equal === count);
}

/** How many of the next `count` entries, which both pages have, are equal before one is not. */
function countEqual(left: PageCursor, right: PageCursor, count: number): number {
  const { from: leftFrom, to: leftTo, routes: leftRoutes, at: leftAt } = left;
  const { from: rightFrom, to: rightTo, routes: rightRoutes, at: rightAt } = right;
  const hasUserData = left.userData !== undefined || right.userData !== undefined;
  for (let equal = 0; equal < count; equal++) {
    const [leftPlace, rightPlace] = [leftAt + equal, rightAt + equal];
    if (
      leftFrom[leftPlace] !== rightFrom[rightPlace] ||
      leftTo[leftPlace] !== rightTo[rightPlace] ||
      leftRoutes[leftPlace] !== rightRoutes[rightPlace] ||
      (hasUserData && !Object.is(left.userDataAt(leftPlace), right.userDataAt(rightPlace)))
    ) {
      return equal;
    }
  }
  return count;
}

/** Which side's entry comes first: below 0 the left one, above 0 the right one, 0 where it is one. */
function compareEntries(left: PageCursor, right: PageCursor): number {
  if (left.isDone) return 1;
  if (right.isDone) return -1;
  return left.from[left.at]! - right.from[right.at]! || right.to[right.at]! - left.to[left.at]!;
}

/** A range of entries that changed alike; of a side that does not have them, route is −1. */
class GrowingRange {
  isEmpty = true;
  readonly #kind: EntryKind;
  #from = 0;
  #to = 0;
  #leftRoute = -1;
  #rightRoute = -1;
  #leftUserData = Number.NaN;
  #rightUserData = Number.NaN;

  constructor(kind: EntryKind) {
    this.#kind = kind;
  }

  /** Adds the entry of the side that `order` tells (see compareEntries), if it carries the range on. */
  takes(left: PageCursor, right: PageCursor, order: number): boolean {
    const side = order <= 0 ? left : right;
    const key = side.from[side.at]!;
    if (this.isEmpty || this.#kind === 'fragmented' || key !== this.#to + 1) return false;
    const offset = key - this.#from;
    const fits =
      fitsSide(left, order <= 0, this.#leftRoute, this.#leftUserData + offset) &&
      fitsSide(right, order >= 0, this.#rightRoute, this.#rightUserData + offset);
    if (fits) this.#to = key;
    return fits;
  }

  /** Begins a new range with that entry. */
  begin(left: PageCursor, right: PageCursor, order: number): void {
    const side = order <= 0 ? left : right;
    this.isEmpty = false;
    this.#from = side.from[side.at]!;
    this.#to = side.to[side.at]!;
    this.#leftRoute = order <= 0 ? left.routes[left.at]! : -1;
    this.#rightRoute = order >= 0 ? right.routes[right.at]! : -1;
    this.#leftUserData = order <= 0 ? left.userDataAt(left.at) : Number.NaN;
    this.#rightUserData = order >= 0 ? right.userDataAt(right.at) : Number.NaN;
  }

  difference(): IndexDifference {
    const [hasLeft, hasRight] = [this.#leftRoute >= 0, this.#rightRoute >= 0];
    return {
      entry: this.#kind,
      from: this.#from,
      to: this.#to,
      change: hasLeft && hasRight ? 'changed' : hasLeft ? 'removed' : 'added',
      ...(hasLeft && { leftRoute: this.#leftRoute }),
      ...(hasRight && { rightRoute: this.#rightRoute }),
      ...(!Number.isNaN(this.#leftUserData) && { leftUserData: this.#leftUserData }),
      ...(!Number.isNaN(this.#rightUserData) && { rightUserData: this.#rightUserData }),
    };
  }
}

/** Whether a side has, or has not, what a range goes on with. NaN is no user data, plus whatever. */
function fitsSide(side: PageCursor, has: boolean, route: number, userData: number): boolean {
  if (!has) return route < 0;
  return side.routes[side.at] === route && Object.is(side.userDataAt(side.at), userData);
}
