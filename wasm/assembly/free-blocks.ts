// Free blocks of the arena: lists by size class, and what comes between used blocks put into them.
//
// Classes are every multiple of 4 bytes up to 64 (trie nodes), then powers of two (tables, version
// records, patches, chunks). Lines and dense areas, which have to be aligned, wait in lists of their own.

import {
  AREA_BYTES,
  HEADER_FREE_AREAS,
  HEADER_FREE_LISTS,
  LINE_BYTES,
  LINE_LISTS,
  LINES_MAX,
} from './layout';

const SMALL_CLASSES: u32 = 16;
const SMALL_BYTES_MAX: u32 = SMALL_CLASSES * 4;
/** log2 of the smallest size that is a power of two, and of the largest. */
const LARGE_LOG_MIN: u32 = 7;
const LARGE_LOG_MAX: u32 = 29;
export const CLASSES: u32 = SMALL_CLASSES + LARGE_LOG_MAX - LARGE_LOG_MIN + 1;
export const BLOCK_BYTES_MAX: u32 = 1 << LARGE_LOG_MAX;

/** The class of the smallest blocks that hold `bytes` bytes. */
export function classFor(bytes: u32): u32 {
  if (bytes <= SMALL_BYTES_MAX) return ((bytes + 3) >> 2) - 1;
  return SMALL_CLASSES + (32 - clz<u32>(bytes - 1)) - LARGE_LOG_MIN;
}

/** The class of the largest blocks that fit into `bytes` bytes, a multiple of 4. */
function classWithin(bytes: u32): u32 {
  if (bytes < 1 << LARGE_LOG_MIN) return min(bytes >> 2, SMALL_CLASSES) - 1;
  return SMALL_CLASSES + (31 - clz<u32>(bytes)) - LARGE_LOG_MIN;
}

export function classBytes(sizeClass: u32): u32 {
  if (sizeClass < SMALL_CLASSES) return (sizeClass + 1) << 2;
  return (1 as u32) << (sizeClass - SMALL_CLASSES + LARGE_LOG_MIN);
}

export function takeFree(sizeClass: u32): u32 {
  const list = HEADER_FREE_LISTS + (sizeClass << 2);
  const block = load<u32>(list);
  if (block != 0) store<u32>(list, load<u32>(block));
  return block;
}

export function putFree(sizeClass: u32, block: u32): void {
  const list = HEADER_FREE_LISTS + (sizeClass << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
}

/** How many bytes a block takes that was allocated with so many. */
export function blockBytes(bytes: u32): u64 {
  return bytes <= BLOCK_BYTES_MAX ? classBytes(classFor(bytes)) : u64.MAX_VALUE;
}

/** Puts what lies between two offsets, multiples of 4, into the free lists. */
export function putRest(rest: u32, end: u32): void {
  while (rest < end) {
    const part = classWithin(end - rest);
    putFree(part, rest);
    rest += classBytes(part);
  }
}

/**
 * The smallest number of lines not below `count`, at most LINES_MAX, that blocks of lines come in: 16
 * sizes between powers of two, so that blocks that are given back soon fit again.
 */
export function lineBlockSize(count: u32): u32 {
  const bits = 32 - clz<u32>(count);
  if (bits <= 5) return count;
  const step: u32 = 1 << (bits - 5);
  return (count + step - 1) & ~(step - 1);
}

/** Puts `count` lines into the lists, in blocks of {@link lineBlockSize}. */
export function putLines(block: u32, count: u32): void {
  while (count != 0) {
    let part = min(count, LINES_MAX);
    while (lineBlockSize(part) != part) part--;
    putLineBlock(block, part);
    block += part * LINE_BYTES;
    count -= part;
  }
}

export function takeLines(count: u32): u32 {
  const list = LINE_LISTS + (count << 2);
  const block = load<u32>(list);
  if (block != 0) store<u32>(list, load<u32>(block));
  return block;
}

export function putLineBlock(block: u32, count: u32): void {
  const list = LINE_LISTS + (count << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
}

/** A free block for a dense area, or 0. */
export function takeArea(): u32 {
  const block = load<u32>(HEADER_FREE_AREAS);
  if (block != 0) store<u32>(HEADER_FREE_AREAS, load<u32>(block));
  return block;
}

export function putArea(block: u32): void {
  store<u32>(block, load<u32>(HEADER_FREE_AREAS));
  store<u32>(HEADER_FREE_AREAS, block);
}

/** Empties all lists. */
export function forgetFree(): void {
  memory.fill(HEADER_FREE_LISTS, 0, CLASSES * 4);
  memory.fill(LINE_LISTS, 0, (LINES_MAX + 1) * 4);
  store<u32>(HEADER_FREE_AREAS, 0);
}
