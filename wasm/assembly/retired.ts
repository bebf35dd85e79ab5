// Blocks that readers may be looking at: they are not released but *retired*.
//
// A retired block is noted in a chunk that, when the batch is published, joins a queue under the epoch of
// the version that no longer has the block. It is released when every reader that is in a batch entered
// it at that epoch or later.
//
//     chunk      0      4       8       16
//               ┌──────┬───────┬───────┬───────────────┬───────────────┬──
//               │ next │ count │ epoch │ offset, bytes │ offset, bytes │ … 126 at most
//               └──────┴───────┴───────┴───────────────┴───────────────┴──

import { allocate, release, releaseArea, releaseLines } from './arena';
import { HEADER_RETIRED_FIRST, HEADER_RETIRED_LAST } from './layout';

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
  while (chunk != 0 && load<u64>(chunk + CHUNK_EPOCH) <= oldest) {
    const count = load<u32>(chunk + CHUNK_COUNT);
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
