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
// entry between two, no line is needed. Where all entries lie in one part of an area, as in one that fills up in the
// order of its numbers or that a numbering range begins in, they are one cluster however thin they are.

import {
  AREA_CHANGED,
  AREA_ENTRIES,
  AREA_NUMBER,
  AREA_NUMBERS,
  AREA_PALETTE,
  BUILT_UNIT,
  DESCRIPTOR_BYTES,
  descriptorOf,
  firstNumberOf,
  firstNumbersOf,
  initialiseSparse,
  SPARSE_SEGMENTS_MAX,
  segmentCountOf,
  sparseLines,
  TALLY_BUILT,
  TALLY_BYTES,
  tallyOf,
} from './area';
import { allocateLines, releaseLines } from './arena';
import { BOUNDS, ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS } from './layout';
import { GROUP_NUMBERS } from './line';
import { takeTo, tookUserData } from './line-write';
import { releasePalette } from './palette';
import { buildSegment, codeBitsFor, gather, needsBuilding, releaseSegment } from './segment-build';
import { bestCost, chooseShape, isPart } from './segment-shape';

/** Entries of a cluster are at most so many numbers apart. */
const CLUSTER_GAP_MAX: u32 = 64;
/** Those of a thin cluster, as of a range with one ported number in a hundred; and how many it has at least. */
const THIN_GAP_MAX: u32 = 1024;
const THIN_ENTRIES_MIN: u32 = 64;
/** How many entries a cluster has at least, to begin with; twice as many, and so on, where that costs less. */
const CLUSTER_ENTRIES_MIN: u32 = 8;
const CLUSTER_ENTRIES_TRIED_MAX: u32 = 64;
/** What a segment costs beside its lines. */
const SEGMENT_BYTES: u64 = 4 + DESCRIPTOR_BYTES + TALLY_BYTES;

// Bounds of the segments in the making: of each the first number, the first entry, and the segment of the area
// before that it is, if it stays as it was. Behind the last the end of all.
const BOUND_ENTRY: u32 = 4;
const BOUND_KEPT: u32 = 8;
const BOUND_BYTES: u32 = 12;
/** In place of a segment of the area before: this one is to be built. */
const NONE: u32 = 0xffff_ffff;

/** How many bounds have been laid. */
let bounds: u32 = 0;

// What the bounds cost that were tried and cost least, and the clusters that they are around: how far apart entries
// are at most, and how many there are at least.
let leastCost: u64 = 0;
let bestGap: u32 = 0;
let bestEntries: u32 = 0;

/** A sparse area of `count` entries in the scratch, not yet in the directory; 0: the memory is full. */
export function newSparse(version: u32, area: u32, count: u32): u32 {
  // Routes get codes before it is known how many segments there will be.
  const first = allocateLines(sparseLines(1));
  if (first == 0) return 0;
  initialiseSparse(first, area, 1);
  const codeBits = codeBitsFor(first, ENTRY_ROUTES, count);
  bounds = 0;
  divide(0, AREA_NUMBERS, 0, count, SPARSE_SEGMENTS_MAX, codeBits);
  const made = emptyOfBounds(first, count);
  if (made == 0) releasePalette(first);
  releaseLines(first, sparseLines(1));
  if (made == 0) return 0;
  const isBuilt = buildBounds(version, made, 0);
  return isBuilt ? made : 0;
}

/**
 * A sparse area in place of one, not yet in the directory: segments that need it are built, and divided where
 * clusters have come; what the others have is taken over. 0 where the memory is full.
 */
export function renewedSparse(version: u32, header: u32): u32 {
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  bounds = 0;
  const segments = segmentCountOf(header);
  let count: u32 = 0;
  let changed = load<u32>(header + AREA_CHANGED);
  for (let segment: u32 = 0; segment < segments; segment++) {
    const first = firstNumberOf(header, segment);
    const tally = tallyOf(header, segment);
    if (!needsBuilding(tally)) {
      layBound(first, count, segment);
      continue;
    }
    const from = count;
    count = gather(header, segment, first, from);
    const built = <u32>load<u16>(tally + TALLY_BUILT) * BUILT_UNIT;
    changed += max(count - from, built) - min(count - from, built);
    const codeBits = codeBitsFor(header, ENTRY_ROUTES + (from << 2), count - from);
    const left = SPARSE_SEGMENTS_MAX - bounds - (segments - segment - 1);
    divide(first, firstNumberOf(header, segment + 1), from, count, left, codeBits);
  }
  const made = emptyOfBounds(header, count);
  if (made == 0) return 0;
  store<u32>(made + AREA_ENTRIES, load<u32>(header + AREA_ENTRIES));
  store<u32>(made + AREA_CHANGED, changed);
  return buildBounds(version, made, header) ? made : 0;
}

/** An area with the bounds that were laid, whose palette is that of another; 0 where the memory is full. */
function emptyOfBounds(other: u32, count: u32): u32 {
  const segments = bounds;
  const made = allocateLines(sparseLines(segments));
  if (made == 0) return 0;
  layBound(AREA_NUMBERS, count, NONE);
  initialiseSparse(made, load<u32>(other + AREA_NUMBER), segments);
  memory.copy(made + AREA_PALETTE, other + AREA_PALETTE, 12);
  store<u32>(made + AREA_ENTRIES, count);
  // All of them before the first is built: where a segment ends is where the next begins.
  for (let segment: u32 = 0; segment < segments; segment++) {
    store<u32>(firstNumbersOf(made) + (segment << 2), boundOf(segment, 0));
  }
  return made;
}

/**
 * Builds the segments of an area with the bounds that were laid, but for those that another area has. False, and
 * nothing is left of it, where the memory is full.
 */
function buildBounds(version: u32, made: u32, other: u32): bool {
  const segments = segmentCountOf(made);
  for (let segment: u32 = 0; segment < segments; segment++) {
    const kept = boundOf(segment, BOUND_KEPT);
    if (kept != NONE) {
      memory.copy(descriptorOf(made, segment), descriptorOf(other, kept), DESCRIPTOR_BYTES);
      memory.copy(tallyOf(made, segment), tallyOf(other, kept), TALLY_BYTES);
      continue;
    }
    const from = boundOf(segment, BOUND_ENTRY);
    const held = boundOf(segment + 1, BOUND_ENTRY) - from;
    const numbers = ENTRY_OFFSETS + (from << 2);
    const routes = ENTRY_ROUTES + (from << 2);
    const users = tookUserData ? ENTRY_USERS + (from << 3) : 0;
    const origin = boundOf(segment, 0);
    if (!buildSegment(version, made, segment, held, numbers, routes, users, origin)) {
      for (let built: u32 = 0; built < segment; built++) {
        if (boundOf(built, BOUND_KEPT) == NONE) releaseSegment(made, built);
      }
      // The palette may have grown, and the old one be on its way out.
      if (other != 0) memory.copy(other + AREA_PALETTE, made + AREA_PALETTE, 12);
      else releasePalette(made);
      releaseLines(made, sparseLines(segments));
      return false;
    }
  }
  return true;
}

/** Whether some of `count` entries in the scratch lie in clusters, or all of them in one part of the area. */
export function hasClusters(count: u32): bool {
  return (
    lieInPart(0, AREA_NUMBERS, 0, count) ||
    hasClustersOf(count, CLUSTER_GAP_MAX, CLUSTER_ENTRIES_MIN) ||
    hasClustersOf(count, THIN_GAP_MAX, THIN_ENTRIES_MIN)
  );
}

function hasClustersOf(count: u32, gapMax: u32, least: u32): bool {
  bounds = 0;
  layBounds(0, AREA_NUMBERS, 0, count, gapMax, least, SPARSE_SEGMENTS_MAX);
  return bounds > 1;
}

/** Releases a sparse area that nobody was led to, none of whose segments another has. */
export function releaseSparse(made: u32): void {
  const segments = segmentCountOf(made);
  for (let segment: u32 = 0; segment < segments; segment++) releaseSegment(made, segment);
  releasePalette(made);
  releaseLines(made, sparseLines(segments));
}

/**
 * Lays the bounds that cost least, of at most `most` segments, for the numbers `first` up to `end` with the
 * entries `from` up to `to`.
 */
function divide(first: u32, end: u32, from: u32, to: u32, most: u32, codeBits: u32): void {
  leastCost = u64.MAX_VALUE;
  bestGap = 0;
  bestEntries = u32.MAX_VALUE;
  for (let least = CLUSTER_ENTRIES_MIN; least <= CLUSTER_ENTRIES_TRIED_MAX; least <<= 1) {
    if (!tryClusters(first, end, from, to, CLUSTER_GAP_MAX, least, most, codeBits)) break;
  }
  tryClusters(first, end, from, to, THIN_GAP_MAX, THIN_ENTRIES_MIN, most, codeBits);
  if (lieInPart(first, end, from, to)) {
    tryClusters(first, end, from, to, u32.MAX_VALUE, THIN_ENTRIES_MIN, most, codeBits);
  }
  layBounds(first, end, from, to, bestGap, bestEntries, most);
}

/**
 * Tries bounds around clusters for {@link divide}, without laying them. False where looking for larger clusters is of
 * no use: there are none, or these cost more than what was found.
 */
function tryClusters(
  first: u32,
  end: u32,
  from: u32,
  to: u32,
  gapMax: u32,
  least: u32,
  most: u32,
  codeBits: u32,
): bool {
  const before = bounds;
  const areLaid = layBounds(first, end, from, to, gapMax, least, most);
  const isDivided = bounds > before + 1;
  let isWorse = false;
  if (areLaid && isDivided) {
    if (leastCost == u64.MAX_VALUE) {
      chooseShape(ENTRY_OFFSETS + (from << 2), to - from, first, end - first, codeBits);
      leastCost = bestCost + SEGMENT_BYTES;
    }
    const cost = costOf(before, end, to, codeBits);
    isWorse = cost >= leastCost && bestGap != 0;
    if (cost < leastCost) {
      leastCost = cost;
      bestGap = gapMax;
      bestEntries = least;
    }
  }
  bounds = before;
  return !areLaid || (isDivided && !isWorse);
}

/** Whether entries lie in one part only of the numbers `first` up to `end`. */
function lieInPart(first: u32, end: u32, from: u32, to: u32): bool {
  return from != to && isPart(numberOf(to - 1) - numberOf(from) + 1, end - first);
}

/** What the segments cost whose bounds were laid from one on, where the last ends before a number and an entry. */
function costOf(fromBound: u32, end: u32, to: u32, codeBits: u32): u64 {
  let cost: u64 = 0;
  for (let bound = fromBound; bound < bounds; bound++) {
    const isLast = bound + 1 == bounds;
    const from = boundOf(bound, BOUND_ENTRY);
    const held = (isLast ? to : boundOf(bound + 1, BOUND_ENTRY)) - from;
    cost += SEGMENT_BYTES;
    if (held == 0) continue;
    const first = boundOf(bound, 0);
    const numbers = (isLast ? end : boundOf(bound + 1, 0)) - first;
    chooseShape(ENTRY_OFFSETS + (from << 2), held, first, numbers, codeBits);
    cost += bestCost;
  }
  return cost;
}

/**
 * Lays bounds around clusters of at least `least` entries, each at most `gapMax` numbers from the one
 * before. False where there would be more than `most`.
 */
function layBounds(
  first: u32,
  end: u32,
  from: u32,
  to: u32,
  gapMax: u32,
  least: u32,
  most: u32,
): bool {
  const boundsMax = bounds + most;
  // Where the last cluster ended.
  let endNumber = first;
  let endEntry = from;
  for (let at = from; at < to; ) {
    const behind = clusterEnd(at, to, gapMax);
    if (behind - at >= least) {
      // With the two that this one may add, and one behind it.
      if (bounds + 3 > boundsMax) return false;
      const begins = max(numberOf(at) & ~(GROUP_NUMBERS - 1), endNumber);
      if (begins > endNumber) layBound(endNumber, endEntry, NONE);
      layBound(begins, at, NONE);
      endNumber = min((numberOf(behind - 1) | (GROUP_NUMBERS - 1)) + 1, end);
      endEntry = behind;
    }
    at = behind;
  }
  if (endNumber < end) layBound(endNumber, endEntry, NONE);
  return true;
}

/** The first entry behind the cluster that begins with one. */
function clusterEnd(from: u32, end: u32, gapMax: u32): u32 {
  let to = from + 1;
  while (to < end && numberOf(to) - numberOf(to - 1) <= gapMax) to++;
  return to;
}

function numberOf(entry: u32): u32 {
  return load<u32>(ENTRY_OFFSETS + (entry << 2));
}

function layBound(number: u32, entry: u32, kept: u32): void {
  const bound = BOUNDS + bounds * BOUND_BYTES;
  store<u32>(bound, number);
  store<u32>(bound + BOUND_ENTRY, entry);
  store<u32>(bound + BOUND_KEPT, kept);
  bounds++;
}

function boundOf(bound: u32, word: u32): u32 {
  return load<u32>(BOUNDS + bound * BOUND_BYTES + word);
}
