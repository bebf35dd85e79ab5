// About a minute of what sharded-concurrency.test.ts shows in seconds.

import { it } from 'node:test';
import { runSeed } from './random.ts';
import { readWhileWriting } from './sharded-churn.ts';

const seed = runSeed();

it(`gives every reader one version over all shards, for long (BCHF_TEST_SEED=${seed})`, () =>
  readWhileWriting(seed, 1_500_000, 1000));
