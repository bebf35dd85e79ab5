// What answers a number where it has no ported entry: its *background*, the innermost run or else the
// longest prefix. Over long ranges it is the same, so it can be kept for a block of numbers at a time.

import { answerOf } from './answer';
import { unitOf } from './key';
import {
  KIND_FRAGMENTED,
  KIND_PREFIX,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TO,
  VERSION_ROOT,
  VERSION_RUNS,
} from './layout';
import { FIELD_DIGIT_0, FIELD_PREFIX, fieldAddress, hasField } from './prefix-node';
import { innermostRunAt, runAfter } from './run-tree';

/** The answer of a key of `length` digits if it had no ported entry; 0 where nothing else has one. */
export function backgroundAnswer(version: u32, key: f64, length: u32): u32 {
  const run = innermostRunAt(load<u32>(version + VERSION_RUNS), key);
  if (run != 0) return answerOf(KIND_FRAGMENTED, length, load<u32>(run + RECORD_ROUTE));
  return prefixAnswer(load<u32>(version + VERSION_ROOT), key);
}

/** The answer of the longest prefix of a key, or 0. */
function prefixAnswer(root: u32, key: f64): u32 {
  let unit = unitOf(key);
  let rest = <u64>key - unit;
  let link = root;
  let result: u32 = 0;
  for (let depth: u32 = 0; ; depth++) {
    const head = load<u32>(link);
    if (hasField(head, FIELD_PREFIX)) {
      const route = load<u32>(fieldAddress(link, head, FIELD_PREFIX));
      result = answerOf(KIND_PREFIX, depth, route);
    }
    if (unit == 1) break;
    unit /= 10;
    const field = FIELD_DIGIT_0 + <u32>(rest / unit);
    rest %= unit;
    if (!hasField(head, field)) break;
    link = load<u32>(fieldAddress(link, head, field));
  }
  return result;
}

/**
 * A key of the same length, at or above the given one, up to which every key has the same background.
 * It need not be the last such key: it lies at the end of a run, or before the next run or the next
 * digit that leads to a node of the trie.
 */
export function backgroundEnd(version: u32, key: f64): f64 {
  const runs = load<u32>(version + VERSION_RUNS);
  const run = innermostRunAt(runs, key);
  const next = runAfter(runs, key);
  const end =
    run != 0 ? load<f64>(run + RECORD_TO) : prefixEnd(load<u32>(version + VERSION_ROOT), key);
  return next != 0 ? min(end, load<f64>(next + RECORD_FROM) - 1) : end;
}

/** The same for the longest prefix alone. */
function prefixEnd(root: u32, key: f64): f64 {
  let unit = unitOf(key);
  let rest = <u64>key - unit;
  // The first number of the node that the way is at, and the end as far as the way is known.
  let first = unit;
  let end = 2 * unit - 1;
  let link = root;
  for (;;) {
    const head = load<u32>(link);
    // A prefix goes on up to the last number below it, …
    if (hasField(head, FIELD_PREFIX)) end = first + unit - 1;
    if (unit == 1) break;
    unit /= 10;
    const digit = <u32>(rest / unit);
    rest %= unit;
    // … or up to the next digit below which there may be another one.
    const next = digitAfter(head, digit);
    if (next < 10) end = first + next * unit - 1;
    first += digit * unit;
    if (!hasField(head, FIELD_DIGIT_0 + digit)) break;
    link = load<u32>(fieldAddress(link, head, FIELD_DIGIT_0 + digit));
  }
  return <f64>end;
}

/** The first digit above the given one that leads to a node; 10: there is none. */
function digitAfter(head: u32, digit: u32): u32 {
  for (let next = digit + 1; next < 10; next++) {
    if (hasField(head, FIELD_DIGIT_0 + next)) return next;
  }
  return 10;
}
