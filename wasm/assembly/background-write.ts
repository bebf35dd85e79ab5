// What a change of runs or prefixes means for the lines under it: their background is another.
//
// Where few lines of a segment are concerned each gets a patch, so that the next fold makes it quick
// again. Otherwise all of them say at once that it has to be looked up, and the segment is renewed or built
// anew.

import {
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  lineOfIndex,
  lineOfNumber,
  numbersIn,
  segmentCountOf,
  segmentOf,
  TALLY_LINES,
  TALLY_STALE,
  tallyOf,
} from './area';
import { headerOf, nextArea } from './directory';
import { noteToBuild } from './fold';
import { AREA_BITS, EMPTY_LINE, GENERIC_LINE } from './layout';
import { FLAG_DIRTY, FLAG_GENERIC, FLAG_SLOW } from './line';
import { renewLine } from './line-change';
import { makeTableGeneric } from './line-table';

/** Lines of a segment below which each gets a patch, but for those of a change over all of the segment. */
const PATCHED_LINES_MAX: u32 = 8;

/**
 * Notes that the background of the keys from `from` to `to` is another in the version with this number.
 * False where the memory is full.
 */
export function renewBackground(from: u64, to: u64, version: u64): bool {
  const last = <u32>(to >> AREA_BITS);
  for (let area = nextArea(<u32>(from >> AREA_BITS)); area <= last; area = nextArea(area + 1)) {
    const header = headerOf(area);
    const count = segmentCountOf(header);
    let segment = from > firstKeyOf(header, 0) ? segmentOf(header, from) : 0;
    for (; segment < count && firstKeyOf(header, segment) <= to; segment++) {
      const first = firstKeyOf(header, segment);
      const end = first + numbersIn(header, segment) - 1;
      const low = <u32>(max(from, first) - first);
      const high = <u32>(min(to, end) - first);
      if (!renewSegment(header, segment, low, high, version)) return false;
    }
  }
  return true;
}

function renewSegment(header: u32, segment: u32, low: u32, high: u32, version: u64): bool {
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  if (!hasLines(lines)) {
    if (lines == EMPTY_LINE) atomic.store<u32>(descriptor + DESCRIPTOR_LINES, GENERIC_LINE);
    noteStale(header, segment);
    return true;
  }
  const from = lineOfNumber(header, descriptor, low);
  const to = lineOfNumber(header, descriptor, high);
  const isWhole = low == 0 && high == numbersIn(header, segment) - 1;
  const arePatched = !isWhole && to - from < PATCHED_LINES_MAX;
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  let isStale = !arePatched;
  for (let index = from; index <= to; index++) {
    const line = lineOfIndex(lines, shape, index);
    if (line == 0) {
      makeTableGeneric(lines);
      isStale = true;
      continue;
    }
    // A line that waits to be folded is not looked at by readers of this version, but its newest patch is.
    const isPatched = arePatched || (load<u64>(line) & FLAG_DIRTY) != 0;
    if (isPatched && !renewLine(header, segment, line, version)) return false;
    // Looking it up is right in every version, so this may be seen at once.
    if (!arePatched) atomic.store<u64>(line, load<u64>(line) | FLAG_SLOW | FLAG_GENERIC);
  }
  if (isStale) noteStale(header, segment);
  return true;
}

/** Notes that a segment is to be built anew because of its background. */
function noteStale(header: u32, segment: u32): void {
  const tally = tallyOf(header, segment);
  store<u16>(tally + TALLY_LINES, load<u16>(tally + TALLY_LINES) | <u16>TALLY_STALE);
  noteToBuild(header);
}
