// What the benches promise besides speed, which no test measures: figures of the right things, a
// report that machines can read and that says plainly which bar is not met.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatReport, meetsBar, type Spread, spreadOf } from '../bench/bench-format.ts';
import { type BenchOption, parseBenchOptions, repeat, repeatAsync } from '../bench/bench-report.ts';

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

function runBench(name: string, ...argv: string[]): Run {
  const file = fileURLToPath(new URL(`../bench/${name}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...argv], {
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

/** What the last line of a bench says, once it has been seen to be a report of that bench. */
function reportOf(name: string, { code, stdout, stderr }: Run): Record<string, Measured> {
  assert.equal(code, 0, stderr);
  const { bench, figures, env } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(bench, name);
  assert.deepEqual(Object.keys(env), ['cpu', 'cores', 'node', 'commit', 'seed']);
  assert.equal(env.node, process.versions.node);
  assert.equal(env.seed, 7);
  return figures;
}

type Measured = number | Spread | { [of: string]: number | Spread };

/** That a repeated figure is above zero in every run. */
function assertSpread(measured: Measured | undefined, name: string): void {
  const { median, min, max } = measured as Spread;
  assert.ok(0 < min && min <= median && median <= max, `${name}: ${JSON.stringify(measured)}`);
}

describe('Bench index-lookup', () => {
  it('has figures of the index it built, and tells whether it lies in huge pages', () => {
    const run = runBench('index-lookup', '--quick', '--entries', '20000', '--seed', '7');
    const figures = reportOf('index-lookup', run);
    for (const name of [
      'lookupsPerSecond',
      'ceilingLoadsPerSecond',
      'ratioToCeiling',
      'zipfLookupsPerSecond',
    ]) {
      assertSpread(figures[name], name);
    }
    const { portedEntries, imageBytes, hugePageBytes } = figures as Record<string, number>;
    assert.ok(Math.abs(portedEntries! - 20_000) < 1000);
    assert.equal(figures.bytesPerPortedEntry, imageBytes! / portedEntries!);
    assert.ok((figures.buildSeconds as number) > 0);
    assert.equal('smallPageLookupsPerSecond' in figures, hugePageBytes! > 0);
    assert.match(
      run.stdout,
      hugePageBytes! > 0 ? / are in huge pages\n/ : /^no part of the index/m,
    );
  });

  it('judges no bar at another size than the bars are set for', () => {
    const { stdout } = runBench('index-lookup', '--quick', '--entries', '1000');
    assert.match(stdout, /ratioToCeiling .*>= 0\.6 +not judged\n/);
    assert.match(stdout, /bytesPerPortedEntry .*<= 2\.2 +not judged\n/);
  });

  it('refuses a size that its population cannot have', () => {
    assert.equal(runBench('index-lookup', '--entries', '999').code, 2);
  });
});

describe('Benches', () => {
  const folder = fileURLToPath(new URL('../bench/', import.meta.url));
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.js') && !file.startsWith('bench-'))
    .map((file) => file.slice(0, -3));

  for (const name of names) {
    it(`tell what ${name} is and takes, and refuse what it does not`, () => {
      const { code, stdout } = runBench(name, '--help');
      assert.equal(code, 0);
      assert.ok(stdout.startsWith(`usage: npm run bench -- ${name} [options]\n`));
      for (const option of ['--quick', '--runs', '--seed']) {
        assert.ok(stdout.includes(`  ${option} `), option);
      }
      assert.equal(runBench(name, '--speed', '9').code, 2);
    });
  }
});

describe('Bench index-density', () => {
  it('has bytes beside their limit for every density, and judges from one in a hundred on', () => {
    const run = runBench('index-density', '--quick', '--seed', '7');
    const figures = reportOf('index-density', run) as Record<string, Record<string, never>>;
    const { bytesPerEntry, entropyBytes, ratio, lookupsPerSecond } = figures;
    const densities = ['0.1%', '1%', '10%', '30%', '60%', '5% in blocks'];
    for (const figure of [bytesPerEntry, entropyBytes, ratio, lookupsPerSecond]) {
      assert.deepEqual(Object.keys(figure!), densities);
    }
    for (const of of densities) {
      assert.equal(ratio![of], bytesPerEntry![of]! / entropyBytes![of]!);
      assertSpread(lookupsPerSecond![of], of);
    }
    // PERFORMANCE figure for 10% and 64 routes: 10.7 bits.
    assert.ok(Math.abs(entropyBytes!['10%']! - 10.7 / 8) < 0.02);
    assert.match(run.stdout, /^ratio 0\.1% +[\d.]+$/m);
    assert.match(run.stdout, /^ratio 1% .*<= 2 +not judged$/m);
  });
});

describe('Bench index-adversarial', () => {
  it('fills, changes, empties and loads an index of every population', () => {
    const run = runBench('index-adversarial', '--quick', '--seed', '7', '--entries', '1000');
    const figures = reportOf('index-adversarial', run) as Record<string, Record<string, never>>;
    const populations = Object.keys(figures.entries!);
    assert.ok(populations.includes('onePerNode') && populations.includes('runsDeep'));
    for (const of of populations) {
      assert.equal(figures.entries![of], 1000, of);
      assert.ok(figures.bytesPerEntry![of]! > 0, of);
      assertSpread(figures.changesPerSecond![of], of);
      assertSpread(figures.lookupsPerSecond![of], of);
    }
    assert.match(run.stdout, /^bytesPerEntry onePerArea .*<= 300 +not judged$/m);
    assert.match(run.stdout, /^imageMB onePerNode .*<= 600 +not judged$/m);
  });
});

describe('Bench index-update', () => {
  it('has the rates of both threads, their bars, and what became of the memory', () => {
    const run = runBench('index-update', '--quick', '--seed', '7');
    const figures = reportOf('index-update', run);
    for (const name of [
      'updatesPerSecond',
      'readerSlowdown',
      'lookupsPerSecondAlone',
      'lookupsPerSecondDuringUpdates',
    ]) {
      assertSpread(figures[name], name);
    }
    assert.ok((figures.memoryGrowth as number) >= 1);
    assert.ok((figures.memoryWhileRead as number) >= 1);
    assert.ok((figures.batchesWaited as number) >= 0);
    assert.match(run.stdout, /updatesPerSecond .*>= 1000000 +not judged\n/);
    assert.match(run.stdout, /readerSlowdown .*<= 1\.3 +not judged\n/);
  });
});

describe('Bench index-world', () => {
  it('has both ways of asking, without runs and with them', () => {
    const run = runBench('index-world', '--quick', '--seed', '7', '--entries', '500');
    const figures = reportOf('index-world', run) as Record<string, Record<string, never>>;
    for (const name of ['lookupsPerSecond', 'oneByOnePerSecond', 'ratio']) {
      for (const of of ['prefixes', 'prefixes and runs']) {
        assertSpread(figures[name]![of], `${name} ${of}`);
      }
    }
  });
});

describe('Bench growth', () => {
  it('has every size up to the largest', () => {
    const run = runBench('growth', '--quick', '--seed', '7', '--largest', '20000');
    const figures = reportOf('growth', run) as Record<string, Record<string, never>>;
    const sizes = ['1000', '10000', '20000'];
    for (const name of ['lookupsPerSecond', 'loadMs', 'loadAgainMs', 'checkMs']) {
      assert.deepEqual(Object.keys(figures[name]!), sizes);
      for (const of of sizes) assertSpread(figures[name]![of], `${name} ${of}`);
    }
    for (const name of ['buildSeconds', 'residentMB', 'bytesPerEntry']) {
      assert.deepEqual(Object.keys(figures[name]!), sizes);
    }
    const { bytesPerEntry, bytesPerEntryGrowth } = figures;
    assert.deepEqual(bytesPerEntryGrowth, {
      10000: bytesPerEntry!['10000']! / bytesPerEntry!['1000']!,
      20000: bytesPerEntry!['20000']! / bytesPerEntry!['10000']!,
    });
  });
});

describe('Bench index-peers', () => {
  it('has speed and size of every peer, or says why one is left out', () => {
    const run = runBench('index-peers', '--quick', '--seed', '7', '--entries', '2000');
    const figures = reportOf('index-peers', run);
    assertSpread(figures.indexLookupsPerSecond, 'batches');
    assertSpread(figures.indexSingleLookupsPerSecond, 'single');
    assert.equal(typeof figures.indexBytesPerEntry, 'number');
    for (const [peer, ratio] of [
      ['map', 'ratioToMap'],
      ['lmdb', 'ratioToLmdb'],
      ['redis', 'ratioToRedis'],
    ] as const) {
      if (run.stdout.includes(`left out: ${peer}, because `)) continue;
      assertSpread(figures[`${peer}LookupsPerSecond`], peer);
      assertSpread(figures[ratio], ratio);
      assert.equal(typeof figures[`${peer}BytesPerEntry`], 'number');
    }
    assert.ok('ratioToMap' in figures);
  });

  it('leaves Redis out where there is none', () => {
    const file = fileURLToPath(new URL('../bench/index-peers.js', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, [file, '--quick', '--runs', '1'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: '' },
    });
    assert.equal(status, 0);
    assert.match(stdout, /^left out: redis, because redis-server cannot be started: /m);
    assert.equal(stdout.includes('ratioToRedis'), false);
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

  it('throws the first run away', async () => {
    const measureOnce = (run: number) => ({ once: run, twice: run * 2 });
    const measured = { once: [1, 2, 3], twice: [2, 4, 6] };
    assert.deepEqual(repeat(3, measureOnce), measured);
    assert.deepEqual(await repeatAsync(3, async (run) => measureOnce(run)), measured);
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

  it('has one object for a figure of several cases, and a row for each', () => {
    const report = formatReport(
      'example',
      {
        notes: [],
        figures: [
          { name: 'bytes', of: 'small', measured: 2 },
          { name: 'rate', of: 'small', measured: [1, 3] },
          { name: 'bytes', of: 'large', measured: 4, bar: { atMost: 3 } },
        ],
        unjudged: 'it is an example',
      },
      env,
    );
    const lines = report.trimEnd().split('\n');
    assert.match(lines.find((line) => line.startsWith('bytes small'))!, / 2$/);
    assert.match(lines.find((line) => line.startsWith('bytes large'))!, /<= 3 +not judged$/);
    assert.deepEqual(JSON.parse(lines.at(-1)!).figures, {
      bytes: { small: 2, large: 4 },
      rate: { small: { median: 2, min: 1, max: 3 } },
    });
  });
});
