// Numbers of blocks in areas that have few others, against the reference: blocks of all sizes, more and less
// dense, with prefixes and runs around them, looked up in lines and in the patches of a later batch. Where a
// block is too thin for a segment of its own, its line has its entries in columns (assembly/lookup-columns.ts).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { imageOf } from './forged-images.ts';
import { FOREIGN, ImagePlaces } from './image-places.ts';
import { Random, runSeed } from './random.ts';
import { shuffled } from './run-families.ts';

const memoryBytesMax = 128 << 20;
const CHANGES = 4000;
const AREA = 2 ** 24;
/** The first number of an area of those of eleven digits. */
const FIRST = 11_000 * AREA;
/** Around what is searched at once, and what a listed line has room for, up to a line of a dense segment. */
const SIZES = [1, 2, 15, 16, 17, 31, 33, 62, 63, 64, 65, 81, 129, 241, 500, 869, 1500];
/** Fewer than a thin cluster has at least. */
const THIN_NUMBERS = 50;
const BATCHES = [1, 2, 255, 256, 257, 4096];

const seed = runSeed();

describe(`Numbers of blocks far from others (BCHF_TEST_SEED=${seed})`, () => {
  for (const build of ['release', 'debug'] as const) {
    it(`are found, and their neighbours have what is around them, ${build}`, () => {
      const random = new Random(seed);
      const { numbers, changes } = drawBlocks(random);
      const index = createWasmIndex({ memoryBytesMax, build });
      const reference = new ReferenceIndex();
      const apply = (all: readonly IndexChange[]) => {
        for (let at = 0; at < all.length; at += CHANGES) {
          for (const each of [index, reference]) each.apply(all.slice(at, at + CHANGES));
        }
      };
      const compare = () => {
        const keys = shuffled(
          random,
          numbers.flatMap((key) => [key, key + random.pick([-1, 1, 2, 10])]),
        );
        for (let at = 0; at < keys.length; ) {
          const batch = Float64Array.from(keys.slice(at, at + random.pick(BATCHES)));
          const [answers, expected] = [
            new Uint32Array(batch.length),
            new Uint32Array(batch.length),
          ];
          index.lookup(batch, answers, batch.length);
          reference.lookup(batch, expected, batch.length);
          for (let place = 0; place < batch.length; place++) {
            assert.equal(answers[place], expected[place], `of key ${batch[place]}`);
          }
          at += batch.length;
        }
      };
      apply(shuffled(random, changes));
      const places = new ImagePlaces(imageOf(index));
      const lines = [...places.linesOf(FIRST + (SIZES.length - 1) * AREA)];
      assert.ok(
        lines.some(({ flags }) => (flags & FOREIGN) !== 0n),
        'no line has its entries in columns',
      );
      compare();
      // What the last batch changed is in patches, until the next one folds them into their lines.
      apply(
        numbers
          .filter(() => random.chance(0.2))
          .map((key) => ported(key, random.chance(0.5) ? null : random.below(3000))),
      );
      compare();
      apply([ported(numbers[0]!, 7)]);
      compare();
    });
  }
});

/** A block of each size in an area of its own, some numbers of each, and what is around them. */
function drawBlocks(random: Random): { numbers: number[]; changes: IndexChange[] } {
  const numbers = new Set<number>();
  const changes: IndexChange[] = [prefix(Math.floor(FIRST / 10 ** 8), 1)];
  SIZES.forEach((size, place) => {
    const first = FIRST + place * AREA + random.below(AREA / 2);
    // The last block is so thin, with a gap behind few of its numbers, that they are no clusters.
    const isThin = place === SIZES.length - 1;
    const density = isThin ? 0.01 : random.pick([0.1, 0.25, 1]);
    for (let count = 0, key = first; count < size; key++) {
      if (!random.chance(density)) continue;
      numbers.add(key);
      count++;
      if (isThin && count % THIN_NUMBERS === 0) key += 3000;
    }
    // Far away, so that the area has more than one line, and the block is not all that there is.
    if (isThin) for (const number of [0, AREA - 1]) numbers.add(FIRST + place * AREA + number);
    for (let count = random.below(40); count > 0; count--) {
      numbers.add(FIRST + place * AREA + random.below(AREA));
    }
    if (random.chance(0.5)) changes.push(prefix(Math.floor(first / 1000), random.below(99)));
    if (random.chance(0.5)) changes.push(run(first + 3, first + 3 + random.below(300), 5));
  });
  const distinct = new Map(changes.map((each) => [`${each.entry} ${each.from}`, each]));
  const many = random.chance(0.5);
  const all = [...numbers];
  return {
    numbers: all,
    changes: [
      ...distinct.values(),
      ...all.map((key) => ported(key, random.below(many ? 3000 : 30))),
    ],
  };
}
