// Images: the header, the root in use and the used arena, one after the other, as they lie in memory.
//
// The checksum covers all of it, the header with its checksum field zero: XXH64 of the arena, seeded
// with XXH64 of the root in use, seeded with XXH64 of the header. An image has no patches. With it, an image is what some writer wrote. Beyond that the version's own
// fields are checked, and all that its entries lead to (image-content.ts). What only the writer uses,
// the lists of free and retired blocks, is not: a forged image may make an update trap, but each walk
// is bounded, so it cannot hold a thread.

import { isInArena } from './arena';
import { xxh64 } from './checksum';
import { isContentWhole } from './image-content';
import { settle } from './index-write';
import {
  ARENA,
  FORMAT,
  HEADER_BYTES,
  HEADER_CHECKSUM,
  HEADER_CURRENT,
  HEADER_EPOCH,
  HEADER_FORMAT,
  HEADER_MAGIC,
  HEADER_ORDER_MARK,
  HEADER_ROOT_END,
  HEADER_ROOT_FIRST,
  HEADER_USED,
  IMAGE_BROKEN_ENTRY,
  IMAGE_DAMAGED,
  IMAGE_GOOD,
  IMAGE_INCONSISTENT,
  IMAGE_NOT_ONE,
  IMAGE_OTHER_BYTE_ORDER,
  IMAGE_OTHER_FORMAT,
  LABEL_BYTES,
  MAGIC,
  ORDER_MARK,
  VERSION_BYTES,
  VERSION_LABEL_BYTES,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_ROOT,
} from './layout';

/** Far more batches than an index will ever see, and far from where counting them overflows. */
const EPOCH_MAX: u64 = 1 << 53;

/**
 * Makes the header fit to be the beginning of an image, until the next batch. False where patches are
 * left: readers are in calls that they entered before the last batch, or the memory is full.
 */
export function prepareImage(): bool {
  if (!settle()) return false;
  store<u64>(HEADER_CHECKSUM, imageChecksum());
  return true;
}

/** Bytes of the root that an image holds. */
export function rootBytes(): u32 {
  return load<u32>(HEADER_ROOT_END) - load<u32>(HEADER_ROOT_FIRST);
}

/** Bytes of the arena that an image holds. */
export function arenaBytes(): u32 {
  return load<u32>(HEADER_USED) - ARENA;
}

/** Checks an image of `bytes` bytes that lies in place, with routes below `routesMax`. */
export function checkImage(bytes: u32, routesMax: u32): u32 {
  if (load<u64>(HEADER_MAGIC) != MAGIC) return IMAGE_NOT_ONE;
  if (load<u32>(HEADER_ORDER_MARK) != ORDER_MARK) return IMAGE_OTHER_BYTE_ORDER;
  if (load<u32>(HEADER_FORMAT) != FORMAT) return IMAGE_OTHER_FORMAT;
  if (<u64>HEADER_BYTES + rootBytes() + arenaBytes() != <u64>bytes) return IMAGE_INCONSISTENT;
  const checksum = load<u64>(HEADER_CHECKSUM);
  if (imageChecksum() != checksum) return IMAGE_DAMAGED;
  const epoch = load<u64>(HEADER_EPOCH);
  if (epoch == 0 || epoch > EPOCH_MAX) return IMAGE_INCONSISTENT;
  const version = load<u32>(HEADER_CURRENT);
  if (!isVersion(version)) return IMAGE_INCONSISTENT;
  return isContentWhole(version, routesMax) ? IMAGE_GOOD : IMAGE_BROKEN_ENTRY;
}

function isVersion(version: u32): bool {
  if (!isInArena(version, VERSION_BYTES)) return false;
  if (!isInArena(load<u32>(version + VERSION_ROOT), 4)) return false;
  if (load<u32>(version + VERSION_LABEL_BYTES) > LABEL_BYTES) return false;
  // Each entry takes a word at least.
  const words = arenaBytes() >> 2;
  if (load<u32>(version + VERSION_PREFIX_COUNT) > words) return false;
  return true;
}

function imageChecksum(): u64 {
  store<u64>(HEADER_CHECKSUM, 0);
  const first = load<u32>(HEADER_ROOT_FIRST);
  return xxh64(ARENA, arenaBytes(), xxh64(first, rootBytes(), xxh64(0, HEADER_BYTES, 0)));
}
