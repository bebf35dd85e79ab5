// Forgeries of ported numbers that know the layout: each puts one word of the directory, of a line or of
// a patch wrong, with a checksum that fits. All are refused but for those of which it is said that they
// are harmless.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { HEADER_ROOT_FIRST } from '../wasm-module.ts';
import { ported, prefix, routeFor, run } from './changes.ts';
import { imageOf, ROUTES_BELOW, seal, stayInCall, useUp } from './forged-images.ts';
import * as at from './image-places.ts';
import { ImagePlaces, type PlacedLine } from './image-places.ts';

const memoryBytesMax = 16 << 20;
/** In a dense area, in a sparse one with a cluster, and in the area of which there are several lengths. */
const DENSE_KEY = 1109 * 2 ** 24;
/** The segment of it that has a table. */
const TABLED = 250;
const SPARSE_KEY = 1138 * 2 ** 24;
const SHORT_KEY = 14917000;
/** In a sparse area of one segment, with a heap that has come to it since. */
const HEAP_KEY = 1140 * 2 ** 24;
const KEYS = [DENSE_KEY, SPARSE_KEY, SHORT_KEY, HEAP_KEY];

const withUserData = (change: IndexChange, userData: number): IndexChange => ({
  ...change,
  userData,
});

const CONTENT: readonly IndexChange[] = [
  prefix(18, 5),
  // Grouped lines, some with a piece; listed ones; user data; a cluster.
  ...Array.from({ length: 20000 }, (_, n) => ported(DENSE_KEY + n * 2, n % 5)),
  ...Array.from({ length: 400 }, (_, n) => ported(DENSE_KEY + 41000 + n * 40, n % 5)),
  ...Array.from({ length: 15000 }, (_, n) => ported(DENSE_KEY + 70000 + n * 1000, n % 5)),
  ...Array.from({ length: 60 }, (_, n) => withUserData(ported(DENSE_KEY + 1000 + n * 2, n % 5), n)),
  run(DENSE_KEY + 4010, DENSE_KEY + 4060, 6),
  // A table of lines, with two answers of its own.
  ...Array.from({ length: 900 }, (_, n) => ported(DENSE_KEY + TABLED * 2 ** 16 + 5000 + n, n % 5)),
  run(DENSE_KEY + TABLED * 2 ** 16 + 20_000, DENSE_KEY + TABLED * 2 ** 16 + 29_999, 6),
  ...Array.from({ length: 300 }, (_, n) => ported(SPARSE_KEY + n * 50000, n % 3)),
  ...Array.from({ length: 400 }, (_, n) => ported(SPARSE_KEY + 5_000_000 + n, n % 3)),
  ...Array.from({ length: 20 }, (_, n) => ported(SHORT_KEY + n * 900, n)),
  // Too few of a kind for a segment, and too many for a line.
  ...Array.from({ length: 300 }, (_, n) => ported(HEAP_KEY + n * 50000, n % 3)),
  ...Array.from({ length: 60 }, (_, n) => ported(HEAP_KEY + 5_000_000 + n * 100, n % 3)),
];

const honest = ((): Uint8Array => {
  const index = createWasmIndex({ memoryBytesMax });
  index.apply(CONTENT);
  index.apply([]);
  return imageOf(index);
})();

const patched = ((): Uint8Array => {
  const index = createWasmIndex({ memoryBytesMax });
  index.apply(CONTENT);
  index.apply([]);
  stayInCall(index);
  index.apply([
    ported(DENSE_KEY, 900),
    ported(DENSE_KEY + 1, 901),
    withUserData(ported(SHORT_KEY, 902), 7),
    run(DENSE_KEY + 8000, DENSE_KEY + 8063, 7),
  ]);
  return imageOf(index);
})();

type Forgery = (image: ImagePlaces) => void;

function forged(image: Uint8Array, forge: Forgery): Uint8Array {
  const copy = image.slice();
  forge(new ImagePlaces(copy));
  assert.notDeepEqual(copy, image);
  seal(copy);
  return copy;
}

const isQuick = ({ flags, isListed }: PlacedLine): boolean =>
  !isListed && (flags & (at.SLOW | at.OUTSIDE)) === 0n && (flags & at.GROUPS) !== 0n;
const isList = ({ flags, isListed }: PlacedLine): boolean =>
  isListed && (flags & (at.FOREIGN | at.OUTSIDE)) === 0n && (flags & at.GROUPS) !== 0n;
const hasFlag =
  (flag: bigint) =>
  ({ flags }: PlacedLine): boolean =>
    (flags & flag) !== 0n;
const hasUserData =
  (image: ImagePlaces) =>
  (line: PlacedLine): boolean =>
    (line.flags & at.FOREIGN) === 0n &&
    (line.flags & at.OUTSIDE) !== 0n &&
    image.get(image.outsideOf(line)) >>> 31 === 1;

/** A forgery of the first line that is as wanted. */
const ofLine =
  (
    isWanted: (line: PlacedLine) => boolean,
    forge: (image: ImagePlaces, line: PlacedLine) => void,
  ): Forgery =>
  (image) =>
    forge(image, image.lineWhere(KEYS, isWanted));
/** A forgery of a block outside of such a line. */
const ofBlock =
  (
    isWanted: (line: PlacedLine) => boolean,
    forge: (image: ImagePlaces, block: number) => void,
  ): Forgery =>
  (image) =>
    forge(image, image.outsideOf(image.lineWhere(KEYS, isWanted)));
const ofUserData =
  (forge: (image: ImagePlaces, block: number) => void): Forgery =>
  (image) =>
    forge(image, image.outsideOf(image.lineWhere(KEYS, hasUserData(image))));
/** A forgery of a header or what lies with it. */
const ofArea =
  (key: number, forge: (image: ImagePlaces, header: number) => void): Forgery =>
  (image) =>
    forge(image, image.headerOf(key));
const ofSegment = (forge: (image: ImagePlaces, descriptor: number) => void): Forgery =>
  ofArea(DENSE_KEY, (image, header) => forge(image, image.descriptorOf(header, 3)));
/** A forgery of a segment whose lines are in a table, and of that. */
const ofTable = (
  forge: (image: ImagePlaces, table: number, descriptor: number, tally: number) => void,
): Forgery =>
  ofArea(DENSE_KEY, (image, header) => {
    const descriptor = image.descriptorOf(header, TABLED);
    assert.equal(image.get(descriptor + at.DESCRIPTOR_SHAPE) >>> 27, 1);
    forge(image, image.get(descriptor), descriptor, image.tallyOf(header, TABLED));
  });
/** A forgery of the word of a span that has a line, or of one that has none. */
const ofWord = (hasLine: boolean, forge: (image: ImagePlaces, place: number) => void): Forgery =>
  ofTable((image, table) => {
    let place = table + at.TABLE_WORDS;
    while ((image.get(place) % 2 === 0) !== hasLine) place += 4;
    forge(image, place);
  });
/** A forgery of the segment of a sparse area that is a cluster. */
const ofCluster = (forge: (image: ImagePlaces, descriptor: number) => void): Forgery =>
  ofArea(SPARSE_KEY, (image, header) => forge(image, image.descriptorOf(header, 1)));
/** A forgery of where a segment of that area begins. */
const ofFirstNumber = (segment: number, numberOf: (image: ImagePlaces, at: number) => number) =>
  ofArea(SPARSE_KEY, (image, header) => {
    const place = header + at.FIRST_NUMBERS + segment * 4;
    image.set(place, numberOf(image, place));
  });
const ofPatch =
  (forge: (image: ImagePlaces, patch: number) => void): Forgery =>
  (image) =>
    forge(image, image.get(at.HEADER_NEWEST_PATCH));

const DIRECTORY: Record<string, Forgery> = {
  'a root of no whole words': (image) => image.add(HEADER_ROOT_FIRST, 1),
  'a node outside of the arena': (image) => image.set(image.rootPlaceOf(DENSE_KEY), 0xf000_0000),
  'a node in the middle of a word': (image) => image.add(image.rootPlaceOf(DENSE_KEY), 2),
  'one node in two places': (image) =>
    image.set(image.rootPlaceOf(SPARSE_KEY), image.get(image.rootPlaceOf(SHORT_KEY))),
  'a header outside of the arena': (image) =>
    image.set(image.densePlaceOf(SPARSE_KEY) + at.NODE_HEADERS, at.ARENA - 64),
  'a dense area elsewhere than its header': (image) =>
    image.add(image.densePlaceOf(DENSE_KEY), 4096),
  'a sparse area where dense ones are': (image) => image.set(image.densePlaceOf(SPARSE_KEY), 4096),
  'a dense area without a header': (image) => image.set(image.densePlaceOf(SPARSE_KEY) + 4, 4096),
  'another kind': ofArea(SPARSE_KEY, (image, header) => image.set(header, 3)),
  'a sparse area as a dense one': ofArea(SPARSE_KEY, (image, header) => image.set(header, 1)),
  'a dense area as a sparse one': ofArea(DENSE_KEY, (image, header) => image.set(header, 2)),
  'another area number': ofArea(SPARSE_KEY, (image, header) =>
    image.add(header + at.AREA_NUMBER, 1),
  ),
  'another ported answer': ofArea(SPARSE_KEY, (image, header) =>
    image.add(header + at.AREA_PORTED_ANSWER, 1),
  ),
  'more entries than there are in the area': ofArea(SPARSE_KEY, (image, header) =>
    image.add(header + at.AREA_ENTRIES, 1),
  ),
  'more entries than there are in all': (image) =>
    image.add(image.version() + at.VERSION_PORTED_COUNT, 1),
  'fewer entries than there are in all': (image) =>
    image.add(image.version() + at.VERSION_PORTED_COUNT, -1),
  'a palette that another area has': (image) => {
    const [dense, sparse] = [image.headerOf(DENSE_KEY), image.headerOf(SPARSE_KEY)];
    for (const word of [at.AREA_PALETTE, at.AREA_PALETTE_COUNT, at.AREA_PALETTE_CAPACITY]) {
      image.set(sparse + word, image.get(dense + word));
    }
  },
  'a palette outside of the arena': ofArea(DENSE_KEY, (image, header) =>
    image.set(header + at.AREA_PALETTE, 64),
  ),
  'a palette of more routes than it has room for': ofArea(DENSE_KEY, (image, header) =>
    image.set(header + at.AREA_PALETTE_COUNT, image.get(header + at.AREA_PALETTE_CAPACITY) + 1),
  ),
  'a palette too large': ofArea(DENSE_KEY, (image, header) =>
    image.set(header + at.AREA_PALETTE_CAPACITY, 8192),
  ),
  'a palette without the last route': ofArea(DENSE_KEY, (image, header) =>
    image.add(header + at.AREA_PALETTE_COUNT, -1),
  ),
  'a route that there is none of': ofArea(DENSE_KEY, (image, header) =>
    image.set(image.get(header + at.AREA_PALETTE) + 4, ROUTES_BELOW),
  ),
};

const SEGMENTS: Record<string, Forgery> = {
  'lines outside of the arena': ofSegment((image, descriptor) =>
    image.set(descriptor, 0xffff_ffc0),
  ),
  'lines between two lines': ofSegment((image, descriptor) => image.add(descriptor, 32)),
  'the empty line in place of its own': ofSegment((image, descriptor) =>
    image.set(descriptor, at.EMPTY_LINE),
  ),
  'no lines': ofSegment((image, descriptor) => image.set(descriptor, 0)),
  'lines of another segment': ofSegment((image, descriptor) =>
    image.set(descriptor, image.get(descriptor + 16)),
  ),
  'another divisor': ofSegment((image, descriptor) =>
    image.add(descriptor + at.DESCRIPTOR_DIVISOR, 1),
  ),
  'another span in a sparse area': ofCluster((image, descriptor) =>
    image.add(descriptor + at.DESCRIPTOR_DIVISOR, 8),
  ),
  'a span of 0 in a sparse area': ofCluster((image, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_DIVISOR, 0),
  ),
  'a span larger than its segment in a sparse area': ofCluster((image, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_DIVISOR, 2 ** 24),
  ),
  'a sparse area of no segments': ofArea(SPARSE_KEY, (image, header) =>
    image.set(header + at.AREA_SEGMENTS, 0),
  ),
  'a sparse area of a segment less': ofArea(SPARSE_KEY, (image, header) =>
    image.add(header + at.AREA_SEGMENTS, -1),
  ),
  'a sparse area of a segment more': ofArea(SPARSE_KEY, (image, header) =>
    image.add(header + at.AREA_SEGMENTS, 1),
  ),
  'a sparse area of more segments than there may be': ofArea(SPARSE_KEY, (image, header) =>
    image.set(header + at.AREA_SEGMENTS, 1025),
  ),
  'a sparse area of very many segments': ofArea(SPARSE_KEY, (image, header) =>
    image.set(header + at.AREA_SEGMENTS, 0xffff_ffff),
  ),
  'segments that do not begin with the first number': ofFirstNumber(0, () => 8),
  'segments of which two begin with one number': ofFirstNumber(1, () => 0),
  'segments that begin in another order': ofFirstNumber(
    2,
    (image, place) => image.get(place - 4) - 8,
  ),
  'a segment that begins behind the area': ofFirstNumber(2, () => 2 ** 24),
  'a segment that begins where no number is': ofFirstNumber(2, () => 0xffff_fff8),
  'a segment that begins later than its numbers': ofFirstNumber(
    1,
    (image, place) => image.get(place) + 8,
  ),
  'a segment that ends before its numbers': ofFirstNumber(
    2,
    (image, place) => image.get(place) - 8,
  ),
  'no lines in a sparse area': ofCluster((image, descriptor) => image.set(descriptor, 0)),
  'the empty line in place of lines in a sparse area': ofCluster((image, descriptor) =>
    image.set(descriptor, at.EMPTY_LINE),
  ),
  'lines of a segment in two places': ofCluster((image, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_BYTES, image.get(descriptor)),
  ),
  'no span': ofSegment((image, descriptor) => image.set(descriptor + at.DESCRIPTOR_SHAPE, 0)),
  'codes of no bits': ofSegment((image, descriptor) => {
    const shape = image.get(descriptor + at.DESCRIPTOR_SHAPE);
    image.set(descriptor + at.DESCRIPTOR_SHAPE, shape & ~(31 << 21));
  }),
  'codes of 31 bits': ofSegment((image, descriptor) => {
    const shape = image.get(descriptor + at.DESCRIPTOR_SHAPE);
    image.set(descriptor + at.DESCRIPTOR_SHAPE, shape | (31 << 21));
  }),
  'the other form': ofSegment((image, descriptor) => {
    const shape = image.get(descriptor + at.DESCRIPTOR_SHAPE);
    image.set(descriptor + at.DESCRIPTOR_SHAPE, shape ^ (1 << 26));
  }),
  'a default of a ported number': ofSegment((image, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_DEFAULT, (3 << 30) | (10 << 26)),
  ),
  'a default with a route that there is none of': ofSegment((image, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_DEFAULT, (1 << 30) | (2 << 26) | ROUTES_BELOW),
  ),
  'fewer lines': ofLine(isQuick, (image, { tally }) => image.add(tally, -1)),
  'no line at all': ofLine(isQuick, (image, { tally }) => image.set(tally, 0)),
  'more lines than there may be': ofLine(isQuick, (image, { tally }) => image.set(tally, 0x7ff)),
  'more entries than there are': ofLine(isQuick, (image, { tally }) =>
    image.add(tally + at.TALLY_ENTRIES, 1),
  ),
  'more bytes outside than there are': ofLine(isQuick, (image, { tally }) =>
    image.add(tally + at.TALLY_OUTSIDE, 4),
  ),
};

const TABLES: Record<string, Forgery> = {
  'a table outside of the arena': ofTable((image, _, descriptor) =>
    image.set(descriptor, 0xffff_ffc0),
  ),
  'a table between two lines': ofTable((image, _, descriptor) => image.add(descriptor, 32)),
  'lines in place of a table': ofTable((image, _, descriptor) =>
    image.set(descriptor, image.get(image.descriptorOf(image.headerOf(DENSE_KEY), 0))),
  ),
  'a table in place of lines': ofTable((image, table) =>
    image.set(image.descriptorOf(image.headerOf(DENSE_KEY), 0), table),
  ),
  'a divisor beside the one of the table': ofTable((image, _, descriptor) =>
    image.set(descriptor + at.DESCRIPTOR_DIVISOR, 1),
  ),
  'another divisor in a table': ofTable((image, table) => image.add(table + at.TABLE_DIVISOR, 1)),
  'a table of a span more': ofTable((image, table) => image.add(table + at.TABLE_SPANS, 1)),
  'a table of a span less': ofTable((image, table) => image.add(table + at.TABLE_SPANS, -1)),
  'a table that is not slow': ofTable((image, table) => image.setLong(table, 0n)),
  'a table with a patch': ofTable((image, table) => image.setLong(table, at.SLOW | at.DIRTY)),
  'a table with another default': ofTable((image, table) =>
    image.set(table + at.TABLE_ANSWERS, image.get(table + at.TABLE_ANSWERS + 4)),
  ),
  'a table with the answer of a ported number': ofTable((image, table) =>
    image.set(table + at.TABLE_ANSWERS + 4, (3 << 30) | (10 << 26)),
  ),
  'a table with a route that there is none of': ofTable((image, table) =>
    image.set(table + at.TABLE_ANSWERS + 4, (1 << 30) | (2 << 26) | ROUTES_BELOW),
  ),
  'a listed line in a table': ofTable((image, _, descriptor) => {
    const shape = image.get(descriptor + at.DESCRIPTOR_SHAPE);
    image.set(descriptor + at.DESCRIPTOR_SHAPE, shape | (1 << 26));
  }),
  'a table without a mark': ofTable((image, _, descriptor) => {
    const shape = image.get(descriptor + at.DESCRIPTOR_SHAPE);
    image.set(descriptor + at.DESCRIPTOR_SHAPE, shape & ~(1 << 27));
  }),
  'an answer that a table has no place for': ofWord(false, (image, place) => image.set(place, 25)),
  'an answer in place of a line': ofWord(true, (image, place) => image.set(place, 1)),
  'a line in place of an answer': ofWord(false, (image, place) =>
    image.set(place, image.lineWhere(KEYS, isQuick).line),
  ),
  'a line that is in a table twice': ofWord(true, (image, place) =>
    image.set(place, image.get(place + 4)),
  ),
  'a line of a table at no line': ofWord(true, (image, place) => image.add(place, 32)),
  'a line of a table outside of the arena': ofWord(true, (image, place) => image.set(place, 64)),
  'nothing in a table': ofWord(true, (image, place) => image.set(place, 0)),
  'fewer lines than a table has': ofTable((image, _table, _descriptor, tally) =>
    image.add(tally, -1),
  ),
  'more lines than a table has': ofTable((image, _table, _descriptor, tally) =>
    image.add(tally, 1),
  ),
};

const LINES: Record<string, Forgery> = {
  'a group without numbers': ofLine(isQuick, (image, { line }) => image.setByte(line + 7, 0)),
  'a group behind the last': ofLine(isQuick, (image, { line, flags }) =>
    image.setLong(line, flags | (1n << 50n)),
  ),
  'a number more': ofLine(isQuick, (image, { line }) => image.setByte(line + 7, 0xff)),
  'flags that nobody looks at': ofLine(isQuick, (image, { line, flags }) =>
    image.setLong(line, flags | at.GENERIC),
  ),
  'a list that is not slow': ofLine(isList, (image, { line, flags }) =>
    image.setLong(line, flags & ~at.SLOW),
  ),
  'a list without a first entry': ofLine(isList, (image, { line }) => image.setByte(line + 7, 0)),
  'a list of more groups than it has': ofLine(isList, (image, { line, flags }) =>
    image.setLong(line, flags | at.GROUPS),
  ),
  'a list of 63 entries': ofLine(isList, (image, { line }) => image.setByte(line + 14, 0x80)),
  'a code that there is none of': ofLine(isQuick, (image, { line }) =>
    image.setByte(line + 63, 0xff),
  ),
  'a code of a list that there is none of': ofLine(isList, (image, { line }) =>
    image.setByte(line + 63, 0xff),
  ),
  'a block outside of the arena': ofLine(hasFlag(at.OUTSIDE), (image, { line }) =>
    image.set(line + 60, at.ARENA - 4),
  ),
  'a block at the end of the arena': ofLine(hasFlag(at.OUTSIDE), (image, { line }) =>
    image.set(line + 60, image.get(24) - 4),
  ),
  'a block that is too short': ofUserData((image, block) => image.set(block, 0x8000_0008)),
  'a block that is too long': ofUserData((image, block) => image.set(block, 0xffff_fff0)),
  'user data that are no integers': ofUserData((image, block) => {
    const bytes = image.get(block) & 0x7fff_ffff;
    image.setFloat(block + bytes - 16, 0.5);
  }),
  'user data that are too high': ofUserData((image, block) => {
    const bytes = image.get(block) & 0x7fff_ffff;
    image.setFloat(block + bytes - 16, 2 ** 48);
  }),
  'user data that are no numbers': ofUserData((image, block) => {
    const bytes = image.get(block) & 0x7fff_ffff;
    image.setFloat(block + bytes - 16, Number.NaN);
  }),
  'a piece that ends before it begins': ofLine(hasFlag(at.PIECE), (image, { line }) =>
    image.set(line + 56, 5),
  ),
  'a piece behind the line': ofLine(hasFlag(at.PIECE), (image, { line }) =>
    image.set(line + 56, 0xffff_0000),
  ),
  'a piece with a route that there is none of': ofLine(hasFlag(at.PIECE), (image, { line }) =>
    image.set(line + 60, (2 << 30) | (11 << 26) | ROUTES_BELOW),
  ),
  'columns outside of the arena': ofLine(hasFlag(at.FOREIGN), (image, { line }) =>
    image.set(line + 8, 0),
  ),
  'columns and groups': ofLine(hasFlag(at.FOREIGN), (image, { line, flags }) =>
    image.setLong(line, flags | 2n),
  ),
  'columns of more entries than they have room for': ofBlock(hasFlag(at.FOREIGN), (image, block) =>
    image.set(block + 4, image.get(block + 8) + 1),
  ),
  'columns of other bytes': ofBlock(hasFlag(at.FOREIGN), (image, block) => image.add(block, 4)),
  'columns that say nothing of user data': ofBlock(hasFlag(at.FOREIGN), (image, block) =>
    image.set(block + 12, 2),
  ),
  'columns whose numbers fall': ofBlock(hasFlag(at.FOREIGN), (image, block) =>
    image.set(block + 20, 0),
  ),
  'columns with a number behind the line': ofBlock(hasFlag(at.FOREIGN), (image, block) =>
    image.set(block + 16 + (image.get(block + 4) - 1) * 4, 0x7fff_ffff),
  ),
  'columns with a route that there is none of': ofBlock(hasFlag(at.FOREIGN), (image, block) =>
    image.set(block + 16 + image.get(block + 8) * 4, ROUTES_BELOW),
  ),
};

/** See patch.ts. */
const PATCH_ENTRIES = 44;
const PATCH_IMAGE = 48;

const PATCHES: Record<string, Forgery> = {
  'a patch outside of the arena': (image) => image.set(at.HEADER_NEWEST_PATCH, 64),
  'a patch in the middle of a word': (image) => image.add(at.HEADER_NEWEST_PATCH, 1),
  'patches in a circle': ofPatch((image, patch) => image.set(patch + 16, patch)),
  'patches in a circle of two': ofPatch((image, patch) =>
    image.set(image.get(patch + 16) + 16, patch),
  ),
  'no patch': (image) => image.set(at.HEADER_NEWEST_PATCH, 0),
  'a patch of no line': ofPatch((image, patch) => image.set(patch, 0xffff_ffc0)),
  'a patch between two lines': ofPatch((image, patch) => image.add(patch, 32)),
  'a patch of a line of another segment': ofPatch((image, patch) => image.add(patch + 24, 1)),
  'a patch of another area': ofPatch((image, patch) => image.add(patch + 20, 1)),
  'a patch of an area that there cannot be': ofPatch((image, patch) =>
    image.set(patch + 20, 0xffff_ffff),
  ),
  'a patch of a version to come': ofPatch((image, patch) => image.add(patch + 8, 1)),
  'a patch of more entries than it says': ofPatch((image, patch) =>
    image.add(patch + PATCH_ENTRIES, -1),
  ),
  'a patch that is marked dirty itself': ofPatch((image, patch) =>
    image.setLong(patch + PATCH_IMAGE, image.getLong(patch + PATCH_IMAGE) | at.DIRTY | at.SLOW),
  ),
  'a patch whose columns are outside of the arena': ofPatch((image, patch) => {
    image.setLong(patch + PATCH_IMAGE, at.SLOW | at.FOREIGN);
    image.set(patch + PATCH_IMAGE + 8, 64);
  }),
};

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index image with forged ported numbers, ${build}`, () => {
    it('would be taken if nothing were wrong with it', () => {
      for (const image of [honest, patched]) assert.equal(useUp(image.slice(), build), 'used');
    });

    it('has what its patches say when it is loaded', () => {
      const index = loadImage(patched, { memoryBytesMax, build });
      assert.equal(new ImagePlaces(patched).get(at.HEADER_NEWEST_PATCH) === 0, false);
      assert.equal(routeFor(index, DENSE_KEY), 900);
      assert.equal(routeFor(index, DENSE_KEY + 1), 901);
      assert.equal(routeFor(index, DENSE_KEY + 2), 1);
      assert.equal(routeFor(index, DENSE_KEY + 8001), 7);
      assert.equal(index.find(SHORT_KEY)?.userData, 7);
      assert.equal(
        [...index.entries()].length,
        Object.values(index.counts()).reduce((a, b) => a + b),
      );
      assert.equal(new ImagePlaces(imageOf(index)).get(at.HEADER_NEWEST_PATCH), 0);
    });

    it('is harmless where marks of lines are set or gone, or constants are others', () => {
      const harmless: Forgery[] = [
        ofLine(isQuick, (image, { line, flags }) =>
          image.setLong(line, flags | at.SLOW | at.DIRTY),
        ),
        ofLine(isQuick, (image, { line, flags }) =>
          image.setLong(line, flags | at.SLOW | at.GENERIC),
        ),
        ofArea(SPARSE_KEY, (image, header) => image.set(header + at.AREA_TO_BUILD, 1)),
        ofSegment((image, descriptor) =>
          image.set(descriptor + at.DESCRIPTOR_DEFAULT, (2 << 30) | (11 << 26) | 3),
        ),
        (image) => image.set(at.EMPTY_LINE, 0xffff_ffff),
        (image) => image.set(at.GENERIC_LINE, 0),
        (image) => image.set(at.ABSENT_AREA, 0xffff_ffff),
        (image) => image.set(at.EMPTY_NODE, 0xffff_ffff),
      ];
      for (const forge of harmless) assert.equal(useUp(forged(honest, forge), build), 'used');
      const unmarked: Forgery = (image) => {
        const line = image.get(image.get(at.HEADER_NEWEST_PATCH));
        image.setLong(line, image.getLong(line) & ~at.DIRTY);
      };
      assert.equal(useUp(forged(patched, unmarked), build), 'used');
    });

    for (const [what, image, forgeries] of [
      ['the directory', honest, DIRECTORY],
      ['a segment', honest, SEGMENTS],
      ['a table', honest, TABLES],
      ['a line', honest, LINES],
      ['a patch', patched, PATCHES],
    ] as const) {
      it(`is refused where ${what} is not whole`, () => {
        for (const [name, forge] of Object.entries(forgeries)) {
          assert.equal(useUp(forged(image, forge), build), 'refused', name);
        }
      });
    }
  });
}
