// Changes of one line: from the line as the newest version has it to a patch that has it changed.
//
// Three ways, each for what the one before cannot do: entries are changed in the line's encoded form
// (line-edit.ts); the line is taken apart and encoded anew; or its entries are, and stay, in columns
// outside of it, because they are too many for a line, as in an area that fills up before it is built.

import { AREA_NUMBER, DESCRIPTOR_SHAPE, descriptorOf } from './area';
import { allocate, release } from './arena';
import { keyAt, placeAt } from './change-order';
import {
  COLUMNS_BYTES,
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
  CHANGE_ROUTES,
  CHANGE_USERS,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  LINE_BUFFER,
  LINE_BYTES,
  NO_ROUTE,
  NO_USER_DATA,
} from './layout';
import {
  entryCountOf,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_SLOW,
  FOREIGN_AT,
  GROUPED_SPAN_MAX,
  isListedShape,
  LISTED_MAX,
} from './line';
import { keepBackground } from './line-background';
import {
  beginEdit,
  editAdded,
  editEntry,
  editedCount,
  editRemoved,
  endEdit,
  isEdited,
} from './line-edit';
import {
  encodeForeignLine,
  encodeLine,
  outsideBlock,
  outsideBlockBytes,
  outsidePlace,
  releaseOutside,
  takeApart,
  takeFrom,
  takeTo,
} from './line-write';
import {
  addPatch,
  PATCH_AREA,
  PATCH_BYTES,
  PATCH_ENTRIES,
  PATCH_IMAGE,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_OWNS,
  PATCH_SEGMENT,
  PATCH_VERSION,
  patchOf,
} from './patch';

/** How many entries the lines changed since {@link resetCounts} have got, and lost. */
export let addedCount: u32 = 0;
export let removedCount: u32 = 0;

export function resetCounts(): void {
  addedCount = 0;
  removedCount = 0;
}

// The line that is changed: which it is, the newest patch of it or 0, and where it is as that has it.
let header: u32 = 0;
let segment: u32 = 0;
let shape: u32 = 0;
let line: u32 = 0;
let before: u32 = 0;
let image: u32 = 0;
let version: u64 = 0;

function openLine(headerOfLine: u32, segmentOfLine: u32, at: u32, newVersion: u64): void {
  header = headerOfLine;
  segment = segmentOfLine;
  shape = load<u32>(descriptorOf(header, segment) + DESCRIPTOR_SHAPE);
  line = at;
  version = newVersion;
  before = (load<u64>(line) & FLAG_DIRTY) != 0 ? patchOf(line, u64.MAX_VALUE) : 0;
  image = before != 0 ? before + PATCH_IMAGE : line;
}

/** Whether the newest patch is of this very version: readers do not look into it yet, and it may change. */
function isOwnPatch(): bool {
  return before != 0 && load<u64>(before + PATCH_VERSION) == version;
}

/**
 * Changes a line, whose number 0 has the key `base`, by the changes `from` up to `to` of the order. False
 * where the memory is full.
 */
export function changeLine(
  headerOfLine: u32,
  segmentOfLine: u32,
  at: u32,
  base: u64,
  from: u32,
  to: u32,
  newVersion: u64,
): bool {
  openLine(headerOfLine, segmentOfLine, at, newVersion);
  if (editInPlace(base, from, to)) {
    if (!isEdited) return true;
    if (!endEdit()) return false;
    addedCount += editAdded;
    removedCount += editRemoved;
    return keepImage(editedCount);
  }
  let sets: u32 = 0;
  for (let change = from; change < to; change++) if (routeAt(change) != NO_ROUTE) sets++;
  const most = isListedShape(shape) ? LISTED_MAX : GROUPED_SPAN_MAX;
  return entryCountNow() + sets <= most
    ? changeEntries(base, from, to)
    : changeColumns(base, from, to, sets);
}

/** Edits the line in LINE_BUFFER. False where that is not possible. */
function editInPlace(base: u64, from: u32, to: u32): bool {
  if (!beginEdit(image, shape)) return false;
  for (let at = from; at < to; at++) {
    const number = numberAt(at, base);
    // Of several changes of one number the last counts.
    if (at + 1 < to && numberAt(at + 1, base) == number) continue;
    if (userAt(at) != NO_USER_DATA || !editEntry(header, number, routeAt(at))) return false;
  }
  return true;
}

function entryCountNow(): u32 {
  const flags = load<u64>(image);
  if ((flags & FLAG_FOREIGN) == 0) return entryCountOf(image, flags, shape);
  return load<u32>(load<u32>(image + FOREIGN_AT) + COLUMNS_COUNT);
}

/** Takes the line apart, changes its entries and encodes it anew. */
function changeEntries(base: u64, from: u32, to: u32): bool {
  const flags = load<u64>(image);
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  const held = takeApart(header, shape, image, flags, 0, 0);
  const isDifferent = mergeChanges(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS, held, base, from, to);
  if (!isDifferent) return true;
  keepBackground(image, flags);
  takeFrom(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS, 0);
  return encodeLine(header, shape, 0, mergedCount) && keepImage(mergedCount);
}

/** Changes entries in columns outside of the line. */
function changeColumns(base: u64, from: u32, to: u32, sets: u32): bool {
  const isOwn = isOwnPatch();
  const isForeign = (load<u64>(image) & FLAG_FOREIGN) != 0;
  let setsUserData = false;
  for (let at = from; at < to; at++) if (userAt(at) != NO_USER_DATA) setsUserData = true;
  const needed = entryCountNow() + sets;
  if (isOwn && isForeign) {
    const columns = load<u32>(image + FOREIGN_AT);
    const hasUserData = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0;
    if (needed <= load<u32>(columns + COLUMNS_CAPACITY) && (hasUserData || !setsUserData)) {
      mergeInColumns(columns, base, from, to);
      store<u32>(before + PATCH_ENTRIES, mergedCount);
      return true;
    }
  }
  // Changes of a large batch may come to the same line again and again.
  const capacity = isOwn ? needed + (needed >> 1) : needed;
  const columns = copyToColumns(capacity, setsUserData);
  if (columns == 0) return false;
  if (!mergeInColumns(columns, base, from, to)) {
    release(columns, load<u32>(columns + COLUMNS_BYTES));
    return true;
  }
  keepBackground(image, load<u64>(image));
  encodeForeignLine(columns);
  return keepImage(mergedCount);
}

/** Columns with room for `capacity` entries, with those of the line; 0 where the memory is full. */
function copyToColumns(capacity: u32, setsUserData: bool): u32 {
  let held: u32;
  let numbers: u32 = ENTRY_OFFSETS;
  let routes: u32 = ENTRY_ROUTES;
  let users: u32 = ENTRY_USERS;
  const flags = load<u64>(image);
  if ((flags & FLAG_FOREIGN) != 0) {
    const columns = load<u32>(image + FOREIGN_AT);
    held = load<u32>(columns + COLUMNS_COUNT);
    numbers = columns + COLUMNS_NUMBERS;
    routes = routesOf(columns);
    users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  } else {
    takeTo(numbers, routes, users);
    held = takeApart(header, shape, image, flags, 0, 0);
  }
  const hasUserData = users != 0 || setsUserData;
  const bytes = columnsBytes(capacity, hasUserData);
  const columns = bytes <= 1 << 29 ? allocate(<u32>bytes) : 0;
  if (columns == 0) return 0;
  initialiseColumns(columns, <u32>bytes, capacity, hasUserData);
  store<u32>(columns + COLUMNS_COUNT, held);
  memory.copy(columns + COLUMNS_NUMBERS, numbers, held << 2);
  memory.copy(routesOf(columns), routes, held << 2);
  if (!hasUserData) return columns;
  const to = userDataOf(columns);
  if (users != 0) memory.copy(to, users, held << 3);
  else for (let at: u32 = 0; at < held; at++) store<f64>(to + (at << 3), NO_USER_DATA);
  return columns;
}

function mergeInColumns(columns: u32, base: u64, from: u32, to: u32): bool {
  const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  const numbers = columns + COLUMNS_NUMBERS;
  const count = load<u32>(columns + COLUMNS_COUNT);
  const isDifferent = mergeChanges(numbers, routesOf(columns), users, count, base, from, to);
  store<u32>(columns + COLUMNS_COUNT, mergedCount);
  return isDifferent;
}

/**
 * Makes what is in LINE_BUFFER, of `entries` entries, the line of the version under way: in the patch that
 * it has of the line, or in a new one. False where the memory is full.
 */
function keepImage(entries: u32): bool {
  const isOwn = isOwnPatch();
  const patch = isOwn ? before : allocate(PATCH_BYTES);
  if (patch == 0) {
    releaseOutside(LINE_BUFFER, load<u64>(LINE_BUFFER));
    return false;
  }
  if (isOwn) releaseOutside(image, load<u64>(image));
  memory.copy(patch + PATCH_IMAGE, LINE_BUFFER, LINE_BYTES);
  store<u32>(patch + PATCH_ENTRIES, entries);
  if (isOwn) return true;
  store<u32>(patch + PATCH_LINE, line);
  store<u64>(patch + PATCH_VERSION, version);
  store<u32>(patch + PATCH_AREA, load<u32>(header + AREA_NUMBER));
  const inherited = before != 0 ? load<u32>(before + PATCH_SEGMENT) & PATCH_NEW_BACKGROUND : 0;
  store<u32>(patch + PATCH_SEGMENT, segment | inherited);
  store<u32>(patch + PATCH_OWNS, 1);
  addPatch(patch);
  return true;
}

/** Makes the background of a line one that is to be determined anew. False where the memory is full. */
export function renewLine(headerOfLine: u32, segmentOfLine: u32, at: u32, newVersion: u64): bool {
  openLine(headerOfLine, segmentOfLine, at, newVersion);
  const flags = (load<u64>(image) & ~FLAG_DIRTY) | FLAG_SLOW | FLAG_GENERIC;
  if (isOwnPatch()) store<u64>(image, flags);
  else {
    memory.copy(LINE_BUFFER, image, LINE_BYTES);
    store<u64>(LINE_BUFFER, flags);
    if (!copyOutside(flags) || !keepImage(entryCountNow())) return false;
    before = patchOf(line, u64.MAX_VALUE);
  }
  store<u32>(before + PATCH_SEGMENT, segment | PATCH_NEW_BACKGROUND);
  return true;
}

/** Gives the line in LINE_BUFFER a copy of what it has outside. False where the memory is full. */
function copyOutside(flags: u64): bool {
  const block = outsideBlock(LINE_BUFFER, flags);
  if (block == 0) return true;
  const bytes = outsideBlockBytes(block, flags);
  const copy = allocate(bytes);
  if (copy == 0) return false;
  memory.copy(copy, block, bytes);
  store<u32>(outsidePlace(LINE_BUFFER, flags), copy);
  return true;
}

// Merging changes into columns.

/** How many entries the columns of the last {@link mergeChanges} have. */
let mergedCount: u32 = 0;

/**
 * Merges changes into columns of `count` entries that have room for them (`users` 0 where there is no user
 * data); whether any made a difference.
 */
function mergeChanges(
  numbers: u32,
  routes: u32,
  users: u32,
  count: u32,
  base: u64,
  from: u32,
  to: u32,
): bool {
  // First what is there: replaced in place, or deleted, the rest moving up.
  let isDifferent = false;
  let inserts: u32 = 0;
  let read: u32 = 0;
  let kept: u32 = 0;
  for (let at = from; at < to; at++) {
    const number = numberAt(at, base);
    if (at + 1 < to && numberAt(at + 1, base) == number) continue;
    while (read < count && load<u32>(numbers + (read << 2)) < number) {
      moveEntry(numbers, routes, users, read++, kept++);
    }
    const route = routeAt(at);
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
    const user = userAt(at);
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
  mergedCount = kept + inserts;
  for (let at = to; inserts > 0; ) {
    at--;
    const number = numberAt(at, base);
    const route = routeAt(at);
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
        if (users != 0) store<f64>(users + (place << 3), userAt(at));
        isDifferent = true;
      }
    }
    // Of several changes of one number only the last counts, whatever it was.
    while (at > from && numberAt(at - 1, base) == number) at--;
  }
  return isDifferent;
}

function numberAt(at: u32, base: u64): u32 {
  return <u32>(keyAt(at) - base);
}

function routeAt(at: u32): u32 {
  return load<u32>(CHANGE_ROUTES + (placeAt(at) << 2));
}

function userAt(at: u32): f64 {
  return load<f64>(CHANGE_USERS + (placeAt(at) << 3));
}

function moveEntry(numbers: u32, routes: u32, users: u32, from: u32, to: u32): void {
  if (from == to) return;
  store<u32>(numbers + (to << 2), load<u32>(numbers + (from << 2)));
  store<u32>(routes + (to << 2), load<u32>(routes + (from << 2)));
  if (users != 0) store<f64>(users + (to << 3), load<f64>(users + (from << 3)));
}
