// What may be skipped when two indexes are compared: lines that are equal, and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingSpans } from '../line-comparison.ts';
import type { IndexChange } from '../number-index.ts';

import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { ported } from './changes.ts';
import { imageOf } from './forged-images.ts';

const FIRST = 1_358_400_000_000;
const NUMBERS = 400_000;
const memoryBytesMax = 64 << 20;

/** An index as a snapshot gives it: its patches are in their lines. */
function loaded(...batches: IndexChange[][]): WasmIndex {
  const index = createWasmIndex({ memoryBytesMax });
  for (const batch of batches) index.apply(batch);
  return loadImage(imageOf(index), { memoryBytesMax });
}

/** Every tenth number ported, to one of a few routes. */
const content = Array.from({ length: NUMBERS / 10 }, (_, at) => ported(FIRST + at * 10, at % 7));

function isIn(spans: readonly number[], key: number): boolean {
  return spans.some((from, at) => at % 2 === 0 && from <= key && key < spans[at + 1]!);
}

function numbersIn(spans: readonly number[]): number {
  return spans.reduce((sum, bound, at) => sum + (at % 2 === 0 ? -bound : bound), 0);
}

test('equal contents have no spans, even where they came about otherwise', () => {
  const left = loaded(content);
  assert.deepEqual(differingSpans(left, loaded(content)), []);
  assert.deepEqual(differingSpans(left, left), []);
});

test('the spans hold what differs and little else: another route, a number more, a number less', () => {
  const left = loaded(content);
  const keys = [FIRST + 4_010, FIRST + 9_995, FIRST + 15_000];
  const right = loaded(content, [ported(keys[0]!, 5), ported(keys[1]!, 1), ported(keys[2]!, null)]);
  const spans = differingSpans(left, right);
  for (const key of keys) assert.ok(isIn(spans, key), String(key));
  assert.ok(numbersIn(spans) < NUMBERS / 2, `${numbersIn(spans)} numbers`);
  assert.deepEqual(differingSpans(right, left), spans);
});

test('lines in tables are compared, and spans that have one on one side only differ', () => {
  // So dense in places, and nothing between them, that lines have tables.
  const size = 900;
  const blocks = Array.from({ length: 45 * size }, (_, at) =>
    ported(FIRST + Math.floor(at / size) * 9000 + (at % size), at % 7),
  );
  const left = loaded(blocks);
  assert.ok([...left.segments()].some(({ shape }) => shape >>> 27 !== 0));
  assert.deepEqual(differingSpans(left, loaded(blocks)), []);
  const keys = [FIRST + 100, FIRST + 9_200, FIRST + 31_000];
  const right = loaded(blocks, [ported(keys[0]!, 5), ported(keys[1]!, null), ported(keys[2]!, 1)]);
  for (const spans of [differingSpans(left, right), differingSpans(right, left)]) {
    for (const key of keys) assert.ok(isIn(spans, key), String(key));
    assert.ok(numbersIn(spans) <= 3 * 400, `${numbersIn(spans)} numbers`);
  }
});

test('user data, which lies outside of lines, is compared', () => {
  const withData = (key: number, userData: number): IndexChange => ({
    ...{ entry: 'ported', from: key, to: key, route: 1, userData },
  });
  const key = FIRST + 4_010;
  const left = loaded(content, [withData(key, 7)]);
  assert.deepEqual(differingSpans(left, loaded(content, [withData(key, 7)])), []);
  assert.ok(isIn(differingSpans(left, loaded(content, [withData(key, 8)])), key));
  assert.ok(isIn(differingSpans(left, loaded(content)), key));
});

test('the same codes of other routes are a difference', () => {
  const moved = content.map((one) => ({ ...one, route: one.route! + 100 }));
  const spans = differingSpans(loaded(content), loaded(moved));
  for (const { from } of content) assert.ok(isIn(spans, from));
});

test('numbers that only one side has are in a span, whatever the shape of their parts', () => {
  const empty = loaded([]);
  const right = loaded(content, [ported(10, 1), ported(1_999_999_999_999_999, 1)]);
  for (const spans of [differingSpans(empty, right), differingSpans(right, empty)]) {
    for (const key of [10, FIRST, FIRST + NUMBERS - 10, 1_999_999_999_999_999]) {
      assert.ok(isIn(spans, key), String(key));
    }
  }
});
