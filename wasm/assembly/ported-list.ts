// Ported numbers of a range in order, in pages, for every reader. The writer's walk (ported-walk.ts) takes
// whole lines apart in its own scratch, which readers have not: they go from number to number.

import { DETAILS_MAX, KIND_PORTED, READER_DETAILS, RECORD_BYTES } from './layout';
import { findPorted, firstPortedFrom, NO_KEY, portedRoute, portedUserData } from './ported-read';
import { writeEntry } from './record';

/**
 * Writes up to `countMax` (at most DETAILS_MAX) ported numbers from a key on, below `end`, to the
 * reader's details, in order. Returns how many.
 */
export function listPortedWithin(
  reader: u32,
  version: u32,
  from: u64,
  end: u64,
  countMax: u32,
): u32 {
  const wanted = min(countMax, DETAILS_MAX);
  let written: u32 = 0;
  while (written < wanted) {
    const key = firstPortedFrom(version, from, end);
    // Only in what no writer wrote is there a first number that is not found.
    if (key == NO_KEY || key < from || !findPorted(version, key)) break;
    const record = reader + READER_DETAILS + written * RECORD_BYTES;
    writeEntry(record, <f64>key, <f64>key, portedRoute, KIND_PORTED, portedUserData);
    written++;
    from = key + 1;
  }
  return written;
}
