// Writing lines, and taking them apart. The form is in line.ts.
//
// Entries are handed around as three columns: numbers (rising), routes and user data.

import { allocate, release } from './arena';
import { lowBits, writeBits } from './bits';
import {
  COLUMNS_BYTES,
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  columnsBytes,
  initialiseColumns,
  routesOf,
  userDataOf,
} from './columns';
import { CODES_BUFFER, LINE_BUFFER, LINE_BYTES, NO_USER_DATA } from './layout';
import {
  codeBitsOf,
  codeOfEntry,
  codesEndOf,
  entryCountOf,
  FIRST_BITS_AT,
  FLAG_FOREIGN,
  FLAG_OUTSIDE,
  FLAG_PIECE,
  FLAG_SLOW,
  FOREIGN_AT,
  GROUP_BYTES_AT,
  GROUPS_MASK,
  isListedShape,
  LISTED_MAX,
  LOW_BITS_AT,
  lowCountOf,
  OUTSIDE_HAS_USER_DATA,
  OUTSIDE_HEADER_BYTES,
  outsideOf,
  readLineBits,
  roomOf,
  userDataAt,
  userDataOfEntry,
} from './line';
import { backgroundFlags, writePiece } from './line-background';
import { codeOfRoute, NO_CODE, routeOfCode } from './palette';

// The columns that entries are taken from.
let numbers: u32 = 0;
let routes: u32 = 0;
let userData: u32 = 0;
/** What is subtracted from a number to get that of the line. */
let numbersBase: u32 = 0;

/** Sets the columns that {@link encodeLine} takes entries from; `users` 0 where there is no user data. */
export function takeFrom(numbersAt: u32, routesAt: u32, users: u32, base: u32): void {
  numbers = numbersAt;
  routes = routesAt;
  userData = users;
  numbersBase = base;
}

/** Sets what is subtracted from the numbers. */
export function setBase(base: u32): void {
  numbersBase = base;
}

function numberAt(entry: u32): u32 {
  return load<u32>(numbers + (entry << 2)) - numbersBase;
}

/** Bytes of the block that the line encoded last has outside. */
export let bytesOutside: u32 = 0;

/**
 * Encodes the entries `from` up to `to` into LINE_BUFFER, with the background that line-background.ts
 * has at hand. False where the memory has no room for what lies outside.
 */
export function encodeLine(header: u32, shape: u32, from: u32, to: u32): bool {
  memory.fill(LINE_BUFFER, 0, 2 * LINE_BYTES);
  bytesOutside = 0;
  const count = to - from;
  const codeBits = codeBitsOf(shape);
  const isListed = isListedShape(shape);
  const hasUserData = anyUserData(from, to);
  let flags = backgroundFlags;
  const end = isListed
    ? LOW_BITS_AT + count * lowCountOf(shape)
    : (GROUP_BYTES_AT + groupCount(from, to)) << 3;
  if (hasUserData || end + count * codeBits > codesEndOf(flags)) flags |= FLAG_OUTSIDE;
  const hasRoom = end <= codesEndOf(flags) && (!isListed || count <= LISTED_MAX);
  if (!hasRoom || !haveCodes(header, shape, from, to)) return encodeForeign(from, to, hasUserData);

  if (flags != 0 || isListed) flags |= FLAG_SLOW;
  if (flags == (FLAG_SLOW | FLAG_OUTSIDE)) flags = isListed ? flags : FLAG_OUTSIDE;
  const room = (codesEndOf(flags) - end) / codeBits;
  if ((flags & FLAG_OUTSIDE) != 0 && !makeOutside(flags, from, to, room, codeBits, hasUserData)) {
    return false;
  }
  flags |= isListed ? writeListed(from, to, lowCountOf(shape)) : writeGrouped(from, to);
  const inside = min(count, room);
  const codesEnd = codesEndOf(flags);
  for (let entry: u32 = 0; entry < inside; entry++) {
    const code = codeOfRoute(header, shape, load<u32>(routes + ((from + entry) << 2)));
    writeBits(LINE_BUFFER, codesEnd - (entry + 1) * codeBits, code);
  }
  if (inside < count) writeCodesOutside(header, shape, flags, from + inside, to);
  finishBuffer(flags);
  return true;
}

function finishBuffer(flags: u64): void {
  // What is written over the end of a line goes into the second half of the buffer, and is zero.
  if ((backgroundFlags & FLAG_PIECE) != 0) writePiece(LINE_BUFFER);
  store<u64>(LINE_BUFFER, load<u64>(LINE_BUFFER) | flags);
}

/** Puts the encoded line in its place, its first word last. */
export function storeLine(line: u32): void {
  memory.copy(line + 8, LINE_BUFFER + 8, LINE_BYTES - 8);
  atomic.store<u64>(line, load<u64>(LINE_BUFFER));
}

function encodeForeign(from: u32, to: u32, hasUserData: bool): bool {
  const bytes = columnsBytes(to - from, hasUserData);
  const block = allocate(<u32>bytes);
  if (block == 0) return false;
  bytesOutside = <u32>bytes;
  initialiseColumns(block, <u32>bytes, to - from, hasUserData);
  store<u32>(block + COLUMNS_COUNT, to - from);
  for (let entry = from; entry < to; entry++) {
    const at = (entry - from) << 2;
    store<u32>(block + COLUMNS_NUMBERS + at, numberAt(entry));
    store<u32>(routesOf(block) + at, load<u32>(routes + (entry << 2)));
    if (hasUserData) store<f64>(userDataOf(block) + (at << 1), load<f64>(userData + (entry << 3)));
  }
  memory.fill(LINE_BUFFER, 0, LINE_BYTES);
  store<u32>(LINE_BUFFER + FOREIGN_AT, block);
  finishBuffer(FLAG_SLOW | FLAG_FOREIGN | backgroundFlags);
  return true;
}

function anyUserData(from: u32, to: u32): bool {
  if (userData == 0) return false;
  for (let entry = from; entry < to; entry++) {
    if (load<f64>(userData + (entry << 3)) != NO_USER_DATA) return true;
  }
  return false;
}

function groupCount(from: u32, to: u32): u32 {
  let count: u32 = 0;
  let last: u32 = 0xffff_ffff;
  for (let entry = from; entry < to; entry++) {
    const group = numberAt(entry) >> 3;
    if (group != last) count++;
    last = group;
  }
  return count;
}

function haveCodes(header: u32, shape: u32, from: u32, to: u32): bool {
  for (let entry = from; entry < to; entry++) {
    if (codeOfRoute(header, shape, load<u32>(routes + (entry << 2))) == NO_CODE) return false;
  }
  return true;
}

/** Makes the block outside, for the codes from `room` on, and leads the line to it. */
function makeOutside(
  flags: u64,
  from: u32,
  to: u32,
  room: u32,
  codeBits: u32,
  hasUserData: bool,
): bool {
  const count = to - from;
  const codes = count > room ? count - room : 0;
  const userAt = userDataAt(codes, codeBits);
  const bytes = userAt + (hasUserData ? count << 3 : 0);
  const block = allocate(bytes);
  if (block == 0) return false;
  bytesOutside = bytes;
  store<u32>(block, bytes | (hasUserData ? OUTSIDE_HAS_USER_DATA : 0));
  store<u32>(LINE_BUFFER + (codesEndOf(flags) >> 3), block);
  if (hasUserData) memory.copy(block + userAt, userData + (from << 3), count << 3);
  return true;
}

/** Writes the codes that have no room, by way of a buffer, as bits are written eight bytes at a time. */
function writeCodesOutside(header: u32, shape: u32, flags: u64, from: u32, to: u32): void {
  const codeBits = codeBitsOf(shape);
  const bytes = userDataAt(to - from, codeBits) - OUTSIDE_HEADER_BYTES;
  memory.fill(CODES_BUFFER, 0, bytes + 8);
  for (let entry = from; entry < to; entry++) {
    const code = codeOfRoute(header, shape, load<u32>(routes + (entry << 2)));
    writeBits(CODES_BUFFER, (entry - from) * codeBits, code);
  }
  memory.copy(outsideOf(LINE_BUFFER, flags) + OUTSIDE_HEADER_BYTES, CODES_BUFFER, bytes);
}

function writeGrouped(from: u32, to: u32): u64 {
  let groups: u64 = 0;
  let place: u32 = LINE_BUFFER + GROUP_BYTES_AT - 1;
  for (let entry = from; entry < to; entry++) {
    const number = numberAt(entry);
    const group: u64 = number >> 3;
    const bit: u64 = (2 as u64) << group;
    if ((groups & bit) == 0) place++;
    groups |= bit;
    store<u8>(place, load<u8>(place) | <u8>((0x80 as u32) >> (number & 7)));
  }
  return groups;
}

function writeListed(from: u32, to: u32, lowCount: u32): u64 {
  let groups: u64 = 0;
  let firsts: u64 = 0;
  for (let entry = from; entry < to; entry++) {
    const number = numberAt(entry);
    const group: u64 = number >> lowCount;
    const bit: u64 = (2 as u64) << group;
    const place: u64 = entry - from;
    if ((groups & bit) == 0) firsts |= (1 as u64) << place;
    groups |= bit;
    const low = number & <u32>lowBits(lowCount);
    writeBits(LINE_BUFFER, LOW_BITS_AT + (entry - from) * lowCount, low);
  }
  const end: u64 = to - from;
  firsts |= (1 as u64) << end;
  // Its lowest byte is the highest of the first word, which has nothing there.
  store<u64>(LINE_BUFFER + FIRST_BITS_AT, firsts);
  return groups;
}

/** Releases the block that a line has outside, if it has one; nobody may see it any more. */
export function releaseOutside(line: u32, flags: u64): void {
  const block = outsideBlock(line, flags);
  if (block != 0) release(block, outsideBlockBytes(block, flags));
}

/** The block that a line has outside, or the columns of a foreign one; 0 where it has none. */
export function outsideBlock(line: u32, flags: u64): u32 {
  if ((flags & FLAG_FOREIGN) != 0) return load<u32>(line + FOREIGN_AT);
  return (flags & FLAG_OUTSIDE) != 0 ? outsideOf(line, flags) : 0;
}

export function outsideBlockBytes(block: u32, flags: u64): u32 {
  if ((flags & FLAG_FOREIGN) != 0) return load<u32>(block + COLUMNS_BYTES);
  return load<u32>(block) & ~OUTSIDE_HAS_USER_DATA;
}

// Taking apart.

let toNumbers: u32 = 0;
let toRoutes: u32 = 0;
let toUserData: u32 = 0;
/** Whether any of the entries taken apart since {@link takeTo} has user data. */
export let tookUserData: bool = false;

/** Sets the columns that entries are appended to. */
export function takeTo(numbersAt: u32, routesAt: u32, users: u32): void {
  toNumbers = numbersAt;
  toRoutes = routesAt;
  toUserData = users;
  tookUserData = false;
}

/** Appends an entry at a position of the columns. */
export function appendEntry(at: u32, number: u32, route: u32, user: f64): void {
  store<u32>(toNumbers + (at << 2), number);
  store<u32>(toRoutes + (at << 2), route);
  store<f64>(toUserData + (at << 3), user);
  if (user != NO_USER_DATA) tookUserData = true;
}

/**
 * Appends the entries of a line that is not dirty, or whose mark does not count, from a position of the
 * columns on; `base` is added to their numbers. Returns the position behind the last.
 */
export function takeApart(header: u32, shape: u32, line: u32, flags: u64, base: u32, at: u32): u32 {
  if ((flags & FLAG_FOREIGN) != 0) return takeColumns(load<u32>(line + FOREIGN_AT), base, at);
  const count = entryCountOf(line, flags, shape);
  if (count == 0) return at;
  if (isListedShape(shape)) takeListed(line, flags, lowCountOf(shape), count, base, at);
  else takeGrouped(line, flags, base, at);
  takeRoutes(header, shape, line, flags, count, toRoutes + (at << 2));
  takeUserData(line, flags, shape, count, toUserData + (at << 3));
  return at + count;
}

function takeRoutes(header: u32, shape: u32, line: u32, flags: u64, count: u32, to: u32): void {
  const inside = min(count, roomOf(line, flags, shape));
  const codeBits = codeBitsOf(shape);
  let bit = codesEndOf(flags);
  for (let entry: u32 = 0; entry < inside; entry++) {
    bit -= codeBits;
    store<u32>(to + (entry << 2), routeOfCode(header, shape, readLineBits(line, bit, codeBits)));
  }
  for (let entry = inside; entry < count; entry++) {
    const code = codeOfEntry(line, flags, shape, entry);
    store<u32>(to + (entry << 2), routeOfCode(header, shape, code));
  }
}

function takeUserData(line: u32, flags: u64, shape: u32, count: u32, to: u32): void {
  const hasOutside = (flags & FLAG_OUTSIDE) != 0;
  if (hasOutside && (load<u32>(outsideOf(line, flags)) & OUTSIDE_HAS_USER_DATA) != 0) {
    tookUserData = true;
    for (let entry: u32 = 0; entry < count; entry++) {
      store<f64>(to + (entry << 3), userDataOfEntry(line, flags, shape, entry));
    }
  } else {
    for (let entry: u32 = 0; entry < count; entry++) store<f64>(to + (entry << 3), NO_USER_DATA);
  }
}

/** Appends entries from columns; see {@link takeApart}. */
export function takeColumns(columns: u32, base: u32, at: u32): u32 {
  const count = load<u32>(columns + COLUMNS_COUNT);
  const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  for (let entry: u32 = 0; entry < count; entry++, at++) {
    const user = users == 0 ? NO_USER_DATA : load<f64>(users + (entry << 3));
    const number = load<u32>(columns + COLUMNS_NUMBERS + (entry << 2)) + base;
    appendEntry(at, number, load<u32>(routesOf(columns) + (entry << 2)), user);
  }
  return at;
}

function takeGrouped(line: u32, flags: u64, base: u32, at: u32): void {
  let place = line + GROUP_BYTES_AT;
  let to = toNumbers + (at << 2);
  for (let groups = (flags & GROUPS_MASK) >> 1; groups != 0; groups &= groups - 1) {
    const first = base + ((<u32>ctz<u64>(groups)) << 3);
    for (let byte = (<u32>load<u8>(place++)) << 24; byte != 0; ) {
      const inGroup = clz<u32>(byte);
      byte &= ~((0x8000_0000 as u32) >> inGroup);
      store<u32>(to, first + inGroup);
      to += 4;
    }
  }
}

function takeListed(line: u32, flags: u64, lowCount: u32, count: u32, base: u32, at: u32): void {
  const firsts = load<u64>(line + FIRST_BITS_AT);
  let groups = (flags & GROUPS_MASK) >> 1;
  let high: u32 = 0;
  for (let entry: u32 = 0; entry < count; entry++) {
    if (((firsts >> <u64>entry) & 1) != 0) {
      high = (<u32>ctz<u64>(groups)) << lowCount;
      groups &= groups - 1;
    }
    const low = readLineBits(line, LOW_BITS_AT + entry * lowCount, lowCount);
    store<u32>(toNumbers + ((at + entry) << 2), base + high + low);
  }
}
