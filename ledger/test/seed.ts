// The seed of random tests: printed, and repeated with BCHF_TEST_SEED=<number>.

import { randomInt } from 'node:crypto';

/** The seed of this run, from BCHF_TEST_SEED or drawn. */
export const seed = Number(process.env.BCHF_TEST_SEED ?? randomInt(2 ** 31));

console.log(`seed ${seed} (repeat with BCHF_TEST_SEED=${seed})`);

/** A generator of numbers from 0 to below 1 (mulberry32), the same for the same seed. */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
