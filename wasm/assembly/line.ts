// A line: the ported numbers of a short range of consecutive keys, in 64 bytes, what a processor loads
// at once. A lookup goes to one line and mostly finds all it needs there.
//
// A line comes in one of two forms, the same for all lines of a segment (see segment-build.ts). Both begin
// with a word of flags and of one bit for each *group*, a power of two of consecutive numbers, that
// has an entry. Both have the codes of the entries' routes (see palette.ts) at the end, the first
// entry's last, `width` bits each.
//
//     bit 0      1 … 50          51        52      53      54        55
//        ┌──────┬───────────────┬─────────┬───────┬───────┬─────────┬─────────┐
//        │ slow │ groups 0 … 49 │ outside │ piece │ dirty │ generic │ foreign │
//        └──────┴───────────────┴─────────┴───────┴───────┴─────────┴─────────┘
//
// *Grouped*, for many entries: a group is 8 numbers and has a byte, if it has an entry, with a bit for
// each number, the first number's the highest. Counting bits finds everything.
//
//     byte 0         7                                                              64
//         ┌─────────┬──────────────┬──────────────┬────  ────┬────────┬────────┬─────┐
//         │ flags,  │ first group  │ second group │ …  free  │ code 2 │ code 1 │ c 0 │
//         │ groups  │ with entries │ with entries │          │        │        │     │
//         └─────────┴──────────────┴──────────────┴────  ────┴────────┴────────┴─────┘
//
// *Listed*, for few: a group is 2^low numbers. Each entry has the low bits of its number, and a bit
// that tells whether it is the first of its group; the bit behind the last is set too. That is the code of Elias and Fano but for the
// form of its upper half, which here can be tested before anything is counted. Always slow.
//
//     byte 0         7              15
//         ┌─────────┬──────────────┬────────┬────────┬────  ────┬────────┬─────┐
//         │ flags,  │ first-of-    │ low    │ low    │ …  free  │ code 1 │ c 0 │
//         │ groups  │ group bits   │ bits 0 │ bits 1 │          │        │     │
//         └─────────┴──────────────┴────────┴────────┴────  ────┴────────┴─────┘
//
// The flags:
//
//     slow     a reader must look at the other flags; without it the line is grouped, whole, and the
//              number that is not in it has the default answer of its segment
//     outside  the last 4 bytes (before a piece) are the offset of a block with what has no room
//              here: the codes that are missing, and all user data
//     piece    the last 8 bytes say which part of the line has another background than the default
//     dirty    a patch may replace the line, see patch.ts
//     generic  the background has to be looked up, see background.ts
//     foreign  the entries are all in a block of columns (columns.ts), whose offset is at byte 8
//
//     piece  0      2     4        8        outside  0       4
//           ┌──────┬─────┬────────┐                 ┌───────┬─────────────────┬───────────────┐
//           │ from │ to  │ answer │                 │ bytes │ codes, packed,  │ user data,    │
//           │ u16  │ u16 │ u32    │                 │ u32   │ up to a word    │ f64 for each  │
//           └──────┴─────┴────────┘                 └───────┴─────────────────┴───────────────┘
//
// `from` and `to` are numbers of the line, inclusive. Bit 31 of the bytes tells that there is user
// data.

import { lowBits, readBits } from './bits';
import { LINE_BYTES, NO_USER_DATA } from './layout';

export const FLAG_SLOW: u64 = 1;
export const FLAG_OUTSIDE: u64 = 1 << 51;
export const FLAG_PIECE: u64 = 1 << 52;
export const FLAG_DIRTY: u64 = 1 << 53;
export const FLAG_GENERIC: u64 = 1 << 54;
export const FLAG_FOREIGN: u64 = 1 << 55;

/** All of the first word but for its last byte, which holds what comes behind the flags. */
export const FLAGS_MASK: u64 = (1 << 56) - 1;
export const GROUPS_MAX: u32 = 50;
export const GROUPS_MASK: u64 = ((1 << 50) - 1) << 1;
/** Numbers of a group of a grouped line. */
export const GROUP_NUMBERS: u32 = 8;
/** Most numbers of a grouped line. */
export const GROUPED_SPAN_MAX: u32 = GROUPS_MAX * GROUP_NUMBERS;
export const LINE_BITS: u32 = LINE_BYTES * 8;
export const GROUP_BYTES_AT: u32 = 7;
export const FIRST_BITS_AT: u32 = 7;
export const LOW_BITS_AT: u32 = 15 * 8;
/** Most entries of a listed line: one for each bit of a word, and the bit behind the last. */
export const LISTED_MAX: u32 = 63;
export const PIECE_BYTES: u32 = 8;
export const OUTSIDE_POINTER_BYTES: u32 = 4;
export const OUTSIDE_HEADER_BYTES: u32 = 4;
export const OUTSIDE_HAS_USER_DATA: u32 = 1 << 31;
export const FOREIGN_AT: u32 = 8;

/**
 * A shape says how the lines of a segment are to be read: how many numbers a line spans (of a segment
 * of one line, one less), the form, the widths in bits, and whether there is a table of them (line-table.ts).
 *
 *     31  28     27          26       25     21 20   16 15             0
 *    ┌──────┬───────────┬───────────┬───────────┬───────┬────────────────┐
 *    │ 0    │ is tabled │ is listed │ code bits │ low   │ span           │
 *    └──────┴───────────┴───────────┴───────────┴───────┴────────────────┘
 */
export function shapeOf(span: u32, lowCount: u32, codeBits: u32, isListed: bool): u32 {
  return span | (lowCount << 16) | (codeBits << 21) | ((<u32>isListed) << 26);
}

export function lowCountOf(shape: u32): u32 {
  return (shape >> 16) & 31;
}

export function codeBitsOf(shape: u32): u32 {
  return (shape >> 21) & 31;
}

export function isListedShape(shape: u32): bool {
  return ((shape >> 26) & 1) != 0;
}

/** Set in the shape of lines that are in a table. */
export const TABLED_SHAPE: u32 = 1 << 27;

export function isTabledShape(shape: u32): bool {
  return (shape & TABLED_SHAPE) != 0;
}

/** Bit behind the codes of a line. */
export function codesEndOf(flags: u64): u32 {
  return (
    LINE_BITS -
    ((flags & FLAG_PIECE) != 0 ? PIECE_BYTES * 8 : 0) -
    ((flags & FLAG_OUTSIDE) != 0 ? OUTSIDE_POINTER_BYTES * 8 : 0)
  );
}

/** Offset of the piece of a line that has one. */
export function pieceOf(line: u32): u32 {
  return line + LINE_BYTES - PIECE_BYTES;
}

/** Offset of the block outside of a line that has one. */
export function outsideOf(line: u32, flags: u64): u32 {
  return load<u32>(line + (codesEndOf(flags) >> 3));
}

/** The position of the bit with this rank, from 0, among the set bits of a word that has as many. */
function selectBit(word: u64, rank: u32): u32 {
  let from: u32 = 0;
  // Nobody could foresee on which side the bit is, so there are no branches.
  for (let width: u32 = 32; width != 0; width >>= 1) {
    const count = <u32>popcnt<u64>((word >> <u64>from) & lowBits(width));
    const isAbove: u32 = 0 - u32(rank >= count);
    rank -= count & isAbove;
    from += width & isAbove;
  }
  return from;
}

/** What {@link findEntry} found: which entry of the line, from 0. */
export let foundEntry: u32 = 0;

/** Whether a line that is neither dirty nor foreign has an entry for its number `number`. */
export function findEntry(line: u32, flags: u64, shape: u32, number: u32): bool {
  return isListedShape(shape)
    ? findListed(line, flags, lowCountOf(shape), number)
    : findGrouped(line, flags, number);
}

function findGrouped(line: u32, flags: u64, number: u32): bool {
  const group = number >> 3;
  const groups = (flags & GROUPS_MASK) >> 1;
  if (((groups >> <u64>group) & 1) == 0) return false;
  const place = line + GROUP_BYTES_AT + <u32>popcnt<u64>(groups & lowBits(group));
  const byte = <u32>load<u8>(place);
  const inGroup = number & 7;
  if (((byte >> (7 - inGroup)) & 1) == 0) return false;
  foundEntry = bitsBetween(line + GROUP_BYTES_AT, place) + popcnt<u32>(byte >> (8 - inGroup));
  return true;
}

function findListed(line: u32, flags: u64, lowCount: u32, number: u32): bool {
  const group = number >> lowCount;
  const groups = (flags & GROUPS_MASK) >> 1;
  if (((groups >> <u64>group) & 1) == 0) return false;
  const firsts = load<u64>(line + FIRST_BITS_AT);
  const low = number & <u32>lowBits(lowCount);
  let entry = selectBit(firsts, <u32>popcnt<u64>(groups & lowBits(group)));
  do {
    if (readLineBits(line, LOW_BITS_AT + entry * lowCount, lowCount) == low) {
      foundEntry = entry;
      return true;
    }
    entry++;
  } while (entry < 64 && ((firsts >> <u64>entry) & 1) == 0);
  return false;
}

/** How many bits are set in the bytes from an address up to another. */
export function bitsBetween(from: u32, to: u32): u32 {
  let count: u32 = 0;
  for (; from + 8 <= to; from += 8) count += <u32>popcnt<u64>(load<u64>(from));
  return count + <u32>popcnt<u64>(load<u64>(from) & lowBits((to - from) << 3));
}

/** How many entries a line has that is neither dirty nor foreign. */
export function entryCountOf(line: u32, flags: u64, shape: u32): u32 {
  // Behind the last entry of a listed line begins a group that is none.
  if (isListedShape(shape)) return 63 - <u32>clz<u64>(load<u64>(line + FIRST_BITS_AT) | 1);
  const from = line + GROUP_BYTES_AT;
  return bitsBetween(from, from + <u32>popcnt<u64>(flags & GROUPS_MASK));
}

/** The bit behind the numbers of a line, where free room or the codes begin. */
function numbersEndOf(line: u32, flags: u64, shape: u32): u32 {
  return isListedShape(shape)
    ? LOW_BITS_AT + entryCountOf(line, flags, shape) * lowCountOf(shape)
    : (GROUP_BYTES_AT + <u32>popcnt<u64>(flags & GROUPS_MASK)) << 3;
}

/** How many codes a line has room for that is neither dirty nor foreign. */
export function roomOf(line: u32, flags: u64, shape: u32): u32 {
  // Without anything outside there is room for all.
  if ((flags & FLAG_OUTSIDE) == 0) return u32.MAX_VALUE;
  return (codesEndOf(flags) - numbersEndOf(line, flags, shape)) / codeBitsOf(shape);
}

/** The code of an entry of a line that is neither dirty nor foreign. */
export function codeOfEntry(line: u32, flags: u64, shape: u32, entry: u32): u32 {
  const codeBits = codeBitsOf(shape);
  const room = roomOf(line, flags, shape);
  if (entry < room) {
    return readLineBits(line, codesEndOf(flags) - (entry + 1) * codeBits, codeBits);
  }
  const bit = OUTSIDE_HEADER_BYTES * 8 + (entry - room) * codeBits;
  return readBits(outsideOf(line, flags), bit, codeBits);
}

/** The user data of an entry of a line that is neither dirty nor foreign. */
export function userDataOfEntry(line: u32, flags: u64, shape: u32, entry: u32): f64 {
  if ((flags & FLAG_OUTSIDE) == 0) return NO_USER_DATA;
  const outside = outsideOf(line, flags);
  if ((load<u32>(outside) & OUTSIDE_HAS_USER_DATA) == 0) return NO_USER_DATA;
  const codeBits = codeBitsOf(shape);
  const room = roomOf(line, flags, shape);
  const count = entryCountOf(line, flags, shape);
  const codesOutside = count > room ? count - room : 0;
  return load<f64>(outside + userDataAt(codesOutside, codeBits) + (entry << 3));
}

/** Where, in a block outside of a line, the user data begin behind so many codes. */
export function userDataAt(codes: u32, codeBits: u32): u32 {
  return OUTSIDE_HEADER_BYTES + (((codes * codeBits + 31) >> 5) << 2);
}

/** {@link readBits} of a line, without touching the line behind it. */
export function readLineBits(line: u32, bit: u32, count: u32): u32 {
  const at = min<u32>(bit >> 3, LINE_BYTES - 8);
  return <u32>((load<u64>(line + at) >> <u64>(bit - (at << 3))) & lowBits(count));
}

/** What {@link firstNumberFrom} found. */
export let foundNumber: u32 = 0;

/** Whether a line that is neither dirty nor foreign has an entry from one of its numbers on. */
export function firstNumberFrom(line: u32, flags: u64, shape: u32, from: u32): bool {
  const lowCount = lowCountOf(shape);
  const groups = (flags & GROUPS_MASK) >> 1;
  let group = from >> lowCount;
  for (let rest = groups >> <u64>group; rest != 0; rest = groups >> <u64>group) {
    group += <u32>ctz<u64>(rest);
    const base = group << lowCount;
    const low = from > base ? from - base : 0;
    const rank = <u32>popcnt<u64>(groups & lowBits(group));
    const isThere = isListedShape(shape)
      ? firstLowFrom(line, rank, lowCount, low)
      : firstBitFrom(line + GROUP_BYTES_AT + rank, low);
    if (isThere) {
      foundNumber += base;
      return true;
    }
    group++;
  }
  return false;
}

/** Whether the group of a listed line that has this rank has low bits from `low` on. */
function firstLowFrom(line: u32, rank: u32, lowCount: u32, low: u32): bool {
  const firsts = load<u64>(line + FIRST_BITS_AT);
  let entry = selectBit(firsts, rank);
  do {
    foundNumber = readLineBits(line, LOW_BITS_AT + entry * lowCount, lowCount);
    if (foundNumber >= low) return true;
    entry++;
  } while (entry < 64 && ((firsts >> <u64>entry) & 1) == 0);
  return false;
}

/** Whether the byte of a group of a grouped line has a bit from the place `low` on. */
function firstBitFrom(place: u32, low: u32): bool {
  const rest = <u32>load<u8>(place) & ((0xff as u32) >> low);
  if (rest == 0) return false;
  foundNumber = clz<u32>(rest) - 24;
  return true;
}
