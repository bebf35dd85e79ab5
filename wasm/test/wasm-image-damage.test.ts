// Images that are not what a writer wrote: with the checksum as it was, whatever changed is noticed;
// with a checksum that fits, what cannot be an image is refused and the rest does no harm. Nothing here
// knows the layout but for the first words of the header. See wasm-forged-layout.test.ts for what does.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createImageLoader, loadImage } from '../wasm-image.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { IMAGE_HEADER_BYTES, PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';
import { ported, prefix, run } from './changes.ts';
import { CHECKSUM_OFFSET, honestImages, imageOf, seal, useUp, viewOf } from './forged-images.ts';
import { Random, runSeed } from './random.ts';

const MAGIC_OFFSET = 0;
const FORMAT_OFFSET = 8;
const ORDER_MARK_OFFSET = 12;
const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
/** Behind the words of the header that stand alone; then come lists and constants. */
const HEADER_WORDS_END = 128;
const memoryBytesMax = 16 << 20;
const invalid = { name: 'IndexError', code: 'BCHF_INDEX_IMAGE_INVALID' };
const otherFormat = { name: 'IndexError', code: 'BCHF_INDEX_IMAGE_VERSION' };
const images = honestImages();
const worn = images[1]!;

function refuses(image: Uint8Array, what: string): void {
  const format = (bytes: Uint8Array) => bytes.subarray(FORMAT_OFFSET, FORMAT_OFFSET + 4);
  const isOther = Buffer.compare(format(image), format(worn)) !== 0;
  // What does not begin like an image, or has another byte order, is none of any format.
  const begins = Buffer.compare(image.subarray(0, FORMAT_OFFSET), worn.subarray(0, FORMAT_OFFSET));
  const isOrdered = image[FORMAT_OFFSET + 4] === worn[FORMAT_OFFSET + 4];
  const expected = isOther && begins === 0 && isOrdered ? otherFormat : invalid;
  assert.throws(() => loadImage(image, { memoryBytesMax }), expected, what);
}

function withWord(image: Uint8Array, at: number, word: number): Uint8Array {
  const copy = image.slice();
  viewOf(copy).setUint32(at, word, true);
  return copy;
}

function sealed(image: Uint8Array): Uint8Array {
  const copy = image.slice();
  seal(copy);
  return copy;
}

const seed = runSeed();

describe(`Wasm index image that was damaged (BCHF_TEST_SEED=${seed})`, () => {
  it('would be taken if nothing were wrong with it', () => {
    for (const image of images) {
      assert.deepEqual(sealed(image), image);
      assert.equal(useUp(image.slice(), 'debug'), 'used');
    }
  });

  it('is refused when one bit is another, in any of the first bytes and all over the rest', () => {
    const random = new Random(seed);
    for (const image of images) {
      const step = Math.max(1, Math.floor(image.length / 600));
      for (let at = 0; at < image.length; at += at < HEADER_WORDS_END ? 1 : step) {
        const damaged = image.slice();
        const place =
          at < HEADER_WORDS_END ? at : Math.min(at + random.below(step), image.length - 1);
        damaged[place]! ^= 1 << random.below(8);
        refuses(damaged, `byte ${place}`);
      }
    }
  });

  it('is refused when pieces of it changed places', () => {
    const random = new Random(seed);
    for (let trial = 0; trial < 200; trial++) {
      const damaged = worn.slice();
      const bytes = 1 + random.below(64);
      const [left, right] = [random.below(worn.length - bytes), random.below(worn.length - bytes)];
      damaged.set(worn.subarray(left, left + bytes), right);
      damaged.set(worn.subarray(right, right + bytes), left);
      if (Buffer.compare(damaged, worn) !== 0) refuses(damaged, `${left} and ${right}`);
    }
  });

  it('is refused when it ends at any word before its end, whatever its checksum', () => {
    for (const image of images.slice(0, 2)) {
      const step = 4 * Math.max(1, Math.floor(image.length / 2000));
      for (let bytes = 0; bytes < image.length; bytes += step) {
        const truncated = image.slice(0, bytes);
        refuses(truncated, `${bytes} bytes`);
        if (bytes >= IMAGE_HEADER_BYTES) refuses(sealed(truncated), `${bytes} bytes, sealed`);
      }
      for (const bytes of [1, 7, 511, 513, image.length - 1]) refuses(image.slice(0, bytes), '');
    }
  });

  it('is refused when anything follows it, whatever its checksum', () => {
    for (const bytes of [1, 4, 64, PAGE_BYTES, worn.length]) {
      const longer = new Uint8Array(worn.length + bytes);
      longer.set(worn);
      refuses(longer, `${bytes} more`);
      refuses(sealed(longer), `${bytes} more, sealed`);
    }
  });

  it('is refused with another magic, format version or byte order, whatever its checksum', () => {
    const view = viewOf(worn);
    const others: [number, number[]][] = [
      [MAGIC_OFFSET, [0, 0x12345678, 0xffff_ffff]],
      [MAGIC_OFFSET + 4, [0, view.getUint32(MAGIC_OFFSET, true)]],
      [FORMAT_OFFSET, [0, view.getUint32(FORMAT_OFFSET, true) + 1, 1 << 24, 0xffff_ffff]],
      [ORDER_MARK_OFFSET, [0, view.getUint32(ORDER_MARK_OFFSET, false), 0xffff_ffff]],
    ];
    for (const [at, words] of others) {
      for (const word of words) {
        refuses(withWord(worn, at, word), `${word} at ${at}`);
        refuses(sealed(withWord(worn, at, word)), `${word} at ${at}, sealed`);
      }
    }
  });

  it('is refused without its checksum', () => {
    refuses(withWord(withWord(worn, CHECKSUM_OFFSET, 0), CHECKSUM_OFFSET + 4, 0), 'no checksum');
  });

  it('stays refused, however often it is asked for', () => {
    const spoilt = worn.slice();
    spoilt[worn.length - 1]! ^= 1;
    const loader = createImageLoader(spoilt.length, { memoryBytesMax });
    loader.write(spoilt);
    for (let times = 0; times < 3; times++) assert.throws(() => loader.finish(), invalid);
    assert.throws(() => loader.write(Uint8Array.of(1)), invalid);
  });

  it('is refused where an entry names a route that there is none of', () => {
    const build = 'release';
    for (const change of [ported(1861391, 7), prefix(1861391, 7), run(1861391, 1861391, 7)]) {
      const index = createWasmIndex({ memoryBytesMax });
      index.apply([prefix(186, 6), change]);
      const image = imageOf(index);
      const load = (routesMax: number) => loadImage(image, { memoryBytesMax, build, routesMax });
      assert.throws(() => load(7), invalid);
      load(8).close();
    }
  });

  for (const build of ['debug', 'release'] as const) {
    it(`does no harm, whichever word of its header is out of range, ${build}`, () => {
      const end = ARENA + worn.length - IMAGE_HEADER_BYTES;
      for (let at = 0; at < IMAGE_HEADER_BYTES; at += at < HEADER_WORDS_END ? 4 : 1364) {
        for (const word of [0, 1, ARENA, end - 4, end, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff]) {
          useUp(sealed(withWord(worn, at, word)), build);
        }
      }
    });

    it(`does no harm, whichever offset leads out of the arena, ${build}`, () => {
      for (const image of images) {
        const end = ARENA + image.length - IMAGE_HEADER_BYTES;
        for (const at of offsetWords(image, end)) {
          const word = viewOf(image).getUint32(at, true);
          for (const other of [0, 4, ARENA - 4, word | 1, word | 2, end - 4, end, 0xffff_fffc]) {
            useUp(sealed(withWord(image, at, other)), build);
          }
        }
      }
    });
  }
});

/** Places of words that may be offsets into the arena; at most some dozens of them. */
function offsetWords(image: Uint8Array, end: number): number[] {
  const view = viewOf(image);
  const places: number[] = [];
  for (let at = 0; at + 4 <= image.length; at += 4) {
    const word = view.getUint32(at, true);
    if (word >= ARENA && word < end) places.push(at);
  }
  const step = Math.ceil(places.length / 15);
  return places.filter((_, at) => at % Math.max(step, 1) === 0);
}
