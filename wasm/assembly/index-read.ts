// The slower questions about one number. Lookups are in lookup.ts.
//
// Every function is called with a version that the reader has entered.

import { unitOf } from './key';
import {
  DETAILS_MAX,
  DIGITS_MAX,
  KIND_FRAGMENTED,
  KIND_PORTED,
  KIND_PREFIX,
  NO_USER_DATA,
  READER_DETAILS,
  RECORD_BYTES,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TAIL,
  RECORD_TO,
  RECORD_USER_DATA,
  VERSION_ROOT,
  VERSION_RUNS,
} from './layout';
import { findPorted, firstPortedFrom, NO_KEY, portedRoute, portedUserData } from './ported-read';
import {
  FIELD_DIGIT_0,
  FIELD_PREFIX,
  fieldAddress,
  hasField,
  LINKS_MASK,
  nodeAt,
} from './prefix-node';
import { writeEntry } from './record';
import { anyRunWithin, enclosingRun, innermostRunAt, runAt } from './run-tree';

/** Whether an entry of more digits begins with the digits of the key. */
export function anyBelow(version: u32, key: f64): bool {
  const unit = unitOf(key);
  if (unit == 0) return false;
  const link = nodeAt(load<u32>(version + VERSION_ROOT), <u64>key - unit, unit);
  if (link != 0 && (load<u32>(link) & LINKS_MASK) != 0) return true;
  const runs = load<u32>(version + VERSION_RUNS);
  let from = key * 10;
  for (let size = 10.0; unitOf(from) != 0; size *= 10) {
    if (anyRunWithin(runs, from, from + (size - 1))) return true;
    if (firstPortedFrom(version, <u64>from, <u64>(from + size)) != NO_KEY) return true;
    from *= 10;
  }
  return false;
}

/** Most runs that one call tells of: beside them there is room for a ported number and every prefix. */
const EXPLAINED_RUNS_MAX: u32 = DETAILS_MAX - 1 - DIGITS_MAX;

// Where the records that `explain` writes go, how many there are so far, and the most that are wanted.
let written: u32 = 0;
let wanted: u32 = 0;
let details: u32 = 0;

/**
 * Writes the entries that cover a number, in falling precedence, to the reader's details: the first
 * `countMax`, but of the runs no more than the `runsMax` (at most EXPLAINED_RUNS_MAX) innermost. Returns
 * how many.
 */
export function explainInto(reader: u32, version: u32, key: f64, countMax: u32, runsMax: u32): u32 {
  const unit = unitOf(key);
  if (unit == 0) return 0;
  written = 0;
  wanted = min(countMax, DETAILS_MAX);
  details = reader + READER_DETAILS;
  const rest = <u64>key - unit;

  if (findPorted(version, <u64>key)) tell(key, key, portedRoute, KIND_PORTED, portedUserData);
  const runs = load<u32>(version + VERSION_RUNS);
  tellRuns(runs, innermostRunAt(runs, key), min(runsMax, EXPLAINED_RUNS_MAX));
  tellPrefixes(load<u32>(version + VERSION_ROOT), 1, rest, unit);
  return written;
}

/**
 * Writes up to `countMax` runs around the run `from` to `to`, the innermost first, to the reader's
 * details. Returns how many: none where the version does not have that run.
 */
export function runsAroundInto(reader: u32, version: u32, from: f64, to: f64, countMax: u32): u32 {
  written = 0;
  wanted = min(countMax, DETAILS_MAX);
  details = reader + READER_DETAILS;
  const runs = load<u32>(version + VERSION_RUNS);
  const run = runAt(runs, from, to);
  if (run != 0) tellRuns(runs, enclosingRun(runs, run), wanted);
  return written;
}

/** Tells up to `countMax` runs from this one (0 for none) on outwards. */
function tellRuns(runs: u32, innermost: u32, countMax: u32): void {
  const end = min(written + countMax, wanted);
  for (let run = innermost; run != 0 && written < end; run = enclosingRun(runs, run)) {
    tell(
      load<f64>(run + RECORD_FROM),
      load<f64>(run + RECORD_TO),
      load<u32>(run + RECORD_ROUTE),
      KIND_FRAGMENTED,
      load<f64>(run + RECORD_USER_DATA),
    );
  }
}

/** Tells the prefixes on the way of a number's digits from this node on, the longest first. */
function tellPrefixes(link: u32, prefix: u64, rest: u64, unit: u64): void {
  const head = load<u32>(link);
  if (unit > 1) {
    const below = unit / 10;
    const digit = rest / below;
    const field = FIELD_DIGIT_0 + <u32>digit;
    if (hasField(head, field)) {
      const child = load<u32>(fieldAddress(link, head, field));
      tellPrefixes(child, prefix * 10 + digit, rest % below, below);
    }
  }
  if (hasField(head, FIELD_PREFIX)) {
    const route = load<u32>(fieldAddress(link, head, FIELD_PREFIX));
    tell(<f64>prefix, <f64>prefix, route, KIND_PREFIX);
  }
}

function tell(from: f64, to: f64, route: u32, kind: u32, userData: f64 = NO_USER_DATA): void {
  if (written == wanted) return;
  writeEntry(details + written * RECORD_BYTES, from, to, route, kind, userData);
  written++;
}
