// A hundred swaps under load over every interface, and a hundred before them after which memory has
// its level: no answer fails or is of two contents, and memory returns to that level.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { swapUnderLoad } from './swap-load.ts';

const SWAPS = Number(process.env.BCHF_SWAPS ?? 200);
/** What garbage that is not collected yet may differ by; a generation alone has touched some 3 MiB. */
const GROWTH_BYTES_MAX = 48 << 20;
/** Those of threads that came and went; a memory alone has ten GiB. */
const ADDRESSES_MAX = 8 * 2 ** 30;

test(`${SWAPS} swaps under load`, async () => {
  const { answered, failures, generation, residentBytes, addressBytes } =
    await swapUnderLoad(SWAPS);
  console.log('numbers answered', answered);
  assert.deepEqual(failures, []);
  assert.equal(generation, SWAPS + 1);
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const half = SWAPS >> 1;
  const tenth = Math.floor(SWAPS / 10);
  const early = middle(residentBytes.slice(half, half + tenth));
  const late = middle(residentBytes.slice(-tenth));
  console.log(`resident MiB: ${early >> 20} early, ${late >> 20} late`);
  const addresses = addressBytes.at(-1)! - addressBytes[half]!;
  console.log(`addresses: ${(addresses / 2 ** 30).toFixed(1)} GiB more than half-way`);
  assert.ok(late - early <= GROWTH_BYTES_MAX, `${late - early} bytes more`);
  assert.ok(addresses <= ADDRESSES_MAX, `${addresses} bytes of addresses more`);
});
