// Tables of lines, for segments of dense areas whose entries lie in clusters.
//
// The lines of a segment all span equally many numbers, and each takes 64 bytes though it may have no entry. That
// costs little where entries are scattered. But numbers are mostly given out in blocks of a hundred, a thousand or
// ten thousand, and of nine blocks in ten perhaps nobody has ported a number: then nine lines in ten say nothing.
// Such a segment has a table in place of its lines, which says where the line of each span is. Spans without
// entries need none: the table itself has what answers their numbers.
//
//     spans     │ entries │  none   │  none   │ entries │  none   │  …
//     table     │ line    │ answer  │ answer  │ line    │ answer  │  …
//
//      0       8         12      16             64
//     ┌───────┬─────────┬───────┬──────────────┬──────────────────────────┐    flags: slow, and generic where the
//     │ flags │ divisor │ spans │ answers:     │ a word for each span,    │    background of spans without a line
//     │ u64   │ u32     │ u32   │ 12 × u32     │ u32                      │    has to be looked up
//     └───────┴─────────┴───────┴──────────────┴──────────────────────────┘    word: offset of a line, or twice
//                                                                              the place of an answer, plus 1
//
// The table begins like a line, and the divisor in the segment's descriptor is 0: so whoever takes it for the
// segment's lines comes to its first word, which is slow, and looks closer (lookup-table.ts). A span without a line
// may get one, once; it keeps it until the segment is built anew. Answers only change while nobody uses them, because
// the table is generic (background-renew.ts); a reader takes an answer before it looks at the flags.

import { allocateLines, releaseLines } from './arena';
import { lineBlockSize } from './free-blocks';
import { LINE_BYTES } from './layout';
import { FLAG_GENERIC, FLAG_SLOW } from './line';

export const TABLE_DIVISOR: u32 = 8;
export const TABLE_SPANS: u32 = 12;
export const TABLE_ANSWERS: u32 = 16;
export const TABLE_WORDS: u32 = LINE_BYTES;
/** Most answers of a table; the first is the default of the segment. */
export const ANSWERS_MAX: u32 = (TABLE_WORDS - TABLE_ANSWERS) / 4;

/** How many lines the block of a table of so many spans is long. */
export function tableSize(spans: u32): u32 {
  return lineBlockSize((TABLE_WORDS + spans * 4 + LINE_BYTES - 1) / LINE_BYTES);
}

/** A table of so many spans, all with the first answer, and no others yet; 0 where the memory is full. */
export function makeTable(spans: u32, divisor: u32, normal: u32): u32 {
  const table = allocateLines(tableSize(spans));
  if (table == 0) return 0;
  memory.fill(table, 0, tableSize(spans) * LINE_BYTES);
  store<u64>(table, FLAG_SLOW);
  store<u32>(table, divisor, TABLE_DIVISOR);
  store<u32>(table, spans, TABLE_SPANS);
  store<u32>(table, normal, TABLE_ANSWERS);
  for (let span: u32 = 0; span < spans; span++) putInTable(table, span, wordOfAnswer(0));
  return table;
}

/** Releases a table that nobody was led to. */
export function releaseTable(table: u32): void {
  releaseLines(table, tableSize(load<u32>(table, TABLE_SPANS)));
}

/** What the table says of a span. */
export function wordInTable(table: u32, span: u32): u32 {
  return atomic.load<u32>(table + (span << 2), TABLE_WORDS);
}

export function isLineWord(word: u32): bool {
  return (word & 1) == 0;
}

/** The answer that a word which leads to no line is for. */
export function answerOfWord(table: u32, word: u32): u32 {
  return load<u32>(table + ((word >> 1) << 2), TABLE_ANSWERS);
}

function wordOfAnswer(place: u32): u32 {
  return (place << 1) | 1;
}

/** The line of a span; 0 where it has none. */
export function lineInTable(table: u32, span: u32): u32 {
  const word = wordInTable(table, span);
  return isLineWord(word) ? word : 0;
}

export function putInTable(table: u32, span: u32, word: u32): void {
  atomic.store<u32>(table + (span << 2), word, TABLE_WORDS);
}

/**
 * Has a table that nobody was led to, or that is generic, give an answer for a span. False where it has too many
 * others; 0 it can only give where that is the default.
 */
export function putAnswer(table: u32, span: u32, answer: u32): bool {
  for (let place: u32 = 0; place < ANSWERS_MAX; place++) {
    const at = table + TABLE_ANSWERS + (place << 2);
    const held = load<u32>(at);
    if (held != answer) {
      if (place == 0 || held != 0) continue;
      store<u32>(at, answer);
    } else if (place != 0 && answer == 0) return false;
    putInTable(table, span, wordOfAnswer(place));
    return true;
  }
  return false;
}

/** Leaves a table that is generic no answer but the first. */
export function clearAnswers(table: u32, normal: u32): void {
  memory.fill(table + TABLE_ANSWERS, 0, ANSWERS_MAX * 4);
  store<u32>(table, normal, TABLE_ANSWERS);
}

/** The span that a line of a table is of; their count where it is of none. */
export function spanOfLine(table: u32, line: u32): u32 {
  const spans = load<u32>(table, TABLE_SPANS);
  let span: u32 = 0;
  while (span < spans && wordInTable(table, span) != line) span++;
  return span;
}

/** Whether the background of spans without a line has to be looked up. */
export function isTableGeneric(table: u32): bool {
  return (atomic.load<u64>(table) & FLAG_GENERIC) != 0;
}

export function makeTableGeneric(table: u32): void {
  atomic.store<u64>(table, FLAG_SLOW | FLAG_GENERIC);
}

/** Makes a table whose answers are right no longer generic. */
export function useAnswers(table: u32): void {
  atomic.store<u64>(table, FLAG_SLOW);
}
