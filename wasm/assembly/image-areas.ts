// Whether the directory of an image is whole: every word that leads somewhere, every area and segment,
// and that their counts are those of their lines (image-lines.ts). Nothing is written.

import {
  AREA_ENTRIES,
  AREA_HEADER_BYTES,
  AREA_KIND,
  AREA_NUMBER,
  AREA_NUMBERS,
  AREA_PALETTE,
  AREA_PALETTE_CAPACITY,
  AREA_PALETTE_COUNT,
  AREA_PORTED_ANSWER,
  AREA_SEGMENTS,
  AREA_TO_BUILD,
  DENSE,
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_DIVISOR,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  DIRECT_CODE_BITS,
  denseDivisor,
  descriptorOf,
  firstNumbersOf,
  hasKeys,
  hasLines,
  isSparse,
  lineOfIndex,
  numbersIn,
  portedAnswerIn,
  SINGLE_SHAPE,
  SINGLE_SHAPE_SPARSE,
  SPARSE,
  SPARSE_SEGMENTS_MAX,
  segmentCountOf,
  spanCountOf,
  spanOf,
  sparseLines,
  TALLY_ENTRIES,
  TALLY_LINES,
  TALLY_LINES_MASK,
  TALLY_OUTSIDE,
  tallyOf,
} from './area';
import { isInArena } from './arena';
import { firstAreaAt, NODE_BYTES, NODE_HEADERS } from './directory';
import { areRoutesWhole, isBackgroundAnswer } from './image-entries';
import { isLineWhole, lineEntries, lineOutside, setLines } from './image-lines';
import { takesBlock, takesRoom } from './image-room';
import {
  ABSENT_AREA,
  AREA_ALIGNMENT,
  AREA_BYTES,
  EMPTY_LINE,
  EMPTY_NODE,
  GENERIC_LINE,
  HEADER_ROOT_END,
  HEADER_ROOT_FIRST,
  LINE_BYTES,
  LINES_MAX,
  NODE_AREAS,
  ROOT,
  ROOT_BYTES,
  SEGMENT_BITS,
} from './layout';
import {
  codeBitsOf,
  FLAG_GENERIC,
  FLAG_SLOW,
  GROUP_NUMBERS,
  GROUPED_SPAN_MAX,
  GROUPS_MAX,
  isListedShape,
  isTabledShape,
  lowCountOf,
} from './line';
import {
  ANSWERS_MAX,
  isLineWord,
  TABLE_ANSWERS,
  TABLE_DIVISOR,
  TABLE_SPANS,
  TABLE_WORDS,
  tableSize,
  wordInTable,
} from './line-table';
import { PALETTE_MAX } from './palette';
import { TABLED_SPAN_MIN } from './segment-shape';

/** Low bits that no listed shape exceeds: with 50 groups they reach over a whole area. */
const LOW_COUNT_MAX: u32 = 19;
/** Low bits of a grouped shape: those of GROUP_NUMBERS. */
const GROUPED_LOW_COUNT: u32 = 3;

/** Ported numbers in the image's lines, and whether an area is to be built anew. */
export let portedEntries: u64 = 0;
export let isAnyToBuild: bool = false;

let routes: u32 = 0;

/** Whether all areas are whole, with routes below `routesMax` only. */
export function areAreasWhole(routesMax: u32): bool {
  routes = routesMax;
  portedEntries = 0;
  isAnyToBuild = false;
  const first = load<u32>(HEADER_ROOT_FIRST);
  const end = load<u32>(HEADER_ROOT_END);
  if (((first | end) & 3) != 0 || first < ROOT || end < first || end > ROOT + ROOT_BYTES)
    return false;
  for (let place = first; place < end; place += 4) {
    const node = load<u32>(place);
    if (node != 0 && !isNodeWhole(EMPTY_NODE + node, firstAreaAt(place))) return false;
  }
  return true;
}

function isNodeWhole(node: u32, firstArea: u32): bool {
  if (!takesBlock(node, NODE_BYTES)) return false;
  for (let index: u32 = 0; index < NODE_AREAS; index++) {
    const place = node + (index << 2);
    const header = load<u32>(place + NODE_HEADERS);
    const dense = load<u32>(place);
    if (header != 0 ? !isAreaWhole(header, dense, firstArea + index) : dense != 0) return false;
  }
  return true;
}

/** Whether an area is whole; `dense` is the word that leads to it if it is dense. */
function isAreaWhole(header: u32, dense: u32, area: u32): bool {
  if (!hasKeys(area) || !isInArena(header, AREA_HEADER_BYTES)) return false;
  if (load<u32>(header + AREA_KIND) == DENSE) {
    const start = header - AREA_ALIGNMENT;
    if (dense != start - ABSENT_AREA || !takesRoom(start, AREA_BYTES, AREA_ALIGNMENT)) return false;
  } else {
    if (load<u32>(header + AREA_KIND) != SPARSE || dense != 0) return false;
    const segments = load<u32>(header + AREA_SEGMENTS);
    if (segments == 0 || segments > SPARSE_SEGMENTS_MAX) return false;
    if (!takesRoom(header, sparseLines(segments) * LINE_BYTES, LINE_BYTES)) return false;
    if (!areBoundsWhole(firstNumbersOf(header), segments)) return false;
  }
  if (load<u32>(header + AREA_NUMBER) != area) return false;
  if (load<u32>(header + AREA_PORTED_ANSWER) != portedAnswerIn(area)) return false;
  if (load<u32>(header + AREA_TO_BUILD) != 0) isAnyToBuild = true;
  if (!isPaletteWhole(header)) return false;
  const segments = segmentCountOf(header);
  let entries: u64 = 0;
  for (let segment: u32 = 0; segment < segments; segment++) {
    if (!isSegmentWhole(header, segment)) return false;
    entries += load<u32>(tallyOf(header, segment) + TALLY_ENTRIES);
  }
  return entries == <u64>load<u32>(header + AREA_ENTRIES);
}

/** Whether the first numbers of a sparse area's segments rise from 0 and are in the area. */
function areBoundsWhole(firstNumbers: u32, segments: u32): bool {
  if (load<u32>(firstNumbers) != 0) return false;
  const end = firstNumbers + (segments << 2);
  for (let at = firstNumbers + 4; at < end; at += 4) {
    if (load<u32>(at) <= load<u32>(at - 4)) return false;
  }
  return load<u32>(end - 4) < AREA_NUMBERS;
}

function isPaletteWhole(header: u32): bool {
  const palette = load<u32>(header + AREA_PALETTE);
  const count = load<u32>(header + AREA_PALETTE_COUNT);
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (count > capacity || capacity > PALETTE_MAX) return false;
  if (capacity != 0 && !takesBlock(palette, capacity << 2)) return false;
  return areRoutesWhole(palette, count, routes);
}

function isSegmentWhole(header: u32, segment: u32): bool {
  const descriptor = descriptorOf(header, segment);
  const tally = tallyOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const lineCount = <u32>load<u16>(tally + TALLY_LINES) & TALLY_LINES_MASK;
  if (!isBackgroundAnswer(load<u32>(descriptor + DESCRIPTOR_DEFAULT), routes)) return false;
  const numbers = numbersIn(header, segment);
  if (!isShapeWhole(header, descriptor, numbers)) return false;
  const span = spanOf(header, descriptor);
  if (!hasLines(lines)) {
    if (lines != EMPTY_LINE && lines != GENERIC_LINE) return false;
    if (lineCount != 0 || span != numbers) return false;
    const single = isSparse(header) ? SINGLE_SHAPE_SPARSE : SINGLE_SHAPE;
    if (load<u32>(descriptor + DESCRIPTOR_SHAPE) != single) return false;
    return load<u32>(tally + TALLY_ENTRIES) == 0 && load<u32>(tally + TALLY_OUTSIDE) == 0;
  }
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const isTabled = isTabledShape(shape);
  if (isTabled) {
    if (!isTableWhole(lines, span, numbers, load<u32>(descriptor + DESCRIPTOR_DEFAULT)))
      return false;
  } else {
    // Every number is in one of the lines; the last of them may lie behind all numbers.
    if (lineCount > LINES_MAX || <u64>lineCount * span < numbers) return false;
    if (!takesRoom(lines, lineCount * LINE_BYTES, LINE_BYTES)) return false;
  }
  setLines(shape, load<u32>(header + AREA_PALETTE_COUNT), routes);
  let entries: u64 = 0;
  let outside: u64 = 0;
  let base: u64 = 0;
  const spans = spanCountOf(header, segment);
  let linesLeft = lineCount;
  for (let index: u32 = 0; index < spans; index++, base += span) {
    const line = lineOfIndex(lines, shape, index);
    if (line == 0) continue;
    if (linesLeft-- == 0 || (isTabled && !takesRoom(line, LINE_BYTES, LINE_BYTES))) return false;
    const held = base < numbers ? <u32>min<u64>(span, numbers - base) : 0;
    if (!isLineWhole(line, held)) return false;
    entries += lineEntries;
    outside += lineOutside;
  }
  if (linesLeft != 0 || entries != <u64>load<u32>(tally + TALLY_ENTRIES)) return false;
  portedEntries += entries;
  return outside == <u64>load<u32>(tally + TALLY_OUTSIDE);
}

/** Whether a table, but for the lines that it leads to, is one of spans of so many numbers. */
function isTableWhole(table: u32, span: u32, numbers: u32, normal: u32): bool {
  const spans = (numbers + span - 1) / span;
  if (!takesRoom(table, tableSize(spans) * LINE_BYTES, LINE_BYTES)) return false;
  if (load<u32>(table, TABLE_SPANS) != spans) return false;
  if (load<u32>(table, TABLE_DIVISOR) != denseDivisor(span)) return false;
  if ((load<u64>(table) & ~FLAG_GENERIC) != FLAG_SLOW) return false;
  if (load<u32>(table, TABLE_ANSWERS) != normal) return false;
  for (let at = table + TABLE_ANSWERS; at < table + TABLE_WORDS; at += 4) {
    if (!isBackgroundAnswer(load<u32>(at), routes)) return false;
  }
  for (let span: u32 = 0; span < spans; span++) {
    const word = wordInTable(table, span);
    if (!isLineWord(word) ? word >> 1 >= ANSWERS_MAX : word == 0) return false;
  }
  return true;
}

/** Whether span, divisor and widths are those that building a segment of so many numbers makes. */
function isShapeWhole(header: u32, descriptor: u32, numbers: u32): bool {
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const span = spanOf(header, descriptor);
  const lowCount = lowCountOf(shape);
  const codeBits = codeBitsOf(shape);
  if (span == 0 || span > numbers || shape >> 28 != 0) return false;
  if (codeBits == 0 || codeBits > DIRECT_CODE_BITS) return false;
  if (isListedShape(shape)) {
    if (lowCount > LOW_COUNT_MAX || (<u64>GROUPS_MAX) << (<u64>lowCount) < span) return false;
  } else {
    if (span > GROUPED_SPAN_MAX || span % GROUP_NUMBERS != 0) return false;
    if (lowCount != GROUPED_LOW_COUNT) return false;
  }
  const isTabled = isTabledShape(shape);
  if (isTabled && (isSparse(header) || span < TABLED_SPAN_MIN)) return false;
  if (!isSparse(header)) {
    const divisor = isTabled ? 0 : denseDivisor(span);
    return load<u32>(descriptor + DESCRIPTOR_DIVISOR) == divisor;
  }
  // Batches take numbers of lines with another span in their shape as they take those of dense areas.
  const spanInShape = shape & 0xffff;
  return spanInShape == span || spanInShape == 0;
}
