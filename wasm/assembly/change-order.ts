// The order in which the changes of a scratchful are worked off: that of their keys, so that what
// concerns one line comes together, and of changes of one key as they came.
//
// A word for each change: the key, above the place of the change in the scratch. Sorted by digits, the
// lowest first; digits of 9 bits, because a batch of a thousand changes spends more time on the counts
// of longer ones than it saves.

import { CHANGES, CHANGES_MAX, LINE_BUFFER, ORDER } from './layout';

const PLACE_BITS: u64 = 12;

/** The key of the change at a position of the order. */
export function keyAt(at: u32): u64 {
  return load<u64>(ORDER + (at << 3)) >> PLACE_BITS;
}

/** The place in the scratch of the change at a position of the order. */
export function placeAt(at: u32): u32 {
  return load<u32>(ORDER + (at << 3)) & (CHANGES_MAX - 1);
}

const DIGIT_BITS: u64 = 9;
const DIGITS: u32 = 1 << 9;
const SORT_OTHER: u32 = ORDER + CHANGES_MAX * 8;
const SORT_COUNTS: u32 = LINE_BUFFER + 256;

/** Puts the first `count` changes of the scratch in order. */
export function sortChanges(count: u32): void {
  let differing: u64 = 0;
  let isSorted = true;
  let before: u64 = 0;
  const first = <u64>load<f64>(CHANGES);
  for (let at: u32 = 0; at < count; at++) {
    const key = <u64>load<f64>(CHANGES + (at << 3));
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
