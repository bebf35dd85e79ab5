// Walks an index that others serve and change meanwhile, for counts and surveys: from any thread, a page
// at a time, from wherever one wants.
//
// Each page is of one version, the newest; two pages may be of different ones. `entryPages` of the writer,
// which tells all of one version, does not do for that: an index that was changed under it is an error there.

import { EntryColumns, type EntryPage } from './entry-pages.ts';
import type { EntryKind } from './number-index.ts';
import { PagedReader } from './paged-reader.ts';
import { instantiate, type WasmBuild } from './wasm-module.ts';

export class EntryWalker extends PagedReader {
  readonly #columns: EntryColumns;

  /** Takes a place among the readers: BCHF_INDEX_READERS_MAX where there is none. */
  constructor(memory: WebAssembly.Memory, build: WasmBuild = 'release') {
    super(memory, instantiate(memory, build));
    this.#columns = new EntryColumns(this.detailsMax);
  }

  /**
   * The next entries of a kind, in order: points from the key `from` on, runs that come after the run
   * `from` to `to`. A page of none is the end. It is valid until the next call.
   */
  pageFrom(kind: EntryKind, from: number, to = 0): EntryPage {
    const count = this.wasm.read((exports) => {
      exports.enter(this.block);
      const found =
        kind === 'prefix'
          ? exports.walkPrefixes(this.block, from, this.detailsMax)
          : kind === 'ported'
            ? exports.walkPorted(this.block, from, this.detailsMax)
            : exports.walkRuns(this.block, from, to, this.detailsMax);
      exports.leave(this.block);
      return found;
    });
    // The details are the reader's own: nobody else writes them.
    return this.fillPage(this.#columns, count);
  }
}
