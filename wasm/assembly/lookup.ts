// Lookups in batches.
//
// A lookup walks the trie along the digits, remembers the last prefix on its way, and ends at once
// when it meets the number's own ported route. Only otherwise it searches the runs, and the prefix
// counts only where no run covers the number.
//
// Alone, a lookup mostly waits: a node that is not in the cache must come before the next one is
// known. So a group of lookups goes down the trie together, level by level, and their waits overlap.
// With a million ported numbers, batches of 4096 became 2.0 to 2.5 times as fast, batches of one
// stayed as they were (shared 2-core AMD EPYC, Node 20.20 and 24.21, runs in turn, November 2026).
//
// What a lookup under way has to remember is its lane; the lanes lie in the reader's details.
//
//      0              8             16     20       24       28      32
//     ┌──────────────┬─────────────┬──────┬────────┬────────┬───────┐
//     │ first digits │ last digits │ node │ prefix │ length │ place │   digits as in key.ts; prefix:
//     │ u64          │ u64         │ u32  │ u32    │ u32    │ u32   │   the answer that it would be;
//     └──────────────┴─────────────┴──────┴────────┴────────┴───────┘   place: in the batch

import { answerOf } from './answer';
import {
  alignDigits,
  FIRST_DIGITS,
  FRACTION_BITS,
  FRACTION_MASK,
  firstDigits,
  lastDigits,
} from './key';
import {
  KIND_FRAGMENTED,
  KIND_PORTED,
  KIND_PREFIX,
  READER_ANSWERS,
  READER_DETAILS,
  READER_KEYS,
  RECORD_ROUTE,
  VERSION_ROOT,
  VERSION_RUNS,
} from './layout';
import {
  FIELD_DIGIT_0,
  FIELD_PORTED,
  FIELD_PREFIX,
  fieldAddress,
  hasField,
  isLeaf,
  routeOfLeaf,
} from './node';
import { innermostRunAt } from './run-tree';

const LANE_FIRST: u32 = 0;
const LANE_LAST: u32 = 8;
const LANE_NODE: u32 = 16;
const LANE_PREFIX: u32 = 20;
const LANE_LENGTH: u32 = 24;
const LANE_PLACE: u32 = 28;
const LANE_BYTES: u32 = 32;
const LANES_MAX: u32 = 64;

/** Writes the answers (see number-index.ts) to the first `count` keys of the reader's scratch. */
export function answerBatch(reader: u32, version: u32, count: u32): void {
  for (let from: u32 = 0; from < count; from += LANES_MAX) {
    answerGroup(reader, version, from, min(from + LANES_MAX, count));
  }
}

function answerGroup(reader: u32, version: u32, from: u32, to: u32): void {
  const lanes = reader + READER_DETAILS;
  let end = beginLanes(reader, version, from, to);
  for (let depth: u32 = 0; end > lanes; depth++) {
    let kept = lanes;
    for (let lane = lanes; lane < end; lane += LANE_BYTES) {
      if (!descend(reader, version, lane, depth)) continue;
      if (kept != lane) memory.copy(kept, lane, LANE_BYTES);
      kept += LANE_BYTES;
    }
    end = kept;
  }
}

/** Makes a lane for each key and answers what is none; returns the end of the lanes. */
function beginLanes(reader: u32, version: u32, from: u32, to: u32): u32 {
  const root = load<u32>(version + VERSION_ROOT);
  let lane = reader + READER_DETAILS;
  for (let place = from; place < to; place++) {
    const length = alignDigits(load<f64>(reader + READER_KEYS + (place << 3)));
    if (length == 0) {
      store<u32>(reader + READER_ANSWERS + (place << 2), 0);
      continue;
    }
    store<u64>(lane + LANE_FIRST, firstDigits);
    store<u64>(lane + LANE_LAST, lastDigits);
    store<u32>(lane + LANE_NODE, root);
    store<u32>(lane + LANE_PREFIX, 0);
    store<u32>(lane + LANE_LENGTH, length);
    store<u32>(lane + LANE_PLACE, place);
    lane += LANE_BYTES;
  }
  return lane;
}

/** Takes a lookup one node further, `depth` digits being behind it. False: it is answered. */
function descend(reader: u32, version: u32, lane: u32, depth: u32): bool {
  const node = load<u32>(lane + LANE_NODE);
  const head = load<u32>(node);
  const length = load<u32>(lane + LANE_LENGTH);
  if (hasField(head, FIELD_PREFIX)) {
    const route = load<u32>(fieldAddress(node, head, FIELD_PREFIX));
    store<u32>(lane + LANE_PREFIX, answerOf(KIND_PREFIX, depth, route));
  }
  if (depth == length) {
    if (!hasField(head, FIELD_PORTED)) return answerWithoutPorted(reader, version, lane);
    const route = load<u32>(fieldAddress(node, head, FIELD_PORTED));
    return answer(reader, lane, answerOf(KIND_PORTED, length, route));
  }
  const digits = load<u64>(lane + (depth < FIRST_DIGITS ? LANE_FIRST : LANE_LAST));
  const next = (digits & FRACTION_MASK) * 10;
  const field = FIELD_DIGIT_0 + <u32>(next >> FRACTION_BITS);
  if (!hasField(head, field)) return answerWithoutPorted(reader, version, lane);
  const link = load<u32>(fieldAddress(node, head, field));
  if (isLeaf(link)) {
    if (depth + 1 != length) return answerWithoutPorted(reader, version, lane);
    return answer(reader, lane, answerOf(KIND_PORTED, length, routeOfLeaf(link)));
  }
  store<u64>(lane + (depth < FIRST_DIGITS ? LANE_FIRST : LANE_LAST), next);
  store<u32>(lane + LANE_NODE, link);
  return true;
}

/** Answers by the innermost run, or else by the longest prefix. */
function answerWithoutPorted(reader: u32, version: u32, lane: u32): bool {
  const place = load<u32>(lane + LANE_PLACE);
  const key = load<f64>(reader + READER_KEYS + (place << 3));
  const run = innermostRunAt(load<u32>(version + VERSION_RUNS), key);
  if (run == 0) return answer(reader, lane, load<u32>(lane + LANE_PREFIX));
  const route = load<u32>(run + RECORD_ROUTE);
  return answer(reader, lane, answerOf(KIND_FRAGMENTED, load<u32>(lane + LANE_LENGTH), route));
}

function answer(reader: u32, lane: u32, code: u32): bool {
  store<u32>(reader + READER_ANSWERS + (load<u32>(lane + LANE_PLACE) << 2), code);
  return false;
}
