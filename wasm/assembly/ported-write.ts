// Changes of ported numbers: a scratchful of them, line by line.
//
// The changes are put in order of their keys first, so that each line is changed once, and all lines are
// loaded before the first is changed, so that their cache misses overlap.

import {
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  hasLines,
  lineOfIndex,
  lineOfNumber,
  numbersIn,
  segmentOf,
  spanOf,
  tallyOf,
} from './area';
import { keyAt, sortChanges } from './change-order';
import { headerOf, makeSparseArea } from './directory';
import { noteToBuild } from './fold';
import { AREA_BITS, LINE_BUFFER } from './layout';
import { changeLine, resetCounts } from './line-change';
import { makeOwnLine, makeTableLine } from './line-new';

/**
 * Applies `count` changes of ported numbers from the change scratch, in order, to the version with this
 * number; how many entries that adds and removes is in line-change.ts. False where the memory is full;
 * then the version is to be given up.
 */
export function applyPorted(count: u32, version: u64): bool {
  resetCounts();
  sortChanges(count);
  touchLines(count);
  for (let from: u32 = 0; from < count; ) {
    const key = keyAt(from);
    const area = <u32>(key >> AREA_BITS);
    let header = headerOf(area);
    if (header == 0) {
      header = makeSparseArea(key);
      if (header == 0) return false;
      // Where the batch is given up, the next fold takes it away again.
      noteToBuild(header);
    }
    const segment = segmentOf(header, key);
    const descriptor = descriptorOf(header, segment);
    if (!hasLines(load<u32>(descriptor + DESCRIPTOR_LINES))) {
      if (!makeOwnLine(descriptor, tallyOf(header, segment))) return false;
      noteToBuild(header);
    }
    const first = firstKeyOf(header, segment);
    const span = spanOf(header, descriptor);
    const index = lineOfNumber(header, descriptor, <u32>(key - first));
    const base = first + <u64>index * span;
    const end = min(base + span, first + numbersIn(header, segment));
    let to = from + 1;
    while (to < count && keyAt(to) < end) to++;
    const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
    let line = lineOfIndex(lines, load<u32>(descriptor + DESCRIPTOR_SHAPE), index);
    if (line == 0) line = makeTableLine(descriptor, tallyOf(header, segment), index);
    if (line == 0) return false;
    if (!changeLine(header, segment, line, base, from, to, version)) return false;
    from = to;
  }
  return true;
}

/** Loads the lines that the changes are in. */
function touchLines(count: u32): void {
  let sum: u64 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const key = keyAt(at);
    const header = headerOf(<u32>(key >> AREA_BITS));
    if (header == 0) continue;
    const segment = segmentOf(header, key);
    const descriptor = descriptorOf(header, segment);
    const number = <u32>(key - firstKeyOf(header, segment));
    const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
    // Where there are no lines yet, and no line in a table, that and the start of the memory are loaded.
    const index = lineOfNumber(header, descriptor, number);
    sum += load<u64>(lineOfIndex(lines, load<u32>(descriptor + DESCRIPTOR_SHAPE), index));
  }
  store<u64>(LINE_BUFFER, sum);
}
