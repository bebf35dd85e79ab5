// The walks over all of an index, in pages: its entries by kind, ported numbers of some spans, and the
// segments that ported numbers lie in. Each call into Wasm leaves as many records in the reader's details as
// these have room for. What is walked is the newest version at each call, so for one version nothing may be
// applied meanwhile; who writes sees to that (whileUnchanged in entry-pages.ts).

import { EntryColumns, type EntryPage } from './entry-pages.ts';
import type { Segment } from './line-comparison.ts';
import { type EntryKind, type IndexCounts, IndexError } from './number-index.ts';
import { type IndexExports, NO_USER_DATA } from './wasm-module.ts';
import { MemoryReader } from './wasm-reader.ts';

export class PagedReader extends MemoryReader {
  counts(): IndexCounts {
    return this.wasm.read((exports) => ({
      prefix: exports.prefixCount() >>> 0,
      fragmented: exports.runCount() >>> 0,
      ported: exports.portedCount() >>> 0,
    }));
  }

  /** All entries of a kind, in order, in pages that are never empty. */
  protected pagesOf(kind: EntryKind): IterableIterator<EntryPage> {
    return kind === 'fragmented' ? this.#runPages() : this.#pointPages(kind);
  }

  *#pointPages(kind: 'prefix' | 'ported'): IterableIterator<EntryPage> {
    const columns = new EntryColumns(this.detailsMax);
    let left = this.counts()[kind];
    let from = 0;
    // Counted down, because looking for one more entry than there are would walk all of the trie.
    while (left > 0) {
      const wanted = Math.min(left, this.detailsMax);
      const count = this.wasm.call((exports) =>
        kind === 'prefix'
          ? exports.walkPrefixes(this.block, from, wanted)
          : exports.walkPorted(this.block, from, wanted),
      );
      if (count < wanted) {
        throw new IndexError('BCHF_INDEX_TRAP', `fewer ${kind} entries than counted`);
      }
      left -= count;
      const page = this.fillPage(columns, count);
      from = page.from[count - 1]! + 1;
      yield page;
    }
  }

  *#runPages(): IterableIterator<EntryPage> {
    const columns = new EntryColumns(this.detailsMax);
    let left = this.counts().fragmented;
    // Before every run.
    let [from, to] = [0, 0];
    while (left > 0) {
      const wanted = Math.min(left, this.detailsMax);
      const count = this.wasm.call((exports) => exports.walkRuns(this.block, from, to, wanted));
      if (count < wanted) {
        throw new IndexError('BCHF_INDEX_TRAP', 'fewer fragmented entries than counted');
      }
      left -= count;
      const page = this.fillPage(columns, count);
      [from, to] = [page.from[count - 1]!, page.to[count - 1]!];
      yield page;
    }
  }

  /** Pages of the ported numbers in some spans; see line-comparison.ts. */
  protected *pagesOfSpans(spans: readonly number[]): IterableIterator<EntryPage> {
    const columns = new EntryColumns(this.detailsMax);
    for (let place = 0; place < spans.length; place += 2) {
      let from = spans[place]!;
      const end = spans[place + 1]!;
      while (from < end) {
        const wanted = Math.min(this.detailsMax, end - from);
        const walk = (exports: IndexExports) => exports.walkPorted(this.block, from, wanted);
        const found = this.wasm.call(walk);
        const page = this.fillPage(columns, found);
        let count = found;
        while (count > 0 && page.from[count - 1]! >= end) count--;
        from = found < wanted || count < found ? end : page.from[count - 1]! + 1;
        if (count > 0) yield { ...page, count };
      }
    }
  }

  /** The parts that ported numbers are looked for in, in order; see line-comparison.ts. */
  protected *allSegments(): IterableIterator<Segment> {
    const { detailKeys: keys, detailWords: words } = this;
    let from = 0;
    for (let count = this.detailsMax; count === this.detailsMax; ) {
      count = this.wasm.call((exports) => exports.listSegments(this.block, from, this.detailsMax));
      for (let at = 0; at < count; at++) {
        const first = keys[at * 4]!;
        const [lines, shape, span, numbers, palette, counts] = words.subarray(at * 8 + 2);
        const end = first + numbers!;
        from = end;
        yield {
          ...{ from: first, end, lines: lines!, lineCount: counts! & 0xffff },
          ...{ shape: shape!, span: span!, palette: palette!, paletteCount: counts! >>> 16 },
        };
      }
    }
  }

  /** Copies the entry records that a walk has left in the details into columns. */
  protected fillPage(columns: EntryColumns, count: number): EntryPage {
    const { from, to, routes, userData } = columns;
    let hasUserData = false;
    for (let at = 0; at < count; at++) {
      from[at] = this.detailKeys[at * 4]!;
      to[at] = this.detailKeys[at * 4 + 1]!;
      routes[at] = this.detailWords[at * 8 + 4]!;
      const data = this.detailKeys[at * 4 + 3]!;
      userData[at] = data === NO_USER_DATA ? Number.NaN : data;
      hasUserData ||= data !== NO_USER_DATA;
    }
    return columns.page(count, hasUserData);
  }
}
