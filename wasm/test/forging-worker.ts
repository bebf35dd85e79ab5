// A thread that forges images and uses them up: one that holds its thread for good is seen from
// outside.

import { parentPort, workerData } from 'node:worker_threads';
import { forge, honestImages, useUp } from './forged-images.ts';
import type { ForgingReport, ForgingTask } from './forging-task.ts';
import { Random } from './random.ts';

const PROGRESS_TRIALS = 50_000;

const { build, seed, trials, progress } = workerData as ForgingTask;
const images = honestImages();
const report: ForgingReport = { refused: 0, used: 0 };
for (let trial = 0; trial < trials; trial++) {
  Atomics.store(progress, 0, trial);
  const trialSeed = (seed + trial) % 2 ** 32;
  const random = new Random(trialSeed);
  try {
    report[useUp(forge(random.pick(images), random), build)]++;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}, again with BCHF_TEST_SEED=${trialSeed}`, { cause: error });
  }
  if ((trial + 1) % PROGRESS_TRIALS === 0) {
    process.stderr.write(`forged images, ${build}: ${trial + 1} of ${trials}\n`);
  }
}
parentPort!.postMessage(report);
