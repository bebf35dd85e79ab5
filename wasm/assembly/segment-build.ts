// Building a segment from its entries: its lines, in the shape that costs least (segment-shape.ts), what
// its descriptor says of them, and its tally, which tells when it is worth building it anew.

import {
  BUILT_UNIT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  DIRECT_CODE_BITS,
  denseDivisor,
  descriptorOf,
  firstKeyOf,
  firstNumberOf,
  hasLines,
  isSparse,
  lineOfIndex,
  numbersIn,
  SINGLE_SHAPE,
  SINGLE_SHAPE_SPARSE,
  segmentCountOf,
  spanCountOf,
  spanOf,
  TALLY_BUILT,
  TALLY_BYTES,
  TALLY_ENTRIES,
  TALLY_LINES,
  TALLY_LINES_MASK,
  TALLY_LOOSE,
  TALLY_OUTSIDE,
  TALLY_STALE,
  TALLY_USER_DATA,
  tallyOf,
  writeDescriptor,
} from './area';
import { allocateLines, releaseLines } from './arena';
import { EMPTY_LINE, GENERIC_LINE, LINE_BUFFER, LINE_BYTES, SEGMENT_BITS } from './layout';
import { isTabledShape, shapeOf, TABLED_SHAPE } from './line';
import {
  backgroundFlags,
  determineBackground,
  dominantAnswer,
  forgetUniform,
  isUniform,
  uniformAnswer,
} from './line-background';
import { makeTable, putAnswer, putInTable, releaseTable } from './line-table';
import {
  bytesOutside,
  encodeLine,
  releaseOutside,
  setBase,
  storeLine,
  takeApart,
  takeFrom,
} from './line-write';
import { codeBitsNeeded, NO_CODE, paletteCode } from './palette';
import {
  bestIsListed,
  bestIsTabled,
  bestLineCount,
  bestLowCount,
  chooseShape,
  spanFor,
  tryTables,
} from './segment-shape';

// What buildLines made.
let builtLines: u32 = 0;
let builtLineCount: u32 = 0;
let builtSpan: u32 = 0;
let builtShape: u32 = 0;
let builtOutside: u32 = 0;

/**
 * Builds a segment of an area that no reader knows yet from `count` entries in columns (`users` 0 where there
 * is no user data); their numbers less `origin` are those in the segment. False where the memory is full;
 * then nothing is left of it.
 */
export function buildSegment(
  version: u32,
  header: u32,
  segment: u32,
  count: u32,
  numbers: u32,
  routes: u32,
  users: u32,
  origin: u32,
): bool {
  const descriptor = descriptorOf(header, segment);
  const tally = tallyOf(header, segment);
  const first = firstKeyOf(header, segment);
  const numberCount = numbersIn(header, segment);
  const normal = dominantAnswer(version, first, numberCount);
  if (count == 0) {
    determineBackground(version, first, numberCount, normal);
    const line = backgroundFlags == 0 ? EMPTY_LINE : GENERIC_LINE;
    if (isSparse(header))
      writeDescriptor(descriptor, line, numberCount, SINGLE_SHAPE_SPARSE, normal);
    else writeDescriptor(descriptor, line, 1, SINGLE_SHAPE, normal);
    memory.fill(tally, 0, TALLY_BYTES);
    return true;
  }
  takeFrom(numbers, routes, users, 0);
  const codeBits = codeBitsFor(header, routes, count);
  chooseShape(numbers, count, origin, numberCount, codeBits);
  if (!isSparse(header)) tryTables();
  if (!buildLines(header, version, first, numberCount, normal, count, numbers, codeBits, origin)) {
    return false;
  }
  let divisor = isSparse(header) ? builtSpan : denseDivisor(builtSpan);
  if (bestIsTabled) divisor = 0;
  writeDescriptor(descriptor, builtLines, divisor, builtShape, normal);
  writeTally(tally, count, users != 0);
  return true;
}

function buildLines(
  header: u32,
  version: u32,
  first: u64,
  numberCount: u32,
  normal: u32,
  count: u32,
  numbers: u32,
  codeBits: u32,
  origin: u32,
): bool {
  const spans = bestLineCount;
  builtSpan = spanFor(bestLineCount, bestIsListed);
  // A shape has room for 16 bits of a span.
  const longSpan: u32 = isSparse(header) ? 0 : 0xffff;
  const spanInShape = builtSpan >> SEGMENT_BITS == 0 ? builtSpan : longSpan;
  builtShape = shapeOf(spanInShape, bestLowCount, codeBits, bestIsListed);
  if (bestIsTabled) builtShape |= TABLED_SHAPE;
  builtLines = bestIsTabled
    ? makeTable(spans, denseDivisor(builtSpan), normal)
    : allocateLines(spans);
  if (builtLines == 0) return false;

  builtOutside = 0;
  forgetUniform();
  builtLineCount = bestIsTabled ? 0 : spans;
  let from: u32 = 0;
  for (let index: u32 = 0; index < spans; index++) {
    // The last lines may lie behind the segment: then there is nothing in them.
    const base = index * builtSpan;
    const end = min(base + builtSpan, numberCount);
    let to = from;
    while (to < count && load<u32>(numbers + (to << 2)) - origin < end) to++;
    setBase(origin + base);
    const span = base < end ? end - base : 0;
    if (bestIsTabled && from == to) {
      // Behind the segment nobody asks.
      if (
        span == 0 ||
        (isUniform(version, first + base, span) && putAnswer(builtLines, index, uniformAnswer))
      )
        continue;
    }
    determineBackground(version, first + base, span, normal);
    const isEncoded = encodeLine(header, builtShape, from, to);
    const line = isEncoded ? placeLine(index) : 0;
    if (line == 0) {
      if (isEncoded) releaseOutside(LINE_BUFFER, load<u64>(LINE_BUFFER));
      releaseAll(builtLines, builtShape, index, spans);
      return false;
    }
    storeLine(line, LINE_BUFFER);
    builtOutside += bytesOutside;
    from = to;
  }
  return true;
}

/** Where the line of a span that is being built has its place; 0 where the memory is full. */
function placeLine(index: u32): u32 {
  if (!bestIsTabled) return builtLines + index * LINE_BYTES;
  const line = allocateLines(1);
  if (line == 0) return 0;
  putInTable(builtLines, index, line);
  builtLineCount++;
  return line;
}

/** Releases the lines of `spans` spans, of which the first `built` are whole, with what they have outside. */
function releaseAll(lines: u32, shape: u32, built: u32, spans: u32): void {
  const isTabled = isTabledShape(shape);
  for (let index: u32 = 0; index < built; index++) {
    const line = lineOfIndex(lines, shape, index);
    if (line == 0) continue;
    releaseOutside(line, load<u64>(line));
    if (isTabled) releaseLines(line, 1);
  }
  if (isTabled) releaseTable(lines);
  else releaseLines(lines, spans);
}

/** Puts all routes into the palette, if they fit; the bits of a code. */
export function codeBitsFor(header: u32, routes: u32, count: u32): u32 {
  for (let entry: u32 = 0; entry < count; entry++) {
    if (paletteCode(header, load<u32>(routes + (entry << 2))) == NO_CODE) return DIRECT_CODE_BITS;
  }
  return codeBitsNeeded(header);
}

function writeTally(tally: u32, count: u32, hasUserData: bool): void {
  const word = builtLineCount | (hasUserData ? TALLY_USER_DATA : 0);
  const loose = builtOutside > outsideMax(word, count) ? TALLY_LOOSE : 0;
  store<u16>(tally + TALLY_LINES, <u16>(word | loose));
  store<u16>(tally + TALLY_BUILT, <u16>min((count + BUILT_UNIT - 1) / BUILT_UNIT, 0xffff));
  store<u32>(tally + TALLY_ENTRIES, count);
  store<u32>(tally + TALLY_OUTSIDE, builtOutside);
}

/** Whether a segment has so many more or fewer entries than when it was built that it is worth it. */
export function needsBuilding(tally: u32): bool {
  const word = <u32>load<u16>(tally + TALLY_LINES);
  if ((word & TALLY_STALE) != 0) return true;
  if ((word & TALLY_LINES_MASK) == 0) return false;
  const entries = load<u32>(tally + TALLY_ENTRIES);
  const built = <u32>load<u16>(tally + TALLY_BUILT) * BUILT_UNIT;
  if (built == 0 || entries > built + (built >> 3) + BUILT_UNIT) return true;
  if (entries + (built >> 2) + BUILT_UNIT < built || entries == 0) return true;
  return (word & TALLY_LOOSE) == 0 && load<u32>(tally + TALLY_OUTSIDE) > outsideMax(word, entries);
}

/** Bytes outside of the lines of a segment from which on another shape may be better. */
function outsideMax(tallyWord: u32, entries: u32): u32 {
  const lineBytes = (tallyWord & TALLY_LINES_MASK) * LINE_BYTES;
  const forUserData = (tallyWord & TALLY_USER_DATA) != 0 ? entries * 12 + lineBytes : 0;
  return (lineBytes >> 2) + LINE_BYTES + forUserData;
}

/** Gathers the entries of a segment into columns; returns the position behind the last. */
export function gather(header: u32, segment: u32, base: u32, at: u32): u32 {
  const descriptor = descriptorOf(header, segment);
  if (!hasLines(load<u32>(descriptor + DESCRIPTOR_LINES))) return at;
  const spans = spanCountOf(header, segment);
  const span = spanOf(header, descriptor);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  for (let index: u32 = 0; index < spans; index++) {
    const line = lineOfIndex(lines, shape, index);
    if (line != 0) at = takeApart(header, shape, line, load<u64>(line), base + index * span, at);
  }
  return at;
}

/** Gathers all entries of an area. */
export function gatherAll(header: u32): u32 {
  const segments = segmentCountOf(header);
  let count: u32 = 0;
  for (let segment: u32 = 0; segment < segments; segment++) {
    count = gather(header, segment, firstNumberOf(header, segment), count);
  }
  return count;
}

/** Releases the lines of a segment that no reader was led to. */
export function releaseSegment(header: u32, segment: u32): void {
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) return;
  const spans = spanCountOf(header, segment);
  releaseAll(lines, load<u32>(descriptor + DESCRIPTOR_SHAPE), spans, spans);
}
