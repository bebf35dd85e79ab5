// The end of lookups in batches: those that lookup.ts has noted, a fifth of them at a density of 10%.
//
// They are of several kinds, in no order that a processor could foresee, so they are sorted into lists
// first, without a branch, and each list has a loop of its own:
//
//     sort      piece → answer, all with the test of the number once more
//     hits      numbers that grouped lines have: a code becomes a route
//     slow      listed lines, and those that have to be looked at in full
//     outside   hits whose code is not in the line: another load that no cache has. These are kept until
//               the batch ends, and then under way together.

import { lowBits, readBits } from './bits';
import { AREA_PORTED_ANSWER, portedAnswerOf } from './directory';
import { ABSENT_AREA, AREA_ALIGNMENT, KEY_END, LINE_BYTES } from './layout';
import {
  codeBitsOf,
  codeOfEntry,
  codesEndOf,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_OUTSIDE,
  FLAG_PIECE,
  FLAG_SLOW,
  findEntry,
  foundEntry,
  GROUP_BYTES_AT,
  GROUPS_MASK,
  isListedShape,
  LINE_BITS,
  OUTSIDE_HEADER_BYTES,
  OUTSIDE_POINTER_BYTES,
  PIECE_BYTES,
  pieceOf,
  readLineBits,
} from './line';
import {
  AREA,
  GROUP_SHIFT,
  HITS,
  IN_GROUP,
  LANES,
  LINE,
  MASK_BYTES,
  MASKS,
  NOTED,
  OUTSIDE,
  OUTSIDE_ANSWER,
  OUTSIDE_AREA,
  OUTSIDE_BIT,
  OUTSIDE_BLOCK,
  OUTSIDE_BYTES,
  OUTSIDE_END,
  OUTSIDE_SHAPE,
  PLACE_LAST,
  SHAPE,
  SLOW,
} from './lookup-scratch';
import { routeOfCode } from './palette';
import { answerOf } from './ported-read';

/** Lines with one of these flags are looked at as single lookups look at them. */
const FLAGS_OF_ITS_OWN: u64 = FLAG_DIRTY | FLAG_GENERIC | FLAG_FOREIGN;

// The ends of the lists.
let hitsEnd: u32 = 0;
let slowEnd: u32 = 0;
let outsideEnd: u32 = 0;

export function beginOutside(reader: u32): void {
  outsideEnd = reader + OUTSIDE;
}

/** Answers the lanes that are noted up to `notedEnd`; `keys` and `answers` are those of the first lane. */
export function finish(reader: u32, version: u32, keys: u32, answers: u32, notedEnd: u32): void {
  // Answers lie at the same distance from their lanes, keys at twice the lanes' distance from the first.
  const toAnswer = answers - (reader + LANES);
  sort(reader, toAnswer, notedEnd);
  finishHits(reader, keys, toAnswer);
  if (slowEnd != reader + SLOW) finishSlow(reader, version, keys, toAnswer);
}

/** The number of a lane in its line. */
function numberOf(lane: u32): u32 {
  const place = (load<u32>(lane, GROUP_SHIFT) << 3) | load<u32>(lane, IN_GROUP);
  // Only where a segment is one line it is more than PLACE_LAST.
  return (PLACE_LAST - place) & 0xffff;
}

function headerOfLane(lane: u32): u32 {
  return ABSENT_AREA + AREA_ALIGNMENT + load<u32>(lane, AREA);
}

function sort(reader: u32, toAnswer: u32, notedEnd: u32): void {
  let hits = reader + HITS;
  let slow = reader + SLOW;
  for (let noted = reader + NOTED; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    const isSlow =
      u32((flags & FLAGS_OF_ITS_OWN) != 0) | u32(isListedShape(load<u32>(lane, SHAPE)));
    const isGrouped = isSlow ^ 1;
    store<u32>(slow, lane);
    slow += isSlow << 2;

    const groups = (flags & ~FLAG_SLOW) << (<u64>load<u32>(lane, GROUP_SHIFT));
    const byte = <u32>load<u8>(line + <u32>popcnt<u64>(groups), GROUP_BYTES_AT - 1);
    const isThere = <u32>(groups >> 63) & (byte >> load<u32>(lane, IN_GROUP)) & isGrouped;
    store<u32>(hits, lane);
    hits += isThere << 2;

    // What is in the piece of a line that has one gets its answer; a hit will overwrite that.
    const piece = load<u64>(pieceOf(line));
    const from = <u32>piece & 0xffff;
    const length = ((<u32>piece >> 16) & 0xffff) - from;
    const isInPiece = u32(numberOf(lane) - from <= length) & u32((flags & FLAG_PIECE) != 0);
    const mask: u32 = 0 - (isInPiece & isGrouped);
    const answer = lane + toAnswer;
    store<u32>(answer, (load<u32>(answer) & ~mask) | (<u32>(piece >> 32) & mask));
  }
  hitsEnd = hits;
  slowEnd = slow;
}

/** Kind and length of the answer for the number of a lane if it is ported. */
function portedAnswerAt(lane: u32, reader: u32, keys: u32): u32 {
  const header = headerOfLane(lane);
  const answer = load<u32>(header, AREA_PORTED_ANSWER);
  return answer != 0 ? answer : portedAnswerOf(header, keyAt(lane, reader, keys));
}

function keyAt(lane: u32, reader: u32, keys: u32): u64 {
  return keyOf(load<f64>(keys + ((lane - (reader + LANES)) << 1)));
}

function finishHits(reader: u32, keys: u32, toAnswer: u32): void {
  for (let hit = reader + HITS; hit < hitsEnd; hit += 4) {
    const lane = load<u32>(hit);
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    const shape = load<u32>(lane, SHAPE);
    const answer = lane + toAnswer;
    const ported = portedAnswerAt(lane, reader, keys);

    // How many codes there are up to its own: as many as bits set up to its own.
    const groups = flags & GROUPS_MASK;
    const rank = <u32>popcnt<u64>(groups << (<u64>load<u32>(lane, GROUP_SHIFT))) - 1;
    const byte = <u32>load<u8>(line + rank, GROUP_BYTES_AT);
    const codes =
      popcnt<u32>(byte >> load<u32>(lane, IN_GROUP)) +
      bitsOfBytes(line, reader + MASK_BYTES - rank, rank);

    const codeBits = codeBitsOf(shape);
    const end = codesEndBy(flags);
    const bit = end - codes * codeBits;
    const numbersEnd = (GROUP_BYTES_AT + <u32>popcnt<u64>(groups)) << 3;
    if (<i32>bit < <i32>numbersEnd) {
      const room = (end - numbersEnd) / codeBits;
      store<u32>(answer, ported);
      store<u32>(outsideEnd, answer, OUTSIDE_ANSWER);
      store<u32>(outsideEnd, load<u32>(line + (end >> 3)), OUTSIDE_BLOCK);
      store<u32>(outsideEnd, OUTSIDE_HEADER_BYTES * 8 + (codes - 1 - room) * codeBits, OUTSIDE_BIT);
      store<u32>(outsideEnd, headerOfLane(lane), OUTSIDE_AREA);
      store<u32>(outsideEnd, shape, OUTSIDE_SHAPE);
      outsideEnd += OUTSIDE_BYTES;
      if (outsideEnd == reader + OUTSIDE_END) finishOutside(reader);
      continue;
    }
    const code = readLineBits(line, bit, codeBits);
    store<u32>(answer, ported | routeOfCode(headerOfLane(lane), shape, code));
  }
}

/** {@link codesEndOf} without branches. */
function codesEndBy(flags: u64): u32 {
  const piece = (<u32>(flags / FLAG_PIECE) & 1) * (PIECE_BYTES * 8);
  const outside = (<u32>(flags / FLAG_OUTSIDE) & 1) * (OUTSIDE_POINTER_BYTES * 8);
  return LINE_BITS - piece - outside;
}

/** How many bits are set in the first `rank` bytes of groups of a line; `mask` is relative to MASKS. */
function bitsOfBytes(line: u32, mask: u32, rank: u32): u32 {
  let count =
    popcnt<u64>(load<u64>(line, GROUP_BYTES_AT) & load<u64>(mask, MASKS)) +
    popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 8) & load<u64>(mask, MASKS + 8)) +
    popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 16) & load<u64>(mask, MASKS + 16));
  // One in twenty at a density of 10%, fewer at others: foreseen well enough.
  if (rank > 24) {
    count +=
      popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 24) & load<u64>(mask, MASKS + 24)) +
      popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 32) & load<u64>(mask, MASKS + 32)) +
      popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 40) & load<u64>(mask, MASKS + 40)) +
      popcnt<u64>(load<u64>(line, GROUP_BYTES_AT + 48) & load<u64>(mask, MASKS + 48));
  }
  return <u32>count;
}

/** Answers the hits whose codes are outside of their lines. */
export function finishOutside(reader: u32): void {
  for (let note = reader + OUTSIDE; note < outsideEnd; note += OUTSIDE_BYTES) {
    const shape = load<u32>(note, OUTSIDE_SHAPE);
    const bit = load<u32>(note, OUTSIDE_BIT);
    const code = readBits(load<u32>(note, OUTSIDE_BLOCK), bit, codeBitsOf(shape));
    const route = routeOfCode(load<u32>(note, OUTSIDE_AREA), shape, code);
    const answer = load<u32>(note, OUTSIDE_ANSWER);
    store<u32>(answer, load<u32>(answer) | route);
  }
  outsideEnd = reader + OUTSIDE;
}

function finishSlow(reader: u32, version: u32, keys: u32, toAnswer: u32): void {
  for (let slow = reader + SLOW; slow < slowEnd; slow += 4) {
    const lane = load<u32>(slow);
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    const answer = lane + toAnswer;
    if ((flags & FLAGS_OF_ITS_OWN) != 0) {
      store<u32>(answer, answerOf(version, keyAt(lane, reader, keys)));
      continue;
    }
    const shape = load<u32>(lane, SHAPE);
    const number = numberOf(lane);
    if (findEntry(line, flags, shape, number)) {
      const code = codeOfEntry(line, flags, shape, foundEntry);
      const route = routeOfCode(headerOfLane(lane), shape, code);
      store<u32>(answer, portedAnswerAt(lane, reader, keys) | route);
    } else if ((flags & FLAG_PIECE) != 0) {
      const piece = load<u64>(pieceOf(line));
      const isInPiece = number >= <u32>(piece & 0xffff) && number <= <u32>((piece >> 16) & 0xffff);
      if (isInPiece) store<u32>(answer, <u32>(piece >> 32));
    }
  }
}

/** A key as an integer; 0 for what is none. */
function keyOf(key: f64): u64 {
  if (!(key >= 0 && key < KEY_END)) return 0;
  const integer = <u64>key;
  return <f64>integer == key ? integer : 0;
}
