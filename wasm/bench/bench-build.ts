// Fills an index with a population, for every bench in the same way. This is the one place that knows
// how an index is built in bulk.

import type { IndexChange } from '../number-index.ts';
import { createWasmIndex, type WasmIndex, type WasmIndexOptions } from '../wasm-index.ts';
import { group } from './bench-format.ts';
import type { BenchPopulation } from './bench-population.ts';
import { tell } from './bench-report.ts';

/** Changes in a batch: copies of the upper nodes hardly count. */
const BATCH_CHANGES = 20_000;
const STEPS_TOLD = 10;
/** Below this many ported numbers nobody waits for news. */
const TOLD_FROM = 5_000_000;

export interface BuiltIndex {
  index: WasmIndex;
  /** Seconds within the index, without those spent on drawing numbers. */
  buildSeconds: number;
}

export function buildIndex(
  population: BenchPopulation,
  options: WasmIndexOptions = {},
): BuiltIndex {
  const index = createWasmIndex(options);
  let buildMs = 0;
  const apply = (changes: readonly IndexChange[]): void => {
    const startedMs = performance.now();
    index.apply(changes);
    buildMs += performance.now() - startedMs;
  };
  apply(population.prefixes());
  apply(population.runs());
  const progress = createProgress(population.portedCount);
  for (const batch of population.portedBatches(BATCH_CHANGES)) {
    apply(batch);
    progress(batch.length);
  }
  return { index, buildSeconds: buildMs / 1000 };
}

/** Tells every tenth of a build that takes long. */
function createProgress(portedCount: number): (added: number) => void {
  let done = 0;
  let told = 0;
  return (added) => {
    done += added;
    const step = Math.floor((done * STEPS_TOLD) / portedCount);
    if (step > told && portedCount >= TOLD_FROM) tell(`${group(done)} ported numbers in the index`);
    told = Math.max(step, told);
  };
}
