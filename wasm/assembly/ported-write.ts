// Changes of ported numbers: from a scratchful of them to patches of the lines they are in.
//
// The changes are put in order of their keys first, so that each line is taken apart once, and all
// lines are loaded before the first is changed, so that their cache misses overlap.

import { allocate, release } from './arena';
import {
  COLUMNS_CAPACITY,
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  columnsBytes,
  initialiseColumns,
  routesOf,
  userDataOf,
} from './columns';
import {
  AREA_NUMBER,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  headerOf,
  lineOfNumber,
  makeOwnLine,
  makeSparseArea,
  nextArea,
  segmentBitsOf,
  segmentCountOf,
  segmentOf,
  spanOf,
  TALLY_LINES,
  TALLY_STALE,
  tallyOf,
} from './directory';
import { noteToBuild } from './fold';
import {
  AREA_BITS,
  CHANGES,
  CHANGES_MAX,
  EMPTY_LINE,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  GENERIC_LINE,
  LINE_BUFFER,
  LINE_BYTES,
  NO_ROUTE,
  NO_USER_DATA,
  ORDER,
  RECORD_BYTES,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_USER_DATA,
} from './layout';
import { FLAG_DIRTY, FLAG_FOREIGN, FLAG_GENERIC, FLAG_SLOW, FOREIGN_AT } from './line';
import { takeApart, takeTo, tookUserData } from './line-write';
import {
  addPatch,
  PATCH_AREA,
  PATCH_COLUMNS,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_SEGMENT,
  PATCH_VERSION,
  patchOf,
} from './patch';

/** How many entries the last {@link applyPorted} or {@link renewBackground} added, and took away. */
export let addedCount: u32 = 0;
export let removedCount: u32 = 0;

const PLACE_BITS: u64 = 12;

/** The key of the change at a position of the order. */
function keyAt(at: u32): u64 {
  return load<u64>(ORDER + (at << 3)) >> PLACE_BITS;
}

/** The record of the change at a position of the order. */
function changeAt(at: u32): u32 {
  return CHANGES + (load<u32>(ORDER + (at << 3)) & (CHANGES_MAX - 1)) * RECORD_BYTES;
}

/**
 * Applies `count` changes of ported numbers from the change scratch, in order, to the version with this
 * number. False where the memory is full; then the version is to be given up.
 */
export function applyPorted(count: u32, version: u64): bool {
  addedCount = 0;
  removedCount = 0;
  sortChanges(count);
  touchLines(count);
  for (let from: u32 = 0; from < count; ) {
    const key = keyAt(from);
    const area = <u32>(key >> AREA_BITS);
    let header = headerOf(area);
    if (header == 0) {
      header = makeSparseArea(key);
      if (header == 0) return false;
      // Where the batch is given up, the next fold takes it away again.
      noteToBuild(header);
    }
    const segment = segmentOf(header, key);
    const descriptor = descriptorOf(header, segment);
    const isOwned = hasLines(load<u32>(descriptor + DESCRIPTOR_LINES));
    if (!isOwned) {
      if (!makeOwnLine(descriptor, tallyOf(header, segment))) return false;
      noteToBuild(header);
    }
    const bits: u64 = segmentBitsOf(header);
    const first = (key >> bits) << bits;
    const span = spanOf(header, descriptor);
    const index = lineOfNumber(header, descriptor, <u32>(key - first));
    const base = first + <u64>index * span;
    const end = min(base + span, first + (1 << bits));
    let to = from + 1;
    while (to < count && keyAt(to) < end) to++;
    const line = load<u32>(descriptor + DESCRIPTOR_LINES) + index * LINE_BYTES;
    if (!changeLine(header, segment, line, base, from, to, version)) return false;
    from = to;
  }
  return true;
}

/** Loads the lines that the changes are in. */
function touchLines(count: u32): void {
  let sum: u64 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const key = keyAt(at);
    const header = headerOf(<u32>(key >> AREA_BITS));
    if (header == 0) continue;
    const descriptor = descriptorOf(header, segmentOf(header, key));
    const number = <u32>(key & ((1 << (<u64>segmentBitsOf(header))) - 1));
    const line = lineOfNumber(header, descriptor, number) * LINE_BYTES;
    sum += load<u64>(load<u32>(descriptor + DESCRIPTOR_LINES) + line);
  }
  store<u64>(LINE_BUFFER, sum);
}

// Sorting: 63-bit words, a key above the place of its change, by digits of 11 bits, the lowest first.

const DIGIT_BITS: u64 = 11;
const DIGITS: u32 = 1 << 11;
const SORT_OTHER: u32 = ORDER + CHANGES_MAX * 8;
const SORT_COUNTS: u32 = LINE_BUFFER + 256;

function sortChanges(count: u32): void {
  let differing: u64 = 0;
  let isSorted = true;
  let before: u64 = 0;
  const first = <u64>load<f64>(CHANGES + RECORD_FROM);
  for (let at: u32 = 0; at < count; at++) {
    const key = <u64>load<f64>(CHANGES + at * RECORD_BYTES + RECORD_FROM);
    store<u64>(ORDER + (at << 3), (key << PLACE_BITS) | at);
    differing |= key ^ first;
    if (key < before) isSorted = false;
    before = key;
  }
  if (isSorted) return;
  let from: u32 = ORDER;
  let to: u32 = SORT_OTHER;
  for (let shift = PLACE_BITS; differing >> (shift - PLACE_BITS) != 0; shift += DIGIT_BITS) {
    if (((differing >> (shift - PLACE_BITS)) & (DIGITS - 1)) == 0) continue;
    sortByDigit(from, to, count, shift);
    const other = from;
    from = to;
    to = other;
  }
  if (from != ORDER) memory.copy(ORDER, from, count << 3);
}

function sortByDigit(from: u32, to: u32, count: u32, shift: u64): void {
  memory.fill(SORT_COUNTS, 0, DIGITS * 4);
  const end = from + (count << 3);
  for (let at = from; at < end; at += 8) {
    const place = SORT_COUNTS + ((<u32>(load<u64>(at) >> shift) & (DIGITS - 1)) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  let sum: u32 = 0;
  for (let digit: u32 = 0; digit < DIGITS; digit++) {
    const place = SORT_COUNTS + (digit << 2);
    const held = load<u32>(place);
    store<u32>(place, sum);
    sum += held;
  }
  for (let at = from; at < end; at += 8) {
    const word = load<u64>(at);
    const place = SORT_COUNTS + ((<u32>(word >> shift) & (DIGITS - 1)) << 2);
    const position = load<u32>(place);
    store<u32>(place, position + 1);
    store<u64>(to + (position << 3), word);
  }
}

// Patching.

// The entries that a line has before a change: three columns, the last 0 where there is none.
let heldCount: u32 = 0;
let heldNumbers: u32 = 0;
let heldRoutes: u32 = 0;
let heldUsers: u32 = 0;

/** Finds the entries that a line has in the newest version; returns the patch they are from, or 0. */
function holdEntries(header: u32, segment: u32, line: u32): u32 {
  const flags = load<u64>(line);
  const patch = (flags & FLAG_DIRTY) != 0 ? patchOf(line, u64.MAX_VALUE) : 0;
  if (patch != 0) holdColumns(patch + PATCH_COLUMNS);
  else if ((flags & FLAG_FOREIGN) != 0) holdColumns(load<u32>(line + FOREIGN_AT));
  else {
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    const shape = load<u32>(descriptorOf(header, segment) + DESCRIPTOR_SHAPE);
    heldCount = takeApart(header, shape, line, flags, 0, 0);
    heldNumbers = ENTRY_OFFSETS;
    heldRoutes = ENTRY_ROUTES;
    heldUsers = tookUserData ? ENTRY_USERS : 0;
  }
  return patch;
}

function holdColumns(columns: u32): void {
  heldCount = load<u32>(columns + COLUMNS_COUNT);
  heldNumbers = columns + COLUMNS_NUMBERS;
  heldRoutes = routesOf(columns);
  heldUsers = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
}

/** Changes a line, whose number 0 has the key `base`, by the changes `from` up to `to` of the order. */
function changeLine(
  header: u32,
  segment: u32,
  line: u32,
  base: u64,
  from: u32,
  to: u32,
  version: u64,
): bool {
  const before = holdEntries(header, segment, line);
  let setsUserData = false;
  for (let at = from; at < to; at++) {
    if (load<f64>(changeAt(at) + RECORD_USER_DATA) != NO_USER_DATA) setsUserData = true;
  }
  const hasUserData = heldUsers != 0 || setsUserData;
  const needed = heldCount + (to - from);
  // A patch of this very version is not looked into by readers yet, and may change.
  const isOwn = before != 0 && load<u64>(before + PATCH_VERSION) == version;
  if (isOwn && needed <= load<u32>(before + PATCH_COLUMNS + COLUMNS_CAPACITY)) {
    if (!setsUserData || heldUsers != 0) {
      mergeChanges(before + PATCH_COLUMNS, base, from, to);
      return true;
    }
  }
  // Changes of a large batch may come to the same line again and again.
  const capacity = isOwn ? needed + (needed >> 1) : needed;
  const patch = makePatch(header, segment, line, before, version, capacity, hasUserData);
  if (patch == 0) return false;
  if (mergeChanges(patch + PATCH_COLUMNS, base, from, to) || isOwn) addPatch(patch);
  else release(patch, PATCH_COLUMNS + load<u32>(patch + PATCH_COLUMNS));
  return true;
}

/** A patch, not yet added, with the entries that the line holds; 0 where the memory is full. */
function makePatch(
  header: u32,
  segment: u32,
  line: u32,
  before: u32,
  version: u64,
  capacity: u32,
  hasUserData: bool,
): u32 {
  const bytes = columnsBytes(capacity, hasUserData);
  if (bytes > 1 << 29) return 0;
  const patch = allocate(PATCH_COLUMNS + <u32>bytes);
  if (patch == 0) return 0;
  store<u32>(patch + PATCH_LINE, line);
  store<u64>(patch + PATCH_VERSION, version);
  store<u32>(patch + PATCH_AREA, load<u32>(header + AREA_NUMBER));
  const inherited = before != 0 ? load<u32>(before + PATCH_SEGMENT) & PATCH_NEW_BACKGROUND : 0;
  store<u32>(patch + PATCH_SEGMENT, segment | inherited);
  const columns = patch + PATCH_COLUMNS;
  initialiseColumns(columns, <u32>bytes, capacity, hasUserData);
  store<u32>(columns + COLUMNS_COUNT, heldCount);
  memory.copy(columns + COLUMNS_NUMBERS, heldNumbers, heldCount << 2);
  memory.copy(routesOf(columns), heldRoutes, heldCount << 2);
  if (!hasUserData) return patch;
  const users = userDataOf(columns);
  if (heldUsers != 0) memory.copy(users, heldUsers, heldCount << 3);
  else for (let at: u32 = 0; at < heldCount; at++) store<f64>(users + (at << 3), NO_USER_DATA);
  return patch;
}

/** Merges changes into columns that have room for them; whether any made a difference. */
function mergeChanges(columns: u32, base: u64, from: u32, to: u32): bool {
  const numbers = columns + COLUMNS_NUMBERS;
  const routes = routesOf(columns);
  const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  const count = load<u32>(columns + COLUMNS_COUNT);

  // First what is there: replaced in place, or deleted, the rest moving up.
  let isDifferent = false;
  let inserts: u32 = 0;
  let read: u32 = 0;
  let kept: u32 = 0;
  for (let at = from; at < to; at++) {
    const number = numberOf(at, base);
    if (at + 1 < to && numberOf(at + 1, base) == number) continue;
    while (read < count && load<u32>(numbers + (read << 2)) < number) {
      moveEntry(numbers, routes, users, read++, kept++);
    }
    const route = load<u32>(changeAt(at) + RECORD_ROUTE);
    const isThere = read < count && load<u32>(numbers + (read << 2)) == number;
    if (!isThere) {
      if (route != NO_ROUTE) inserts++;
      continue;
    }
    if (route == NO_ROUTE) {
      read++;
      removedCount++;
      isDifferent = true;
      continue;
    }
    const user = load<f64>(changeAt(at) + RECORD_USER_DATA);
    const userBefore = users != 0 ? load<f64>(users + (read << 3)) : NO_USER_DATA;
    if (route != load<u32>(routes + (read << 2)) || user != userBefore) isDifferent = true;
    store<u32>(routes + (read << 2), route);
    if (users != 0) store<f64>(users + (read << 3), user);
    moveEntry(numbers, routes, users, read++, kept++);
  }
  if (read != kept) {
    while (read < count) moveEntry(numbers, routes, users, read++, kept++);
  } else {
    kept = count;
  }

  // Then what is new, from the end, the rest moving down.
  addedCount += inserts;
  store<u32>(columns + COLUMNS_COUNT, kept + inserts);
  for (let at = to; inserts > 0; ) {
    at--;
    const number = numberOf(at, base);
    const route = load<u32>(changeAt(at) + RECORD_ROUTE);
    if (route != NO_ROUTE) {
      while (kept > 0 && load<u32>(numbers + ((kept - 1) << 2)) > number) {
        kept--;
        moveEntry(numbers, routes, users, kept, kept + inserts);
      }
      const isThere = kept > 0 && load<u32>(numbers + ((kept - 1) << 2)) == number;
      if (!isThere) {
        inserts--;
        const place = kept + inserts;
        store<u32>(numbers + (place << 2), number);
        store<u32>(routes + (place << 2), route);
        if (users != 0)
          store<f64>(users + (place << 3), load<f64>(changeAt(at) + RECORD_USER_DATA));
        isDifferent = true;
      }
    }
    // Of several changes of one number only the last counts, whatever it was.
    while (at > from && numberOf(at - 1, base) == number) at--;
  }
  return isDifferent;
}

function numberOf(at: u32, base: u64): u32 {
  return <u32>(keyAt(at) - base);
}

function moveEntry(numbers: u32, routes: u32, users: u32, from: u32, to: u32): void {
  if (from == to) return;
  store<u32>(numbers + (to << 2), load<u32>(numbers + (from << 2)));
  store<u32>(routes + (to << 2), load<u32>(routes + (from << 2)));
  if (users != 0) store<f64>(users + (to << 3), load<f64>(users + (from << 3)));
}

// Background.

/** Lines of a segment up to which each gets a patch, so that the next fold makes it quick again. */
const PATCHED_LINES_MAX: u32 = 8;

/**
 * Notes that the background of the keys from `from` to `to` is another in the version with this number.
 * False where the memory is full.
 */
export function renewBackground(from: u64, to: u64, version: u64): bool {
  const last = <u32>(to >> AREA_BITS);
  for (let area = nextArea(<u32>(from >> AREA_BITS)); area <= last; area = nextArea(area + 1)) {
    const header = headerOf(area);
    const bits: u64 = segmentBitsOf(header);
    const count = segmentCountOf(header);
    let segment = from > firstKeyOf(header, 0) ? segmentOf(header, from) : 0;
    for (; segment < count && firstKeyOf(header, segment) <= to; segment++) {
      const first = firstKeyOf(header, segment);
      const end = first + (((1 as u64) << bits) - 1);
      const low = <u32>(max(from, first) - first);
      const high = <u32>(min(to, end) - first);
      if (!renewSegment(header, segment, low, high, version)) return false;
    }
  }
  return true;
}

function renewSegment(header: u32, segment: u32, low: u32, high: u32, version: u64): bool {
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) {
    if (lines == EMPTY_LINE) atomic.store<u32>(descriptor + DESCRIPTOR_LINES, GENERIC_LINE);
    noteStale(header, segment);
    return true;
  }
  const from = lineOfNumber(header, descriptor, low);
  const to = lineOfNumber(header, descriptor, high);
  const arePatched = to - from < PATCHED_LINES_MAX;
  for (let index = from; index <= to; index++) {
    const line = lines + index * LINE_BYTES;
    if (arePatched) {
      if (!renewLine(header, segment, line, version)) return false;
    } else {
      // Looking it up is right in every version, so this may be seen at once.
      atomic.store<u64>(line, load<u64>(line) | FLAG_SLOW | FLAG_GENERIC);
    }
  }
  if (!arePatched) noteStale(header, segment);
  return true;
}

function renewLine(header: u32, segment: u32, line: u32, version: u64): bool {
  const before = holdEntries(header, segment, line);
  if (before != 0 && load<u64>(before + PATCH_VERSION) == version) {
    const word = load<u32>(before + PATCH_SEGMENT);
    store<u32>(before + PATCH_SEGMENT, word | PATCH_NEW_BACKGROUND);
    return true;
  }
  const patch = makePatch(header, segment, line, before, version, heldCount, heldUsers != 0);
  if (patch == 0) return false;
  store<u32>(patch + PATCH_SEGMENT, segment | PATCH_NEW_BACKGROUND);
  addPatch(patch);
  return true;
}

/** Notes that a segment is to be built anew because of its background. */
function noteStale(header: u32, segment: u32): void {
  const tally = tallyOf(header, segment);
  store<u16>(tally + TALLY_LINES, load<u16>(tally + TALLY_LINES) | <u16>TALLY_STALE);
  noteToBuild(header);
}
