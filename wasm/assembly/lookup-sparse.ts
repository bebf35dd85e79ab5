// Numbers of sparse areas: which segment of its area a number is in, and which line of that.
//
// To the loops before, an area that is sparse is one that is absent (directory.ts), so the lanes that
// have come to GENERIC_LINE are looked at here. All of a group search the first numbers of their areas' segments
// side by side, like columns (lookup-columns.ts): what is searched for is the first that lies behind the number,
// and the segment is the one before.
//
// While a lane is searching, it has its search where lookup-columns.ts has one, and its area already.

import {
  AREA_KIND,
  AREA_SEGMENTS,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_DIVISOR,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  firstNumbersOf,
  SPARSE,
  sparseDescriptors,
} from './area';
import { headerOf } from './directory';
import {
  ABSENT_AREA,
  AREA_ALIGNMENT,
  AREA_BITS,
  GENERIC_LINE,
  LED_GENERIC_LINE,
  LINE_BYTES,
} from './layout';
import { AT_ONCE, halve, placeOf } from './lookup-columns';
import { headerOfLane, keyOfLane, setNumber } from './lookup-lane';
import { AREA, GROUP_SHIFT, IN_GROUP, LINE, NOTED, OWN, SHAPE, WALKERS } from './lookup-scratch';

/** Gives noted lanes without a line that of a sparse area, where theirs is one. */
export function leadToSparse(reader: u32, keys: u32, toAnswer: u32, notedEnd: u32): void {
  // Nobody has a place in the list of own yet.
  const list = reader + OWN;
  const unledEnd = listUnled(reader, notedEnd, list);
  if (unledEnd == list) return;
  // Nobody is a walker yet.
  const searching = reader + WALKERS;
  let searchingEnd = searching;
  let listEnd = list;
  for (let at = list; at < unledEnd; at += 4) {
    const lane = load<u32>(at);
    const key = keyOfLane(lane, reader, keys);
    const header = headerOf(<u32>(key >> AREA_BITS));
    // Of an area that is absent, the first words of the memory are looked at, and say something else. Where the
    // area is not sparse, nobody looks at what the lane has beside its line.
    const isSparse = u32(load<u32>(header + AREA_KIND) == SPARSE);
    const segments = load<u32>(header + AREA_SEGMENTS) & (0 - isSparse);
    store<u32>(lane, header - AREA_ALIGNMENT - ABSENT_AREA, AREA);
    store<u32>(lane, firstNumbersOf(header), SHAPE);
    store<u32>(lane, segments, IN_GROUP);
    store<u32>(lane, (<u32>key & ((1 << AREA_BITS) - 1)) + 1, GROUP_SHIFT);
    store<u32>(searchingEnd, lane);
    searchingEnd += u32(segments > AT_ONCE) << 2;
    store<u32>(listEnd, lane);
    listEnd += isSparse << 2;
  }
  while (searchingEnd != searching) searchingEnd = halve(searching, searchingEnd, searching);
  for (let at = list; at < listEnd; at += 4) leadToSegment(load<u32>(at));
  for (let at = list; at < listEnd; at += 4) {
    const lane = load<u32>(at);
    leadToLine(lane, lane + toAnswer);
  }
}

/** Lists the noted lanes that have come to GENERIC_LINE; returns the end of the list. */
function listUnled(reader: u32, notedEnd: u32, list: u32): u32 {
  let listEnd = list;
  for (let noted = reader + NOTED; noted < notedEnd; noted += 4) {
    const lane = load<u32>(noted);
    store<u32>(listEnd, lane);
    listEnd += u32(load<u32>(lane, LINE) == GENERIC_LINE) << 2;
  }
  return listEnd;
}

/** Gives a lane that has searched the descriptor of its segment, and its number in that. */
function leadToSegment(lane: u32): void {
  const header = headerOfLane(lane);
  const segments = load<u32>(header + AREA_SEGMENTS);
  const firstNumbers = firstNumbersOf(header);
  const wanted = load<u32>(lane, GROUP_SHIFT);
  // What lies behind the first numbers is no number of a segment.
  const place = min(placeOf(load<u32>(lane, SHAPE), wanted), firstNumbers + (segments << 2)) - 4;
  const segment = (place - firstNumbers) >> 2;
  const descriptor = sparseDescriptors(header, segments) + segment * DESCRIPTOR_BYTES;
  load<u32>(descriptor);
  store<u32>(lane, descriptor, SHAPE);
  store<u32>(lane, wanted - 1 - load<u32>(place), IN_GROUP);
}

/** Gives a lane that has its segment its line and default answer. */
function leadToLine(lane: u32, answer: u32): void {
  const descriptor = load<u32>(lane, SHAPE);
  const number = load<u32>(lane, IN_GROUP);
  const lines = atomic.load<u32>(descriptor + DESCRIPTOR_LINES);
  const span = load<u32>(descriptor + DESCRIPTOR_DIVISOR);
  const index = number / span;
  // Whoever is led to GENERIC_LINE would be led to the directory once more.
  const isGeneric = u32(lines == GENERIC_LINE);
  const line = lines + index * LINE_BYTES + isGeneric * (LED_GENERIC_LINE - GENERIC_LINE);
  load<u32>(line);
  store<u32>(lane, line, LINE);
  store<u32>(lane, load<u32>(descriptor + DESCRIPTOR_SHAPE), SHAPE);
  setNumber(lane, number - index * span);
  store<u32>(answer, load<u32>(descriptor + DESCRIPTOR_DEFAULT));
}
