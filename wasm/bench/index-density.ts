// `npm run bench -- index-density`: what a ported number costs, and how fast it is found, from one in
// a thousand numbers ported to three in five, beside the fewest bytes that any structure can do with.
//
// The limit is entropy: which numbers of the space are ported takes H(p)/p bits for each that is, at
// a density of p, and which of R equally likely routes each has takes log2 R more. `ratio` is
// `bytesPerEntry`, all bytes of the image by its ported entries, by that limit.
//
// Every density has a population of its own without runs and with one prefix, so that next to nothing
// but ported numbers is in the image. What it costs besides is what the structure spends on numbers
// that are not ported, and that belongs to the figure.
//
// In the last, numbers were given out in blocks of a thousand: of one block in ten half of the numbers are
// ported, of the others none, so the index has tables of lines (../assembly/line-table.ts).

import { buildIndex } from './bench-build.ts';
import { entriesOption, judgedAt } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH, checkAnswers, lookupRate } from './bench-lookups.ts';
import { BLOCK_NUMBERS, createBenchPopulation, ROUTE_COUNT } from './bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeat,
  runBench,
  tell,
} from './bench-report.ts';

const RATIO_BAR = { atMost: 2 };
/** The bar holds from this density on. */
const JUDGED_FROM = 0.01;
/**
 * At one in a thousand a tenth of the numbers is enough: they span as many numbers as those at one in
 * a hundred, and an image of megabytes does not show its header.
 */
const CASES = [
  { density: 0.001, entriesPart: 0.1 },
  { density: 0.01, entriesPart: 1 },
  { density: 0.1, entriesPart: 1 },
  { density: 0.3, entriesPart: 1 },
  { density: 0.6, entriesPart: 1 },
  { density: 0.05, entriesPart: 1, blockShare: 0.1 },
];
const ENTRIES_FULL = 10_000_000;
const ENTRIES_QUICK = 20_000;
/** So that the least density still has its least population, and the space its most numbers. */
const ENTRIES_MIN = 10_000;
const ENTRIES_MAX = 100_000_000;
const BATCHES_FULL = 512;
const BATCHES_QUICK = 4;
const LOOP_MS_FULL = 1000;
const LOOP_MS_QUICK = 5;

await runBench({
  name: 'index-density',
  about: 'Bytes per ported number at several densities, against the limit that entropy sets.',
  options: entriesOption({
    what: 'ported numbers at each density, a tenth at the least',
    full: ENTRIES_FULL,
    quick: ENTRIES_QUICK,
    min: ENTRIES_MIN,
    max: ENTRIES_MAX,
  }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const cases = CASES.map(({ density, entriesPart, blockShare = 1 }) => {
    const population = createBenchPopulation(Math.round(values.entries * entriesPart), seed, {
      density,
      blockShare,
      hasRuns: false,
      prefixes: 'one',
    });
    const { index } = buildIndex(population);
    const of = `${density * 100}%${blockShare === 1 ? '' : ' in blocks'}`;
    const entries = index.counts().ported;
    tell(`${of}: ${group(entries)} ported numbers in a space of ${group(population.numberCount)}`);
    const bytes = index.imageBytes() / entries;
    const numbers = population.numberCount * blockShare;
    const ofBlocks = bitsOfMember(blockShare) / 8 / BLOCK_NUMBERS / (entries / numbers);
    const entropy = entropyBytes(entries / numbers, ROUTE_COUNT) + ofBlocks;
    return {
      of,
      isJudged: density >= JUDGED_FROM && blockShare === 1,
      population,
      index,
      entries,
      bytes,
      entropy,
    };
  });

  const keys = new Float64Array((quick ? BATCHES_QUICK : BATCHES_FULL) * BATCH);
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const rates = repeat(runs, (run) => {
    const rateOfCase = ({ of, population, index }: (typeof cases)[number]): [string, number] => {
      population.drawUniform(keys, run);
      const rate = lookupRate(index, keys, loopMs);
      checkAnswers(index, population, keys);
      return [of, rate];
    };
    return Object.fromEntries(cases.map(rateOfCase));
  });

  const each = (figureOf: (one: (typeof cases)[number]) => Omit<Figure, 'of'>): Figure[] =>
    cases.map((one) => ({ ...figureOf(one), of: one.of }));
  return {
    notes: [
      `ported numbers with ${ROUTE_COUNT} equally likely routes, one prefix, no runs`,
      `lookups: ${runs} runs of ${loopMs} ms a density, batches of ${BATCH}, one thread, uniform`,
    ],
    figures: [
      ...each(({ entries }) => ({ name: 'portedEntries', measured: entries })),
      ...each(({ bytes }) => ({ name: 'bytesPerEntry', measured: bytes })),
      ...each(({ entropy }) => ({ name: 'entropyBytes', measured: entropy })),
      ...each(({ isJudged, bytes, entropy }) => ({
        name: 'ratio',
        measured: bytes / entropy,
        ...(isJudged ? { bar: RATIO_BAR } : {}),
      })),
      ...each(({ of }) => ({ name: 'lookupsPerSecond', measured: rates[of]! })),
    ],
    ...judgedAt(ENTRIES_FULL, { quick, values }),
  };
}

/** Fewest bytes for each ported number, at a density between 0 and 1. */
function entropyBytes(density: number, routeCount: number): number {
  return (bitsOfMember(density) + Math.log2(routeCount)) / 8;
}

/** Fewest bits for each member of a set that has a part of all, above 0 to 1. */
function bitsOfMember(part: number): number {
  const rest = 1 - part;
  const bits = -part * Math.log2(part) - (rest === 0 ? 0 : rest * Math.log2(rest));
  return bits / part;
}
