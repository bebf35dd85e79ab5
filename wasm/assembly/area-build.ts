// Building areas anew, for what has come out of shape: a segment that has many more or fewer entries
// than its lines were made for, an area that has become dense or sparse, or whose background is another.
//
// What readers see stays as it was: everything is built beside, and one store in the directory puts it in
// the place of the old, which goes once every reader has left it.

import {
  AREA_CHANGED,
  AREA_ENTRIES,
  AREA_NUMBER,
  AREA_PALETTE,
  AREA_PALETTE_CAPACITY,
  AREA_SEGMENTS,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  hasLines,
  isSparse,
  lineCountOf,
  lineOfIndex,
  segmentCountOf,
  spanCountOf,
  sparseLines,
  TALLY_OUTSIDE,
  tallyOf,
} from './area';
import { allocateArea, releaseArea } from './arena';
import { newDense } from './dense-build';
import { setHeader } from './directory';
import {
  AREA_ALIGNMENT,
  AREA_BYTES,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  SEGMENTS,
} from './layout';
import { isTabledShape } from './line';
import { tableSize } from './line-table';
import { outsideBlock, outsideBlockBytes, takeTo, tookUserData } from './line-write';
import { discardArea, discardBlock, discardLines, reserveNotes } from './retired';
import { buildSegment, gather, gatherAll, needsBuilding } from './segment-build';
import { hasClusters, newSparse, releaseSparse, renewedSparse } from './sparse-build';

/** Entries up to which an area is sparse, and below which a dense one becomes so again. */
export const SPARSE_ENTRIES_MAX: u32 = 32768;
const DENSE_ENTRIES_MIN: u32 = 2048;
/** Bytes outside of its lines from which on a sparse area of one segment becomes dense. */
const SPARSE_OUTSIDE_MAX: u32 = 32768;

/** Entries that the segments of a sparse area get and lose at least before it is divided anew. */
const CHANGED_MIN: u32 = 32;

/** Whether an area is of the right kind for its entries, and none of its segments needs building. */
function isInShape(header: u32): bool {
  const entries = load<u32>(header + AREA_ENTRIES);
  if (entries == 0) return false;
  if (isSparse(header)) {
    if (entries > SPARSE_ENTRIES_MAX || hasMuchOutside(header)) return false;
  } else if (entries < DENSE_ENTRIES_MIN) return false;
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) {
    if (needsBuilding(tallyOf(header, segment))) return false;
  }
  return true;
}

/** Whether an area of a single segment has more outside of its lines than is good for it. */
function hasMuchOutside(header: u32): bool {
  if (load<u32>(header + AREA_SEGMENTS) != 1) return false;
  return load<u32>(tallyOf(header, 0) + TALLY_OUTSIDE) > SPARSE_OUTSIDE_MAX;
}

/** Builds what needs it of an area. Where the memory is full, it stays as it is. */
export function buildArea(version: u32, header: u32): void {
  if (isInShape(header)) return;
  // What is discarded has to be noted, or it would be lost.
  if (!reserveNotes(blockCountOf(header))) return;
  const entries = load<u32>(header + AREA_ENTRIES);
  if (entries == 0) removeArea(header);
  else if (entries > SPARSE_ENTRIES_MAX && isSparse(header)) makeDense(version, header);
  else if (!isWorthKeeping(header, entries)) makeSparse(version, header);
  else if (isSparse(header)) renewSparse(version, header);
  else rebuildSegments(version, header);
}

/** Whether only segments of an area are to be built anew, and not all of it. */
function isWorthKeeping(header: u32, entries: u32): bool {
  if (!isSparse(header)) return entries >= DENSE_ENTRIES_MIN;
  // Entries that arrive one by one in a large area are not to have it divided anew each time.
  if (load<u32>(header + AREA_CHANGED) > (entries >> 2) + CHANGED_MIN) return false;
  return load<u32>(header + AREA_SEGMENTS) > 1;
}

/** At least as many blocks as an area consists of. */
function blockCountOf(header: u32): u32 {
  const segments = segmentCountOf(header);
  // The area, its node, its palette now and as it may grow to be; each line of its own with a block outside.
  let count: u32 = 16;
  for (let segment: u32 = 0; segment < segments; segment++)
    count += 1 + 2 * lineCountOf(header, segment);
  return count;
}

function removeArea(header: u32): void {
  if (setHeader(load<u32>(header + AREA_NUMBER), 0)) discardAll(header);
}

/** Builds a sparse area of the entries of an area that has not too many, or a dense one that does better. */
function makeSparse(version: u32, header: u32): void {
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  const count = gatherAll(header);
  // Much lies outside where clusters have come that have no segments yet, or else where there is user data.
  const isFull = hasMuchOutside(header);
  if (isFull && !hasClusters(count)) {
    makeDense(version, header);
    return;
  }
  const made = newSparse(version, load<u32>(header + AREA_NUMBER), count);
  if (made == 0) return;
  if (isFull && hasMuchOutside(made)) {
    releaseSparse(made);
    makeDense(version, header);
  } else replaceArea(header, made);
}

function makeDense(version: u32, header: u32): void {
  const made = newDense(version, header);
  if (made != 0) replaceArea(header, made);
}

function replaceArea(header: u32, made: u32): void {
  publishInPlaceOf(header, made);
  discardAll(header);
}

/** Leads everybody to an area in place of another, which is there: this needs no memory, for it has a node. */
function publishInPlaceOf(header: u32, made: u32): void {
  const isSet = setHeader(load<u32>(header + AREA_NUMBER), made);
  assert(isSet);
}

/** Discards an area that nobody is led to any more, with all that belongs to it. */
function discardAll(header: u32): void {
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) discardSegment(header, segment);
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (capacity != 0) discardBlock(load<u32>(header + AREA_PALETTE), capacity << 2);
  discardHeader(header);
}

/** Discards header, descriptors and tallies of an area. */
function discardHeader(header: u32): void {
  if (isSparse(header)) discardLines(header, sparseLines(load<u32>(header + AREA_SEGMENTS)));
  else discardArea(header - AREA_ALIGNMENT);
}

function discardSegment(header: u32, segment: u32): void {
  const descriptor = descriptorOf(header, segment);
  if (!hasLines(load<u32>(descriptor + DESCRIPTOR_LINES))) return;
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const isTabled = isTabledShape(shape);
  const spans = spanCountOf(header, segment);
  for (let index: u32 = 0; index < spans; index++) {
    const line = lineOfIndex(lines, shape, index);
    if (line == 0) continue;
    const flags = load<u64>(line);
    const block = outsideBlock(line, flags);
    if (block != 0) discardBlock(block, outsideBlockBytes(block, flags));
    if (isTabled) discardLines(line, 1);
  }
  discardLines(lines, isTabled ? tableSize(spans) : spans);
}

/** Builds those segments of a sparse area anew that need it, and divides them where clusters have come. */
function renewSparse(version: u32, header: u32): void {
  const made = renewedSparse(version, header);
  if (made == 0) return;
  publishInPlaceOf(header, made);
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) {
    if (needsBuilding(tallyOf(header, segment))) discardSegment(header, segment);
  }
  discardHeader(header);
}

/** Builds those segments of a dense area anew that need it. */
function rebuildSegments(version: u32, header: u32): void {
  const area = allocateArea();
  if (area == 0) return;
  const made = area + AREA_ALIGNMENT;
  memory.copy(area, header - AREA_ALIGNMENT, AREA_BYTES);
  let isChanged = false;
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    if (!needsBuilding(tallyOf(header, segment))) continue;
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    const count = gather(header, segment, 0, 0);
    const users = tookUserData ? ENTRY_USERS : 0;
    // A segment that has no room to be built stays as it is.
    if (buildSegment(version, made, segment, count, ENTRY_OFFSETS, ENTRY_ROUTES, users, 0)) {
      discardSegment(header, segment);
      isChanged = true;
    }
  }
  if (!isChanged) {
    // The palette may have grown, and the old one be on its way out.
    memory.copy(header + AREA_PALETTE, made + AREA_PALETTE, 12);
    releaseArea(area);
    return;
  }
  publishInPlaceOf(header, made);
  discardHeader(header);
}
