// What benches are made of: the machine's limit, the numbers that they fill an index with, the changes
// that they make, and the client of a peer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoadBatch } from '../bench/bench-ceiling.ts';
import { CHURN_BATCH, createChurn } from '../bench/bench-churn.ts';
import { hash32 } from '../bench/bench-draws.ts';
import {
  type BenchPopulation,
  BLOCK_NUMBERS,
  createBenchPopulation,
  PORTED_MIN,
  PREFIX_COUNT,
} from '../bench/bench-population.ts';
import { type IndexChange, NOT_FOUND } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { Random, runSeed } from './random.ts';

const seed = runSeed();

describe('Bench ceiling', () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true });
  const scratch = new Uint32Array(memory.buffer, 64, 100);

  it(`loads every address that is given, wherever it lies (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const bytes = new DataView(memory.buffer);
    for (let at = 1024; at < bytes.byteLength; at += 4) bytes.setUint32(at, random.below(2 ** 32));
    const loadBatch = createLoadBatch(memory, scratch);
    for (const count of [1, 2, 99, 100]) {
      let sum = 0n;
      for (let place = 0; place < scratch.length; place++) {
        scratch[place] = 1024 + random.below((bytes.byteLength - 1024) / 8) * 8;
        if (place < count) sum += bytes.getBigUint64(scratch[place]!, true);
      }
      assert.equal(BigInt.asUintN(64, loadBatch(count)), BigInt.asUintN(64, sum));
    }
  });

  it('refuses batches that the scratch area does not hold', () => {
    const loadBatch = createLoadBatch(memory, scratch);
    for (const count of [0, 101, 1.5]) assert.throws(() => loadBatch(count), RangeError);
  });
});

function portedOf(population: BenchPopulation, chunkSize: number): IndexChange[] {
  const ported: IndexChange[] = [];
  for (const { keys, routes } of population.portedChunks(chunkSize)) {
    assert.ok(keys.length <= chunkSize && keys.length === routes.length);
    keys.forEach((key, at) => {
      ported.push({ entry: 'ported', from: key, to: key, route: routes[at]! });
    });
  }
  return ported;
}

describe('Bench population', () => {
  const PORTED = 2500;
  const SPACE_FIRST = 18_613_000_000_000;
  const population = createBenchPopulation(PORTED, seed);
  const ported = portedOf(population, 300);

  it(`is a tenth ported, in order, and the same for the same seed (BCHF_TEST_SEED=${seed})`, () => {
    // Six standard deviations of a binomial distribution over the space.
    assert.ok(Math.abs(ported.length - PORTED) < 6 * Math.sqrt(PORTED * 0.9));
    assert.ok(ported.every(({ from }, at) => at === 0 || from > ported[at - 1]!.from));
    const again = createBenchPopulation(PORTED, seed);
    assert.deepEqual(portedOf(again, 100_000), ported);
    const batches = [...again.portedBatches(300)].map((batch) => batch.length);
    assert.ok(batches.every((size, at) => size === 300 || at === batches.length - 1));
    assert.deepEqual([...again.portedBatches(100_000)].flat(), ported);
    assert.deepEqual(again.runs(), population.runs());
    assert.deepEqual(again.prefixes(), population.prefixes());
  });

  it(`is what an index answers, and nothing else passes (BCHF_TEST_SEED=${seed})`, () => {
    const index = new ReferenceIndex();
    index.apply(population.prefixes());
    index.apply(population.runs());
    index.apply(ported);
    assert.equal(index.counts().prefix, PREFIX_COUNT);
    assert.equal(index.counts().fragmented, 2);
    const keys = Float64Array.from(
      { length: population.numberCount },
      (_, place) => SPACE_FIRST + place,
    );
    const answers = new Uint32Array(index.batchMax);
    for (let at = 0; at < keys.length; at += answers.length) {
      const batch = keys.subarray(at, at + answers.length);
      index.lookup(batch, answers, batch.length);
      batch.forEach((key, place) => {
        const answer = answers[place]!;
        assert.ok(population.isRight(key, answer), `key ${key}, answer ${answer}`);
        assert.equal(population.isRight(key, NOT_FOUND), false);
      });
    }
    const { from, route } = ported[0]!;
    index.apply([{ entry: 'ported', from, to: from, route: route! ^ 1 }]);
    index.lookup(Float64Array.of(from), answers, 1);
    assert.equal(population.isRight(from, answers[0]!), false);
  });

  it(`is asked uniformly, or for few numbers often (BCHF_TEST_SEED=${seed})`, () => {
    const keys = new Float64Array(100_000);
    const countsOf = (): number[] => {
      const counts = new Map<number, number>();
      for (const key of keys) {
        assert.ok(key >= SPACE_FIRST && key < SPACE_FIRST + population.numberCount);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return [...counts.values()].sort((left, right) => right - left);
    };
    population.drawUniform(keys, 1);
    // Four of each on average.
    assert.ok(countsOf()[0]! < 40);
    population.drawZipf(keys, 1);
    const [first, second] = countsOf();
    // 1/H(25,000) is 9.3%; where scattering lets a second frequent number fall on the same place, more.
    assert.ok(first! > 8700 && first! < 20_000, `${first} times`);
    assert.ok(second! > 4200 && second! <= first!, `${second} times`);
  });

  it('has a least and a greatest size', () => {
    for (const count of [999, 1_000_000_001, 1500.5, Number.NaN]) {
      assert.throws(() => createBenchPopulation(count, seed), RangeError);
    }
    for (const density of [0, 0.00001, 0.91, Number.NaN]) {
      assert.throws(() => createBenchPopulation(1_000_000, seed, { density }), RangeError);
    }
  });

  it(`has its ported numbers in some blocks only, if asked to (BCHF_TEST_SEED=${seed})`, () => {
    for (const blockShare of [0, 0.05, 1.1, Number.NaN]) {
      assert.throws(() => createBenchPopulation(PORTED, seed, { blockShare }), RangeError);
    }
    const shape = { density: 0.05, blockShare: 0.1, hasRuns: false };
    const population = createBenchPopulation(100 * PORTED_MIN, seed, shape);
    const counts = new Map<number, number>();
    for (const { keys } of population.portedChunks(1000)) {
      for (const key of keys) {
        const block = Math.floor((key - population.firstKey) / BLOCK_NUMBERS);
        counts.set(block, (counts.get(block) ?? 0) + 1);
      }
    }
    const blocks = population.numberCount / BLOCK_NUMBERS;
    assert.ok(Math.abs(counts.size - blocks / 10) < 6 * Math.sqrt(blocks / 10));
    for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 6 * Math.sqrt(500));
  });

  it(`is as dense as it is to be, under one prefix or none (BCHF_TEST_SEED=${seed})`, () => {
    for (const density of [0.01, 0.6]) {
      const one = createBenchPopulation(PORTED, seed, { density, hasRuns: false, prefixes: 'one' });
      const ported = portedOf(one, 1000);
      assert.ok(Math.abs(ported.length - PORTED) < 6 * Math.sqrt(PORTED));
      assert.equal(one.numberCount, Math.round(PORTED / density));
      assert.deepEqual(one.runs(), []);
      const prefixes = one.prefixes();
      assert.equal(prefixes.length, 1);
      const none = createBenchPopulation(PORTED, seed, {
        density,
        hasRuns: false,
        prefixes: 'none',
      });
      assert.deepEqual(none.prefixes(), []);
      const index = new ReferenceIndex();
      index.apply([...prefixes, ...ported]);
      const bare = new ReferenceIndex();
      bare.apply(ported);
      const keys = new Float64Array(1000);
      const answers = new Uint32Array(1000);
      one.drawUniform(keys, 1);
      index.lookup(keys, answers, keys.length);
      keys.forEach((key, at) => {
        assert.ok(one.isRight(key, answers[at]!), `key ${key}`);
      });
      bare.lookup(keys, answers, keys.length);
      keys.forEach((key, at) => {
        assert.ok(none.isRight(key, answers[at]!), `key ${key}`);
        assert.equal(one.isRight(key, answers[at]!), answers[at] !== NOT_FOUND);
      });
    }
  });

  it(`spans ten free digits where nine are too few (BCHF_TEST_SEED=${seed})`, () => {
    const large = createBenchPopulation(1_000_000_000, seed);
    assert.equal(large.numberCount, 1e10);
    const lastKey = large.firstKey + large.numberCount - 1;
    assert.match(String(large.firstKey), /^18610{10}$/);
    assert.match(String(lastKey), /^18619{10}$/);
    // Every number lies below one of the ten blocks.
    const blocks = large.prefixes().slice(0, 10);
    assert.deepEqual(
      blocks.map(({ from }) => from),
      Array.from({ length: 10 }, (_, block) => 18_610 + block),
    );
    const keys = new Float64Array(10_000);
    large.drawUniform(keys, 1);
    assert.ok(keys.every((key) => key >= large.firstKey && key <= lastKey));
    assert.ok(keys.some((key) => key > large.firstKey + 9.9e9));
    assert.equal(large.cellCount, 1_000_000);
  });

  it(`draws addresses that are aligned and within their limits (BCHF_TEST_SEED=${seed})`, () => {
    const addresses = new Uint32Array(10_000);
    population.drawAddresses(addresses, 1, 64, 164);
    assert.deepEqual(
      [...new Set(addresses)].sort((left, right) => left - right),
      Array.from({ length: 12 }, (_, place) => 64 + place * 8),
    );
  });
});

describe('Bench hash', () => {
  it('does not repeat itself after 2^32 values', () => {
    const high = 2 ** 32;
    const same = Array.from({ length: 1000 }, (_, value) => value).filter(
      (value) =>
        hash32(1, value) === hash32(1, value + high) ||
        hash32(1, value + high) === hash32(1, value + 2 * high),
    );
    assert.deepEqual(same, []);
  });
});

describe('Bench churn', () => {
  const population = createBenchPopulation(30_000, seed);
  const churn = createChurn(population, seed, 100);

  it(`leads to what it says, batch by batch, and back (BCHF_TEST_SEED=${seed})`, () => {
    const index = new ReferenceIndex();
    index.apply(population.prefixes());
    index.apply(population.runs());
    index.apply(portedOf(population, 100_000));
    const before = [...index.entries()];
    const uniform = new Float64Array(2000);
    population.drawUniform(uniform, 1);
    const keys = Float64Array.from([...uniform, ...churn.changedKeys]);
    const answers = new Uint32Array(keys.length);
    const check = (batches: number): void => {
      for (let at = 0; at < keys.length; at += index.batchMax) {
        const some = keys.subarray(at, at + index.batchMax);
        index.lookup(some, answers, some.length);
        some.forEach((key, place) => {
          const told = `${batches} batches, key ${key}, answer ${answers[place]}`;
          assert.ok(churn.isRight(key, answers[place]!, batches), told);
        });
      }
    };
    // 30 cells are enough for three batches there and three back.
    assert.equal(churn.batchCount, 6);
    const counts = index.counts();
    check(0);
    for (let batch = 0; batch < churn.batchCount + 2; batch++) {
      if (batch === churn.batchCount) assert.deepEqual([...index.entries()], before);
      const wrongBefore = [...keys].some(
        (key) => !churn.isRight(key, lookUp(index, key), batch + 1),
      );
      assert.ok(wrongBefore, `batch ${batch} changes what is answered`);
      index.apply(churn.batch(batch));
      check(batch + 1);
      assert.deepEqual(index.counts(), counts);
    }
  });

  it('is a thousand changes a batch, of the shares it says', () => {
    const shares: Record<string, number> = {};
    for (const { entry, route } of churn.batch(0)) {
      const what = `${entry} ${route === null ? 'deleted' : 'set'}`;
      shares[what] = (shares[what] ?? 0) + 1;
    }
    assert.equal(CHURN_BATCH, 1000);
    assert.deepEqual(shares, {
      'ported set': 540,
      'ported deleted': 450,
      'fragmented set': 5,
      'fragmented deleted': 5,
    });
  });

  it('refuses a population without cells for a batch', () => {
    const small = createBenchPopulation(9000, seed);
    assert.throws(() => createChurn(small, seed, 1), RangeError);
  });
});

function lookUp(index: ReferenceIndex, key: number): number {
  const answers = new Uint32Array(1);
  index.lookup(Float64Array.of(key), answers, 1);
  return answers[0]!;
}
