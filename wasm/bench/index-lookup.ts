// `npm run bench -- index-lookup`: how fast one thread looks numbers up in an index of a large
// country's size, against the machine's own limit in the same process, and what a number costs.
//
// Each run measures one after the other
//
//     lookupsPerSecond        keys drawn uniformly from the number space, so that one in ten is ported
//     ceilingLoadsPerSecond   independent random loads of 8 bytes from the memory of the index
//     zipfLookupsPerSecond    keys of which the k-th most frequent comes in proportion to 1/k
//
// and their ratio, the first by the second, is taken within the run. All three are fed alike: keys
// (or addresses) are drawn before the clock starts, and in the timed loop a batch of 4096 is laid
// into the index's memory, one call works it off, and the clock is read. Answers are compared with
// the population outside of the timed loop; a wrong one ends the bench.
//
// `bytesPerPortedEntry` is the whole image divided by its ported entries: prefixes, runs and what
// the memory has lost to freed blocks are in it.

import { type EntryKind, kindOfAnswer } from '../number-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { createLoadBatch } from './bench-ceiling.ts';
import {
  type BenchPopulation,
  createBenchPopulation,
  PORTED_MAX,
  PORTED_MIN,
  ROUTE_COUNT,
} from './bench-population.ts';
import { type BenchOptions, type BenchResult, repeat, runBench } from './bench-report.ts';

const RATIO_BAR = { atLeast: 0.6 };
const BYTES_BAR = { atMost: 2.2 };
/** The size that the bars are set for. */
const ENTRIES_FULL = 100_000_000;
const ENTRIES_QUICK = 100_000;

const BATCH = 4096;
/** Batches drawn for a run: at full size, going round them again finds none of it in a cache. */
const BATCHES_FULL = 1024;
const BATCHES_QUICK = 4;
/** How long each of a run's three loops lasts. */
const LOOP_MS_FULL = 2000;
const LOOP_MS_QUICK = 5;
/** Answers of a drawing that are compared with the population, and counted by kind. */
const CHECKED_BATCHES = 4;
/** Changes in a batch of the build: copies of the upper nodes hardly count. */
const BUILD_BATCH = 20_000;
const BUILD_STEPS_TOLD = 10;

runBench({
  name: 'index-lookup',
  about:
    'Lookups per second of one thread in a large index, against independent random loads of memory.',
  options: {
    entries: {
      what: 'ported numbers',
      full: ENTRIES_FULL,
      quick: ENTRIES_QUICK,
      min: PORTED_MIN,
      max: PORTED_MAX,
    },
  },
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const population = createBenchPopulation(values.entries, seed);
  const index = createWasmIndex();
  const buildSeconds = build(index, population);
  const counts = index.counts();
  const imageBytes = index.imageBytes();

  const batchCount = quick ? BATCHES_QUICK : BATCHES_FULL;
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const keys = new Float64Array(batchCount * BATCH);
  const addresses = new Uint32Array(batchCount * BATCH);
  const addressFrom = PAGES_BEFORE_ARENA * PAGE_BYTES;
  const addressTo = Math.min(addressFrom + imageBytes, index.memory.buffer.byteLength);
  const loadPass = createLoadPass(index, addresses);
  let shares = '';
  const measured = repeat(runs, (run) => {
    population.drawUniform(keys, run);
    const uniform = rateOf(batchCount, loopMs, (batch) => lookUp(index, keys, batch));
    shares = checkAnswers(index, population, keys);
    population.drawAddresses(addresses, run, addressFrom, addressTo);
    const ceiling = rateOf(batchCount, loopMs, loadPass);
    population.drawZipf(keys, run);
    const zipf = rateOf(batchCount, loopMs, (batch) => lookUp(index, keys, batch));
    checkAnswers(index, population, keys);
    tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
    return { uniform, ceiling, ratio: uniform / ceiling, zipf };
  });

  const atFullSize = values.entries === ENTRIES_FULL && !quick;
  return {
    notes: [
      `${group(counts.ported)} ported numbers in a space of ${group(population.numberCount)}, ` +
        `${group(counts.fragmented)} fragmented runs, ${group(counts.prefix)} prefixes, ` +
        `${ROUTE_COUNT} routes`,
      `uniform lookups are answered by ${shares}`,
      `${runs} runs of ${loopMs} ms a figure, batches of ${BATCH}, one thread`,
    ],
    figures: [
      { name: 'lookupsPerSecond', measured: measured.uniform },
      { name: 'ceilingLoadsPerSecond', measured: measured.ceiling },
      { name: 'ratioToCeiling', measured: measured.ratio, bar: RATIO_BAR },
      { name: 'zipfLookupsPerSecond', measured: measured.zipf },
      { name: 'bytesPerPortedEntry', measured: imageBytes / counts.ported, bar: BYTES_BAR },
      { name: 'portedEntries', measured: counts.ported },
      { name: 'imageBytes', measured: imageBytes },
      { name: 'buildSeconds', measured: buildSeconds },
    ],
    ...(atFullSize ? {} : { unjudged: `they are set for ${group(ENTRIES_FULL)} ported numbers` }),
  };
}

/** Fills the index; returns the seconds spent in `apply`, without those spent on drawing numbers. */
function build(index: WasmIndex, population: BenchPopulation): number {
  let applyMs = 0;
  const apply = (changes: Parameters<WasmIndex['apply']>[0]): void => {
    const startedMs = performance.now();
    index.apply(changes);
    applyMs += performance.now() - startedMs;
  };
  apply(population.prefixes());
  apply(population.runs());
  let applied = 0;
  let told = 0;
  for (const batch of population.portedBatches(BUILD_BATCH)) {
    apply(batch);
    applied += batch.length;
    const step = Math.floor((applied * BUILD_STEPS_TOLD) / population.portedCount);
    if (step > told) tell(`${group(applied)} ported numbers in the index`);
    told = Math.max(step, told);
  }
  return applyMs / 1000;
}

/** How many keys, or addresses, a second are worked off in `loopMs`, going round the batches. */
function rateOf(batchCount: number, loopMs: number, workOff: (batch: number) => void): number {
  const startedMs = performance.now();
  let batches = 0;
  let elapsedMs = 0;
  while (elapsedMs < loopMs) {
    workOff(batches % batchCount);
    batches++;
    elapsedMs = performance.now() - startedMs;
  }
  return (batches * BATCH * 1000) / elapsedMs;
}

/** Leaves the answers to a batch of the keys in the index's own answers. */
function lookUp(index: WasmIndex, keys: Float64Array, batch: number): void {
  index.keys.set(keys.subarray(batch * BATCH, (batch + 1) * BATCH));
  index.lookup(index.keys, index.answers, BATCH);
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

/** Throws where an answer to the first batches is wrong; tells which share each kind has of them. */
function checkAnswers(index: WasmIndex, population: BenchPopulation, keys: Float64Array): string {
  const tally: Record<EntryKind, number> = { ported: 0, fragmented: 0, prefix: 0 };
  for (let batch = 0; batch < CHECKED_BATCHES; batch++) {
    lookUp(index, keys, batch);
    for (let place = 0; place < BATCH; place++) {
      const key = keys[batch * BATCH + place]!;
      const answer = index.answers[place]!;
      const kind = kindOfAnswer(answer);
      if (kind === undefined || !population.isRight(key, answer)) {
        throw new Error(`the index answers key ${key} with ${answer}, which is wrong`);
      }
      tally[kind]++;
    }
  }
  return Object.entries(tally)
    .map(([kind, count]) => `${kind} ${((count * 100) / (CHECKED_BATCHES * BATCH)).toFixed(1)}%`)
    .join(', ');
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}

/** Progress: standard output is for the report. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
