// Prefixes and runs of a version in order, in pages, for every reader.
//
// Keys order by length first and the trie of prefixes by digits, so the prefixes of one length are one
// walk: depth first, down to the nodes of that length. A page begins where the one before ended, by key.

import { unitOf } from './key';
import {
  ARENA,
  DETAILS_MAX,
  DIGITS_MAX,
  HEADER_USED,
  KEY_END,
  KIND_PREFIX,
  READER_DETAILS,
  RECORD_BYTES,
  VERSION_ROOT,
  VERSION_RUNS,
} from './layout';
import { FIELD_DIGIT_0, FIELD_PREFIX, fieldAddress, hasField, nodeAt } from './prefix-node';
import { writeEntry } from './record';
import { walkRunTree } from './run-tree';

let details: u32 = 0;
let written: u32 = 0;
let writtenMax: u32 = 0;
let lowest: u64 = 0;
// Nodes that may still be visited: each once for each length, and none is smaller than 8 bytes. More
// are met only where the links of a forged image lead together again.
let visitsLeft: u64 = 0;

/** In place of a key whose digits begin every number: it has none. */
export const NO_DIGITS: f64 = 1.0;

/**
 * Writes up to `countMax` (at most DETAILS_MAX) prefixes that begin with the digits of a key, from
 * another key on, to the reader's details, in the order of keys. Returns how many.
 */
export function walkPrefixes(
  reader: u32,
  version: u32,
  digits: f64,
  from: f64,
  countMax: u32,
): u32 {
  details = reader + READER_DETAILS;
  written = 0;
  writtenMax = min(countMax, DETAILS_MAX);
  lowest = <u64>from;
  visitsLeft = (<u64>(load<u32>(HEADER_USED) - ARENA) / 8 + 1) * DIGITS_MAX;
  let node = load<u32>(version + VERSION_ROOT);
  let unit: u64 = 10;
  if (digits != NO_DIGITS) {
    const digitsUnit = unitOf(digits);
    if (digitsUnit == 0) return 0;
    node = nodeAt(node, <u64>digits - digitsUnit, digitsUnit);
    unit = 1;
  }
  if (node == 0) return 0;
  for (; <f64>unit * digits < KEY_END; unit *= 10) walkBelow(node, <u64>digits, unit);
  return written;
}

/** Walks below a node; `unit` is the power of ten that its digits lack to the wanted length. */
function walkBelow(link: u32, prefix: u64, unit: u64): void {
  if (written == writtenMax || (prefix + 1) * unit <= lowest) return;
  if (unit == 1) {
    found(link, <f64>prefix);
    return;
  }
  if (visitsLeft-- == 0) unreachable();
  const head = load<u32>(link);
  for (let digit: u32 = 0; digit < 10; digit++) {
    if (!hasField(head, FIELD_DIGIT_0 + digit)) continue;
    const child = load<u32>(fieldAddress(link, head, FIELD_DIGIT_0 + digit));
    walkBelow(child, prefix * 10 + digit, unit / 10);
  }
}

function found(link: u32, key: f64): void {
  const record = details + written * RECORD_BYTES;
  const head = load<u32>(link);
  if (!hasField(head, FIELD_PREFIX)) return;
  const route = load<u32>(fieldAddress(link, head, FIELD_PREFIX));
  writeEntry(record, key, key, route, KIND_PREFIX);
  written++;
}

/**
 * Writes up to `countMax` (at most DETAILS_MAX) fragmented runs to the reader's details, those that
 * come after the run `from` to `to` in the order of runs and end at or after `reach`. Returns how many.
 */
export function walkRuns(
  reader: u32,
  version: u32,
  from: f64,
  to: f64,
  reach: f64,
  countMax: u32,
): u32 {
  const root = load<u32>(version + VERSION_RUNS);
  return walkRunTree(root, from, to, reach, reader + READER_DETAILS, min(countMax, DETAILS_MAX));
}
