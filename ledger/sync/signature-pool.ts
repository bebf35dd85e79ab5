// Threads that check signatures, for whoever has more of them than one core can check.

import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { encodeSignatures, type SignatureRecord } from './signature-task.ts';

/** Signatures in one task: some 10 ms of work, so that threads end together. */
const TASK_SIGNATURES = 100;

export class SignaturePool {
  readonly threads: number;
  readonly #pool: Piscina<Uint8Array, Uint8Array>;

  /** Starts the threads, one for each core where no number is given. */
  constructor(threads = availableParallelism()) {
    this.threads = threads;
    this.#pool = new Piscina({
      filename: new URL('./signature-task.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
    });
  }

  /** Whether each signature is right, in order. */
  async verify(records: readonly SignatureRecord[]): Promise<boolean[]> {
    const tasks: Promise<Uint8Array>[] = [];
    for (let at = 0; at < records.length; at += TASK_SIGNATURES) {
      const batch = encodeSignatures(records.slice(at, at + TASK_SIGNATURES));
      tasks.push(this.#pool.run(batch, { transferList: [batch.buffer] }));
    }
    return (await Promise.all(tasks)).flatMap((verdicts) =>
      Array.from(verdicts, (one) => one === 1),
    );
  }

  /** Ends the threads; tasks under way are given up. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
