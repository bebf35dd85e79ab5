// The patches of an image. Where a reader was in an older call when the image was made, some lines were
// not yet as their patches have them (patch.ts). Images hold the list of all patches, not the chains.
//
// Of the patches of a line only the newest is taken over, because nobody reads an older version any more;
// and none that the line was already written from. A line that is marked dirty and has no patch is right
// as it is, as after a batch that was given up; one that has a patch and no mark gets the mark.

import {
  AREA_PALETTE_COUNT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  hasLines,
  indexOfLine,
  numbersIn,
  segmentCountOf,
  spanCountOf,
  spanOf,
} from './area';
import { isInArena } from './arena';
import { AREAS_END, headerOf } from './directory';
import { countOfLine } from './fold';
import { isLineWhole, lineEntries, setLines } from './image-lines';
import { takesBlock } from './image-room';
import { ARENA, HEADER_EPOCH, HEADER_NEWEST_PATCH, HEADER_USED, LINE_BYTES } from './layout';
import { FLAG_DIRTY } from './line';
import {
  addPatch,
  areChainsWhole,
  newestPatch,
  PATCH_AREA,
  PATCH_BEFORE,
  PATCH_BYTES,
  PATCH_ENTRIES,
  PATCH_IMAGE,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_OWNS,
  PATCH_SEGMENT,
  PATCH_VERSION,
  patchCount,
  patchOf,
} from './patch';

/** Makes the chains of an image's patches. False where the list of them is none. */
export function adoptPatches(): bool {
  let left = (load<u32>(HEADER_USED) - ARENA) / PATCH_BYTES;
  for (let patch = load<u32>(HEADER_NEWEST_PATCH); patch != 0; ) {
    if ((patch & 3) != 0 || !isInArena(patch, PATCH_BYTES) || left-- == 0) return false;
    const line = load<u32>(patch + PATCH_LINE);
    if ((line & (LINE_BYTES - 1)) != 0 || !isInArena(line, LINE_BYTES)) return false;
    const before = load<u32>(patch + PATCH_BEFORE);
    const newer = patchOf(line, u64.MAX_VALUE);
    if (newer == patch) return false;
    if (newer == 0 && load<u32>(patch + PATCH_OWNS) == 1) addPatch(patch);
    patch = before;
  }
  // Patches that overlap each other or lines may have become anything.
  return areChainsWhole(patchCount);
}

/** How many entries the lines have more with their patches, once these have been found whole. */
export let entriesPatched: i64 = 0;

/** Whether all patches are whole, with routes below `routesMax` only; the areas have been checked. */
export function arePatchesWhole(routesMax: u32): bool {
  entriesPatched = 0;
  for (let patch = newestPatch; patch != 0; patch = load<u32>(patch + PATCH_BEFORE)) {
    if (!isPatchWhole(patch, routesMax)) return false;
  }
  return true;
}

function isPatchWhole(patch: u32, routesMax: u32): bool {
  if (!takesBlock(patch, PATCH_BYTES)) return false;
  if (load<u64>(patch + PATCH_VERSION) > load<u64>(HEADER_EPOCH)) return false;
  const area = load<u32>(patch + PATCH_AREA);
  const header = area < AREAS_END ? headerOf(area) : 0;
  if (header == 0) return false;
  const segment = load<u32>(patch + PATCH_SEGMENT) & ~PATCH_NEW_BACKGROUND;
  if (segment >= segmentCountOf(header)) return false;
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const line = load<u32>(patch + PATCH_LINE);
  if (!hasLines(lines)) return false;
  // All lie at multiples of LINE_BYTES.
  const index = indexOfLine(lines, load<u32>(descriptor + DESCRIPTOR_SHAPE), line);
  if (index >= spanCountOf(header, segment)) return false;
  const span = spanOf(header, descriptor);
  const base = <u64>index * span;
  const numberEnd: u64 = numbersIn(header, segment);
  if (base >= numberEnd) return false;
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  setLines(shape, load<u32>(header + AREA_PALETTE_COUNT), routesMax);
  const image = patch + PATCH_IMAGE;
  if ((load<u64>(image) & FLAG_DIRTY) != 0) return false;
  if (!isLineWhole(image, <u32>min<u64>(span, numberEnd - base))) return false;
  entriesPatched += <i64>lineEntries - countOfLine(line, load<u64>(line), shape);
  return lineEntries == load<u32>(patch + PATCH_ENTRIES);
}
