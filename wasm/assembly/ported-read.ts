// Single answers from the lines, as readers on their slow way, `find` and `explain` need them, and the
// first ported number of a range. The quick way of a batch is in lookup.ts.

import {
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  lineOfIndex,
  lineOfNumber,
  numbersIn,
  portedAnswerOf,
  segmentCountOf,
  segmentOf,
  spanOf,
} from './area';
import {
  COLUMNS_COUNT,
  COLUMNS_NUMBERS,
  firstEntryFrom,
  foundUserData,
  routeInColumns,
} from './columns';
import { headerOf, nextArea } from './directory';
import {
  AREA_BITS,
  EMPTY_LINE,
  KEY_END,
  LINE_BYTES,
  NO_ROUTE,
  NO_USER_DATA,
  VERSION_EPOCH,
} from './layout';
import {
  codeOfEntry,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_PIECE,
  FOREIGN_AT,
  findEntry,
  firstNumberFrom,
  foundEntry,
  foundNumber,
  isTabledShape,
  pieceOf,
  userDataOfEntry,
} from './line';
import { answerAt } from './line-background';
import { answerOfWord, isLineWord, isTableGeneric, wordInTable } from './line-table';
import { routeOfCode } from './palette';
import { PATCH_IMAGE, patchOf } from './patch';

/** The answer to one key, which need not be one. */
export function answerOf(version: u32, key: u64): u32 {
  if (findPorted(version, key)) return foundAnswer(key);
  return isBackgroundKnown ? knownBackground : answerAt(version, key);
}

/** The answer to a key with an entry that {@link findPorted} has just found. */
export function foundAnswer(key: u64): u32 {
  return portedAnswerOf(portedHeader, key) | portedRoute;
}

/** What {@link findPorted} found of a number with an entry. */
export let portedRoute: u32 = 0;
export let portedUserData: f64 = NO_USER_DATA;
let portedHeader: u32 = 0;
/** What it found of one without: whether its line says what answers it, and that. */
export let isBackgroundKnown: bool = false;
export let knownBackground: u32 = 0;

/** Whether a number is ported. */
export function findPorted(version: u32, key: u64): bool {
  isBackgroundKnown = false;
  if (key >= <u64>KEY_END) return false;
  const header = headerOf(<u32>(key >> AREA_BITS));
  if (header == 0) return false;
  portedHeader = header;
  const segment = segmentOf(header, key);
  const descriptor = descriptorOf(header, segment);
  const lines = atomic.load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) {
    isBackgroundKnown = lines == EMPTY_LINE;
    knownBackground = load<u32>(descriptor + DESCRIPTOR_DEFAULT);
    return false;
  }
  const number = <u32>(key - firstKeyOf(header, segment));
  const index = lineOfNumber(header, descriptor, number);
  const isTabled = isTabledShape(load<u32>(descriptor + DESCRIPTOR_SHAPE));
  // Loaded once: the span may get a line at any time.
  const word = isTabled ? wordInTable(lines, index) : lines + index * LINE_BYTES;
  if (!isLineWord(word)) {
    knownBackground = answerOfWord(lines, word);
    isBackgroundKnown = !isTableGeneric(lines);
    return false;
  }
  return findInLine(version, header, descriptor, word, number - index * spanOf(header, descriptor));
}

/**
 * Finds a line as a version has it: its offset, in a patch perhaps, is in `lineAt`, its flags in
 * `lineFlags`. Returns the columns that its entries are in; 0 where they are in the line.
 */
export function columnsFor(version: u32, line: u32): u32 {
  lineAt = line;
  lineFlags = atomic.load<u64>(line);
  if ((lineFlags & FLAG_DIRTY) != 0) {
    const patch = patchOf(line, load<u64>(version + VERSION_EPOCH));
    if (patch != 0) {
      lineAt = patch + PATCH_IMAGE;
      lineFlags = load<u64>(lineAt);
    } else {
      // Either the patch is of a newer version, or it has just been folded into the line.
      lineFlags = atomic.load<u64>(line);
    }
  }
  return (lineFlags & FLAG_FOREIGN) != 0 ? load<u32>(lineAt + FOREIGN_AT) : 0;
}

/** See {@link columnsFor}. */
export let lineAt: u32 = 0;
export let lineFlags: u64 = 0;

function findInLine(version: u32, header: u32, descriptor: u32, line: u32, number: u32): bool {
  const columns = columnsFor(version, line);
  if (columns != 0) {
    portedRoute = routeInColumns(columns, number);
    portedUserData = foundUserData;
    if (portedRoute != NO_ROUTE) return true;
  } else {
    const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
    if (findEntry(lineAt, lineFlags, shape, number)) {
      const entry = foundEntry;
      portedRoute = routeOfCode(header, shape, codeOfEntry(lineAt, lineFlags, shape, entry));
      portedUserData = userDataOfEntry(lineAt, lineFlags, shape, entry);
      return true;
    }
  }
  isBackgroundKnown = (lineFlags & FLAG_GENERIC) == 0;
  knownBackground = backgroundInLine(number, load<u32>(descriptor + DESCRIPTOR_DEFAULT));
  return false;
}

/**
 * What answers a number without an entry in the line that {@link columnsFor} has found, where its background
 * has not to be looked up; `normal` is the default of the segment.
 */
export function backgroundInLine(number: u32, normal: u32): u32 {
  if ((lineFlags & FLAG_PIECE) == 0) return normal;
  const piece = load<u64>(pieceOf(lineAt));
  const isInPiece = number >= <u32>(piece & 0xffff) && number <= <u32>((piece >> 16) & 0xffff);
  return isInPiece ? <u32>(piece >> 32) : normal;
}

/** In place of a key: there is none. */
export const NO_KEY: u64 = u64.MAX_VALUE;

/** The first ported number from a key on, below `end`; NO_KEY where there is none. */
export function firstPortedFrom(version: u32, from: u64, end: u64): u64 {
  // Without an end, a search of a few keys would go on over all areas that are absent.
  const areaEnd = <u32>((end + (1 << AREA_BITS) - 1) >> AREA_BITS);
  for (
    let area = nextArea(<u32>(from >> AREA_BITS), areaEnd);
    area < areaEnd;
    area = nextArea(area + 1, areaEnd)
  ) {
    const header = headerOf(area);
    if (header == 0) continue;
    const segments = segmentCountOf(header);
    let segment = from > firstKeyOf(header, 0) ? segmentOf(header, from) : 0;
    for (; segment < segments && firstKeyOf(header, segment) < end; segment++) {
      const key = firstInSegment(version, header, segment, from);
      if (key != NO_KEY) return key < end ? key : NO_KEY;
    }
  }
  return NO_KEY;
}

/** The first ported number of a segment from a key on; NO_KEY where it has none. */
function firstInSegment(version: u32, header: u32, segment: u32, from: u64): u64 {
  const descriptor = descriptorOf(header, segment);
  const lines = atomic.load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) return NO_KEY;
  const first = firstKeyOf(header, segment);
  const span = spanOf(header, descriptor);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const numberEnd = numbersIn(header, segment);
  let number: u32 = from > first ? <u32>(from - first) : 0;
  while (number < numberEnd) {
    const index = lineOfNumber(header, descriptor, number);
    const line = lineOfIndex(lines, shape, index);
    const base = index * span;
    if (line == 0) {
      number = base + span;
      continue;
    }
    const columns = columnsFor(version, line);
    if (columns != 0) {
      const at = firstEntryFrom(columns, number - base);
      if (at < load<u32>(columns + COLUMNS_COUNT)) {
        return first + base + load<u32>(columns + COLUMNS_NUMBERS + (at << 2));
      }
    } else if (firstNumberFrom(lineAt, lineFlags, shape, number - base)) {
      return first + base + foundNumber;
    }
    number = base + span;
  }
  return NO_KEY;
}
