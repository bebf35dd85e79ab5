// Lines without entries, for segments and spans that have none yet and are about to get their first number.

import {
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  GENERIC_FLAGS,
  TALLY_LINES,
} from './area';
import { allocateLines } from './arena';
import { LINE_BYTES } from './layout';
import { FIRST_BITS_AT, FLAG_SLOW, isListedShape } from './line';
import { answerOfWord, isTableGeneric, putInTable, wordInTable } from './line-table';

/** A line without entries; 0 where the memory is full. */
function makeEmptyLine(isListed: bool, isGeneric: bool): u32 {
  const line = allocateLines(1);
  if (line == 0) return 0;
  memory.fill(line, 0, LINE_BYTES);
  if (isListed) store<u64>(line + FIRST_BITS_AT, 1);
  const flags = isGeneric ? GENERIC_FLAGS : isListed ? FLAG_SLOW : 0;
  store<u64>(line, load<u64>(line) | flags);
  return line;
}

/** A listed line without entries, whose background has to be looked up; 0 where the memory is full. */
export function makeLine(): u32 {
  return makeEmptyLine(true, true);
}

/** Gives a segment that has no lines one of its own, without entries. False: the memory is full. */
export function makeOwnLine(descriptor: u32, tally: u32): bool {
  const line = makeLine();
  if (line == 0) return false;
  store<u16>(tally + TALLY_LINES, load<u16>(tally + TALLY_LINES) | 1);
  atomic.store<u32>(descriptor + DESCRIPTOR_LINES, line);
  return true;
}

/**
 * Gives a span of a segment's table, which has none, a line without entries; 0 where the memory is full. For another
 * background than the default there is no room in it, so that has to be looked up.
 */
export function makeTableLine(descriptor: u32, tally: u32, span: u32): u32 {
  const table = load<u32>(descriptor + DESCRIPTOR_LINES);
  const answer = answerOfWord(table, wordInTable(table, span));
  const isNormal = answer == load<u32>(descriptor + DESCRIPTOR_DEFAULT);
  const isListed = isListedShape(load<u32>(descriptor + DESCRIPTOR_SHAPE));
  const line = makeEmptyLine(isListed, !isNormal || isTableGeneric(table));
  if (line == 0) return 0;
  store<u16>(tally + TALLY_LINES, load<u16>(tally + TALLY_LINES) + 1);
  putInTable(table, span, line);
  return line;
}
