// Every question that an index can be asked, asked to it and to the oracle.

import {
  type IndexEntry,
  type IndexReader,
  type NumberIndex,
  routeOfAnswer,
} from '../number-index.ts';
import type { ModelChange } from './model-changes.ts';
import type { Random } from './random.ts';

/** An entry that may say where the user data lies. */
type ModelEntry = IndexEntry & { userData?: number };

/** What is no key: nothing is found for it. 2e15 is the first integer above all keys. */
const INVALID_KEYS = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, 9, 0.5, 10.5],
  ...[-10, -1861, -1e15, 20, 35, 99, 200, 999, 2 ** 31, 2 ** 32, 2 ** 32 + 0.5, 2e14, 9e14],
  ...[2e15, 2e15 + 2, 2 ** 53, 2 ** 63, 1e300, 1_861_391_234_567.5, 5e-324],
];
const TOUCHED_ALL_MAX = 6000;
const NEIGHBOURS_OF_MAX = 120;
const DETAILED = 24;

/**
 * Asks for what a batch touched, what lies beside that, anything else of the shape and what is no
 * key. Throws an Error that names the first difference.
 */
export function compareAnswers(
  index: NumberIndex,
  oracle: NumberIndex,
  changes: readonly ModelChange[],
  random: Random,
  key: () => number,
): void {
  const keys: number[] = [];
  for (const { from, to } of changes.slice(0, TOUCHED_ALL_MAX)) {
    keys.push(from);
    if (to !== from) keys.push(to);
  }
  for (let count = Math.min(changes.length, NEIGHBOURS_OF_MAX); count > 0; count--) {
    pushNeighbours(keys, random.pick(changes), random);
  }
  for (let count = 0; count < 60; count++) keys.push(key());
  for (let count = 0; count < 8; count++) keys.push(random.pick(INVALID_KEYS));
  compareLookups(index, oracle, keys);
  for (let count = 0; count < DETAILED; count++) {
    compareDetails(index, oracle, keys[random.below(keys.length)]!);
  }
  // The last of them are what is no key.
  for (let count = 1; count < 4; count++) compareDetails(index, oracle, keys.at(-count)!);
  compareState(index, oracle);
}

function pushNeighbours(keys: number[], { from, to }: ModelChange, random: Random): void {
  keys.push(from - 1, to + 1, random.between(from, to), Math.floor(from / 10), from * 10);
  keys.push(from * 1000 + random.below(1000), Math.floor(from / 1000));
  for (const distance of [64, 250, 1000, 2 ** 16, 2 ** 24]) {
    keys.push(from + random.between(-distance, distance));
  }
}

function compareLookups(index: IndexReader, oracle: IndexReader, keys: readonly number[]): void {
  const size = Math.min(index.batchMax, oracle.batchMax);
  const [answers, expected] = [new Uint32Array(size), new Uint32Array(size)];
  for (let at = 0; at < keys.length; at += size) {
    const batch = Float64Array.from(keys.slice(at, at + size));
    index.lookup(batch, answers, batch.length);
    oracle.lookup(batch, expected, batch.length);
    for (let place = 0; place < batch.length; place++) {
      if (answers[place] === expected[place]) continue;
      const [answer, wanted] = [answers[place]!, expected[place]!];
      throw new KeyFault(
        batch[place]!,
        `lookup gives ${describeAnswer(answer)}, not ${describeAnswer(wanted)}`,
      );
    }
    index.lookupNames(batch, answers, batch.length);
    oracle.lookupNames(batch, expected, batch.length);
    for (let place = 0; place < batch.length; place++) {
      if (answers[place] === expected[place]) continue;
      throw new KeyFault(
        batch[place]!,
        `lookupNames gives ${answers[place]!}, not ${expected[place]!}`,
      );
    }
  }
}

function compareDetails(index: IndexReader, oracle: IndexReader, key: number): void {
  const [bounded, boundedWanted] = [index.explainWithin(key, 2), oracle.explainWithin(key, 2)];
  const questions = [
    ['find', index.find(key), oracle.find(key)],
    ['explain', index.explain(key), oracle.explain(key)],
    ['explainWithin', bounded.entries, boundedWanted.entries],
    ['runsLeftOut', bounded.runsLeftOut, boundedWanted.runsLeftOut],
    ['hasBelow', index.hasBelow(key), oracle.hasBelow(key)],
  ] as const;
  for (const [question, answer, expected] of questions) {
    const [given, wanted] = [describe(answer), describe(expected)];
    if (given !== wanted) throw new KeyFault(key, `${question} gives ${given}, not ${wanted}`);
  }
}

function compareState(index: NumberIndex, oracle: NumberIndex): void {
  const [counts, wanted] = [index.counts(), oracle.counts()];
  for (const kind of ['prefix', 'fragmented', 'ported'] as const) {
    if (counts[kind] === wanted[kind]) continue;
    throw new Error(`counts ${counts[kind]} ${kind} entries, not ${wanted[kind]}`);
  }
  const [label, wantedLabel] = [index.label(), oracle.label()].map((each) => [...each].join());
  if (label !== wantedLabel) throw new Error(`the label is ${label}, not ${wantedLabel}`);
}

/** Compares all entries, and what the index counts, with those of the oracle. */
export function compareEntries(index: NumberIndex, oracle: NumberIndex): void {
  compareState(index, oracle);
  const expected = oracle.entries();
  for (const entry of index.entries()) {
    const wanted = expected.next().value as IndexEntry | undefined;
    if (wanted !== undefined && isSameEntry(entry, wanted)) continue;
    throw new KeyFault(entry.from, `lists ${describe(entry)} where ${describe(wanted)} should be`);
  }
  const missing = expected.next();
  if (!missing.done) throw new KeyFault(missing.value.from, `lists no ${describe(missing.value)}`);
}

function isSameEntry(left: ModelEntry, right: ModelEntry): boolean {
  return (
    left.entry === right.entry &&
    left.from === right.from &&
    left.to === right.to &&
    left.route === right.route &&
    left.userData === right.userData
  );
}

/** A difference that shows at one key. */
export class KeyFault extends Error {
  readonly key: number;

  constructor(key: number, message: string) {
    super(`key ${key}: ${message}`);
    this.key = key;
  }
}

function describeAnswer(answer: number): string {
  if (answer === 0) return 'nothing';
  const [kind, length] = [answer >>> 30, (answer >>> 26) & 15];
  return `0x${answer.toString(16)} (kind ${kind}, length ${length}, route ${routeOfAnswer(answer)})`;
}

/** Fields in one order, whoever made the entry. */
function describe(
  answer: boolean | number | ModelEntry | readonly ModelEntry[] | undefined,
): string {
  if (Array.isArray(answer)) return `[${answer.map(describe).join('; ')}]`;
  if (typeof answer !== 'object') return String(answer);
  const { entry, from, to, route, userData } = answer as ModelEntry;
  return `${entry} ${from} to ${to}, route ${route}, user data ${userData ?? 'none'}`;
}
