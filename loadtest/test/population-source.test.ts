import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation, MOVING_NUMBERS } from '../../ledger/population/population.ts';
import { drawPool, POOL_NUMBERS_MAX, POOL_NUMBERS_MIN } from '../number-source.ts';
import { createPopulationSource, MIX_DEFAULT } from '../population-source.ts';
import { source as smallSource } from './load-fixtures.ts';

const population = createPopulation({
  data: readNumberingData(),
  ported: 10_000,
  fragmented: 200,
  profile: 25,
  seed: 1,
});

describe('the population as a source of numbers', () => {
  test('gives the same numbers in every run and others for another seed', () => {
    const drawn = (seed: number) =>
      drawPool(createPopulationSource(population, MIX_DEFAULT, undefined, seed), 500);
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
  });

  test('gives every kind of number in the mix, with both identities', () => {
    const pool = drawPool(createPopulationSource(population, MIX_DEFAULT, undefined, 1), 500);
    const kinds = new Set(pool.map(({ expected }) => expected?.entry ?? 'miss'));
    assert.deepEqual([...kinds].sort(), ['fragmented', 'miss', 'ported', 'prefix']);
    assert.equal(new Set(pool.map(({ identity }) => identity)).size, 2);
  });

  test('keeps to one identity, and says where the mix has none of it', () => {
    const imsi = createPopulationSource(population, MIX_DEFAULT, 'imsi', 1);
    for (const { identity } of drawPool(imsi, 200)) assert.equal(identity, 'imsi');
    const none = createPopulationSource(population, { ported: 1 }, 'imsi', 1);
    assert.throws(() => none.draw(), RangeError);
  });

  test('leaves out the numbers that a resolver moves about, and only these', () => {
    const draws = (isMoving: boolean) => {
      const source = createPopulationSource(population, { ported: 1 }, undefined, 1, isMoving);
      const indexes = Array.from({ length: 2000 }, () => population.portedIndex(source.draw().key));
      return indexes.filter((index) => index < MOVING_NUMBERS).length;
    };
    assert.ok(draws(false) > 100, 'one in ten is of them');
    assert.equal(draws(true), 0);
  });

  test('is drawn from within limits', () => {
    smallSource.reset();
    assert.equal(drawPool(smallSource, Number.POSITIVE_INFINITY).length, POOL_NUMBERS_MAX);
    assert.equal(drawPool(smallSource, 3).length, POOL_NUMBERS_MIN);
    assert.equal(drawPool(smallSource, POOL_NUMBERS_MIN + 1).length, POOL_NUMBERS_MIN + 1);
  });
});
