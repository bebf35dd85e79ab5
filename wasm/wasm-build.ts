// Building an index of many ported numbers at once, in the order of their keys: several times as fast as
// by batches of changes, and without what batches leave behind.

import type { IndexChange } from './number-index.ts';
import {
  createMemoryIndex,
  type PortedColumns,
  type WasmIndex,
  type WasmIndexOptions,
} from './wasm-index.ts';

export interface WasmContents {
  /** Prefixes and fragmented runs, as changes that set them. */
  changes?: readonly IndexChange[];
  /** Ported numbers; a chunk may be overwritten once the next is asked for. */
  ported: Iterable<PortedColumns>;
  /** About how many ported numbers there are: memory for them is then taken once, see huge-pages.ts. */
  portedCount?: number;
  /** See NumberIndex.apply. */
  label?: Uint8Array;
}

/** What a ported number takes at a tenth of all numbers and a few dozen routes, and some more. */
const BYTES_PER_PORTED = 2;

/**
 * Makes an index with these contents.
 *
 * Keys that do not rise, that are no keys, routes or user data out of range are a RangeError;
 * BCHF_INDEX_FULL and BCHF_INDEX_CROSSING_RUN as with `apply`.
 */
export function buildWasmIndex(contents: WasmContents, options: WasmIndexOptions = {}): WasmIndex {
  const index = createMemoryIndex(options);
  const runsAndPrefixes = contents.changes ?? [];
  if (runsAndPrefixes.some(({ entry }) => entry === 'ported')) {
    throw new RangeError('ported numbers come in columns');
  }
  index.apply(runsAndPrefixes);
  if (contents.portedCount !== undefined) index.reserve(contents.portedCount * BYTES_PER_PORTED);
  index.addPorted(contents.ported);
  index.apply([], contents.label);
  return index;
}
