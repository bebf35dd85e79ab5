// Where the parts of an image lie: in the used arena, each apart from all others. What no part takes is
// free, whatever the image says of that.
//
// A map has a bit for each word of the arena. Where the memory cannot grow by that much, it is smaller, in
// the place of readers, of which there are none yet, and of the writer's scratch: then all parts are gone
// through for one stretch of the arena after the other.
//
//     arena    │ part     │ part │ free      │ part    │ free │
//     stretch  ├──────────────────────────┼───────────────────┤
//     map      │1111111111│111111│000000000 │1 …

import { isInArena } from './arena';
import { blockBytes, forgetFree } from './free-blocks';
import { forgetGaps, putGap } from './free-gaps';
import {
  ARENA,
  ARENA_SLACK,
  HEADER_PATCHES_FIRST,
  HEADER_RESERVE,
  HEADER_RETIRED_FIRST,
  HEADER_USED,
  PAGE_BYTES,
  READERS,
} from './layout';

/** Bytes of the arena that a byte, and a word of 64 bits, of the map stand for. */
const BYTE_STRETCH: u64 = 32;
const WORD_STRETCH: u32 = 256;

let map: u32 = 0;
let stretchFrom: u32 = 0;
let stretchEnd: u32 = 0;
let stretchMax: u64 = 0;
let bytesLeft: u64 = 0;

/** Makes room for a map, of all of the arena if possible. */
export function reserveMap(): void {
  const used = load<u32>(HEADER_USED);
  map = (used + ARENA_SLACK + 7) & ~7;
  const end = <u64>map + (<u64>(used - ARENA) / WORD_STRETCH + 1) * 8;
  const missing = <i32>((end + PAGE_BYTES - 1) / PAGE_BYTES) - memory.size();
  stretchMax = u64.MAX_VALUE;
  if (missing <= 0 || memory.grow(missing) >= 0) return;
  map = READERS;
  stretchMax = <u64>(ARENA - READERS - 8) * BYTE_STRETCH;
}

/** Begins to go through all parts: for the stretch of the arena that begins at `from`. */
export function beginStretch(from: u32): void {
  const used = load<u32>(HEADER_USED);
  stretchFrom = from;
  stretchEnd = <u64>(used - from) > stretchMax ? from + <u32>stretchMax : used;
  bytesLeft = used - ARENA;
  clearMap();
}

/** Where the next stretch begins; the end of the used arena: there is none. */
export function nextStretch(): u32 {
  return stretchEnd;
}

/** Leaves zeros where the map was. */
export function clearMap(): void {
  memory.fill(map, 0, ((stretchEnd - stretchFrom) / WORD_STRETCH + 1) * 8);
}

/** Whether a block, allocated with so many bytes, lies where no part does that was met before. */
export function takesBlock(offset: u32, bytes: u64): bool {
  return bytes != 0 && bytes <= <u64>u32.MAX_VALUE && takesRoom(offset, blockBytes(<u32>bytes), 4);
}

/** The same for `bytes` bytes, a multiple of 4, at a multiple of `alignment`. */
export function takesRoom(offset: u32, bytes: u64, alignment: u32): bool {
  // What lies outside of the stretch is not in the map, but all parts together have no room twice.
  if ((offset & (alignment - 1)) != 0 || bytes > bytesLeft) return false;
  bytesLeft -= bytes;
  if (!isInArena(offset, <u32>bytes)) return false;
  const from = max(offset, stretchFrom);
  const end = min(offset + <u32>bytes, stretchEnd);
  return from >= end || mark((from - stretchFrom) >> 2, (end - stretchFrom) >> 2);
}

/** Sets the bits from one up to another. False where one of them was set. */
function mark(from: u32, end: u32): bool {
  while (from < end) {
    const place = map + ((from >> 6) << 3);
    const count = min(64 - (from & 63), end - from);
    const inWord: u64 = from & 63;
    const behind: u64 = 64 - count;
    const bits = (u64.MAX_VALUE >> behind) << inWord;
    const word = load<u64>(place);
    if ((word & bits) != 0) return false;
    store<u64>(place, word | bits);
    from += count;
  }
  return true;
}

/** Forgets what the image says is free, or was until readers are gone: there are none. */
export function forgetRoom(): void {
  forgetFree();
  forgetGaps();
  store<u32>(HEADER_RETIRED_FIRST, 0);
  store<u32>(HEADER_PATCHES_FIRST, 0);
  store<u32>(HEADER_RESERVE, 0);
}

/** Makes what no part took of the stretch free. */
export function freeRest(): void {
  const end = (stretchEnd - stretchFrom) >> 2;
  for (let at = nextBit(0, end, false); at < end; ) {
    const next = nextBit(at, end, true);
    putGap(stretchFrom + (at << 2), stretchFrom + (next << 2));
    at = nextBit(next, end, false);
  }
}

/** The first bit from one on that is set, or is not; `end` where there is none before that. */
function nextBit(from: u32, end: u32, isSet: bool): u32 {
  while (from < end) {
    const word = load<u64>(map + ((from >> 6) << 3));
    const wanted = (isSet ? word : ~word) >> <u64>(from & 63);
    if (wanted != 0) return min(from + <u32>ctz<u64>(wanted), end);
    from = (from | 63) + 1;
  }
  return end;
}
