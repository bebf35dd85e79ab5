// That churn at a constant number of entries reaches a plateau of memory, for each kind of churn and
// for all at once, over two million changes each.

import { describe } from 'node:test';
import { describeChurn } from './constant-size.ts';
import { runSeed } from './random.ts';

const seed = runSeed();

describe(`Wasm index memory under churn (BCHF_TEST_SEED=${seed})`, () => {
  describeChurn({ seed, changes: 2_000_000, growthMax: 1.05 });
});
