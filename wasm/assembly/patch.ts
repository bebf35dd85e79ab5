// Patches: lines as they are from some version on, until they are written in place.
//
// A line has its place: it can neither move with each change nor change under a reader. So a batch
// that changes a line leaves it as it is, marks it dirty, and makes a *patch*: the line as it is from the
// batch's version on. A reader that meets a dirty line looks for the newest patch that is not newer than
// its own version; where there is none, the line itself is right for it.
//
// Once every reader that is in a call has entered it at the newest version, nobody reads what is in
// dirty lines any more. The next batch then begins with *folding*: it copies what the patches have into
// the lines, which takes the marks away, and then removes all patches at once (fold.ts). A reader that
// has seen a mark and finds no patch any more loads the line again: by then it is whole.
//
// The patches of one line, and of others by chance, are a chain, the newest first; its head is found
// by the line's offset. A patch that a later batch has made useless stays until all are folded.
//
//      0      4      8         16        20     24        28      32      40     44        48       112
//     ┌──────┬──────┬─────────┬─────────┬──────┬─────────┬───────┬───────┬──────┬─────────┬────────┐
//     │ line │ next │ version │ made    │ area │ segment │ queue │ epoch │ owns │ entries │ image: │
//     │ u32  │ u32  │ u64     │ before  │ u32  │ u32     │ u32   │ u64   │ u32  │ u32     │ a line │
//     └──────┴──────┴─────────┴─────────┴──────┴─────────┴───────┴───────┴──────┴─────────┴────────┘
//
// `made before` links all patches, the newest first. Bit 31 of the segment tells that the background
// of the line is to be determined anew; its image says that it has to be looked up. `owns` is 1 for as
// long as what the image has outside goes with the patch, 0 once the line has taken it over. Patches that
// were taken away wait for their readers in queues of such lists: the first of a list has the epoch that
// readers have to reach, and leads to the next list. What readers look at stays as it was meanwhile: one
// may be on its way to the patch.

import { isInArena, release } from './arena';
import {
  CHAINS,
  CHAINS_BITS,
  HEADER_PATCHES_FIRST,
  HEADER_PATCHES_LAST,
  LINE_BYTES,
} from './layout';
import { FLAG_DIRTY, FLAG_SLOW } from './line';
import { releaseOutside } from './line-write';

export const PATCH_LINE: u32 = 0;
export const PATCH_NEXT: u32 = 4;
export const PATCH_VERSION: u32 = 8;
export const PATCH_BEFORE: u32 = 16;
export const PATCH_AREA: u32 = 20;
export const PATCH_SEGMENT: u32 = 24;
const PATCH_QUEUE: u32 = 28;
const PATCH_EPOCH: u32 = 32;
export const PATCH_OWNS: u32 = 40;
export const PATCH_ENTRIES: u32 = 44;
export const PATCH_IMAGE: u32 = 48;
export const PATCH_BYTES: u32 = PATCH_IMAGE + LINE_BYTES;
export const PATCH_NEW_BACKGROUND: u32 = 1 << 31;

/** The patch that was made last; 0 where there are none. In an image at HEADER_NEWEST_PATCH. */
export let newestPatch: u32 = 0;
/** How many patches there are. */
export let patchCount: u32 = 0;

/** Place of the head of the chain that a line's patches are in. */
function chainOf(line: u32): u32 {
  return CHAINS + ((((line / LINE_BYTES) * 0x9e37_79b1) >> (32 - CHAINS_BITS)) << 2);
}

/** The newest patch of a line that is not newer than a version; 0 where there is none. */
export function patchOf(line: u32, version: u64): u32 {
  let patch = atomic.load<u32>(chainOf(line));
  while (patch != 0) {
    if (load<u32>(patch + PATCH_LINE) == line && load<u64>(patch + PATCH_VERSION) <= version) break;
    patch = load<u32>(patch + PATCH_NEXT);
  }
  return patch;
}

/** Puts a patch, but for its links whole, in front of the others, and marks its line. */
export function addPatch(patch: u32): void {
  const line = load<u32>(patch + PATCH_LINE);
  const chain = chainOf(line);
  store<u32>(patch + PATCH_NEXT, load<u32>(chain));
  store<u32>(patch + PATCH_BEFORE, newestPatch);
  newestPatch = patch;
  patchCount++;
  atomic.store<u32>(chain, patch);
  atomic.store<u64>(line, load<u64>(line) | FLAG_SLOW | FLAG_DIRTY);
}

/**
 * Takes the patches away that were made after `last`, 0 for all. They go back to the arena once every
 * reader that is in a call has entered it at `epoch` or later.
 */
export function removePatches(last: u32, epoch: u64): void {
  if (newestPatch == last) return;
  const first = newestPatch;
  let patch = first;
  for (;;) {
    // Chains begin with the newest, and all that are newer than this one are gone.
    assert(load<u32>(chainOf(load<u32>(patch + PATCH_LINE))) == patch);
    atomic.store<u32>(chainOf(load<u32>(patch + PATCH_LINE)), load<u32>(patch + PATCH_NEXT));
    patchCount--;
    const before = load<u32>(patch + PATCH_BEFORE);
    if (before == last) break;
    patch = before;
  }
  store<u32>(patch + PATCH_BEFORE, 0);
  newestPatch = last;
  store<u64>(first + PATCH_EPOCH, epoch);
  store<u32>(first + PATCH_QUEUE, 0);
  if (load<u32>(HEADER_PATCHES_FIRST) == 0) store<u32>(HEADER_PATCHES_FIRST, first);
  else store<u32>(load<u32>(HEADER_PATCHES_LAST) + PATCH_QUEUE, first);
  store<u32>(HEADER_PATCHES_LAST, first);
}

/** Whether the list and the chains each come to an end after `count` patches. */
export function areChainsWhole(count: u32): bool {
  let listed: u32 = 0;
  for (let patch = newestPatch; patch != 0; patch = load<u32>(patch + PATCH_BEFORE)) {
    if (!isInArena(patch, PATCH_BYTES) || listed++ == count) return false;
  }
  let chained: u32 = 0;
  const end = CHAINS + (4 << CHAINS_BITS);
  for (let chain = CHAINS; chain < end; chain += 4) {
    for (let patch = load<u32>(chain); patch != 0; patch = load<u32>(patch + PATCH_NEXT)) {
      if (!isInArena(patch, PATCH_BYTES) || chained++ == count) return false;
    }
  }
  return listed == count && chained == count;
}

/** Gives the arena back the patches that no reader can meet any more. */
export function reclaimPatches(oldestEpoch: u64): void {
  let first = load<u32>(HEADER_PATCHES_FIRST);
  while (first != 0 && load<u64>(first + PATCH_EPOCH) <= oldestEpoch) {
    const next = load<u32>(first + PATCH_QUEUE);
    for (let patch = first; patch != 0; ) {
      const before = load<u32>(patch + PATCH_BEFORE);
      if (load<u32>(patch + PATCH_OWNS) != 0) {
        releaseOutside(patch + PATCH_IMAGE, load<u64>(patch + PATCH_IMAGE));
      }
      release(patch, PATCH_BYTES);
      patch = before;
    }
    first = next;
  }
  store<u32>(HEADER_PATCHES_FIRST, first);
}
