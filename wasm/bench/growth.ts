// `npm run bench -- growth`: what becomes of speed and size while the index grows tenfold and tenfold
// again, at the same density.
//
// Every size has a process of its own (bench-growth-size.ts), and in each run all of them measure, one
// after the other:
//
//     lookupsPerSecond   keys drawn uniformly from the number space, one thread
//     loadMs             the image, from memory to an index that is checked and can be read
//     loadAgainMs        the same once more, in pages that were given back a moment before
//     checkMs            the part of that which is the check; the rest is the copy
//
// `buildSeconds`, `residentMB` (what the process has in memory more than before the index was built,
// in millions of bytes) and `bytesPerEntry` (all bytes of the image by its ported entries) are taken
// once. `bytesPerEntryGrowth` is the bytes per entry of a size by those of the size before.

import { group } from './bench-format.ts';
import type { GrowthTask } from './bench-growth-size.ts';
import { PORTED_MAX, PORTED_MIN } from './bench-population.ts';
import { type MeasuringProcess, startMeasuring } from './bench-process.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeatAsync,
  runBench,
  tell,
} from './bench-report.ts';

const GROWTH_BAR = { atMost: 1.1 };
/** The bar is set for growing to this size, and beyond. */
const JUDGED_FROM = 100_000_000;
const SMALLEST_FULL = 1_000_000;
const SMALLEST_QUICK = PORTED_MIN;
const LARGEST_FULL = 100_000_000;
const LARGEST_QUICK = 100_000;
const FACTOR = 10;
const BATCHES_FULL = 1024;
const BATCHES_QUICK = 4;
const LOOP_MS_FULL = 2000;
const LOOP_MS_QUICK = 5;
/** What every size measures in each run. */
const REPEATED = ['lookupsPerSecond', 'loadMs', 'loadAgainMs', 'checkMs'] as const;

await runBench({
  name: 'growth',
  about: 'Speed and size of the index from a million entries on, each size ten times the last.',
  options: {
    largest: {
      what: 'ported numbers of the largest size',
      full: LARGEST_FULL,
      quick: LARGEST_QUICK,
      min: PORTED_MIN,
      max: PORTED_MAX,
    },
  },
  measure,
});

async function measure({
  quick,
  runs,
  seed,
  values,
}: BenchOptions<'largest'>): Promise<BenchResult> {
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const batchCount = quick ? BATCHES_QUICK : BATCHES_FULL;
  const sizes: { of: string; entries: number; process: MeasuringProcess }[] = [];
  for (const entries of sizesTo(values.largest, quick ? SMALLEST_QUICK : SMALLEST_FULL)) {
    const task: GrowthTask = { entries, seed, batchCount, loopMs };
    const process = await startMeasuring(new URL('./bench-growth-size.js', import.meta.url), task);
    if ('unavailable' in process) throw new Error(process.unavailable);
    tell(`${group(entries)} ported numbers: built`);
    sizes.push({ of: String(entries), entries, process });
  }

  const measured = await repeatAsync(runs, async (run) => {
    const figures: Record<string, number> = {};
    for (const { of, process } of sizes) {
      const ofSize = await process.measure(run);
      for (const name of REPEATED) figures[`${name} ${of}`] = ofSize[name]!;
    }
    tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
    return figures;
  });
  for (const { process } of sizes) await process.end();

  const each = (figureOf: (size: (typeof sizes)[number]) => Omit<Figure, 'of'>): Figure[] =>
    sizes.map((size) => ({ ...figureOf(size), of: size.of }));
  const once = (name: string): Figure[] =>
    each(({ process }) => ({ name, measured: process.figures[name]! }));
  const repeated = (name: (typeof REPEATED)[number]): Figure[] =>
    each(({ of }) => ({ name, measured: measured[`${name} ${of}`]! }));
  const bytesOf = (at: number): number => sizes[at]!.process.figures.bytesPerEntry!;
  const growth = sizes.slice(1).map(
    ({ of, entries }, at): Figure => ({
      name: 'bytesPerEntryGrowth',
      of,
      measured: bytesOf(at + 1) / bytesOf(at),
      ...(entries >= JUDGED_FROM ? { bar: GROWTH_BAR } : {}),
    }),
  );
  return {
    notes: [
      'one in ten numbers ported, fragmented runs and prefixes as in index-lookup',
      `${runs} runs of ${loopMs} ms a size, uniform lookups in batches, one thread, a process a size`,
    ],
    figures: [
      ...repeated('lookupsPerSecond'),
      ...once('buildSeconds'),
      ...repeated('loadMs'),
      ...repeated('loadAgainMs'),
      ...repeated('checkMs'),
      ...once('residentMB'),
      ...once('bytesPerEntry'),
      ...growth,
    ],
  };
}

/** The smallest size, ten times that, and so on, and the largest. */
function sizesTo(largest: number, smallest: number): number[] {
  const sizes: number[] = [];
  for (let size = smallest; size < largest; size *= FACTOR) sizes.push(size);
  return [...sizes, largest];
}
