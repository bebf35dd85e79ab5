// `npm run bench -- index-adversarial`: what entries cost, and how fast they change, where somebody
// chose them to be large and slow (bench-adversaries.ts).
//
// For each population, in an index of its own and in batches of 1,000 changes:
//
//     fillPerSecond      changes that set all entries, by the time within the index
//     bytesPerEntry      what the image has then more than an empty one, by its entries
//     imageMB            all of that, in millions of bytes: the bar of the population that runs out of room
//     changesPerSecond   entries drawn at random, each deleted and in the next batch set again
//     lookupsPerSecond   numbers of the entries, drawn at random, one thread, batches of 4,096
//     regrowth           bytes after all was deleted and set again, by those before
//
// Answers are checked, and so is the image, which is loaded.

import { type Answer, type IndexChange, kindOfAnswer, routeOfAnswer } from '../number-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { type Adversary, createAdversaries } from './bench-adversaries.ts';
import { copyIndex } from './bench-build.ts';
import { Draws, hash32 } from './bench-draws.ts';
import { entriesOption, judgedAt } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH, lookupRate } from './bench-lookups.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeat,
  runBench,
  tell,
} from './bench-report.ts';

const CHANGES_BATCH = 1000;
const ENTRIES_FULL = 1_000_000;
const ENTRIES_QUICK = 4000;
const ENTRIES_MIN = 1000;
const ENTRIES_MAX = 4_000_000;
const KEY_BATCHES_FULL = 64;
const KEY_BATCHES_QUICK = 2;
const LOOP_MS_FULL = 500;
const LOOP_MS_QUICK = 5;
/** An entry is not to cost more bytes than this, nor fewer changes a second be made than that. */
const BYTES_BAR = { atMost: 300 };
const CHANGES_BAR = { atLeast: 20_000 };
/**
 * Where a population has no room for a million entries each may cost more, but not all of them together:
 * there are some 65,000 nodes of the directory at most, with keys of every length.
 */
const ALL_BAR = { atMost: 600 };

/** The order of the figures. */
const NAMES = [
  'entries',
  'bytesPerEntry',
  'imageMB',
  'fillPerSecond',
  'changesPerSecond',
  'lookupsPerSecond',
  'regrowth',
];

await runBench({
  name: 'index-adversarial',
  about: 'Bytes and changes of the index with entries that were chosen to be large and slow.',
  options: entriesOption({
    what: 'entries of each population, fewer where there is no room',
    full: ENTRIES_FULL,
    quick: ENTRIES_QUICK,
    min: ENTRIES_MIN,
    max: ENTRIES_MAX,
  }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const keyCount = (quick ? KEY_BATCHES_QUICK : KEY_BATCHES_FULL) * BATCH;
  const emptyBytes = createWasmIndex().imageBytes();
  const figures = createAdversaries(seed).flatMap((adversary): Figure[] => {
    const entries = Math.min(values.entries, adversary.entriesMax);
    const index = createWasmIndex();
    const fillMs = applyAll(index, adversary, entries, true);
    checkEntries(index, adversary, entries);
    const bytes = index.imageBytes() - emptyBytes;

    const rates = repeat(runs, (run) => {
      const draws = new Draws(hash32(seed, run));
      const changes = changeRate(index, adversary, entries, draws, loopMs);
      const keys = Float64Array.from(
        { length: keyCount },
        () => adversary.entry(draws.below(entries)).from,
      );
      return { changes, lookups: lookupRate(index, keys, loopMs) };
    });
    checkEntries(index, adversary, entries);

    const grown = index.imageBytes();
    applyAll(index, adversary, entries, false);
    applyAll(index, adversary, entries, true);
    checkEntries(index, adversary, entries);
    const regrowth = index.imageBytes() / grown;
    checkEntries(copyIndex(index), adversary, entries);
    tell(`${adversary.name}: ${group(entries)} entries done`);

    const of = adversary.name;
    const isLimited = adversary.entriesMax < ENTRIES_FULL;
    return [
      { name: 'entries', of, measured: entries },
      {
        name: 'bytesPerEntry',
        of,
        measured: bytes / entries,
        ...(isLimited ? {} : { bar: BYTES_BAR }),
      },
      { name: 'imageMB', of, measured: bytes / 1e6, ...(isLimited ? { bar: ALL_BAR } : {}) },
      { name: 'fillPerSecond', of, measured: (entries * 1000) / fillMs },
      { name: 'changesPerSecond', of, measured: rates.changes, bar: CHANGES_BAR },
      { name: 'lookupsPerSecond', of, measured: rates.lookups },
      { name: 'regrowth', of, measured: regrowth },
    ];
  });
  return {
    notes: [
      `${runs} runs of ${loopMs} ms for changes and for lookups, batches of ${group(CHANGES_BATCH)} ` +
        `changes and ${group(BATCH)} lookups, one thread`,
    ],
    figures: figures.sort(byName),
    ...judgedAt(ENTRIES_FULL, { quick, values }),
  };
}

/** All cases of a figure together, in the order of the cases. */
function byName(one: Figure, other: Figure): number {
  return NAMES.indexOf(one.name) - NAMES.indexOf(other.name);
}

/** Sets all entries, or deletes them; the milliseconds within the index. */
function applyAll(index: WasmIndex, adversary: Adversary, entries: number, isSet: boolean): number {
  let elapsedMs = 0;
  for (let from = 0; from < entries; from += CHANGES_BATCH) {
    const count = Math.min(CHANGES_BATCH, entries - from);
    const set = Array.from({ length: count }, (_, at) => adversary.entry(from + at));
    const batch = isSet ? set : set.map(deletionOf);
    const startedMs = performance.now();
    index.apply(batch);
    elapsedMs += performance.now() - startedMs;
  }
  return elapsedMs;
}

/** Deletes entries and sets them again for `loopMs` of work within the index; changes a second. */
function changeRate(
  index: WasmIndex,
  adversary: Adversary,
  entries: number,
  draws: Draws,
  loopMs: number,
): number {
  let elapsedMs = 0;
  let changes = 0;
  while (elapsedMs < loopMs) {
    const positions = new Set(Array.from({ length: CHANGES_BATCH }, () => draws.below(entries)));
    const set = [...positions].map((position) => adversary.entry(position));
    const deleted = set.map(deletionOf);
    const startedMs = performance.now();
    index.apply(deleted);
    index.apply(set);
    elapsedMs += performance.now() - startedMs;
    changes += 2 * set.length;
  }
  return (changes * 1000) / elapsedMs;
}

function deletionOf(change: IndexChange): IndexChange {
  return { entry: change.entry, from: change.from, to: change.to, route: null };
}

/** Throws where an index does not have the entries of a population, and them alone. */
function checkEntries(index: WasmIndex, adversary: Adversary, entries: number): void {
  const kind = adversary.entry(0).entry;
  const counts = index.counts();
  if (counts[kind] !== entries || counts.prefix + counts.fragmented + counts.ported !== entries) {
    throw new Error(`${adversary.name}: ${JSON.stringify(counts)} in place of ${entries} ${kind}`);
  }
  const keys = new Float64Array(BATCH);
  const answers = new Uint32Array(BATCH);
  const step = Math.ceil(entries / BATCH);
  const count = Math.ceil(entries / step);
  for (let at = 0; at < count; at++) keys[at] = adversary.entry(at * step).from;
  index.lookup(keys, answers, count);
  for (let at = 0; at < count; at++) checkAnswer(index, adversary, at * step, answers[at]!);
}

/** Of the entries that begin with the same number the innermost wins, which need not be this one. */
function checkAnswer(
  index: WasmIndex,
  adversary: Adversary,
  position: number,
  answer: Answer,
): void {
  const { entry, from, to, route, userData } = adversary.entry(position);
  const found = index.find(from);
  const isRight =
    kindOfAnswer(answer) === entry &&
    found?.route === routeOfAnswer(answer) &&
    found.from === from &&
    (found.to < to || (found.to === to && found.route === route && found.userData === userData));
  if (!isRight) throw new Error(`${adversary.name}: a wrong answer to ${from}`);
}
