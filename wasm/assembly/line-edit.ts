// Single changes of a line in its encoded form: most lines that a batch changes get one entry more or
// less, and taking all of them apart for that takes several times as long.
//
// Only grouped lines without user data. As long as all codes are within the line and have room there,
// those behind the one that comes or goes are moved by the width of one:
//
//     before   │ flags, groups │ bytes of groups │ free  │ code 3 │ code 2 │ code 1 │ code 0 │
//     set      │ flags, groups │ … one more │    │ code 4 │ code 3 │ new    │ code 1 │ code 0 │
//
// Otherwise the codes are taken out of the line into ENTRY_CODES, changed there, and put back at the end.

import { lowBits } from './bits';
import { ENTRY_CODES, LINE_BUFFER, LINE_BYTES, NO_ROUTE } from './layout';
import {
  bitsBetween,
  codeBitsOf,
  codeOfEntry,
  codesEndOf,
  entryCountOf,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_OUTSIDE,
  FLAG_PIECE,
  FLAG_SLOW,
  FLAGS_MASK,
  GROUP_BYTES_AT,
  GROUPS_MASK,
  isListedShape,
  OUTSIDE_HAS_USER_DATA,
  outsideOf,
  readLineBits,
  roomOf,
} from './line';
import { putCodes } from './line-write';
import { codeOfRoute, NO_CODE } from './palette';

/** Entries of the line that is edited; what has come and gone since {@link beginEdit}. */
export let editedCount: u32 = 0;
export let editAdded: u32 = 0;
export let editRemoved: u32 = 0;
/** Whether anything is other than it was. */
export let isEdited: bool = false;

let shape: u32 = 0;
let codeBits: u32 = 0;
/** The flags as they become, but for FLAG_OUTSIDE, and the bit behind the codes with these. */
let flags: u64 = 0;
let codesEnd: u32 = 0;
/** Whether the codes are in ENTRY_CODES. */
let areCodesOut: bool = false;

/** Copies a line to LINE_BUFFER to edit it there. False where it is none that can be edited. */
export function beginEdit(line: u32, shapeOfLine: u32): bool {
  const flagsBefore = load<u64>(line);
  if (isListedShape(shapeOfLine) || (flagsBefore & FLAG_FOREIGN) != 0) return false;
  const hasOutside = (flagsBefore & FLAG_OUTSIDE) != 0;
  if (hasOutside && (load<u32>(outsideOf(line, flagsBefore)) & OUTSIDE_HAS_USER_DATA) != 0) {
    return false;
  }
  shape = shapeOfLine;
  codeBits = codeBitsOf(shape);
  flags = flagsBefore & FLAGS_MASK & ~(FLAG_DIRTY | FLAG_SLOW | FLAG_OUTSIDE);
  if ((flags & (FLAG_PIECE | FLAG_GENERIC)) != 0) flags |= FLAG_SLOW;
  codesEnd = codesEndOf(flags);
  v128.store(LINE_BUFFER, v128.load(line));
  v128.store(LINE_BUFFER, v128.load(line, 16), 16);
  v128.store(LINE_BUFFER, v128.load(line, 32), 32);
  v128.store(LINE_BUFFER, v128.load(line, 48), 48);
  editedCount = entryCountOf(LINE_BUFFER, flagsBefore, shape);
  editAdded = 0;
  editRemoved = 0;
  isEdited = false;
  areCodesOut = false;
  if (hasOutside) takeCodes(flagsBefore);
  return true;
}

function takeCodes(flagsBefore: u64): void {
  areCodesOut = true;
  const inside = min(editedCount, roomOf(LINE_BUFFER, flagsBefore, shape));
  const atOnce = STEP / codeBits;
  const mask = lowBits(codeBits);
  let bit = codesEndOf(flagsBefore);
  let entry: u32 = 0;
  while (entry < inside) {
    const count = min(inside - entry, atOnce);
    bit -= count * codeBits;
    entry += count;
    // The first of them is the highest.
    let codes = bitsAt(bit, count * codeBits);
    for (let place = ENTRY_CODES + (entry << 2), left = count; left > 0; left--) {
      place -= 4;
      store<u32>(place, <u32>(codes & mask));
      codes >>= <u64>codeBits;
    }
  }
  for (; entry < editedCount; entry++) {
    store<u32>(ENTRY_CODES + (entry << 2), codeOfEntry(LINE_BUFFER, flagsBefore, shape, entry));
  }
}

/** Finishes the line in LINE_BUFFER. False where the memory is full. */
export function endEdit(): bool {
  if (areCodesOut) {
    const numbersEnd = (GROUP_BYTES_AT + <u32>popcnt<u64>(flags & GROUPS_MASK)) << 3;
    if (numbersEnd + editedCount * codeBits > codesEnd) flags |= FLAG_OUTSIDE;
    clearFrom(numbersEnd >> 3, codesEnd >> 3);
    if (!putCodes(flags, numbersEnd, codeBits, editedCount, 0)) return false;
  }
  store<u64>(LINE_BUFFER, (load<u64>(LINE_BUFFER) & ~FLAGS_MASK) | flags);
  return true;
}

function clearFrom(from: u32, end: u32): void {
  memory.fill(LINE_BUFFER + from, 0, end - from);
}

/**
 * Sets the entry of a number, or deletes it where the route is NO_ROUTE. False where the line cannot have
 * it in this form; what is in LINE_BUFFER is then of no use.
 */
export function editEntry(header: u32, number: u32, route: u32): bool {
  const group: u64 = number >> 3;
  const bit = (2 as u64) << group;
  const groupsBefore = flags & GROUPS_MASK & (bit - 1);
  const place = LINE_BUFFER + GROUP_BYTES_AT + <u32>popcnt<u64>(groupsBefore);
  const hasGroup = (flags & bit) != 0;
  const byte = hasGroup ? <u32>load<u8>(place) : 0;
  const mask = (0x80 as u32) >> (number & 7);
  const entry =
    bitsBetween(LINE_BUFFER + GROUP_BYTES_AT, place) + popcnt<u32>(byte >> (8 - (number & 7)));
  const isThere = (byte & mask) != 0;
  if (route == NO_ROUTE) {
    if (!isThere) return true;
    removeCode(entry);
    removeNumber(place, byte & ~mask, bit);
    isEdited = true;
    return true;
  }
  const code = codeOfRoute(header, shape, route);
  if (code == NO_CODE) return false;
  if (isThere) {
    replaceCode(entry, code);
    return true;
  }
  const groups = <u32>popcnt<u64>((flags | bit) & GROUPS_MASK);
  const numbersEnd = GROUP_BYTES_AT + groups;
  if (numbersEnd << 3 > codesEndOf(flags | FLAG_OUTSIDE)) return false;
  addCode(entry, code, numbersEnd << 3);
  if (!hasGroup) {
    memory.copy(place + 1, place, LINE_BUFFER + numbersEnd - 1 - place);
    flags |= bit;
  }
  store<u8>(place, <u8>(byte | mask));
  isEdited = true;
  return true;
}

/** Takes a number away, `rest` being what is left of its group. */
function removeNumber(place: u32, rest: u32, bit: u64): void {
  if (rest != 0) {
    store<u8>(place, <u8>rest);
    return;
  }
  const end = LINE_BUFFER + GROUP_BYTES_AT + <u32>popcnt<u64>(flags & GROUPS_MASK);
  memory.copy(place, place + 1, end - place - 1);
  store<u8>(end - 1, 0);
  flags &= ~bit;
}

function replaceCode(entry: u32, code: u32): void {
  if (areCodesOut) {
    const place = ENTRY_CODES + (entry << 2);
    if (load<u32>(place) != code) isEdited = true;
    store<u32>(place, code);
    return;
  }
  const at = codesEnd - (entry + 1) * codeBits;
  if (readLineBits(LINE_BUFFER, at, codeBits) != code) isEdited = true;
  putBits(at, code, codeBits);
}

function addCode(entry: u32, code: u32, numbersEnd: u32): void {
  const lowest = codesEnd - editedCount * codeBits;
  if (!areCodesOut && numbersEnd + codeBits > lowest) takeCodes(flags);
  if (areCodesOut) {
    const place = ENTRY_CODES + (entry << 2);
    memory.copy(place + 4, place, (editedCount - entry) << 2);
    store<u32>(place, code);
  } else {
    const at = codesEnd - (entry + 1) * codeBits;
    moveDown(lowest, at + codeBits, codeBits);
    putBits(at, code, codeBits);
  }
  editedCount++;
  editAdded++;
}

function removeCode(entry: u32): void {
  if (areCodesOut) {
    const place = ENTRY_CODES + (entry << 2);
    memory.copy(place, place + 4, (editedCount - entry - 1) << 2);
  } else {
    moveUp(codesEnd - editedCount * codeBits, codesEnd - (entry + 1) * codeBits, codeBits);
  }
  editedCount--;
  editRemoved++;
}

// Bits of the buffer. What lies around those that are written stays as it is: the bits before them are
// another code's, those behind the line are nothing's.

function putBits(bit: u32, value: u64, count: u32): void {
  const at = LINE_BUFFER + (bit >> 3);
  const shift: u64 = bit & 7;
  store<u64>(at, (load<u64>(at) & ~(lowBits(count) << shift)) | (value << shift));
}

function bitsAt(bit: u32, count: u32): u64 {
  return (load<u64>(LINE_BUFFER + (bit >> 3)) >> <u64>(bit & 7)) & lowBits(count);
}

/** Bits that are moved at a time: with those before them in their byte they fit a word. */
const STEP: u32 = 57;

/** Moves the bits from `from` up to `to` down by `by`. */
function moveDown(from: u32, to: u32, by: u32): void {
  for (let bit = from; bit < to; bit += STEP) {
    const count = min(to - bit, STEP);
    putBits(bit - by, bitsAt(bit, count), count);
  }
}

/** Moves the bits from `from` up to `to` up by `by`; zeros take the place of the lowest. */
function moveUp(from: u32, to: u32, by: u32): void {
  for (let end = to; end > from; ) {
    const count = min(end - from, STEP);
    end -= count;
    putBits(end + by, bitsAt(end, count), count);
  }
  putBits(from, 0, by);
}
