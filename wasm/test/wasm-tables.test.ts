// Dense areas whose numbers lie in clusters, and whose segments have tables of lines (assembly/line-table.ts): each
// index is compared with the reference where its lines begin and end, and as blocks of numbers come and go,
// and the background of those that nobody has ported from changes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IndexChange, IndexError } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import { imageOf } from './forged-images.ts';
import {
  applyBehindReaders,
  applyBoth,
  compare,
  type IndexPair,
  numbersAtBounds,
} from './index-pair.ts';
import { areaCounts, setRoom, settle, usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const AREA = 2 ** 24;
const SEGMENT = 2 ** 16;
/** The first number of an area in the middle of those of eleven digits. */
const FIRST_KEY = 11_000 * AREA;
const ENDS = [FIRST_KEY, FIRST_KEY + AREA];
/** Numbers of a block, and from the first of one to that of the next. */
const SIZE = 1000;
const APART = 16_000;
const BLOCKS = 10;
/** With these, an area becomes dense; it stays so without most of them. */
const BLOCKS_AT_FIRST = 50;
const AREA_BYTES = 8192;
/** Bytes in which a block of numbers is set, and tables are built anew or not. */
const ROOMS = [120_000, 60_000, 40_000, 30_000, 20_000, 12_000, 6000, 1000];
const THIN_KEY = FIRST_KEY + 200 * SEGMENT + 20_000;
const IS_TABLED = 1 << 27;
const IS_LISTED = 1 << 26;

const seed = runSeed();

const firstOf = (block: number): number => FIRST_KEY + 700 + block * APART;

/** Four in five numbers of a block. */
function blockAt(first: number, random: Random, route: number): IndexChange[] {
  return Array.from({ length: SIZE }, (_, at) => first + at)
    .filter(() => random.chance(0.8))
    .map((key) => ported(key, route + (key % 3)));
}

function blocks(random: Random, from: number, end: number): IndexChange[] {
  return Array.from({ length: end - from }, (_, at) => from + at).flatMap((block) =>
    blockAt(firstOf(block), random, block),
  );
}

const deleted = (changes: readonly IndexChange[]): IndexChange[] =>
  changes.map((change) => ({ ...change, route: null }));

const tablesOf = (index: WasmIndex) =>
  [...index.segments()].filter(({ shape }) => (shape & IS_TABLED) !== 0);

/** An index and its reference with prefixes below the blocks, these, and runs in some and between others. */
function tabled(random: Random, build: 'debug' | 'release'): IndexPair {
  const pair: IndexPair = [createWasmIndex({ memoryBytesMax, build }), new ReferenceIndex()];
  const more = blocks(random, BLOCKS, BLOCKS_AT_FIRST);
  for (const batch of [more.concat(blocks(random, 0, BLOCKS)), [], deleted(more)]) {
    for (const each of pair) each.apply(batch);
  }
  applyBoth(pair, [
    prefix(18, 90),
    ...Array.from({ length: 5 }, (_, at) => prefix(Math.floor(firstOf(at * 2) / 10_000), at)),
    run(firstOf(3) + 20, firstOf(3) + 40, 91),
    run(firstOf(7) + 5000, firstOf(7) + 5999, 92),
    // A thin block, whose lines are lists.
    ...Array.from({ length: 500 }, (_, at) => ported(THIN_KEY + at * 19, at % 3)),
  ]);
  settle(pair[0]);
  assert.ok(tablesOf(pair[0]).some(({ shape }) => (shape & IS_LISTED) !== 0));
  assert.deepEqual(areaCounts(pair[0].memory), { dense: 1, sparse: 0, divided: 0 });
  assert.ok(tablesOf(pair[0]).length >= Math.floor((BLOCKS * APART) / SEGMENT));
  return pair;
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm tables of lines, ${build} (BCHF_TEST_SEED=${seed})`, () => {
    it('have lines for numbers that somebody has, and few bytes for the others', () => {
      const [index, reference] = tabled(new Random(seed), build);
      compare([index, reference], ENDS);
      const image = imageOf(index);
      const loaded = loadImage(image, { memoryBytesMax, build });
      compare([loaded, reference], ENDS);
      applyBoth([loaded, reference], [ported(firstOf(4) + APART / 2, 7)]);
      // With a line for each span of numbers, areas apart, it were more than twice as much.
      const bytes = usedBytes(index.memory) - AREA_BYTES;
      assert.ok(bytes < index.counts().ported * 4, `${bytes} bytes`);
    });

    it('take numbers where no line was, and give their room back', () => {
      const random = new Random(seed);
      const pair = tabled(random, build);
      const before = usedBytes(pair[0].memory);
      const others: number[] = [FIRST_KEY, FIRST_KEY + AREA - 1, THIN_KEY - 700, THIN_KEY + 15_000];
      for (let at = 0; at < 60; at++)
        others.push(firstOf(at % BLOCKS) + 1500 + random.below(APART));
      const added = [...new Set(others)].filter((key) => pair[1].find(key)?.entry !== 'ported');
      for (let at = 0; at < added.length; at += 20) {
        applyBoth(
          pair,
          added.slice(at, at + 20).map((key) => ported(key, 70)),
        );
      }
      applyBoth(
        pair,
        added.map((key) => ported(key, null)),
      );
      // A line that was added stays until its segment is built anew.
      assert.ok(usedBytes(pair[0].memory) <= before + added.length * 64);
    });

    it('go, and leave nothing behind', () => {
      const random = new Random(seed);
      const pair: IndexPair = [createWasmIndex({ memoryBytesMax, build }), new ReferenceIndex()];
      applyBoth(pair, [prefix(18, 90)]);
      const before = usedBytes(pair[0].memory);
      const changes = blocks(random, 0, BLOCKS_AT_FIRST);
      for (const each of pair) each.apply(changes);
      settle(pair[0]);
      assert.ok(tablesOf(pair[0]).length >= (BLOCKS_AT_FIRST * APART) / SEGMENT - 1);
      for (let left = changes.length; left > 0; left = Math.floor(left / 6)) {
        applyBoth(pair, deleted(changes.slice(Math.floor(left / 6), left)));
      }
      assert.deepEqual(areaCounts(pair[0].memory), { dense: 0, sparse: 0, divided: 0 });
      assert.equal(usedBytes(pair[0].memory), before);
    });

    it('have the background of its own version for a reader that stays in a call', () => {
      const random = new Random(seed);
      const pair = tabled(random, build);
      const bounds = numbersAtBounds(pair[0], ENDS);
      const keys = Array.from({ length: 256 }, () => random.pick(bounds));
      while (keys.length < 512) keys.push(firstOf(random.below(BLOCKS)) + random.below(APART));
      const steps: IndexChange[][] = [
        [prefix(18, 80), run(firstOf(4) - 1000, firstOf(9) + 50, 81)],
        [run(firstOf(12) + 30, firstOf(12) + 2000, 82), prefix(Math.floor(firstOf(20) / 1000), 83)],
        // The same span in one batch: another background, and a number where no line was.
        [run(firstOf(15) + 4000, firstOf(15) + 4010, 85), ported(firstOf(15) + 4005, 86)],
        [...blockAt(firstOf(6) + 9000, random, 10), ported(firstOf(1) - 100, 84)],
        [run(firstOf(4) - 1000, firstOf(9) + 50, null), prefix(18, null)],
        [run(firstOf(12) + 30, firstOf(12) + 2000, null), ported(firstOf(15) + 4005, null)],
        [
          run(THIN_KEY - 6000, THIN_KEY + 40, 87),
          ported(THIN_KEY - 5000, 88),
          ported(THIN_KEY - 9000, 89),
        ],
      ];
      applyBehindReaders(pair, steps, keys, build);
    });

    it('are given up whole where the memory is full', () => {
      const [made, reference] = tabled(new Random(seed), build);
      const image = imageOf(made);
      const pages = Math.ceil((image.length + ROOMS[0]!) / PAGE_BYTES) + PAGES_BEFORE_ARENA;
      const more = [3, 9].flatMap((at) => blockAt(firstOf(at) + 6000, new Random(seed), at));
      let refused = 0;
      for (const room of ROOMS) {
        const index = loadImage(image, { memoryBytesMax: pages * PAGE_BYTES, build });
        // A memory at its limit, which has more room at its end than is left.
        index.memory.grow(pages - index.memory.buffer.byteLength / PAGE_BYTES);
        setRoom(index.memory, room);
        let batch: IndexChange[] = [];
        try {
          index.apply(more);
          batch = more;
        } catch (error) {
          assert.ok(error instanceof IndexError);
          refused++;
        }
        reference.apply(batch);
        settle(index);
        // Where there is no room to build, it is tried again and again.
        const used = usedBytes(index.memory);
        for (let next = 0; next < 10; next++) index.apply([]);
        assert.equal(usedBytes(index.memory), used);
        compare([index, reference]);
        applyBoth([index, reference], deleted(batch));
      }
      assert.ok(refused > 0 && refused < ROOMS.length, `${refused} refused`);
    });
  });
}
