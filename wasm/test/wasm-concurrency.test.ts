// Two threads read while this one writes. Every batch gives all watched numbers the same route, and
// moves nodes around them, so an answer from a torn version or from a block that was
// used again too early shows as a route that differs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { IndexChange } from '../number-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';
import type { ReaderReport, ReaderTask } from './reader-worker.ts';

const READERS = 2;
const READER_BATCHES = 4000;
const READER_ROUTES = 100;
const FIRST_KEY = 18613912345000;

// A third of the watched numbers is ported, a third lies in runs, a third below prefixes.
const WATCHED = Array.from({ length: 96 }, (_, at) => FIRST_KEY + at * 10);

function watchedChange(key: number, at: number, route: number): IndexChange {
  if (at % 3 === 0) return ported(key, route);
  return at % 3 === 1 ? run(key - 1, key + 1, route) : prefix(key, route);
}

const seed = runSeed();

it(`gives every reader one whole version per batch (BCHF_TEST_SEED=${seed})`, async () => {
  const random = new Random(seed);
  const index = createWasmIndex();
  const applyRoute = (route: number): void => {
    const watched = WATCHED.map((key, at) => watchedChange(key, at, route));
    const others = Array.from({ length: 60 }, () => {
      const key = FIRST_KEY + random.below(96) * 10 + 4 + random.below(3);
      return ported(key, random.chance(0.5) ? null : random.below(1000));
    });
    index.apply([...watched, ...others], Uint8Array.of(route & 255, route >> 8));
  };
  applyRoute(0);

  const task: ReaderTask = {
    memory: index.memory,
    keys: WATCHED,
    batchesMin: READER_BATCHES,
    routesMin: READER_ROUTES,
  };
  const workers = Array.from(
    { length: READERS },
    () => new Worker(new URL('./reader-worker.js', import.meta.url), { workerData: task }),
  );
  let reading = true;
  const reports = Promise.all(
    workers.map(async (worker) => {
      const [report] = (await once(worker, 'message')) as [ReaderReport];
      await worker.terminate();
      return report;
    }),
  ).finally(() => {
    reading = false;
  });

  for (let batch = 1; reading; batch++) {
    applyRoute(batch % 1000);
    // Now and then the readers' threads need this one: to start, and to say that they are through.
    if (batch % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const report of await reports) assert.deepEqual(report.torn, []);
});
