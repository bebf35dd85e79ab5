// Building sparse areas: where their entries lie in clusters, each cluster gets a segment of its own.
//
// Numbers that were given out lie close together, and far from the next ones that were: a carrier's range of
// some hundred subscribers, a quarter of them ported. Lines that all span equally many numbers of an area are
// the wrong ones for that: the one that a cluster lies in has far more entries than it has room for, most
// others have none, and nearly all have several backgrounds. So an area is divided:
//
//     entries      ·  ·     ··· ·· ···· ··               ·     ·· ·· ·   ··· ·
//     segments   │ lines  │ lines of few numbers │ lines      │ lines of few  │ none: one answer     │
//
// A cluster's lines are as those of a dense area, and say mostly nothing of their background. Where there is no
// entry between two, no line is needed.

import {
  AREA_ENTRIES,
  AREA_NUMBERS,
  AREA_PALETTE,
  DESCRIPTOR_BYTES,
  firstNumbersOf,
  initialiseSparse,
  SPARSE_SEGMENTS_MAX,
  segmentCountOf,
  sparseLines,
  TALLY_BYTES,
} from './area';
import { allocateLines, releaseLines } from './arena';
import { BOUNDS, ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS } from './layout';
import { GROUP_NUMBERS } from './line';
import { tookUserData } from './line-write';
import { releasePalette } from './palette';
import { buildSegment, codeBitsFor, releaseSegment } from './segment-build';
import { bestCost, chooseShape } from './segment-shape';

/** Entries of a cluster are at most so many numbers apart. */
const CLUSTER_GAP_MAX: u32 = 64;
/** How many entries a cluster has at least, to begin with; twice as many, and so on, as it costs less. */
const CLUSTER_ENTRIES_MIN: u32 = 8;
const CLUSTER_ENTRIES_TRIED_MAX: u32 = 64;
/** What a segment costs beside its lines. */
const SEGMENT_BYTES: u64 = 4 + DESCRIPTOR_BYTES + TALLY_BYTES;

// Bounds of the segments in the making: the first number and the first entry of each; behind the last, where
// the area ends.
const BOUND_ENTRY: u32 = 4;
const BOUND_BYTES: u32 = 8;

/** A sparse area of `count` entries in the scratch, not yet in the directory; 0: the memory is full. */
export function newSparse(version: u32, area: u32, count: u32): u32 {
  let made = allocateLines(sparseLines(1));
  if (made == 0) return 0;
  initialiseSparse(made, area, 1);
  const segments = divide(made, count);
  if (segments > 1) {
    const larger = allocateLines(sparseLines(segments));
    if (larger == 0) {
      releaseSparse(made, 0);
      return 0;
    }
    initialiseSparse(larger, area, segments);
    memory.copy(larger + AREA_PALETTE, made + AREA_PALETTE, 12);
    releaseLines(made, sparseLines(1));
    made = larger;
  }
  store<u32>(made + AREA_ENTRIES, count);
  // All of them first: where a segment ends is where the next begins.
  for (let segment: u32 = 0; segment < segments; segment++) {
    store<u32>(firstNumbersOf(made) + (segment << 2), boundNumber(segment));
  }
  for (let segment: u32 = 0; segment < segments; segment++) {
    const from = boundEntry(segment);
    const held = boundEntry(segment + 1) - from;
    const numbers = ENTRY_OFFSETS + (from << 2);
    const routes = ENTRY_ROUTES + (from << 2);
    const users = tookUserData ? ENTRY_USERS + (from << 3) : 0;
    const origin = boundNumber(segment);
    if (!buildSegment(version, made, segment, held, numbers, routes, users, origin)) {
      releaseSparse(made, segment);
      return 0;
    }
  }
  return made;
}

/** Whether some of `count` entries in the scratch lie in clusters. */
export function hasClusters(count: u32): bool {
  return layBounds(count, CLUSTER_ENTRIES_MIN) > 1;
}

/** Releases a sparse area that nobody was led to, and whose first segments have been built. */
export function releaseSparse(made: u32, segments: u32): void {
  for (let segment: u32 = 0; segment < segments; segment++) releaseSegment(made, segment);
  releasePalette(made);
  releaseLines(made, sparseLines(segmentCountOf(made)));
}

/** Lays the bounds that cost least; returns how many segments they make. */
function divide(header: u32, count: u32): u32 {
  const codeBits = codeBitsFor(header, ENTRY_ROUTES, count);
  let best: u32 = 0;
  let leastCost: u64 = 0;
  for (let least = CLUSTER_ENTRIES_MIN; least <= CLUSTER_ENTRIES_TRIED_MAX; least <<= 1) {
    const segments = layBounds(count, least);
    if (segments == 1) break;
    if (segments > SPARSE_SEGMENTS_MAX) continue;
    if (best == 0) {
      chooseShape(ENTRY_OFFSETS, count, 0, AREA_NUMBERS, codeBits);
      leastCost = bestCost + SEGMENT_BYTES;
    }
    const cost = costOf(segments, codeBits);
    if (cost >= leastCost && best != 0) break;
    if (cost < leastCost) {
      leastCost = cost;
      best = least;
    }
  }
  return layBounds(count, best != 0 ? best : u32.MAX_VALUE);
}

/** What segments with the bounds that were laid cost. */
function costOf(segments: u32, codeBits: u32): u64 {
  let cost = segments * SEGMENT_BYTES;
  for (let segment: u32 = 0; segment < segments; segment++) {
    const from = boundEntry(segment);
    const held = boundEntry(segment + 1) - from;
    if (held == 0) continue;
    const first = boundNumber(segment);
    const numbers = boundNumber(segment + 1) - first;
    chooseShape(ENTRY_OFFSETS + (from << 2), held, first, numbers, codeBits);
    cost += bestCost;
  }
  return cost;
}

/**
 * Lays bounds around clusters of at least `least` entries; returns how many segments they make, one more than
 * SPARSE_SEGMENTS_MAX where that would be too many.
 */
function layBounds(count: u32, least: u32): u32 {
  let segments: u32 = 0;
  // Where the last cluster ended: its number, its entry.
  let endNumber: u32 = 0;
  let endEntry: u32 = 0;
  for (let from: u32 = 0; from < count; ) {
    const to = clusterEnd(from, count);
    if (to - from >= least) {
      if (segments + 3 > SPARSE_SEGMENTS_MAX) return SPARSE_SEGMENTS_MAX + 1;
      const first = numberOf(from) & ~(GROUP_NUMBERS - 1);
      if (first > endNumber) layBound(segments++, endNumber, endEntry);
      layBound(segments++, first, from);
      endNumber = (numberOf(to - 1) | (GROUP_NUMBERS - 1)) + 1;
      endEntry = to;
    }
    from = to;
  }
  if (endNumber < AREA_NUMBERS) layBound(segments++, endNumber, endEntry);
  layBound(segments, AREA_NUMBERS, count);
  return segments;
}

/** The first entry behind the cluster that begins with one. */
function clusterEnd(from: u32, count: u32): u32 {
  let to = from + 1;
  while (to < count && numberOf(to) - numberOf(to - 1) <= CLUSTER_GAP_MAX) to++;
  return to;
}

function numberOf(entry: u32): u32 {
  return load<u32>(ENTRY_OFFSETS + (entry << 2));
}

function layBound(segment: u32, number: u32, entry: u32): void {
  store<u32>(BOUNDS + segment * BOUND_BYTES, number);
  store<u32>(BOUNDS + segment * BOUND_BYTES + BOUND_ENTRY, entry);
}

function boundNumber(segment: u32): u32 {
  return load<u32>(BOUNDS + segment * BOUND_BYTES);
}

function boundEntry(segment: u32): u32 {
  return load<u32>(BOUNDS + segment * BOUND_BYTES + BOUND_ENTRY);
}
