// Where the ported numbers lie: the segments that have lines, in the order of their numbers, for who compares
// two indexes line by line (line-comparison.ts) instead of entry by entry.
//
//      0           8          12      16     20        24        28          30
//     ┌───────────┬──────────┬───────┬──────┬─────────┬─────────┬───────────┬───────────┐
//     │ first     │ offset   │ shape │ span │ numbers │ palette │ how many  │ palette   │
//     │ key   f64 │ of lines │ u32   │ u32  │ u32     │ offset  │ lines u16 │ count u16 │
//     └───────────┴──────────┴───────┴──────┴─────────┴─────────┴───────────┴───────────┘

import {
  AREA_PALETTE,
  AREA_PALETTE_COUNT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  numbersIn,
  segmentCountOf,
  segmentOf,
  spanCountOf,
  spanOf,
} from './area';
import { AREAS_END, headerOf, nextArea } from './directory';
import { AREA_BITS, DETAILS_MAX, READER_DETAILS, RECORD_BYTES } from './layout';

/**
 * Writes up to `countMax` (at most DETAILS_MAX) segments to the reader's details, those that end behind a
 * key. Returns how many.
 */
export function listSegments(reader: u32, from: f64, countMax: u32): u32 {
  const details = reader + READER_DETAILS;
  const end = details + min(countMax, DETAILS_MAX) * RECORD_BYTES;
  const key = <u64>from;
  let record = details;
  let area = nextArea(<u32>(key >> AREA_BITS));
  for (; area < AREAS_END && record < end; area = nextArea(area + 1)) {
    const header = headerOf(area);
    const segments = segmentCountOf(header);
    let segment = key > firstKeyOf(header, 0) ? segmentOf(header, key) : 0;
    for (; segment < segments && record < end; segment++) {
      if (!hasLines(load<u32>(descriptorOf(header, segment) + DESCRIPTOR_LINES))) continue;
      writeSegment(record, header, segment);
      record += RECORD_BYTES;
    }
  }
  return (record - details) / RECORD_BYTES;
}

function writeSegment(record: u32, header: u32, segment: u32): void {
  const descriptor = descriptorOf(header, segment);
  store<f64>(record, <f64>firstKeyOf(header, segment));
  store<u32>(record + 8, load<u32>(descriptor + DESCRIPTOR_LINES));
  store<u32>(record + 12, load<u32>(descriptor + DESCRIPTOR_SHAPE));
  store<u32>(record + 16, spanOf(header, descriptor));
  store<u32>(record + 20, numbersIn(header, segment));
  store<u32>(record + 24, load<u32>(header + AREA_PALETTE));
  store<u16>(record + 28, <u16>spanCountOf(header, segment));
  store<u16>(record + 30, <u16>load<u32>(header + AREA_PALETTE_COUNT));
}
