// Forgeries that know the layout: each puts a certain link, count or list of the arena wrong, with a
// checksum that fits. One whose entries lead astray is refused; what it says of free or retired blocks
// does not matter. All offsets are those of assembly/layout.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import { imageOf, seal, useUp } from './forged-images.ts';

const HEADER_USED = 24;
const HEADER_RETIRED_FIRST = 28;
const HEADER_RETIRED_LAST = 32;
const HEADER_EPOCH = 64;
const HEADER_CURRENT = 72;
const HEADER_FREE_LISTS = 128;
const VERSION_ROOT = 0;
const VERSION_RUNS = 4;
const VERSION_RUN_COUNT = 8;
const VERSION_PREFIX_COUNT = 12;
const VERSION_PORTED_COUNT = 16;
const VERSION_LABEL_BYTES = 20;
const CLASSES = 41;
const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;

function honestIndex(): WasmIndex {
  const index = createWasmIndex({ memoryBytesMax: 8 << 20 });
  for (let batch = 0; batch < 4; batch++) {
    index.apply([
      prefix(18, batch),
      prefix(186139, batch),
      run(1861390, 1861399, batch),
      run(1861391, 1861393, batch),
      ...Array.from({ length: 40 }, (_, at) => ported(18613900000 + at * 3 + batch, at)),
    ]);
  }
  return index;
}

/** The image of an index whose memory was changed; `version` is the offset of the current one. */
function forged(forge: (memory: DataView, version: number) => void): Uint8Array {
  const index = honestIndex();
  // From here on the index takes its memory as fit to be an image.
  index.imageBytes();
  const memory = new DataView(index.memory.buffer);
  forge(memory, memory.getUint32(HEADER_CURRENT, true));
  const image = imageOf(index);
  seal(image);
  return image;
}

/** A new node at the end of the used arena, with a prefix or without, whose ten digits all lead to it. */
function addCircle(memory: DataView, hasPrefix: number, freshBit: number): number {
  const node = memory.getUint32(HEADER_USED, true);
  memory.setUint32(HEADER_USED, node + 64, true);
  memory.setUint32(node, (0x3ff << 1) | hasPrefix, true);
  const first = 1 + hasPrefix;
  for (let at = first; at < first + 10; at++) {
    memory.setUint32(node + at * 4, node | freshBit, true);
  }
  return node;
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index image with a forged layout, ${build}`, () => {
    it('is refused where the version or its parts do not lie where an index has them', () => {
      const spoilings: ((memory: DataView, version: number) => void)[] = [
        (memory) => memory.setUint32(HEADER_EPOCH, 0, true),
        (memory) => memory.setUint32(HEADER_CURRENT, 0, true),
        (memory) => memory.setUint32(HEADER_CURRENT, 0xffff_fff0, true),
        (memory, version) => memory.setUint32(version + VERSION_ROOT, 4096, true),
        (memory, version) => memory.setUint32(version + VERSION_RUNS, 0xf000_0000, true),
        (memory, version) => memory.setUint32(version + VERSION_RUN_COUNT, 1_000_000, true),
        (memory, version) => memory.setUint32(version + VERSION_LABEL_BYTES, 65, true),
      ];
      for (const spoil of spoilings) assert.equal(useUp(forged(spoil), build), 'refused');
    });

    it('is refused where prefixes lead in a circle', () => {
      const circles = [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const;
      for (const [hasPrefix, freshBit] of circles) {
        const image = forged((memory, version) =>
          memory.setUint32(version + VERSION_ROOT, addCircle(memory, hasPrefix, freshBit), true),
        );
        assert.equal(useUp(image, build), 'refused');
      }
    });

    it('is refused where a link leads out of the arena, or to the middle of a word', () => {
      for (const link of [0, 4, ARENA - 4, 0xffff_fffc]) {
        const image = forged((memory, version) => {
          const root = memory.getUint32(version + VERSION_ROOT, true);
          memory.setUint32(root + 4, link, true);
        });
        assert.equal(useUp(image, build), 'refused');
      }
    });

    it('is refused where more or fewer entries are counted than there are', () => {
      for (const counted of [VERSION_PREFIX_COUNT, VERSION_PORTED_COUNT]) {
        for (const difference of [1, -1]) {
          const image = forged((memory, version) => {
            const count = memory.getUint32(version + counted, true);
            memory.setUint32(version + counted, count + difference, true);
          });
          assert.equal(useUp(image, build), 'refused');
        }
      }
    });

    it('is taken, and can be changed, where free blocks lead in a circle', () => {
      const image = forged((memory) => {
        const block = memory.getUint32(HEADER_USED, true);
        memory.setUint32(HEADER_USED, block + 128, true);
        memory.setUint32(block, block, true);
        for (let list = 0; list < CLASSES; list++) {
          memory.setUint32(HEADER_FREE_LISTS + list * 4, block, true);
        }
      });
      assert.equal(useUp(image, build), 'used');
    });

    it('is taken, and can be changed, where retired blocks lead in a circle', () => {
      const image = forged((memory) => {
        const chunk = memory.getUint32(HEADER_USED, true);
        memory.setUint32(HEADER_USED, chunk + 2048, true);
        for (const [at, next] of [
          [0, 1024],
          [1024, 0],
        ] as const) {
          memory.setUint32(chunk + at, chunk + next, true);
          // Releasing the other chunk, then this one, makes the first word lead to the other again.
          memory.setUint32(chunk + at + 4, 2, true);
          memory.setUint32(chunk + at + 16, chunk + next, true);
          memory.setUint32(chunk + at + 20, 1024, true);
          memory.setUint32(chunk + at + 24, chunk + at, true);
          memory.setUint32(chunk + at + 28, 1024, true);
        }
        memory.setUint32(HEADER_RETIRED_FIRST, chunk, true);
        memory.setUint32(HEADER_RETIRED_LAST, chunk + 1024, true);
      });
      assert.equal(useUp(image, build), 'used');
    });
  });
}
