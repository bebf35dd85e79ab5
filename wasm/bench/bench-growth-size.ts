// One size of `growth`, in a process of its own: builds an index, and in each run looks numbers up in
// it and loads its image twice: into memory as the system has it, and into pages that were given back a
// moment before.

import { releaseMemory } from '../release-memory.ts';
import { createImageLoader } from '../wasm-image.ts';
import type { WasmIndex } from '../wasm-index.ts';
import { buildIndex } from './bench-build.ts';
import { BATCH, checkAnswers, lookupRate } from './bench-lookups.ts';
import { residentBytes } from './bench-memory.ts';
import { createBenchPopulation, PORTED_MIN } from './bench-population.ts';
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
      const lookupsPerSecond = lookupRate(index, keys, loopMs);
      checkAnswers(index, population, keys);
      const first = timeLoad(index);
      checkAnswers(first.loaded, population, keys);
      releaseMemory(first.loaded.memory);
      const again = timeLoad(index);
      releaseMemory(again.loaded.memory);
      // Both loaded indexes are garbage by now.
      globalThis.gc?.();
      return {
        lookupsPerSecond,
        loadMs: first.loadMs,
        loadAgainMs: again.loadMs,
        checkMs: again.checkMs,
      };
    },
  };
});

/** Makes the image of an index an index again, checks included; nothing is read from a disk. */
function timeLoad(index: WasmIndex): { loaded: WasmIndex; loadMs: number; checkMs: number } {
  const startedMs = performance.now();
  const loader = createImageLoader(index.imageBytes());
  for (const chunk of index.imageChunks()) loader.write(chunk);
  const copiedMs = performance.now();
  const loaded = loader.finish();
  const doneMs = performance.now();
  return { loaded, loadMs: doneMs - startedMs, checkMs: doneMs - copiedMs };
}
