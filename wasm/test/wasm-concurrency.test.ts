import { it } from 'node:test';
import { readWhileWriting } from './concurrency.ts';
import { runSeed } from './random.ts';

const seed = runSeed();

it(`gives every reader one whole version per batch (BCHF_TEST_SEED=${seed})`, () =>
  readWhileWriting(2000, seed));
