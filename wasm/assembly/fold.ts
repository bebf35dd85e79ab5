// Folding: writing patches into their lines, and building anew what has come out of shape.
//
// All of this leaves what every reader sees as it is, so it is no part of a batch. It is done before
// one begins, when no reader is in a call that it entered at an older version; see patch.ts.

import {
  AREA_ENTRIES,
  AREA_NEXT,
  AREA_NUMBER,
  AREA_TO_BUILD,
  DESCRIPTOR_DEFAULT,
  DESCRIPTOR_LINES,
  DESCRIPTOR_SHAPE,
  descriptorOf,
  firstKeyOf,
  indexOfLine,
  numbersIn,
  spanOf,
  TALLY_ENTRIES,
  TALLY_LINES,
  TALLY_OUTSIDE,
  TALLY_STALE,
  tallyOf,
} from './area';
import { buildArea } from './area-build';
import { refusedCount } from './arena';
import { beginRenewal, renewDefaults } from './background-renew';
import {
  COLUMNS_COUNT,
  COLUMNS_HAS_USER_DATA,
  COLUMNS_NUMBERS,
  routesOf,
  userDataOf,
} from './columns';
import { headerOf } from './directory';
import {
  ENTRY_OFFSETS,
  ENTRY_ROUTES,
  ENTRY_USERS,
  HEADER_EPOCH,
  LINE_BUFFER,
  LINE_BYTES,
} from './layout';
import { entryCountOf, FLAG_DIRTY, FLAG_FOREIGN, FOREIGN_AT } from './line';
import { determineBackground } from './line-background';
import {
  encodeLine,
  outsideBlock,
  outsideBlockBytes,
  releaseOutside,
  storeLine,
  takeApart,
  takeFrom,
  takeTo,
  tookUserData,
} from './line-write';
import {
  newestPatch,
  PATCH_AREA,
  PATCH_BEFORE,
  PATCH_ENTRIES,
  PATCH_IMAGE,
  PATCH_LINE,
  PATCH_NEW_BACKGROUND,
  PATCH_OWNS,
  PATCH_SEGMENT,
  patchOf,
  removePatches,
} from './patch';
import { releaseNotes } from './retired';
import { needsBuilding } from './segment-build';

/** The first of the areas that have to be built anew; 0 where there are none. */
let firstToBuild: u32 = 0;

/** Notes that an area has to be built anew. */
export function noteToBuild(header: u32): void {
  if (load<u32>(header + AREA_TO_BUILD) != 0) return;
  store<u32>(header + AREA_TO_BUILD, 1);
  store<u32>(header + AREA_NEXT, firstToBuild);
  firstToBuild = header;
}

/** Most folds in a row that build nothing, after one that had no room to build something. */
const SKIPS_MAX: u32 = 15;

/** How many folds build nothing after the next that has no room, and how many of these are left. */
let skips: u32 = 1;
let skipsLeft: u32 = 0;

/**
 * Folds all patches, builds anew what needs it, for the current version. Where the memory is full,
 * what is not done stays as it was and is tried again the next time.
 */
export function fold(version: u32): void {
  let isDone = true;
  for (let patch = newestPatch; patch != 0; patch = load<u32>(patch + PATCH_BEFORE)) {
    const line = load<u32>(patch + PATCH_LINE);
    const flags = load<u64>(line);
    // Only the newest patch of a line counts. Where there was no room to fold it, the line stays dirty.
    if ((flags & FLAG_DIRTY) == 0 || patchOf(line, u64.MAX_VALUE) != patch) continue;
    if (!foldPatch(version, patch, flags)) isDone = false;
  }
  if (!isDone) return;
  removePatches(0, load<u64>(HEADER_EPOCH) + 1);
  // To take a segment apart and find no room for it takes milliseconds: where the memory is full, not every batch.
  if (skipsLeft != 0) {
    skipsLeft--;
    return;
  }
  const refusedBefore = refusedCount;
  beginRenewal();
  let header = firstToBuild;
  firstToBuild = 0;
  while (header != 0) {
    const area = load<u32>(header + AREA_NUMBER);
    const next = load<u32>(header + AREA_NEXT);
    store<u32>(header + AREA_TO_BUILD, 0);
    const isWaiting = renewDefaults(version, header);
    buildArea(version, header);
    if (isWaiting && headerOf(area) != 0) noteToBuild(headerOf(area));
    header = next;
  }
  releaseNotes();
  if (refusedCount == refusedBefore) skips = 1;
  else {
    skipsLeft = skips;
    skips = min(skips * 2, SKIPS_MAX);
  }
}

function foldPatch(version: u32, patch: u32, flags: u64): bool {
  const line = load<u32>(patch + PATCH_LINE);
  const header = headerOf(load<u32>(patch + PATCH_AREA));
  const segmentWord = load<u32>(patch + PATCH_SEGMENT);
  const segment = segmentWord & ~PATCH_NEW_BACKGROUND;
  const descriptor = descriptorOf(header, segment);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  let image = patch + PATCH_IMAGE;
  const count = load<u32>(patch + PATCH_ENTRIES);
  const tally = tallyOf(header, segment);
  // Where the whole segment is to be renewed, the line may say for now that it has to be looked up.
  const isStale = (<u32>load<u16>(tally + TALLY_LINES) & TALLY_STALE) != 0;
  if ((segmentWord & PATCH_NEW_BACKGROUND) != 0 && !isStale) {
    if (!encodeAnew(version, header, segment, line, image, count)) return false;
    image = LINE_BUFFER;
  }

  const before = countOfLine(line, flags, shape);
  const outside = outsideBytes(image, load<u64>(image)) - outsideBytes(line, flags);
  store<u32>(header + AREA_ENTRIES, load<u32>(header + AREA_ENTRIES) + count - before);
  store<u32>(tally + TALLY_ENTRIES, load<u32>(tally + TALLY_ENTRIES) + count - before);
  store<u32>(tally + TALLY_OUTSIDE, load<u32>(tally + TALLY_OUTSIDE) + outside);
  // Whoever is in a call entered it when the line was dirty: nobody looks at what it has outside.
  releaseOutside(line, flags);
  storeLine(line, image);
  if (image != LINE_BUFFER) store<u32>(patch + PATCH_OWNS, 0);
  if (needsBuilding(tally)) noteToBuild(header);
  return true;
}

/** Encodes a line of `count` entries with the background that it now has into LINE_BUFFER. */
function encodeAnew(
  version: u32,
  header: u32,
  segment: u32,
  line: u32,
  image: u32,
  count: u32,
): bool {
  const descriptor = descriptorOf(header, segment);
  const span = spanOf(header, descriptor);
  const lines = load<u32>(descriptor + DESCRIPTOR_LINES);
  const base = indexOfLine(lines, load<u32>(descriptor + DESCRIPTOR_SHAPE), line) * span;
  const numberEnd = numbersIn(header, segment);
  const normal = load<u32>(descriptor + DESCRIPTOR_DEFAULT);
  const first = firstKeyOf(header, segment) + base;
  determineBackground(version, first, min(span, numberEnd - base), normal);
  const flags = load<u64>(image);
  const shape = load<u32>(descriptor + DESCRIPTOR_SHAPE);
  if ((flags & FLAG_FOREIGN) != 0) {
    const columns = load<u32>(image + FOREIGN_AT);
    const users = load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0 ? userDataOf(columns) : 0;
    takeFrom(columns + COLUMNS_NUMBERS, routesOf(columns), users, 0);
  } else {
    takeTo(ENTRY_OFFSETS, ENTRY_ROUTES, ENTRY_USERS);
    takeApart(header, shape, image, flags, 0, 0);
    takeFrom(ENTRY_OFFSETS, ENTRY_ROUTES, tookUserData ? ENTRY_USERS : 0, 0);
  }
  return encodeLine(header, shape, 0, count);
}

function outsideBytes(line: u32, flags: u64): u32 {
  const block = outsideBlock(line, flags);
  return block != 0 ? outsideBlockBytes(block, flags) : 0;
}

/** How many entries a line that need not be looked for in patches has. */
export function countOfLine(line: u32, flags: u64, shape: u32): u32 {
  if ((flags & FLAG_FOREIGN) != 0) return load<u32>(load<u32>(line + FOREIGN_AT) + COLUMNS_COUNT);
  return entryCountOf(line, flags, shape);
}
