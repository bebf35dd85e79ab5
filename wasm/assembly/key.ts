// Keys taken apart: a key is the digits of a number with a 1 in front, see number-index.ts.

import { KEY_END, KEY_MIN } from './layout';

/** The power of ten of the leading 1 of a key; 0 for what is no key. */
export function unitOf(key: f64): u64 {
  if (!(key >= KEY_MIN && key < KEY_END)) return 0;
  const whole = <u64>key;
  if (<f64>whole != key) return 0;
  let unit: u64 = 10;
  while (unit * 10 <= whole) unit *= 10;
  return whole < unit * 2 ? unit : 0;
}
