// What the columns of a group (lookup-scratch.ts) tell of one lane.

import { AREA_PORTED_ANSWER, portedAnswerOf } from './area';
import { integerOf } from './key';
import { ABSENT_AREA, AREA_ALIGNMENT } from './layout';
import { AREA, GROUP_SHIFT, IN_GROUP, LANES, PLACE_LAST, SHAPE } from './lookup-scratch';

/** The header of the area of a lane that has lines. */
export function headerOfLane(lane: u32): u32 {
  return ABSENT_AREA + AREA_ALIGNMENT + load<u32>(lane, AREA);
}

/** The number of a lane in its line. */
export function numberOf(lane: u32): u32 {
  const number = PLACE_LAST - ((load<u32>(lane, GROUP_SHIFT) << 3) | load<u32>(lane, IN_GROUP));
  // Columns have 16 bits of it, but for the long lines of sparse areas, whose shape has no span.
  const isLong = u32((load<u32>(lane, SHAPE) & 0xffff) == 0);
  return number & (0xffff | (0 - isLong));
}

/** Makes a number that of a lane in its line. */
export function setNumber(lane: u32, number: u32): void {
  const place = PLACE_LAST - number;
  store<u32>(lane, place >> 3, GROUP_SHIFT);
  store<u32>(lane, place & 7, IN_GROUP);
}

/** The key of a lane, where `keys` is that of the first; 0 for what is none. */
export function keyOfLane(lane: u32, reader: u32, keys: u32): u64 {
  return integerOf(load<f64>(keys + ((lane - (reader + LANES)) << 1)));
}

/** Kind and length of the answer for the number of a lane if it is ported. */
export function portedAnswerOfLane(lane: u32, reader: u32, keys: u32): u32 {
  const header = headerOfLane(lane);
  const answer = load<u32>(header, AREA_PORTED_ANSWER);
  return answer != 0 ? answer : portedAnswerOf(header, keyOfLane(lane, reader, keys));
}
