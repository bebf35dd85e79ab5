// A reading thread beside a bench: the side that starts it, asks for its rate and ends it.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BATCH } from './bench-lookups.ts';

export interface ReadingTask {
  memory: WebAssembly.Memory;
  /** Whole batches of keys, to go round. */
  keys: Float64Array;
  /** The words below, shared by both threads. */
  control: Int32Array;
}

/** Word of the control: batches looked up so far, in 32 bits that begin again after the last. */
export const CONTROL_BATCHES = 0;
/** Word of the control: not 0 when the thread is to end. */
export const CONTROL_STOP = 1;
/** Word of the control: not 0 when the thread has ended, for whichever reason. */
export const CONTROL_ENDED = 2;
const CONTROL_WORDS = 3;

export interface ReadingThread {
  /** Begins to count anew. */
  restart(): void;
  /** Batches since it began to count; throws where the thread has ended. */
  batches(): number;
  /** Lookups a second since it began to count. */
  rate(): number;
  /** Does nothing but let it read, for a while and one batch at least; events wait too. */
  letRead(ms: number): void;
  /** Resolves when the thread has ended; rejects with what it failed with, if it did. */
  end(): Promise<void>;
}

/** Starts a thread that looks up `keys` at full speed, and waits until it does. */
export async function startReading(
  memory: WebAssembly.Memory,
  keys: Float64Array,
): Promise<ReadingThread> {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * 4));
  const task: ReadingTask = { memory, keys, control };
  const file = new URL('./bench-reading-thread.js', import.meta.url);
  const worker = new Worker(file, { workerData: task });
  await once(worker, 'message');
  const ended = once(worker, 'exit');
  // A failure is for whoever waits for the end, and nobody does before the bench is through.
  ended.catch(() => undefined);
  let batchesBefore = 0;
  let startedMs = 0;
  const batches = (): number => {
    if (Atomics.load(control, CONTROL_ENDED) !== 0) throw new Error('the reading thread ended');
    return (Atomics.load(control, CONTROL_BATCHES) - batchesBefore) >>> 0;
  };
  return {
    restart() {
      batchesBefore = Atomics.load(control, CONTROL_BATCHES);
      startedMs = performance.now();
    },
    batches,
    rate: () => (batches() * BATCH * 1000) / (performance.now() - startedMs),
    letRead(ms) {
      do Atomics.wait(control, CONTROL_STOP, 0, ms);
      while (batches() === 0);
    },
    async end() {
      Atomics.store(control, CONTROL_STOP, 1);
      await ended;
    },
  };
}
