// One size of `growth`, in a process of its own: builds an index, and in each run looks numbers up in
// it and loads its image once more.

import { createImageLoader } from '../wasm-image.ts';
import type { WasmIndex } from '../wasm-index.ts';
import { buildIndex } from './bench-build.ts';
import { BATCH, checkAnswers, lookupRate } from './bench-lookups.ts';
import { residentBytes } from './bench-memory.ts';
import { type BenchPopulation, createBenchPopulation, PORTED_MIN } from './bench-population.ts';
import { serveMeasurements } from './bench-process.ts';

export interface GrowthTask {
  entries: number;
  seed: number;
  batchCount: number;
  loopMs: number;
}

await serveMeasurements(({ entries, seed, batchCount, loopMs }: GrowthTask) => {
  const population = createBenchPopulation(entries, seed);
  // What building needs besides the index, compiled code above all, is resident before it is counted.
  buildIndex(createBenchPopulation(PORTED_MIN, seed));
  const keys = new Float64Array(batchCount * BATCH).fill(1);
  const residentBefore = residentBytes();
  const { index, buildSeconds } = buildIndex(population);
  const resident = residentBytes() - residentBefore;
  const { ported } = index.counts();
  return {
    figures: {
      ported,
      buildSeconds,
      residentMB: resident / 1e6,
      bytesPerEntry: index.imageBytes() / ported,
    },
    measure(run) {
      population.drawUniform(keys, run);
      const lookups = lookupRate(index, keys, loopMs);
      checkAnswers(index, population, keys);
      const loadMs = timeLoad(index, population, keys);
      // The loaded index is garbage by now, of gigabytes perhaps.
      globalThis.gc?.();
      return { lookups, loadMs };
    },
  };
});

/** Makes the image of an index an index again, checks included; nothing is read from a disk. */
function timeLoad(index: WasmIndex, population: BenchPopulation, keys: Float64Array): number {
  const startedMs = performance.now();
  const loader = createImageLoader(index.imageBytes());
  for (const chunk of index.imageChunks()) loader.write(chunk);
  const loaded = loader.finish();
  const loadMs = performance.now() - startedMs;
  checkAnswers(loaded, population, keys);
  return loadMs;
}
