// Areas: 2^24 consecutive keys each. Where an area has many entries it is *dense* and divided into 256
// *segments* of 2^16 numbers; where it has few it is *sparse* and has segments of any size, one if its
// entries are scattered, more if they lie in clusters (sparse-build.ts). Each segment has lines of its own, or
// none where it has no entries. How one comes from a key to its area is in directory.ts.
//
//      dense area, at a multiple of 4096               sparse area, a block of lines
//     0 ┌──────────────────────────────────────┐          0 ┌──────────────────────────────────────┐
//       │ 256 descriptors of 16 bytes          │            │ header, 64 bytes                     │
//  4096 ├──────────────────────────────────────┤         64 ├──────────────────────────────────────┤
//       │ header, 64 bytes                     │            │ first number of each segment,        │
//  4160 ├──────────────────────────────────────┤            │ rising from 0, u32 each; 0 …         │
//       │ 256 tallies of 12 bytes, 0 …         │    at × 16 ├──────────────────────────────────────┤
//  8192 └──────────────────────────────────────┘            │ descriptor of each, 16 bytes         │
//                                                           ├──────────────────────────────────────┤
//                                                           │ tally of each, 12 bytes              │
//                                                           └──────────────────────────────────────┘
//
//     descriptor   0       4            8        12        16      divisor: where dense, 2^32 / span,
//                 ┌───────┬────────────┬────────┬─────────┐        rounded up, and the line of a number is
//                 │ lines │ divisor    │ shape  │ default │        number × divisor / 2^32; where sparse,
//                 │ u32   │ u32        │ line.ts│ answer  │        the span itself; 0 where there is a table
//                 └───────┴────────────┴────────┴─────────┘        lines: offset of the first, or of the table
//     tally        0       2         4       8          12         line count: with flags, TALLY_…
//                 ┌───────┬─────────┬───────┬──────────┐           built: entries in it when it was
//                 │ line  │ built   │ entry │ bytes    │           built, divided by BUILT_UNIT
//                 │ count │         │ count │ outside  │           outside: of blocks of its lines
//                 └───────┴─────────┴───────┴──────────┘
//     header       0      4        8       12        16        20         24       28      32     36         40
//                 ┌──────┬────────┬───────┬─────────┬─────────┬──────────┬────────┬───────┬──────┬──────────┬─────────┬──
//                 │ kind │ area   │ entry │ palette │ palette │ palette  │ ported │ to    │ next │ segments │ changed │ 0
//                 │      │ number │ count │ offset  │ count   │ capacity │ answer │ build │ one  │          │         │ …
//                 └──────┴────────┴───────┴─────────┴─────────┴──────────┴────────┴───────┴──────┴──────────┴─────────┴──
//
// `ported answer` has kind and length of an answer for the area's numbers; 0 in the one area that has
// numbers of several lengths, the first. Areas that the next fold has to build anew have 1 in `to
// build` and are linked. `segments` is their count in a sparse area, `changed` how many entries these have got
// and lost since the area was divided; both are 0 in a dense one. Tallies and counts are the writer's alone.
//
// Readers follow these words while the writer changes them: a word that is stored once may change, and
// the descriptor of an area that readers know may change in its first word, and in its default while nobody
// uses that (background-renew.ts). Everything else is built beside and published by one store.

import { lineBlockSize } from './free-blocks';
import { unitOf } from './key';
import {
  AREA_ALIGNMENT,
  AREA_BITS,
  GENERIC_LINE,
  KIND_PORTED,
  LINE_BYTES,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { FLAG_GENERIC, FLAG_SLOW, isTabledShape, shapeOf } from './line';
import { lineInTable, spanOfLine, TABLE_DIVISOR, TABLE_SPANS } from './line-table';

export const DESCRIPTOR_LINES: u32 = 0;
export const DESCRIPTOR_DIVISOR: u32 = 4;
export const DESCRIPTOR_SHAPE: u32 = 8;
export const DESCRIPTOR_DEFAULT: u32 = 12;
export const DESCRIPTOR_BYTES: u32 = 16;

export const TALLY_LINES: u32 = 0;
/** The line count alone. */
export const TALLY_LINES_MASK: u32 = 0x7ff;
/** Another default has been stored, see background-renew.ts. */
export const TALLY_RENEWED: u32 = 1 << 12;
/** Some of the entries had user data when the segment was built. */
export const TALLY_USER_DATA: u32 = 1 << 13;
/** The segment was built with much outside, because nothing better was found. */
export const TALLY_LOOSE: u32 = 1 << 14;
/** The background has changed since the segment was built. */
export const TALLY_STALE: u32 = 1 << 15;
export const TALLY_BUILT: u32 = 2;
export const TALLY_ENTRIES: u32 = 4;
export const TALLY_OUTSIDE: u32 = 8;
export const TALLY_BYTES: u32 = 12;
export const BUILT_UNIT: u32 = 4;

export const AREA_KIND: u32 = 0;
export const AREA_NUMBER: u32 = 4;
export const AREA_ENTRIES: u32 = 8;
export const AREA_PALETTE: u32 = 12;
export const AREA_PALETTE_COUNT: u32 = 16;
export const AREA_PALETTE_CAPACITY: u32 = 20;
export const AREA_PORTED_ANSWER: u32 = 24;
export const AREA_TO_BUILD: u32 = 28;
export const AREA_NEXT: u32 = 32;
export const AREA_SEGMENTS: u32 = 36;
export const AREA_CHANGED: u32 = 40;
export const AREA_HEADER_BYTES: u32 = 64;

/** The flags of GENERIC_LINE. */
export const GENERIC_FLAGS: u64 = FLAG_SLOW | FLAG_GENERIC;

export const DENSE: u32 = 1;
export const SPARSE: u32 = 2;

/** Numbers of an area. */
export const AREA_NUMBERS: u32 = 1 << AREA_BITS;

/** Most segments of a sparse area, whose block then has 528 lines of the 1,024 that one may have. */
export const SPARSE_SEGMENTS_MAX: u32 = 1024;

/** Low bits and code bits of a segment that has a single line, for any routes. */
const SINGLE_LOW_DENSE: u32 = 11;
const SINGLE_LOW_SPARSE: u32 = 19;
export const DIRECT_CODE_BITS: u32 = 20;

/** The shape of a segment of a dense area that has one line, or none of its own. */
export const SINGLE_SHAPE: u32 = shapeOf(0xffff, SINGLE_LOW_DENSE, DIRECT_CODE_BITS, true);
/** The same for a sparse area. */
export const SINGLE_SHAPE_SPARSE: u32 = shapeOf(0, SINGLE_LOW_SPARSE, DIRECT_CODE_BITS, true);

export function isSparse(header: u32): bool {
  return load<u32>(header + AREA_KIND) == SPARSE;
}

/** Offset of the first numbers of a sparse area's segments; in the same cache line, if they are few. */
export function firstNumbersOf(header: u32): u32 {
  return header + AREA_HEADER_BYTES;
}

/** Offset of the descriptors of a sparse area of so many segments. */
export function sparseDescriptors(header: u32, segments: u32): u32 {
  return header + AREA_HEADER_BYTES + (((segments + 3) & ~3) << 2);
}

/** How many lines the block of a sparse area of so many segments is long. */
export function sparseLines(segments: u32): u32 {
  const bytes = sparseDescriptors(0, segments) + segments * (DESCRIPTOR_BYTES + TALLY_BYTES);
  return lineBlockSize((bytes + LINE_BYTES - 1) / LINE_BYTES);
}

/** Offset of the tally of a segment. */
export function tallyOf(header: u32, segment: u32): u32 {
  if (!isSparse(header)) return header + AREA_HEADER_BYTES + segment * TALLY_BYTES;
  const segments = load<u32>(header + AREA_SEGMENTS);
  const descriptorsEnd = sparseDescriptors(header, segments) + segments * DESCRIPTOR_BYTES;
  return descriptorsEnd + segment * TALLY_BYTES;
}

/** Offset of the descriptor of a segment. */
export function descriptorOf(header: u32, segment: u32): u32 {
  if (!isSparse(header)) return header - AREA_ALIGNMENT + segment * DESCRIPTOR_BYTES;
  const descriptors = sparseDescriptors(header, load<u32>(header + AREA_SEGMENTS));
  return descriptors + segment * DESCRIPTOR_BYTES;
}

export function segmentCountOf(header: u32): u32 {
  return isSparse(header) ? load<u32>(header + AREA_SEGMENTS) : SEGMENTS;
}

/** The first number of a segment in its area; of one behind the last, the first behind the area. */
export function firstNumberOf(header: u32, segment: u32): u32 {
  if (!isSparse(header)) return segment << SEGMENT_BITS;
  if (segment == load<u32>(header + AREA_SEGMENTS)) return AREA_NUMBERS;
  return load<u32>(firstNumbersOf(header) + (segment << 2));
}

/** How many numbers a segment of an area has. */
export function numbersIn(header: u32, segment: u32): u32 {
  return firstNumberOf(header, segment + 1) - firstNumberOf(header, segment);
}

/** Key of the first number of a segment. */
export function firstKeyOf(header: u32, segment: u32): u64 {
  const area = <u64>load<u32>(header + AREA_NUMBER);
  return (area << AREA_BITS) | <u64>firstNumberOf(header, segment);
}

/** Which segment of an area a key is in. */
export function segmentOf(header: u32, key: u64): u32 {
  const number = <u32>key & (AREA_NUMBERS - 1);
  if (!isSparse(header)) return number >> SEGMENT_BITS;
  const firstNumbers = firstNumbersOf(header);
  let from: u32 = 0;
  let end = load<u32>(header + AREA_SEGMENTS);
  while (end - from > 1) {
    const middle = (from + end) >> 1;
    if (load<u32>(firstNumbers + (middle << 2)) <= number) from = middle;
    else end = middle;
  }
  return from;
}

/** Whether a segment's lines, by the offset of the first, are its own. */
export function hasLines(lines: u32): bool {
  return lines > GENERIC_LINE;
}

/** How many numbers a line of a segment spans. */
export function spanOf(header: u32, descriptor: u32): u32 {
  if (isSparse(header)) return load<u32>(descriptor + DESCRIPTOR_DIVISOR);
  const span = load<u32>(descriptor + DESCRIPTOR_SHAPE) & 0xffff;
  return span == 0xffff ? 1 << SEGMENT_BITS : span;
}

/** Which line of a segment, that has some, a number of it is in. */
export function lineOfNumber(header: u32, descriptor: u32, number: u32): u32 {
  let divisor = load<u32>(descriptor + DESCRIPTOR_DIVISOR);
  if (divisor == 0) divisor = load<u32>(load<u32>(descriptor + DESCRIPTOR_LINES), TABLE_DIVISOR);
  return isSparse(header) ? number / divisor : <u32>((<u64>number * <u64>divisor) >> 32);
}

/** Offset of a line of a segment whose first line, or table, is at `lines`; 0 where the span has none. */
export function lineOfIndex(lines: u32, shape: u32, index: u32): u32 {
  if (isTabledShape(shape)) return lineInTable(lines, index);
  return lines + index * LINE_BYTES;
}

/** Which of them is at an offset; if none is, a number that none has. */
export function indexOfLine(lines: u32, shape: u32, line: u32): u32 {
  if (isTabledShape(shape)) return spanOfLine(lines, line);
  return (line - lines) / LINE_BYTES;
}

/** How many spans a segment has that has lines; where there is no table, each has a line. */
export function spanCountOf(header: u32, segment: u32): u32 {
  const descriptor = descriptorOf(header, segment);
  if (isTabledShape(load<u32>(descriptor + DESCRIPTOR_SHAPE))) {
    return load<u32>(load<u32>(descriptor + DESCRIPTOR_LINES), TABLE_SPANS);
  }
  return lineCountOf(header, segment);
}

/** How many lines of its own a segment has. */
export function lineCountOf(header: u32, segment: u32): u32 {
  return <u32>load<u16>(tallyOf(header, segment) + TALLY_LINES) & TALLY_LINES_MASK;
}

/** What is `divisor` in a segment of a dense area whose lines each span `span` numbers. */
export function denseDivisor(span: u32): u32 {
  const scale: u64 = 1 << 32;
  // A single line needs none, and one number to a line does not occur: lines are too few.
  return span >> SEGMENT_BITS != 0 ? 1 : <u32>((scale + span - 1) / span);
}

export function writeDescriptor(
  descriptor: u32,
  lines: u32,
  divisor: u32,
  shape: u32,
  answer: u32,
): void {
  store<u32>(descriptor + DESCRIPTOR_LINES, lines);
  store<u32>(descriptor + DESCRIPTOR_DIVISOR, divisor);
  store<u32>(descriptor + DESCRIPTOR_SHAPE, shape);
  store<u32>(descriptor + DESCRIPTOR_DEFAULT, answer);
}

/** Kind and length that the answer for a ported number of an area has. */
export function portedAnswerOf(header: u32, key: u64): u32 {
  const answer = load<u32>(header + AREA_PORTED_ANSWER);
  return answer != 0 ? answer : portedAnswer(lengthOf(key));
}

function portedAnswer(length: u32): u32 {
  return (KIND_PORTED << 30) | (length << 26);
}

/** How many digits a key has that is one. */
export function lengthOf(key: u64): u32 {
  let length: u32 = 0;
  for (let unit = unitOf(<f64>key); unit > 1; unit /= 10) length++;
  return length;
}

/** Begins a sparse area of so many segments, all words of which are 0 but for the header's. */
export function initialiseSparse(header: u32, area: u32, segments: u32): void {
  memory.fill(header, 0, sparseLines(segments) * LINE_BYTES);
  initialiseHeader(header, SPARSE, area);
  store<u32>(header + AREA_SEGMENTS, segments);
}

/** Writes the header of an area without a palette. */
export function initialiseHeader(header: u32, kind: u32, area: u32): void {
  memory.fill(header, 0, AREA_HEADER_BYTES);
  store<u32>(header + AREA_KIND, kind);
  store<u32>(header + AREA_NUMBER, area);
  store<u32>(header + AREA_PORTED_ANSWER, portedAnswerIn(area));
}

/** What is `ported answer` in the header of an area. */
export function portedAnswerIn(area: u32): u32 {
  return area == 0 ? 0 : portedAnswer(lengthIn(area));
}

/** Whether an area has numbers that are keys. */
export function hasKeys(area: u32): bool {
  return area == 0 || lengthIn(area) != 0;
}

/** How many digits the keys have that are in an area other than the first; 0 where it has none. */
function lengthIn(area: u32): u32 {
  // Between the numbers of one length and the next lie more keys than an area has, so the first or the
  // last of its keys has the length of all.
  const first = (<u64>area) << AREA_BITS;
  const length = lengthOf(first);
  return length != 0 ? length : lengthOf(first + ((1 << AREA_BITS) - 1));
}
