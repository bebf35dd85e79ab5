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

// A walk down the digits of a key needs one after the other. All of them become one binary fraction with 60
// places, in which each digit is a multiplication: ten times the fraction has the next digit in front of its
// point.

const FRACTION_BITS: u64 = 60;
const FRACTION_MASK: u64 = (1 << FRACTION_BITS) - 1;
/** 2^60 / 10^15. */
const FRACTION_UNIT: f64 = 1_152_921_504_606_846_976.0 / 1_000_000_000_000_000.0;
/**
 * 2^-51: more than unit and product are rounded by, 2^-52 together, and with that still less than a fraction
 * is away from those of other fifteen digits.
 */
const FRACTION_EXCESS: u64 = 1 << (FRACTION_BITS - 51);
const ALIGNED_MIN: f64 = 1_000_000_000_000_000.0;

/** What {@link alignDigits} leaves of a key: how many digits it has, and these as a fraction. */
export let alignedLength: u32 = 0;
export let alignedDigits: u64 = 0;

/** Takes an integer from 0 to KEY_END apart; returns whether it is a key, and where not leaves anything. */
export function alignDigits(integer: u64): bool {
  // Four choices and not a loop, for lengths come in no order that a processor could foresee.
  let aligned = <f64>integer;
  const by8 = u32(aligned < 100_000_000);
  aligned *= select<f64>(100_000_000, 1, by8);
  const by4 = u32(aligned < 1_000_000_000_000);
  aligned *= select<f64>(10_000, 1, by4);
  const by2 = u32(aligned < 100_000_000_000_000);
  aligned *= select<f64>(100, 1, by2);
  const by1 = u32(aligned < ALIGNED_MIN);
  aligned *= select<f64>(10, 1, by1);
  const isKey = u32(aligned >= ALIGNED_MIN) & u32(aligned < 2 * ALIGNED_MIN);
  alignedLength = DIGITS_MAX - ((by8 << 3) + (by4 << 2) + (by2 << 1) + by1);
  // What is no key could be no integer of 64 bits here, which would trap.
  const rest = select<f64>(aligned - ALIGNED_MIN, 0, isKey);
  alignedDigits = <u64>(rest * FRACTION_UNIT) + FRACTION_EXCESS;
  return isKey != 0;
}

/** The first digit of a fraction. */
export function digitOf(fraction: u64): u32 {
  return <u32>((fraction * 10) >> FRACTION_BITS);
}

/** What is left of a fraction without its first digit. */
export function withoutDigit(fraction: u64): u64 {
  return (fraction * 10) & FRACTION_MASK;
}
