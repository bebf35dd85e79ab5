// All ported numbers in order, in pages, for the writer's thread: it takes lines apart in its scratch.

import {
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  lineOfIndex,
  lineOfNumber,
  numbersIn,
  segmentCountOf,
  segmentOf,
  spanOf,
} from './area';
import {
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  firstEntryFrom,
  routesOf,
  userDataOf,
} from './columns';
import { AREAS_END, headerOf, nextArea } from './directory';
import {
  AREA_BITS,
  DETAILS_MAX,
  ENTRIES_MAX,
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  KIND_PORTED,
  NO_USER_DATA,
  READER_DETAILS,
  RECORD_BYTES,
} from './layout';
import { takeApart, takeColumns, takeTo } from './line-write';
import { columnsFor, lineAt, lineFlags } from './ported-read';
import { writeEntry } from './record';

let record: u32 = 0;
let recordEnd: u32 = 0;

/**
 * Writes up to `countMax` (at most DETAILS_MAX) ported numbers from a key on to the reader's details, in
 * order. Returns how many.
 */
export function walkPorted(reader: u32, version: u32, from: u64, countMax: u32): u32 {
  const details = reader + READER_DETAILS;
  record = details;
  recordEnd = details + min(countMax, DETAILS_MAX) * RECORD_BYTES;
  let area = nextArea(<u32>(from >> AREA_BITS));
  for (; area < AREAS_END && record < recordEnd; area = nextArea(area + 1)) {
    const header = headerOf(area);
    const segments = segmentCountOf(header);
    let segment = from > firstKeyOf(header, 0) ? segmentOf(header, from) : 0;
    for (; segment < segments && record < recordEnd; segment++) {
      walkSegment(version, header, segment, from);
    }
  }
  return (record - details) / RECORD_BYTES;
}

function walkSegment(version: u32, header: u32, segment: u32, from: u64): void {
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) return;
  const first = firstKeyOf(header, segment);
  const span = spanOf(header, descriptor);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const numberEnd = numbersIn(header, segment);
  let number: u32 = from > first ? <u32>(from - first) : 0;
  while (number < numberEnd && record < recordEnd) {
    const index = lineOfNumber(header, descriptor, number);
    const base = index * span;
    const line = lineOfIndex(lines, shape, index);
    if (line != 0) walkLine(version, header, shape, line, first + base, from);
    number = base + span;
  }
}

function walkLine(version: u32, header: u32, shape: u32, line: u32, base: u64, from: u64): void {
  const columns = columnsFor(version, line);
  takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
  let count: u32;
  if (columns == 0) count = takeApart(header, shape, lineAt, lineFlags, 0, 0);
  else if (load<u32>(columns + COLUMNS_COUNT) <= ENTRIES_MAX) count = takeColumns(columns, 0, 0);
  else return walkColumns(columns, base, from);
  for (let entry: u32 = 0; entry < count; entry++) {
    const key = base + load<u32>(ENTRY_OFFSETS + (entry << 2));
    if (key < from) continue;
    if (record == recordEnd) return;
    const route = load<u32>(ENTRY_ROUTES + (entry << 2));
    tell(key, route, load<f64>(ENTRY_USERS + (entry << 3)));
  }
}

/** Tells what columns have that are too long for the scratch. */
function walkColumns(columns: u32, base: u64, from: u64): void {
  const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
  const count = load<u32>(columns + COLUMNS_COUNT);
  let entry = firstEntryFrom(columns, from > base ? <u32>(from - base) : 0);
  for (; entry < count && record < recordEnd; entry++) {
    const number = load<u32>(columns + COLUMNS_NUMBERS + (entry << 2));
    const user = users != 0 ? load<f64>(users + (entry << 3)) : NO_USER_DATA;
    tell(base + number, load<u32>(routesOf(columns) + (entry << 2)), user);
  }
}

function tell(key: u64, route: u32, userData: f64): void {
  writeEntry(record, <f64>key, <f64>key, route, KIND_PORTED, userData);
  record += RECORD_BYTES;
}
