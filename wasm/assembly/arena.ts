// The arena: blocks of memory for the writer, and their way back once no reader can see them.
//
// Free blocks wait in lists by size (free-blocks.ts). A block comes from its own list, else from a gap
// (free-gaps.ts) or from the end of the arena, which grows the memory; only when the memory is at its limit is a larger free block of
// any kind cut up. Before that is refused, free blocks that lie next to each other are joined
// (free-join.ts). What readers may be looking at takes a longer way back (retired.ts).

import {
  BLOCK_BYTES_MAX,
  blockBytes,
  CLASSES,
  classBytes,
  classFor,
  lineBlockSize,
  putArea,
  putFree,
  putLineBlock,
  putLines,
  putRest,
  takeArea,
  takeFree,
  takeLines,
} from './free-blocks';
import { putGap, takeFromGap } from './free-gaps';
import { countReleased, joinFree } from './free-join';
import {
  AREA_ALIGNMENT,
  AREA_BYTES,
  ARENA,
  ARENA_SLACK,
  HEADER_USED,
  LINE_BYTES,
  LINES_MAX,
  PAGE_BYTES,
} from './layout';

/** Whether bytes lie in the part of the arena that is used. */
export function isInArena(offset: u32, bytes: u32): bool {
  return offset >= ARENA && <u64>offset + bytes <= <u64>load<u32>(HEADER_USED);
}

/** How often the memory had no room for a block. */
export let refusedCount: u32 = 0;

function refuse(): u32 {
  refusedCount++;
  return 0;
}

/** Offset of a block of at least `bytes` bytes, aligned to 4; 0 where the memory is full. */
export function allocate(bytes: u32): u32 {
  if (bytes > BLOCK_BYTES_MAX) return refuse();
  const sizeClass = classFor(bytes);
  const block = takeFree(sizeClass);
  if (block != 0) return block;
  const size = classBytes(sizeClass);
  const extension = extend(size, 4);
  if (extension != 0) return extension;
  const cut = cutAny(sizeClass, size);
  if (cut != 0) return cut;
  if (!joinFree()) return refuse();
  const joined = takeFree(sizeClass);
  if (joined != 0) return joined;
  const cutAfter = cutAny(sizeClass, size);
  return cutAfter != 0 ? cutAfter : refuse();
}

function cutAny(sizeClass: u32, size: u32): u32 {
  const cut = cutLarger(sizeClass, size);
  return cut != 0 ? cut : cutLinesOrArea(size);
}

/** Offset of a block of `count` lines, one of {@link lineBlockSize}; 0 where the memory is full. */
export function allocateLines(count: u32): u32 {
  assert(count > 0 && count <= LINES_MAX && lineBlockSize(count) == count);
  const exact = takeLines(count);
  if (exact != 0) return exact;
  // Cutting a little off a block would leave a rest that hardly fits anything.
  const cut = cutLines(count, count << 1);
  if (cut != 0) return cut;
  const bytes = count * LINE_BYTES;
  const extension = extend(bytes, LINE_BYTES);
  if (extension != 0) return extension;
  const tight = cutLines(count, count + 1);
  if (tight != 0) return tight;
  return cutOrJoin(bytes, LINE_BYTES);
}

/** `count` lines cut from a free block of at least `countMin`; 0 where there is none. */
function cutLines(count: u32, countMin: u32): u32 {
  for (let larger = countMin; larger <= LINES_MAX; larger++) {
    const block = takeLines(larger);
    if (block == 0) continue;
    putLines(block + count * LINE_BYTES, larger - count);
    return block;
  }
  return 0;
}

/** Gives back lines that no reader can see. */
export function releaseLines(block: u32, count: u32): void {
  assert(isInArena(block, count * LINE_BYTES));
  countReleased(count * LINE_BYTES);
  putLineBlock(block, count);
}

/** Offset of a block of AREA_BYTES bytes at a multiple of AREA_ALIGNMENT; 0: the memory is full. */
export function allocateArea(): u32 {
  const block = takeArea();
  if (block != 0) return block;
  const extension = extend(AREA_BYTES, AREA_ALIGNMENT);
  if (extension != 0) return extension;
  return cutOrJoin(AREA_BYTES, AREA_ALIGNMENT);
}

export function releaseArea(block: u32): void {
  assert(isInArena(block, AREA_BYTES));
  countReleased(AREA_BYTES);
  putArea(block);
}

/** Gives back a block that no reader can see; `bytes` as it was allocated with. */
export function release(block: u32, bytes: u32): void {
  assert(isInArena(block, bytes));
  countReleased(bytes);
  putFree(classFor(bytes), block);
}

/** The same for a large block of a kind that is hardly ever needed again: it is used for blocks of any kind. */
export function releaseForAny(block: u32, bytes: u32): void {
  assert(isInArena(block, bytes));
  countReleased(bytes);
  putGap(block, block + <u32>blockBytes(bytes));
}

/**
 * A block from a gap or the end of the arena at a multiple of `alignment`, what is skipped being put into the
 * free lists; 0 where the memory cannot grow so far.
 */
function extend(size: u32, alignment: u32): u32 {
  const inGap = takeFromGap(size, alignment);
  if (inGap != 0) return inGap;
  const used = load<u32>(HEADER_USED);
  const block = ((<u64>used + alignment - 1) / alignment) * alignment;
  const end = block + size;
  if (!hasMemory(end + ARENA_SLACK)) return 0;
  store<u32>(HEADER_USED, <u32>end);
  putRest(used, <u32>block);
  return <u32>block;
}

/** Whether the memory reaches, or now has grown, up to `end`. */
function hasMemory(end: u64): bool {
  const pages = memory.size();
  const missing = <i32>((end + PAGE_BYTES - 1) / PAGE_BYTES) - pages;
  if (missing > 0) {
    // Growing by an eighth keeps the number of calls small; near the limit, what is needed will do.
    const grown = memory.grow(max(missing, pages >> 3)) >= 0 || memory.grow(missing) >= 0;
    if (!grown) return false;
  }
  return true;
}

/** A block cut from a larger free one, whose rest goes back to the lists; 0 where there is none. */
function cutLarger(sizeClass: u32, size: u32): u32 {
  for (let larger = sizeClass + 1; larger < CLASSES; larger++) {
    const block = takeFree(larger);
    if (block == 0) continue;
    putRest(block + size, block + classBytes(larger));
    return block;
  }
  return 0;
}

/** The same from a free block of lines, or else a dense area. */
function cutLinesOrArea(size: u32): u32 {
  for (let lines = (size + LINE_BYTES - 1) / LINE_BYTES; lines <= LINES_MAX; lines++) {
    const block = takeLines(lines);
    if (block == 0) continue;
    putRest(block + size, block + lines * LINE_BYTES);
    return block;
  }
  const area = size <= AREA_BYTES ? takeArea() : 0;
  if (area == 0) return 0;
  putRest(area + size, area + AREA_BYTES);
  return area;
}

/** A block at a multiple of `alignment`, cut from a free one as it is or once they are joined; 0 where there is none. */
function cutOrJoin(size: u32, alignment: u32): u32 {
  const cut = cutAligned(size, alignment);
  if (cut != 0) return cut;
  const joined = joinFree() ? cutAligned(size, alignment) : 0;
  return joined != 0 ? joined : refuse();
}

/** A block at a multiple of `alignment`, cut from a larger free one; 0 where there is none. */
function cutAligned(size: u32, alignment: u32): u32 {
  for (let larger = classFor(size + alignment - 4); larger < CLASSES; larger++) {
    const block = takeFree(larger);
    if (block == 0) continue;
    const aligned = (block + alignment - 1) & ~(alignment - 1);
    putRest(block, aligned);
    putRest(aligned + size, block + classBytes(larger));
    return aligned;
  }
  return 0;
}
