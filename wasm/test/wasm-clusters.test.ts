// Sparse areas whose numbers lie in clusters, and which are divided around these (assembly/sparse-build.ts):
// each index is compared with the reference where its segments begin and end, and as clusters come, grow
// together and go.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { imageOf } from './forged-images.ts';
import {
  applyBehindReaders,
  applyBoth,
  compare,
  type IndexPair,
  numbersAtBounds,
} from './index-pair.ts';
import { areaCounts, settle, usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const AREA = 2 ** 24;
/** The first number of an area in the middle of those of eleven digits. */
const FIRST_KEY = 11_000 * AREA;
const CLUSTERS = 40;
/** From the first number of a cluster to that of the next, and how many numbers it has at most. */
const APART = 400_000;
const SIZE = 300;
/** Where the area begins and ends. */
const ENDS = [FIRST_KEY, FIRST_KEY + AREA];

const seed = runSeed();

/** A third of the numbers of a cluster, the first and the last among them: more than would ever go without a segment. */
function clusterAt(first: number, random: Random, route: number): IndexChange[] {
  const count = random.between(200, SIZE);
  const place = random.below(3);
  const inside = Array.from({ length: count }, (_, at) => at).filter(
    (at) => at === 0 || at === count - 1 || at % 3 === place,
  );
  return inside.map((at) => ported(first + at, route + (at % 3)));
}

const firstOf = (cluster: number): number => FIRST_KEY + 5 + cluster * APART;

function clusters(random: Random): IndexChange[] {
  return Array.from({ length: CLUSTERS }, (_, at) => clusterAt(firstOf(at), random, at)).flat();
}

/** An index and its reference with prefixes below the clusters, these, and runs in some and between others. */
function divided(random: Random, build: 'debug' | 'release'): IndexPair {
  const pair: IndexPair = [createWasmIndex({ memoryBytesMax, build }), new ReferenceIndex()];
  applyBoth(pair, [
    prefix(18, 90),
    ...Array.from({ length: 9 }, (_, at) => prefix(Math.floor(firstOf(at * 4) / 10_000), at)),
    run(firstOf(3) + 20, firstOf(3) + 40, 91),
    run(firstOf(7) + 5000, firstOf(7) + 5999, 92),
    ...clusters(random),
  ]);
  assert.equal(areaCounts(pair[0].memory).divided, 1);
  return pair;
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm clusters, ${build} (BCHF_TEST_SEED=${seed})`, () => {
    it('have a segment each, and numbers on both sides of its ends have their own answers', () => {
      const [index, reference] = divided(new Random(seed), build);
      // Each has lines of its own; between them no line is needed.
      assert.equal([...index.segments()].length, CLUSTERS);
      for (const { from, end } of index.segments()) assert.ok(end - from <= SIZE + 16);
      compare([index, reference], ENDS);
      compare([loadImage(imageOf(index), { memoryBytesMax, build }), reference], ENDS);
    });

    it('take what arrives between them, beside them and at the ends of their area', () => {
      const random = new Random(seed);
      const pair = divided(random, build);
      const others = [FIRST_KEY, FIRST_KEY + AREA - 1];
      for (const { from, end } of pair[0].segments()) others.push(from - 1, end, end + 30_000);
      for (let at = 0; at < others.length; at += 13) {
        applyBoth(
          pair,
          others.slice(at, at + 13).map((key) => ported(key, 70)),
        );
      }
      applyBoth(pair, clusterAt(firstOf(5) + APART / 2, random, 60));
      applyBoth(
        pair,
        others.map((key) => ported(key, null)),
      );
    });

    it('grow together', () => {
      const random = new Random(seed);
      const pair = divided(random, build);
      const gap = Array.from({ length: 3000 }, (_, at) => ported(firstOf(2) + 50 + at, at % 5));
      const far = Array.from({ length: 3000 }, (_, at) => ported(firstOf(3) - 1 - at, at % 5));
      const count = () => [...pair[0].segments()].length;
      applyBoth(pair, gap.slice(0, 100));
      applyBoth(pair, far.slice(0, 100));
      applyBoth(pair, [...gap, ...far]);
      // Where so much has changed, the next time the whole area is divided.
      applyBoth(pair, clusterAt(firstOf(5) + APART / 2, random, 60));
      assert.ok(count() <= CLUSTERS + 1, `${count()} segments`);
    });

    it('go one by one, and leave nothing behind', () => {
      const random = new Random(seed);
      const index = createWasmIndex({ memoryBytesMax, build });
      const reference = new ReferenceIndex();
      applyBoth([index, reference], [prefix(18, 90)]);
      const before = usedBytes(index.memory);
      const changes = clusters(random);
      applyBoth([index, reference], changes);
      for (let cluster = 0; cluster < CLUSTERS; cluster += 3) {
        const isIn = ({ from }: IndexChange) =>
          from >= firstOf(cluster) && from < firstOf(cluster + 3);
        applyBoth(
          [index, reference],
          changes.filter(isIn).map((change) => ({ ...change, route: null })),
        );
      }
      assert.deepEqual(areaCounts(index.memory), { dense: 0, sparse: 0, divided: 0 });
      assert.equal(usedBytes(index.memory), before);
    });

    it('have the background of its own version for a reader that stays in a call', () => {
      const random = new Random(seed);
      const pair = divided(random, build);
      const keys = numbersAtBounds(pair[0], ENDS).slice(0, 256);
      for (let at = 2; keys.length < 512; at++)
        keys.push(firstOf(at % CLUSTERS) + random.below(APART));
      const steps: IndexChange[][] = [
        [prefix(18, 80), run(firstOf(4) - 1000, firstOf(9) + 50, 81)],
        [run(firstOf(12) + 30, firstOf(12) + 2000, 82), prefix(Math.floor(firstOf(20) / 1000), 83)],
        [...clusterAt(firstOf(6) + 9000, random, 10), ported(firstOf(1) - 100, 84)],
        [run(firstOf(4) - 1000, firstOf(9) + 50, null), prefix(18, null)],
        [run(firstOf(12) + 30, firstOf(12) + 2000, null)],
      ];
      applyBehindReaders(pair, steps, keys, build);
    });
  });
}

describe('Wasm clusters', () => {
  it('are not all built anew for each number that arrives between them', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const apart = 34_000;
    // About as many as an area is divided for, each of 32 numbers.
    const count = Math.floor(AREA / apart);
    index.apply(
      Array.from({ length: count * 32 }, (_, at) =>
        ported(FIRST_KEY + Math.floor(at / 32) * apart + (at % 32), at % 50),
      ),
    );
    settle(index);
    const linesOf = () =>
      new Map([...index.segments()].map(({ lines, lineCount }) => [lines, lineCount]));
    let lines = linesOf();
    assert.ok(lines.size >= count);
    let built = 0;
    const arriving = 300;
    for (let at = 0; at < arriving; at++) {
      index.apply([ported(FIRST_KEY + ((at * 7) % count) * apart + 5000 + 700 * (at % 9), 1)]);
      index.apply([]);
      const now = linesOf();
      for (const [offset, lineCount] of now) if (!lines.has(offset)) built += lineCount;
      lines = now;
    }
    // A line or two for each number that arrives, and a few times all of them.
    assert.ok(built <= arriving * 4, `${built} lines`);
  });

  it('have a segment each where they are thin, and all numbers one where they lie in a part of an area', () => {
    const thin = (first: number, count: number, apart: number): IndexChange[] =>
      Array.from({ length: count }, (_, at) =>
        ported(first + at * apart + ((at * 7) % apart), at % 50),
      );
    const ranges = Array.from({ length: 20 }, (_, at) => thin(FIRST_KEY + at * 800_000, 400, 200));
    for (const changes of [ranges.flat(), thin(FIRST_KEY + 9_000_000, 4000, 1500)]) {
      const index = createWasmIndex({ memoryBytesMax });
      const reference = new ReferenceIndex();
      const before = usedBytes(index.memory);
      applyBoth([index, reference], changes);
      settle(index);
      const bytes = (usedBytes(index.memory) - before) / changes.length;
      assert.ok(bytes < 6, `${bytes} bytes a number`);
    }
  });

  it('are in one segment where an area has too many of them', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const reference = new ReferenceIndex();
    const changes = Array.from({ length: 20_000 }, (_, at) =>
      ported(FIRST_KEY + Math.floor(at / 10) * 8000 + (at % 10), at % 50),
    );
    applyBoth([index, reference], changes);
    assert.ok(areaCounts(index.memory).divided <= 1);
  });
});
