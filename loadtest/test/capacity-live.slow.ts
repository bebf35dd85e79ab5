// A plan checked against the machine that it is made on: curves are measured of a resolver that serves the
// population, and a load between the measured ones must come out within the error that the plan states.
// Minutes, and only on a machine that does nothing else.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../../resolver/test/bchf-process.ts';
import { gatherCurves } from '../capacity/curves.ts';
import { measureCurves, openMeter } from '../capacity/measure.ts';
import { errorFactorOf } from '../capacity/plan.ts';
import { fitQueue, p99Us } from '../capacity/queue-model.ts';
import { scenarioSchema } from '../scenario/scenario.ts';

const PORTED = 100_000;
/** Of the highest load that was served well: the loads that are measured again. */
const SHARES = [0.35, 0.65];

test('a load that was not measured has the latency that the model tells', async (t) => {
  const beyond: string[] = [];
  const data = mkdtempSync(join(tmpdir(), 'bchf-capacity-'));
  const server = await startServer('start', '--data', data, '--ported', String(PORTED));
  try {
    const { target, population } = scenarioSchema.parse({
      target: {
        ...{ http: server.ports.http, batch: server.ports.batch },
        ...{ enum: server.ports.enum, pdb: server.ports.pdb },
        metrics: `http://127.0.0.1:${server.ports.admin}/metrics`,
      },
      population: { ported: PORTED },
      streams: [{ interface: 'http' }],
      phases: [{ seconds: 1, rate: 1 }],
    });
    const options = {
      ...{ target, population, interfaces: ['http', 'batch', 'enum', 'pdb'] as const },
      ...{ steps: 9, secondsEach: 2, threads: 1, connections: 8, batch: 100 },
      signal: new AbortController().signal,
      tell: () => {},
    };
    const measured = await measureCurves(options);
    for (const { interface: name, points, isGeneratorLimit } of gatherCurves(measured, '').curves) {
      const good = points
        .filter((point) => point.isServedWell)
        .map(({ offeredPerSecond, typicalP99Us }) => ({ offeredPerSecond, p99Us: typicalP99Us }));
      const fit = fitQueue(good);
      const highest = Math.max(...good.map((point) => point.offeredPerSecond));
      const meter = await openMeter(name, options);
      const { curve } = await meter.measure(SHARES.map((share) => highest * share));
      for (const point of curve.points) {
        const told = p99Us(fit, point.offeredPerSecond);
        const found = point.typicalP99Us;
        const factor = Math.max(told / found, found / told);
        const line = `${name} at ${Math.round(point.offeredPerSecond)}/s of ${Math.round(highest)}${isGeneratorLimit ? ' (generator)' : ''}: told ${Math.round(told)} µs, measured ${found} µs: factor ${factor.toFixed(2)}; model within ${fit.errorFactor.toFixed(2)}, one run within ${errorFactorOf(fit, 1).toFixed(2)}`;
        t.diagnostic(line);
        if (factor > errorFactorOf(fit, 1)) beyond.push(line);
      }
    }
    assert.deepEqual(beyond, []);
  } finally {
    await server.stop();
    rmSync(data, { recursive: true });
  }
});
