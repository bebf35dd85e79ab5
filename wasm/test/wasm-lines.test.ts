// What the lines of ported numbers hold, in every form that they and their areas come in: each index
// is compared with the reference, before and after its patches are folded.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { applyBoth, type IndexPair } from './index-pair.ts';
import { areaCounts, settle, usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const AREA = 2 ** 24;
const SEGMENT = 2 ** 16;
/** The first number of an area in the middle of those of eleven digits. */
const FIRST_KEY = 11_000 * AREA;

const seed = runSeed();

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm lines, ${build} (BCHF_TEST_SEED=${seed})`, () => {
    /** An index and its reference, after each of the batches; both are asked the same. */
    function compared(...batches: IndexChange[][]): IndexPair {
      const pair: IndexPair = [createWasmIndex({ memoryBytesMax, build }), new ReferenceIndex()];
      for (const batch of batches) applyBoth(pair, batch);
      return pair;
    }

    it('have codes outside where they do not fit', () => {
      // 60 entries of a listed line take 60 × (low + code) bits, of which a line has less than 400.
      const numbers = Array.from({ length: 60 }, (_, at) => FIRST_KEY + at);
      compared(numbers.map((key, at) => ported(key, at * 1009)));
    });

    it('have user data for all their entries, of which some have none', () => {
      const random = new Random(seed);
      const changes = Array.from({ length: 3000 }, (_, at) => {
        const change = ported(FIRST_KEY + at * 3 + random.below(3), random.below(5));
        return random.chance(0.5) ? change : { ...change, userData: 2 ** 48 - 1 - at };
      });
      const gone = changes.map(({ from, route }) => ported(from, route));
      const [index] = compared(changes.slice(0, 40), changes, gone);
      assert.equal(
        [...index.entries()].some(({ userData }) => userData !== undefined),
        false,
      );
    });

    for (const count of [62, 63, 64, 65, 200]) {
      it(`hold ${count} numbers of one listed line`, () => {
        const numbers = Array.from({ length: count }, (_, at) => FIRST_KEY + at * 2);
        const [index, reference] = compared(
          [ported(FIRST_KEY + AREA - 1, 1)],
          numbers.map((key, at) => ported(key, at)),
        );
        applyBoth(
          [index, reference],
          numbers.slice(3).map((key) => ported(key, null)),
        );
      });
    }

    for (const routes of [1, 2, 3, 64, 65, 4096, 4097]) {
      it(`name ${routes} routes in one area, and one more`, () => {
        const numbers = Array.from(
          { length: Math.max(routes, 100) },
          (_, at) => FIRST_KEY + at * 5,
        );
        const [index, reference] = compared(numbers.map((key, at) => ported(key, at % routes)));
        applyBoth(
          [index, reference],
          [ported(FIRST_KEY + 1, routes), ported(FIRST_KEY + 5, routes)],
        );
        applyBoth(
          [index, reference],
          numbers.map((key) => ported(key, 2 ** 20 - 1)),
        );
      });
    }

    it('lie in an area that becomes dense, sparse again, and goes, with its node', () => {
      const index = createWasmIndex({ memoryBytesMax, build });
      const emptyBytes = usedBytes(index.memory);
      const reference = new ReferenceIndex();
      const numbers = Array.from({ length: 33_000 }, (_, at) => FIRST_KEY + at * 500);
      applyBoth(
        [index, reference],
        numbers.slice(0, 1000).map((key, at) => ported(key, at % 7)),
      );
      assert.deepEqual(areaCounts(index.memory), { dense: 0, sparse: 1, divided: 1 });
      applyBoth(
        [index, reference],
        numbers.map((key, at) => ported(key, at % 7)),
      );
      assert.deepEqual(areaCounts(index.memory), { dense: 1, sparse: 0, divided: 0 });
      applyBoth(
        [index, reference],
        numbers.slice(1000).map((key) => ported(key, null)),
      );
      assert.deepEqual(areaCounts(index.memory), { dense: 0, sparse: 1, divided: 1 });
      applyBoth(
        [index, reference],
        numbers.slice(0, 1000).map((key) => ported(key, null)),
      );
      assert.deepEqual(areaCounts(index.memory), { dense: 0, sparse: 0, divided: 0 });
      assert.equal(usedBytes(index.memory), emptyBytes);
      assert.equal(index.counts().ported, 0);
    });

    it('hold numbers around every boundary of areas and segments, in all lengths', () => {
      const random = new Random(seed);
      const changes: IndexChange[] = [];
      for (let unit = 10; unit < 1e16; unit *= 10) {
        for (const size of [SEGMENT, AREA, 2 ** 34]) {
          const boundary = (Math.floor(unit / size) + 1) * size;
          const near = [unit, 2 * unit - 1];
          if (boundary < 2 * unit - 1) near.push(boundary - 1, boundary, boundary + 1);
          changes.push(...near.map((key) => ported(key, random.below(100))));
        }
        if (unit > 10) changes.push(prefix(unit / 10, 200), run(unit, unit + unit / 10 - 1, 300));
      }
      const valid = changes.filter(({ to }) => to < 2e15);
      const [index, reference] = compared(valid);
      applyBoth(
        [index, reference],
        valid.map((change) => ({ ...change, route: null })),
      );
      assert.deepEqual(areaCounts(index.memory), { dense: 0, sparse: 0, divided: 0 });
    });
  });
}

describe('Wasm lines', () => {
  it('name 70,000 routes in one area', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const changes = Array.from({ length: 70_000 }, (_, at) => ported(FIRST_KEY + at * 201, at));
    index.apply(changes);
    settle(index);
    assert.deepEqual(areaCounts(index.memory), { dense: 1, sparse: 0, divided: 0 });
    assert.deepEqual([...index.entries()], changes);
  });
});
