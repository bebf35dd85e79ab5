// Allocation for members: from a state, which free numbers fit a wish, and the record that takes
// them (figure 10, S1002 to S1004).
//
// What is found is free as of the state that was asked. Until the record is in a block, another member
// may take the same numbers; the first in block order wins, the other is refused with
// BCHF_TX_NOT_FREE and asks again. Members that begin at different places meet less often.

import { DIGITS_MAX, type Identity, isNumberKey, lengthOf, type NumberKey } from './number.ts';
import type { IntervalMap } from './state/interval-map.ts';
import type { LedgerState } from './state/state.ts';
import { type Allocate, ITEMS_MAX, type KeyRange } from './transaction-body.ts';

/** Most stretches of free numbers that one search looks at. */
export const STRETCHES_MAX = 100_000;

/** What a member would like to have. */
export interface AllocationWish {
  member: string;
  identity: Identity;
  /** A route of the member. */
  route: string;
  /** How many numbers; from 1. */
  count: number;
  /** Leading digits that all of them have, of whatever length the numbers are. */
  prefix?: NumberKey;
  /** The first number that may be taken; all are then as long as this one. */
  from?: NumberKey;
  /** The last number that may be taken, as long as `from`. */
  to?: NumberKey;
  /** Rather one run, or few long ones, than the first numbers there are. */
  contiguous?: boolean;
}

/** What there is for a wish. */
export interface Allocation {
  /** The record to be signed by the member; with the settlement that the contracts ask for. */
  body: Allocate;
  /** How many numbers it takes: at most as many as were wished. */
  count: number;
}

/**
 * The allocation that comes closest to a wish; `undefined` when nothing of it is free. It keeps the
 * limits of a transaction and of the consortium's parameters. Whether the member can pay is not asked.
 *
 * Throws a `RangeError` for a wish that makes no sense.
 */
export function proposeAllocation(
  state: LedgerState,
  wish: AllocationWish,
): Allocation | undefined {
  const { itemsMax, numbersMax } = state.consortium.parameters;
  checkWish(wish);
  const { member, identity, route } = wish;
  const space = state.spaces[identity];
  const stretches = [...freeStretches(space.free, windowsOf(wish))];
  const ranges = choose(
    wish.contiguous ? byLength(stretches, wish.count) : stretches,
    Math.min(wish.count, numbersMax),
    Math.min(ITEMS_MAX, itemsMax),
  );
  if (ranges.length === 0) return undefined;
  const charges = state.pricing.chargesOf(space, ranges);
  const settlement = charges.reduce((sum, { rate }) => sum + rate, 0);
  const body: Allocate = { kind: 'allocate', member, identity, ranges, route };
  if (settlement > 0) body.settlement = settlement;
  return { body, count: ranges.reduce((sum, range) => sum + sizeOf(range), 0) };
}

function checkWish({ count, prefix, from, to }: AllocationWish): void {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError('count is from 1');
  for (const key of [prefix, from, to]) {
    if (key !== undefined && !isNumberKey(key)) throw new RangeError(`${key} is no number key`);
  }
  if (to === undefined) return;
  if (from === undefined || lengthOf(from) !== lengthOf(to) || from > to) {
    throw new RangeError('to goes with a from of its length that is not above it');
  }
}

/** The ranges in which the numbers may lie, by rising length. */
function windowsOf({ prefix, from, to }: AllocationWish): KeyRange[] {
  const windows: KeyRange[] = [];
  const lengths = from === undefined ? [1, DIGITS_MAX] : [lengthOf(from), lengthOf(from)];
  for (let length = lengths[0]!; length <= lengths[1]!; length++) {
    let first = from ?? 10 ** length;
    let last = to ?? 2 * 10 ** length - 1;
    if (prefix !== undefined) {
      const digits = length - lengthOf(prefix);
      if (digits < 0) continue;
      first = Math.max(first, prefix * 10 ** digits);
      last = Math.min(last, (prefix + 1) * 10 ** digits - 1);
    }
    if (first <= last) windows.push({ from: first, to: last });
  }
  return windows;
}

/** The free numbers inside of windows as stretches that do not touch. */
function* freeStretches(free: IntervalMap, windows: readonly KeyRange[]): Generator<KeyRange> {
  let count = 0;
  for (const window of windows) {
    let open: KeyRange | undefined;
    const first = free.find(window.from);
    for (const interval of free.between(first?.start ?? window.from, window.to)) {
      const from = Math.max(interval.start, window.from);
      const to = Math.min(interval.end, window.to);
      // Who injected them does not matter here: what touches is one stretch.
      if (open && open.to + 1 === from) {
        open.to = to;
        continue;
      }
      if (open) yield open;
      if (++count > STRETCHES_MAX) return;
      open = { from, to };
    }
    if (open) yield open;
  }
}

/** The shortest stretch that holds all; where there is none, long ones first. */
function byLength(stretches: readonly KeyRange[], count: number): KeyRange[] {
  let best: KeyRange | undefined;
  for (const stretch of stretches) {
    if (sizeOf(stretch) < count) continue;
    if (!best || sizeOf(stretch) < sizeOf(best)) best = stretch;
  }
  return best ? [best] : [...stretches].sort((a, b) => sizeOf(b) - sizeOf(a) || a.from - b.from);
}

/** The first stretches as far as they are needed, in ascending order. */
function choose(stretches: readonly KeyRange[], count: number, rangesMax: number): KeyRange[] {
  const chosen: KeyRange[] = [];
  let left = count;
  for (const { from, to } of stretches) {
    if (left === 0 || chosen.length === rangesMax) break;
    const taken = { from, to: Math.min(to, from + left - 1) };
    left -= sizeOf(taken);
    chosen.push(taken);
  }
  return chosen.sort((a, b) => a.from - b.from);
}

function sizeOf({ from, to }: KeyRange): number {
  return to - from + 1;
}
