// Fills an index with a population, or with another index's image, for every bench in the same way. This is the
// one place that knows how an index is built in bulk.

import { buildWasmIndex } from '../wasm-build.ts';
import { createImageLoader } from '../wasm-image.ts';
import type { PortedColumns, WasmIndex, WasmIndexOptions } from '../wasm-index.ts';
import { group } from './bench-format.ts';
import type { BenchPopulation } from './bench-population.ts';
import { tell } from './bench-report.ts';

/** Ported numbers drawn at a time. */
const CHUNK_NUMBERS = 65_536;
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
  const progress = createProgress(population.portedCount);
  let drawingMs = 0;
  function* chunks(): IterableIterator<PortedColumns> {
    let askedMs = performance.now();
    for (const chunk of population.portedChunks(CHUNK_NUMBERS)) {
      drawingMs += performance.now() - askedMs;
      yield chunk;
      progress(chunk.keys.length);
      askedMs = performance.now();
    }
  }
  const changes = [...population.prefixes(), ...population.runs()];
  const startedMs = performance.now();
  const { portedCount } = population;
  const index = buildWasmIndex({ changes, ported: chunks(), portedCount }, options);
  return { index, buildSeconds: (performance.now() - startedMs - drawingMs) / 1000 };
}

/** The same index once more, byte for byte, in a memory of its own; its image is checked on the way. */
export function copyIndex(index: WasmIndex, options: WasmIndexOptions = {}): WasmIndex {
  const loader = createImageLoader(index.imageBytes(), options);
  for (const chunk of index.imageChunks()) loader.write(chunk);
  return loader.finish();
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
