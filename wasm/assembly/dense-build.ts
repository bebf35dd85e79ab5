// Building dense areas: 256 segments of 2^16 numbers.

import { AREA_ENTRIES, AREA_NUMBER, DENSE, initialiseHeader } from './area';
import { allocate, allocateArea, release, releaseArea } from './arena';
import { COLUMNS_NUMBERS, columnsBytes, initialiseColumns, routesOf, userDataOf } from './columns';
import {
  AREA_ALIGNMENT,
  ENTRIES_MAX,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { takeTo, tookUserData } from './line-write';
import { releasePalette } from './palette';
import { buildSegment, gatherAll, releaseSegment } from './segment-build';

/** A dense area of the entries of a sparse one, not yet in the directory; 0 where the memory is full. */
export function newDense(version: u32, header: u32): u32 {
  const area = load<u32>(header + AREA_NUMBER);
  const entries = load<u32>(header + AREA_ENTRIES);
  if (entries <= ENTRIES_MAX) {
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    gatherAll(header);
    return denseOf(version, area, entries, ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  }
  // So many come only in a single batch.
  const bytes = <u32>columnsBytes(entries, true);
  const columns = allocate(bytes);
  if (columns == 0) return 0;
  initialiseColumns(columns, bytes, entries, true);
  const numbers = columns + COLUMNS_NUMBERS;
  takeTo(numbers, routesOf(columns), userDataOf(columns));
  gatherAll(header);
  const made = denseOf(version, area, entries, numbers, routesOf(columns), userDataOf(columns));
  release(columns, bytes);
  return made;
}

/** A dense area of entries in columns. */
function denseOf(
  version: u32,
  area: u32,
  entries: u32,
  numbers: u32,
  routes: u32,
  users: u32,
): u32 {
  const made = emptyDense(area);
  if (made == 0) return 0;
  store<u32>(made + AREA_ENTRIES, entries);
  let from: u32 = 0;
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    let to = from;
    while (to < entries && load<u32>(numbers + (to << 2)) >> SEGMENT_BITS == segment) to++;
    const numbersAt = numbers + (from << 2);
    const routesAt = routes + (from << 2);
    const usersAt = tookUserData ? users + (from << 3) : 0;
    const origin = segment << SEGMENT_BITS;
    if (!buildSegment(version, made, segment, to - from, numbersAt, routesAt, usersAt, origin)) {
      releaseDense(made, segment);
      return 0;
    }
    from = to;
  }
  return made;
}

/** A dense area without segments, not yet in the directory; 0 where the memory is full. */
export function emptyDense(area: u32): u32 {
  const block = allocateArea();
  if (block == 0) return 0;
  const made = block + AREA_ALIGNMENT;
  memory.fill(block, 0, AREA_ALIGNMENT * 2);
  initialiseHeader(made, DENSE, area);
  return made;
}

/** Releases a dense area that nobody was led to, and whose first segments have been built. */
export function releaseDense(made: u32, segments: u32): void {
  for (let segment: u32 = 0; segment < segments; segment++) releaseSegment(made, segment);
  releasePalette(made);
  releaseArea(made - AREA_ALIGNMENT);
}
