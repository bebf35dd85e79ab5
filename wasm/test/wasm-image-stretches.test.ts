// Images of more than the check has a map for when the memory cannot grow: it then goes through all parts
// once for each stretch of the arena, see assembly/image-room.ts. All offsets are those of
// assembly/layout.ts and directory.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IndexChange, IndexError, kindOfAnswer, routeOfAnswer } from '../number-index.ts';
import { createImageLoader } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import {
  instantiate,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  READERS,
  ROOT,
  type WasmBuild,
} from '../wasm-module.ts';
import { ported } from './changes.ts';

const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
const HEADER_USED = 24;
const EMPTY_NODE = 20_480;
const AREA_PALETTE = 12;
const AREA_NUMBERS = 2 ** 24;
const NODE_AREAS = 1024;
/** A byte of the map, which then lies in the place of readers and of the writer, stands for 32. */
const STRETCH_BYTES = (ARENA - READERS - 8) * 32;

/** First numbers of areas of which the first two lie in the first stretch, the others in the second. */
const AREAS = [1_109_500, 1_109_501, 1_109_502, 1_109_503].map((area) => area * AREA_NUMBERS);
const NUMBERS_EACH = 50;
const ROUTES = 3;

/** The same routes in the same order in all areas: so their palettes could be taken for each other. */
function numbersIn(areas: readonly number[]): IndexChange[] {
  return areas.flatMap((first) =>
    Array.from({ length: NUMBERS_EACH }, (_, at) => ported(first + at * 1000, at % ROUTES)),
  );
}

/** An index whose arena is longer than a stretch, with entries at both of its ends. */
function longIndex(): WasmIndex {
  const index = createWasmIndex({ memoryBytesMax: ARENA + STRETCH_BYTES + (8 << 20) });
  index.apply(numbersIn(AREAS.slice(0, 2)));
  index.memory.grow(Math.ceil(STRETCH_BYTES / PAGE_BYTES));
  const memory = new DataView(index.memory.buffer);
  memory.setUint32(HEADER_USED, memory.getUint32(HEADER_USED, true) + STRETCH_BYTES, true);
  index.apply(numbersIn(AREAS.slice(2)));
  return index;
}

/** Offset of the word that says where the palette of an area lies. */
function palettePlace(memory: DataView, firstNumber: number): number {
  const area = firstNumber / AREA_NUMBERS;
  const node = memory.getUint32(ROOT + Math.floor(area / NODE_AREAS) * 4, true);
  const headers = EMPTY_NODE + node + NODE_AREAS * 4;
  return memory.getUint32(headers + (area % NODE_AREAS) * 4, true) + AREA_PALETTE;
}

/** Loads the image of an index into a memory that has no room for a map behind it. */
function loadTightly(index: WasmIndex, build: WasmBuild): WasmIndex {
  const imageBytes = index.imageBytes();
  const used = new DataView(index.memory.buffer).getUint32(HEADER_USED, true);
  const memoryBytesMax = (Math.ceil(used / PAGE_BYTES) + 1) * PAGE_BYTES;
  const loader = createImageLoader(imageBytes, { memoryBytesMax, build });
  for (const chunk of index.imageChunks()) loader.write(chunk);
  return loader.finish();
}

function assertAnswers(index: WasmIndex): void {
  const numbers = numbersIn(AREAS);
  const answers = new Uint32Array(numbers.length);
  index.lookup(
    Float64Array.from(numbers, ({ from }) => from),
    answers,
    numbers.length,
  );
  numbers.forEach(({ route }, at) => {
    assert.equal(kindOfAnswer(answers[at]!), 'ported');
    assert.equal(routeOfAnswer(answers[at]!), route);
  });
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index image that is checked stretch by stretch, ${build}`, () => {
    it('is taken with all entries, and what is free in each stretch can be used', () => {
      const index = loadTightly(longIndex(), build);
      assertAnswers(index);
      const used = new DataView(index.memory.buffer).getUint32(HEADER_USED, true);
      for (let batch = 0; batch < 20; batch++) {
        const first = AREAS[batch % AREAS.length]! + 2 ** 23;
        index.apply(Array.from({ length: 2000 }, (_, at) => ported(first + batch + at * 40, 1)));
      }
      assertAnswers(index);
      // Nothing was taken from the end of the arena, where there is next to nothing left.
      const usedThen = new DataView(index.memory.buffer).getUint32(HEADER_USED, true);
      assert.equal(usedThen, used);
    });

    it('is refused where two of its parts lie in one another, in whichever stretch', () => {
      for (const [area, other] of [
        [0, 1],
        [2, 3],
      ] as const) {
        const index = longIndex();
        index.imageBytes();
        const memory = new DataView(index.memory.buffer);
        const palette = memory.getUint32(palettePlace(memory, AREAS[area]!), true);
        memory.setUint32(palettePlace(memory, AREAS[other]!), palette, true);
        // All answers are as right as they were, and the checksum fits.
        assertAnswers(index);
        instantiate(index.memory, 'release').call((exports) => exports.prepareImage());
        assert.throws(
          () => loadTightly(index, build),
          (error) => error instanceof IndexError && error.code === 'BCHF_INDEX_IMAGE_INVALID',
        );
      }
    });
  });
}
