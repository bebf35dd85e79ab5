// Numbers whose lines have their entries in columns (columns.ts), because more are in one line than it has room
// for: those that are too close together for a line of their segment and too far apart, or too many, for a
// segment of their own (sparse-build.ts), and those that have come since that was built.
//
// All numbers of a group search side by side: each halves what it has left, then all that have much left halve
// again, until the rest can be compared at once. No branch depends on where a number is found, and the loads of
// one step do not wait for each other, which counts: nothing of this is in the nearest caches.
//
// A search is kept where the lane has its columns (lookup-scratch.ts) of what it no longer needs:
//
//     LINE         columns of entries
//     SHAPE        first number that may be the one
//     IN_GROUP     how many numbers there are from it on
//     GROUP_SHIFT  the number in the line

import { COLUMNS_CAPACITY, COLUMNS_COUNT, COLUMNS_NUMBERS } from './columns';
import { portedAnswerOfLane } from './lookup-lane';
import { GROUP_SHIFT, IN_GROUP, LINE, SHAPE, WALKERS } from './lookup-scratch';

/** In a list of searches, beside a lane: what answers it has to be looked up where it is not found. */
export const SEARCH_GENERIC: u32 = 1;

/** Numbers that are compared at once. They fit into what may be loaded behind the arena. */
export const AT_ONCE: u32 = 16;

/** Makes a lane search for a number of its line. */
export function beginSearch(lane: u32, columns: u32, number: u32): void {
  store<u32>(lane, columns, LINE);
  store<u32>(lane, columns + COLUMNS_NUMBERS, SHAPE);
  store<u32>(lane, load<u32>(columns, COLUMNS_COUNT), IN_GROUP);
  store<u32>(lane, number, GROUP_SHIFT);
}

/**
 * Answers those lanes of a list that have an entry; writes those that have none, and are marked with
 * SEARCH_GENERIC, to another list, and returns the end of that.
 */
export function finishSearches(
  reader: u32,
  keys: u32,
  toAnswer: u32,
  list: u32,
  listEnd: u32,
  unanswered: u32,
): u32 {
  // Nobody is a walker yet.
  const searching = reader + WALKERS;
  for (let end = halve(list, listEnd, searching); end != searching; ) {
    end = halve(searching, end, searching);
  }
  for (let at = list; at < listEnd; at += 4) {
    const marked = load<u32>(at);
    const lane = marked & ~SEARCH_GENERIC;
    const columns = load<u32>(lane, LINE);
    const number = load<u32>(lane, GROUP_SHIFT);
    const place = placeOf(load<u32>(lane, SHAPE), number);
    // What lies behind the numbers is not looked at: in place of that, and of a route that there is none of, the
    // first word of the memory is loaded.
    const end = columns + COLUMNS_NUMBERS + (load<u32>(columns, COLUMNS_COUNT) << 2);
    const isWithin = u32(place < end);
    const isFound = isWithin & u32(load<u32>(place & (0 - isWithin)) == number);
    const routeAt = place + (load<u32>(columns, COLUMNS_CAPACITY) << 2);
    const route = load<u32>(routeAt & (0 - isFound));
    const answer = lane + toAnswer;
    const found = portedAnswerOfLane(lane, reader, keys) | route;
    store<u32>(answer, select<u32>(found, load<u32>(answer), isFound));
    store<u32>(unanswered, lane);
    unanswered += (marked & SEARCH_GENERIC & (isFound ^ 1)) << 2;
  }
  return unanswered;
}

/**
 * Halves what all lanes of a list have left to search; writes those that have more left than can be compared at once
 * to a list, which may be the same one, and returns the end of that.
 */
export function halve(list: u32, listEnd: u32, searching: u32): u32 {
  for (let at = list; at < listEnd; at += 4) {
    const marked = load<u32>(at);
    const lane = marked & ~SEARCH_GENERIC;
    const first = load<u32>(lane, SHAPE);
    const left = load<u32>(lane, IN_GROUP);
    const half = left >> 1;
    // Of one number or none there is no half, and what is loaded before it does not count.
    const isBehind = u32(load<u32>(first + (half << 2) - 4) < load<u32>(lane, GROUP_SHIFT));
    store<u32>(lane, first + ((half << 2) & (0 - isBehind)), SHAPE);
    store<u32>(lane, left - half, IN_GROUP);
    store<u32>(searching, marked);
    searching += u32(left - half > AT_ONCE) << 2;
  }
  return searching;
}

/**
 * Where the first number is that is not below one, of at most AT_ONCE rising numbers; where all are below it,
 * somewhere behind them.
 */
export function placeOf(first: u32, number: u32): u32 {
  // No number of a line has 31 bits.
  const wanted = i32x4.splat(number);
  const below = i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(
      i32x4.lt_s(v128.load(first), wanted),
      i32x4.lt_s(v128.load(first, 16), wanted),
    ),
    i16x8.narrow_i32x4_s(
      i32x4.lt_s(v128.load(first, 32), wanted),
      i32x4.lt_s(v128.load(first, 48), wanted),
    ),
  );
  return first + (ctz<u32>(~(<u32>i8x16.bitmask(below))) << 2);
}
