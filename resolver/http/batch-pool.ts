// A thread beside a serving thread that answers its long batches, started with the first of them.

import type { Piscina } from 'piscina';
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
  let pool: Promise<Piscina<BatchTask, BatchOutcome>> | undefined;
  const underWay = new Set<Promise<BatchOutcome>>();
  return {
    run(question) {
      // One is being answered, and the others wait for it.
      if (underWay.size > WAITING_MAX) return undefined;
      pool ??= openPool();
      const task = { ...question, memories: memoriesOf(), newestBlock };
      const outcome = pool.then((opened) => opened.run(task));
      underWay.add(outcome);
      const done = () => underWay.delete(outcome);
      outcome.then(done, done);
      return outcome;
    },
    settled: () => Promise.allSettled(underWay),
    async close() {
      await (await pool)?.close({ force: true });
    },
  };
}

async function openPool(): Promise<Piscina<BatchTask, BatchOutcome>> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: new URL('./batch-task.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    maxQueue: WAITING_MAX,
  });
}
