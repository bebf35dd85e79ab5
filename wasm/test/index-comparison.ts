// Random batches of changes given to an index and to the reference, and every question asked to both.

import assert from 'node:assert/strict';
import { lengthOfKey } from '../key.ts';
import {
  type EntryKind,
  type IndexChange,
  IndexError,
  type NumberIndex,
  USER_DATA_END,
} from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import type { KeyShape } from './key-shapes.ts';
import { Random } from './random.ts';

const BATCHES = 150;
const BATCH_CHANGES_MAX = 110;
const QUESTIONS = 60;
const KINDS: readonly EntryKind[] = ['prefix', 'fragmented', 'ported', 'ported'];

/** About 8,000 changes, with as many lookups and other questions in between. */
export function compareWithReference(
  index: NumberIndex,
  shape: KeyShape,
  seed: number,
  keepsPortedUserData: boolean,
): void {
  const random = new Random(seed);
  const reference = new ReferenceIndex();
  const known: IndexChange[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const changes = Array.from({ length: 1 + random.below(BATCH_CHANGES_MAX) }, () =>
      randomChange(random, shape, known, keepsPortedUserData),
    );
    const label = Uint8Array.of(batch);
    assert.equal(outcomeOf(index, changes, label), outcomeOf(reference, changes, label));
    compareAnswers(index, reference, randomKeys(random, shape, known));
    assert.deepEqual(index.counts(), reference.counts());
    assert.deepEqual(index.label(), reference.label());
    if (batch % 25 === 24) assert.deepEqual([...index.entries()], [...reference.entries()]);
  }
}

/** Half of the changes are of entries that were there before. */
function randomChange(
  random: Random,
  shape: KeyShape,
  known: IndexChange[],
  keepsPortedUserData: boolean,
): IndexChange {
  const route = random.chance(0.35) ? null : random.below(1 << 20);
  if (known.length > 0 && random.chance(0.5)) return { ...random.pick(known), route };
  const entry = random.pick(KINDS);
  const key = shape.key(random);
  const change: IndexChange =
    entry === 'fragmented'
      ? { entry, ...randomRun(random, key), route }
      : { entry, from: key, to: key, route };
  const keepsUserData = entry === 'fragmented' || (entry === 'ported' && keepsPortedUserData);
  if (keepsUserData && random.chance(0.3)) change.userData = random.below(USER_DATA_END);
  known.push(change);
  return change;
}

/** A run around a key: blocks of powers of two never cross, but a few runs are none. */
function randomRun(random: Random, key: number): { from: number; to: number } {
  const unit = 10 ** lengthOfKey(key);
  const last = unit * 2 - 1;
  const size = 2 ** random.below(12);
  if (random.chance(0.002)) return { from: key, to: Math.min(key + size, last) };
  const from = key - ((key - unit) % size);
  return { from, to: Math.min(from + size - 1, last) };
}

function randomKeys(random: Random, shape: KeyShape, known: readonly IndexChange[]): number[] {
  return Array.from({ length: QUESTIONS }, () => {
    const { from, to } = random.pick(known);
    const near = [from, to, from - 1, to + 1, Math.floor(from / 10), from * 10, shape.key(random)];
    return random.pick(near);
  });
}

function outcomeOf(index: NumberIndex, changes: readonly IndexChange[], label: Uint8Array): string {
  try {
    index.apply(changes, label);
    return 'applied';
  } catch (error) {
    if (error instanceof IndexError) return error.code;
    throw error;
  }
}

function compareAnswers(index: NumberIndex, reference: NumberIndex, keys: readonly number[]): void {
  const answers = [index, reference].map((each) => {
    const batch = new Uint32Array(keys.length);
    each.lookup(Float64Array.from(keys), batch, keys.length);
    return batch;
  });
  assert.deepEqual(answers[0], answers[1]);
  for (const key of keys) {
    assert.deepEqual(index.explain(key), reference.explain(key), `explain ${key}`);
    assert.deepEqual(index.find(key), reference.find(key), `find ${key}`);
    assert.equal(index.hasBelow(key), reference.hasBelow(key), `hasBelow ${key}`);
  }
}
