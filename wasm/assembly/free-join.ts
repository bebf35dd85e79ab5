// Joining free blocks that lie next to each other, for when the memory is at its limit. Otherwise they
// never are: the sizes in use repeat, so the lists settle.

import { CLASSES, classBytes, putRest, takeArea, takeFree, takeLines } from './free-blocks';
import { takeGap, takenBytes } from './free-gaps';
import { AREA_BYTES, ARENA, HEADER_USED, LINE_BYTES, LINES_MAX } from './layout';

/** What was released since free blocks were joined; very much at first. */
let releasedBytes: u64 = 1 << 32;

export function countReleased(bytes: u32): void {
  releasedBytes += bytes;
}

/** Joining is not worth it before so much of the arena, by a shift, was released. */
const JOIN_SHARE_BITS: u32 = 6;

/** So many released bytes are enough, too; 0: they are not. */
let earlyBytes: u32 = 0;

/** From how many released bytes on blocks are joined even where they are a small part of the arena; 0: never. */
export function joinEarly(bytes: u32): void {
  earlyBytes = bytes;
}

// The list that blocks are joined by. The smallest have no room for their length: the lowest bit of a link, which
// offsets leave free, says that the block it lies in is one of those.
//
//     block   0             4
//            ┌─────────────┬───────┬────────      ┌─────────────┐
//            │ next, bit 0 │ bytes │ free …       │ next, bit 1 │   of 4 bytes
//            └─────────────┴───────┴────────      └─────────────┘

const SMALLEST_BYTES: u32 = 4;
const IS_SMALLEST: u32 = 1;

function linkFree(list: u32, block: u32, bytes: u32): u32 {
  if (bytes == SMALLEST_BYTES) {
    store<u32>(block, list | IS_SMALLEST);
    return block;
  }
  store<u32>(block, list);
  store<u32>(block + 4, bytes);
  return block;
}

function nextOf(block: u32): u32 {
  return load<u32>(block) & ~IS_SMALLEST;
}

function setNext(block: u32, next: u32): void {
  store<u32>(block, next | (load<u32>(block) & IS_SMALLEST));
}

function endOf(block: u32): u32 {
  const isSmallest = (load<u32>(block) & IS_SMALLEST) != 0;
  return block + (isSmallest ? SMALLEST_BYTES : load<u32>(block + 4));
}

/** Joins free blocks that lie next to each other. False where that was done not long ago, and the lists are as they were. */
export function joinFree(): bool {
  const share = (load<u32>(HEADER_USED) - ARENA) >> JOIN_SHARE_BITS;
  const isEarly = earlyBytes != 0 && releasedBytes >= earlyBytes;
  if (releasedBytes <= share && !isEarly) return false;
  let list: u32 = 0;
  for (let sizeClass: u32 = 0; sizeClass < CLASSES; sizeClass++) {
    const bytes = classBytes(sizeClass);
    for (let block = takeFree(sizeClass); block != 0; block = takeFree(sizeClass)) {
      list = linkFree(list, block, bytes);
    }
  }
  for (let count: u32 = 1; count <= LINES_MAX; count++) {
    const bytes = count * LINE_BYTES;
    for (let block = takeLines(count); block != 0; block = takeLines(count)) {
      list = linkFree(list, block, bytes);
    }
  }
  for (let block = takeArea(); block != 0; block = takeArea()) {
    list = linkFree(list, block, AREA_BYTES);
  }
  for (let gap = takeGap(); gap != 0; gap = takeGap()) list = linkFree(list, gap, takenBytes);
  for (let block = sortedByOffset(list); block != 0; ) {
    let next = nextOf(block);
    let end = endOf(block);
    while (next == end) {
      end = endOf(next);
      next = nextOf(next);
    }
    putRest(block, end);
    block = next;
  }
  releasedBytes = 0;
  return true;
}

/** Sorts a list of blocks by merging, which needs no memory. */
function sortedByOffset(list: u32): u32 {
  let merges: u32 = 2;
  for (let width: u32 = 1; merges > 1; width <<= 1) {
    let rest = list;
    let last: u32 = 0;
    list = 0;
    merges = 0;
    while (rest != 0) {
      merges++;
      let left = rest;
      let right = rest;
      let leftCount: u32 = 0;
      for (; leftCount < width && right != 0; leftCount++) right = nextOf(right);
      let rightCount = width;
      while (leftCount > 0 || (rightCount > 0 && right != 0)) {
        let block = right;
        if (leftCount > 0 && (rightCount == 0 || right == 0 || left < right)) {
          block = left;
          left = nextOf(left);
          leftCount--;
        } else {
          right = nextOf(right);
          rightCount--;
        }
        if (last == 0) list = block;
        else setNext(last, block);
        last = block;
      }
      rest = right;
    }
    if (last != 0) setNext(last, 0);
  }
  return list;
}
