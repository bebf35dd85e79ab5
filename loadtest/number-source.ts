// Where a load test's numbers and their expected answers come from.
//
// Owns the interface, so that the generators can be tested with a handful of numbers, and the pool
// that is drawn before a run: drawing and the oracle cost more than a lookup and must not be measured.

import type { EntryKind } from '../ledger/entry.ts';
import type { Identity, NumberKey } from '../ledger/number.ts';

/** The expected answer for a number. `from` and `to` are equal for prefixes and ported numbers. */
export interface ExpectedMatch {
  entry: EntryKind;
  from: NumberKey;
  to: NumberKey;
  /** Id of the route. */
  route: string;
}

/** A population of numbers, as far as a load test needs it. */
export interface NumberSource {
  /** Draws a number; the same source gives the same sequence in every run. */
  draw(): { identity: Identity; key: NumberKey };
  /** What the server must answer; `undefined` for "not found". */
  expected(identity: Identity, key: NumberKey): ExpectedMatch | undefined;
}

/** A number with its expected answer. */
export interface PooledNumber {
  identity: Identity;
  key: NumberKey;
  expected: ExpectedMatch | undefined;
}

/** Most numbers drawn before a run; a longer run goes round. */
export const POOL_NUMBERS_MAX = 100_000;
/** Fewest: a short run too is to meet all kinds of number, and full datagrams of each identity. */
export const POOL_NUMBERS_MIN = 5_000;

/** Draws the numbers of a run of so many lookups, within the two limits. */
export function drawPool(source: NumberSource, lookups: number): PooledNumber[] {
  const count = Math.min(Math.max(lookups, POOL_NUMBERS_MIN), POOL_NUMBERS_MAX);
  return Array.from({ length: count }, () => {
    const { identity, key } = source.draw();
    return { identity, key, expected: source.expected(identity, key) };
  });
}
