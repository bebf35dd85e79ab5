// `bchf capacity measure` against a real resolver, as a planner calls it. What a machine does in a test says
// nothing of its speed, so nothing here depends on a time: what is checked is that the file is of this
// resolver and that a plan can be asked of it. capacity-live.slow.ts compares times.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BchfServer, startServer } from '../../resolver/test/bchf-process.ts';
import { parseCurves } from '../capacity/curves.ts';

const COMMAND = fileURLToPath(new URL('./load-process.js', import.meta.url));
const PORTED = 1000;
const FRAGMENTED = 100;
const STEPS = 5;

describe('bchf capacity measure', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-measure-'));
  const file = join(directory, 'curves.json');
  const population = ['--ported', String(PORTED), '--fragmented', String(FRAGMENTED)];
  let server: BchfServer;
  before(async () => {
    server = await startServer('start', '--data', join(directory, 'data'), ...population);
  });
  after(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  async function bchf(...args: string[]) {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, stdout, stderr };
  }

  const measure = (...more: string[]) => {
    const { http, batch, enum: dns, admin } = server.ports;
    const ports = { '--http-port': http, '--batch-port': batch, '--enum-port': dns };
    return bchf(
      ...['capacity', 'measure', '--out', file, '--steps', String(STEPS), '--seconds', '1'],
      ...['--metrics', `http://127.0.0.1:${admin}/metrics`, '--connections', '2'],
      ...Object.entries(ports).flatMap(([flag, port]) => [flag, String(port)]),
      ...population,
      ...more,
    );
  };

  test('writes a curve of this resolver, from which a plan is made', async () => {
    const measured = await measure('--interfaces', 'http,enum', '--note', 'a test');
    assert.equal(measured.code, 0, measured.stderr);
    for (const name of ['http', 'enum']) {
      assert.match(measured.stderr, new RegExp(`^${name}: [\\d,]+ lookups/s at most$`, 'm'));
      assert.match(measured.stdout, new RegExp(`^${name}, 1,100 entries: \\d of 5 loads`, 'm'));
    }
    const curves = parseCurves(readFileSync(file, 'utf8'));
    assert.equal(curves.machine.note, 'a test');
    assert.deepEqual(
      curves.memory.map(({ entries }) => entries),
      [PORTED + FRAGMENTED],
    );
    assert.deepEqual(
      curves.curves.map((curve) => [curve.interface, curve.entries, curve.points.length]),
      ['http', 'enum'].map((name) => [name, PORTED + FRAGMENTED, STEPS]),
    );
    for (const { points } of curves.curves) {
      points.forEach((point, at) => {
        assert.ok(point.offeredPerSecond > (points[at - 1]?.offeredPerSecond ?? 0));
        assert.ok(point.p99Us >= point.p50Us);
        // How fast it was is the machine's doing here.
        Object.assign(point, { isServedWell: true, typicalP99Us: 200 + 10 * at });
      });
      assert.ok(points.some(({ answeredPerSecond }) => answeredPerSecond > 0));
    }
    // A plan takes memory at two sizes.
    const { residentBytes } = curves.memory[0]!;
    curves.memory.push({ entries: 1_000_000, residentBytes: residentBytes + 20_000_000 });
    writeFileSync(file, JSON.stringify(curves));
    const wish = ['--lookups', '1k/s', '--entries', '1M', '--p99', '10s', '--mix', 'http=1,enum=1'];
    const planned = await bchf('capacity', ...wish, '--curves', file, '--json');
    assert.equal(planned.code, 0, planned.stderr);
    const plan = JSON.parse(planned.stdout);
    assert.ok(plan.machines.total > plan.machines.forLoad);
    assert.ok(
      plan.extrapolations.length > 0,
      'a million entries are more than the thousand that were measured',
    );
  });

  test('tells a resolver with another population from this one, and leaves the file alone', async () => {
    writeFileSync(file, 'mine');
    const { code, stderr } = await measure('--interfaces', 'http', '--seed', '2');
    assert.equal(code, 1);
    assert.match(stderr, /^BCHF_LOADTEST_HOST: .*is it a resolver with this population\?$/m);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
  });
});
