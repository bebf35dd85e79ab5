// The parts of an image by the offsets that they have in memory, for forgeries that know the layout. All
// offsets and flags are those of assembly/layout.ts, area.ts, directory.ts, line.ts and patch.ts.

import {
  HEADER_ROOT_FIRST,
  IMAGE_HEADER_BYTES,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  ROOT,
} from '../wasm-module.ts';
import { arenaStart, viewOf } from './forged-images.ts';

export const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
export const HEADER_CURRENT = 72;
export const HEADER_NEWEST_PATCH = 56;
export const VERSION_PORTED_COUNT = 16;
export const EMPTY_LINE = 12288;
export const GENERIC_LINE = EMPTY_LINE + 64;
export const ABSENT_AREA = 16384;
export const EMPTY_NODE = 20480;
export const NODE_HEADERS = 4096;
export const AREA_NUMBER = 4;
export const AREA_ENTRIES = 8;
export const AREA_PALETTE = 12;
export const AREA_PALETTE_COUNT = 16;
export const AREA_PALETTE_CAPACITY = 20;
export const AREA_PORTED_ANSWER = 24;
export const AREA_TO_BUILD = 28;
/** Of sparse areas. */
export const AREA_SEGMENTS = 36;
export const FIRST_NUMBERS = 64;
export const TALLY_BYTES = 12;
export const TALLY_ENTRIES = 4;
export const TALLY_OUTSIDE = 8;
export const DESCRIPTOR_DIVISOR = 4;
export const DESCRIPTOR_BYTES = 16;
export const DESCRIPTOR_SHAPE = 8;
export const DESCRIPTOR_DEFAULT = 12;
/** Of tables of lines. */
export const TABLE_DIVISOR = 8;
export const TABLE_SPANS = 12;
export const TABLE_ANSWERS = 16;
export const TABLE_WORDS = 64;
export const SLOW = 1n;
export const GROUPS = ((1n << 50n) - 1n) << 1n;
export const OUTSIDE = 1n << 51n;
export const PIECE = 1n << 52n;
export const DIRTY = 1n << 53n;
export const GENERIC = 1n << 54n;
export const FOREIGN = 1n << 55n;

const AREA_NUMBERS = 2 ** 24;
const NODE_AREAS = 1024;
const LINE_BYTES = 64;
const DENSE = 1;

/** A line and what it belongs to. */
export interface PlacedLine {
  line: number;
  flags: bigint;
  descriptor: number;
  tally: number;
  isListed: boolean;
  codeBits: number;
  span: number;
}

/** An image whose words are got and set by their offsets in memory. */
export class ImagePlaces {
  readonly #view: DataView;
  readonly #rootFirst: number;
  readonly #arenaStart: number;

  constructor(image: Uint8Array) {
    this.#view = viewOf(image);
    this.#rootFirst = this.#view.getUint32(HEADER_ROOT_FIRST, true);
    this.#arenaStart = arenaStart(image);
  }

  #placeOf(offset: number): number {
    if (offset >= ARENA) return this.#arenaStart + offset - ARENA;
    return offset < ROOT ? offset : IMAGE_HEADER_BYTES + offset - this.#rootFirst;
  }

  get(offset: number): number {
    return this.#view.getUint32(this.#placeOf(offset), true);
  }

  set(offset: number, word: number): void {
    this.#view.setUint32(this.#placeOf(offset), word, true);
  }

  add(offset: number, difference: number): void {
    this.set(offset, this.get(offset) + difference);
  }

  getLong(offset: number): bigint {
    return this.#view.getBigUint64(this.#placeOf(offset), true);
  }

  setLong(offset: number, word: bigint): void {
    this.#view.setBigUint64(this.#placeOf(offset), word, true);
  }

  setFloat(offset: number, value: number): void {
    this.#view.setFloat64(this.#placeOf(offset), value, true);
  }

  setByte(offset: number, byte: number): void {
    this.#view.setUint8(this.#placeOf(offset), byte);
  }

  version(): number {
    return this.get(HEADER_CURRENT);
  }

  rootPlaceOf(key: number): number {
    return ROOT + Math.floor(key / (AREA_NUMBERS * NODE_AREAS)) * 4;
  }

  /** Place of the word that leads to the area of a key if it is dense. */
  densePlaceOf(key: number): number {
    const node = EMPTY_NODE + this.get(this.rootPlaceOf(key));
    return node + (Math.floor(key / AREA_NUMBERS) % NODE_AREAS) * 4;
  }

  headerOf(key: number): number {
    return this.get(this.densePlaceOf(key) + NODE_HEADERS);
  }

  isDense(header: number): boolean {
    return this.get(header) === DENSE;
  }

  descriptorOf(header: number, segment: number): number {
    if (this.isDense(header)) return header - 4096 + segment * DESCRIPTOR_BYTES;
    const firstNumbers = Math.ceil(this.get(header + AREA_SEGMENTS) / 4) * 16;
    return header + FIRST_NUMBERS + firstNumbers + segment * DESCRIPTOR_BYTES;
  }

  tallyOf(header: number, segment: number): number {
    if (this.isDense(header)) return header + 64 + segment * TALLY_BYTES;
    const descriptorsEnd = this.descriptorOf(header, this.get(header + AREA_SEGMENTS));
    return descriptorsEnd + segment * TALLY_BYTES;
  }

  segmentCountOf(header: number): number {
    return this.isDense(header) ? 256 : this.get(header + AREA_SEGMENTS);
  }

  /** All lines of the area of a key. */
  *linesOf(key: number): IterableIterator<PlacedLine> {
    const header = this.headerOf(key);
    for (let segment = 0; segment < this.segmentCountOf(header); segment++) {
      const descriptor = this.descriptorOf(header, segment);
      const tally = this.tallyOf(header, segment);
      const shape = this.get(descriptor + DESCRIPTOR_SHAPE);
      const divisor = this.get(descriptor + DESCRIPTOR_DIVISOR);
      const span = this.isDense(header) ? shape & 0xffff : divisor;
      const lines = this.get(descriptor);
      const isTabled = ((shape >>> 27) & 1) === 1;
      const spans = isTabled ? this.get(lines + TABLE_SPANS) : this.get(tally) & 0x7ff;
      for (let index = 0; index < spans; index++) {
        const line = isTabled
          ? this.get(lines + TABLE_WORDS + index * 4)
          : lines + index * LINE_BYTES;
        if ((line & 1) === 1) continue;
        yield {
          line,
          flags: this.getLong(line),
          descriptor,
          tally,
          isListed: ((shape >>> 26) & 1) === 1,
          codeBits: (shape >>> 21) & 31,
          span,
        };
      }
    }
  }

  /** The first line of some areas that is as wanted. */
  lineWhere(keys: readonly number[], isWanted: (line: PlacedLine) => boolean): PlacedLine {
    for (const key of keys) {
      for (const line of this.linesOf(key)) if (isWanted(line)) return line;
    }
    throw new Error('the image has no such line');
  }

  /** Offset of the block that a line has outside. */
  outsideOf({ line, flags }: PlacedLine): number {
    if ((flags & FOREIGN) !== 0n) return this.get(line + 8);
    return this.get(line + LINE_BYTES - ((flags & PIECE) !== 0n ? 8 : 0) - 4);
  }
}
