// An index and its reference that take the same batches, and are compared where lines and segments begin and end.

import assert from 'node:assert/strict';
import type { IndexChange } from '../number-index.ts';
import type { ReferenceIndex } from '../reference-index.ts';
import type { WasmIndex } from '../wasm-index.ts';
import { instantiate, type WasmBuild } from '../wasm-module.ts';
import { livePatches, settle } from './memory-inspection.ts';

export type IndexPair = readonly [index: WasmIndex, reference: ReferenceIndex];

const BATCH = 4000;

/** Compares them with the batch in patches, and folded into the lines. */
export function applyBoth([index, reference]: IndexPair, batch: IndexChange[]): void {
  for (const each of [index, reference]) each.apply(batch);
  compare([index, reference]);
  settle(index);
  assert.deepEqual(livePatches(index.memory), []);
  compare([index, reference]);
}

/** Numbers at and around both ends of each line that there is or may be, and around others. */
export function numbersAtBounds(index: WasmIndex, others: readonly number[] = []): number[] {
  const ends = [...others];
  for (const { from, end, span } of index.segments()) {
    for (let at = from; at < end; at += span) ends.push(at);
    ends.push(end);
  }
  return ends.flatMap((end) =>
    [-9, -8, -7, -2, -1, 0, 1, 2, 7, 8].map((distance) => end + distance),
  );
}

/** Compares all entries, and the answers at bounds, `others`, and where entries begin and end. */
export function compare([index, reference]: IndexPair, others: readonly number[] = []): void {
  const entries = [...reference.entries()];
  assert.deepEqual([...index.entries()], entries);
  assert.deepEqual(index.counts(), reference.counts());
  const bounds = numbersAtBounds(index, others);
  const keys = [...bounds, ...entries.flatMap(({ from, to }) => [from, from - 1, to + 1])];
  for (let at = 0; at < keys.length; at += BATCH) {
    const some = keys.slice(at, at + BATCH);
    assert.deepEqual(answersOf(index, some), answersOf(reference, some));
  }
  for (const key of bounds) assert.deepEqual(index.find(key), reference.find(key));
}

function answersOf(index: WasmIndex | ReferenceIndex, keys: readonly number[]): Uint32Array {
  const answers = new Uint32Array(keys.length);
  index.lookup(Float64Array.from(keys), answers, keys.length);
  return answers;
}

/**
 * Applies batches while a reader of the version before each stays in a call, and compares its answers for some
 * keys, at most a batch, with what the reference had then.
 */
export function applyBehindReaders(
  pair: IndexPair,
  batches: readonly IndexChange[][],
  keys: readonly number[],
  build: WasmBuild,
): void {
  const [index, reference] = pair;
  const wasm = instantiate(index.memory, build);
  const { buffer } = index.memory;
  for (const batch of batches) {
    const reader = wasm.call((exports) => exports.claimReader());
    const version = wasm.call((exports) => exports.enter(reader));
    const expected = answersOf(reference, keys);
    for (const each of [index, reference]) each.apply(batch);
    index.apply([]);
    const answers = wasm.call((exports) => {
      new Float64Array(buffer, reader + exports.READER_KEYS.value, keys.length).set(keys);
      exports.lookupEntered(reader, version, keys.length);
      const at = reader + exports.READER_ANSWERS.value;
      return new Uint32Array(buffer, at, keys.length).slice();
    });
    assert.deepEqual(answers, expected);
    wasm.call((exports) => exports.leave(reader));
    wasm.call((exports) => exports.releaseReader(reader));
    compare(pair);
    settle(index);
    compare(pair);
  }
}
