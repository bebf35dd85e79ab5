// Lookups in batches.
//
// At country size a lookup is one load that no cache has, and what matters is how many of them are
// under way at once. A processor holds a few hundred instructions: with all of a lookup between one
// such load and the next, it waits for a handful. So a group of lookups goes through short loops:
//
//     divide   key → area → place of the descriptor of its segment. While the lines of the group before
//              are touched.
//     locate   descriptor → line. All of that is in the caches.
//     touch    nothing but loading the first word of each line: as many as the processor can.
//     test     is the number in its line? Without a branch: most answers are the default of the
//              segment, which is there already, and the others are noted.
//     finish   those that were noted, see lookup-finish.ts.
//
//     group 0   divide  locate  touch      test  finish
//     group 1                   divide                   locate  touch      test  finish
//     group 2                                                    divide
//
// What may share a loop with touching is a matter of how many instructions there are from one touch to
// the next. Instructions leave a processor's window in order. Where it holds 512, and there are 12 from
// touch to touch, it reaches over 40 touches, and the 16 that can be under way are always found; with 30
// it reaches over 17, and a slow one keeps the others out. So dividing, with 11 instructions, is free in
// there, and loading the words of areas, two more, still pays; with all of locating in there a lookup took
// 32 ns and not 27, with descriptors touched in there a nanosecond more (shared 2-core Intel Xeon VM, Node
// 20.20.2, 2026-11-28). What this file makes of it is in docs/bench-index-lookup.md.

import { READER_ANSWERS, READER_KEYS } from './layout';
import { FLAG_SLOW, GROUP_BYTES_AT } from './line';
import { finish } from './lookup-finish';
import { beginOutside, finishOutside } from './lookup-hits';
import { divide, divideFar, locate, touch } from './lookup-locate';
import {
  COLUMN_BYTES,
  GROUP,
  GROUP_SHIFT,
  IN_GROUP,
  LANES,
  LINE,
  layConstants,
  NOTED,
} from './lookup-scratch';

/** Writes the answers (see number-index.ts) to the first `count` keys of the reader's scratch. */
export function answerBatch(reader: u32, version: u32, count: u32): void {
  layConstants(reader);
  beginOutside(reader);
  // While the first group is divided, the start of the memory is touched.
  memory.fill(reader + LANES + LINE, 0, COLUMN_BYTES);
  let keys = reader + READER_KEYS;
  let answers = reader + READER_ANSWERS;
  let groupCount = countInGroup(count, 0);
  let isNear = divide(reader, keys, groupCount);
  for (let from: u32 = 0; from < count; from += GROUP) {
    if (!isNear) divideFar(reader, keys, groupCount);
    locate(reader, answers, groupCount);
    const nextCount = countInGroup(count, from + GROUP);
    isNear = divide(reader, keys + (GROUP << 3), nextCount);
    touch(reader, nextCount, groupCount);
    const notedEnd = test(reader, groupCount);
    finish(reader, version, keys, answers, notedEnd);
    keys += GROUP << 3;
    answers += GROUP << 2;
    groupCount = nextCount;
  }
  finishOutside(reader);
}

/**
 * How many of `count` keys are in the group that begins at one of them, up to a multiple of four: loops
 * take four keys at once, and behind the last overwrite answers that nobody reads.
 */
function countInGroup(count: u32, from: u32): u32 {
  return from < count ? (min(count - from, GROUP) + 3) & ~3 : 0;
}

/**
 * Notes a lane if its line may have the number or is slow; returns where the next is noted. The flags are
 * loaded plainly, for an atomic load takes five instructions and not one: eight bytes at a multiple of
 * eight are loaded at once by every processor that has registers of eight.
 */
function testLane(lane: u32, noted: u32): u32 {
  const line = load<u32>(lane, LINE);
  const flags = load<u64>(line);
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
export function test(reader: u32, count: u32): u32 {
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
