// `npm run bench -- index-world`: numbers all over the world, as a network sees them that is asked for
// everybody's: those that only prefixes and fragmented runs cover (assembly/lookup-background.ts), and those of
// carriers' ranges, some of which are ported (assembly/sparse-build.ts).
//
// As many prefixes as the world has; those with a hundred thousand runs of 10 to 1,000 numbers below them; and
// these with ranges of 140 numbers, 18 in each of 1,600 blocks of ten million, a quarter of them ported, a
// million in all: so lie the ported numbers of `bchf start`. Keys are numbers of 12 digits below a prefix
// drawn at random; where there are runs, every fourth lies in a thousand that one begins in; where there are
// ranges, all others lie in one. Each run of the bench measures, over the same keys:
//
//     lookupsPerSecond    in batches of 4,096
//     oneByOnePerSecond   in batches of one, which have nothing to be looked up side by side with
//     ratio               the first by the second
//
// and once, where numbers are ported:
//
//     bytesPerPortedEntry what the image has more than without them
//
// Answers are held against the reference index, and a wrong one ends the bench.

import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { Draws, hash32 } from './bench-draws.ts';
import { entriesOption } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH, checkAnswers, lookupRate, rateOf } from './bench-lookups.ts';
import { createBenchPopulation, PORTED_MIN, ROUTE_COUNT } from './bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeat,
  runBench,
  tell,
} from './bench-report.ts';

const RUNS_FULL = 100_000;
const RUNS_QUICK = 2000;
const RUNS_MAX = 1_000_000;
const KEY_BATCHES_FULL = 256;
const KEY_BATCHES_QUICK = 4;
const LOOP_MS_FULL = 1000;
const LOOP_MS_QUICK = 5;
const CHANGES_BATCH = 1000;
/** Keys of numbers of 12 digits have a 1 and these behind it. */
const KEY_UNIT = 10 ** 12;
/** A thousand numbers have at most one run. */
const RUN_PLACES = 1000;
/** A range has so many numbers, one in so many of which is ported. */
const RANGE_NUMBERS = 140;
const PORTED_ONE_IN = 4;
/** So many ranges lie in each of so many blocks of numbers, at places that are so far apart. */
const BLOCK_RANGES = 18;
const BLOCKS_FULL = 1600;
const BLOCKS_QUICK = 10;
const BLOCK_NUMBERS = 10 ** 7;
const RANGE_DISTANCE = 10 ** 5;

await runBench({
  name: 'index-world',
  about:
    'Lookups per second of numbers all over the world: covered by prefixes and runs, or ported.',
  options: entriesOption({
    what: 'fragmented runs',
    full: RUNS_FULL,
    quick: RUNS_QUICK,
    min: 1,
    max: RUNS_MAX,
  }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const prefixes = createBenchPopulation(PORTED_MIN, seed).prefixes();
  const fragmented = drawRuns(prefixes, values.entries, new Draws(hash32(seed, 101)));
  const keys = new Float64Array((quick ? KEY_BATCHES_QUICK : KEY_BATCHES_FULL) * BATCH);
  const notes = [`${runs} runs of ${loopMs} ms a figure, ${group(prefixes.length)} prefixes`];

  const blocks = quick ? BLOCKS_QUICK : BLOCKS_FULL;
  const ranges = drawRanges(prefixes, blocks, new Draws(hash32(seed, 102)));
  const ported = drawPorted(ranges, new Draws(hash32(seed, 103)));

  let bytesBefore = 0;
  const cases: Case[] = [
    { of: 'prefixes', drawn: { prefixes, runs: [], ranges: [] }, ported: [] },
    { of: 'prefixes and runs', drawn: { prefixes, runs: fragmented, ranges: [] }, ported: [] },
    { of: 'ranges', drawn: { prefixes, runs: fragmented, ranges }, ported },
  ];
  let bytesPerEntry = 0;
  const results = cases.map(({ of, drawn, ported }, at) => {
    const { index, reference } = build([...prefixes, ...drawn.runs, ...ported]);
    if (ported.length > 0) bytesPerEntry = (index.imageBytes() - bytesBefore) / ported.length;
    bytesBefore = index.imageBytes();
    const measured = repeat(runs, (run) => {
      drawKeys(keys, drawn, new Draws(hash32(seed, 200 + 2 * run + at)));
      const share = checkAnswers(index, isRightBy(reference), keys);
      if (run === 1) notes.push(`${of}: answered by ${share}`);
      const batches = lookupRate(index, keys, loopMs);
      const oneByOne = rateOneByOne(index, keys, loopMs);
      return { batches, oneByOne, ratio: batches / oneByOne };
    });
    tell(`${of}: done`);
    return { of, measured };
  });

  const figures = (
    [
      ['lookupsPerSecond', 'batches'],
      ['oneByOnePerSecond', 'oneByOne'],
      ['ratio', 'ratio'],
    ] as const
  ).flatMap(([name, key]) =>
    results.map(({ of, measured }): Figure => ({ name, of, measured: measured[key] })),
  );
  const entryBytes: Figure = { name: 'bytesPerPortedEntry', measured: bytesPerEntry };
  return { notes, figures: [...figures, entryBytes] };
}

/** What keys are drawn from. */
interface Drawn {
  prefixes: readonly IndexChange[];
  runs: readonly IndexChange[];
  /** The first key of each. */
  ranges: readonly number[];
}

interface Case {
  of: string;
  drawn: Drawn;
  ported: readonly IndexChange[];
}

/** A key of 12 digits that begins with a prefix. */
function completed(prefix: number, draws: Draws): number {
  let key = prefix;
  while (key < KEY_UNIT) key = key * 10 + draws.below(10);
  return key;
}

/** Runs below prefixes, none of which touch. */
function drawRuns(prefixes: readonly IndexChange[], count: number, draws: Draws): IndexChange[] {
  const runs = new Map<number, IndexChange>();
  while (runs.size < count) {
    const key = completed(prefixes[draws.below(prefixes.length)]!.from, draws);
    const from = key - (key % RUN_PLACES);
    const to = from + 9 + draws.below(RUN_PLACES - 10);
    runs.set(from, { entry: 'fragmented', from, to, route: draws.below(ROUTE_COUNT) });
  }
  return [...runs.values()];
}

/** The first keys of ranges of RANGE_NUMBERS numbers, some in each of `blocks` blocks below prefixes. */
function drawRanges(prefixes: readonly IndexChange[], blocks: number, draws: Draws): number[] {
  // A block is to lie below its prefix as a whole.
  const wide = prefixes.filter(({ from }) => from < KEY_UNIT / BLOCK_NUMBERS);
  const firstKeys = new Set<number>();
  while (firstKeys.size < blocks * BLOCK_RANGES) {
    const key = completed(wide[draws.below(wide.length)]!.from, draws);
    const block = key - (key % BLOCK_NUMBERS);
    for (let range = 0; range < BLOCK_RANGES; range++) {
      firstKeys.add(block + draws.below(BLOCK_NUMBERS / RANGE_DISTANCE) * RANGE_DISTANCE);
    }
  }
  return [...firstKeys];
}

function drawPorted(ranges: readonly number[], draws: Draws): IndexChange[] {
  const ported: IndexChange[] = [];
  for (const first of ranges) {
    for (let key = first; key < first + RANGE_NUMBERS; key++) {
      if (draws.below(PORTED_ONE_IN) !== 0) continue;
      ported.push({ entry: 'ported', from: key, to: key, route: draws.below(ROUTE_COUNT) });
    }
  }
  return ported;
}

function drawKeys(keys: Float64Array, { prefixes, runs, ranges }: Drawn, draws: Draws): void {
  for (let at = 0; at < keys.length; at++) {
    if (runs.length > 0 && at % 4 === 0) {
      keys[at] = runs[draws.below(runs.length)]!.from + draws.below(RUN_PLACES);
    } else if (ranges.length > 0) {
      keys[at] = ranges[draws.below(ranges.length)]! + draws.below(RANGE_NUMBERS);
    } else keys[at] = completed(prefixes[draws.below(prefixes.length)]!.from, draws);
  }
}

function build(changes: readonly IndexChange[]): { index: WasmIndex; reference: ReferenceIndex } {
  const index = createWasmIndex();
  const reference = new ReferenceIndex();
  for (let from = 0; from < changes.length; from += CHANGES_BATCH) {
    const batch = changes.slice(from, from + CHANGES_BATCH);
    index.apply(batch);
    reference.apply(batch);
  }
  return { index, reference };
}

function isRightBy(reference: ReferenceIndex): {
  isRight: (key: number, answer: number) => boolean;
} {
  const key = new Float64Array(1);
  const expected = new Uint32Array(1);
  return {
    isRight(asked, answer) {
      key[0] = asked;
      reference.lookup(key, expected, 1);
      return expected[0] === answer;
    },
  };
}

/** Lookups a second in calls of one key each. */
function rateOneByOne(index: WasmIndex, keys: Float64Array, loopMs: number): number {
  return rateOf(keys.length / BATCH, loopMs, (batch) => {
    for (let at = batch * BATCH; at < (batch + 1) * BATCH; at++) {
      index.keys[0] = keys[at]!;
      index.lookup(index.keys, index.answers, 1);
    }
  });
}
