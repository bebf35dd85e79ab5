// The directory: from a key to its area (area.ts), in two loads that stay in the processor's cache.
//
// The root has a word for each 2^34 keys, a node one for each of its 1024 areas.
//
//     root               node
//    ┌───────┐          ┌───────────────────┐        dense area: 256 descriptors,
//    │ node ─┼─────────▶│ dense area       ─┼──────▶ at a multiple of 4096
//    │ …     │          │ … 1024 × u32      │                               ▲
//    │       │          ├───────────────────┤        header of the area:    │ 4096 bytes
//    └───────┘          │ header of the area┼──────▶ behind the descriptors ┘ if it is dense,
//                       │ … 1024 × u32      │        the beginning of it if it is sparse
//                       └───────────────────┘
//
// A lookup in a batch follows only the upper way and needs no branch for what is not there: words of
// the root are relative to EMPTY_NODE, words of dense areas relative to ABSENT_AREA, so that 0 leads
// to a node without areas and to an area whose descriptors lead to GENERIC_LINE. Whoever meets that
// line takes the lower way.

import {
  AREA_KIND,
  AREA_NUMBERS,
  DENSE,
  DESCRIPTOR_BYTES,
  descriptorOf,
  GENERIC_FLAGS,
  initialiseSparse,
  SINGLE_SHAPE,
  SINGLE_SHAPE_SPARSE,
  sparseLines,
  TALLY_LINES,
  tallyOf,
  writeDescriptor,
} from './area';
import { allocate, allocateLines, releaseLines } from './arena';
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
  LED_GENERIC_LINE,
  LINE_BYTES,
  NODE_AREAS,
  NODE_BITS,
  ROOT,
  ROOT_BYTES,
  SEGMENT_BITS,
  SEGMENTS,
} from './layout';
import { makeLine } from './line-new';
import { discardBlock } from './retired';

/** The words that lead to headers, behind those that lead to dense areas; bytes of both. */
export const NODE_HEADERS: u32 = NODE_AREAS * 4;
export const NODE_BYTES: u32 = NODE_AREAS * 8;

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
  store<u64>(LED_GENERIC_LINE, GENERIC_FLAGS);
  for (let segment: u32 = 0; segment < SEGMENTS; segment++) {
    writeDescriptor(ABSENT_AREA + segment * DESCRIPTOR_BYTES, GENERIC_LINE, 1, SINGLE_SHAPE, 0);
  }
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

/** Makes an area of one line for the numbers around a key; its header, 0 where the memory is full. */
export function makeSparseArea(key: u64): u32 {
  const line = makeLine();
  if (line == 0) return 0;
  const header = allocateLines(sparseLines(1));
  if (header != 0) {
    initialiseSparse(header, <u32>(key >> AREA_BITS), 1);
    writeDescriptor(descriptorOf(header, 0), line, AREA_NUMBERS, SINGLE_SHAPE_SPARSE, 0);
    store<u16>(tallyOf(header, 0) + TALLY_LINES, 1);
    if (setHeader(<u32>(key >> AREA_BITS), header)) return header;
    releaseLines(header, sparseLines(1));
  }
  releaseLines(line, 1);
  return 0;
}
