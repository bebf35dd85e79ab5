// Readers of all shards beside a writer that churns, for tests short and long.
//
// Two threads read numbers of all shards in one batch while this one writes. Every batch gives all
// watched numbers the same route, and its label, so an answer from shards of different versions shows
// as a route that differs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { IndexChange } from '../number-index.ts';
import { createShardedIndex } from '../sharded-index.ts';
import { ported, prefix, run } from './changes.ts';
import { Random } from './random.ts';
import type { ShardedReaderReport, ShardedReaderTask } from './sharded-reader-worker.ts';

const READERS = 2;
const FIRST_KEY = 18613912345000;
const WATCHED = Array.from({ length: 96 }, (_, at) => FIRST_KEY + at * 10);
/** The second one lies in the middle of a watched run. */
const BOUNDARIES = [WATCHED[32]!, WATCHED[64]!, WATCHED[80]! + 5];

// A third of the watched numbers is ported, a third lies in runs, a third below prefixes.
function watchedChange(key: number, at: number, route: number): IndexChange {
  if (at % 3 === 0) return ported(key, route);
  return at % 3 === 1 ? run(key - 1, key + 1, route) : prefix(key, route);
}

/**
 * Fails where a reader met two versions in one batch, or a number whose route did not fit the label.
 *
 * @param batchesMin how many batches each reader looks up at least
 * @param routesMin how many routes each reader sees at least, 1 to 1000
 */
export async function readWhileWriting(
  seed: number,
  batchesMin: number,
  routesMin: number,
): Promise<void> {
  const random = new Random(seed);
  const index = createShardedIndex({ boundaries: BOUNDARIES, memoryBytesMax: 64 << 20 });
  const applyRoute = (route: number): void => {
    const watched = WATCHED.map((key, at) => watchedChange(key, at, route));
    const others = Array.from({ length: 60 }, () => {
      const key = FIRST_KEY + random.below(96) * 10 + 4 + random.below(3);
      return ported(key, random.chance(0.5) ? null : random.below(1000));
    });
    index.apply([...watched, ...others], Uint8Array.of(route & 255, route >> 8));
  };
  applyRoute(0);

  const task: ShardedReaderTask = {
    handle: index.handle,
    keys: WATCHED,
    batchesMin,
    routesMin,
  };
  const workers = Array.from(
    { length: READERS },
    () => new Worker(new URL('./sharded-reader-worker.js', import.meta.url), { workerData: task }),
  );
  let reading = true;
  const reports = Promise.all(
    workers.map(async (worker) => {
      const [report] = (await once(worker, 'message')) as [ShardedReaderReport];
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
  for (const report of await reports) assert.deepEqual(report, { torn: [], unlabelled: [] });
}
