// Where the ported numbers of two indexes may differ, told by the bytes of their lines.
//
// Two generations of a content mostly have the same lines, at other places. Comparing 64 bytes takes a
// hundredth of the time that taking thirty numbers out of them takes, on each side (assembly/line.ts). So
// segments of both are met in the order of their numbers (assembly/segment-list.ts), and where two are of
// one shape, with the same routes behind their codes, lines are compared as they lie. A line whose bytes
// lead elsewhere is the same only where what it leads to is, too: the block outside is compared, and all that
// is rarer (patches, columns of their own) counts as a difference. So equal lines hold equal entries, but not
// the other way round: the entries of a span may turn out to be equal.
//
//     left    │ line │ line │ line │ line │ line │ line │        spans: those of lines 2 and 5, joined where
//     right   │  =   │  ≠   │  =   │  =   │  ≠   │  =   │        one begins where the other ends

import type { WasmIndex } from './wasm-index.ts';

/** A part of an index that its ported numbers are looked for in. */
export interface Segment {
  /** Its first number. */
  from: number;
  /** The number behind its last one. */
  end: number;
  /** Offset of its first line or of its table, and how many lines there are or may be. */
  lines: number;
  lineCount: number;
  /** How its lines are to be read, and how many numbers each spans. */
  shape: number;
  span: number;
  /** Offset of its routes' numbers, by their codes, and how many there are. */
  palette: number;
  paletteCount: number;
}

/** An index that lies in a memory of its own. */
export type LinedIndex = Pick<WasmIndex, 'memory' | 'segments'>;

const LINE_WORDS = 16;
/**
 * Of a shape: there is a table, which has a word for each span behind as many words as a line has: the offset of a
 * line, or an odd number (assembly/line-table.ts).
 */
const IS_TABLED = 1 << 27;
// Of the second word of a line; see assembly/line.ts.
const HAS_OUTSIDE = 1 << 19;
const HAS_PIECE = 1 << 20;
/** Its patch, or its columns, are not looked at. */
const IS_ELSEWHERE = (1 << 21) | (1 << 23);
/** Where a line says which block it has outside: behind it may lie a piece of two words. */
const OUTSIDE_WORD = LINE_WORDS - 1;
const OUTSIDE_WORD_BEFORE_PIECE = LINE_WORDS - 3;
/** Of the first word of a block outside: its bytes. */
const OUTSIDE_BYTES_MASK = 0x7fff_ffff;

/**
 * Spans of numbers, rising and apart, outside of which two indexes have the same ported numbers with the same
 * routes and user data: the first number of each, and the one behind its last, in turn.
 */
export function differingSpans(left: LinedIndex, right: LinedIndex): number[] {
  const spans: number[] = [];
  const add = (from: number, end: number) => {
    if (spans.length > 0 && from <= spans.at(-1)!) spans.push(Math.max(spans.pop()!, end));
    else spans.push(from, end);
  };
  const [leftWords, rightWords] = [left, right].map(({ memory }) => new Uint32Array(memory.buffer));
  const leftSegments = left.segments();
  const rightSegments = right.segments();
  let one = leftSegments.next().value;
  let other = rightSegments.next().value;
  while (one || other) {
    if (one && other && isAlike(leftWords!, one, rightWords!, other)) {
      compareLines(leftWords!, one, rightWords!, other, add);
      one = leftSegments.next().value;
      other = rightSegments.next().value;
    } else if (!other || (one && one.from <= other.from)) {
      add(one!.from, one!.end);
      one = leftSegments.next().value;
    } else {
      add(other.from, other.end);
      other = rightSegments.next().value;
    }
  }
  return spans;
}

/** Whether equal lines of two segments would hold the same entries. */
function isAlike(left: Uint32Array, one: Segment, right: Uint32Array, other: Segment): boolean {
  if (one.from !== other.from || one.end !== other.end) return false;
  if (one.shape !== other.shape || one.span !== other.span) return false;
  if (one.lineCount !== other.lineCount) return false;
  // A code that both sides have is below both counts.
  const count = Math.min(one.paletteCount, other.paletteCount);
  return isSame(left, one.palette / 4, right, other.palette / 4, count);
}

function compareLines(
  left: Uint32Array,
  one: Segment,
  right: Uint32Array,
  other: Segment,
  add: (from: number, end: number) => void,
): void {
  for (let line = 0; line < one.lineCount; line++) {
    const [leftAt, rightAt] = [lineWord(left, one, line), lineWord(right, other, line)];
    if (leftAt === 0 && rightAt === 0) continue;
    if (leftAt === 0 || rightAt === 0 || !isLineSame(left, leftAt, right, rightAt)) {
      const from = one.from + line * one.span;
      add(from, Math.min(from + one.span, one.end));
    }
  }
}

/** The first word of a line of a segment; 0 where its span has none. */
function lineWord(words: Uint32Array, { lines, shape }: Segment, line: number): number {
  if ((shape & IS_TABLED) === 0) return lines / 4 + line * LINE_WORDS;
  const word = words[lines / 4 + LINE_WORDS + line]!;
  return (word & 1) === 0 ? word / 4 : 0;
}

function isLineSame(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number) {
  const flags = left[leftAt + 1]!;
  if ((flags & IS_ELSEWHERE) !== 0) return false;
  if ((flags & HAS_OUTSIDE) === 0) return isSame(left, leftAt, right, rightAt, LINE_WORDS);
  const word = (flags & HAS_PIECE) !== 0 ? OUTSIDE_WORD_BEFORE_PIECE : OUTSIDE_WORD;
  const after = word + 1;
  if (!isSame(left, leftAt, right, rightAt, word)) return false;
  if (!isSame(left, leftAt + after, right, rightAt + after, LINE_WORDS - after)) return false;
  const [leftBlock, rightBlock] = [left[leftAt + word]! / 4, right[rightAt + word]! / 4];
  const bytes = left[leftBlock]! & OUTSIDE_BYTES_MASK;
  return isSame(left, leftBlock, right, rightBlock, Math.ceil(bytes / 4));
}

function isSame(
  left: Uint32Array,
  leftAt: number,
  right: Uint32Array,
  rightAt: number,
  words: number,
): boolean {
  for (let word = 0; word < words; word++) {
    if (left[leftAt + word] !== right[rightAt + word]) return false;
  }
  return true;
}
