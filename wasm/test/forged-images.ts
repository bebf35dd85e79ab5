// Honest images, what may be done to them, and what must hold whatever was done: the image is refused,
// or everything that can be asked of it comes to an end and names routes that there are, also after
// changes.
//
// Nothing here knows the layout but for where the checksum lies and what it covers, and where a reader's
// place says that it is in a call.

import assert from 'node:assert/strict';
import { type IndexChange, IndexError } from '../number-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import {
  createMemory,
  HEADER_ROOT_FIRST,
  IMAGE_HEADER_BYTES,
  instantiate,
  MEMORY_PAGES_MIN,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  type WasmBuild,
} from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import type { Random } from './random.ts';

/** HEADER_CHECKSUM of layout.ts; a u64. */
export const CHECKSUM_OFFSET = 16;
/** Routes of honest images are below this. */
export const ROUTES_BELOW = 1000;

const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
const memoryBytesMax = 16 << 20;
const FIRST_KEY = 18613900000;
/** More than an image of so many bytes can hold: an entry takes a bit at least. */
const entriesMax = (imageBytes: number): number => imageBytes * 8;

const CONTENTS: readonly (readonly IndexChange[][])[] = [
  [],
  // All kinds, replaced a few times, so that there is memory that is free or waits for readers.
  Array.from({ length: 4 }, (_, batch) => [
    prefix(18, batch),
    prefix(186139, batch),
    run(1861390, 1861399, batch),
    run(1861391, 1861393, batch),
    ...Array.from({ length: 40 }, (_, at) => ported(FIRST_KEY + at * 3 + batch, at)),
  ]),
  // A dense block with many routes, of which a part went away again.
  [
    Array.from({ length: 700 }, (_, at) => ported(FIRST_KEY + at, (at * 7) % ROUTES_BELOW)),
    Array.from({ length: 200 }, (_, at) => ported(FIRST_KEY + at * 2, null)),
  ],
  // Runs inside each other, of all lengths, over boundaries of 2^16 and 2^24 keys.
  [
    Array.from({ length: 12 }, (_, at) => run(FIRST_KEY - 4 ** at, FIRST_KEY + 4 ** at, at)),
    Array.from({ length: 30 }, (_, at) => run(14917000 + at * 10, 14917004 + at * 10, at)),
  ],
  // Single numbers and prefixes far from each other.
  [
    Array.from({ length: 60 }, (_, at) => ported(FIRST_KEY + at * 20_000_003, at)),
    Array.from({ length: 15 }, (_, at) => prefix(10 ** at * 10 + at, at)),
  ],
];

const withUserData = (key: number, route: number, userData: number): IndexChange => ({
  ...ported(key, route),
  userData,
});

/** Lines of all forms, then patches of some of them, with user data, and another background. */
const CHANGED: readonly IndexChange[][] = [
  [
    ...Array.from({ length: 900 }, (_, at) => ported(FIRST_KEY + at, at % 7)),
    ...Array.from({ length: 90 }, (_, at) => withUserData(FIRST_KEY + 3000 + at * 50, at, at * 3)),
    ...Array.from({ length: 20 }, (_, at) => ported(14917000 + at * 999, at)),
    prefix(18, 5),
  ],
  [],
  [
    ...Array.from({ length: 40 }, (_, at) => withUserData(FIRST_KEY + at * 31, at, 2 ** 47 + at)),
    ...Array.from({ length: 5 }, (_, at) => ported(14917000 + at * 3, at)),
    run(FIRST_KEY + 100, FIRST_KEY + 199, 8),
  ],
];

/** Keys that the honest images know something about, and some that they do not. */
const KEYS = Float64Array.from([
  ...[10, 18, 186, 1861391, 18613902, 186139021, 14917003, 1_999_999_999_999_999],
  ...Array.from({ length: 120 }, (_, at) => FIRST_KEY + at * 6),
  ...Array.from({ length: 24 }, (_, at) => FIRST_KEY + 4 ** (at >> 1) - (at & 1)),
  ...Array.from({ length: 30 }, (_, at) => FIRST_KEY + at * 40_000_006),
  ...Array.from({ length: 15 }, (_, at) => 10 ** at * 10 + at),
]);
const ASKED_KEYS = KEYS.filter((_, at) => at < 12 || at % 9 === 0);

const BATCHES: readonly IndexChange[][] = [
  [ported(FIRST_KEY + 5, 1), ported(FIRST_KEY + 6, null), prefix(186139, null), ported(19, 2)],
  [run(1861394, 1861395, 1), run(1861391, 1861393, null), run(FIRST_KEY, FIRST_KEY, 2)],
  Array.from({ length: 300 }, (_, at) => ported(FIRST_KEY + at, at % 3 === 0 ? null : at)),
  Array.from({ length: 20 }, (_, at) => ported(FIRST_KEY + at * 49_999_991, at)),
];

/** The image of an index. Not a Buffer, whose `slice` would be a view of the same bytes. */
export function imageOf(index: WasmIndex, chunkBytesMax?: number): Uint8Array {
  return new Uint8Array(Buffer.concat([...index.imageChunks(chunkBytesMax)]));
}

/** Images as they are, and, of contents that change often, as they are while a reader is in an old call. */
export function honestImages(): Uint8Array[] {
  return [...CONTENTS.map((batches) => imageAfter(batches)), imageAfter(CHANGED, 1)];
}

/** The image after some batches, the last of them while a reader is in a call that it does not leave. */
function imageAfter(batches: readonly IndexChange[][], lateBatches = 0): Uint8Array {
  const index = createWasmIndex({ memoryBytesMax });
  batches.forEach((changes, at) => {
    if (at === batches.length - lateBatches) stayInCall(index);
    index.apply(changes, Uint8Array.of(at));
  });
  return imageOf(index);
}

/** Puts a reader of its own into a call: what it sees may not be changed from then on. */
export function stayInCall(index: WasmIndex): void {
  instantiate(index.memory, 'release').call((exports) => exports.enter(exports.claimReader()));
}

let scratch: WebAssembly.Memory | undefined;

/** Puts the checksum of an image right, as image.ts makes it, whatever else is wrong. */
export function seal(image: Uint8Array): void {
  scratch ??= createMemory(MEMORY_PAGES_MIN, memoryBytesMax);
  const missing = ARENA + image.length - scratch.buffer.byteLength;
  if (missing > 0) scratch.grow(Math.ceil(missing / PAGE_BYTES));
  const wasm = instantiate(scratch, 'release');
  const bytes = new Uint8Array(scratch.buffer);
  const checksumOf = (part: Uint8Array, seed: bigint): bigint => {
    bytes.set(part, ARENA);
    return wasm.call((exports) => exports.xxh64(ARENA, part.length, seed));
  };
  const header = image.slice(0, IMAGE_HEADER_BYTES);
  header.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 8);
  const root = image.subarray(IMAGE_HEADER_BYTES, arenaStart(image));
  const arena = image.subarray(arenaStart(image));
  const checksum = checksumOf(arena, checksumOf(root, checksumOf(header, 0n)));
  viewOf(image).setBigUint64(CHECKSUM_OFFSET, BigInt.asUintN(64, checksum), true);
}

/** Where in an image the arena begins: behind the root, as long as its header says it is. */
export function arenaStart(image: Uint8Array): number {
  const view = viewOf(image);
  const [first, end] = [HEADER_ROOT_FIRST, HEADER_ROOT_FIRST + 4].map((at) =>
    view.getUint32(at, true),
  );
  const rootBytes = Math.max(0, end! - first!);
  return Math.min(IMAGE_HEADER_BYTES + rootBytes, image.length);
}

export function viewOf(image: Uint8Array): DataView {
  return new DataView(image.buffer, image.byteOffset, image.byteLength);
}

/** A copy with one to four words that are not what they were, and the checksum put right. */
export function forge(honest: Uint8Array, random: Random): Uint8Array {
  const image = honest.slice();
  const view = viewOf(image);
  for (let count = random.between(1, 4); count > 0; count--) {
    const at = someWord(view, random);
    const word = view.getUint32(at, true);
    const values = [
      random.below(2 ** 32),
      random.below(64),
      word ^ (1 << random.below(32)),
      word + random.between(-64, 64),
      view.getUint32(someWord(view, random), true),
      ARENA + 4 * random.below(image.length / 4),
      random.pick([0, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff]),
    ];
    view.setUint32(at, random.pick(values), true);
  }
  seal(image);
  return image;
}

/** The offset of a word, of one that says something if that is found soon. */
function someWord(view: DataView, random: Random): number {
  const within = random.chance(0.15) ? IMAGE_HEADER_BYTES : view.byteLength;
  let at = 0;
  for (let tries = 0; tries < 4; tries++) {
    at = 4 * random.below(within / 4);
    if (view.getUint32(at, true) !== 0) break;
  }
  return at;
}

export type Outcome = 'refused' | 'used';

/**
 * Loads an image and does everything with it. Throws where something other happens than a refusal, or
 * than answers that may be wrong but name routes below ROUTES_BELOW.
 */
export function useUp(image: Uint8Array, build: WasmBuild): Outcome {
  let index: WasmIndex;
  try {
    index = loadImage(image, { memoryBytesMax, build, routesMax: ROUTES_BELOW });
  } catch (error) {
    assert.ok(error instanceof IndexError, String(error));
    assert.match(error.code, /^BCHF_INDEX_IMAGE_(INVALID|VERSION)$/);
    return 'refused';
  }
  read(index, image.length);
  for (const changes of BATCHES) {
    applyIfPossible(index, changes);
    read(index, memoryBytesMax);
  }
  return 'used';
}

function applyIfPossible(index: WasmIndex, changes: readonly IndexChange[]): void {
  try {
    index.apply(changes);
  } catch (error) {
    const isRefusal = error instanceof IndexError && error.code !== 'BCHF_INDEX_TRAP';
    if (!isRefusal) throw error;
  }
}

/** Asks everything. Throws an AssertionError for a route that is not below ROUTES_BELOW. */
function read(index: WasmIndex, imageBytes: number): void {
  const answers = new Uint32Array(KEYS.length);
  index.lookup(KEYS, answers, KEYS.length);
  const check = (route: number): void => assert.ok(route < ROUTES_BELOW, `route ${route}`);
  for (const answer of answers) check(answer & 0xfffff);
  for (const key of ASKED_KEYS) {
    const found = index.find(key);
    if (found !== undefined) check(found.route);
    for (const { route } of index.explain(key)) check(route);
    index.hasBelow(key);
  }
  let entries = 0;
  for (const { route } of index.entries()) {
    check(route);
    assert.ok(++entries <= entriesMax(imageBytes), 'there is no end of entries');
  }
  index.counts();
  assert.ok(index.label().length <= 64);
}
