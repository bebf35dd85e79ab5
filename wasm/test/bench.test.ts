// What the benches promise besides speed, which no test measures: figures of the right things, a
// report that machines can read and that says plainly which bar is not met.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLoadBatch } from '../bench/bench-ceiling.ts';
import {
  type BenchPopulation,
  createBenchPopulation,
  PREFIX_COUNT,
} from '../bench/bench-population.ts';
import {
  type BenchOption,
  formatReport,
  meetsBar,
  parseBenchOptions,
  repeat,
  spreadOf,
} from '../bench/bench-report.ts';
import { type IndexChange, NOT_FOUND } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { Random, runSeed } from './random.ts';

const seed = runSeed();
const benchFile = fileURLToPath(new URL('../bench/index-lookup.js', import.meta.url));

function runIndexLookup(...argv: string[]): { code: number | null; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [benchFile, ...argv], {
    encoding: 'utf8',
  });
  return { code: status, stdout };
}

describe('Bench index-lookup', () => {
  it('ends in one JSON object with its figures and where they were measured', () => {
    const { code, stdout } = runIndexLookup('--quick', '--entries', '20000', '--seed', '7');
    assert.equal(code, 0);
    const { bench, figures, env } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    assert.equal(bench, 'index-lookup');
    for (const name of [
      'lookupsPerSecond',
      'ceilingLoadsPerSecond',
      'ratioToCeiling',
      'zipfLookupsPerSecond',
    ]) {
      const { median, min, max } = figures[name];
      assert.ok(0 < min && min <= median && median <= max, name);
    }
    assert.ok(Math.abs(figures.portedEntries - 20_000) < 1000);
    assert.equal(figures.bytesPerPortedEntry, figures.imageBytes / figures.portedEntries);
    assert.ok(figures.buildSeconds > 0);
    assert.deepEqual(Object.keys(env), ['cpu', 'cores', 'node', 'commit', 'seed']);
    assert.equal(env.node, process.versions.node);
    assert.equal(env.seed, 7);
  });

  it('judges no bar at another size than the bars are set for', () => {
    const { stdout } = runIndexLookup('--quick', '--entries', '1000');
    assert.match(stdout, /ratioToCeiling .*>= 0\.6 +not judged\n/);
    assert.match(stdout, /bytesPerPortedEntry .*<= 2\.2 +not judged\n/);
  });

  it('refuses options that are none, and tells of those that are', () => {
    assert.equal(runIndexLookup('--entries', '999').code, 2);
    assert.equal(runIndexLookup('--speed', '9').code, 2);
    const help = runIndexLookup('--help');
    assert.equal(help.code, 0);
    for (const option of ['--quick', '--runs', '--seed', '--entries']) {
      assert.ok(help.stdout.includes(`  ${option} `), option);
    }
  });
});

describe('Bench report', () => {
  const entries: BenchOption = { what: 'entries', full: 500, quick: 5, min: 1, max: 1000 };
  const env = { cpu: 'a processor', cores: 2, node: '20.19.0', commit: 'abc', seed: 1 };

  it('takes what is not given from the full or the quick size', () => {
    const chosen = (...argv: string[]) => parseBenchOptions(argv, { entries });
    assert.deepEqual(chosen(), { quick: false, runs: 5, seed: 1, values: { entries: 500 } });
    assert.deepEqual(chosen('--quick'), { quick: true, runs: 2, seed: 1, values: { entries: 5 } });
    assert.deepEqual(chosen('--quick', '--entries=70', '--runs', '3', '--seed', '9'), {
      quick: true,
      runs: 3,
      seed: 9,
      values: { entries: 70 },
    });
  });

  it('refuses what is no option, and values outside of their range', () => {
    const refused = (...argv: string[]) => parseBenchOptions(argv, { entries });
    for (const text of ['0', '1001', '1.5', '1e2', 'x', '']) {
      assert.throws(() => refused(`--entries=${text}`), RangeError, text);
    }
    assert.throws(() => refused('--runs', '0'), RangeError);
    assert.throws(() => refused('--runs', '1001'), RangeError);
    assert.throws(() => refused('--seed', '4294967296'), RangeError);
    assert.throws(() => refused('--entry', '5'), TypeError);
    assert.throws(() => refused('5'), TypeError);
    assert.throws(() => refused('--quick=yes'), TypeError);
  });

  it('throws the first run away', () => {
    assert.deepEqual(
      repeat(3, (run) => ({ once: run, twice: run * 2 })),
      { once: [1, 2, 3], twice: [2, 4, 6] },
    );
  });

  it('summarises runs by median and range', () => {
    assert.deepEqual(spreadOf([5, 1, 4]), { median: 4, min: 1, max: 5 });
    assert.deepEqual(spreadOf([10, 9, 2, 1]), { median: 5.5, min: 1, max: 10 });
    assert.deepEqual(spreadOf([3]), { median: 3, min: 3, max: 3 });
    assert.throws(() => spreadOf([]), RangeError);
  });

  it('judges a repeated figure by its median', () => {
    assert.equal(meetsBar([0.1, 0.6, 0.7], { atLeast: 0.6 }), true);
    assert.equal(meetsBar([0.1, 0.5, 0.9], { atLeast: 0.6 }), false);
    assert.equal(meetsBar(2.2, { atMost: 2.2 }), true);
    assert.equal(meetsBar(2.3, { atMost: 2.2 }), false);
  });

  it('says which bar is met and which is not, and ends in one line of JSON', () => {
    const report = formatReport(
      'example',
      {
        notes: ['a note'],
        figures: [
          { name: 'ratio', measured: [0.25, 0.5, 0.125], bar: { atLeast: 0.6 } },
          { name: 'bytes', measured: 2, bar: { atMost: 2.2 } },
        ],
      },
      env,
    );
    const lines = report.trimEnd().split('\n');
    assert.match(lines.find((line) => line.startsWith('ratio'))!, />= 0\.6 +NOT MET$/);
    assert.match(lines.find((line) => line.startsWith('bytes'))!, /<= 2\.2 +met$/);
    assert.deepEqual(JSON.parse(lines.at(-1)!), {
      bench: 'example',
      figures: { ratio: { median: 0.25, min: 0.125, max: 0.5 }, bytes: 2 },
      env,
    });
  });
});

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
    for (const count of [999, 100_000_001, 1500.5, Number.NaN]) {
      assert.throws(() => createBenchPopulation(count, seed), RangeError);
    }
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
