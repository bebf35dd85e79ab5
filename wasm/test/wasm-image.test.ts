import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createImageLoader, loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { ARENA_SLACK, instantiate, MEMORY_PAGES_MIN, PAGE_BYTES } from '../wasm-module.ts';
import { ported, prefix, routeFor, run } from './changes.ts';
import { imageOf } from './forged-images.ts';
import { livePatches, setRoom, settle, usedBytes } from './memory-inspection.ts';

const memoryBytesMax = 64 << 20;
const invalid = { name: 'IndexError', code: 'BCHF_INDEX_IMAGE_INVALID' };

/** An index with all kinds of entries, and with free and retired blocks between them. */
function wornIndex(): WasmIndex {
  const index = createWasmIndex({ memoryBytesMax });
  for (let batch = 0; batch < 20; batch++) {
    const places = Array.from(
      { length: 200 },
      (_, at) => 18613900000 + ((at * 37 + batch * 11) % 5000) * 10,
    );
    index.apply(
      places.flatMap((key, at) => [
        ported(key, at % 3 === 0 ? null : at),
        prefix(Math.floor(key / 100), batch),
        run(key, key + 9, at % 5 === 0 ? null : at),
      ]),
      Uint8Array.of(batch),
    );
  }
  return index;
}

describe('Wasm index image', () => {
  it('holds everything, at any size of chunks', () => {
    const index = wornIndex();
    const image = imageOf(index);
    assert.equal(image.length, index.imageBytes());
    assert.deepEqual(imageOf(index, 700), image);
    for (const chunkBytes of [image.length, 65_536, 512, 511, 777]) {
      const loader = createImageLoader(image.length, { memoryBytesMax });
      for (let at = 0; at < image.length; at += chunkBytes) {
        loader.write(image.subarray(at, at + chunkBytes));
      }
      const loaded = loader.finish();
      assert.deepEqual([...loaded.entries()], [...index.entries()]);
      assert.deepEqual(loaded.counts(), index.counts());
      assert.deepEqual(loaded.label(), index.label());
    }
  });

  it('can be changed after loading, without growing', () => {
    const index = wornIndex();
    const loaded = loadImage(imageOf(index), { memoryBytesMax });
    const entries = [...index.entries()];
    const changes = entries.slice(0, 20).map((entry) => ({ ...entry, route: null }));
    for (const each of [index, loaded])
      each.apply([...changes, ported(18613, 5)], Uint8Array.of(9));
    assert.deepEqual([...loaded.entries()], [...index.entries()]);
    assert.equal(routeFor(loaded, 18613), 5);
    for (const { from } of entries) loaded.apply([ported(from, null)]);
    assert.equal(loaded.counts().ported, 1);
    assert.ok(loaded.imageBytes() < index.imageBytes() * 1.1);
  });

  it('is the same for an empty index as for any other', () => {
    const loaded = loadImage(imageOf(createWasmIndex({ memoryBytesMax })), { memoryBytesMax });
    assert.deepEqual([...loaded.entries()], []);
  });

  it('taken while a reader is in a call gives that memory back after loading', () => {
    const index = wornIndex();
    const wasm = instantiate(index.memory, 'release');
    wasm.call((exports) => exports.enter(exports.claimReader()));
    const entries = [...index.entries()];
    for (const entry of entries.slice(0, 300)) index.apply([{ ...entry, route: 3 }]);
    assert.ok(livePatches(index.memory).length > 0);
    const loaded = loadImage(imageOf(index), { memoryBytesMax });
    // The patches that the reader held up are folded, for there are no readers yet.
    assert.deepEqual(livePatches(loaded.memory), []);
    assert.deepEqual([...loaded.entries()], [...index.entries()]);
    for (const { from } of entries.slice(0, 300)) {
      assert.deepEqual(loaded.find(from), index.find(from));
    }
    loaded.apply([...loaded.entries()].map((entry) => ({ ...entry, route: null })));
    settle(loaded);
    const empty = createWasmIndex({ memoryBytesMax });
    settle(empty);
    assert.equal(usedBytes(loaded.memory), usedBytes(empty.memory));
  });

  it('of a memory that is full fits a memory with the same limit', () => {
    const limit = MEMORY_PAGES_MIN * PAGE_BYTES;
    const index = createWasmIndex({ memoryBytesMax: limit });
    index.apply([ported(18613, 5)]);
    setRoom(index.memory, ARENA_SLACK);
    const loaded = loadImage(imageOf(index), { memoryBytesMax: limit });
    assert.equal(routeFor(loaded, 18613), 5);
  });

  it('stays whole when a second one is taken at the same time', () => {
    const index = wornIndex();
    const reader = instantiate(index.memory, 'release');
    const block = reader.call((exports) => exports.claimReader());
    reader.call((exports) => exports.enter(block));
    index.apply([ported(18613, 5)]);
    const first = index.imageChunks(1000);
    const chunks = [first.next().value!.slice()];
    reader.call((exports) => exports.leave(block));
    const second = imageOf(index);
    for (const chunk of first) chunks.push(chunk.slice());
    assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), second);
    assert.equal(routeFor(loadImage(second, { memoryBytesMax }), 18613), 5);
  });

  it('is refused when pieces of it are missing, or come twice', () => {
    const image = imageOf(wornIndex());
    const load = (...pieces: Uint8Array[]): void => {
      const loader = createImageLoader(image.length, { memoryBytesMax });
      for (const piece of pieces) loader.write(piece);
      loader.finish();
    };
    load(image.subarray(0, 1), image.subarray(1));
    assert.throws(() => load(image.subarray(1)), invalid);
    assert.throws(() => load(image.subarray(0, -1)), invalid);
    assert.throws(() => load(image, image), invalid);
  });

  it('is refused by a memory that may not grow so far', () => {
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    const image = imageOf(wornIndex());
    const load = (imageBytes: number, limit?: number): void => {
      createImageLoader(imageBytes, limit === undefined ? {} : { memoryBytesMax: limit }).write(
        image,
      );
    };
    assert.throws(() => load(10 << 20, 8 << 20), full);
    assert.throws(() => load(5e9), full);
    assert.throws(() => load(image.length, 1 << 20), full);
    assert.throws(() => createImageLoader(-1), RangeError);
  });

  it('does not grow where it is loaded, changed at constant size and taken again and again', () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => 18613900000 + at * 7);
    let image = imageOf(wornIndex());
    const bytes: number[] = [];
    for (let round = 0; round < 12; round++) {
      const index = loadImage(image, { memoryBytesMax });
      for (let first = 0; first < keys.length; first += 1000) {
        const part = keys.slice(first, first + 1000);
        index.apply(part.map((key, at) => ported(key, (at + round) % 3 === 0 ? null : at % 50)));
      }
      image = imageOf(index);
      bytes.push(image.length);
    }
    assert.ok(bytes[11]! <= bytes[5]! * 1.05, `bytes of the images: ${bytes.join(', ')}`);
  });

  it('ends when a batch comes into it', () => {
    const index = wornIndex();
    const chunks = index.imageChunks(1000);
    chunks.next();
    index.apply([]);
    assert.throws(() => chunks.next(), TypeError);
    assert.throws(() => index.imageChunks(0), RangeError);
  });
});
