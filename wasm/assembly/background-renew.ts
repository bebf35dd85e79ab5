// The background of whole segments, renewed in place: where a prefix or run over all of a segment has
// changed, its lines have the same entries as before, and only what answers the other numbers is new. To
// encode ten million entries for that takes half a second, and twice the memory; a word for each line does.
//
// All lines of such a segment say that their background has to be looked up (background-write.ts), so
// nobody uses the default answer of the segment. It is replaced in two steps:
//
//     fold                 the new default answer is stored
//     batch                is published
//     the next fold        the lines no longer say that their background has to be looked up
//
// In between, the last reader has left its call that may have taken the old default: a reader takes the
// default before it looks at the line. Lines whose background varies go on saying that, or keep the piece
// that they have. So it goes with the answers of a table (line-table.ts). A segment with a line that would need
// another piece, or a span that would need a line, is built anew (area-build.ts).

import {
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  lineOfIndex,
  lineOfNumber,
  numbersIn,
  segmentCountOf,
  spanOf,
  TALLY_LINES,
  TALLY_RENEWED,
  TALLY_STALE,
  tallyOf,
} from './area';
import { EMPTY_LINE, GENERIC_LINE, HEADER_EPOCH, LINE_BYTES } from './layout';
import {
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_PIECE,
  FLAG_SLOW,
  isListedShape,
  isTabledShape,
} from './line';
import {
  backgroundFlags,
  determineBackground,
  dominantAnswer,
  forgetUniform,
  hasPiece,
  isUniform,
  keepBackground,
  uniformAnswer,
} from './line-background';
import {
  clearAnswers,
  isLineWord,
  isTableGeneric,
  putAnswer,
  TABLE_SPANS,
  useAnswers,
  wordInTable,
} from './line-table';

/** The epoch in which a default was replaced last. */
let renewedEpoch: u64 = 0;
/** Whether every reader has left the call in which it may have taken a default that was replaced before. */
let isOldDefaultGone: bool = false;

/** Begins a fold, when every reader in a call has entered it at the current epoch. */
export function beginRenewal(): void {
  isOldDefaultGone = load<u64>(HEADER_EPOCH) > renewedEpoch;
  forgetUniform();
}

/** Takes it that there are no readers, as in a memory that has just been loaded. */
export function forgetRenewed(): void {
  renewedEpoch = 0;
}

/**
 * Takes those segments of an area a step further that need no more than another default; those that need
 * more are left stale. Whether a segment waits for its second step.
 */
export function renewDefaults(version: u32, header: u32): bool {
  const segments = segmentCountOf(header);
  let isWaiting = false;
  for (let segment: u32 = 0; segment < segments; segment++) {
    const tally = tallyOf(header, segment);
    const word = <u32>load<u16>(tally + TALLY_LINES);
    if ((word & (TALLY_STALE | TALLY_RENEWED)) == 0) continue;
    const state = renewDefault(version, header, segment, word);
    store<u16>(tally + TALLY_LINES, <u16>((word & ~(TALLY_STALE | TALLY_RENEWED)) | state));
    if (state == TALLY_RENEWED) isWaiting = true;
  }
  return isWaiting;
}

/** The same for one segment: TALLY_STALE where it needs more, TALLY_RENEWED where it waits, else 0. */
function renewDefault(version: u32, header: u32, segment: u32, tallyWord: u32): u32 {
  const first = firstKeyOf(header, segment);
  const count = numbersIn(header, segment);
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  const span = spanOf(header, descriptor);
  // Behind the last number there may be lines that say nothing.
  const lastLine = hasLines(lines) ? lineOfNumber(header, descriptor, count - 1) : 0;
  const normal = isUniform(version, first, count)
    ? uniformAnswer
    : dominantAnswer(version, first, count);
  const isTabled = isTabledShape(shape);
  const isOther = load<u32>(descriptor + DESCRIPTOR_DEFAULT) != normal;
  if (isOther && !areGeneric(lines, shape, lastLine)) return TALLY_STALE;
  // Unless it has to be looked up, what a table says of spans without a line is right.
  const isTableOther = isTabled && isTableGeneric(lines) && (tallyWord & TALLY_STALE) != 0;
  if (isOther || isTableOther) {
    if (isTabled && !renewAnswers(version, lines, first, span, count, normal)) return TALLY_STALE;
    store<u32>(descriptor + DESCRIPTOR_DEFAULT, normal);
    renewedEpoch = load<u64>(HEADER_EPOCH);
    return TALLY_RENEWED;
  }
  if ((tallyWord & TALLY_RENEWED) != 0 && !isOldDefaultGone) return TALLY_RENEWED;
  if (!hasLines(lines)) {
    const line = isUniform(version, first, count) ? EMPTY_LINE : GENERIC_LINE;
    atomic.store<u32>(descriptor + DESCRIPTOR_LINES, line);
    return 0;
  }
  const isListed = isListedShape(shape);
  for (let index: u32 = 0; index <= lastLine; index++) {
    const base = index * span;
    const line = lineOfIndex(lines, shape, index);
    if (line == 0) continue;
    if (!useDefault(version, line, first + base, min(span, count - base), normal, isListed)) {
      return TALLY_STALE;
    }
  }
  if (isTabled) useAnswers(lines);
  return 0;
}

/** Whether all lines of a segment say that their background has to be looked up, and so does its table. */
function areGeneric(lines: u32, shape: u32, lastLine: u32): bool {
  if (isTabledShape(shape) && !isTableGeneric(lines)) return false;
  for (let index: u32 = 0; index <= lastLine; index++) {
    const line = lineOfIndex(lines, shape, index);
    if (line != 0 && (load<u64>(line) & FLAG_GENERIC) == 0) return false;
  }
  return true;
}

/**
 * Puts the answers of `count` numbers from a key on into a table that says that they have to be looked up. False
 * where a span without a line has several, or there are too many.
 */
function renewAnswers(
  version: u32,
  table: u32,
  first: u64,
  span: u32,
  count: u32,
  normal: u32,
): bool {
  clearAnswers(table, normal);
  const spans = load<u32>(table, TABLE_SPANS);
  for (let index: u32 = 0; index < spans; index++) {
    if (isLineWord(wordInTable(table, index))) continue;
    const base = index * span;
    if (!isUniform(version, first + base, min(span, count - base))) return false;
    if (!putAnswer(table, index, uniformAnswer)) return false;
  }
  return true;
}

/**
 * Makes a line of `span` numbers from a key on no longer say that its background has to be looked up, where
 * it need not be. False where it would have to be encoded anew.
 */
function useDefault(
  version: u32,
  line: u32,
  first: u64,
  span: u32,
  normal: u32,
  isListed: bool,
): bool {
  let flags = load<u64>(line);
  if ((flags & FLAG_GENERIC) == 0) return true;
  if (isUniform(version, first, span) && uniformAnswer == normal) keepBackground(line, 0);
  else determineBackground(version, first, span, normal);
  if (backgroundFlags == FLAG_GENERIC) return true;
  if ((flags & FLAG_PIECE) != backgroundFlags) return false;
  if (backgroundFlags != 0 && !hasPiece(line)) return false;
  // All patches are folded, so one that is dirty still was made so by a batch that was given up.
  flags &= ~(FLAG_GENERIC | FLAG_SLOW | FLAG_DIRTY);
  const isSlow = isListed || (flags & (FLAG_PIECE | FLAG_FOREIGN)) != 0;
  atomic.store<u64>(line, isSlow ? flags | FLAG_SLOW : flags);
  return true;
}
