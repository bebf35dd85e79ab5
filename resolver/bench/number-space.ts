// `npm run bench -- number-space`: what it takes to count the number space for the console, and what
// lookups notice of it: the first question counts all entries of an index, in a thread beside those that
// serve.
//
// Lookups run in this thread, in slices before and while the other counts, with a core for each.

import { buildIndex } from '../../wasm/bench/bench-build.ts';
import { entriesOption, judgedFrom } from '../../wasm/bench/bench-entries.ts';
import { group } from '../../wasm/bench/bench-format.ts';
import { BATCH, lookupRate } from '../../wasm/bench/bench-lookups.ts';
import { residentBytes } from '../../wasm/bench/bench-memory.ts';
import { createBenchPopulation } from '../../wasm/bench/bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  repeatAsync,
  runBench,
} from '../../wasm/bench/bench-report.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { NumberSpaceHost } from '../admin/number-space.ts';
import { createLog } from '../log.ts';
import { exampleRoute } from '../test/example-route.ts';

const ENTRIES_FULL = 100_000_000;
const ENTRIES_QUICK = 20_000;
/** Lookups keep so much of their speed. */
const RATIO_BAR = { atLeast: 0.8 };
const ROUTES = 64;
const MEMBERS = 16;
const SLICES_BEFORE = 4;
const ANSWERS = 20;

await runBench({
  name: 'number-space',
  about: 'Counting all entries of an index for the console, and lookups meanwhile.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK }),
  measure,
});

async function measure({
  quick,
  runs,
  seed,
  values,
}: BenchOptions<'entries'>): Promise<BenchResult> {
  const population = createBenchPopulation(values.entries, seed);
  const { index: msisdn } = buildIndex(population);
  const indexes = { msisdn, imsi: createWasmIndex() };
  const keys = new Float64Array((quick ? 1 : 256) * BATCH);
  const sliceMs = quick ? 1 : 200;
  const routes = Array.from({ length: ROUTES }, (_, at) =>
    exampleRoute(`route-${at}`, { member: `member-${at % MEMBERS}` }),
  );
  const log = createLog('warn', 'text');
  const measured = await repeatAsync(runs, async (run) => {
    population.drawUniform(keys, run);
    const slice = () => lookupRate(msisdn, keys, sliceMs);
    const host = new NumberSpaceHost({ indexes: () => indexes, routes: () => routes, log });
    const ask = async (prefix: string) => {
      const { body } = await host.answer(new URLSearchParams({ prefix }));
      return JSON.parse(body.toString()) as { state: string };
    };
    const before = Array.from({ length: SLICES_BEFORE }, slice);
    const residentBefore = residentBytes();
    const startedMs = performance.now();
    const during: number[] = [];
    while ((await ask('')).state !== 'counted') during.push(slice());
    const seconds = (performance.now() - startedMs) / 1000;
    const residentMB = (residentBytes() - residentBefore) / 1e6;
    const askedMs = performance.now();
    for (let at = 0; at < ANSWERS; at++)
      await ask(String(population.firstKey).slice(1, 1 + (at % 8)));
    const answerMs = (performance.now() - askedMs) / ANSWERS;
    await host.leave();
    const median = (rates: number[]) => rates.sort((a, b) => a - b)[rates.length >> 1]!;
    const ratio = during.length > 0 ? median(during) / median(before) : 1;
    return { seconds, residentMB, answerMs, ratio };
  });
  const { ported, fragmented, prefix } = msisdn.counts();
  return {
    notes: [
      `${group(ported + fragmented + prefix)} entries; ${runs} runs, a thread that counts beside one that looks up`,
    ],
    figures: [
      { name: 'countSeconds', measured: measured.seconds! },
      { name: 'residentMB', measured: measured.residentMB! },
      { name: 'answerMs', measured: measured.answerMs! },
      { name: 'lookupsMeanwhileRatio', measured: measured.ratio!, bar: RATIO_BAR },
    ],
    ...judgedFrom(ENTRIES_FULL, { quick, values }),
  };
}
