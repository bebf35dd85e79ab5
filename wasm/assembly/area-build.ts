// Building areas anew, for what has come out of shape: a segment that has many more or fewer entries
// than its lines were made for, an area that has become dense or sparse, or whose background is another.
//
// What readers see stays as it was: everything is built beside, and one store in the directory puts it in
// the place of the old, which goes once every reader has left it.

import { allocate, allocateArea, release, releaseArea, releaseLines } from './arena';
import { COLUMNS_NUMBERS, columnsBytes, initialiseColumns, routesOf, userDataOf } from './columns';
import {
  AREA_ENTRIES,
  AREA_KIND,
  AREA_NUMBER,
  AREA_PALETTE,
  AREA_PALETTE_CAPACITY,
  BUILT_UNIT,
  DENSE,
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  initialiseHeader,
  SINGLE_SHAPE,
  SPARSE,
  SPARSE_BYTES,
  segmentCountOf,
  setHeader,
  spanOf,
  TALLY_BUILT,
  TALLY_BYTES,
  TALLY_ENTRIES,
  TALLY_LINES,
  TALLY_LINES_MASK,
  TALLY_LOOSE,
  TALLY_OUTSIDE,
  TALLY_STALE,
  TALLY_USER_DATA,
  tallyOf,
  writeDescriptor,
  writeSparse,
} from './directory';
import {
  AREA_ALIGNMENT,
  AREA_BITS,
  EMPTY_LINE,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  GENERIC_LINE,
  LINE_BYTES,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { backgroundFlags, determineBackground, dominantAnswer } from './line-background';
import {
  outsideBlock,
  outsideBlockBytes,
  releaseOutside,
  takeApart,
  takeTo,
  tookUserData,
} from './line-write';
import { discardArea, discardBlock, discardLines, reserveNotes } from './retired';
import {
  buildLines,
  builtLineCount,
  builtLines,
  builtOutside,
  builtShape,
  builtSpan,
} from './segment-build';

/** Entries up to which an area is sparse, and below which a dense one becomes so again. */
export const SPARSE_ENTRIES_MAX: u32 = 32768;
const DENSE_ENTRIES_MIN: u32 = 2048;
/** Bytes outside of its lines from which on a sparse area becomes dense. */
const SPARSE_OUTSIDE_MAX: u32 = 32768;

/** Whether a segment has so many more or fewer entries than when it was built that it is worth it. */
export function needsBuilding(tally: u32): bool {
  const word = <u32>load<u16>(tally + TALLY_LINES);
  if ((word & TALLY_STALE) != 0) return true;
  if ((word & TALLY_LINES_MASK) == 0) return false;
  const entries = load<u32>(tally + TALLY_ENTRIES);
  const built = <u32>load<u16>(tally + TALLY_BUILT) * BUILT_UNIT;
  if (built == 0 || entries > built + (built >> 3) + BUILT_UNIT) return true;
  if (entries + (built >> 2) + BUILT_UNIT < built || entries == 0) return true;
  return (word & TALLY_LOOSE) == 0 && load<u32>(tally + TALLY_OUTSIDE) > outsideMax(word, entries);
}

/** Bytes outside of the lines of a segment from which on another shape may be better. */
function outsideMax(tallyWord: u32, entries: u32): u32 {
  const lineBytes = (tallyWord & TALLY_LINES_MASK) * LINE_BYTES;
  const forUserData = (tallyWord & TALLY_USER_DATA) != 0 ? entries * 12 + lineBytes : 0;
  return (lineBytes >> 2) + LINE_BYTES + forUserData;
}

/** Whether an area is of the right kind for its entries, and none of its segments needs building. */
function isInShape(header: u32): bool {
  const entries = load<u32>(header + AREA_ENTRIES);
  if (entries == 0) return false;
  if (load<u32>(header + AREA_KIND) == DENSE) {
    if (entries < DENSE_ENTRIES_MIN) return false;
  } else {
    const outside = load<u32>(tallyOf(header, 0) + TALLY_OUTSIDE);
    if (entries > SPARSE_ENTRIES_MAX || outside > SPARSE_OUTSIDE_MAX) return false;
  }
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) {
    if (needsBuilding(tallyOf(header, segment))) return false;
  }
  return true;
}

/** Builds what needs it of an area. Where the memory is full, it stays as it is. */
export function buildArea(version: u32, header: u32): void {
  if (isInShape(header)) return;
  // What is discarded has to be noted, or it would be lost.
  if (!reserveNotes(blockCountOf(header))) return;
  const entries = load<u32>(header + AREA_ENTRIES);
  const isDense = load<u32>(header + AREA_KIND) == DENSE;
  if (entries == 0) removeArea(header);
  else if (isDense && entries >= DENSE_ENTRIES_MIN) rebuildSegments(version, header);
  else if (isDense) makeSparse(version, header);
  else if (entries > SPARSE_ENTRIES_MAX) makeDense(version, header);
  else if (load<u32>(tallyOf(header, 0) + TALLY_OUTSIDE) > SPARSE_OUTSIDE_MAX)
    makeDense(version, header);
  else makeSparse(version, header);
}

/** At least as many blocks as an area consists of. */
function blockCountOf(header: u32): u32 {
  const segments = segmentCountOf(header);
  // The area, its node, its palette now and as it may grow to be; each line with a block outside.
  let count: u32 = 16;
  for (let segment: u32 = 0; segment < segments; segment++)
    count += 1 + lineCountOf(header, segment);
  return count;
}

function removeArea(header: u32): void {
  if (setHeader(load<u32>(header + AREA_NUMBER), 0)) discardAll(header);
}

/** Gathers the entries of a segment into columns; returns the position behind the last. */
function gather(header: u32, segment: u32, base: u32, at: u32): u32 {
  const descriptor = descriptorOf(header, segment);
  if (!hasLines(load<u32>(descriptor + DESCRIPTOR_LINES))) return at;
  const lineCount = lineCountOf(header, segment);
  const span = spanOf(header, descriptor);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  let line = load<u32>(descriptor + DESCRIPTOR_LINES);
  for (let index: u32 = 0; index < lineCount; index++, line += LINE_BYTES) {
    at = takeApart(header, shape, line, load<u64>(line), base + index * span, at);
  }
  return at;
}

function lineCountOf(header: u32, segment: u32): u32 {
  return <u32>load<u16>(tallyOf(header, segment) + TALLY_LINES) & TALLY_LINES_MASK;
}

/** Builds a sparse area of the entries of an area that has not too many. */
function makeSparse(version: u32, header: u32): void {
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  let count: u32 = 0;
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) {
    count = gather(header, segment, segment << SEGMENT_BITS, count);
  }
  const made = newSparse(version, load<u32>(header + AREA_NUMBER), count);
  if (made != 0) replaceArea(header, made);
}

/** A sparse area of the entries in the scratch, not yet in the directory; 0: the memory is full. */
export function newSparse(version: u32, area: u32, count: u32): u32 {
  const first = (<u64>area) << AREA_BITS;
  const made = allocate(SPARSE_BYTES);
  if (made == 0) return 0;
  initialiseHeader(made, SPARSE, area);
  const normal = dominantAnswer(version, first, 1 << AREA_BITS);
  const users = tookUserData ? ENTRY_USERS : 0;
  const isBuilt = buildLines(
    made,
    version,
    first,
    AREA_BITS,
    normal,
    count,
    ENTRY_OFFSETS,
    ENTRY_ROUTES,
    users,
  );
  if (!isBuilt) {
    releasePalette(made);
    release(made, SPARSE_BYTES);
    return 0;
  }
  writeSparse(made, builtLines, builtLineCount, builtSpan, builtShape);
  store<u32>(descriptorOf(made, 0) + DESCRIPTOR_DEFAULT, normal);
  store<u32>(made + AREA_ENTRIES, count);
  writeTally(tallyOf(made, 0), count);
  return made;
}

function writeTally(tally: u32, count: u32): void {
  const userData = tookUserData ? TALLY_USER_DATA : 0;
  const word = builtLineCount | userData;
  const loose = builtOutside > outsideMax(word, count) ? TALLY_LOOSE : 0;
  store<u16>(tally + TALLY_LINES, <u16>(word | loose));
  store<u16>(tally + TALLY_BUILT, <u16>min((count + BUILT_UNIT - 1) / BUILT_UNIT, 0xffff));
  store<u32>(tally + TALLY_ENTRIES, count);
  store<u32>(tally + TALLY_OUTSIDE, builtOutside);
}

function replaceArea(header: u32, made: u32): void {
  // An area that is there has a node: this needs no memory.
  const isSet = setHeader(load<u32>(header + AREA_NUMBER), made);
  assert(isSet);
  discardAll(header);
}

/** Discards an area that nobody is led to any more, with all that belongs to it. */
function discardAll(header: u32): void {
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) discardSegment(header, segment);
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (capacity != 0) discardBlock(load<u32>(header + AREA_PALETTE), capacity << 2);
  if (load<u32>(header + AREA_KIND) == DENSE) discardArea(header - AREA_ALIGNMENT);
  else discardBlock(header, SPARSE_BYTES);
}

function discardSegment(header: u32, segment: u32): void {
  const descriptor = descriptorOf(header, segment);
  if (!hasLines(load<u32>(descriptor + DESCRIPTOR_LINES))) return;
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const count = lineCountOf(header, segment);
  for (let index: u32 = 0; index < count; index++) {
    const line = lines + index * LINE_BYTES;
    const flags = load<u64>(line);
    const block = outsideBlock(line, flags);
    if (block != 0) discardBlock(block, outsideBlockBytes(block, flags));
  }
  discardLines(lines, count);
}

function releasePalette(header: u32): void {
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (capacity != 0) release(load<u32>(header + AREA_PALETTE), capacity << 2);
}

/** Builds a dense area of the entries of a sparse one. */
function makeDense(version: u32, header: u32): void {
  // The entries may be too many for the writer's scratch.
  const entries = load<u32>(header + AREA_ENTRIES);
  const columns = allocate(<u32>columnsBytes(entries, true));
  if (columns == 0) return;
  const bytes = <u32>columnsBytes(entries, true);
  initialiseColumns(columns, bytes, entries, true);
  const numbers = columns + COLUMNS_NUMBERS;
  takeTo(numbers, routesOf(columns), userDataOf(columns));
  gather(header, 0, 0, 0);
  const made = newDense(version, header, columns, entries);
  release(columns, bytes);
  if (made != 0) replaceArea(header, made);
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
export function releaseBuilt(made: u32, segments: u32): void {
  for (let segment: u32 = 0; segment < segments; segment++) {
    const lines = load<u32>(descriptorOf(made, segment) + DESCRIPTOR_LINES);
    if (!hasLines(lines)) continue;
    const count = lineCountOf(made, segment);
    for (let index: u32 = 0; index < count; index++) {
      const line = lines + index * LINE_BYTES;
      releaseOutside(line, load<u64>(line));
    }
    releaseLines(lines, count);
  }
  releasePalette(made);
  releaseArea(made - AREA_ALIGNMENT);
}

function newDense(version: u32, header: u32, columns: u32, entries: u32): u32 {
  const made = emptyDense(load<u32>(header + AREA_NUMBER));
  if (made == 0) return 0;
  store<u32>(made + AREA_ENTRIES, entries);
  const numbers = columns + COLUMNS_NUMBERS;
  let from: u32 = 0;
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    const base = segment << SEGMENT_BITS;
    let to = from;
    for (; to < entries && load<u32>(numbers + (to << 2)) >> SEGMENT_BITS == segment; to++) {
      store<u32>(numbers + (to << 2), load<u32>(numbers + (to << 2)) - base);
    }
    const routes = routesOf(columns) + (from << 2);
    const users = tookUserData ? userDataOf(columns) + (from << 3) : 0;
    if (!buildSegment(version, made, segment, to - from, numbers + (from << 2), routes, users)) {
      releaseBuilt(made, segment);
      return 0;
    }
    from = to;
  }
  return made;
}

/** Builds a segment of a dense area that no reader knows yet. False where the memory is full. */
export function buildSegment(
  version: u32,
  header: u32,
  segment: u32,
  count: u32,
  numbers: u32,
  routes: u32,
  users: u32,
): bool {
  const descriptor = descriptorOf(header, segment);
  const tally = tallyOf(header, segment);
  const first = firstKeyOf(header, segment);
  const normal = dominantAnswer(version, first, 1 << SEGMENT_BITS);
  if (count == 0) {
    determineBackground(version, first, 1 << SEGMENT_BITS, normal);
    const line = backgroundFlags == 0 ? EMPTY_LINE : GENERIC_LINE;
    writeDescriptor(descriptor, line, 1, SINGLE_SHAPE, normal);
    memory.fill(tally, 0, TALLY_BYTES);
    return true;
  }
  const isBuilt = buildLines(
    header,
    version,
    first,
    SEGMENT_BITS,
    normal,
    count,
    numbers,
    routes,
    users,
  );
  if (!isBuilt) return false;
  const isSingle = builtSpan >> SEGMENT_BITS != 0;
  const scale: u64 = 1 << 32;
  const multiplier = isSingle ? 1 : <u32>((scale + builtSpan - 1) / builtSpan);
  writeDescriptor(descriptor, builtLines, multiplier, builtShape, normal);
  writeTally(tally, count);
  return true;
}

/** Builds those segments of a dense area anew that need it. */
function rebuildSegments(version: u32, header: u32): void {
  const area = allocateArea();
  if (area == 0) return;
  const made = area + AREA_ALIGNMENT;
  memory.copy(area, header - AREA_ALIGNMENT, AREA_ALIGNMENT * 2);
  let isChanged = false;
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    if (!needsBuilding(tallyOf(header, segment))) continue;
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    const count = gather(header, segment, 0, 0);
    const users = tookUserData ? ENTRY_USERS : 0;
    // A segment that has no room to be built stays as it is.
    if (buildSegment(version, made, segment, count, ENTRY_OFFSETS, ENTRY_ROUTES, users)) {
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
  const isSet = setHeader(load<u32>(header + AREA_NUMBER), made);
  assert(isSet);
  discardArea(header - AREA_ALIGNMENT);
}
