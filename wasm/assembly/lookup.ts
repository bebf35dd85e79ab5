// Lookups in batches.
//
// At country size a lookup is one load that no cache has, and what matters is how many of them are
// under way at once. A processor holds a few hundred instructions: with all of a lookup between one
// such load and the next, it waits for a handful. So a group of lookups goes through short loops:
//
//     locate   key → descriptor of its segment → line. All of that is in the caches.
//     touch    nothing but loading the first word of each line: as many as the processor can.
//     test     is the number in its line? Without a branch: most answers are the default of the
//              segment, which is there already, and the others are noted.
//     finish   those that were noted, see lookup-finish.ts.
//
// In a prototype with 100 million ported numbers at a density of 10% and no runs, touching in the loop
// that locates made 22 M lookups/s, a loop of its own 50 M, four keys at a time through SIMD 62 M;
// independent loads of the same memory 116 M (shared 2-core AMD EPYC, Node 20.20, huge pages, November
// 2026). Touching the next group in the loop that tests this one looks better still and was slower when it
// was measured; why has not been found. What this file makes of it is in docs/bench-index-lookup.md.

import { ABSENT_AREA, EMPTY_NODE, READER_ANSWERS, READER_KEYS, ROOT } from './layout';
import { FLAG_SLOW, GROUP_BYTES_AT } from './line';
import { beginOutside, finish, finishOutside } from './lookup-finish';
import {
  AREA,
  AREA_MASK,
  GROUP,
  GROUP_SHIFT,
  IN_AREA,
  IN_GROUP,
  IN_GROUP_MASK,
  IN_NODE,
  IN_ROOT,
  INTEGER_SHIFT,
  KEY_LIMIT,
  LANES,
  LINE,
  layConstants,
  NODE_MASK,
  NOTED,
  NUMBER_MASK,
  PLACE_MAX,
  ROOT_MASK,
  SHAPE,
} from './lookup-scratch';

/** Writes the answers (see number-index.ts) to the first `count` keys of the reader's scratch. */
export function answerBatch(reader: u32, version: u32, count: u32): void {
  layConstants(reader);
  beginOutside(reader);
  // The loops take four keys at once; behind the last, answers that nobody reads are overwritten.
  for (let from: u32 = 0; from < count; from += GROUP) {
    const keys = reader + READER_KEYS + (from << 3);
    const answers = reader + READER_ANSWERS + (from << 2);
    const groupCount = (min(count - from, GROUP) + 3) & ~3;
    locate(reader, keys, answers, groupCount);
    touch(reader, groupCount);
    const notedEnd = test(reader, groupCount);
    finish(reader, version, keys, answers, notedEnd);
  }
  finishOutside(reader);
}

function lowWords(left: v128, right: v128): v128 {
  return v128.shuffle<u32>(left, right, 0, 2, 4, 6);
}

function highWords(left: v128, right: v128): v128 {
  return v128.shuffle<u32>(left, right, 1, 3, 5, 7);
}

/** Two keys, in the low 52 bits of each half; 0 for what is no integer. */
function integersOf(keys: v128, shift: v128): v128 {
  const shifted = f64x2.add(keys, shift);
  return v128.and(shifted, f64x2.eq(f64x2.sub(shifted, shift), keys));
}

/** The area that one of four keys leads to, relative to ABSENT_AREA. */
function areaAt(key: u32): u32 {
  const node = load<u32>(load<u32>(key, IN_ROOT), ROOT);
  return load<u32>(node + load<u32>(key, IN_NODE), EMPTY_NODE);
}

/**
 * Fills the columns and writes the default answers. What belongs together is loaded once, for the
 * writer may put a new area in its place meanwhile.
 */
function locate(reader: u32, keys: u32, answers: u32, count: u32): void {
  const shift = v128.load(reader, INTEGER_SHIFT);
  const keyLimit = v128.load(reader, KEY_LIMIT);
  const rootMask = v128.load(reader, ROOT_MASK);
  const nodeMask = v128.load(reader, NODE_MASK);
  const areaMask = v128.load(reader, AREA_MASK);
  const numberMask = v128.load(reader, NUMBER_MASK);
  const placeMax = v128.load(reader, PLACE_MAX);
  const inGroupMask = v128.load(reader, IN_GROUP_MASK);
  const zero = f64x2.splat(0);
  const first = reader + LANES;
  const end = first + (count << 2);
  for (let lane = first; lane < end; lane += 16, keys += 32, answers += 16) {
    // The order of the operands leaves no key that is not a number.
    const left = f64x2.pmax(zero, f64x2.pmin(keyLimit, v128.load(keys)));
    const right = f64x2.pmax(zero, f64x2.pmin(keyLimit, v128.load(keys, 16)));
    const integers01 = integersOf(left, shift);
    const integers23 = integersOf(right, shift);
    const low = lowWords(integers01, integers23);
    const middle = lowWords(i64x2.shr_u(integers01, 22), i64x2.shr_u(integers23, 22));
    v128.store(reader, v128.and(highWords(integers01, integers23), rootMask), IN_ROOT);
    v128.store(reader, v128.and(middle, nodeMask), IN_NODE);
    v128.store(reader, v128.and(i32x4.shr_u(low, 12), areaMask), IN_AREA);
    const area0 = areaAt(reader);
    const area1 = areaAt(reader + 4);
    const area2 = areaAt(reader + 8);
    const area3 = areaAt(reader + 12);
    store<u32>(lane, area0, AREA);
    store<u32>(lane + 4, area1, AREA);
    store<u32>(lane + 8, area2, AREA);
    store<u32>(lane + 12, area3, AREA);
    // Four descriptors side by side become four columns.
    const d0 = v128.load(area0 + load<u32>(reader, IN_AREA), ABSENT_AREA);
    const d1 = v128.load(area1 + load<u32>(reader + 4, IN_AREA), ABSENT_AREA);
    const d2 = v128.load(area2 + load<u32>(reader + 8, IN_AREA), ABSENT_AREA);
    const d3 = v128.load(area3 + load<u32>(reader + 12, IN_AREA), ABSENT_AREA);
    const front01 = v128.shuffle<u32>(d0, d1, 0, 4, 1, 5);
    const front23 = v128.shuffle<u32>(d2, d3, 0, 4, 1, 5);
    const back01 = v128.shuffle<u32>(d0, d1, 2, 6, 3, 7);
    const back23 = v128.shuffle<u32>(d2, d3, 2, 6, 3, 7);
    const lines = v128.shuffle<u64>(front01, front23, 0, 2);
    const multiplier = v128.shuffle<u64>(front01, front23, 1, 3);
    const shape = v128.shuffle<u64>(back01, back23, 0, 2);
    v128.store(answers, v128.shuffle<u64>(back01, back23, 1, 3));
    v128.store(lane, shape, SHAPE);
    const number = v128.and(low, numberMask);
    const line = highWords(
      i64x2.extmul_low_i32x4_u(number, multiplier),
      i64x2.extmul_high_i32x4_u(number, multiplier),
    );
    v128.store(lane, i32x4.add(lines, i32x4.shl(line, 6)), LINE);
    // A line's index and a number have 16 bits, and so has a shape's span in its lower half: halves are
    // multiplied and subtracted, and the upper ones come out as 0.
    const place = i16x8.sub(i16x8.add(i16x8.mul(line, shape), placeMax), number);
    v128.store(lane, i32x4.shr_u(place, 3), GROUP_SHIFT);
    v128.store(lane, v128.and(place, inGroupMask), IN_GROUP);
  }
}

/** Keeps the loads of {@link touch} from being left out. */
let touched: u32 = 0;

function touch(reader: u32, count: u32): void {
  const first = reader + LANES;
  const end = first + (count << 2);
  let sum: u32 = 0;
  for (let lane = first; lane < end; lane += 16) {
    sum += load<u32>(load<u32>(lane, LINE));
    sum += load<u32>(load<u32>(lane, LINE + 4));
    sum += load<u32>(load<u32>(lane, LINE + 8));
    sum += load<u32>(load<u32>(lane, LINE + 12));
  }
  touched = sum;
}

/** Notes a lane if its line may have the number or is slow; returns where the next is noted. */
function testLane(lane: u32, noted: u32): u32 {
  const line = load<u32>(lane, LINE);
  const flags = atomic.load<u64>(line);
  // The bit of the number's group is the highest now. Those that are set are as many as bytes up to
  // its own; where it is not set, the byte is another's and does not count. (In a slow line its own mark
  // counts too: these are tested again.)
  const groups = flags << (<u64>load<u32>(lane, GROUP_SHIFT));
  const byte = <u32>load<u8>(line + <u32>popcnt<u64>(groups), GROUP_BYTES_AT - 1);
  const isThere = <u32>(groups >> 63) & (byte >> load<u32>(lane, IN_GROUP));
  store<u32>(noted, lane);
  return noted + (((isThere | <u32>flags) & <u32>FLAG_SLOW) << 2);
}

/** Notes lanes; returns the end of the notes. */
function test(reader: u32, count: u32): u32 {
  const first = reader + LANES;
  const end = first + (count << 2);
  let noted = reader + NOTED;
  for (let lane = first; lane < end; lane += 16) {
    noted = testLane(lane, noted);
    noted = testLane(lane + 4, noted);
    noted = testLane(lane + 8, noted);
    noted = testLane(lane + 12, noted);
  }
  return noted;
}
