// `npm run bench -- index-lookup`: how fast one thread looks numbers up in an index of a large
// country's size, against the machine's own limit in the same process, and what a number costs.
//
// Each run measures the first two in turns of three milliseconds, then the others:
//
//     lookupsPerSecond            keys drawn uniformly from the number space: one in ten is ported
//     ceilingLoadsPerSecond       independent random loads of 8 bytes from the memory of the index
//     zipfLookupsPerSecond        keys of which the k-th most frequent comes in proportion to 1/k
//     smallPageLookupsPerSecond   as the first, in a copy of the index that has no huge pages
//
// and the ratio of the first two is taken within the run; `ratioWithWholeCore` is that of the rounds in which
// nobody else had a part of the core (bench-core.ts). All are fed alike, see
// bench-lookups.ts: addresses go where keys go. Answers are compared with the population outside of
// the timed loop; a wrong one ends the bench.
//
// `bytesPerPortedEntry` is the whole image divided by its ported entries: prefixes, runs and what
// the memory has lost to freed blocks are in it.

import type { WasmIndex } from '../wasm-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { buildIndex, copyIndex } from './bench-build.ts';
import { createLoadBatch } from './bench-ceiling.ts';
import { createCoreMeter } from './bench-core.ts';
import { entriesOption, judgedAt } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH, checkAnswers, lookUp, lookupRate, ratesInTurns } from './bench-lookups.ts';
import { hugePageBytes } from './bench-memory.ts';
import { createBenchPopulation, ROUTE_COUNT } from './bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeat,
  runBench,
  tell,
} from './bench-report.ts';

const RATIO_BAR = { atLeast: 0.6 };
const BYTES_BAR = { atMost: 2.2 };
/** The size that the bars are set for. */
const ENTRIES_FULL = 100_000_000;
const ENTRIES_QUICK = 100_000;

/** Batches drawn for a run: at full size, going round them again finds none of it in a cache. */
const BATCHES_FULL = 1024;
const BATCHES_QUICK = 4;
/** How long each of a run's loops lasts. */
const LOOP_MS_FULL = 2000;
const LOOP_MS_QUICK = 5;

await runBench({
  name: 'index-lookup',
  about:
    'Lookups per second of one thread in a large index, against independent random loads of memory.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const population = createBenchPopulation(values.entries, seed);
  const hugeBytesBefore = hugePageBytes() ?? 0;
  const { index, buildSeconds } = buildIndex(population);
  const hugeBytes = Math.max((hugePageBytes() ?? 0) - hugeBytesBefore, 0);
  const counts = index.counts();
  const imageBytes = index.imageBytes();
  const inSmallPages = hugeBytes > 0 ? copyIndex(index, { hugePages: false }) : undefined;

  const batchCount = quick ? BATCHES_QUICK : BATCHES_FULL;
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const keys = new Float64Array(batchCount * BATCH);
  const addresses = new Uint32Array(batchCount * BATCH);
  const addressFrom = PAGES_BEFORE_ARENA * PAGE_BYTES;
  const addressTo = Math.min(addressFrom + imageBytes, index.memory.buffer.byteLength);
  const loadPass = createLoadPass(index, addresses);
  const core = createCoreMeter();
  let shares = '';
  const measured = repeat(runs, (run) => {
    population.drawUniform(keys, run);
    population.drawAddresses(addresses, run, addressFrom, addressTo);
    const works = [(batch: number) => lookUp(index, keys, batch), loadPass];
    const { rates, ratesOfWholeCore, wholeCoreShare } = ratesInTurns(
      batchCount,
      loopMs,
      works,
      core,
    );
    shares = checkAnswers(index, population, keys);
    let smallPage = 0;
    if (inSmallPages !== undefined) {
      smallPage = lookupRate(inSmallPages, keys, loopMs);
      checkAnswers(inSmallPages, population, keys);
    }
    population.drawZipf(keys, run);
    const zipf = lookupRate(index, keys, loopMs);
    checkAnswers(index, population, keys);
    tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
    const [uniform, ceiling] = rates as [number, number];
    const [uniformWhole, ceilingWhole] = ratesOfWholeCore as [number, number];
    return {
      ...{ uniform, ceiling, ratio: uniform / ceiling, zipf, smallPage },
      ...{ wholeCoreShare, ratioWhole: uniformWhole / ceilingWhole },
    };
  });

  // A run in which somebody else had a part of the core all the time has none.
  const withWholeCore = measured.ratioWhole.filter((ratio) => !Number.isNaN(ratio));
  const smallPage: Figure[] =
    inSmallPages === undefined
      ? []
      : [{ name: 'smallPageLookupsPerSecond', measured: measured.smallPage }];
  return {
    notes: [
      `${group(counts.ported)} ported numbers in a space of ${group(population.numberCount)}, ` +
        `${group(counts.fragmented)} fragmented runs, ${group(counts.prefix)} prefixes, ` +
        `${ROUTE_COUNT} routes`,
      `uniform lookups are answered by ${shares}`,
      `${runs} runs of ${loopMs} ms a figure, batches of ${BATCH}, one thread`,
      hugeBytes > 0
        ? `${mebibytes(hugeBytes)} MiB of the index, of ${mebibytes(imageBytes)}, are in huge pages`
        : 'no part of the index is in huge pages',
    ],
    figures: [
      { name: 'lookupsPerSecond', measured: measured.uniform },
      { name: 'ceilingLoadsPerSecond', measured: measured.ceiling },
      { name: 'ratioToCeiling', measured: measured.ratio, bar: RATIO_BAR },
      ...(withWholeCore.length > 0
        ? [{ name: 'ratioWithWholeCore', measured: withWholeCore, bar: RATIO_BAR }]
        : []),
      { name: 'wholeCoreShare', measured: measured.wholeCoreShare },
      { name: 'zipfLookupsPerSecond', measured: measured.zipf },
      ...smallPage,
      { name: 'bytesPerPortedEntry', measured: imageBytes / counts.ported, bar: BYTES_BAR },
      { name: 'portedEntries', measured: counts.ported },
      { name: 'imageBytes', measured: imageBytes },
      { name: 'hugePageBytes', measured: hugeBytes },
      { name: 'buildSeconds', measured: buildSeconds },
    ],
    ...judgedAt(ENTRIES_FULL, { quick, values }),
  };
}

function mebibytes(bytes: number): string {
  return group(Math.round(bytes / 2 ** 20));
}

/** Loads from a batch of the addresses, which go where the keys of a lookup go. */
function createLoadPass(index: WasmIndex, addresses: Uint32Array): (batch: number) => void {
  const scratch = new Uint32Array(index.keys.buffer, index.keys.byteOffset, BATCH);
  const loadBatch = createLoadBatch(index.memory, scratch);
  return (batch) => {
    scratch.set(addresses.subarray(batch * BATCH, (batch + 1) * BATCH));
    loadBatch(BATCH);
  };
}
