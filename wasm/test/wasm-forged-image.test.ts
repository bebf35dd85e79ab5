// Images whose checksum is right and whose links are not. One whose entries lead astray is refused; one
// whose free or retired blocks do may trap when it is written to. Every call comes to an end, and with
// no other error than a coded one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IndexError } from '../number-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';

// Offsets of layout.ts.
const HEADER_USED = 24;
const HEADER_RETIRED_FIRST = 28;
const HEADER_RETIRED_LAST = 32;
const HEADER_CURRENT = 72;
const HEADER_FREE_LISTS = 128;
const HEADER_BYTES = 512;
const VERSION_ROOT = 0;
const VERSION_RUNS = 4;
const VERSION_RUN_COUNT = 8;
const VERSION_PREFIX_COUNT = 12;
const VERSION_PORTED_COUNT = 16;
const VERSION_LABEL_BYTES = 20;
const VERSION_BYTES = 88;
const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;

const memoryBytesMax = 8 << 20;
const KEY = 1861391;
const ENTRIES_MAX = 20_000;

function honestIndex(): WasmIndex {
  const index = createWasmIndex({ memoryBytesMax });
  for (let batch = 0; batch < 4; batch++) {
    index.apply([
      prefix(18, batch),
      prefix(186139, batch),
      run(1861390, 1861399, batch),
      run(1861391, 1861393, batch),
      ...Array.from({ length: 40 }, (_, at) => ported(18613900 + at * 3 + batch, at)),
      ...Array.from({ length: 40 }, (_, at) => run(1861400 + at * 3, 1861402 + at * 3, batch)),
    ]);
  }
  return index;
}

/** Loads the image and uses all of it. Returns the code of what ended that, or 'through'. */
function outcomeOf(image: Uint8Array, build: 'debug' | 'release'): string {
  try {
    const index = loadImage(image, { memoryBytesMax, build });
    assert.ok(index.label().length <= 64);
    for (const key of [18, KEY, 18613902, 186139021]) {
      index.lookup(Float64Array.of(key), new Uint32Array(1), 1);
      index.find(key);
      index.explain(key);
      index.hasBelow(key);
    }
    let left = ENTRIES_MAX;
    for (const _ of index.entries()) if (left-- === 0) break;
    for (let batch = 0; batch < 3; batch++) {
      index.apply([ported(18613905 + batch, 1), ported(18613906, null), prefix(186139, null)]);
      index.apply([run(1861394, 1861395, batch), run(1861391, 1861393, null)]);
    }
    for (const _ of index.entries()) if (left-- === 0) break;
    return 'through';
  } catch (error) {
    assert.ok(error instanceof IndexError, String(error));
    return error.code;
  }
}

function forged(forge: (memory: DataView, version: number) => void): Uint8Array {
  const index = honestIndex();
  const memory = new DataView(index.memory.buffer);
  forge(memory, memory.getUint32(HEADER_CURRENT, true));
  return Buffer.concat([...index.imageChunks()]);
}

/** A new node at the end of the used arena, whose ten digits all lead to it. */
function addCircle(memory: DataView, fields: number, freshBit: number): number {
  const node = memory.getUint32(HEADER_USED, true);
  memory.setUint32(HEADER_USED, node + 64, true);
  memory.setUint32(node, (0x3ff << 2) | fields, true);
  const first = fields === 3 ? 3 : 1;
  for (let at = first; at < first + 10; at++)
    memory.setUint32(node + at * 4, node | freshBit, true);
  return node;
}

// The run tree of these has a root above several leaves; the forgeries know the form of its nodes.
const FORGED_RUNS = Array.from({ length: 100 }, (_, at) => [
  run(187000 + at * 10, 187009 + at * 10, at),
  { ...run(187002 + at * 10, 187004 + at * 10, at), userData: at },
]).flat();
const NODE_COUNT = 4;
const [ITEM_TO, ITEM_LINK, ITEM_KIND, ITEM_REACH] = [8, 16, 20, 24];

function itemAt(node: number, index: number): number {
  return node + 8 + index * 32;
}

function firstLeaf(memory: DataView, root: number): number {
  return memory.getUint32(itemAt(root, 0) + ITEM_LINK, true);
}

/** Sets a float of the second record of the first leaf, which is a run inside the first one. */
function setInner(offset: number, value: number): (memory: DataView, root: number) => void {
  return (memory, root) => {
    memory.setFloat64(itemAt(firstLeaf(memory, root), 1) + offset, value, true);
  };
}

function setChild(offset: number, value: number): (memory: DataView, root: number) => void {
  return (memory, root) => memory.setUint32(itemAt(root, 1) + offset, value, true);
}

const RUN_FORGERIES: Record<string, (memory: DataView, root: number, version: number) => void> = {
  'runs cross': setInner(ITEM_TO, 187012),
  'runs are not in order': setInner(0, 186999),
  'a run is there twice': (memory, root) => {
    setInner(0, 187000)(memory, root);
    setInner(ITEM_TO, 187009)(memory, root);
  },
  'a run ends before it begins': setInner(ITEM_TO, 187001),
  'a run has ends of two lengths': setInner(ITEM_TO, 1870020),
  'a run begins at no key': setInner(0, Number.NaN),
  'an index of user data is negative': setInner(ITEM_REACH, -2),
  'an index of user data is broken': setInner(ITEM_REACH, 0.5),
  'an index of user data is too large': setInner(ITEM_REACH, 2 ** 48),
  'an index of user data is no number': setInner(ITEM_REACH, Number.NaN),
  'a run is of another kind': (memory, root) => {
    memory.setUint32(itemAt(firstLeaf(memory, root), 1) + ITEM_KIND, 3, true);
  },
  'runs have a root of another level': (memory, root) => memory.setUint32(root, 2, true),
  'runs have more levels than there are': (memory, root) => memory.setUint32(root, 2 ** 31, true),
  'a node of runs is empty': (memory, root) => memory.setUint32(root + NODE_COUNT, 0, true),
  'a node of runs is overfull': (memory, root) => memory.setUint32(root + NODE_COUNT, 32, true),
  'runs lead in a circle': (memory, root) => setChild(ITEM_LINK, root)(memory, root),
  'nodes of runs are met twice': (memory, root) =>
    setChild(ITEM_LINK, firstLeaf(memory, root))(memory, root),
  'runs lead out of the arena': setChild(ITEM_LINK, 0xffff_fffc),
  'runs lead to the middle of a word': (memory, root) =>
    setChild(ITEM_LINK, firstLeaf(memory, root) + 2)(memory, root),
  'a child reaches further than told': (memory, root) => {
    const reach = itemAt(root, 1) + ITEM_REACH;
    memory.setFloat64(reach, memory.getFloat64(reach, true) - 1, true);
  },
  'a child begins earlier than told': (memory, root) => {
    const from = itemAt(root, 1);
    memory.setFloat64(from, memory.getFloat64(from, true) + 1, true);
  },
  'more runs are counted than there are': (memory, _, version) =>
    memory.setUint32(version + VERSION_RUN_COUNT, FORGED_RUNS.length + 1, true),
  'fewer runs are counted than there are': (memory, _, version) =>
    memory.setUint32(version + VERSION_RUN_COUNT, FORGED_RUNS.length - 1, true),
  'runs are counted that are not there': (memory, _, version) =>
    memory.setUint32(version + VERSION_RUNS, 0, true),
};

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index image that was forged, ${build}`, () => {
    it('is refused where the trie leads in a circle', () => {
      for (const [fields, freshBit] of [
        [0, 0],
        [3, 0],
        [0, 2],
        [3, 2],
      ] as const) {
        const image = forged((memory, version) =>
          memory.setUint32(version + VERSION_ROOT, addCircle(memory, fields, freshBit), true),
        );
        assert.equal(outcomeOf(image, build), 'BCHF_INDEX_IMAGE_INVALID');
      }
    });

    for (const [name, forge] of Object.entries(RUN_FORGERIES)) {
      it(`is refused where ${name}`, () => {
        const index = createWasmIndex({ memoryBytesMax });
        index.apply(FORGED_RUNS);
        const memory = new DataView(index.memory.buffer);
        const version = memory.getUint32(HEADER_CURRENT, true);
        const honest = Buffer.concat([...index.imageChunks()]);
        assert.equal(outcomeOf(honest, build), 'through');
        forge(memory, memory.getUint32(version + VERSION_RUNS, true), version);
        const image = Buffer.concat([...index.imageChunks()]);
        assert.equal(outcomeOf(image, build), 'BCHF_INDEX_IMAGE_INVALID');
      });
    }

    it('is refused where a link leads out of the arena, or to the middle of a word', () => {
      for (const link of [0, 4, ARENA - 4, 0xffff_fffc]) {
        const image = forged((memory, version) => {
          const root = memory.getUint32(version + VERSION_ROOT, true);
          memory.setUint32(root + 4, link, true);
        });
        assert.equal(outcomeOf(image, build), 'BCHF_INDEX_IMAGE_INVALID');
      }
    });

    it('is refused where more entries are counted than there are', () => {
      for (const counted of [VERSION_PREFIX_COUNT, VERSION_PORTED_COUNT]) {
        const image = forged((memory, version) =>
          memory.setUint32(version + counted, memory.getUint32(version + counted, true) + 1, true),
        );
        assert.equal(outcomeOf(image, build), 'BCHF_INDEX_IMAGE_INVALID');
      }
    });

    it('is refused where an entry names a route that there is none of', () => {
      for (const change of [ported(KEY, 7), prefix(KEY, 7), run(KEY, KEY, 7)]) {
        const index = createWasmIndex({ memoryBytesMax });
        index.apply([prefix(186, 6), change]);
        const image = Buffer.concat([...index.imageChunks()]);
        assert.throws(() => loadImage(image, { memoryBytesMax, build, routesMax: 7 }), {
          code: 'BCHF_INDEX_IMAGE_INVALID',
        });
        loadImage(image, { memoryBytesMax, build, routesMax: 8 }).close();
      }
    });

    it('comes to an end where free blocks lead in a circle', () => {
      const image = forged((memory) => {
        const block = memory.getUint32(HEADER_USED, true);
        memory.setUint32(HEADER_USED, block + 128, true);
        memory.setUint32(block, block, true);
        for (let list = 0; list < 41; list++) {
          memory.setUint32(HEADER_FREE_LISTS + list * 4, block, true);
        }
      });
      outcomeOf(image, build);
    });

    it('comes to an end where retired blocks lead in a circle', () => {
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
      assert.equal(outcomeOf(image, build), 'BCHF_INDEX_TRAP');
    });

    it('is refused where the label is longer than labels are', () => {
      const image = forged((memory, version) =>
        memory.setUint32(version + VERSION_LABEL_BYTES, 65, true),
      );
      assert.equal(outcomeOf(image, build), 'BCHF_INDEX_IMAGE_INVALID');
    });

    const seed = runSeed();
    it(`ends with nothing but coded errors whichever words were set (BCHF_TEST_SEED=${seed})`, () => {
      const random = new Random(seed);
      const outcomes = new Set<string>();
      for (let trial = 0; trial < 200; trial++) {
        const image = forged((memory, version) => {
          const used = memory.getUint32(HEADER_USED, true);
          const words = [
            HEADER_RETIRED_FIRST + 4 * random.below((HEADER_BYTES - HEADER_RETIRED_FIRST) / 4),
            version + 4 * random.below(VERSION_BYTES / 4),
            ARENA + 4 * random.below((used - ARENA) / 4),
          ];
          for (let count = 1 + random.below(3); count > 0; count--) {
            const values = [
              ARENA + 4 * random.below((used - ARENA) / 4),
              (ARENA + 4 * random.below((used - ARENA) / 4)) | 2,
              random.below(2 ** 32),
              random.below(64),
              0xffff_fffc,
            ];
            memory.setUint32(random.pick(words), random.pick(values), true);
          }
        });
        outcomes.add(outcomeOf(image, build));
      }
      assert.ok(outcomes.has('through'));
      assert.ok(outcomes.has('BCHF_INDEX_IMAGE_INVALID'));
    });
  });
}
