// The patches of an image. Where a reader was in an older call when the image was made, some lines were
// not yet as their patches have them (patch.ts). Images hold the list of all patches, not the chains.
//
// A line that is marked dirty and has no patch is right as it is, as after a batch that was given up;
// one that has a patch and no mark gets the mark.

import { isInArena } from './arena';
import { COLUMNS_NUMBERS } from './columns';
import {
  AREAS_END,
  DESCRIPTOR_LINES,
  descriptorOf,
  hasLines,
  headerOf,
  segmentBitsOf,
  segmentCountOf,
  spanOf,
  TALLY_LINES,
  TALLY_LINES_MASK,
  tallyOf,
} from './directory';
import { areColumnsWhole } from './image-entries';
import { ARENA, HEADER_EPOCH, HEADER_NEWEST_PATCH, HEADER_USED, LINE_BYTES } from './layout';
import {
  addPatch,
  areChainsWhole,
  newestPatch,
  PATCH_AREA,
  PATCH_BEFORE,
  PATCH_COLUMNS,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_SEGMENT,
  PATCH_VERSION,
} from './patch';

let patchCount: u32 = 0;

/** Makes the chains of an image's patches. False where the list of them is none. */
export function adoptPatches(): bool {
  // The oldest comes first into its chain: so the list is turned round, and is so again in the end.
  let left = (load<u32>(HEADER_USED) - ARENA) / (PATCH_COLUMNS + COLUMNS_NUMBERS);
  let count: u32 = 0;
  let older: u32 = 0;
  for (let patch = load<u32>(HEADER_NEWEST_PATCH); patch != 0; count++) {
    if ((patch & 3) != 0 || !isInArena(patch, PATCH_COLUMNS + COLUMNS_NUMBERS)) return false;
    if (left-- == 0) return false;
    const line = load<u32>(patch + PATCH_LINE);
    if ((line & (LINE_BYTES - 1)) != 0 || !isInArena(line, LINE_BYTES)) return false;
    const before = load<u32>(patch + PATCH_BEFORE);
    store<u32>(patch + PATCH_BEFORE, older);
    older = patch;
    patch = before;
  }
  for (let patch = older, added: u32 = 0; patch != 0; added++) {
    if (added == count || !isInArena(patch, PATCH_COLUMNS + COLUMNS_NUMBERS)) return false;
    if (!isInArena(load<u32>(patch + PATCH_LINE), LINE_BYTES)) return false;
    const newer = load<u32>(patch + PATCH_BEFORE);
    addPatch(patch);
    patch = newer;
  }
  // Patches that overlap each other or lines may have become anything.
  patchCount = count;
  return areChainsWhole(count);
}

/** Whether those patches, or none, are still there. */
export function isListOfPatches(): bool {
  return areChainsWhole(newestPatch == 0 ? 0 : patchCount);
}

/** Whether all patches are whole, with routes below `routesMax` only; the areas have been checked. */
export function arePatchesWhole(routesMax: u32): bool {
  for (let patch = newestPatch; patch != 0; patch = load<u32>(patch + PATCH_BEFORE)) {
    if (!isPatchWhole(patch, routesMax)) return false;
  }
  return true;
}

function isPatchWhole(patch: u32, routesMax: u32): bool {
  if (load<u64>(patch + PATCH_VERSION) > load<u64>(HEADER_EPOCH)) return false;
  const area = load<u32>(patch + PATCH_AREA);
  const header = area < AREAS_END ? headerOf(area) : 0;
  if (header == 0) return false;
  const segment = load<u32>(patch + PATCH_SEGMENT) & ~PATCH_NEW_BACKGROUND;
  if (segment >= segmentCountOf(header)) return false;
  const descriptor = descriptorOf(header, segment);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const line = load<u32>(patch + PATCH_LINE);
  const lineCount = <u32>load<u16>(tallyOf(header, segment) + TALLY_LINES) & TALLY_LINES_MASK;
  // Both lie at multiples of LINE_BYTES.
  const index = (line - lines) / LINE_BYTES;
  if (!hasLines(lines) || index >= lineCount) return false;
  const span = spanOf(header, descriptor);
  const base = <u64>index * span;
  const numberEnd: u64 = 1 << segmentBitsOf(header);
  if (base >= numberEnd) return false;
  const held = <u32>min<u64>(span, numberEnd - base);
  return areColumnsWhole(patch, patch + PATCH_COLUMNS, held, routesMax);
}
