// Images: the header, the root in use and the used arena, one after the other, as they lie in memory.
//
// The checksum covers all of it, the header with its checksum field zero: XXH64 of the arena, seeded
// with XXH64 of the root in use, seeded with XXH64 of the header. With it, an image is what some writer
// wrote. Beyond that the version's own fields are checked, and all that its entries lead to
// (image-content.ts): that it can be read, and that no two parts lie in one another. What is free is then
// whatever is left (image-room.ts), so the lists of free and retired blocks need not be right, and an
// image that is taken can be written to like any other index.
//
// What the writer had put off because a reader was in an older call, patches to be folded and areas to be
// built anew, is done as soon as all that is known.

import { AREA_TO_BUILD } from './area';
import { isInArena } from './arena';
import { forgetRenewed } from './background-renew';
import { xxh64 } from './checksum';
import { AREAS_END, headerOf, nextArea, writeConstants } from './directory';
import { fold, noteToBuild } from './fold';
import { isAnyToBuild } from './image-areas';
import { isContentWhole } from './image-content';
import { adoptPatches } from './image-patches';
import {
  beginStretch,
  clearMap,
  forgetRoom,
  freeRest,
  nextStretch,
  reserveMap,
} from './image-room';
import { settle } from './index-write';
import {
  ARENA,
  ARENA_SLACK,
  FORMAT,
  HEADER_BYTES,
  HEADER_CHECKSUM,
  HEADER_CURRENT,
  HEADER_EPOCH,
  HEADER_FORMAT,
  HEADER_MAGIC,
  HEADER_NEWEST_PATCH,
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
  PAGE_BYTES,
  VERSION_BYTES,
  VERSION_EPOCH,
  VERSION_LABEL_BYTES,
} from './layout';
import { newestPatch, reclaimPatches } from './patch';

/** Far more batches than an index will ever see, and far from where counting them overflows. */
const EPOCH_MAX: u64 = 1 << 53;

/** Makes the memory fit to be taken as an image, until the next batch. */
export function prepareImage(): void {
  settle();
  store<u32>(HEADER_NEWEST_PATCH, newestPatch);
  store<u64>(HEADER_CHECKSUM, imageChecksum());
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
  // An image could bring others.
  writeConstants();
  if (!isVersion(load<u32>(HEADER_CURRENT)) || !adoptPatches()) return IMAGE_INCONSISTENT;
  if (!takeRoom(routesMax)) return IMAGE_BROKEN_ENTRY;
  if (newestPatch == 0 && !isAnyToBuild) return IMAGE_GOOD;
  noteAllToBuild();
  // Twice, for what takes two steps.
  for (let step = 0; step < 2; step++) {
    forgetRenewed();
    fold(load<u32>(HEADER_CURRENT));
  }
  reclaimPatches(u64.MAX_VALUE);
  return IMAGE_GOOD;
}

/** Whether all that the image leads to is whole and apart; then the rest of the arena is free. */
function takeRoom(routesMax: u32): bool {
  reserveMap();
  const used = load<u32>(HEADER_USED);
  for (let from: u32 = ARENA; from < used; from = nextStretch()) {
    beginStretch(from);
    if (!isContentWhole(load<u32>(HEADER_CURRENT), routesMax)) return false;
    if (from == ARENA) forgetRoom();
    freeRest();
  }
  clearMap();
  return true;
}

function isVersion(version: u32): bool {
  if (((version | load<u32>(HEADER_USED)) & 3) != 0) return false;
  if (!isInArena(version, VERSION_BYTES)) return false;
  if (<u64>load<u32>(HEADER_USED) + ARENA_SLACK > <u64>memory.size() * PAGE_BYTES) return false;
  const epoch = load<u64>(HEADER_EPOCH);
  if (epoch == 0 || epoch > EPOCH_MAX || load<u64>(version + VERSION_EPOCH) != epoch) return false;
  return load<u32>(version + VERSION_LABEL_BYTES) <= LABEL_BYTES;
}

/** Puts the areas that are to be built anew into the list of them, which images do not hold. */
function noteAllToBuild(): void {
  for (let area = nextArea(0); area < AREAS_END; area = nextArea(area + 1)) {
    const header = headerOf(area);
    if (load<u32>(header + AREA_TO_BUILD) == 0) continue;
    store<u32>(header + AREA_TO_BUILD, 0);
    noteToBuild(header);
  }
}

function imageChecksum(): u64 {
  store<u64>(HEADER_CHECKSUM, 0);
  const first = load<u32>(HEADER_ROOT_FIRST);
  return xxh64(ARENA, arenaBytes(), xxh64(first, rootBytes(), xxh64(0, HEADER_BYTES, 0)));
}
