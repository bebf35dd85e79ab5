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
import { measureCurves, scenarioOf } from '../capacity/measure.ts';
import { fitQueue, p99Us } from '../capacity/queue-model.ts';
import { runScenario } from '../scenario/run-scenario.ts';
import { scenarioSchema } from '../scenario/scenario.ts';
import { createScenarioReport } from '../scenario/scenario-report.ts';

const PORTED = 100_000;
/** Of the highest load that was served well: the loads that are measured again. */
const SHARES = [0.35, 0.65];
/** What the machine itself changes from one run to the next, beside the model's own error. */
const DRIFT = 1.5;

test('a load that was not measured has the latency that the model tells', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'bchf-capacity-'));
  const server = await startServer('start', '--data', data, '--ported', String(PORTED));
  try {
    const { target, population } = scenarioSchema.parse({
      target: {
        ...{ http: server.ports.http, batch: server.ports.batch, enum: server.ports.enum },
        metrics: `http://127.0.0.1:${server.ports.admin}/metrics`,
      },
      population: { ported: PORTED },
      streams: [{ interface: 'http' }],
      phases: [{ seconds: 1, rate: 1 }],
    });
    const options = {
      ...{ target, population, interfaces: ['http', 'batch', 'enum'] as const },
      ...{ steps: 9, secondsEach: 3, threads: 1, connections: 8, batch: 100 },
      signal: new AbortController().signal,
      tell: (line: string) => t.diagnostic(line),
    };
    const reports = await measureCurves(options);
    for (const { interface: name, points } of gatherCurves(reports, '').curves) {
      const good = points.filter((point) => point.isServedWell);
      const fit = fitQueue(good);
      const highest = Math.max(...good.map((point) => point.offeredPerSecond));
      for (const share of SHARES) {
        const rate = highest * share;
        const scenario = scenarioOf(name, rate, { ...options, steps: 1 });
        scenario.phases[1]!.rate = rate;
        scenario.phases[1]!.seconds = 6;
        const run = await runScenario({ scenario, signal: options.signal, tell: () => {} });
        const [, measured] = createScenarioReport(scenario, run).windows;
        const told = p99Us(fit, rate);
        const factor = Math.max(told / measured!.latencyUs.p99, measured!.latencyUs.p99 / told);
        const line = `${name} at ${Math.round(rate)}/s: told ${Math.round(told)} µs, measured ${measured!.latencyUs.p99} µs; model within ${fit.errorFactor.toFixed(2)}`;
        t.diagnostic(line);
        assert.ok(factor <= fit.errorFactor * DRIFT, line);
      }
    }
  } finally {
    await server.stop();
    rmSync(data, { recursive: true });
  }
});
