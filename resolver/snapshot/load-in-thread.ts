// Has a thread load a snapshot (load-thread): from here on the main thread's side.

import { Worker } from 'node:worker_threads';
import type { Identity } from '../../ledger/number.ts';
import { ResolverError, type ResolverErrorCode } from '../resolver-error.ts';
import { watchIdle } from './idle-thread.ts';
import type { LoadEvent, LoadStep, LoadTask } from './load-messages.ts';

export type Loaded = Extract<LoadEvent, { type: 'loaded' }>;

export interface LoadWatch {
  onStep: (step: LoadStep) => void;
  /** The thread died with these places among the readers of memories that it was given. */
  onDeath: (readerNumbers: Record<Identity, number>) => void;
  /** The thread's program, for tests. */
  script?: URL | undefined;
  /** Aborted to give up. */
  signal?: AbortSignal | undefined;
}

const SCRIPT = new URL('./load-thread.js', import.meta.url);
/** 100 million entries take some 20 s at low priority on a busy machine; a hang is none of it. */
const LOAD_MAX_MS = 30 * 60_000;

/**
 * Resolves when the thread has ended, so that whoever gets the memories has them for itself. Errors: those
 * that it refuses a snapshot with; BCHF_SNAPSHOT_CANARY_FAILED where it ends without a word, or hangs.
 */
export function loadInThread(task: LoadTask, watch: LoadWatch): Promise<Loaded> {
  const { onStep, onDeath, script = SCRIPT, signal } = watch;
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: task });
    let outcome: Loaded | ResolverError | undefined;
    let reading: Record<Identity, number> | undefined;
    const fail = (message: string, cause?: unknown) => {
      outcome ??= new ResolverError('BCHF_SNAPSHOT_CANARY_FAILED', message, { cause });
    };
    const stop = (message: string) => {
      fail(message);
      worker.terminate();
    };
    const timer = setTimeout(() => stop('loading takes too long'), LOAD_MAX_MS);
    let hurry = () => {};
    const onAbort = () => {
      hurry();
      stop('loading was given up');
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.on('message', (event: LoadEvent) => {
      switch (event.type) {
        case 'step':
          onStep(event.step);
          break;
        case 'idle':
          hurry = watchIdle(event.thread);
          break;
        case 'reading':
          reading = event.readerNumbers;
          break;
        case 'refused':
          outcome ??= new ResolverError(event.code as ResolverErrorCode, event.message);
          hurry();
          break;
        case 'loaded':
          outcome ??= event;
          hurry();
          break;
      }
    });
    worker.on('error', (error) => fail(`the canary thread failed: ${error.message}`, error));
    worker.on('exit', (code) => {
      clearTimeout(timer);
      hurry();
      signal?.removeEventListener('abort', onAbort);
      fail(`the canary thread ended with ${code}`);
      if (outcome && 'memories' in outcome) return resolve(outcome);
      // Refused or dead, it has not given its places back.
      if (reading) onDeath(reading);
      reject(outcome);
    });
  });
}
