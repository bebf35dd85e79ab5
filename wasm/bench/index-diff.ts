// `npm run bench -- index-diff`: how fast an index is walked, compared with another one and hashed.
//
// Two indexes of a large country's kind (bench-population.ts) with the same ported numbers, of which
// one in a hundred thousand has another route in the second one. Each run measures, one after the
// other, over the ported numbers:
//
//     walkedPerSecond         entries of one index, page by page, in the order of keys
//     entriesPerSecond        entries of each side that a whole diff compares: a pair counts once
//     hashedPerSecond         entries that contentHash works off, runs and prefixes included
//
// The differences are counted, and a count that is wrong ends the bench.

import { contentHash } from '../content-hash.ts';
import { diffIndexes } from '../index-diff.ts';
import type { IndexChange } from '../number-index.ts';
import type { WasmIndex } from '../wasm-index.ts';
import { buildIndex } from './bench-build.ts';
import { entriesOption, judgedAt } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { type BenchPopulation, createBenchPopulation } from './bench-population.ts';
import { type BenchOptions, type BenchResult, repeat, runBench } from './bench-report.ts';

const WALK_BAR = { atLeast: 5e6 };
const DIFF_BAR = { atLeast: 5e6 };
const HASH_BAR = { atLeast: 2e6 };
/** The size that the bars are judged at. */
const ENTRIES_FULL = 10_000_000;
const ENTRIES_QUICK = 20_000;
const DRAWN_BATCH = 20_000;
const ENTRIES_PER_CHANGE = 100_000;

runBench({
  name: 'index-diff',
  about: 'Entries per second of walking an index, comparing two and hashing the content of one.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const population = createBenchPopulation(values.entries, seed);
  const { index: left } = buildIndex(population);
  const { index: right } = buildIndex(population);
  const changes = changesOf(population);
  right.apply(changes);
  const { ported, fragmented, prefix } = left.counts();
  const total = ported + fragmented + prefix;

  const measured = repeat(runs, () => ({
    walk: rateOf(ported, () => walk(left)),
    diff: rateOf(total, () => {
      let differences = 0;
      for (const { change } of diffIndexes(left, right))
        differences += change === 'changed' ? 1 : 0;
      if (differences !== changes.length) {
        throw new Error(`${differences} differences, where there are ${changes.length}`);
      }
    }),
    hash: rateOf(total, () => contentHash(left)),
  }));

  return {
    notes: [
      `${group(ported)} ported numbers, ${group(fragmented)} fragmented runs, ` +
        `${group(prefix)} prefixes on each side; ${group(changes.length)} differences`,
      `${runs} runs, one thread`,
    ],
    figures: [
      { name: 'walkedPerSecond', measured: measured.walk, bar: WALK_BAR },
      { name: 'entriesPerSecond', measured: measured.diff, bar: DIFF_BAR },
      { name: 'hashedPerSecond', measured: measured.hash, bar: HASH_BAR },
      { name: 'portedEntries', measured: ported },
      { name: 'differences', measured: changes.length },
    ],
    ...judgedAt(ENTRIES_FULL, { quick, values }),
  };
}

/** Other routes for some of the ported numbers, no two of them neighbours. */
function changesOf(population: BenchPopulation): IndexChange[] {
  const changes: IndexChange[] = [];
  let position = 0;
  for (const batch of population.portedBatches(DRAWN_BATCH)) {
    for (const change of batch) {
      if (position++ % ENTRIES_PER_CHANGE !== 0) continue;
      changes.push({ ...change, route: change.route! ^ 1 });
    }
  }
  return changes;
}

/** Walks the ported numbers, and makes sure that they rise. */
function walk(index: WasmIndex): void {
  let last = 0;
  for (const { count, from } of index.entryPages('ported')) {
    if (from[0]! <= last) throw new Error('the keys do not rise');
    last = from[count - 1]!;
  }
}

/** How many of `entries` a second `workOff` works off. */
function rateOf(entries: number, workOff: () => void): number {
  const startedMs = performance.now();
  workOff();
  return (entries * 1000) / (performance.now() - startedMs);
}
