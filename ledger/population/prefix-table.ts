// Prefixes as the population sees them: which of them is the longest one of a number, and which
// numbers of one length belong to a prefix and to no longer one inside it. It knows no owners.
//
// Every prefix is an interval of the 15-digit numbers, "86139" being 861390000000000 to
// 861399999999999; two intervals nest or are apart. The table cuts the line at all their ends and
// notes for each piece the innermost prefix and, through `parent`, all that lie around it:
//
//     prefix 40     ├──────────────────────────────┤
//     prefix 4012         ├──────┤
//     pieces        │  40 │ 4012 │       40        │
//
// A number is looked up by its digits filled up with zeros; prefixes longer than the number itself
// are passed over on the way outwards.

import { DIGITS_MAX, lengthOf, type NumberKey } from '../number.ts';
import type { KeyRange } from '../transaction-body.ts';

/** Powers of ten, 10⁰ to 10¹⁵. */
export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 16 }, (_, at) => 10 ** at);

/** How many digits a key has, without making a string of it. */
export function digitCount(key: NumberKey): number {
  let count = 1;
  while (count < DIGITS_MAX && key >= 2 * POWERS_OF_TEN[count]!) count++;
  return count;
}

export interface PrefixTable {
  /** Position in the given list of the longest prefix of a number, −1 where there is none. */
  longest(key: NumberKey): number;
  /**
   * The longest run of numbers with `digits` digits whose longest prefix is the one at `at`, the
   * lowest of equals; `undefined` where longer prefixes leave none or the prefix is too long.
   */
  ownSpan(at: number, digits: number): KeyRange | undefined;
}

/** Builds the table of distinct prefixes, in any order. */
export function createPrefixTable(prefixes: readonly NumberKey[]): PrefixTable {
  const count = prefixes.length;
  const digits = Uint8Array.from(prefixes, lengthOf);
  const start = Float64Array.from(prefixes, (key, at) => paddedStart(key, digits[at]!));
  const order = Array.from({ length: count }, (_, at) => at).sort(
    (one, other) => start[one]! - start[other]! || digits[one]! - digits[other]!,
  );
  const endOf = (at: number) => start[at]! + POWERS_OF_TEN[DIGITS_MAX - digits[at]!]!;

  const parent = new Int32Array(count).fill(-1);
  const children = new Map<number, number[]>();
  const pieceStart: number[] = [0];
  const pieceOwner: number[] = [-1];
  const open: number[] = [];
  const cut = (at: number, owner: number) => {
    if (pieceStart.at(-1) === at) pieceOwner[pieceOwner.length - 1] = owner;
    else {
      pieceStart.push(at);
      pieceOwner.push(owner);
    }
  };
  const closeUntil = (limit: number) => {
    while (open.length > 0 && endOf(open.at(-1)!) <= limit) {
      const closed = open.pop()!;
      cut(endOf(closed), open.at(-1) ?? -1);
    }
  };
  for (const at of order) {
    closeUntil(start[at]!);
    const around = open.at(-1) ?? -1;
    parent[at] = around;
    if (around >= 0) {
      const siblings = children.get(around);
      if (siblings === undefined) children.set(around, [at]);
      else siblings.push(at);
    }
    cut(start[at]!, at);
    open.push(at);
  }
  closeUntil(Number.POSITIVE_INFINITY);
  const starts = Float64Array.from(pieceStart);
  const owners = Int32Array.from(pieceOwner);

  const longest = (key: NumberKey) => {
    const length = digitCount(key);
    let owner = owners[lastNotAbove(starts, paddedStart(key, length))]!;
    while (owner >= 0 && digits[owner]! > length) owner = parent[owner]!;
    return owner;
  };

  const ownSpan = (at: number, numberDigits: number) => {
    const free = numberDigits - digits[at]!;
    if (free < 0 || numberDigits > DIGITS_MAX) return undefined;
    let from = prefixes[at]! * POWERS_OF_TEN[free]!;
    const end = (prefixes[at]! + 1) * POWERS_OF_TEN[free]! - 1;
    let best: KeyRange | undefined;
    const consider = (to: number) => {
      if (to >= from && (best === undefined || to - from > best.to - best.from))
        best = { from, to };
    };
    for (const child of children.get(at) ?? []) {
      const childFree = numberDigits - digits[child]!;
      if (childFree < 0) continue;
      consider(prefixes[child]! * POWERS_OF_TEN[childFree]! - 1);
      from = (prefixes[child]! + 1) * POWERS_OF_TEN[childFree]!;
    }
    consider(end);
    return best;
  };

  return { longest, ownSpan };
}

/** The digits of a key filled up with zeros to 15, without the 1 in front. */
function paddedStart(key: NumberKey, length: number): number {
  return (key - POWERS_OF_TEN[length]!) * POWERS_OF_TEN[DIGITS_MAX - length]!;
}

/** Position of the last element that is not above the value; −1 where all are. Sorted input. */
export function lastNotAbove(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
