// Lookups in batches.
//
// At country size a lookup is one load that no cache has, and what matters is how many of them are
// under way at once. A processor holds a few hundred instructions: with all of a lookup between one
// such load and the next, it waits for a handful. So a group of lookups goes through four short loops:
//
//     locate   key → descriptor of its segment → line. All of that is in the caches.
//     touch    nothing but loading the first word of each line: as many as the processor can.
//     test     is the number in its line? Without a branch: most answers are the default of the
//              segment, which is there already, and the others are noted.
//     finish   those that were noted: a code becomes a route; a slow line is looked at in full.
//
// In a prototype with 100 million ported numbers at a density of 10% and no runs, touching in the loop
// that locates made 22 M lookups/s, a loop of its own 50 M, four keys at a time through SIMD 62 M;
// independent loads of the same memory 116 M (shared 2-core AMD EPYC, Node 20.20, huge pages, November
// 2026). What this file makes of it is in docs/bench-index-lookup.md.
//
// What a group has under way lies in the reader's details, in columns of u32 that loops pass on to
// each other.

import { AREA_PORTED_ANSWER, portedAnswerOf } from './directory';
import {
  ABSENT_AREA,
  AREA_ALIGNMENT,
  EMPTY_NODE,
  KEY_END,
  READER_ANSWERS,
  READER_DETAILS,
  READER_KEYS,
  ROOT,
} from './layout';
import {
  codeOfEntry,
  FLAG_DIRTY,
  FLAG_FOREIGN,
  FLAG_GENERIC,
  FLAG_PIECE,
  FLAG_SLOW,
  findEntry,
  foundEntry,
  GROUP_BYTES_AT,
  pieceOf,
} from './line';
import { routeOfCode } from './palette';
import { answerOf } from './ported-read';

/** Keys of a group: their lines fill half of a first-level cache of 32 KiB. */
const GROUP: u32 = 256;

// Columns: where in the root, in the node (then the area, relative to ABSENT_AREA), in the area, and in
// the segment (then its shape); then the line, and where in the line; then what was noted. What belongs
// together is loaded once, for the writer may put a new area in its place meanwhile.
const IN_ROOT: u32 = READER_DETAILS;
const IN_NODE: u32 = IN_ROOT + GROUP * 4;
const IN_AREA: u32 = IN_NODE + GROUP * 4;
const IN_SEGMENT: u32 = IN_AREA + GROUP * 4;
const LINE: u32 = IN_SEGMENT + GROUP * 4;
const GROUP_SHIFT: u32 = LINE + GROUP * 4;
const IN_GROUP: u32 = GROUP_SHIFT + GROUP * 4;
const NOTED: u32 = IN_GROUP + GROUP * 4;

/** Adding 2^52 to a key leaves the key as an integer in the low 52 bits. */
const INTEGER_SHIFT: f64 = 4_503_599_627_370_496.0;
const INTEGER_MASK: i64 = (1 << 52) - 1;

/** Writes the answers (see number-index.ts) to the first `count` keys of the reader's scratch. */
export function answerBatch(reader: u32, version: u32, count: u32): void {
  // The loops take four keys at once; behind the last, answers that nobody reads are overwritten.
  for (let from: u32 = 0; from < count; from += GROUP) {
    const groupCount = (min(count - from, GROUP) + 3) & ~3;
    const answers = reader + READER_ANSWERS + (from << 2);
    locate(reader, reader + READER_KEYS + (from << 3), answers, groupCount);
    touch(reader, groupCount);
    const noted = test(reader, groupCount);
    finish(reader, version, from, noted);
  }
}

/** Two keys as integers; 0 for what is none. */
function integersAt(keys: u32): v128 {
  const key = v128.load(keys);
  const shifted = f64x2.add(key, f64x2.splat(INTEGER_SHIFT));
  const isInteger = f64x2.eq(f64x2.sub(shifted, f64x2.splat(INTEGER_SHIFT)), key);
  const isInRange = v128.and(f64x2.ge(key, f64x2.splat(0)), f64x2.lt(key, f64x2.splat(KEY_END)));
  const integer = v128.and(shifted, i64x2.splat(INTEGER_MASK));
  return v128.and(integer, v128.and(isInteger, isInRange));
}

function lowWords(left: v128, right: v128): v128 {
  return v128.shuffle<u32>(left, right, 0, 2, 4, 6);
}

/** The descriptor of the segment of a lane. */
function descriptorAt(lane: u32): v128 {
  const node = load<u32>(load<u32>(lane, IN_ROOT), ROOT);
  const area = load<u32>(node + load<u32>(lane, IN_NODE), EMPTY_NODE);
  store<u32>(lane, area, IN_NODE);
  return v128.load(area + load<u32>(lane, IN_AREA), ABSENT_AREA);
}

function locate(lanes: u32, keys: u32, answers: u32, count: u32): void {
  const end = lanes + (count << 2);
  for (let lane = lanes; lane < end; lane += 16, keys += 32) {
    const left = integersAt(keys);
    const right = integersAt(keys + 16);
    const low = lowWords(left, right);
    const inNode = lowWords(i64x2.shr_u(left, 22), i64x2.shr_u(right, 22));
    const inRoot = lowWords(i64x2.shr_u(left, 32), i64x2.shr_u(right, 32));
    v128.store(lane, v128.and(inRoot, i32x4.splat(~3)), IN_ROOT);
    v128.store(lane, v128.and(inNode, i32x4.splat(0xffc)), IN_NODE);
    v128.store(lane, v128.and(i32x4.shr_u(low, 12), i32x4.splat(0xff0)), IN_AREA);
    v128.store(lane, v128.and(low, i32x4.splat(0xffff)), IN_SEGMENT);
  }
  for (let lane = lanes; lane < end; lane += 16, answers += 16) {
    // Four descriptors side by side become four columns.
    const d0 = descriptorAt(lane);
    const d1 = descriptorAt(lane + 4);
    const d2 = descriptorAt(lane + 8);
    const d3 = descriptorAt(lane + 12);
    const front01 = v128.shuffle<u32>(d0, d1, 0, 4, 1, 5);
    const front23 = v128.shuffle<u32>(d2, d3, 0, 4, 1, 5);
    const back01 = v128.shuffle<u32>(d0, d1, 2, 6, 3, 7);
    const back23 = v128.shuffle<u32>(d2, d3, 2, 6, 3, 7);
    const lines = v128.shuffle<u64>(front01, front23, 0, 2);
    const multiplier = v128.shuffle<u64>(front01, front23, 1, 3);
    const shape = v128.shuffle<u64>(back01, back23, 0, 2);
    const span = v128.and(shape, i32x4.splat(0xffff));
    v128.store(answers, v128.shuffle<u64>(back01, back23, 1, 3));
    const number = v128.load(lane, IN_SEGMENT);
    v128.store(lane, shape, IN_SEGMENT);
    const line = v128.shuffle<u32>(
      i64x2.extmul_low_i32x4_u(number, multiplier),
      i64x2.extmul_high_i32x4_u(number, multiplier),
      1,
      3,
      5,
      7,
    );
    v128.store(lane, i32x4.add(lines, i32x4.shl(line, 6)), LINE);
    // For number 8g + i of a grouped line: 62 − g, which shifts the bit of its group to the top, and
    // 7 − i, the place of its own bit in the byte of the group.
    const place = i32x4.sub(i32x4.add(i32x4.mul(line, span), i32x4.splat(PLACE_LAST)), number);
    v128.store(lane, i32x4.shr_u(place, 3), GROUP_SHIFT);
    v128.store(lane, v128.and(place, i32x4.splat(7)), IN_GROUP);
  }
}

/** See {@link locate}: 8 × (62 − g) + 7 − i of number 0. */
const PLACE_LAST: u32 = 62 * 8 + 7;

/** Keeps the loads of {@link touch} from being left out. */
let touched: u32 = 0;

function touch(lanes: u32, count: u32): void {
  const end = lanes + (count << 2);
  let sum: u32 = 0;
  for (let lane = lanes; lane < end; lane += 16) {
    sum += load<u32>(load<u32>(lane, LINE));
    sum += load<u32>(load<u32>(lane, LINE + 4));
    sum += load<u32>(load<u32>(lane, LINE + 8));
    sum += load<u32>(load<u32>(lane, LINE + 12));
  }
  touched = sum;
}

/** Notes a lane if its line has the number or is slow; returns where the next is noted. */
function testLane(lane: u32, place: u32, noted: u32): u32 {
  const line = load<u32>(lane, LINE);
  const flags = atomic.load<u64>(line);
  // The bit of the number's group is the highest now. Those that are set are as many as bytes up to
  // its own; where it is not set, the byte is another's and does not count.
  const groups = flags << (<u64>load<u32>(lane, GROUP_SHIFT));
  const byte = <u32>load<u8>(line + <u32>popcnt<u64>(groups), GROUP_BYTES_AT - 1);
  const isThere = <u32>(groups >> 63) & (byte >> load<u32>(lane, IN_GROUP));
  store<u32>(noted, place);
  return noted + (((isThere | <u32>flags) & <u32>FLAG_SLOW) << 2);
}

function test(lanes: u32, count: u32): u32 {
  const end = lanes + (count << 2);
  let noted = lanes + NOTED;
  for (let lane = lanes; lane < end; lane += 16) {
    const place = lane - lanes;
    noted = testLane(lane, place, noted);
    noted = testLane(lane + 4, place + 4, noted);
    noted = testLane(lane + 8, place + 8, noted);
    noted = testLane(lane + 12, place + 12, noted);
  }
  return noted;
}

/** Lines with one of these flags are looked at as single lookups look at them. */
const FLAGS_OF_ITS_OWN: u64 = FLAG_DIRTY | FLAG_GENERIC | FLAG_FOREIGN;

/** Answers what was noted; each note is four times the place in the group. */
function finish(reader: u32, version: u32, from: u32, notedEnd: u32): void {
  const keys = reader + READER_KEYS + (from << 3);
  const answers = reader + READER_ANSWERS + (from << 2);
  for (let noted = reader + NOTED; noted < notedEnd; noted += 4) {
    const place = load<u32>(noted);
    const lane = reader + place;
    const line = load<u32>(lane, LINE);
    const flags = atomic.load<u64>(line);
    if ((flags & FLAGS_OF_ITS_OWN) != 0) {
      store<u32>(answers + place, answerOf(version, keyOf(load<f64>(keys + (place << 1)))));
      continue;
    }
    const shape = load<u32>(lane, IN_SEGMENT);
    const behind = (load<u32>(lane, GROUP_SHIFT) << 3) | load<u32>(lane, IN_GROUP);
    const number: u32 = PLACE_LAST - behind;
    if (findEntry(line, flags, shape, number)) {
      const header = ABSENT_AREA + AREA_ALIGNMENT + load<u32>(lane, IN_NODE);
      const route = routeOfCode(header, shape, codeOfEntry(line, flags, shape, foundEntry));
      const ported = load<u32>(header, AREA_PORTED_ANSWER);
      store<u32>(
        answers + place,
        route |
          (ported != 0 ? ported : portedAnswerOf(header, keyOf(load<f64>(keys + (place << 1))))),
      );
    } else if ((flags & FLAG_PIECE) != 0) {
      const piece = load<u64>(pieceOf(line));
      const isInPiece = number >= <u32>(piece & 0xffff) && number <= <u32>((piece >> 16) & 0xffff);
      if (isInPiece) store<u32>(answers + place, <u32>(piece >> 32));
    }
  }
}

/** A key as an integer; 0 for what is none. */
export function keyOf(key: f64): u64 {
  if (!(key >= 0 && key < KEY_END)) return 0;
  const integer = <u64>key;
  return <f64>integer == key ? integer : 0;
}
