// Scenarios: what is read and refused, when what is due, where the knee is, and a whole run against a
// resolver that serves the population.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Command } from 'commander';
import { createRandom } from '../../ledger/population/random.ts';
import { askAdmin } from '../../resolver/admin/admin-client.ts';
import { startServer } from '../../resolver/test/bchf-process.ts';
import { addLoadtestCommand } from '../command.ts';
import { LoadtestError } from '../load-options.ts';
import { INTERFACES, parseScenario, planOf } from '../scenario/scenario.ts';
import { kneeOf, type ScenarioReport, type WindowPoint } from '../scenario/scenario-report.ts';
import { readReport } from '../scenario/scenario-report-file.ts';
import { metricOf } from '../scenario/server-usage.ts';
import { createZipf } from '../scenario/zipf.ts';
import { serveHttp, serveUdp } from './load-fixtures.ts';

const SMALL = 'streams: [{ interface: http }]\nphases: [{ seconds: 1, rate: 10 }]\n';

function refusal(text: string): string {
  try {
    parseScenario(text);
  } catch (error) {
    assert.ok(error instanceof LoadtestError && error.code === 'BCHF_LOADTEST_SCENARIO');
    return error.message;
  }
  return assert.fail(`accepted: ${text}`);
}

describe('a scenario', () => {
  test('is YAML or JSON, and what it leaves out has defaults', () => {
    const scenario = parseScenario(SMALL);
    assert.deepEqual(scenario.streams[0]!.skew, 'uniform');
    assert.equal(scenario.target.http, 8080);
    assert.equal(scenario.population.ported, 1_000_000);
    assert.deepEqual(parseScenario(JSON.stringify(scenario)), scenario);
  });

  test('that comes as an example has all interfaces, kinds of load, and a swap while numbers move', () => {
    const file = new URL('../../../examples/load/everything.yaml', import.meta.url);
    const { streams, phases, actions, population } = parseScenario(readFileSync(file, 'utf8'));
    assert.deepEqual(streams.map((stream) => stream.interface).sort(), [...INTERFACES].sort());
    assert.ok(streams.some(({ skew }) => skew !== 'uniform'));
    const rates = phases.map(({ rate }) => rate);
    for (const key of ['from', 'steps', 'burst']) {
      assert.ok(rates.some((rate) => typeof rate === 'object' && key in rate));
    }
    assert.ok(population.moving && actions.some(({ run }) => run?.join(' ').includes('swap')));
  });

  test('is refused with a line for each problem', () => {
    assert.match(refusal('streams: [}'), /./);
    assert.match(refusal('[]'), /scenario: /);
    assert.match(refusal(`${SMALL}typo: 1`), /typo/);
    assert.match(refusal(SMALL.replace('http', 'telex')), /streams\.0\.interface/);
    assert.match(refusal(SMALL.replace('rate: 10', 'rate: -1')), /phases\.0\.rate/);
    for (const rate of ['ten', '[1, 2]', '{ from: 1, too: 2 }']) {
      const message = refusal(SMALL.replace('rate: 10', `rate: ${rate}`));
      assert.match(message, /^phases\.0\.rate: .*{ from, to, steps } with 2 to 1000 steps/);
    }
    assert.match(refusal(SMALL.replace('http }', 'http, skew: zipf }')), /skew: .*{ zipf }/);
    assert.match(refusal(SMALL.replace('http }', 'http, share: 0 }')), /no share/);
    for (const name of ['enum', 'pdb']) {
      assert.match(refusal(SMALL.replace('http }', `${name}, identity: imsi }`)), /IMSI/);
    }
    assert.match(refusal(SMALL.replace('http }', 'http, mix: { ported: 0 } }')), /mix/);
    assert.match(refusal(`${SMALL}actions: [{ atSeconds: 0 }]`), /run or request/);
    assert.match(refusal(`${SMALL}actions: [{ atSeconds: 2, run: ['true'] }]`), /over/);
    const burst = '{ base: 1, burst: 9, everySeconds: 1, burstSeconds: 2 }';
    assert.match(refusal(SMALL.replace('rate: 10', `rate: ${burst}`)), /longer/);
    assert.match(refusal(SMALL.replace('seconds: 1', 'seconds: 0.0001')), /phases\.0\.seconds/);
    assert.match(refusal(SMALL.replace('rate: 10', 'rate: 0')), /no lookup is ever due/);
    assert.match(refusal(`a: &a [1]\nb: *a\n${SMALL}`), /./);
  });

  test('has a limit for bursts, which all are pieces of a plan in memory', () => {
    const bursts = (seconds: number) =>
      SMALL.replace('seconds: 1', `seconds: ${seconds}`).replace(
        'rate: 10',
        'rate: { base: 0, burst: 9, everySeconds: 0.5, burstSeconds: 0.1 }',
      );
    assert.equal(planOf(parseScenario(bursts(50_000)).phases).windows.length, 1);
    assert.match(refusal(bursts(50_000.5)), /100001 bursts/);
  });

  test('has a limit for the numbers of all threads and streams, which all are drawn beforehand', () => {
    const two = SMALL.replace('http }', 'http }, { interface: batch }');
    assert.equal(parseScenario(`${two}threads: 4\nnumbers: 2500000`).numbers, 2_500_000);
    assert.match(refusal(`${two}threads: 4\nnumbers: 2500001`), /numbers: 20000008 /);
  });

  test('has a window for each phase, for each step of one, and the pieces of its rate', () => {
    const { plan, windows } = planOf(
      parseScenario(`
streams: [{ interface: http }]
phases:
  - { seconds: 2, rate: 100, warmUp: true }
  - { name: up, seconds: 4, rate: { from: 0, to: 200 } }
  - { name: steps, seconds: 6, rate: { from: 100, to: 300, steps: 3 } }
  - { name: bursts, seconds: 4, rate: { base: 10, burst: 110, everySeconds: 2, burstSeconds: 1 } }
`).phases,
    );
    assert.equal(plan.durationMs, 16_000);
    assert.deepEqual(
      windows.map(({ phase, fromSecond, toSecond, offeredPerSecond, warmUp }) => [
        phase,
        fromSecond,
        toSecond,
        offeredPerSecond,
        warmUp,
      ]),
      [
        ['phase 1', 0, 2, 100, true],
        ['up', 2, 6, 100, false],
        ['steps, step 1', 6, 8, 100, false],
        ['steps, step 2', 8, 10, 200, false],
        ['steps, step 3', 10, 12, 300, false],
        ['bursts', 12, 16, 60, false],
      ],
    );
    assert.equal(plan.count, 200 + 400 + 1200 + 240);
  });
});

test('Zipf draws the k-th in proportion to a power of 1 / k', () => {
  for (const exponent of [0.5, 1, 1.5]) {
    const random = createRandom(7);
    const draw = createZipf(50, exponent, () => random.uint32() / 2 ** 32);
    const counts = new Array<number>(50).fill(0);
    const draws = 200_000;
    for (let at = 0; at < draws; at++) counts[draw()]!++;
    const weights = counts.map((_, rank) => (rank + 1) ** -exponent);
    const total = weights.reduce((sum, weight) => sum + weight);
    counts.forEach((count, rank) => {
      const expected = (weights[rank]! / total) * draws;
      // Six standard deviations.
      assert.ok(Math.abs(count - expected) < 6 * Math.sqrt(expected), `rank ${rank + 1}: ${count}`);
    });
  }
});

describe('the knee', () => {
  const point = (offered: number, p99: number, answered = offered, lost = 0): WindowPoint => ({
    phase: `${offered}`,
    fromSecond: 0,
    toSecond: 1,
    warmUp: false,
    offeredPerSecond: offered,
    answeredPerSecond: answered,
    lost,
    failed: 0,
    latencyUs: { p50: p99 / 2, p90: p99, p99, p99_9: p99, max: p99 },
  });

  test('lies before the first load that is lost, not answered or slow', () => {
    for (const bad of [point(400, 100, 400, 1), point(400, 100, 300), point(400, 1001)]) {
      const knee = kneeOf([point(300, 900), bad, point(100, 100), point(500, 100)])!;
      assert.equal(knee.at?.offeredPerSecond, 300);
      assert.equal(knee.beyond?.offeredPerSecond, 400);
    }
  });

  test('is told as not reached, or as below the lowest load', () => {
    assert.equal(kneeOf([point(1, 1), point(2, 2)])!.beyond, null);
    assert.equal(kneeOf([point(1, 1, 0), point(2, 2)])!.at, null);
    assert.equal(kneeOf([point(1, 1)]), null);
  });
});

test('a metric is read out of Prometheus text', () => {
  const text = '# TYPE a counter\na 12.5\na{b="c"} 3\nab 4\n';
  assert.equal(metricOf(text, 'a'), 12.5);
  assert.ok(Number.isNaN(metricOf(text, 'b')));
});

test('a scenario that nobody answers says so of every stream, and blames no generator', async () => {
  const [web, batch] = [await serveHttp(), await serveUdp()];
  await Promise.all([web.close(), batch.close()]);
  const directory = mkdtempSync(join(tmpdir(), 'bchf-silence-'));
  const file = join(directory, 'scenario.yaml');
  writeFileSync(
    file,
    `
target: { http: ${web.port}, batch: ${batch.port}, enum: ${batch.port}, pdb: ${batch.port}, metrics: '' }
population: { ported: 200, fragmented: 10 }
numbers: 100
streams: [${INTERFACES.map((name) => `{ interface: ${name}, timeoutMs: 50 }`)}]
phases: [{ seconds: 1, rate: 400 }]
`,
  );
  let [output, told] = ['', ''];
  const program = new Command().exitOverride();
  addLoadtestCommand(program, {
    write: (text) => {
      output += text;
    },
    tell: (text) => {
      told += text;
    },
    sourceOf: () => assert.fail('a scenario makes its own'),
  });
  await program.parseAsync(['node', 'bchf', 'loadtest', 'run', file]);
  rmSync(directory, { recursive: true });
  assert.equal(process.exitCode, 4, output);
  process.exitCode = undefined;
  for (const name of INTERFACES) {
    assert.match(told, new RegExp(`^BCHF_LOADTEST_SILENCE: .*\\(${name} [1-4]\\)`, 'm'));
  }
  assert.match(output, /nothing answered, which tells nothing of the generator/);
  assert.doesNotMatch(output, /bottleneck/);
});

test('a report of another form, or of which something is missing, is refused with its code', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-report-'));
  try {
    const file = join(directory, 'report.json');
    const contents = {
      '[]': /no report/,
      '{': /no report/,
      '{"format": "bchf-capacity-1"}': /no report/,
      '{"format": "bchf-loadtest-1"}': /windows: /,
      '{"format": "bchf-loadtest-1", "windows": [{}]}': /windows\.0\.latencyUs: /,
    };
    for (const [text, message] of Object.entries(contents)) {
      writeFileSync(file, text);
      await assert.rejects(readReport(file), { code: 'BCHF_LOADTEST_SCENARIO', message });
    }
    await assert.rejects(readReport(directory), { code: 'BCHF_LOADTEST_SCENARIO' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a scenario runs over four interfaces, a swap in its middle loses nothing, and reports can be compared', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-scenario-'));
  const population = ['--ported', '2000', '--fragmented', '100', '--seed', '5'];
  const server = await startServer('start', '--data', join(directory, 'data'), ...population);
  try {
    const { http, batch, enum: dns, pdb, admin } = server.ports;
    const adminUrl = `http://127.0.0.1:${admin}`;
    const { serving } = await askAdmin<{ serving: string }>(
      { url: adminUrl },
      'GET',
      '/admin/v1/snapshots',
    );
    const file = join(directory, 'scenario.yaml');
    writeFileSync(
      file,
      `
name: four interfaces
target: { http: ${http}, batch: ${batch}, enum: ${dns}, pdb: ${pdb}, metrics: 'http://127.0.0.1:${admin}/metrics' }
population: { ported: 2000, fragmented: 100, seed: 5 }
numbers: 2000
threads: 2
streams:
  - { name: web, interface: http, share: 1, connections: 4, timeoutMs: 10000 }
  - { interface: batch, share: 8, batch: 20, connections: 2, timeoutMs: 10000 }
  - { interface: enum, share: 1, connections: 2, skew: { zipf: 1 }, timeoutMs: 10000 }
  - { interface: pdb, share: 1, connections: 2, timeoutMs: 10000 }
phases:
  - { name: warm-up, seconds: 1, rate: 200, warmUp: true }
  - { name: steps, seconds: 2, rate: { from: 400, to: 800, steps: 2 } }
actions:
  - { name: look, atSeconds: 1, request: { method: GET, url: '${adminUrl}/admin/v1/status' } }
  - name: swap
    atSeconds: 1.2
    request:
      method: POST
      url: '${adminUrl}/admin/v1/swap'
      headers: { content-type: application/json }
      body: '{ "name": "${serving}" }'
  - { name: fail, atSeconds: 1, run: ['${process.execPath}', '-e', 'process.exit(3)'] }
`,
    );
    let output = '';
    const run = async (...args: string[]) => {
      output = '';
      const program = new Command().exitOverride();
      addLoadtestCommand(program, {
        write: (text) => {
          output += text;
        },
        tell: () => {},
        sourceOf: () => assert.fail('a scenario makes its own'),
      });
      await program.parseAsync(['node', 'bchf', 'loadtest', ...args]);
    };
    const [json, html] = ['report.json', 'report.html'].map((name) => join(directory, name)) as [
      string,
      string,
    ];
    await run('run', file, '--out', json, '--html', html);
    assert.equal(process.exitCode, 0, output);
    process.exitCode = undefined;
    const report: ScenarioReport = JSON.parse(readFileSync(json, 'utf8'));
    assert.equal(report.verdict, 'ok', output);
    assert.deepEqual(
      report.streams.map(({ name }) => name),
      ['web', 'batch 2', 'enum 3', 'pdb 4'],
    );
    const counts = report.streams.map((stream) => stream.counts);
    const sent = counts.reduce((sum, one) => sum + one.sent, 0);
    assert.ok(Math.abs(sent - 1400) <= 60, `${sent}`);
    for (const one of counts) assert.equal(one.answered, one.sent);
    assert.deepEqual(
      report.windows.map(({ phase }) => phase),
      ['warm-up', 'steps, step 1', 'steps, step 2'],
    );
    assert.deepEqual(
      report.actions.map(({ name, isDone }) => [name, isDone]),
      [
        ['look', true],
        ['fail', false],
        ['swap', true],
      ],
    );
    const { generation } = await askAdmin<{ generation: number }>(
      { url: adminUrl },
      'GET',
      '/admin/v1/status',
    );
    assert.equal(generation, 2);
    assert.match(output, /steps, step 2 +800/);
    const page = readFileSync(html, 'utf8');
    assert.ok(
      page.includes('uPlot') && !/(src|href)=/.test(page.replace(/<script>.*?<\/script>/gs, '')),
    );
    await run('compare', json, json);
    assert.match(output, /\+0\.0%/);
    await run('compare', json, file);
    assert.equal(process.exitCode, 1);
    process.exitCode = undefined;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
