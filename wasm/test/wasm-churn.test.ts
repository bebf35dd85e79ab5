// That churn at a constant number of entries reaches a plateau of memory, for each kind of churn and
// for all at once. Two million changes of each are in wasm-churn.slow.ts.

import { describe } from 'node:test';
import { describeChurn } from './constant-size.ts';
import { runSeed } from './random.ts';

const seed = runSeed();

describe(`Wasm index memory under churn (BCHF_TEST_SEED=${seed})`, () => {
  describeChurn({ seed, changes: 150_000, growthMax: 1.15 });
});
