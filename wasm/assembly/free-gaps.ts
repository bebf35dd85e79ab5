// Gaps: stretches of the arena, of any length, that an image turned out to leave free. Nobody knows what
// blocks they were, so they are used like the end of the arena, piece by piece as blocks are needed, and
// before it.
//
//     gap   0      4       8
//          ┌──────┬───────┬────────────
//          │ next │ bytes │ free …
//          └──────┴───────┴────────────

import { putRest } from './free-blocks';
import { HEADER_LARGE_GAPS, HEADER_SMALL_GAPS } from './layout';

/** What is shorter goes to the lists of blocks at once. */
const GAP_BYTES_MIN: u32 = 256;
/** Longer ones, which hold the lines of a segment, are kept for those as far as possible. */
const LARGE_GAP_BYTES: u32 = 16384;
/** How many of a list are looked at for one that is long enough. */
const LOOKS_MAX: u32 = 8;

/** Makes what lies between two multiples of 4 a gap. */
export function putGap(from: u32, end: u32): void {
  const bytes = end - from;
  if (bytes < GAP_BYTES_MIN) return putRest(from, end);
  const list = bytes < LARGE_GAP_BYTES ? HEADER_SMALL_GAPS : HEADER_LARGE_GAPS;
  store<u32>(from, load<u32>(list));
  store<u32>(from + 4, bytes);
  store<u32>(list, from);
}

/** A block from a gap, at a multiple of `alignment`; 0 where none was found. */
export function takeFromGap(size: u32, alignment: u32): u32 {
  const block = size < LARGE_GAP_BYTES ? takeFrom(HEADER_SMALL_GAPS, size, alignment) : 0;
  return block != 0 ? block : takeFrom(HEADER_LARGE_GAPS, size, alignment);
}

function takeFrom(list: u32, size: u32, alignment: u32): u32 {
  let place = list;
  for (let left = LOOKS_MAX; left > 0; left--) {
    const gap = load<u32>(place);
    if (gap == 0) return 0;
    const end = gap + load<u32>(gap + 4);
    const block = ((<u64>gap + alignment - 1) / alignment) * alignment;
    if (block + size <= <u64>end) {
      store<u32>(place, load<u32>(gap));
      putRest(gap, <u32>block);
      putGap(<u32>block + size, end);
      return <u32>block;
    }
    place = gap;
  }
  return 0;
}

/** Any gap, as a block of `takenBytes` bytes; 0 where there is none. */
export function takeGap(): u32 {
  const list = load<u32>(HEADER_SMALL_GAPS) != 0 ? HEADER_SMALL_GAPS : HEADER_LARGE_GAPS;
  const gap = load<u32>(list);
  if (gap == 0) return 0;
  store<u32>(list, load<u32>(gap));
  takenBytes = load<u32>(gap + 4);
  return gap;
}

/** See {@link takeGap}. */
export let takenBytes: u32 = 0;

export function forgetGaps(): void {
  store<u32>(HEADER_SMALL_GAPS, 0);
  store<u32>(HEADER_LARGE_GAPS, 0);
}
