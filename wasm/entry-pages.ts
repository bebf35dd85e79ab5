// Entries in pages: the way to walk an index where one object for each entry would cost too much.
//
// A page is a few columns, the entries of one kind side by side, in the order of `entries()`:
//
//     from      f64 │ f64 │ f64 │ …
//     to        f64 │ f64 │ f64 │ …
//     routes    u32 │ u32 │ u32 │ …
//     userData  f64 │ f64 │ NaN │ …    NaN: this entry has none; without the column, none has any
//
// The columns belong to the walk, which fills them anew at each step: a page is valid until the next
// one is taken. They may be longer than the page; only the first `count` places mean anything.

import type { EntryKind, IndexEntry, NumberIndex } from './number-index.ts';

/** Some entries of one kind, column by column; see above on their lifetime. */
export interface EntryPage {
  readonly count: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly routes: Uint32Array;
  readonly userData?: Float64Array;
}

/** An index that can be walked in pages. */
export interface PagedIndex {
  /**
   * All entries of a kind, in order, in pages that are never empty. Where `apply` is called before
   * the last one was taken, the next step throws a TypeError.
   */
  entryPages(kind: EntryKind): IterableIterator<EntryPage>;
}

/** Any index, for those who walk in pages: one that has none of its own is walked by entries. */
export type WalkedIndex = PagedIndex | Pick<NumberIndex, 'entries'>;

/** The kinds in the order in which an index lists its entries. */
export const KINDS_IN_ORDER: readonly EntryKind[] = ['prefix', 'fragmented', 'ported'];

const PAGE_ENTRIES = 1024;

/** The pages of an index, of its own or made from its entries. */
export function entryPagesOf(index: WalkedIndex, kind: EntryKind): IterableIterator<EntryPage> {
  return 'entryPages' in index ? index.entryPages(kind) : pagesOfEntries(index.entries(), kind);
}

/** The columns of a walk. */
export class EntryColumns {
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly routes: Uint32Array;
  readonly userData: Float64Array;

  /** @param capacity most entries in a page */
  constructor(capacity: number) {
    this.from = new Float64Array(capacity);
    this.to = new Float64Array(capacity);
    this.routes = new Uint32Array(capacity);
    this.userData = new Float64Array(capacity);
  }

  /** The page of the first `count` places; without user data that column means nothing. */
  page(count: number, hasUserData: boolean): EntryPage {
    const { from, to, routes, userData } = this;
    return hasUserData ? { count, from, to, routes, userData } : { count, from, to, routes };
  }
}

/** Part of a page, from a place on; without copying. */
export function pageFrom(page: EntryPage, place: number): EntryPage {
  if (place === 0) return page;
  const { count, from, to, routes, userData } = page;
  return {
    count: count - place,
    from: from.subarray(place, count),
    to: to.subarray(place, count),
    routes: routes.subarray(place, count),
    ...(userData && { userData: userData.subarray(place, count) }),
  };
}

/** One object an entry, from the pages of a kind. */
export function* entriesOfPages(
  entry: EntryKind,
  pages: Iterable<EntryPage>,
): IterableIterator<IndexEntry> {
  for (const { count, from, to, routes, userData } of pages) {
    for (let at = 0; at < count; at++) {
      const one = { entry, from: from[at]!, to: to[at]!, route: routes[at]! };
      const data = userData?.[at];
      yield data === undefined || Number.isNaN(data) ? one : { ...one, userData: data };
    }
  }
}

function* pagesOfEntries(
  entries: Iterable<IndexEntry>,
  kind: EntryKind,
): IterableIterator<EntryPage> {
  const columns = new EntryColumns(PAGE_ENTRIES);
  let count = 0;
  for (const one of entries) {
    if (one.entry !== kind) continue;
    columns.from[count] = one.from;
    columns.to[count] = one.to;
    columns.routes[count] = one.route;
    columns.userData[count] = one.userData ?? Number.NaN;
    if (++count < PAGE_ENTRIES) continue;
    yield columns.page(count, true);
    count = 0;
  }
  if (count > 0) yield columns.page(count, true);
}

/**
 * Passes items of a walk on for as long as no batch comes in between: afterwards the next step throws
 * a TypeError. `batches` counts them, applied or refused.
 */
export function* whileUnchanged<Item>(
  items: Iterable<Item>,
  batches: () => number,
): IterableIterator<Item> {
  const batchesBefore = batches();
  for (const item of items) {
    yield item;
    if (batches() !== batchesBefore) {
      throw new TypeError('the index was changed while it was being walked');
    }
  }
}
