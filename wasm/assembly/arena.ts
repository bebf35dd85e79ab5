// The arena: blocks of memory for the writer, and their way back once no reader can see them.
//
// Free blocks wait in lists by size class: every multiple of 4 bytes up to 64 (trie nodes), then
// powers of two (tables, version records, chunks). Lines and dense areas, which have to be aligned,
// wait in lists of their own. A block comes from its own list, else from the end of the arena, which
// grows the memory; only when the memory is at its limit is a larger free block of any kind cut up.
// Before that is refused, free blocks that lie next to each other are joined. Otherwise they never
// are: the sizes in use repeat, so the lists settle.
//
// A block that readers may be looking at is not released but *retired*: noted in a chunk that, when
// the batch is published, joins a queue under the epoch of the version that no longer has the block.
// It is released when every reader that is in a batch entered it at that epoch or later.
//
//     chunk      0      4       8       16
//               ┌──────┬───────┬───────┬───────────────┬───────────────┬──
//               │ next │ count │ epoch │ offset, bytes │ offset, bytes │ … 126 at most
//               └──────┴───────┴───────┴───────────────┴───────────────┴──

import {
  AREA_ALIGNMENT,
  AREA_BYTES,
  ARENA,
  ARENA_SLACK,
  HEADER_FREE_AREAS,
  HEADER_FREE_LISTS,
  HEADER_RETIRED_FIRST,
  HEADER_RETIRED_LAST,
  HEADER_USED,
  LINE_BYTES,
  LINE_LISTS,
  LINES_MAX,
  PAGE_BYTES,
  READER_BYTES,
  READER_EPOCH,
  READERS,
  READERS_MAX,
} from './layout';

const SMALL_CLASSES: u32 = 16;
const SMALL_BYTES_MAX: u32 = SMALL_CLASSES * 4;
/** log2 of the smallest size that is a power of two, and of the largest. */
const LARGE_LOG_MIN: u32 = 7;
const LARGE_LOG_MAX: u32 = 29;
const CLASSES: u32 = SMALL_CLASSES + LARGE_LOG_MAX - LARGE_LOG_MIN + 1;
const BLOCK_BYTES_MAX: u32 = 1 << LARGE_LOG_MAX;

// In place of the bytes of a retired block: so many lines, or a dense area.
const RETIRED_LINES: u32 = 1 << 31;
const RETIRED_AREA: u32 = 1 << 30;

const CHUNK_NEXT: u32 = 0;
const CHUNK_COUNT: u32 = 4;
const CHUNK_EPOCH: u32 = 8;
const CHUNK_ENTRIES: u32 = 16;
const CHUNK_BYTES: u32 = 1024;
const CHUNK_COUNT_MAX: u32 = (CHUNK_BYTES - CHUNK_ENTRIES) / 8;

// The chunks of the batch under way. A new chunk goes in front. What is retired for good, whether the
// batch is published or given up, has chunks of its own.
let pendingFirst: u32 = 0;
let pendingLast: u32 = 0;
let goneFirst: u32 = 0;
let goneLast: u32 = 0;

/** What was released since free blocks were joined; very much at first. */
let releasedBytes: u64 = 1 << 32;

/** Whether bytes lie in the part of the arena that is used. */
export function isInArena(offset: u32, bytes: u32): bool {
  return offset >= ARENA && <u64>offset + bytes <= <u64>load<u32>(HEADER_USED);
}

/** Offset of a block of at least `bytes` bytes, aligned to 4; 0 where the memory is full. */
export function allocate(bytes: u32): u32 {
  if (bytes > BLOCK_BYTES_MAX) return 0;
  const sizeClass = classFor(bytes);
  const block = takeFree(sizeClass);
  if (block != 0) return block;
  const size = classBytes(sizeClass);
  const extension = extend(size, 4);
  if (extension != 0) return extension;
  const cut = cutAny(sizeClass, size);
  if (cut != 0 || !joinFree()) return cut;
  const joined = takeFree(sizeClass);
  return joined != 0 ? joined : cutAny(sizeClass, size);
}

function cutAny(sizeClass: u32, size: u32): u32 {
  const cut = cutLarger(sizeClass, size);
  return cut != 0 ? cut : cutLinesOrArea(size);
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
  const aligned = cutAligned(bytes, LINE_BYTES);
  return aligned != 0 || !joinFree() ? aligned : cutAligned(bytes, LINE_BYTES);
}

/** `count` lines cut from a free block of at least `countMin`; 0 where there is none. */
function cutLines(count: u32, countMin: u32): u32 {
  for (let larger = countMin; larger <= LINES_MAX; larger++) {
    const block = takeLines(larger);
    if (block == 0) continue;
    let rest = larger - count;
    let at = block + count * LINE_BYTES;
    while (rest != 0) {
      let part = rest;
      while (lineBlockSize(part) != part) part--;
      releaseLines(at, part);
      at += part * LINE_BYTES;
      rest -= part;
    }
    return block;
  }
  return 0;
}

function takeLines(count: u32): u32 {
  const list = LINE_LISTS + (count << 2);
  const block = load<u32>(list);
  if (block != 0) store<u32>(list, load<u32>(block));
  return block;
}

/** Gives back lines that no reader can see. */
export function releaseLines(block: u32, count: u32): void {
  assert(isInArena(block, count * LINE_BYTES));
  releasedBytes += count * LINE_BYTES;
  const list = LINE_LISTS + (count << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
}

/** Offset of a block of AREA_BYTES bytes at a multiple of AREA_ALIGNMENT; 0: the memory is full. */
export function allocateArea(): u32 {
  const block = load<u32>(HEADER_FREE_AREAS);
  if (block == 0) {
    const extension = extend(AREA_BYTES, AREA_ALIGNMENT);
    if (extension != 0) return extension;
    const aligned = cutAligned(AREA_BYTES, AREA_ALIGNMENT);
    return aligned != 0 || !joinFree() ? aligned : cutAligned(AREA_BYTES, AREA_ALIGNMENT);
  }
  store<u32>(HEADER_FREE_AREAS, load<u32>(block));
  return block;
}

export function releaseArea(block: u32): void {
  assert(isInArena(block, AREA_BYTES));
  releasedBytes += AREA_BYTES;
  store<u32>(block, load<u32>(HEADER_FREE_AREAS));
  store<u32>(HEADER_FREE_AREAS, block);
}

/** Retires lines that the newest version has no more, whatever becomes of the batch. */
export function discardLines(block: u32, count: u32): bool {
  return discardBlock(block, RETIRED_LINES | count);
}

/** The same for a dense area. */
export function discardArea(block: u32): bool {
  return discardBlock(block, RETIRED_AREA);
}

function releaseRetired(block: u32, bytes: u32): void {
  if (bytes == RETIRED_AREA) releaseArea(block);
  else if ((bytes & RETIRED_LINES) != 0) releaseLines(block, bytes & ~RETIRED_LINES);
  else release(block, bytes);
}

/** Gives back a block that no reader can see; `bytes` as it was allocated with. */
export function release(block: u32, bytes: u32): void {
  assert(isInArena(block, bytes));
  releasedBytes += bytes;
  putFree(classFor(bytes), block);
}

/** Notes a block that the version under way no longer has. False where the memory is full. */
export function retire(block: u32, bytes: u32): bool {
  const chunk = roomIn(pendingFirst);
  if (chunk == 0) return false;
  if (pendingFirst == 0) pendingLast = chunk;
  pendingFirst = chunk;
  note(chunk, block, bytes);
  return true;
}

/**
 * Notes a block that nobody is led to any more, whatever becomes of the batch under way, but that
 * readers may still be looking at. False where the memory is full; then the block is lost.
 */
export function discardBlock(block: u32, bytes: u32): bool {
  const chunk = roomIn(goneFirst);
  if (chunk == 0) return false;
  if (goneFirst == 0) goneLast = chunk;
  goneFirst = chunk;
  note(chunk, block, bytes);
  return true;
}

// Chunks that are kept for what is about to be noted, linked.
let spareFirst: u32 = 0;

/** Makes sure that `count` blocks can be noted. False where the memory is full. */
export function reserveNotes(count: u32): bool {
  for (let chunk = spareFirst; chunk != 0; chunk = load<u32>(chunk + CHUNK_NEXT)) {
    count -= min(count, CHUNK_COUNT_MAX);
  }
  while (count > 0) {
    const chunk = allocate(CHUNK_BYTES);
    if (chunk == 0) return false;
    store<u32>(chunk + CHUNK_NEXT, spareFirst);
    spareFirst = chunk;
    count -= min(count, CHUNK_COUNT_MAX);
  }
  return true;
}

/** Gives back what {@link reserveNotes} took and nobody used. */
export function releaseNotes(): void {
  while (spareFirst != 0) {
    const next = load<u32>(spareFirst + CHUNK_NEXT);
    release(spareFirst, CHUNK_BYTES);
    spareFirst = next;
  }
}

/** The chunk, or else a new one in front of it, that has room; 0 where the memory is full. */
function roomIn(first: u32): u32 {
  if (first != 0 && load<u32>(first + CHUNK_COUNT) < CHUNK_COUNT_MAX) return first;
  let chunk = spareFirst;
  if (chunk != 0) spareFirst = load<u32>(chunk + CHUNK_NEXT);
  else chunk = allocate(CHUNK_BYTES);
  if (chunk == 0) return 0;
  store<u32>(chunk + CHUNK_NEXT, first);
  store<u32>(chunk + CHUNK_COUNT, 0);
  return chunk;
}

function note(chunk: u32, block: u32, bytes: u32): void {
  const count = load<u32>(chunk + CHUNK_COUNT);
  const entry = chunk + CHUNK_ENTRIES + count * 8;
  store<u32>(entry, block);
  store<u32>(entry + 4, bytes);
  store<u32>(chunk + CHUNK_COUNT, count + 1);
}

/** Queues what the batch retired, under the epoch of the version that it published. */
export function queueRetired(epoch: u64): void {
  queue(pendingFirst, pendingLast, epoch);
  queue(goneFirst, goneLast, epoch);
  pendingFirst = 0;
  goneFirst = 0;
}

function queue(first: u32, last: u32, epoch: u64): void {
  if (first == 0) return;
  for (let chunk = first; chunk != 0; chunk = load<u32>(chunk + CHUNK_NEXT)) {
    store<u64>(chunk + CHUNK_EPOCH, epoch);
  }
  if (load<u32>(HEADER_RETIRED_FIRST) == 0) store<u32>(HEADER_RETIRED_FIRST, first);
  else store<u32>(load<u32>(HEADER_RETIRED_LAST) + CHUNK_NEXT, first);
  store<u32>(HEADER_RETIRED_LAST, last);
}

/** Forgets what the batch retired: those blocks stay in use. What is gone stays noted. */
export function forgetRetired(): void {
  while (pendingFirst != 0) {
    const next = load<u32>(pendingFirst + CHUNK_NEXT);
    release(pendingFirst, CHUNK_BYTES);
    pendingFirst = next;
  }
}

/** Releases the retired blocks that every reader has passed, being at `oldest` or later. */
export function reclaim(oldest: u64): void {
  let chunk = load<u32>(HEADER_RETIRED_FIRST);
  // A forged image may lead in a circle; the arena has no room for more chunks than these.
  let chunksLeft = (load<u32>(HEADER_USED) - ARENA) / CHUNK_BYTES;
  while (chunk != 0 && load<u64>(chunk + CHUNK_EPOCH) <= oldest) {
    const count = load<u32>(chunk + CHUNK_COUNT);
    if (count > CHUNK_COUNT_MAX || chunksLeft-- == 0) unreachable();
    const end = chunk + CHUNK_ENTRIES + count * 8;
    for (let entry = chunk + CHUNK_ENTRIES; entry < end; entry += 8) {
      releaseRetired(load<u32>(entry), load<u32>(entry + 4));
    }
    const next = load<u32>(chunk + CHUNK_NEXT);
    release(chunk, CHUNK_BYTES);
    chunk = next;
  }
  store<u32>(HEADER_RETIRED_FIRST, chunk);
}

/** The lowest epoch that a reader entered its batch with; the highest u64 where none is in one. */
export function oldestReaderEpoch(): u64 {
  let oldest = u64.MAX_VALUE;
  for (let index: u32 = 0; index < READERS_MAX; index++) {
    const epoch = atomic.load<u64>(READERS + index * READER_BYTES + READER_EPOCH);
    if (epoch != 0 && epoch < oldest) oldest = epoch;
  }
  return oldest;
}

/** The class of the smallest blocks that hold `bytes` bytes. */
function classFor(bytes: u32): u32 {
  if (bytes <= SMALL_BYTES_MAX) return ((bytes + 3) >> 2) - 1;
  return SMALL_CLASSES + (32 - clz<u32>(bytes - 1)) - LARGE_LOG_MIN;
}

/** The class of the largest blocks that fit into `bytes` bytes, a multiple of 4. */
function classWithin(bytes: u32): u32 {
  if (bytes < 1 << LARGE_LOG_MIN) return min(bytes >> 2, SMALL_CLASSES) - 1;
  return SMALL_CLASSES + (31 - clz<u32>(bytes)) - LARGE_LOG_MIN;
}

function classBytes(sizeClass: u32): u32 {
  if (sizeClass < SMALL_CLASSES) return (sizeClass + 1) << 2;
  return (1 as u32) << (sizeClass - SMALL_CLASSES + LARGE_LOG_MIN);
}

function takeFree(sizeClass: u32): u32 {
  const list = HEADER_FREE_LISTS + (sizeClass << 2);
  const block = load<u32>(list);
  if (block != 0) store<u32>(list, load<u32>(block));
  return block;
}

function putFree(sizeClass: u32, block: u32): void {
  const list = HEADER_FREE_LISTS + (sizeClass << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
}

/**
 * A block from the end of the arena at a multiple of `alignment`, what is skipped being put into the
 * free lists; 0 where the memory cannot grow so far.
 */
function extend(size: u32, alignment: u32): u32 {
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

/** Puts what lies between two offsets, multiples of 4, into the free lists. */
function putRest(rest: u32, end: u32): void {
  while (rest < end) {
    const part = classWithin(end - rest);
    putFree(part, rest);
    rest += classBytes(part);
  }
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
  const area = load<u32>(HEADER_FREE_AREAS);
  if (area == 0 || size > AREA_BYTES) return 0;
  store<u32>(HEADER_FREE_AREAS, load<u32>(area));
  putRest(area + size, area + AREA_BYTES);
  return area;
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

/** Joining is not worth it before so much of the arena, by a shift, was released. */
const JOIN_SHARE_BITS: u32 = 6;

/**
 * Joins free blocks that lie next to each other, all but those of 4 bytes. False where that was done
 * not long ago, and the lists are as they were.
 */
function joinFree(): bool {
  const arenaBytes = load<u32>(HEADER_USED) - ARENA;
  if (releasedBytes <= arenaBytes >> JOIN_SHARE_BITS) return false;
  let list: u32 = 0;
  let bytesLeft = arenaBytes;
  for (let sizeClass: u32 = 1; sizeClass < CLASSES; sizeClass++) {
    const bytes = classBytes(sizeClass);
    for (let block = takeFree(sizeClass); block != 0; block = takeFree(sizeClass)) {
      bytesLeft = countDown(bytesLeft, bytes);
      list = linkFree(list, block, bytes);
    }
  }
  for (let count: u32 = 1; count <= LINES_MAX; count++) {
    const bytes = count * LINE_BYTES;
    for (let block = takeLines(count); block != 0; block = takeLines(count)) {
      bytesLeft = countDown(bytesLeft, bytes);
      list = linkFree(list, block, bytes);
    }
  }
  for (let block = load<u32>(HEADER_FREE_AREAS); block != 0; ) {
    const next = load<u32>(block);
    bytesLeft = countDown(bytesLeft, AREA_BYTES);
    list = linkFree(list, block, AREA_BYTES);
    block = next;
  }
  store<u32>(HEADER_FREE_AREAS, 0);
  for (let block = sortedByOffset(list); block != 0; ) {
    let next = load<u32>(block);
    let end = block + load<u32>(block + 4);
    while (next == end) {
      end += load<u32>(next + 4);
      next = load<u32>(next);
    }
    putRest(block, end);
    block = next;
  }
  releasedBytes = 0;
  return true;
}

/** A forged image's lists may lead in circles; those of others never hold more than the arena. */
function countDown(bytesLeft: u32, bytes: u32): u32 {
  if (bytes > bytesLeft) unreachable();
  return bytesLeft - bytes;
}

function linkFree(list: u32, block: u32, bytes: u32): u32 {
  if (!isInArena(block, bytes)) unreachable();
  store<u32>(block, list);
  store<u32>(block + 4, bytes);
  return block;
}

/** Sorts a list of blocks by merging, which needs no memory. */
function sortedByOffset(list: u32): u32 {
  let merges: u32 = 2;
  for (let width: u32 = 1; merges > 1; width <<= 1) {
    let rest = list;
    let last: u32 = 0;
    list = 0;
    merges = 0;
    while (rest != 0) {
      merges++;
      let left = rest;
      let right = rest;
      let leftCount: u32 = 0;
      for (; leftCount < width && right != 0; leftCount++) right = load<u32>(right);
      let rightCount = width;
      while (leftCount > 0 || (rightCount > 0 && right != 0)) {
        let block = right;
        if (leftCount > 0 && (rightCount == 0 || right == 0 || left < right)) {
          block = left;
          left = load<u32>(left);
          leftCount--;
        } else {
          right = load<u32>(right);
          rightCount--;
        }
        if (last == 0) list = block;
        else store<u32>(last, block);
        last = block;
      }
      rest = right;
    }
    if (last != 0) store<u32>(last, 0);
  }
  return list;
}
