// The load under which the bench `snapshot` swaps: datagrams of the UDP batch protocol on a schedule, of which
// each answer is held against the content whose height it carries.
//
// The generator is a thread that does nothing else (bench-swap-load-thread.ts), and allocates nothing while it
// runs: what it lost to a collection of its own garbage would look like a pause of the server.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { NUMBER_BYTES, REQUEST_HEADER_BYTES } from '../../resolver/udp/batch-codec.ts';
import { createLatencyHistogram } from '../load-report.ts';

/** Numbers in a datagram. */
export const NUMBERS = 100;
export const REQUEST_BYTES: number = REQUEST_HEADER_BYTES + NUMBERS * NUMBER_BYTES;

/** What is asked, one datagram after the other, and what each content answers; shared with the thread. */
export interface Asked {
  /** `REQUEST_BYTES` for each datagram. */
  requests: Uint8Array;
  /** By the height of the content: `NUMBERS` answers for each datagram. */
  expected: Map<number, Uint32Array>;
}

/** What the thread is told to do. */
export interface LoadRequest {
  /** Datagrams a second; absent for as many as are answered. */
  rate: number | undefined;
  durationMs: number;
}

/** What the thread starts with. */
export interface LoadStart {
  port: number;
  asked: Asked;
  /** One word: not 0 to end the run that is under way. */
  ending: SharedArrayBuffer;
}

/** What one run came to; numbers, but for the datagrams. */
export interface LoadRun {
  datagrams: number;
  answered: number;
  wrong: number;
  /** Refused, or of a content that there is none of. */
  errors: number;
  lost: number;
  /** Due when as many were under way as can be. */
  unsent: number;
  elapsedMs: number;
  /**
   * How long the generator had no processor, of pauses of 2 ms and more: what was due or under way then is not
   * in the latencies, because its wait is not the server's.
   */
  ownPausesMs: number;
  latencies: Histogram;
}

export type LoadAnswer = Omit<LoadRun, 'latencies'> & { latencies: string };

/** Wrong, refused, lost, or never asked because so many answers were missing. */
export function failedOf({ wrong, errors, lost, unsent }: LoadRun): number {
  return wrong + errors + lost + unsent;
}

export function merged(histograms: readonly Histogram[]): Histogram {
  const all = createLatencyHistogram();
  for (const one of histograms) all.add(one);
  return all;
}

export class SwapLoad {
  readonly #ending = new SharedArrayBuffer(4);
  readonly #worker: Worker;

  constructor(port: number, asked: Asked) {
    const workerData: LoadStart = { port, asked, ending: this.#ending };
    const script = new URL('./bench-swap-load-thread.js', import.meta.url);
    this.#worker = new Worker(script, { workerData });
  }

  /** Asks for a time, or until the signal. */
  async run(request: LoadRequest, signal?: AbortSignal): Promise<LoadRun> {
    const ending = new Int32Array(this.#ending);
    Atomics.store(ending, 0, 0);
    signal?.addEventListener('abort', () => Atomics.store(ending, 0, 1), { once: true });
    this.#worker.postMessage(request);
    const [answer] = (await once(this.#worker, 'message')) as [LoadAnswer];
    const latencies = decodeFromCompressedBase64(answer.latencies) as Histogram;
    return { ...answer, latencies };
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}
