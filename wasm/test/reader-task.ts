// What the concurrency test tells its reading threads, and what they tell it.

import type { WasmBuild } from '../wasm-module.ts';

export interface ReaderTask {
  memory: WebAssembly.Memory;
  build: WasmBuild;
  /** After how many batches the reader gives its place back and takes another. */
  batchesPerPlace: number;
  /**
   * Shared: for each reader how many batches it has looked up and how often the version was another
   * than before; after those of all readers one word that is 1 where they are to end.
   */
  progress: Int32Array;
  readerIndex: number;
}

export const PROGRESS_WORDS = 2;
