// Images: the header and the used arena, one after the other, as they lie in memory.
//
// The checksum covers both, the header with its checksum field zero: XXH64 of the arena, seeded with
// XXH64 of the header. With it, an image is what some writer wrote; beyond that only the places of
// the version, its root and its run table are checked, not every link.

import { reclaim } from './arena';
import { xxh64 } from './checksum';
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
  HEADER_USED,
  IMAGE_DAMAGED,
  IMAGE_GOOD,
  IMAGE_INCONSISTENT,
  IMAGE_NOT_ONE,
  IMAGE_OTHER_BYTE_ORDER,
  IMAGE_OTHER_FORMAT,
  MAGIC,
  ORDER_MARK,
  VERSION_BYTES,
  VERSION_ROOT,
  VERSION_RUN_COUNT,
  VERSION_RUNS,
  VERSION_TABLE_BYTES,
} from './layout';
import { tableBytes } from './run-table';

/** Makes the header fit to be the beginning of an image, until the next batch. */
export function prepareImage(): void {
  reclaim();
  store<u64>(HEADER_CHECKSUM, imageChecksum());
}

/** Bytes of the arena that an image holds. */
export function arenaBytes(): u32 {
  return load<u32>(HEADER_USED) - ARENA;
}

/** Checks an image that lies in place, `bytes` of it in the arena. */
export function checkImage(bytes: u32): u32 {
  if (load<u64>(HEADER_MAGIC) != MAGIC) return IMAGE_NOT_ONE;
  if (load<u32>(HEADER_ORDER_MARK) != ORDER_MARK) return IMAGE_OTHER_BYTE_ORDER;
  if (load<u32>(HEADER_FORMAT) != FORMAT) return IMAGE_OTHER_FORMAT;
  if (arenaBytes() != bytes) return IMAGE_INCONSISTENT;
  const checksum = load<u64>(HEADER_CHECKSUM);
  if (imageChecksum() != checksum) return IMAGE_DAMAGED;
  const version = load<u32>(HEADER_CURRENT);
  if (load<u64>(HEADER_EPOCH) == 0 || !isInArena(version, VERSION_BYTES)) return IMAGE_INCONSISTENT;
  if (!isInArena(load<u32>(version + VERSION_ROOT), 4)) return IMAGE_INCONSISTENT;
  const table = load<u32>(version + VERSION_RUNS);
  const bytesOfTable = load<u32>(version + VERSION_TABLE_BYTES);
  if (tableBytes(load<u32>(version + VERSION_RUN_COUNT)) != bytesOfTable) return IMAGE_INCONSISTENT;
  if (bytesOfTable != 0 && !isInArena(table, bytesOfTable)) return IMAGE_INCONSISTENT;
  return IMAGE_GOOD;
}

function imageChecksum(): u64 {
  store<u64>(HEADER_CHECKSUM, 0);
  return xxh64(ARENA, arenaBytes(), xxh64(0, HEADER_BYTES, 0));
}

function isInArena(offset: u32, bytes: u32): bool {
  return offset >= ARENA && <u64>offset + bytes <= <u64>load<u32>(HEADER_USED);
}
