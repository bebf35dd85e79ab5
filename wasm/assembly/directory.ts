// The directory: from a key to the segment whose lines hold it, in three loads that stay in the
// processor's cache.
//
// The root has a word for each 2^34 keys, a node one for each of its 1024 areas. An *area* is 2^24
// consecutive keys. Where it has many entries it is *dense* and divided into 256 *segments*, each of
// which has lines of its own; where it has few it is *sparse*, a single segment; without any it is
// absent.
//
//     root               node                       dense area, at a multiple of 4096
//    ┌───────┐          ┌───────────────────┐          0 ┌──────────────────────────────────────┐
//    │ node ─┼─────────▶│ dense area        ├───────────▶│ 256 descriptors of 16 bytes          │
//    │ …     │          │ … 1024 × u32      │       4096 ├──────────────────────────────────────┤
//    │       │          ├───────────────────┤     ┌─────▶│ header, 64 bytes                     │
//    └───────┘          │ header of the area├─────┤ 4160 ├──────────────────────────────────────┤
//                       │ … 1024 × u32      │     │      │ 256 tallies of 12 bytes, 0 …         │
//                       └───────────────────┘     │ 8192 └──────────────────────────────────────┘
//                                                 │        sparse area
//                                                 │    0 ┌──────────────────────────────────────┐
//                                                 └─────▶│ header, 64 bytes                     │
//                                                     64 │ tally, descriptor, multiplier        │
//                                                        └──────────────────────────────────────┘
//
// A lookup in a batch follows only the left way and needs no branch for what is not there: words of
// the root are relative to EMPTY_NODE, words of dense areas relative to ABSENT_AREA, so that 0 leads
// to a node without areas and to an area whose descriptors lead to GENERIC_LINE. Whoever meets that
// line takes the right way.
//
//     descriptor   0       4            8        12        16      multiplier: 2^32 / span, rounded up
//                 ┌───────┬────────────┬────────┬─────────┐        line of a number: number ×
//                 │ lines │ multiplier │ shape  │ default │        multiplier / 2^32 (sparse: 2^48,
//                 │ u32   │ u32        │ line.ts│ answer  │        its own at 96)
//                 └───────┴────────────┴────────┴─────────┘        lines: offset of the first
//     tally        0       2         4       8          12         line count: with flags, TALLY_…
//                 ┌───────┬─────────┬───────┬──────────┐           built: entries in it when it was
//                 │ line  │ built   │ entry │ bytes    │           built, divided by BUILT_UNIT
//                 │ count │         │ count │ outside  │           outside: of blocks of its lines
//                 └───────┴─────────┴───────┴──────────┘
//     header       0      4        8       12        16        20         24       28       32     36
//                 ┌──────┬────────┬───────┬─────────┬─────────┬──────────┬────────┬────────┬──────┬──
//                 │ kind │ area   │ entry │ palette │ palette │ palette  │ ported │ to     │ next │ 0
//                 │      │ number │ count │ offset  │ count   │ capacity │ answer │ build  │ one  │ …
//                 └──────┴────────┴───────┴─────────┴─────────┴──────────┴────────┴────────┴──────┴──
//
// `ported answer` has kind and length of an answer for the area's numbers; 0 in the one area that has
// numbers of several lengths, the first. Areas that the next fold has to build anew have 1 in `to
// build` and are linked. Tallies and counts are the writer's alone.
//
// Readers follow these words while the writer changes them: a word that is stored once may change, and
// the descriptor of an area that readers know may change in its first word, and in its default while nobody
// uses that (background-renew.ts). Everything else is built beside and published by one store.

import { allocate, allocateLines, release, releaseLines } from './arena';
import { unitOf } from './key';
import {
  ABSENT_AREA,
  AREA_ALIGNMENT,
  AREA_BITS,
  EMPTY_LINE,
  EMPTY_NODE,
  GENERIC_LINE,
  HEADER_ROOT_END,
  HEADER_ROOT_FIRST,
  KIND_PORTED,
  LINE_BYTES,
  NODE_AREAS,
  NODE_BITS,
  ROOT,
  ROOT_BYTES,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { FIRST_BITS_AT, FLAG_GENERIC, FLAG_SLOW, shapeOf } from './line';
import { discardBlock } from './retired';

export const DESCRIPTOR_LINES: u32 = 0;
export const DESCRIPTOR_MULTIPLIER: u32 = 4;
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
export const AREA_HEADER_BYTES: u32 = 64;

/** The flags of GENERIC_LINE. */
const GENERIC_FLAGS: u64 = FLAG_SLOW | FLAG_GENERIC;

export const DENSE: u32 = 1;
export const SPARSE: u32 = 2;

const SPARSE_TALLY: u32 = 64;
const SPARSE_DESCRIPTOR: u32 = 80;
export const SPARSE_MULTIPLIER: u32 = 96;
/** The span of a sparse area's lines, which a shape has no room for. */
export const SPARSE_SPAN: u32 = 76;
export const SPARSE_BYTES: u32 = 104;

/** The words that lead to headers, behind those that lead to dense areas; bytes of both. */
export const NODE_HEADERS: u32 = NODE_AREAS * 4;
export const NODE_BYTES: u32 = NODE_AREAS * 8;

/** Low bits and code bits of a segment that has a single line, for any routes. */
const SINGLE_LOW_DENSE: u32 = 11;
const SINGLE_LOW_SPARSE: u32 = 19;
export const DIRECT_CODE_BITS: u32 = 20;

/** The shape of a segment of a dense area that has one line, or none of its own. */
export const SINGLE_SHAPE: u32 = shapeOf(0xffff, SINGLE_LOW_DENSE, DIRECT_CODE_BITS, true);
const SINGLE_SHAPE_SPARSE: u32 = shapeOf(0, SINGLE_LOW_SPARSE, DIRECT_CODE_BITS, true);

/** Begins a directory without areas. */
export function initialiseDirectory(): void {
  writeConstants();
  store<u32>(HEADER_ROOT_FIRST, ROOT);
  store<u32>(HEADER_ROOT_END, ROOT);
}

/** Fills what every index has the same of: see EMPTY_NODE and so on in layout.ts. */
export function writeConstants(): void {
  memory.fill(EMPTY_LINE, 0, EMPTY_NODE + NODE_BYTES - EMPTY_LINE);
  store<u64>(GENERIC_LINE, GENERIC_FLAGS);
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    writeDescriptor(ABSENT_AREA + segment * DESCRIPTOR_BYTES, GENERIC_LINE, 1, SINGLE_SHAPE, 0);
  }
}

export function writeDescriptor(
  descriptor: u32,
  lines: u32,
  multiplier: u32,
  shape: u32,
  answer: u32,
): void {
  store<u32>(descriptor + DESCRIPTOR_LINES, lines);
  store<u32>(descriptor + DESCRIPTOR_MULTIPLIER, multiplier);
  store<u32>(descriptor + DESCRIPTOR_SHAPE, shape);
  store<u32>(descriptor + DESCRIPTOR_DEFAULT, answer);
}

/** Place of the word of the root for an area. */
function rootPlace(area: u32): u32 {
  return ROOT + ((area >> (NODE_BITS - AREA_BITS)) << 2);
}

/** Offset of the header of an area; 0 where it is absent. */
export function headerOf(area: u32): u32 {
  const node = EMPTY_NODE + atomic.load<u32>(rootPlace(area));
  return atomic.load<u32>(node + NODE_HEADERS + ((area & (NODE_AREAS - 1)) << 2));
}

/** The first area from `area` on and below `end` that is not absent; AREAS_END where there is none. */
export function nextArea(area: u32, end: u32 = AREAS_END): u32 {
  const rootEnd = load<u32>(HEADER_ROOT_END);
  while (area < end) {
    const place = max(rootPlace(area), load<u32>(HEADER_ROOT_FIRST));
    if (place >= rootEnd) return AREAS_END;
    if (place > rootPlace(area)) area = firstAreaAt(place);
    const node = load<u32>(place);
    if (node != 0) {
      const headers = EMPTY_NODE + node + NODE_HEADERS;
      for (let at = area & (NODE_AREAS - 1); at < NODE_AREAS; at++) {
        if (load<u32>(headers + (at << 2)) != 0) return (area & ~(NODE_AREAS - 1)) + at;
      }
    }
    area = firstAreaAt(place + 4);
  }
  return AREAS_END;
}

/** The first area that a place in the root stands for. */
export function firstAreaAt(place: u32): u32 {
  return ((place - ROOT) >> 2) << (NODE_BITS - AREA_BITS);
}

/** The number of the first area above all keys. */
export const AREAS_END: u32 = (ROOT_BYTES >> 2) << (NODE_BITS - AREA_BITS);

/**
 * Makes an area known by its header, in place of what it was; a header of 0 makes it absent, and its
 * node too where that was the last one. False where the memory is full.
 */
export function setHeader(area: u32, header: u32): bool {
  const place = rootPlace(area);
  let node = load<u32>(place);
  if (node == 0) {
    if (header == 0) return true;
    const block = allocate(NODE_BYTES);
    if (block == 0) return false;
    memory.fill(block, 0, NODE_BYTES);
    node = block - EMPTY_NODE;
    atomic.store<u32>(place, node);
    if (load<u32>(HEADER_ROOT_END) == load<u32>(HEADER_ROOT_FIRST)) {
      store<u32>(HEADER_ROOT_FIRST, place);
    }
    store<u32>(HEADER_ROOT_FIRST, min(load<u32>(HEADER_ROOT_FIRST), place));
    store<u32>(HEADER_ROOT_END, max(load<u32>(HEADER_ROOT_END), place + 4));
  }
  const at = EMPTY_NODE + node + ((area & (NODE_AREAS - 1)) << 2);
  const isDense = header != 0 && load<u32>(header + AREA_KIND) == DENSE;
  // The header first: who is led to GENERIC_LINE by the one looks at the other.
  atomic.store<u32>(at + NODE_HEADERS, header);
  atomic.store<u32>(at, isDense ? header - AREA_ALIGNMENT - ABSENT_AREA : 0);
  if (header == 0) removeEmptyNode(place);
  return true;
}

/** Makes the node at a place of the root absent if it has no areas. */
function removeEmptyNode(place: u32): void {
  const node = EMPTY_NODE + load<u32>(place);
  for (let at: u32 = 0; at < NODE_AREAS; at++) {
    if (load<u32>(node + NODE_HEADERS + (at << 2)) != 0) return;
  }
  // A node that cannot be noted is better kept than lost.
  if (!discardBlock(node, NODE_BYTES)) return;
  atomic.store<u32>(place, 0);
  let first = load<u32>(HEADER_ROOT_FIRST);
  let end = load<u32>(HEADER_ROOT_END);
  while (first < end && load<u32>(first) == 0) first += 4;
  while (first < end && load<u32>(end - 4) == 0) end -= 4;
  store<u32>(HEADER_ROOT_FIRST, first < end ? first : ROOT);
  store<u32>(HEADER_ROOT_END, first < end ? end : ROOT);
}

/** Offset of the tally of a segment. */
export function tallyOf(header: u32, segment: u32): u32 {
  if (load<u32>(header + AREA_KIND) == SPARSE) return header + SPARSE_TALLY;
  return header + AREA_HEADER_BYTES + segment * TALLY_BYTES;
}

/** Offset of the descriptor of a segment. */
export function descriptorOf(header: u32, segment: u32): u32 {
  if (load<u32>(header + AREA_KIND) == SPARSE) return header + SPARSE_DESCRIPTOR;
  return header - AREA_ALIGNMENT + segment * DESCRIPTOR_BYTES;
}

/** How many numbers a segment of an area has, as a power of two. */
export function segmentBitsOf(header: u32): u32 {
  return load<u32>(header + AREA_KIND) == SPARSE ? AREA_BITS : SEGMENT_BITS;
}

export function segmentCountOf(header: u32): u32 {
  return load<u32>(header + AREA_KIND) == SPARSE ? 1 : SEGMENTS;
}

/** Key of the first number of a segment. */
export function firstKeyOf(header: u32, segment: u32): u64 {
  return ((<u64>load<u32>(header + AREA_NUMBER)) << AREA_BITS) | ((<u64>segment) << SEGMENT_BITS);
}

/** Which segment of an area a key is in. */
export function segmentOf(header: u32, key: u64): u32 {
  if (load<u32>(header + AREA_KIND) == SPARSE) return 0;
  return <u32>(key >> SEGMENT_BITS) & (SEGMENTS - 1);
}

/** Whether a segment's lines, by the offset of the first, are its own. */
export function hasLines(lines: u32): bool {
  return lines > GENERIC_LINE;
}

/** How many numbers a line of a segment spans. */
export function spanOf(header: u32, descriptor: u32): u32 {
  if (load<u32>(header + AREA_KIND) == SPARSE) return load<u32>(header + SPARSE_SPAN);
  const span = load<u32>(descriptor + DESCRIPTOR_SHAPE) & 0xffff;
  return span == 0xffff ? 1 << SEGMENT_BITS : span;
}

/** Which line of a segment a number of it is in. */
export function lineOfNumber(header: u32, descriptor: u32, number: u32): u32 {
  if (load<u32>(header + AREA_KIND) == SPARSE) {
    return <u32>((<u64>number * load<u64>(header + SPARSE_MULTIPLIER)) >> 48);
  }
  return <u32>((<u64>number * <u64>load<u32>(descriptor + DESCRIPTOR_MULTIPLIER)) >> 32);
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

/** The multiplier of a segment of a dense area whose lines each span `span` numbers. */
export function multiplierOf(span: u32): u32 {
  const scale: u64 = 1 << 32;
  // A single line needs none, and one number to a line does not occur: lines are too few.
  return span >> SEGMENT_BITS != 0 ? 1 : <u32>((scale + span - 1) / span);
}

/** The same for a sparse area. */
export function sparseMultiplierOf(span: u32): u64 {
  const scale: u64 = 1 << 48;
  return (scale + span - 1) / span;
}

/** Writes tally and descriptor of a sparse area whose lines each span `span` numbers. */
export function writeSparse(header: u32, lines: u32, lineCount: u32, span: u32, shape: u32): void {
  memory.fill(header + SPARSE_TALLY, 0, SPARSE_BYTES - SPARSE_TALLY);
  store<u16>(header + SPARSE_TALLY + TALLY_LINES, <u16>lineCount);
  store<u32>(header + SPARSE_SPAN, span);
  store<u64>(header + SPARSE_MULTIPLIER, sparseMultiplierOf(span));
  writeDescriptor(header + SPARSE_DESCRIPTOR, lines, 0, shape, 0);
}

/** Makes an area of one line for the numbers around a key; its header, 0 where the memory is full. */
export function makeSparseArea(key: u64): u32 {
  const line = makeLine();
  if (line == 0) return 0;
  const header = allocate(SPARSE_BYTES);
  if (header != 0) {
    initialiseHeader(header, SPARSE, <u32>(key >> AREA_BITS));
    writeSparse(header, line, 1, 1 << AREA_BITS, SINGLE_SHAPE_SPARSE);
    if (setHeader(<u32>(key >> AREA_BITS), header)) return header;
    release(header, SPARSE_BYTES);
  }
  releaseLines(line, 1);
  return 0;
}

/** A listed line without entries, whose background has to be looked up; 0 where the memory is full. */
function makeLine(): u32 {
  const line = allocateLines(1);
  if (line == 0) return 0;
  memory.fill(line, 0, LINE_BYTES);
  store<u64>(line, GENERIC_FLAGS);
  store<u64>(line + FIRST_BITS_AT, 1);
  return line;
}

/** Gives a segment of a dense area a line of its own, without entries. False: the memory is full. */
export function makeOwnLine(descriptor: u32, tally: u32): bool {
  const line = makeLine();
  if (line == 0) return false;
  store<u16>(tally + TALLY_LINES, load<u16>(tally + TALLY_LINES) | 1);
  atomic.store<u32>(descriptor + DESCRIPTOR_LINES, line);
  return true;
}
