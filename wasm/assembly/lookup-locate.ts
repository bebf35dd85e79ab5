// The beginning of lookups in batches, see lookup.ts: from keys to lines, four keys at a time.
//
// The keys of a group mostly lie in one node of the directory, for a node is larger than the numbers of most
// countries. Then the root is looked at once. That they do, and that all of them are integers, is
// found out by the way; where it is not so, divideFar takes the keys one node each.

import { integerOf } from './key';
import { ABSENT_AREA, EMPTY_NODE, NODE_BITS, ROOT } from './layout';
import {
  AREA,
  AREA_MASK,
  DESCRIPTOR,
  GROUP_SHIFT,
  IN_GROUP,
  IN_GROUP_MASK,
  IN_ROOT,
  IN_SEGMENT,
  INTEGER_SHIFT,
  KEY_LIMIT,
  LANES,
  LINE,
  NEXT_AREA,
  NODE,
  NODE_MASK,
  NUMBER_MASK,
  PLACE_MAX,
  ROOT_MASK,
  SHAPE,
  UPPER,
} from './lookup-scratch';

function lowWords(left: v128, right: v128): v128 {
  return v128.shuffle<u32>(left, right, 0, 2, 4, 6);
}

function highWords(left: v128, right: v128): v128 {
  return v128.shuffle<u32>(left, right, 1, 3, 5, 7);
}

/** Loads from the lines of the lanes of a group from one on. */
export function touch(reader: u32, from: u32, count: u32): void {
  const end = reader + LANES + (count << 2);
  for (let lane = reader + LANES + (from << 2); lane < end; lane += 16) touchFour(lane);
}

/** A load in Wasm could trap, so it is made though nobody wants what it loads. */
function touchFour(lane: u32): void {
  load<u32>(load<u32>(lane, LINE));
  load<u32>(load<u32>(lane, LINE + 4));
  load<u32>(load<u32>(lane, LINE + 8));
  load<u32>(load<u32>(lane, LINE + 12));
}

/**
 * Fills the columns of the group that comes next with where its keys lead within the node of the first of
 * them, and touches as many lines of the group before it. Whether all keys are integers and of that
 * node; where they are not, the columns lead anywhere within the directory.
 */
export function divide(reader: u32, keys: u32, count: u32): bool {
  const firstKey = integerOf(load<f64>(keys));
  const firstNode = load<u32>(ROOT + ((<u32>(firstKey >> NODE_BITS)) << 2));
  v128.store(reader, i32x4.splat(EMPTY_NODE + firstNode), NODE);
  // The upper half of a key that was shifted as below, without what is within a node.
  const firstUpper = 0x4330_0000 | ((<u32>(firstKey >> NODE_BITS)) << (NODE_BITS - 32));
  v128.store(reader, i32x4.splat(firstUpper), UPPER);
  const node = v128.load(reader, NODE);
  const upper = v128.load(reader, UPPER);
  const shift = v128.load(reader, INTEGER_SHIFT);
  const nodeMask = v128.load(reader, NODE_MASK);
  const areaMask = v128.load(reader, AREA_MASK);
  const numberMask = v128.load(reader, NUMBER_MASK);
  let isNone = i32x4.splat(0);
  let upperDiffers = i32x4.splat(0);
  const first = reader + LANES;
  const end = first + (count << 2);
  for (let lane = first; lane < end; lane += 16) {
    touchFour(lane);
    const left = v128.load(keys);
    const right = v128.load(keys, 16);
    keys += 32;
    const shifted01 = f64x2.add(left, shift);
    const shifted23 = f64x2.add(right, shift);
    isNone = v128.or(isNone, f64x2.ne(f64x2.sub(shifted01, shift), left));
    isNone = v128.or(isNone, f64x2.ne(f64x2.sub(shifted23, shift), right));
    upperDiffers = v128.or(upperDiffers, v128.xor(highWords(shifted01, shifted23), upper));
    v128.store(lane, i32x4.add(placesInNode(shifted01, shifted23, nodeMask), node), NEXT_AREA);
    storeNext(lane, areasAt(lane), lowWords(shifted01, shifted23), areaMask, numberMask);
  }
  return !v128.any_true(v128.or(isNone, i32x4.shr_u(upperDiffers, NODE_BITS - 32)));
}

/** The same for keys of any nodes, and what is no key, without touching anything. */
export function divideFar(reader: u32, keysAt: u32, count: u32): void {
  const shift = v128.load(reader, INTEGER_SHIFT);
  const keyLimit = v128.load(reader, KEY_LIMIT);
  const rootMask = v128.load(reader, ROOT_MASK);
  const nodeMask = v128.load(reader, NODE_MASK);
  const areaMask = v128.load(reader, AREA_MASK);
  const numberMask = v128.load(reader, NUMBER_MASK);
  const zero = f64x2.splat(0);
  const first = reader + LANES;
  const toKeys = keysAt - (first << 1);
  const end = first + (count << 2);
  for (let lane = first; lane < end; lane += 16) {
    const keys = toKeys + (lane << 1);
    // The order of the operands leaves no key that is not a number.
    const left = f64x2.pmax(zero, f64x2.pmin(keyLimit, v128.load(keys)));
    const right = f64x2.pmax(zero, f64x2.pmin(keyLimit, v128.load(keys, 16)));
    const integers01 = integersOf(left, shift);
    const integers23 = integersOf(right, shift);
    v128.store(reader, v128.and(highWords(integers01, integers23), rootMask), IN_ROOT);
    v128.store(lane, placesInNode(integers01, integers23, nodeMask), NEXT_AREA);
    for (let at: u32 = 0; at < 16; at += 4) {
      const node = EMPTY_NODE + load<u32>(load<u32>(reader + at, IN_ROOT), ROOT);
      store<u32>(lane + at, load<u32>(node + load<u32>(lane + at, NEXT_AREA)), NEXT_AREA);
    }
    const areas = v128.load(lane, NEXT_AREA);
    storeNext(lane, areas, lowWords(integers01, integers23), areaMask, numberMask);
  }
}

/** Two keys, in the low 52 bits of each half; 0 for what is no integer. */
function integersOf(keys: v128, shift: v128): v128 {
  const shifted = f64x2.add(keys, shift);
  return v128.and(shifted, f64x2.eq(f64x2.sub(shifted, shift), keys));
}

/** Where in their nodes the words of the areas of four keys are. */
function placesInNode(integers01: v128, integers23: v128, nodeMask: v128): v128 {
  const middle = lowWords(i64x2.shr_u(integers01, 22), i64x2.shr_u(integers23, 22));
  return v128.and(middle, nodeMask);
}

/** The words of the directory whose addresses are in a column for four keys. */
function areasAt(lane: u32): v128 {
  const first = v128.load32_zero(load<u32>(lane, NEXT_AREA));
  const two = v128.load32_lane(load<u32>(lane, NEXT_AREA + 4), first, 1);
  const three = v128.load32_lane(load<u32>(lane, NEXT_AREA + 8), two, 2);
  return v128.load32_lane(load<u32>(lane, NEXT_AREA + 12), three, 3);
}

/** Stores where four keys of the next group lead: area, descriptor, and number in the segment. */
function storeNext(lane: u32, areas: v128, low: v128, areaMask: v128, numberMask: v128): void {
  v128.store(lane, areas, NEXT_AREA);
  v128.store(lane, i32x4.add(areas, v128.and(i32x4.shr_u(low, 12), areaMask)), DESCRIPTOR);
  v128.store(lane, v128.and(low, numberMask), IN_SEGMENT);
}

/**
 * Fills the other columns of the group that was divided, which is now the present one, and writes the
 * default answers. What belongs together is loaded once, for the writer may put a new area in its place
 * meanwhile.
 */
export function locate(reader: u32, answers: u32, count: u32): void {
  const placeMax = v128.load(reader, PLACE_MAX);
  const inGroupMask = v128.load(reader, IN_GROUP_MASK);
  const first = reader + LANES;
  const toAnswers = answers - first;
  const end = first + (count << 2);
  for (let lane = first; lane < end; lane += 16) {
    v128.store(lane, v128.load(lane, NEXT_AREA), AREA);
    // Four descriptors side by side become four columns.
    const d0 = v128.load(load<u32>(lane, DESCRIPTOR), ABSENT_AREA);
    const d1 = v128.load(load<u32>(lane, DESCRIPTOR + 4), ABSENT_AREA);
    const d2 = v128.load(load<u32>(lane, DESCRIPTOR + 8), ABSENT_AREA);
    const d3 = v128.load(load<u32>(lane, DESCRIPTOR + 12), ABSENT_AREA);
    const front01 = v128.shuffle<u32>(d0, d1, 0, 4, 1, 5);
    const front23 = v128.shuffle<u32>(d2, d3, 0, 4, 1, 5);
    const back01 = v128.shuffle<u32>(d0, d1, 2, 6, 3, 7);
    const back23 = v128.shuffle<u32>(d2, d3, 2, 6, 3, 7);
    const lines = v128.shuffle<u64>(front01, front23, 0, 2);
    const multiplier = v128.shuffle<u64>(front01, front23, 1, 3);
    const shape = v128.shuffle<u64>(back01, back23, 0, 2);
    v128.store(lane + toAnswers, v128.shuffle<u64>(back01, back23, 1, 3));
    v128.store(lane, shape, SHAPE);
    const number = v128.load(lane, IN_SEGMENT);
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
