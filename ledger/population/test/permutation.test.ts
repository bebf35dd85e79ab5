import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPermutation, PERMUTATION_SIZE_MAX } from '../permutation.ts';
import { createRandom, createXoshiro128 } from '../random.ts';
import { testSeed } from './seed.ts';

describe('a permutation', () => {
  const seed = testSeed();

  test('is a bijection of every small size', () => {
    for (const size of [1, 2, 3, 4, 5, 7, 10, 16, 17, 99, 100, 101, 1_000, 4_097, 30_011]) {
      const { forward, inverse } = createPermutation(size, seed, 'test');
      const seen = new Uint8Array(size);
      for (let position = 0; position < size; position++) {
        const image = forward(position);
        assert.ok(Number.isInteger(image) && image >= 0 && image < size);
        assert.equal(seen[image]!++, 0);
        assert.equal(inverse(image), position);
      }
    }
  });

  test('is inverted at the largest size', () => {
    const random = createRandom(seed);
    for (const size of [2 ** 31 + 11, 2 ** 32, PERMUTATION_SIZE_MAX - 1, PERMUTATION_SIZE_MAX]) {
      const { forward, inverse } = createPermutation(size, seed, 'test');
      for (const position of [
        0,
        1,
        size - 1,
        ...Array.from({ length: 1_000 }, () => random.below(size)),
      ]) {
        const image = forward(position);
        assert.ok(image >= 0 && image < size);
        assert.equal(inverse(image), position);
        assert.equal(forward(inverse(position)), position);
      }
    }
  });

  test('scatters neighbours and depends on seed and purpose', () => {
    const size = 100_000;
    const one = createPermutation(size, 1, 'one');
    let low = 0;
    for (let position = 0; position < size / 10; position++) {
      if (one.forward(position) < size / 10) low++;
    }
    assert.ok(Math.abs(low - size / 100) < size / 400, `${low} of a tenth stayed in it`);
    assert.notEqual(one.forward(5), createPermutation(size, 2, 'one').forward(5));
    assert.notEqual(one.forward(5), createPermutation(size, 1, 'other').forward(5));
  });

  test('refuses sizes that it cannot hold', () => {
    for (const size of [-1, 1.5, Number.NaN, PERMUTATION_SIZE_MAX + 1]) {
      assert.throws(() => createPermutation(size, 1, 'test'), RangeError);
    }
  });
});

describe('a random generator', () => {
  test('is xoshiro128**: the first outputs of its authors’ code from the state 1, 2, 3, 4', () => {
    const random = createXoshiro128(1, 2, 3, 4);
    const outputs = Array.from({ length: 6 }, () => random.uint32());
    assert.deepEqual(outputs, [11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
  });

  test('repeats its sequence for a seed and has another for another', () => {
    const sequence = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 5 }, () => random.uint32());
    };
    assert.deepEqual(sequence(7), sequence(7));
    assert.notDeepEqual(sequence(7), sequence(8));
  });

  test('stays below its bound and reaches all of a small one', () => {
    const random = createRandom(testSeed());
    const seen = new Set(Array.from({ length: 500 }, () => random.below(7)));
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
    for (let draw = 0; draw < 1_000; draw++) assert.ok(random.below(2 ** 53 - 1) < 2 ** 53 - 1);
  });
});
