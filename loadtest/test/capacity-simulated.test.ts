// Plans against queues that are simulated request by request, so that what a plan promises can be looked up and
// not only be computed again: at the load that it gives to a machine, the machine keeps the wanted percentile.
//
// The time of the queue is counted, not measured. Lindley's recursion: a request waits for what is left of the
// work before it (Kleinrock, "Queueing Systems" volume 1, section 8.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../ledger/population/random.ts';
import { CURVES_FORMAT, type Curves } from '../capacity/curves.ts';
import { planCapacity } from '../capacity/plan.ts';
import { parseAvailability } from '../capacity/quantity.ts';
import { fitQueue, p99Us } from '../capacity/queue-model.ts';

const SERVICE_US = 10;
const LIMIT_PER_SECOND = 1e6 / SERVICE_US;
const REQUESTS = 20_000;
const LOADS = 10;
const SEEDS = 5;

/** Times in units of their mean. */
type Times = (uniform: () => number) => number;
const even: Times = () => 1;
const exponential: Times = (uniform) => -Math.log(1 - uniform());
/** One request in a hundred takes thirty times as long: a machine that pauses. */
const pausing: Times = (uniform) => (uniform() < 0.01 ? 30 : 1) / 1.29;

const QUEUES: [name: string, between: Times, service: Times][] = [
  ['M/M/1', exponential, exponential],
  ['D/M/1, requests on a schedule', even, exponential],
  ['M/D/1, answers that all take the same', exponential, even],
  ['D/G/1, answers with pauses', even, pausing],
];

/** The 99th percentile of latency at a load. */
function simulate(between: Times, service: Times, perSecond: number, seed: number): number {
  const random = createRandom(seed);
  const uniform = () => random.uint32() / 2 ** 32;
  const latencies = new Float64Array(REQUESTS);
  let waitUs = 0;
  for (let request = 0; request < REQUESTS; request++) {
    latencies[request] = waitUs + SERVICE_US * service(uniform);
    waitUs = Math.max(0, latencies[request]! - (1e6 / perSecond) * between(uniform));
  }
  return latencies.sort()[Math.floor(REQUESTS * 0.99)]!;
}

function curvesOf(between: Times, service: Times, seed: number): Curves {
  const points = Array.from({ length: LOADS }, (_, at) => {
    const offeredPerSecond = LIMIT_PER_SECOND * (0.1 + (0.85 * at) / (LOADS - 1));
    const typicalP99Us = simulate(between, service, offeredPerSecond, seed * LOADS + at);
    return {
      ...{ offeredPerSecond, answeredPerSecond: offeredPerSecond, typicalP99Us },
      ...{ p50Us: 0, p99Us: typicalP99Us, isServedWell: true, serverCpuPercent: null },
    };
  });
  return {
    format: CURVES_FORMAT,
    machine: { cpu: 'simulated', cores: 1, node: '20.0.0', note: '' },
    curves: [
      {
        ...{ interface: 'http', entries: 1e6, numbersEach: 1, isGeneratorLimit: false, points },
        measuredAt: '2026-11-29T00:00:00.000Z',
      },
    ],
    memory: [
      { entries: 1e6, residentBytes: 200e6 },
      { entries: 1e7, residentBytes: 290e6 },
    ],
  };
}

for (const [name, between, service] of QUEUES) {
  test(`${name}: a machine with the load that a plan gives it keeps the percentile`, (t) => {
    let largest = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const curves = curvesOf(between, service, seed);
      const points = curves.curves[0]!.points.map(({ offeredPerSecond, typicalP99Us }) => ({
        ...{ offeredPerSecond, p99Us: typicalP99Us },
      }));
      // From one that only a machine with little to do keeps to one that a busy one does.
      const fit = fitQueue(points);
      for (const share of [0.3, 0.6, 0.9]) {
        const wanted = p99Us(fit, LIMIT_PER_SECOND * share) * Math.max(2, fit.errorFactor);
        const { machines } = planCapacity(curves, {
          ...{ lookupsPerSecond: 5e6, entries: 1e6, p99Us: wanted },
          availability: parseAvailability('N'),
          ...{ mix: { http: 1 }, machineAvailability: 0.995 },
        });
        const each = 5e6 / machines.total;
        const found = simulate(between, service, each, 1_000_000 + seed);
        largest = Math.max(largest, found / wanted);
        assert.ok(found <= wanted, `${found} µs of ${wanted} at ${each}/s, seed ${seed}`);
      }
    }
    t.diagnostic(`at most ${(largest * 100).toFixed(0)}% of the wanted percentile`);
  });
}
