// Forges images by the thousand and tells what became of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { WasmBuild } from '../wasm-module.ts';
import type { ForgingReport, ForgingTask } from './forging-task.ts';

/** A trial takes milliseconds; one that takes so many polls will never end. */
const POLL_MS = 1000;
const POLLS_MAX = 120;

/** Registers the test that `trials` forgeries, each with a seed of its own, do no harm. */
export function itSurvivesForgeries(build: WasmBuild, seed: number, trials: number): void {
  const name = `are refused or come to an end, ${trials} of them (BCHF_TEST_SEED=${seed})`;
  it(name, async (context) => {
    const report = await reportOf(build, seed, trials);
    context.diagnostic(JSON.stringify(report));
    assert.equal(report.refused + report.used, trials);
    // Otherwise the forgeries would be too crude, or too fine, to show anything.
    assert.ok(report.refused > trials / 20, JSON.stringify(report));
    assert.ok(report.used > trials / 20, JSON.stringify(report));
  });
}

async function reportOf(build: WasmBuild, seed: number, trials: number): Promise<ForgingReport> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const task: ForgingTask = { build, seed, trials, progress };
  const worker = new Worker(new URL('./forging-worker.js', import.meta.url), { workerData: task });
  let polls = 0;
  let seen = -1;
  const watch = setInterval(() => {
    const trial = Atomics.load(progress, 0);
    polls = trial === seen ? polls + 1 : 0;
    seen = trial;
    if (polls < POLLS_MAX) return;
    worker.emit('error', new Error(`an image never ends: BCHF_TEST_SEED=${seed + trial}`));
  }, POLL_MS);
  try {
    const [report] = (await once(worker, 'message')) as [ForgingReport];
    return report;
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}
