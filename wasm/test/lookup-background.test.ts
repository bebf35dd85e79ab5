// Numbers that only prefixes and runs cover, looked up side by side (assembly/lookup-background.ts), against
// the reference: prefixes and runs inside each other, keys at their borders, and areas without lines, with
// few and with generic ones, mixed within a group.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';
import { runFamily, shuffled } from './run-families.ts';

const memoryBytesMax = 128 << 20;
const CHANGES = 4000;
/** Where many numbers are ported, and where few are. */
const DENSE = 18_700_000_000;
const SPARSE = 19_000_000_000;
const NO_KEYS = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1.5, 9, 20, 99, 2e15, 1e300];
/** Fewer than are looked up together, a group and its neighbours, all that a reader takes. */
const BATCHES = [1, 3, 4, 16, 255, 256, 257, 4096];

const seed = runSeed();

describe(`Numbers that no line answers (BCHF_TEST_SEED=${seed})`, () => {
  for (const build of ['release', 'debug'] as const) {
    it(`have their innermost run or longest prefix in batches of all sizes, ${build}`, () => {
      const random = new Random(seed);
      const { changes, keys } = drawContents(random);
      const index = createWasmIndex({ memoryBytesMax, build });
      const reference = new ReferenceIndex();
      for (let at = 0; at < changes.length; at += CHANGES) {
        for (const each of [index, reference]) each.apply(changes.slice(at, at + CHANGES));
      }
      for (let at = 0; at < keys.length; ) {
        const batch = Float64Array.from(keys.slice(at, at + random.pick(BATCHES)));
        const answers = new Uint32Array(batch.length);
        const expected = new Uint32Array(batch.length);
        index.lookup(batch, answers, batch.length);
        reference.lookup(batch, expected, batch.length);
        for (let place = 0; place < batch.length; place++) {
          assert.equal(answers[place], expected[place], `of key ${batch[place]}`);
        }
        at += batch.length;
      }
    });
  }
});

/** Changes, none of them twice, and keys that they bear on, in random order. */
function drawContents(random: Random): { changes: IndexChange[]; keys: number[] } {
  const changes: IndexChange[] = [];
  const keys = [...NO_KEYS, 1e15, 2e15 - 1];
  // Chains of prefixes inside each other, from one digit to fifteen.
  for (let chain = 0; chain < 60; chain++) {
    let key = 1;
    for (let length = random.between(1, 15); length > 0; length--) {
      key = key * 10 + (random.chance(0.6) ? 8 : random.below(10));
      if (random.chance(0.6)) changes.push(prefix(key, random.below(100)));
      keys.push(key - 1, key, key + 1, key * 10 - 1, key * 10 + 9, key * 1000 + 999);
    }
  }
  for (const { from, to } of runFamily(random)) {
    if (random.chance(0.5)) changes.push(run(from, to, random.below(100)));
    if (random.chance(0.3)) keys.push(from - 1, from, to, to + 1);
  }
  // So many backgrounds among the ported numbers that their lines are generic.
  for (let count = 0; count < 3000; count++) changes.push(ported(DENSE + random.below(65_536), 3));
  for (let count = 0; count < 200; count++) {
    const from = DENSE + count * 300;
    changes.push(run(from, from + 2 + random.below(5), random.below(9)));
    changes.push(prefix(Math.floor((from + random.below(300)) / 10), 5));
  }
  for (let count = 0; count < 2000; count++) keys.push(DENSE + random.below(65_536));
  for (let count = 0; count < 50; count++) {
    const key = SPARSE + random.below(2 ** 24);
    changes.push(ported(key, 4));
    keys.push(key, key + 1);
  }
  const distinct = new Map(changes.map((each) => [`${each.entry} ${each.from} ${each.to}`, each]));
  return { changes: [...distinct.values()], keys: shuffled(random, keys) };
}
