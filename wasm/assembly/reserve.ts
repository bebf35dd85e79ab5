// The reserve: a block of the arena that nobody uses, so that a full index can be emptied.
//
// A change takes memory before it gives any back, for readers may still be looking at what was there before; so does
// a deletion, and so does a batch without changes, which only brings another label. Without a reserve, an index
// that has filled its memory would refuse those too, and stay full for good. So a batch that sets nothing may use the
// reserve; any other has to find one first, and is refused where it does not.

import { allocate } from './arena';
import { classFor, putFree } from './free-blocks';
import { joinEarly } from './free-join';
import { HEADER_RESERVE } from './layout';

/** Enough for the patches of some hundred lines, or for one line with all that it can have outside. */
export const RESERVE_BYTES: u32 = 65536;

/** Makes sure that there is a reserve. False where the memory is full. */
export function takeReserve(): bool {
  if (load<u32>(HEADER_RESERVE) == 0) {
    joinEarly(RESERVE_BYTES);
    store<u32>(HEADER_RESERVE, allocate(RESERVE_BYTES));
  }
  joinEarly(0);
  return load<u32>(HEADER_RESERVE) != 0;
}

/** Lets the batch that begins use the reserve. */
export function giveReserve(): void {
  joinEarly(RESERVE_BYTES);
  const block = load<u32>(HEADER_RESERVE);
  if (block == 0) return;
  store<u32>(HEADER_RESERVE, 0);
  // It does not count as released: there is no more to join than before.
  putFree(classFor(RESERVE_BYTES), block);
}
