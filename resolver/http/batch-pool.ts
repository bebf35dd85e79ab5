// A thread beside a serving thread that answers its long batches, started with the first of them.

import { Piscina } from 'piscina';
import type { Identity } from '../../ledger/number.ts';
import type { BatchOutcome, LongBatches } from './batch-answer.ts';
import type { BatchTask } from './batch-task.ts';

/** Long batches that wait for the thread; each holds its body. */
const WAITING_MAX = 8;

export interface BatchPool {
  run: LongBatches;
  /** Resolves when every batch that was handed in until now has been answered. */
  settled(): Promise<unknown>;
  /** Ends the thread once the batch under way is answered. */
  close(): Promise<void>;
}

/** @param memoriesOf what to read, asked for each batch */
export function createBatchPool(
  memoriesOf: () => Record<Identity, WebAssembly.Memory>,
  newestBlock: SharedArrayBuffer,
): BatchPool {
  let pool: Piscina<BatchTask, BatchOutcome> | undefined;
  const underWay = new Set<Promise<BatchOutcome>>();
  return {
    run(question) {
      pool ??= new Piscina({
        filename: new URL('./batch-task.js', import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
        maxQueue: WAITING_MAX,
      });
      if (pool.queueSize >= WAITING_MAX) return undefined;
      const outcome = pool.run({ ...question, memories: memoriesOf(), newestBlock });
      underWay.add(outcome);
      const done = () => underWay.delete(outcome);
      outcome.then(done, done);
      return outcome;
    },
    settled: () => Promise.allSettled(underWay),
    async close() {
      await pool?.close({ force: true });
    },
  };
}
