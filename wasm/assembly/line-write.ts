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
import { CODES_BUFFER, ENTRY_CODES, LINE_BUFFER, LINE_BYTES, NO_USER_DATA } from './layout';
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
  if (!hasRoom || !findCodes(header, shape, from, to)) return encodeForeign(from, to, hasUserData);

  if (flags != 0 || isListed) flags |= FLAG_SLOW;
  if (flags == (FLAG_SLOW | FLAG_OUTSIDE)) flags = isListed ? flags : FLAG_OUTSIDE;
  const users = hasUserData ? userData + (from << 3) : 0;
  if (!putCodes(flags, end, codeBits, count, users)) return false;
  flags |= isListed ? writeListed(from, to, lowCountOf(shape)) : writeGrouped(from, to);
  finishBuffer(flags);
  return true;
}

/** Bits of codes that are written at a time: with those before them in their byte they fit a word. */
const CODES_BITS_AT_ONCE: u32 = 57;

/**
 * Puts the codes of `count` entries from ENTRY_CODES into the line in LINE_BUFFER, where only zeros are,
 * and what has no room behind the bit `numbersEnd`, and user data (`users` 0 where there are none), into a
 * block outside, if the flags say that there is one. False where the memory has no room for that.
 */
export function putCodes(flags: u64, numbersEnd: u32, codeBits: u32, count: u32, users: u32): bool {
  let bit = codesEndOf(flags);
  const inside = min(count, (bit - numbersEnd) / codeBits);
  if ((flags & FLAG_OUTSIDE) != 0 && !makeOutside(flags, codeBits, inside, count, users)) {
    return false;
  }
  const atOnce = CODES_BITS_AT_ONCE / codeBits;
  for (let entry: u32 = 0; entry < inside; ) {
    const end = min(entry + atOnce, inside);
    let codes: u64 = 0;
    for (; entry < end; entry++) {
      codes = (codes << (<u64>codeBits)) | <u64>load<u32>(ENTRY_CODES + (entry << 2));
      bit -= codeBits;
    }
    writeBits(LINE_BUFFER, bit, codes);
  }
  return true;
}

function finishBuffer(flags: u64): void {
  // What is written over the end of a line goes into the second half of the buffer, and is zero.
  if ((backgroundFlags & FLAG_PIECE) != 0) writePiece(LINE_BUFFER);
  store<u64>(LINE_BUFFER, load<u64>(LINE_BUFFER) | flags);
}

/** Puts an encoded line in its place, its first word last. */
export function storeLine(line: u32, image: u32): void {
  memory.copy(line + 8, image + 8, LINE_BYTES - 8);
  atomic.store<u64>(line, load<u64>(image));
}

/** Encodes a line whose entries are in columns, with the background at hand, into LINE_BUFFER. */
export function encodeForeignLine(columns: u32): void {
  memory.fill(LINE_BUFFER, 0, LINE_BYTES);
  store<u32>(LINE_BUFFER + FOREIGN_AT, columns);
  finishBuffer(FLAG_SLOW | FLAG_FOREIGN | backgroundFlags);
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
  encodeForeignLine(block);
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

/** Leaves the codes of the entries in ENTRY_CODES. False where one has none. */
function findCodes(header: u32, shape: u32, from: u32, to: u32): bool {
  let place: u32 = ENTRY_CODES;
  for (let entry = from; entry < to; entry++, place += 4) {
    const code = codeOfRoute(header, shape, load<u32>(routes + (entry << 2)));
    if (code == NO_CODE) return false;
    store<u32>(place, code);
  }
  return true;
}

/** Makes the block outside, with the codes from `inside` on, and leads the line to it. */
function makeOutside(flags: u64, codeBits: u32, inside: u32, count: u32, users: u32): bool {
  const userAt = userDataAt(count - inside, codeBits);
  const bytes = userAt + (users != 0 ? count << 3 : 0);
  const block = allocate(bytes);
  if (block == 0) return false;
  bytesOutside = bytes;
  store<u32>(block, bytes | (users != 0 ? OUTSIDE_HAS_USER_DATA : 0));
  store<u32>(LINE_BUFFER + (codesEndOf(flags) >> 3), block);
  // By way of a buffer, as bits are written eight bytes at a time.
  memory.fill(CODES_BUFFER, 0, userAt + 8);
  for (let entry = inside, bit: u32 = 0; entry < count; entry++, bit += codeBits) {
    writeBits(CODES_BUFFER, bit, load<u32>(ENTRY_CODES + (entry << 2)));
  }
  memory.copy(block + OUTSIDE_HEADER_BYTES, CODES_BUFFER, userAt - OUTSIDE_HEADER_BYTES);
  if (users != 0) memory.copy(block + userAt, users, count << 3);
  return true;
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

/** Where a line that has a block outside says where. */
export function outsidePlace(line: u32, flags: u64): u32 {
  return (flags & FLAG_FOREIGN) != 0 ? line + FOREIGN_AT : line + (codesEndOf(flags) >> 3);
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
