// Folding: writing patches into their lines, and building anew what has come out of shape.
//
// All of this leaves what every reader sees as it is, so it is no part of a batch. It is done before
// one begins, when no reader is in a call that it entered at an older version; see patch.ts.

import {
  allocate,
  allocateArea,
  discardArea,
  discardBlock,
  discardLines,
  release,
} from './arena';
import {
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  columnsBytes,
  initialiseColumns,
  routesOf,
  userDataOf,
} from './columns';
import {
  AREA_ENTRIES,
  AREA_KIND,
  AREA_NEXT,
  AREA_NUMBER,
  AREA_PALETTE,
  AREA_PALETTE_CAPACITY,
  AREA_TO_BUILD,
  BUILT_UNIT,
  DENSE,
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  headerOf,
  initialiseHeader,
  segmentBitsOf,
  segmentCountOf,
  setHeader,
  SINGLE_SHAPE,
  SPARSE,
  SPARSE_BYTES,
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
  HEADER_EPOCH,
  LINE_BYTES,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { entryCountOf, FLAG_DIRTY, FLAG_FOREIGN, FOREIGN_AT } from './line';
import {
  backgroundFlags,
  determineBackground,
  dominantAnswer,
  keepBackground,
} from './line-background';
import {
  bytesOutside,
  encodeLine,
  outsideBlock,
  outsideBlockBytes,
  releaseOutside,
  storeLine,
  takeApart,
  takeFrom,
  takeTo,
  tookUserData,
} from './line-write';
import {
  newestPatch,
  PATCH_AREA,
  PATCH_BEFORE,
  PATCH_COLUMNS,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_SEGMENT,
  removePatches,
} from './patch';
import {
  buildLines,
  builtLineCount,
  builtLines,
  builtOutside,
  builtShape,
  builtSpan,
} from './segment-build';

/** Entries up to which an area is sparse, and below which a dense one becomes so again. */
const SPARSE_ENTRIES_MAX: u32 = 32768;
const DENSE_ENTRIES_MIN: u32 = 2048;
/** Bytes outside of its lines from which on a sparse area becomes dense. */
const SPARSE_OUTSIDE_MAX: u32 = 32768;

/** The first of the areas that have to be built anew; 0 where there are none. */
let firstToBuild: u32 = 0;

/** Notes that an area has to be built anew. */
export function noteToBuild(header: u32): void {
  if (load<u32>(header + AREA_TO_BUILD) != 0) return;
  store<u32>(header + AREA_TO_BUILD, 1);
  store<u32>(header + AREA_NEXT, firstToBuild);
  firstToBuild = header;
}

/**
 * Folds all patches, builds anew what needs it, for the current version. Where the memory is full,
 * what is not done stays as it was and is tried again the next time.
 */
export function fold(version: u32): void {
  let isDone = true;
  for (let patch = newestPatch; patch != 0; patch = load<u32>(patch + PATCH_BEFORE)) {
    const flags = load<u64>(load<u32>(patch + PATCH_LINE));
    // A newer patch of the line has been folded already.
    if ((flags & FLAG_DIRTY) == 0) continue;
    if (!foldPatch(version, patch, flags)) isDone = false;
  }
  if (!isDone) return;
  removePatches(0, load<u64>(HEADER_EPOCH) + 1);
  while (firstToBuild != 0) {
    const header = firstToBuild;
    firstToBuild = load<u32>(header + AREA_NEXT);
    store<u32>(header + AREA_TO_BUILD, 0);
    buildArea(version, header);
  }
}

function foldPatch(version: u32, patch: u32, flags: u64): bool {
  const line = load<u32>(patch + PATCH_LINE);
  const header = headerOf(load<u32>(patch + PATCH_AREA));
  const segmentWord = load<u32>(patch + PATCH_SEGMENT);
  const segment = segmentWord & ~PATCH_NEW_BACKGROUND;
  const descriptor = descriptorOf(header, segment);
  const span = spanOf(header, descriptor);
  const base = ((line - load<u32>(descriptor + DESCRIPTOR_LINES)) / LINE_BYTES) * span;
  if ((segmentWord & PATCH_NEW_BACKGROUND) != 0) {
    const numberEnd: u32 = 1 << segmentBitsOf(header);
    const normal = load<u32>(descriptor + DESCRIPTOR_DEFAULT);
    const first = firstKeyOf(header, segment) + base;
    determineBackground(version, first, min(span, numberEnd - base), normal);
  } else {
    keepBackground(line, flags);
  }
  const columns = patch + PATCH_COLUMNS;
  const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  const count = load<u32>(columns + COLUMNS_COUNT);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  takeFrom(columns + COLUMNS_NUMBERS, routesOf(columns), users, 0);
  if (!encodeLine(header, shape, 0, count)) return false;

  const tally = tallyOf(header, segment);
  const before = countOfLine(line, flags, shape);
  const block = outsideBlock(line, flags);
  const outsideBefore = block != 0 ? outsideBlockBytes(block, flags) : 0;
  store<u32>(header + AREA_ENTRIES, load<u32>(header + AREA_ENTRIES) + count - before);
  store<u32>(tally + TALLY_ENTRIES, load<u32>(tally + TALLY_ENTRIES) + count - before);
  const outside = load<u32>(tally + TALLY_OUTSIDE) + bytesOutside - outsideBefore;
  store<u32>(tally + TALLY_OUTSIDE, outside);
  // Whoever is in a call entered it when the line was dirty: nobody looks at what it has outside.
  releaseOutside(line, flags);
  storeLine(line);
  if (needsBuilding(tally)) noteToBuild(header);
  return true;
}

/** Whether a segment has so many more or fewer entries than when it was built that it is worth it. */
function needsBuilding(tally: u32): bool {
  const word = <u32>load<u16>(tally + TALLY_LINES);
  if ((word & TALLY_STALE) != 0) return true;
  if ((word & TALLY_LINES_MASK) == 0) return false;
  const entries = load<u32>(tally + TALLY_ENTRIES);
  const built = (<u32>load<u16>(tally + TALLY_BUILT)) * BUILT_UNIT;
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

/** Builds what needs it of an area. Where the memory is full, it stays as it is. */
function buildArea(version: u32, header: u32): void {
  const entries = load<u32>(header + AREA_ENTRIES);
  const isDense = load<u32>(header + AREA_KIND) == DENSE;
  if (entries == 0) removeArea(header);
  else if (isDense && entries >= DENSE_ENTRIES_MIN) rebuildSegments(version, header);
  else if (isDense) makeSparse(version, header);
  else if (entries > SPARSE_ENTRIES_MAX) makeDense(version, header);
  else if (load<u32>(tallyOf(header, 0) + TALLY_OUTSIDE) > SPARSE_OUTSIDE_MAX) makeDense(version, header);
  else makeSparse(version, header);
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
  return (<u32>load<u16>(tallyOf(header, segment) + TALLY_LINES)) & TALLY_LINES_MASK;
}

/** Builds a sparse area of the entries of an area that has not too many. */
function makeSparse(version: u32, header: u32): void {
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  let count: u32 = 0;
  const segments = segmentCountOf(header);
  for (let segment: u32 = 0; segment < segments; segment++) {
    count = gather(header, segment, segment << SEGMENT_BITS, count);
  }
  const first = firstKeyOf(header, 0);
  const made = allocate(SPARSE_BYTES);
  if (made == 0) return;
  initialiseHeader(made, SPARSE, load<u32>(header + AREA_NUMBER));
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
    return;
  }
  writeSparse(made, builtLines, builtLineCount, builtSpan, builtShape);
  store<u32>(descriptorOf(made, 0) + DESCRIPTOR_DEFAULT, normal);
  store<u32>(made + AREA_ENTRIES, count);
  writeTally(tallyOf(made, 0), count);
  replaceArea(header, made);
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

/** How many entries a line that need not be looked for in patches has. */
function countOfLine(line: u32, flags: u64, shape: u32): u32 {
  if ((flags & FLAG_FOREIGN) != 0) return load<u32>(load<u32>(line + FOREIGN_AT) + COLUMNS_COUNT);
  return entryCountOf(line, flags, shape);
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

function newDense(version: u32, header: u32, columns: u32, entries: u32): u32 {
  const area = allocateArea();
  if (area == 0) return 0;
  const made = area + AREA_ALIGNMENT;
  memory.fill(area, 0, AREA_ALIGNMENT * 2);
  initialiseHeader(made, DENSE, load<u32>(header + AREA_NUMBER));
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
      for (let built: u32 = 0; built < segment; built++) discardSegment(made, built);
      releasePalette(made);
      discardArea(area);
      return 0;
    }
    from = to;
  }
  return made;
}

/** Builds a segment of a dense area that no reader knows yet. False where the memory is full. */
function buildSegment(
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
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    if (!needsBuilding(tallyOf(header, segment))) continue;
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    const count = gather(header, segment, 0, 0);
    const users = tookUserData ? ENTRY_USERS : 0;
    // A segment that has no room to be built stays as it is.
    if (buildSegment(version, made, segment, count, ENTRY_OFFSETS, ENTRY_ROUTES, users)) {
      discardSegment(header, segment);
    }
  }
  const isSet = setHeader(load<u32>(header + AREA_NUMBER), made);
  assert(isSet);
  discardArea(header - AREA_ALIGNMENT);
}
