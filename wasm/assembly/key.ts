// Keys taken apart: a key is the digits of a number with a 1 in front, see number-index.ts.

import { DIGITS_MAX, KEY_END, KEY_MIN } from './layout';

/** The power of ten of the leading 1 of a key; 0 for what is no key. */
export function unitOf(key: f64): u64 {
  if (!(key >= KEY_MIN && key < KEY_END)) return 0;
  const whole = <u64>key;
  if (<f64>whole != key) return 0;
  let unit: u64 = 10;
  while (unit * 10 <= whole) unit *= 10;
  return whole < unit * 2 ? unit : 0;
}

/** A key as an integer; 0 for what is none, or is none that an index has. */
export function integerOf(key: f64): u64 {
  if (!(key >= 0 && key < KEY_END)) return 0;
  const integer = <u64>key;
  return <f64>integer == key ? integer : 0;
}

// A lookup needs a key's digits one after the other. The key is divided once, and each digit is then
// a multiplication: ten times a binary fraction has the next digit in front of its point. Batches
// were 1.2 times as fast as with a division for each digit (measured as in lookup.ts).

/** How many digits {@link firstDigits} holds; the rest are in {@link lastDigits}. */
export const FIRST_DIGITS: u32 = 8;
export const FRACTION_BITS: u64 = 57;
export const FRACTION_MASK: u64 = (1 << FRACTION_BITS) - 1;

/** 2^57 / 10^8, rounded up: over eight digits the error stays below one of the last digit. */
const FRACTION_UNIT: u64 = 1_441_151_881;
const ALIGNED_MIN: u64 = 1_000_000_000_000_000;
const ALIGNED_END: u64 = 2 * ALIGNED_MIN;
const LAST_DIGITS_END: u64 = 10_000_000;

/** What {@link alignDigits} leaves: digits 1 to 8 and 9 to 15 of the key, as fractions. */
export let firstDigits: u64 = 0;
export let lastDigits: u64 = 0;

/** Takes a key apart; returns how many digits it has, or 0 for what is no key. */
export function alignDigits(key: f64): u32 {
  if (!(key >= KEY_MIN && key < KEY_END)) return 0;
  let aligned = <u64>key;
  if (<f64>aligned != key) return 0;
  let length = DIGITS_MAX;
  for (; aligned < ALIGNED_MIN; aligned *= 10) length--;
  if (aligned >= ALIGNED_END) return 0;
  aligned -= ALIGNED_MIN;
  // Both are integers below 2^53 and the quotient is below 10^8, so its whole part is exact.
  const first = <u64>(<f64>aligned / <f64>LAST_DIGITS_END);
  firstDigits = first * FRACTION_UNIT;
  lastDigits = (aligned - first * LAST_DIGITS_END) * (10 * FRACTION_UNIT);
  return length;
}
