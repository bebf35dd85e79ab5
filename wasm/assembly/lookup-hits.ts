// Numbers that grouped lines have, at the end of lookups in batches: a code becomes a route.
//
// Where the code of a hit is not in the line, it is another load that no cache has. These hits are kept
// until the batch ends, and their loads are then under way together.

import { AREA_PORTED_ANSWER, portedAnswerOf } from './area';
import { lowBits, readBits } from './bits';
import { LINE_BYTES } from './layout';
import {
  codeBitsOf,
  FLAG_OUTSIDE,
  FLAG_PIECE,
  FLAG_SLOW,
  GROUP_BYTES_AT,
  GROUPS_MASK,
  LINE_BITS,
  OUTSIDE_HEADER_BYTES,
  OUTSIDE_POINTER_BYTES,
  PIECE_BYTES,
  readLineBits,
  roomOf,
} from './line';
import { headerOfLane, keyOfLane, portedAnswerOfLane } from './lookup-lane';
import {
  GROUP_SHIFT,
  HITS,
  IN_GROUP,
  LINE,
  MASK_BYTES,
  MASKS,
  OUTSIDE,
  OUTSIDE_ANSWER,
  OUTSIDE_AREA,
  OUTSIDE_BIT,
  OUTSIDE_BLOCK,
  OUTSIDE_BYTES,
  OUTSIDE_END,
  OUTSIDE_SHAPE,
  SHAPE,
} from './lookup-scratch';
import { routeOfCode } from './palette';

/** The end of the hits that are put off. */
let outsideEnd: u32 = 0;

export function beginOutside(reader: u32): void {
  outsideEnd = reader + OUTSIDE;
}

/**
 * Answers the lanes in the list of hits; `keys` is the first lane's, and answers lie `toAnswer` bytes
 * behind their lanes.
 */
export function finishHits(reader: u32, hitsEnd: u32, keys: u32, toAnswer: u32): void {
  for (let hit = reader + HITS; hit < hitsEnd; hit += 4) {
    const lane = load<u32>(hit);
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    const shape = load<u32>(lane, SHAPE);

    // How many codes there are up to its own: as many as bits set up to its own.
    const groups = (flags & ~FLAG_SLOW) << (<u64>load<u32>(lane, GROUP_SHIFT));
    const rank = <u32>popcnt<u64>(groups) - 1;
    const byte = <u32>load<u8>(line + rank, GROUP_BYTES_AT) >> load<u32>(lane, IN_GROUP);
    // A lane that was noted for its slow line, which was then folded, is here without being a hit.
    if ((<u32>(groups >> 63) & byte & 1) == 0) continue;
    const codes = popcnt<u32>(byte) + bitsOfBytes(line, reader + MASK_BYTES - rank, rank);

    const codeBits = codeBitsOf(shape);
    const bit = codesEndBy(flags) - codes * codeBits;
    // Nobody could foresee which codes are outside, so there is one branch, and that at the end. What is
    // read in place of such a code does not count, and it is 0, for which there is a route.
    const isOut = u32((flags & FLAG_OUTSIDE) != 0) & u32(isOutside(bit, flags));
    const code = readLineBits(line, bit, codeBits) & (isOut - 1);
    const header = headerOfLane(lane);
    // A call for each hit costs more than all of this.
    let answer = load<u32>(header, AREA_PORTED_ANSWER);
    if (answer == 0) answer = portedAnswerOf(header, keyOfLane(lane, reader, keys));
    store<u32>(lane + toAnswer, answer | routeOfCode(header, shape, code));
    if (isOut != 0) noteOutside(reader, keys, toAnswer, lane, codes);
  }
}

/** Whether a code that would begin at this bit of a line is outside of it. */
function isOutside(bit: u32, flags: u64): bool {
  return <i32>bit < <i32>((GROUP_BYTES_AT + <u32>popcnt<u64>(flags & GROUPS_MASK)) << 3);
}

/** Puts off the end of a hit, whose code is that of the `codes`-th entry of its line. */
function noteOutside(reader: u32, keys: u32, toAnswer: u32, lane: u32, codes: u32): void {
  const line = load<u32>(lane, LINE);
  const flags = atomic.load<u64>(line);
  const shape = load<u32>(lane, SHAPE);
  const end = codesEndBy(flags);
  const room = roomOf(line, flags, shape);
  store<u32>(lane + toAnswer, portedAnswerOfLane(lane, reader, keys));
  const bit = OUTSIDE_HEADER_BYTES * 8 + (codes - 1 - room) * codeBitsOf(shape);
  store<u32>(outsideEnd, lane + toAnswer, OUTSIDE_ANSWER);
  store<u32>(outsideEnd, load<u32>(line + (end >> 3)), OUTSIDE_BLOCK);
  store<u32>(outsideEnd, bit, OUTSIDE_BIT);
  store<u32>(outsideEnd, headerOfLane(lane), OUTSIDE_AREA);
  store<u32>(outsideEnd, shape, OUTSIDE_SHAPE);
  outsideEnd += OUTSIDE_BYTES;
  if (outsideEnd == reader + OUTSIDE_END) finishOutside(reader);
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
