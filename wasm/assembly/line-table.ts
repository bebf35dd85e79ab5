// Tables of lines, for segments of dense areas whose entries lie in clusters.
//
// The lines of a segment all span equally many numbers, and each takes 64 bytes though it may have no entry. That
// costs little where entries are scattered. But numbers are mostly given out in blocks of a hundred, a thousand or
// ten thousand, and of nine blocks in ten perhaps nobody has ported a number: then nine lines in ten say nothing.
// Such a segment has a table in place of its lines, which says where the line of each span is, and spans without
// entries have none:
//
//     spans     │ entries │  none   │  none   │ entries │  none   │  …
//     table     │ line    │    0    │    0    │ line    │    0    │  …
//
//      0       8         12            64
//     ┌───────┬─────────┬───────┬─────┬───────────────────────────────┐    flags: slow, and generic where the
//     │ flags │ divisor │ spans │ 0 … │ offset of the line of each    │    background of spans without a line
//     │ u64   │ u32     │ u32   │     │ span, u32; 0: it has none     │    has to be looked up
//     └───────┴─────────┴───────┴─────┴───────────────────────────────┘
//
// The table begins like a line, and the divisor in the segment's descriptor is 0: so whoever takes it for the
// segment's lines comes to its first word, which is slow, and looks closer (lookup-table.ts). A line that is added
// is stored in the table once; a span that has a line keeps it until the segment is built anew.

import { allocateLines, releaseLines } from './arena';
import { lineBlockSize } from './free-blocks';
import { LINE_BYTES } from './layout';
import { FLAG_GENERIC, FLAG_SLOW } from './line';

export const TABLE_DIVISOR: u32 = 8;
export const TABLE_SPANS: u32 = 12;
export const TABLE_LINES: u32 = LINE_BYTES;

/** How many lines the block of a table of so many spans is long. */
export function tableSize(spans: u32): u32 {
  return lineBlockSize((TABLE_LINES + spans * 4 + LINE_BYTES - 1) / LINE_BYTES);
}

/** A table of so many spans, none with a line; 0 where the memory is full. */
export function makeTable(spans: u32, divisor: u32): u32 {
  const table = allocateLines(tableSize(spans));
  if (table == 0) return 0;
  memory.fill(table, 0, tableSize(spans) * LINE_BYTES);
  store<u64>(table, FLAG_SLOW);
  store<u32>(table, divisor, TABLE_DIVISOR);
  store<u32>(table, spans, TABLE_SPANS);
  return table;
}

/** Releases a table that nobody was led to. */
export function releaseTable(table: u32): void {
  releaseLines(table, tableSize(load<u32>(table, TABLE_SPANS)));
}

/** The line of a span; 0 where it has none. */
export function lineInTable(table: u32, span: u32): u32 {
  return atomic.load<u32>(table + (span << 2), TABLE_LINES);
}

/** Leads everybody to the line of a span, which had none. */
export function putInTable(table: u32, span: u32, line: u32): void {
  atomic.store<u32>(table + (span << 2), line, TABLE_LINES);
}

/** The span that a line of a table is of; their count where it is of none. */
export function spanOfLine(table: u32, line: u32): u32 {
  const spans = load<u32>(table, TABLE_SPANS);
  let span: u32 = 0;
  while (span < spans && lineInTable(table, span) != line) span++;
  return span;
}

/** Whether the background of spans without a line has to be looked up. */
export function isTableGeneric(table: u32): bool {
  return (atomic.load<u64>(table) & FLAG_GENERIC) != 0;
}

export function makeTableGeneric(table: u32): void {
  atomic.store<u64>(table, FLAG_SLOW | FLAG_GENERIC);
}
