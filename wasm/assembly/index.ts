// What the module exports. The host's typed view of it is IndexExports in wasm-module.ts; which calls
// belong to the one writer is said there.

import { claimReader, enter, leave, releaseReader } from './epoch';
import { anyBelow, explainInto, runsAroundInto } from './index-read';
import {
  NO_DIGITS,
  walkPrefixes as walkPrefixesWith,
  walkRuns as walkRunsAfter,
} from './index-walk';
import {
  HEADER_CURRENT,
  LABEL_BYTES,
  READER_ANSWERS,
  READER_DETAILS,
  READER_KEYS,
  VERSION_LABEL,
  VERSION_LABEL_BYTES,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_RUN_COUNT,
} from './layout';
import { answerBatch } from './lookup';
import { listPortedWithin } from './ported-list';
import * as portedWalk from './ported-walk';

export { addBulk, beginBulk, finishBulk } from './bulk';
export { xxh64 } from './checksum';
export { claimReader, enter, leave, releaseReader } from './epoch';
export { arenaBytes, checkImage, prepareImage, rootBytes } from './image';
export {
  abortBatch,
  applyPoints,
  applyPrefixes,
  applyRuns,
  beginBatch,
  commitBatch,
  initialise,
  sealBatch,
  settle,
} from './index-write';
export {
  ARENA,
  BATCH_MAX,
  CHANGE_ROUTES,
  CHANGE_USERS,
  CHANGES,
  CHANGES_MAX,
  DETAILS_MAX,
  HEADER_BYTES,
  HEADER_ROOT_FIRST,
  READER_ANSWERS,
  READER_DETAILS,
  READER_KEYS,
  READERS,
  READERS_MAX,
} from './layout';
export { listSegments } from './segment-list';

/** In place of an answer, see number-index.ts. */
const ONLY_BELOW: u32 = 1;

/** Answers the first `count` keys of the reader's scratch from one version. */
export function lookup(reader: u32, count: u32): void {
  answerBatch(reader, enter(reader), count);
  leave(reader);
}

/** Answers as {@link lookup} does, from the version that {@link enter} gave. */
export function lookupEntered(reader: u32, version: u32, count: u32): void {
  answerBatch(reader, version, count);
}

/** As {@link lookup}; keys that nothing covers, but that something lies below, get ONLY_BELOW. */
export function lookupNames(reader: u32, count: u32): void {
  const version = enter(reader);
  answerBatch(reader, version, count);
  for (let place: u32 = 0; place < count; place++) {
    const answer = reader + READER_ANSWERS + (place << 2);
    if (load<u32>(answer) != 0) continue;
    const key = load<f64>(reader + READER_KEYS + (place << 3));
    if (anyBelow(version, key)) store<u32>(answer, ONLY_BELOW);
  }
  leave(reader);
}

export function hasBelow(reader: u32, key: f64): bool {
  const result = anyBelow(enter(reader), key);
  leave(reader);
  return result;
}

/** See explainInto; `version` as {@link enter} gave it. */
export function explain(reader: u32, version: u32, key: f64, countMax: u32, runsMax: u32): u32 {
  return explainInto(reader, version, key, countMax, runsMax);
}

/** See runsAroundInto; `version` as {@link enter} gave it. */
export function listRunsAround(reader: u32, version: u32, from: f64, to: f64, countMax: u32): u32 {
  return runsAroundInto(reader, version, from, to, countMax);
}

/** Copies the current label to the reader's details; returns its length. */
export function label(reader: u32): u32 {
  const version = enter(reader);
  const bytes = load<u32>(version + VERSION_LABEL_BYTES);
  // Not memory.copy, which V8 holds against the size of the memory that this thread has last heard of: the
  // writer may have grown the memory and published in it since, and only plain loads reach there at once.
  for (let at: u32 = 0; at < LABEL_BYTES; at += 16) {
    v128.store(reader + READER_DETAILS + at, v128.load(version + VERSION_LABEL + at));
  }
  leave(reader);
  return bytes;
}

// Parts of the index in order, for every reader; `version` as {@link enter} gave it. Each writes up to
// `countMax` (at most DETAILS_MAX) entries to the reader's details and returns how many.

/** The prefixes that begin with the digits of a key, from another key on. */
export function listPrefixes(
  reader: u32,
  version: u32,
  digits: f64,
  from: f64,
  countMax: u32,
): u32 {
  return walkPrefixesWith(reader, version, digits, from, countMax);
}

/** The runs that come after `from` to `to` in the order of runs and end at or after `reach`. */
export function listRuns(
  reader: u32,
  version: u32,
  from: f64,
  to: f64,
  reach: f64,
  countMax: u32,
): u32 {
  return walkRunsAfter(reader, version, from, to, reach, countMax);
}

/** The ported numbers from a key on, below `end`. */
export function listPorted(reader: u32, version: u32, from: f64, end: f64, countMax: u32): u32 {
  return listPortedWithin(reader, version, <u64>from, <u64>end, countMax);
}

// For the writer's thread, which needs not enter: the current version stays while it does not publish.

export function walkPrefixes(reader: u32, from: f64, countMax: u32): u32 {
  return walkPrefixesWith(reader, load<u32>(HEADER_CURRENT), NO_DIGITS, from, countMax);
}

export function walkPorted(reader: u32, from: f64, countMax: u32): u32 {
  return portedWalk.walkPorted(reader, load<u32>(HEADER_CURRENT), <u64>from, countMax);
}

export function walkRuns(reader: u32, from: f64, to: f64, countMax: u32): u32 {
  return walkRunsAfter(reader, load<u32>(HEADER_CURRENT), from, to, 0, countMax);
}

export function prefixCount(): u32 {
  return load<u32>(load<u32>(HEADER_CURRENT) + VERSION_PREFIX_COUNT);
}

export function runCount(): u32 {
  return load<u32>(load<u32>(HEADER_CURRENT) + VERSION_RUN_COUNT);
}

export function portedCount(): u32 {
  return load<u32>(load<u32>(HEADER_CURRENT) + VERSION_PORTED_COUNT);
}
