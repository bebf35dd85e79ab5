// The fragmented runs of a version: how they lie in memory, how they are searched, how changes are
// merged in.
//
// A run table never changes; a batch that changes runs makes a new one in a single pass over the old
// runs and the changes. It has three arrays:
//
//     runs            entry records, by from, an outer run before those inside it; the tail is the
//                     index of the run around it
//     segment starts  f64, rising: the first key of each run and the key behind its last, so twice
//                     as many as runs; of several at the same key the last counts
//     segment runs    u32: the innermost run from that key on, or NO_RUN
//
//     run 0     ├──────────────────────┤
//     run 1         ├───────┤                         parent 0
//     run 2                            ·   ├────┤
//     segments  0   1        0          ∅  2     ∅

import {
  KIND_FRAGMENTED,
  NO_ROUTE,
  NO_RUN,
  NO_USER_DATA,
  RECORD_BYTES,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TAIL,
  RECORD_TO,
  STATUS_CROSSING,
  STATUS_DONE,
  VERSION_RUN_COUNT,
  VERSION_RUNS,
  VERSION_SEGMENT_RUNS,
  VERSION_SEGMENT_STARTS,
} from './layout';
import { writeEntry } from './record';

/** Bytes of a table of this many runs. */
export function tableBytes(runCount: u64): u64 {
  return runCount * (RECORD_BYTES + 2 * 8 + 2 * 4);
}

/** Where the segment starts lie in a table. */
export function segmentStartsOf(table: u32, runCount: u32): u32 {
  return table + runCount * RECORD_BYTES;
}

/** Where the segment runs lie in a table. */
export function segmentRunsOf(table: u32, runCount: u32): u32 {
  return segmentStartsOf(table, runCount) + runCount * 2 * 8;
}

function segmentCountOf(version: u32): i32 {
  return load<i32>(version + VERSION_RUN_COUNT) << 1;
}

/** Index of the last segment that starts at or before the key; -1 where there is none. */
export function segmentAt(version: u32, key: f64): i32 {
  const starts = load<u32>(version + VERSION_SEGMENT_STARTS);
  let low: i32 = 0;
  let high = segmentCountOf(version);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<f64>(starts + (middle << 3)) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the innermost run that covers the key, or NO_RUN. */
export function innermostRun(version: u32, key: f64): u32 {
  const segment = segmentAt(version, key);
  return segment < 0
    ? NO_RUN
    : load<u32>(load<u32>(version + VERSION_SEGMENT_RUNS) + (segment << 2));
}

/** Whether some run has a key in the closed range. */
export function anyRunWithin(version: u32, from: f64, to: f64): bool {
  if (innermostRun(version, from) != NO_RUN) return true;
  // Outside all runs, the next segment, if there is one, is the beginning of a run.
  const next = segmentAt(version, from) + 1;
  if (next == segmentCountOf(version)) return false;
  return load<f64>(load<u32>(version + VERSION_SEGMENT_STARTS) + (next << 3)) <= to;
}

/** Address of the record of a run. */
export function runRecord(version: u32, run: u32): u32 {
  return load<u32>(version + VERSION_RUNS) + run * RECORD_BYTES;
}

// Where a merge is: what is left of the old runs and of the changes.
let nextOld: u32 = 0;
let oldEnd: u32 = 0;
let nextChange: u32 = 0;
let changesEnd: u32 = 0;

// The table in the making. `openRun` is the innermost run that is not closed yet; those around it are
// its chain of parents, which serves as the stack.
let runs: u32 = 0;
let segmentStarts: u32 = 0;
let segmentRuns: u32 = 0;
let runCount: u32 = 0;
let segmentCount: u32 = 0;
let openRun: u32 = NO_RUN;

/**
 * How many runs the version has with the changes merged in. The changes are entry records in the
 * order of a run table, each run once; a route of NO_ROUTE deletes.
 */
export function mergedRunCount(version: u32, changes: u32, changeCount: u32): u32 {
  beginMerge(version, changes, changeCount);
  let count: u32 = 0;
  while (nextMerged() != 0) count++;
  return count;
}

/**
 * Makes the run table of the version with the changes merged in (see {@link mergedRunCount}), in
 * `table` with room for exactly these runs, and notes it in the version.
 *
 * Where a run crosses another, returns STATUS_CROSSING, the two runs in `crossing`; then the version
 * is unchanged.
 */
export function mergeRuns(
  version: u32,
  changes: u32,
  changeCount: u32,
  table: u32,
  mergedCount: u32,
  crossing: u32,
): u32 {
  runs = table;
  segmentStarts = segmentStartsOf(table, mergedCount);
  segmentRuns = segmentRunsOf(table, mergedCount);
  runCount = 0;
  segmentCount = 0;
  openRun = NO_RUN;

  beginMerge(version, changes, changeCount);
  for (let source = nextMerged(); source != 0; source = nextMerged()) {
    if (!addRun(source, crossing)) return STATUS_CROSSING;
  }
  while (openRun != NO_RUN) closeRun();

  store<u32>(version + VERSION_RUNS, runs);
  store<u32>(version + VERSION_SEGMENT_STARTS, segmentStarts);
  store<u32>(version + VERSION_SEGMENT_RUNS, segmentRuns);
  store<u32>(version + VERSION_RUN_COUNT, runCount);
  return STATUS_DONE;
}

function beginMerge(version: u32, changes: u32, changeCount: u32): void {
  nextOld = load<u32>(version + VERSION_RUNS);
  oldEnd = nextOld + load<u32>(version + VERSION_RUN_COUNT) * RECORD_BYTES;
  nextChange = changes;
  changesEnd = changes + changeCount * RECORD_BYTES;
}

/** The record of the next run that the changes leave or set; 0 behind the last. */
function nextMerged(): u32 {
  while (nextOld < oldEnd || nextChange < changesEnd) {
    let order: i32 = nextOld == oldEnd ? 1 : -1;
    if (nextOld < oldEnd && nextChange < changesEnd) order = compareRuns(nextOld, nextChange);
    const source = order < 0 ? nextOld : nextChange;
    if (order <= 0) nextOld += RECORD_BYTES;
    if (order >= 0) nextChange += RECORD_BYTES;
    if (load<u32>(source + RECORD_ROUTE) != NO_ROUTE) return source;
  }
  return 0;
}

/** Order of two run records: by from, then the longer one first. */
function compareRuns(left: u32, right: u32): i32 {
  const leftFrom = load<f64>(left + RECORD_FROM);
  const rightFrom = load<f64>(right + RECORD_FROM);
  if (leftFrom != rightFrom) return leftFrom < rightFrom ? -1 : 1;
  const leftTo = load<f64>(left + RECORD_TO);
  const rightTo = load<f64>(right + RECORD_TO);
  if (leftTo != rightTo) return leftTo > rightTo ? -1 : 1;
  return 0;
}

/** Appends a run; false, with both runs in `crossing`, where it crosses one that is open. */
function addRun(source: u32, crossing: u32): bool {
  const from = load<f64>(source + RECORD_FROM);
  const to = load<f64>(source + RECORD_TO);
  while (openRun != NO_RUN && load<f64>(runs + openRun * RECORD_BYTES + RECORD_TO) < from) {
    closeRun();
  }
  if (openRun != NO_RUN && load<f64>(runs + openRun * RECORD_BYTES + RECORD_TO) < to) {
    tellCrossing(crossing, runs + openRun * RECORD_BYTES);
    tellCrossing(crossing + RECORD_BYTES, source);
    return false;
  }
  const record = runs + runCount * RECORD_BYTES;
  writeEntry(record, from, to, load<u32>(source + RECORD_ROUTE), NO_USER_DATA, openRun);
  addSegment(from, runCount);
  openRun = runCount++;
  return true;
}

function tellCrossing(record: u32, run: u32): void {
  const from = load<f64>(run + RECORD_FROM);
  const to = load<f64>(run + RECORD_TO);
  writeEntry(record, from, to, load<u32>(run + RECORD_ROUTE), NO_USER_DATA, KIND_FRAGMENTED);
}

function closeRun(): void {
  const record = runs + openRun * RECORD_BYTES;
  openRun = load<u32>(record + RECORD_TAIL);
  addSegment(load<f64>(record + RECORD_TO) + 1, openRun);
}

function addSegment(start: f64, run: u32): void {
  store<f64>(segmentStarts + (segmentCount << 3), start);
  store<u32>(segmentRuns + (segmentCount << 2), run);
  segmentCount++;
}
