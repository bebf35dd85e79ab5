// `npm run bench -- index-update`: how many changes a second one thread makes in an index in which
// another looks numbers up at full speed, and how much slower that makes the lookups.
//
// In each run the other thread looks up numbers drawn uniformly from the space without a pause, and
// this one
//
//     sleeps                     the reader's rate alone
//     applies batches of 1,000   updatesPerSecond, and the reader's rate meanwhile
//
// `readerSlowdown` is the first rate of the reader by the second. The changes (bench-churn.ts) were
// made before the clock starts: numbers are ported, ported home and to other routes, runs come and
// go, and the index stays as large as it was. So does its memory, or something is not given back:
// `memoryGrowth` is its image after five rounds of all changes by its image after one, before there is a
// reader.
//
// With a reader the memory has to hold what waits for it, too: a thread that the system keeps from
// running within a call holds up what is retired meanwhile. `memoryWhileRead` is the image after all
// runs by the one before there was a reader, and `batchesWaited` how many batches were applied at most
// while the reader got no batch done. The first follows from the second, the system's own doing.
//
// What the index answers is compared with what the changes lead to, before them and after each run.

import type { WasmIndex } from '../wasm-index.ts';
import { buildIndex } from './bench-build.ts';
import { CHURN_BATCH, type Churn, createChurn } from './bench-churn.ts';
import { entriesOption, judgedAt } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH, checkAnswers } from './bench-lookups.ts';
import { createBenchPopulation } from './bench-population.ts';
import { startReading } from './bench-reading.ts';
import { type BenchOptions, type BenchResult, repeat, runBench, tell } from './bench-report.ts';

const UPDATES_BAR = { atLeast: 1_000_000 };
const SLOWDOWN_BAR = { atMost: 1.3 };
/** What the number of free blocks may differ by from one moment to the next. */
const GROWTH_BAR = { atMost: 1.02 };
/** The size that the bars are set for. */
const ENTRIES_FULL = 10_000_000;
/** Cells enough for two batches of changes. */
const ENTRIES_QUICK = 20_000;
const ENTRIES_MIN = 10_000;
/** Batches of half a round: a million different entries change. */
const CHURN_BATCHES_FULL = 1000;
const CHURN_BATCHES_QUICK = 10;
const KEY_BATCHES_FULL = 1024;
const KEY_BATCHES_QUICK = 4;
/** Rounds without a reader: the first one takes what memory it needs, the others may take no more. */
const STILL_ROUNDS = 5;
/** How long the reader is measured in a run, alone, and then while changes are made. */
const LOOP_MS_FULL = 2000;
const LOOP_MS_QUICK = 20;

await runBench({
  name: 'index-update',
  about: 'Changes a second in an index that another thread reads, and what they cost that thread.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK, min: ENTRIES_MIN }),
  measure,
});

async function measure({
  quick,
  runs,
  seed,
  values,
}: BenchOptions<'entries'>): Promise<BenchResult> {
  const population = createBenchPopulation(values.entries, seed);
  const { index } = buildIndex(population);
  const { ported, fragmented, prefix } = index.counts();
  const churn = createChurn(population, seed, quick ? CHURN_BATCHES_QUICK : CHURN_BATCHES_FULL);
  tell(`a round of ${group(churn.batchCount * CHURN_BATCH)} changes is drawn`);

  const keys = new Float64Array((quick ? KEY_BATCHES_QUICK : KEY_BATCHES_FULL) * BATCH);
  population.drawUniform(keys, 0);
  checkChurn(index, churn, keys, 0);
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  let batches = 0;
  let roundBytes = 0;
  for (let round = 0; round < STILL_ROUNDS; round++) {
    for (let at = 0; at < churn.batchCount; at++) index.apply(churn.batch(batches++));
    if (round === 0) roundBytes = index.imageBytes();
  }
  const stillBytes = index.imageBytes();
  tell(`${STILL_ROUNDS} rounds without a reader are done`);

  const thread = await startReading(index.memory, keys);
  let batchesWaited = 0;
  const applyFor = (): number => {
    const startedMs = performance.now();
    const first = batches;
    let elapsedMs = 0;
    let readBefore = 0;
    let waitedFrom = batches;
    while (elapsedMs < loopMs || thread.batches() === 0) {
      index.apply(churn.batch(batches));
      batches++;
      const read = thread.batches();
      if (read !== readBefore) waitedFrom = batches;
      readBefore = read;
      batchesWaited = Math.max(batchesWaited, batches - waitedFrom);
      elapsedMs = performance.now() - startedMs;
    }
    return ((batches - first) * CHURN_BATCH * 1000) / elapsedMs;
  };
  const measured = repeat(runs, (run) => {
    thread.restart();
    thread.letRead(loopMs);
    const alone = thread.rate();
    thread.restart();
    const updates = applyFor();
    const during = thread.rate();
    checkChurn(index, churn, keys, batches);
    tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
    return { updates, alone, during, slowdown: alone / during };
  });
  await thread.end();

  return {
    notes: [
      `${group(ported)} ported numbers in a space of ${group(population.numberCount)}, ` +
        `${group(fragmented)} fragmented runs, ${group(prefix)} prefixes`,
      `batches of ${CHURN_BATCH} changes, back to back, each visible as a whole; ` +
        `${group(batches)} batches in all, a round has ${group(churn.batchCount)}`,
      `${runs} runs of ${loopMs} ms a figure, one thread that reads in batches of ${BATCH}`,
    ],
    figures: [
      { name: 'updatesPerSecond', measured: measured.updates, bar: UPDATES_BAR },
      { name: 'readerSlowdown', measured: measured.slowdown, bar: SLOWDOWN_BAR },
      { name: 'lookupsPerSecondAlone', measured: measured.alone },
      { name: 'lookupsPerSecondDuringUpdates', measured: measured.during },
      { name: 'memoryGrowth', measured: stillBytes / roundBytes, bar: GROWTH_BAR },
      { name: 'memoryWhileRead', measured: index.imageBytes() / stillBytes },
      { name: 'batchesWaited', measured: batchesWaited },
      { name: 'imageBytes', measured: index.imageBytes() },
    ],
    ...judgedAt(ENTRIES_FULL, { quick, values }),
  };
}

/** Throws where an answer is not what so many batches lead to, in the whole space or at what changed. */
function checkChurn(index: WasmIndex, churn: Churn, keys: Float64Array, batches: number): void {
  const isRight = (key: number, answer: number): boolean => churn.isRight(key, answer, batches);
  checkAnswers(index, { isRight }, keys);
  const changed = new Float64Array(Math.ceil(churn.changedKeys.length / BATCH) * BATCH);
  for (let at = 0; at < changed.length; at++) {
    changed[at] = churn.changedKeys[at % churn.changedKeys.length]!;
  }
  checkAnswers(index, { isRight }, changed);
}
