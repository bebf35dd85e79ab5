// What a forging thread is told, and what it tells.

import type { WasmBuild } from '../wasm-module.ts';
import type { Outcome } from './forged-images.ts';

export interface ForgingTask {
  build: WasmBuild;
  /** Of the first trial; that of the next is one higher. */
  seed: number;
  trials: number;
  /** Shared, one word: the trial under way. */
  progress: Int32Array;
}

/** How many forgeries came to which end. */
export type ForgingReport = Record<Outcome, number>;
