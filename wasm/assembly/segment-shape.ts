// Which shape of its lines costs a segment least.
//
// All lines of a segment span the same number of keys, so that the line of a key is computed and not
// looked up. With entries at random some lines get more than fit: what has no room then lies outside.
// Fewer lines mean more outside; the least sum of both is looked for around what the bits ask for.

import { columnsBytes } from './columns';
import { lineBlockSize } from './free-blocks';
import { LINE_BYTES, LINES_MAX } from './layout';
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
} from './line';
import { tableSize } from './line-table';

/**
 * What lies outside of a line costs a hit another miss of the cache, so a byte of it counts more. With a
 * weight of 3 a ported number at a density of 10% takes 0.1 bytes more, and a fifth as many hits miss.
 */
const OUTSIDE_WEIGHT: u64 = 3;

/** Listed lines take longer to look into: they have to be that much smaller, in eighths. */
const LISTED_EIGHTHS: u64 = 6;

// The entries: where their numbers are and how many, what is subtracted from these to get numbers of the
// segment, and how many of these there are.
let numbers: u32 = 0;
let count: u32 = 0;
let origin: u32 = 0;
let numberCount: u32 = 0;
let codeBits: u32 = 0;

/** What {@link chooseShape} found best: what it costs, how many lines, low bits of a number, the form. */
export let bestCost: u64 = 0;
export let bestLineCount: u32 = 0;
export let bestLowCount: u32 = 0;
export let bestIsListed: bool = false;
/** Whether the lines are in a table; then `bestLineCount` is how many there may be. */
export let bestIsTabled: bool = false;

/** The number in the segment of an entry. */
function numberAt(entry: u32): u32 {
  return load<u32>(numbers + (entry << 2)) - origin;
}

/** Numbers of a group of a grouped line, as a shift. */
const GROUP_BITS: u32 = 3;

/** Where the density, in numbers per entry, makes only one form worth trying. */
const LISTED_NUMBERS_MIN: u32 = 9;
const GROUPED_NUMBERS_MAX: u32 = 64;
/** Most numbers of a segment whose lines are grouped: as many as lines in one block span. */
const GROUPED_NUMBERS_TOTAL_MAX: u32 = LINES_MAX * GROUPED_SPAN_MAX;

/**
 * Chooses the shape for `entryCount` entries of a segment of `segmentNumbers` numbers, whose own numbers
 * less `segmentOrigin` are those in the segment, and whose routes have codes of so many bits.
 */
export function chooseShape(
  numbersAt: u32,
  entryCount: u32,
  segmentOrigin: u32,
  segmentNumbers: u32,
  routeCodeBits: u32,
): void {
  numbers = numbersAt;
  count = entryCount;
  origin = segmentOrigin;
  numberCount = segmentNumbers;
  codeBits = routeCodeBits;
  bestCost = u64.MAX_VALUE;
  bestIsTabled = false;
  const numbersPerEntry = numberCount / max(count, 1);
  if (numberCount <= GROUPED_NUMBERS_TOTAL_MAX && numbersPerEntry <= GROUPED_NUMBERS_MAX)
    tryGrouped();
  const grouped = bestCost;
  if (grouped != u64.MAX_VALUE && numbersPerEntry < LISTED_NUMBERS_MIN) return;
  tryListed();
  if (!bestIsListed || grouped == u64.MAX_VALUE) return;
  if (bestCost * 8 <= grouped * LISTED_EIGHTHS) return;
  bestCost = u64.MAX_VALUE;
  tryGrouped();
}

/** What lines in a table may cost at most, in eighths of what they cost without: they take longer to come to. */
const TABLED_EIGHTHS: u64 = 5;
/** Spans of lines in a table that are tried, in numbers. */
export const TABLED_SPAN_MIN: u32 = 64;
const TABLED_SPAN_MAX: u32 = 4096;

/** Where more than three quarters of the spans of so many numbers, as a shift, have entries, none are tried. */
const SAMPLE_BITS: u32 = 7;

/** Tries lines in a table for the entries of the last {@link chooseShape}. */
export function tryTables(): void {
  if (groupCountOfAll(SAMPLE_BITS) * 4 > (numberCount >> SAMPLE_BITS) * 3) return;
  const grouped = tryTablesOf(false, GROUPED_SPAN_MAX, (bestCost * TABLED_EIGHTHS) >> 3);
  tryTablesOf(true, TABLED_SPAN_MAX, (grouped * LISTED_EIGHTHS) >> 3);
}

/**
 * Tries lines of one form in a table, which span so many numbers or fewer, and takes those that cost least if that is
 * less than `costMax`. Returns the lower of the two costs.
 */
function tryTablesOf(isListed: bool, spanMax: u32, costMax: u64): u64 {
  for (let most = spanMax; most >= TABLED_SPAN_MIN; most = (most * 3) >> 2) {
    const roomy = spanFor((numberCount + most - 1) / most, isListed);
    // Rounded up, these may be more than are needed.
    const spans = (numberCount + roomy - 1) / roomy;
    const span = spanFor(spans, isListed);
    const lowCount = lowCountFor(span, isListed);
    const tableBytes = <u64>tableSize(spans) * LINE_BYTES;
    const linesMax = costMax - min(tableBytes, costMax);
    const cost = tableBytes + costOfLines(span, lowCount, isListed, true, linesMax);
    if (cost >= costMax) continue;
    costMax = cost;
    bestLineCount = spans;
    bestLowCount = lowCount;
    bestIsListed = isListed;
    bestIsTabled = true;
  }
  return costMax;
}

/** Numbers that each of so many lines spans. */
export function spanFor(lineCount: u32, isListed: bool): u32 {
  const span = (numberCount + lineCount - 1) / lineCount;
  return isListed ? span : (span + GROUP_NUMBERS - 1) & ~(GROUP_NUMBERS - 1);
}

function tryGrouped(): void {
  const lineCountMin = (numberCount + GROUPED_SPAN_MAX - 1) / GROUPED_SPAN_MAX;
  const room = LINE_BITS - (GROUP_BYTES_AT << 3);
  const bits = groupCountOfAll(GROUP_BITS) * 8 + count * codeBits;
  const fitting = max(lineCountMin, bits / room);
  tryAround(fitting, lineCountMin, false);
}

/** How many groups of 2^bits numbers have entries. */
function groupCountOfAll(bits: u32): u32 {
  let groups: u32 = 0;
  let last: u32 = 0xffff_ffff;
  for (let entry: u32 = 0; entry < count; entry++) {
    const group = numberAt(entry) >> bits;
    if (group != last) groups++;
    last = group;
  }
  return groups;
}

function tryListed(): void {
  tryAround(listedLinesFor(numberCount), 1, true);
  const spread = spreadOfAll();
  if (!isPart(spread, numberCount)) return;
  // As numbers arrive in their order, say: so many lines that those which have entries have room for them.
  const lineCount = (<u64>listedLinesFor(spread) * numberCount) / spread;
  if (lineCount * LINE_BYTES < bestCost) tryAround(<u32>lineCount, 1, true);
}

/** How many numbers there are from that of the first entry to that of the last. */
function spreadOfAll(): u32 {
  return numberAt(count - 1) - numberAt(0) + 1;
}

/** Whether entries that are spread over so many of some numbers lie in a part of these only. */
export function isPart(spread: u32, numbers: u32): bool {
  return spread < numbers - (numbers >> 3);
}

/** About how many listed lines the entries need where they are spread over so many numbers. */
function listedLinesFor(spread: u32): u32 {
  // A third more bits for the low ones than a number takes that knows its neighbours: it evens out.
  const low = 32 - clz<u32>(spread / max(count, 1));
  const perLine = max((LINE_BITS - LOW_BITS_AT) / (max(low, 2) - 1 + codeBits), 1);
  return max(count / min(perLine, LISTED_MAX), 1);
}

/** Numbers of lines that are tried in a row. */
const TRIES: u32 = 6;
const TRIES_AFTER_BETTER: u32 = 3;

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
    // A listed line that has too many entries has all of them outside: as long as more lines cost less, go on.
    if (isListed && bestCost < before && size < LINES_MAX) left = max(left, TRIES_AFTER_BETTER);
    // Costs fall and then rise: once they rise again, the least is known.
    const isDearer = bestCost == before && bestIsListed == isListed && bestCost != u64.MAX_VALUE;
    if (isDearer && !(isListed && areAllFull(size))) return;
  }
}

/**
 * Whether listed lines, so many of them, would have more entries than they have room for if all that have
 * any had as many. Entries at equal distances fit into all of them at once or into none, and until they
 * do, more lines cost more.
 */
function areAllFull(lineCount: u32): bool {
  const span = spanFor(lineCount, true);
  const room = (LINE_BITS - LOW_BITS_AT) / (lowCountFor(span, true) + codeBits);
  return <u64>count * span > <u64>spreadOfAll() * min(room, LISTED_MAX);
}

/** Bits of a number that a line of such a span has beside the group. */
function lowCountFor(span: u32, isListed: bool): u32 {
  let lowCount: u32 = isListed ? 0 : 3;
  while (GROUPS_MAX << lowCount < span) lowCount++;
  return lowCount;
}

/** Takes a number of lines if what it costs is less than the best so far. */
function tryLines(lineCount: u32, isListed: bool): void {
  const span = spanFor(lineCount, isListed);
  if (!isListed && (span > GROUPED_SPAN_MAX || span == 0)) return;
  const lowCount = lowCountFor(span, isListed);
  const lineBytes = <u64>lineCount * LINE_BYTES;
  const cost =
    lineBytes + costOfLines(span, lowCount, isListed, false, bestCost - min(lineBytes, bestCost));
  if (cost >= bestCost) return;
  bestCost = cost;
  bestLineCount = lineCount;
  bestLowCount = lowCount;
  bestIsListed = isListed;
}

/**
 * What lines that each span so many numbers cost outside of them, and if these have a table, those that have
 * entries themselves. Not more is counted than is of interest.
 */
function costOfLines(span: u32, lowCount: u32, isListed: bool, isTabled: bool, costMax: u64): u64 {
  const headBits = isListed ? LOW_BITS_AT : GROUP_BYTES_AT << 3;
  let cost: u64 = 0;
  let from: u32 = 0;
  let end: u64 = span;
  let groups: u32 = 0;
  let lastGroup: u32 = 0xffff_ffff;
  for (let entry: u32 = 0; entry <= count; entry++) {
    const number = entry < count ? numberAt(entry) : 0xffff_ffff;
    if (<u64>number >= end) {
      const held = entry - from;
      const numberBits = headBits + (isListed ? held * lowCount : groups * 8);
      if (isTabled && held != 0) cost += LINE_BYTES;
      if (cost < costMax) cost += outsideCost(held, numberBits, isListed) * OUTSIDE_WEIGHT;
      from = entry;
      groups = 0;
      end = (<u64>number / span + 1) * span;
    }
    const group = number >> 3;
    if (group != lastGroup) groups++;
    lastGroup = group;
  }
  return cost;
}

/** Bytes outside of a line with so many entries. */
function outsideCost(held: u32, numberBits: u32, isListed: bool): u32 {
  const bits = numberBits + held * codeBits;
  if (bits <= LINE_BITS && (!isListed || held <= LISTED_MAX)) return 0;
  const room = LINE_BITS - OUTSIDE_POINTER_BYTES * 8;
  if (numberBits > room || (isListed && held > LISTED_MAX)) return <u32>columnsBytes(held, false);
  return OUTSIDE_HEADER_BYTES + (((bits - room + 31) >> 5) << 2);
}
