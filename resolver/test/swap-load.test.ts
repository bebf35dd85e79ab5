import assert from 'node:assert/strict';
import { test } from 'node:test';
import { swapUnderLoad } from './swap-load.ts';

const SWAPS = 4;

test('every answer during swaps is of one content, on every interface, and none fails', async () => {
  const { answered, failures, generation } = await swapUnderLoad(SWAPS);
  assert.deepEqual(failures, []);
  assert.equal(generation, SWAPS + 1);
  for (const [name, count] of Object.entries(answered)) assert.ok(count > 0, name);
  assert.equal(Object.keys(answered).length, 9);
});
