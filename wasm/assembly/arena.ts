// The arena: blocks of memory for the writer, and their way back once no reader can see them.
//
// Free blocks wait in lists by size class: every multiple of 4 bytes up to 64 (trie nodes), then
// powers of two (tables, version records, chunks). A block comes from its own list, else from the
// end of the arena, which grows the memory; only when the memory is at its limit is a larger free
// block cut up. Free blocks are never joined: the sizes in use repeat, so the lists settle.
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
  ARENA,
  HEADER_FREE_LISTS,
  HEADER_RETIRED_FIRST,
  HEADER_RETIRED_LAST,
  HEADER_USED,
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
const LARGE_LOG_MAX: u32 = 31;
const CLASSES: u32 = SMALL_CLASSES + LARGE_LOG_MAX - LARGE_LOG_MIN + 1;
const BLOCK_BYTES_MAX: u32 = 1 << LARGE_LOG_MAX;

const CHUNK_NEXT: u32 = 0;
const CHUNK_COUNT: u32 = 4;
const CHUNK_EPOCH: u32 = 8;
const CHUNK_ENTRIES: u32 = 16;
const CHUNK_BYTES: u32 = 1024;
const CHUNK_COUNT_MAX: u32 = (CHUNK_BYTES - CHUNK_ENTRIES) / 8;

// The chunks of the batch under way. A new chunk goes in front.
let pendingFirst: u32 = 0;
let pendingLast: u32 = 0;

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
  const extension = extend(size);
  return extension != 0 ? extension : cutLarger(sizeClass, size);
}

/** Gives back a block that no reader can see; `bytes` as it was allocated with. */
export function release(block: u32, bytes: u32): void {
  assert(isInArena(block, bytes));
  putFree(classFor(bytes), block);
}

/** Notes a block that the version under way no longer has. False where the memory is full. */
export function retire(block: u32, bytes: u32): bool {
  if (pendingFirst == 0 || load<u32>(pendingFirst + CHUNK_COUNT) == CHUNK_COUNT_MAX) {
    const chunk = allocate(CHUNK_BYTES);
    if (chunk == 0) return false;
    store<u32>(chunk + CHUNK_NEXT, pendingFirst);
    store<u32>(chunk + CHUNK_COUNT, 0);
    if (pendingFirst == 0) pendingLast = chunk;
    pendingFirst = chunk;
  }
  const count = load<u32>(pendingFirst + CHUNK_COUNT);
  const entry = pendingFirst + CHUNK_ENTRIES + count * 8;
  store<u32>(entry, block);
  store<u32>(entry + 4, bytes);
  store<u32>(pendingFirst + CHUNK_COUNT, count + 1);
  return true;
}

/** Queues what the batch retired, under the epoch of the version that it published. */
export function queueRetired(epoch: u64): void {
  if (pendingFirst == 0) return;
  for (let chunk = pendingFirst; chunk != 0; chunk = load<u32>(chunk + CHUNK_NEXT)) {
    store<u64>(chunk + CHUNK_EPOCH, epoch);
  }
  if (load<u32>(HEADER_RETIRED_FIRST) == 0) store<u32>(HEADER_RETIRED_FIRST, pendingFirst);
  else store<u32>(load<u32>(HEADER_RETIRED_LAST) + CHUNK_NEXT, pendingFirst);
  store<u32>(HEADER_RETIRED_LAST, pendingLast);
  pendingFirst = 0;
  pendingLast = 0;
}

/** Forgets what the batch retired: those blocks stay in use. */
export function forgetRetired(): void {
  while (pendingFirst != 0) {
    const next = load<u32>(pendingFirst + CHUNK_NEXT);
    release(pendingFirst, CHUNK_BYTES);
    pendingFirst = next;
  }
  pendingLast = 0;
}

/** Releases the retired blocks that every reader has passed. */
export function reclaim(): void {
  const oldest = oldestReaderEpoch();
  let chunk = load<u32>(HEADER_RETIRED_FIRST);
  // A forged image may lead in a circle; the arena has no room for more chunks than these.
  let chunksLeft = (load<u32>(HEADER_USED) - ARENA) / CHUNK_BYTES;
  while (chunk != 0 && load<u64>(chunk + CHUNK_EPOCH) <= oldest) {
    const count = load<u32>(chunk + CHUNK_COUNT);
    if (count > CHUNK_COUNT_MAX || chunksLeft-- == 0) unreachable();
    const end = chunk + CHUNK_ENTRIES + count * 8;
    for (let entry = chunk + CHUNK_ENTRIES; entry < end; entry += 8) {
      release(load<u32>(entry), load<u32>(entry + 4));
    }
    const next = load<u32>(chunk + CHUNK_NEXT);
    release(chunk, CHUNK_BYTES);
    chunk = next;
  }
  store<u32>(HEADER_RETIRED_FIRST, chunk);
}

/** The lowest epoch that a reader entered its batch with; the highest u64 where none is in one. */
function oldestReaderEpoch(): u64 {
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

/** A block from the end of the arena; 0 where the memory cannot grow so far. */
function extend(size: u32): u32 {
  const used = load<u32>(HEADER_USED);
  const end = <u64>used + size;
  const pages = memory.size();
  const missing = <i32>((end + PAGE_BYTES - 1) / PAGE_BYTES) - pages;
  if (missing > 0) {
    // Growing by an eighth keeps the number of calls small; near the limit, what is needed will do.
    const grown = memory.grow(max(missing, pages >> 3)) >= 0 || memory.grow(missing) >= 0;
    if (!grown) return 0;
  }
  store<u32>(HEADER_USED, <u32>end);
  return used;
}

/** A block cut from a larger free one, whose rest goes back to the lists; 0 where there is none. */
function cutLarger(sizeClass: u32, size: u32): u32 {
  for (let larger = sizeClass + 1; larger < CLASSES; larger++) {
    const block = takeFree(larger);
    if (block == 0) continue;
    let rest = block + size;
    const end = block + classBytes(larger);
    while (rest < end) {
      const part = classWithin(end - rest);
      putFree(part, rest);
      rest += classBytes(part);
    }
    return block;
  }
  return 0;
}
