// Building the lines of a segment from its entries: which shape costs least, and writing it.
//
// All lines of a segment span the same number of keys, so that the line of a key is computed and not
// looked up. With entries at random some lines get more than fit: what has no room then lies outside.
// Fewer lines mean more outside; the least sum of both is looked for around what the bits ask for.

import { allocateLines, releaseLines } from './arena';
import { columnsBytes } from './columns';
import { DIRECT_CODE_BITS } from './directory';
import { lineBlockSize } from './free-blocks';
import { LINE_BUFFER, LINE_BYTES, LINES_MAX, SEGMENT_BITS } from './layout';
import {
  GROUP_BYTES_AT,
  GROUP_NUMBERS,
  GROUPED_SPAN_MAX,
  GROUPS_MAX,
  LINE_BITS,
  LISTED_MAX,
  LOW_BITS_AT,
  OUTSIDE_HEADER_BYTES,
  OUTSIDE_POINTER_BYTES,
  shapeOf,
} from './line';
import { determineBackground } from './line-background';
import {
  bytesOutside,
  encodeLine,
  releaseOutside,
  setBase,
  storeLine,
  takeFrom,
} from './line-write';
import { codeBitsNeeded, NO_CODE, paletteCode } from './palette';

/** What {@link buildLines} made. */
export let builtLines: u32 = 0;
export let builtLineCount: u32 = 0;
export let builtSpan: u32 = 0;
export let builtShape: u32 = 0;
export let builtOutside: u32 = 0;

/**
 * What lies outside of a line costs a hit another miss of the cache, so a byte of it counts more. With a
 * weight of 3 a ported number at a density of 10% takes 0.1 bytes more, and a fifth as many hits miss.
 */
const OUTSIDE_WEIGHT: u64 = 3;

/** Listed lines take longer to look into: they have to be that much smaller, in eighths. */
const LISTED_EIGHTHS: u64 = 6;

let numbers: u32 = 0;
let count: u32 = 0;
let segmentBits: u32 = 0;
let codeBits: u32 = 0;

let bestCost: u64 = 0;
let bestLineCount: u32 = 0;
let bestLowCount: u32 = 0;
let bestIsListed: bool = false;

/**
 * Builds the lines for `entryCount` entries of 2^`bits` numbers, whose columns are given (`users` 0
 * where there is no user data); `first` is the key of number 0 and `normal` the default answer of the
 * segment. False where the memory is full; then nothing is left of it.
 */
export function buildLines(
  header: u32,
  version: u32,
  first: u64,
  bits: u32,
  normal: u32,
  entryCount: u32,
  numbersAt: u32,
  routesAt: u32,
  users: u32,
): bool {
  numbers = numbersAt;
  count = entryCount;
  segmentBits = bits;
  codeBits = codeBitsFor(header, routesAt);
  chooseShape();
  builtLineCount = bestLineCount;
  builtSpan = spanFor(bestLineCount, bestIsListed);
  const spanInShape =
    builtSpan >> SEGMENT_BITS == 0 ? builtSpan : bits == SEGMENT_BITS ? 0xffff : 0;
  builtShape = shapeOf(spanInShape, bestLowCount, codeBits, bestIsListed);
  builtLines = allocateLines(builtLineCount);
  if (builtLines == 0) return false;

  builtOutside = 0;
  takeFrom(numbersAt, routesAt, users, 0);
  let from: u32 = 0;
  for (let line: u32 = 0; line < builtLineCount; line++) {
    // The last lines may lie behind the segment: then there is nothing in them.
    const base = line * builtSpan;
    const end = min<u64>(<u64>base + builtSpan, (1 as u64) << (<u64>bits));
    let to = from;
    while (to < count && <u64>load<u32>(numbers + (to << 2)) < end) to++;
    setBase(base);
    const span = <u64>base < end ? <u32>(end - base) : 0;
    determineBackground(version, first + base, span, normal);
    if (!encodeLine(header, builtShape, from, to)) {
      dropLines(builtLines, line);
      releaseLines(builtLines, builtLineCount);
      return false;
    }
    storeLine(builtLines + line * LINE_BYTES, LINE_BUFFER);
    builtOutside += bytesOutside;
    from = to;
  }
  return true;
}

/** Releases what the first `lineCount` lines have outside. */
function dropLines(lines: u32, lineCount: u32): void {
  for (let line: u32 = 0; line < lineCount; line++) {
    const at = lines + line * LINE_BYTES;
    releaseOutside(at, load<u64>(at));
  }
}

/** Puts all routes into the palette, if they fit; the bits of a code. */
function codeBitsFor(header: u32, routesAt: u32): u32 {
  for (let entry: u32 = 0; entry < count; entry++) {
    if (paletteCode(header, load<u32>(routesAt + (entry << 2))) == NO_CODE) return DIRECT_CODE_BITS;
  }
  return codeBitsNeeded(header);
}

/** Where the density, in numbers per entry, makes only one form worth trying. */
const LISTED_NUMBERS_MIN: u32 = 9;
const GROUPED_NUMBERS_MAX: u32 = 64;

function chooseShape(): void {
  bestCost = u64.MAX_VALUE;
  const numbersPerEntry = <u32>(((1 as u64) << (<u64>segmentBits)) / max(count, 1));
  if (segmentBits == SEGMENT_BITS && numbersPerEntry <= GROUPED_NUMBERS_MAX) tryGrouped();
  const grouped = bestCost;
  if (grouped != u64.MAX_VALUE && numbersPerEntry < LISTED_NUMBERS_MIN) return;
  tryListed();
  if (!bestIsListed || grouped == u64.MAX_VALUE) return;
  if (bestCost * 8 <= grouped * LISTED_EIGHTHS) return;
  bestCost = u64.MAX_VALUE;
  tryGrouped();
}

/** Numbers that each of so many lines spans. */
function spanFor(lineCount: u32, isListed: bool): u32 {
  const span = <u32>(((1 as u64) << (<u64>segmentBits)) + lineCount - 1) / lineCount;
  return isListed ? span : (span + GROUP_NUMBERS - 1) & ~(GROUP_NUMBERS - 1);
}

function tryGrouped(): void {
  const lineCountMin = ((1 << SEGMENT_BITS) + GROUPED_SPAN_MAX - 1) / GROUPED_SPAN_MAX;
  const room = LINE_BITS - (GROUP_BYTES_AT << 3);
  const bits = groupCountOfAll() * 8 + count * codeBits;
  const fitting = max(lineCountMin, bits / room);
  tryAround(fitting, lineCountMin, false);
}

function groupCountOfAll(): u32 {
  let groups: u32 = 0;
  let last: u32 = 0xffff_ffff;
  for (let entry: u32 = 0; entry < count; entry++) {
    const group = load<u32>(numbers + (entry << 2)) >> 3;
    if (group != last) groups++;
    last = group;
  }
  return groups;
}

function tryListed(): void {
  // A third more bits for the low ones than a number takes that knows its neighbours: it evens out.
  const numbersPerEntry = ((1 as u64) << (<u64>segmentBits)) / max(count, 1);
  const low = 64 - <u32>clz<u64>(numbersPerEntry);
  const perLine = max((LINE_BITS - LOW_BITS_AT) / (max(low, 2) - 1 + codeBits), 1);
  tryAround(max(count / min(perLine, LISTED_MAX), 1), 1, true);
}

/** Numbers of lines that are tried in a row. */
const TRIES: u32 = 6;

/** Tries numbers of lines around one, but not fewer than `lineCountMin`. */
function tryAround(lineCount: u32, lineCountMin: u32, isListed: bool): void {
  const step = max(lineCount >> 4, 1);
  let tried: u32 = 0;
  let at = max(lineCount, step + 1) - step;
  for (let left = TRIES; left > 0; left--, at += step) {
    const size = lineBlockSize(min(max(at, lineCountMin), LINES_MAX));
    if (size == tried) continue;
    tried = size;
    const before = bestCost;
    tryLines(size, isListed);
    // Costs fall and then rise: once they rise again, the least is known.
    if (bestCost == before && bestIsListed == isListed && bestCost != u64.MAX_VALUE) return;
  }
}

/** Takes a number of lines if what it costs is less than the best so far. */
function tryLines(lineCount: u32, isListed: bool): void {
  const span = spanFor(lineCount, isListed);
  if (!isListed && (span > GROUPED_SPAN_MAX || span == 0)) return;
  // A segment of a dense area knows its span by 16 bits.
  let lowCount: u32 = isListed ? 0 : 3;
  while (GROUPS_MAX << lowCount < span) lowCount++;
  let cost = <u64>lineCount * LINE_BYTES;
  const headBits = isListed ? LOW_BITS_AT : GROUP_BYTES_AT << 3;
  let from: u32 = 0;
  let end: u64 = span;
  let groups: u32 = 0;
  let lastGroup: u32 = 0xffff_ffff;
  for (let entry: u32 = 0; entry <= count; entry++) {
    const number = entry < count ? load<u32>(numbers + (entry << 2)) : 0xffff_ffff;
    if (<u64>number >= end) {
      const held = entry - from;
      const numberBits = headBits + (isListed ? held * lowCount : groups * 8);
      if (cost < bestCost) cost += outsideCost(held, numberBits, isListed) * OUTSIDE_WEIGHT;
      from = entry;
      groups = 0;
      end = (<u64>number / span + 1) * span;
    }
    const group = number >> 3;
    if (group != lastGroup) groups++;
    lastGroup = group;
  }
  if (cost >= bestCost) return;
  bestCost = cost;
  bestLineCount = lineCount;
  bestLowCount = lowCount;
  bestIsListed = isListed;
}

/** Bytes outside of a line with so many entries. */
function outsideCost(held: u32, numberBits: u32, isListed: bool): u32 {
  const bits = numberBits + held * codeBits;
  if (bits <= LINE_BITS && (!isListed || held <= LISTED_MAX)) return 0;
  const room = LINE_BITS - OUTSIDE_POINTER_BYTES * 8;
  if (numberBits > room || (isListed && held > LISTED_MAX)) return <u32>columnsBytes(held, false);
  return OUTSIDE_HEADER_BYTES + (((bits - room + 31) >> 5) << 2);
}
