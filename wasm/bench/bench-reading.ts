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
const CONTROL_WORDS = 2;

export interface ReadingThread {
  /** Lookups a second since it was asked the last time. */
  rate(): number;
  /** Does nothing for a while but let it read; does not give way to events either. */
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
  let batches = Atomics.load(control, CONTROL_BATCHES);
  let atMs = performance.now();
  return {
    rate() {
      const batchesNow = Atomics.load(control, CONTROL_BATCHES);
      const nowMs = performance.now();
      const rate = (((batchesNow - batches) >>> 0) * BATCH * 1000) / (nowMs - atMs);
      batches = batchesNow;
      atMs = nowMs;
      return rate;
    },
    letRead(ms) {
      Atomics.wait(control, CONTROL_STOP, 0, ms);
    },
    async end() {
      Atomics.store(control, CONTROL_STOP, 1);
      await ended;
    },
  };
}
