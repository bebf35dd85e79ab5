// Where the parts of an image may lie: in the used arena, and, as they lie side by side, together not in
// more bytes than it has. A forged image whose links lead together again needs more, and is refused
// before that costs time.

import { isInArena } from './arena';
import { ARENA, HEADER_USED } from './layout';

let bytesLeft: u64 = 0;

/** Begins a check: no part has been met yet. */
export function resetRoom(): void {
  bytesLeft = load<u32>(HEADER_USED) - ARENA;
}

/** Whether a part that is met for the first time has room, at a multiple of `alignment`. */
export function takesRoom(offset: u32, bytes: u64, alignment: u32): bool {
  if ((offset & (alignment - 1)) != 0 || bytes > bytesLeft) return false;
  bytesLeft -= bytes;
  return isInArena(offset, <u32>bytes);
}
