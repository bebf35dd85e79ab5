// Numbers of segments whose lines are in a table: which line theirs is in.
//
// To the loops before, a table is a line, and a slow one (line-table.ts). The lanes that have come to one are led
// on here, all of a group together, so that the loads of one step do not wait for each other.

import { EMPTY_LINE, LED_GENERIC_LINE } from './layout';
import { isTabledShape } from './line';
import {
  answerOfWord,
  isLineWord,
  isTableGeneric,
  TABLE_DIVISOR,
  TABLE_WORDS,
  wordInTable,
} from './line-table';
import { numberOf, setNumber } from './lookup-lane';
import { GROUP_SHIFT, IN_GROUP, LINE, NOTED, OWN, SHAPE } from './lookup-scratch';

/**
 * Gives noted lanes that have come to a table the line of their number. Lanes whose answer the table has
 * are noted no more; returns the end of the others.
 */
export function leadThroughTables(reader: u32, toAnswer: u32, notedEnd: u32): u32 {
  // Nobody has a place in the list of own yet.
  const list = reader + OWN;
  let listEnd = list;
  for (let noted = reader + NOTED; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    store<u32>(listEnd, lane);
    listEnd += u32(isTabledShape(load<u32>(lane, SHAPE))) << 2;
  }
  if (listEnd == list) return notedEnd;
  for (let at = list; at < listEnd; at += 4) findSpan(load<u32>(at));
  for (let at = list; at < listEnd; at += 4) leadToLine(load<u32>(at), toAnswer);
  let left = reader + NOTED;
  for (let noted = left; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    const line = load<u32>(lane, LINE);
    load<u32>(line);
    store<u32>(left, lane);
    left += u32(line != EMPTY_LINE) << 2;
  }
  return left;
}

/** Puts the span of a lane's number into GROUP_SHIFT, the number in that into IN_GROUP. */
function findSpan(lane: u32): void {
  const table = load<u32>(lane, LINE);
  const number = numberOf(lane);
  const span = <u32>((<u64>number * <u64>load<u32>(table, TABLE_DIVISOR)) >> 32);
  load<u32>(table + (span << 2), TABLE_WORDS);
  store<u32>(lane, span, GROUP_SHIFT);
  store<u32>(lane, number - span * (load<u32>(lane, SHAPE) & 0xffff), IN_GROUP);
}

/** Gives the lane the line of the span, or the answer that its numbers have and a line that says nothing. */
function leadToLine(lane: u32, toAnswer: u32): void {
  const table = load<u32>(lane, LINE);
  const word = wordInTable(table, load<u32>(lane, GROUP_SHIFT));
  const hasLine = isLineWord(word);
  // In place of an answer, where there is a line, the first is loaded: the default, which the lane has.
  const answer = answerOfWord(table, word & (u32(hasLine) - 1));
  const none = isTableGeneric(table) ? LED_GENERIC_LINE : EMPTY_LINE;
  store<u32>(lane + toAnswer, answer);
  store<u32>(lane, select<u32>(word, none, hasLine), LINE);
  setNumber(lane, load<u32>(lane, IN_GROUP));
}
