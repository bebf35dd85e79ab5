// Whether the lines of an image are whole: that reading one leads nowhere but to its own bits, to the
// block that it has outside, and to codes that there are.
//
// All lines of a country are looked at while an index is loaded, so the way of a grouped line without
// anything outside is short: its words are tested whole, and each code is one load and one comparison.

import { DIRECT_CODE_BITS } from './area';
import { isInArena } from './arena';
import { lowBits, readBits } from './bits';
import { COLUMNS_BYTES, COLUMNS_COUNT } from './columns';
import { areColumnsWhole, areUserDataWhole, isBackgroundAnswer } from './image-entries';
import { takesBlock } from './image-room';
import {
  codeBitsOf,
  codesEndOf,
  FIRST_BITS_AT,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_OUTSIDE,
  FLAG_PIECE,
  FLAG_SLOW,
  FOREIGN_AT,
  GROUP_BYTES_AT,
  GROUP_NUMBERS,
  GROUPS_MASK,
  isListedShape,
  LOW_BITS_AT,
  lowCountOf,
  OUTSIDE_HAS_USER_DATA,
  OUTSIDE_HEADER_BYTES,
  outsideOf,
  pieceOf,
  readLineBits,
  userDataAt,
} from './line';

/** Flags that a reader would not see without FLAG_SLOW. */
const SLOW_FLAGS: u64 = FLAG_PIECE | FLAG_DIRTY | FLAG_GENERIC | FLAG_FOREIGN;

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const EACH_BYTE_HIGH: u64 = 0x8080_8080_8080_8080;

/** What {@link isLineWhole} found: entries in the line, and bytes outside of it. */
export let lineEntries: u32 = 0;
export let lineOutside: u32 = 0;

// What is common to the lines of a segment.
let routes: u32 = 0;
let isListed: bool = false;
let lowCount: u32 = 0;
let codeBits: u32 = 0;
/** The first integer above the codes, and whether all that fit into their bits are below it. */
let codesMax: u32 = 0;
let isEachCode: bool = false;

/** The bit behind the numbers of the line that is looked at. */
let numbersEnd: u32 = 0;

/** Sets the shape of the lines to come, how many routes their area's palette has, and how many there are. */
export function setLines(shape: u32, paletteCount: u32, routesMax: u32): void {
  routes = routesMax;
  isListed = isListedShape(shape);
  lowCount = lowCountOf(shape);
  codeBits = codeBitsOf(shape);
  codesMax = codeBits == DIRECT_CODE_BITS ? routesMax : paletteCount;
  isEachCode = (1 as u32) << codeBits <= codesMax;
}

/** Whether a line, in its place or in a patch, is whole; it spans `span` numbers. */
export function isLineWhole(line: u32, span: u32): bool {
  const flags = load<u64>(line);
  lineOutside = 0;
  if ((flags & FLAG_SLOW) == 0) {
    if (isListed || (flags & SLOW_FLAGS) != 0) return false;
  } else if ((flags & FLAG_PIECE) != 0 && !isPieceWhole(line, span)) return false;
  if ((flags & FLAG_FOREIGN) != 0) {
    if (!isForeignWhole(line, flags, span)) return false;
  } else {
    if (isListed ? !isListWhole(line, flags, span) : !areGroupsWhole(line, flags, span))
      return false;
    if (!areCodesWhole(line, flags)) return false;
  }
  return true;
}

function isPieceWhole(line: u32, span: u32): bool {
  const piece = load<u64>(pieceOf(line));
  const from = <u32>piece & 0xffff;
  const to = <u32>(piece >> 16) & 0xffff;
  return from <= to && to < span && isBackgroundAnswer(<u32>(piece >> 32), routes);
}

function isForeignWhole(line: u32, flags: u64, span: u32): bool {
  if ((flags & (GROUPS_MASK | FLAG_OUTSIDE)) != 0) return false;
  const columns = load<u32>(line + FOREIGN_AT);
  if (!areColumnsWhole(columns, span, routes)) return false;
  lineEntries = load<u32>(columns + COLUMNS_COUNT);
  lineOutside = load<u32>(columns + COLUMNS_BYTES);
  return true;
}

/** Whether the groups are within the span, and each has a number. */
function areGroupsWhole(line: u32, flags: u64, span: u32): bool {
  const groups = (flags & GROUPS_MASK) >> 1;
  if (groups >> <u64>(span / GROUP_NUMBERS) != 0) return false;
  let at = line + GROUP_BYTES_AT;
  const end = at + <u32>popcnt<u64>(groups);
  let count: u32 = 0;
  let empty: u64 = 0;
  for (; at + 8 <= end; at += 8) {
    const bytes = load<u64>(at);
    count += <u32>popcnt<u64>(bytes);
    empty |= (bytes - EACH_BYTE) & ~bytes;
  }
  // What is behind the last byte counts as full.
  const mask = lowBits((end - at) << 3);
  const bytes = load<u64>(at);
  count += <u32>popcnt<u64>(bytes & mask);
  const filled = bytes | ~mask;
  empty |= (filled - EACH_BYTE) & ~filled;
  lineEntries = count;
  numbersEnd = (end - line) << 3;
  return (empty & EACH_BYTE_HIGH) == 0;
}

/** Whether each group has a first entry, and the numbers rise and are within the span. */
function isListWhole(line: u32, flags: u64, span: u32): bool {
  const firsts = load<u64>(line + FIRST_BITS_AT);
  let groups = (flags & GROUPS_MASK) >> 1;
  // The first bit begins the first group, if there is one, and the last is behind the last entry.
  if ((firsts & 1) == 0 || popcnt<u64>(firsts) != popcnt<u64>(groups) + 1) return false;
  const count: u32 = 63 - <u32>clz<u64>(firsts);
  lineEntries = count;
  numbersEnd = LOW_BITS_AT + count * lowCount;
  if (numbersEnd > codesEndOf(flags)) return false;
  let next: u32 = 0;
  let high: u32 = 0;
  let bit: u32 = LOW_BITS_AT;
  for (let entry: u32 = 0; entry < count; entry++, bit += lowCount) {
    if (((firsts >> <u64>entry) & 1) != 0) {
      high = (<u32>ctz<u64>(groups)) << lowCount;
      groups &= groups - 1;
    }
    const number = high + readLineBits(line, bit, lowCount);
    if (number < next || number >= span) return false;
    next = number + 1;
  }
  return true;
}

/** Whether the codes of the line's entries have room, and are below `codesMax`. */
function areCodesWhole(line: u32, flags: u64): bool {
  const end = codesEndOf(flags);
  if (numbersEnd > end) return false;
  let inLine = lineEntries;
  if ((flags & FLAG_OUTSIDE) != 0) {
    inLine = min(inLine, (end - numbersEnd) / codeBits);
    if (!isOutsideWhole(outsideOf(line, flags), lineEntries - inLine)) return false;
  } else if (numbersEnd + inLine * codeBits > end) return false;
  if (isEachCode) return true;
  let at = end;
  for (let entry: u32 = 0; entry < inLine; entry++) {
    at -= codeBits;
    if (readLineBits(line, at, codeBits) >= codesMax) return false;
  }
  return true;
}

/** Whether a block outside of a line has what belongs there, so many codes among it. */
function isOutsideWhole(block: u32, codes: u32): bool {
  if ((block & 3) != 0 || !isInArena(block, OUTSIDE_HEADER_BYTES)) return false;
  const word = load<u32>(block);
  const users = (word & OUTSIDE_HAS_USER_DATA) != 0 ? lineEntries : 0;
  const usersAt = userDataAt(codes, codeBits);
  lineOutside = word & ~OUTSIDE_HAS_USER_DATA;
  if (lineOutside < usersAt + (users << 3) || !takesBlock(block, lineOutside)) return false;
  let bit: u32 = OUTSIDE_HEADER_BYTES << 3;
  for (let entry: u32 = 0; entry < codes; entry++, bit += codeBits) {
    if (readBits(block, bit, codeBits) >= codesMax) return false;
  }
  return areUserDataWhole(block + usersAt, users);
}
