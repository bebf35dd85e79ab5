// Building an index of many ported numbers at once: in the order of their keys, each area when the
// last of its numbers is there, without patches.
//
// Only for an index that has no ported numbers and no readers yet. Prefixes and runs come first, so that
// the areas are built with their background.

import { AREA_ENTRIES } from './area';
import { SPARSE_ENTRIES_MAX } from './area-build';
import { emptyDense, releaseDense } from './dense-build';
import { setHeader } from './directory';
import {
  AREA_BITS,
  CHANGE_ROUTES,
  CHANGE_USERS,
  CHANGES,
  ENTRIES_MAX,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  HEADER_CURRENT,
  SEGMENT_BITS,
  SEGMENTS,
  STATUS_DONE,
  STATUS_FULL,
  VERSION_PORTED_COUNT,
} from './layout';
import { appendEntry, takeTo, tookUserData } from './line-write';
import { buildSegment } from './segment-build';
import { newSparse } from './sparse-build';

/** In place of the number of an area: none is begun. */
const NO_AREA: u32 = 0xffff_ffff;

// The area under way: its entries that no segment has yet are in the scratch, by their number in it.
let area: u32 = NO_AREA;
let held: u32 = 0;
/** Its dense form, and how many segments of that are built; 0 as long as it may become sparse. */
let dense: u32 = 0;
let built: u32 = 0;
let lastKey: u64 = 0;
let total: u32 = 0;

/** Keys that do not rise, besides what layout.ts has. */
export const STATUS_UNSORTED: u32 = 3;

export function beginBulk(): void {
  area = NO_AREA;
  held = 0;
  dense = 0;
  lastKey = 0;
  total = 0;
}

/** Takes the next `count` ported numbers, at most CHANGES_MAX, from the change scratch. */
export function addBulk(count: u32): u32 {
  for (let at: u32 = 0; at < count; at++) {
    const key = <u64>load<f64>(CHANGES + (at << 3));
    if (key <= lastKey) return STATUS_UNSORTED;
    lastKey = key;
    const ofKey = <u32>(key >> AREA_BITS);
    if (ofKey != area) {
      if (!finishArea()) return STATUS_FULL;
      area = ofKey;
      takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    }
    if (held == ENTRIES_MAX && !buildHeld(segmentAt(held - 1))) return STATUS_FULL;
    const number = <u32>(key & ((1 << AREA_BITS) - 1));
    appendEntry(
      held,
      number,
      load<u32>(CHANGE_ROUTES + (at << 2)),
      load<f64>(CHANGE_USERS + (at << 3)),
    );
    held++;
  }
  total += count;
  return STATUS_DONE;
}

/** Builds the last area, and counts what was built. */
export function finishBulk(): u32 {
  if (!finishArea()) return STATUS_FULL;
  const version = load<u32>(HEADER_CURRENT);
  store<u32>(version + VERSION_PORTED_COUNT, total);
  return STATUS_DONE;
}

function segmentAt(entry: u32): u32 {
  return load<u32>(ENTRY_OFFSETS + (entry << 2)) >> SEGMENT_BITS;
}

function finishArea(): bool {
  if (area == NO_AREA) return true;
  let header: u32;
  if (dense == 0 && held <= SPARSE_ENTRIES_MAX) {
    header = newSparse(load<u32>(HEADER_CURRENT), area, held);
    held = 0;
  } else {
    if (!buildHeld(SEGMENTS)) return false;
    header = dense;
  }
  dense = 0;
  const finished = area;
  area = NO_AREA;
  return header != 0 && setHeader(finished, header);
}

/** Builds the segments before `end` that are not yet built; keeps what belongs to later ones. */
function buildHeld(end: u32): bool {
  const version = load<u32>(HEADER_CURRENT);
  if (dense == 0) {
    dense = emptyDense(area);
    built = 0;
    if (dense == 0) return false;
  }
  // A full scratch of a single segment is all of it.
  if (end == built) end++;
  let from: u32 = 0;
  for (; built < end; built++) {
    let to = from;
    while (to < held && segmentAt(to) == built) to++;
    const numbers = ENTRY_OFFSETS + (from << 2);
    const routes = ENTRY_ROUTES + (from << 2);
    const users = tookUserData ? ENTRY_USERS + (from << 3) : 0;
    const count = to - from;
    const origin = built << SEGMENT_BITS;
    if (!buildSegment(version, dense, built, count, numbers, routes, users, origin)) {
      releaseDense(dense, built);
      area = NO_AREA;
      dense = 0;
      held = 0;
      return false;
    }
    store<u32>(dense + AREA_ENTRIES, load<u32>(dense + AREA_ENTRIES) + count);
    from = to;
  }
  held -= from;
  memory.copy(ENTRY_OFFSETS, ENTRY_OFFSETS + (from << 2), held << 2);
  memory.copy(ENTRY_ROUTES, ENTRY_ROUTES + (from << 2), held << 2);
  memory.copy(ENTRY_USERS, ENTRY_USERS + (from << 3), held << 3);
  return true;
}
