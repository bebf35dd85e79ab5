import { it } from 'node:test';
import { runSeed } from './random.ts';
import { readWhileWriting } from './sharded-churn.ts';

const seed = runSeed();

it(`gives every reader one version over all shards (BCHF_TEST_SEED=${seed})`, () =>
  readWhileWriting(seed, 3000, 100));
