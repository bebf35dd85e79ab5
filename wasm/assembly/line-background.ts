// What a line says of the background of its numbers: nothing where all of it is the default of the
// segment, the one piece where it is something else, or else that it has to be looked up.

import { lengthOf } from './area';
import { backgroundAnswer, backgroundEnd } from './background';
import { unitOf } from './key';
import { FLAG_GENERIC, FLAG_PIECE, GROUPED_SPAN_MAX, pieceOf } from './line';

/** Parts of a range that are looked at before it counts as too varied. */
const PARTS_MAX: u32 = 16;

/** The flags for the line that was looked at last: FLAG_PIECE, FLAG_GENERIC or neither. */
export let backgroundFlags: u64 = 0;
let pieceWord: u64 = 0;

/** Determines what the line says of `span` numbers from a key on. */
export function determineBackground(version: u32, first: u64, span: u32, normal: u32): void {
  const last = first + span - 1;
  backgroundFlags = 0;
  let piece: u32 = 0;
  let pieceFirst: u64 = 0;
  let pieceLast: u64 = 0;
  let parts: u32 = 0;
  for (let at = first; at <= last; parts++) {
    const answer = answerAt(version, at);
    const end = min(endAt(version, at), last);
    if (parts == PARTS_MAX) {
      backgroundFlags = FLAG_GENERIC;
      return;
    }
    if (answer != normal) {
      const isMore = backgroundFlags != 0 && answer == piece && pieceLast + 1 == at;
      if ((backgroundFlags != 0 && !isMore) || span > GROUPED_SPAN_MAX) {
        backgroundFlags = FLAG_GENERIC;
        return;
      }
      if (!isMore) pieceFirst = at;
      pieceLast = end;
      piece = answer;
      backgroundFlags = FLAG_PIECE;
    }
    at = end + 1;
  }
  pieceWord = (pieceFirst - first) | ((pieceLast - first) << 16) | ((<u64>piece) << 32);
}

// The part of the background that was looked at last: up to `uniformEnd` it is the same.
let uniformFirst: u64 = 1;
let uniformEnd: u64 = 0;
/** What answers the numbers that {@link isUniform} was asked for last, if it said that they have one answer. */
export let uniformAnswer: u32 = 0;

/** Forgets the part that was looked at last: what comes may be of another version. */
export function forgetUniform(): void {
  uniformFirst = 1;
  uniformEnd = 0;
}

/** Whether `count` numbers from a key on have one background; all calls are of one version. */
export function isUniform(version: u32, first: u64, count: u32): bool {
  const last = first + count - 1;
  if (first >= uniformFirst && last <= uniformEnd) return true;
  uniformAnswer = answerAt(version, first);
  uniformFirst = first;
  uniformEnd = endAt(version, first);
  if (last <= uniformEnd) return true;
  determineBackground(version, first, count, uniformAnswer);
  return backgroundFlags == 0;
}

/** Takes over what a line says. */
export function keepBackground(line: u32, flags: u64): void {
  backgroundFlags = flags & (FLAG_PIECE | FLAG_GENERIC);
  if ((flags & FLAG_PIECE) != 0) pieceWord = load<u64>(pieceOf(line));
}

/** Whether a line that has a piece has the one at hand. */
export function hasPiece(line: u32): bool {
  return load<u64>(pieceOf(line)) == pieceWord;
}

/** Writes the piece into a line that is to have one. */
export function writePiece(line: u32): void {
  store<u64>(pieceOf(line), pieceWord);
}

/** The answer that the longest part of the background of `count` numbers from a key on has. */
export function dominantAnswer(version: u32, first: u64, count: u32): u32 {
  const last = first + count - 1;
  let dominant: u32 = 0;
  let dominantLength: u64 = 0;
  // Parts with the same answer that lie apart, around a run, count as one only where they alternate
  // with others: the answer of the two before is enough to see that.
  let answer: u32 = 0;
  let length: u64 = 0;
  let otherAnswer: u32 = 0;
  let otherLength: u64 = 0;
  let parts: u32 = 0;
  for (let at = first; at <= last && parts < PARTS_MAX; parts++) {
    const end = min(endAt(version, at), last);
    const next = answerAt(version, at);
    if (next != answer) {
      const isOther = next == otherAnswer;
      const nextLength = isOther ? otherLength : 0;
      otherAnswer = answer;
      otherLength = length;
      answer = next;
      length = nextLength;
    }
    length += end - at + 1;
    if (length > dominantLength) {
      dominantLength = length;
      dominant = answer;
    }
    at = end + 1;
  }
  return dominant;
}

/** What answers a number without a ported entry; 0 for what is no key. */
export function answerAt(version: u32, key: u64): u32 {
  const length = lengthOf(key);
  return length == 0 ? 0 : backgroundAnswer(version, <f64>key, length);
}

/** Some key up to which the background is the same as from `key` on. */
function endAt(version: u32, key: u64): u64 {
  if (unitOf(<f64>key) != 0) return <u64>backgroundEnd(version, <f64>key);
  // What is no key lies behind the keys of some length, before those of the next.
  let next: u64 = 10;
  while (next <= key) next *= 10;
  return next - 1;
}
