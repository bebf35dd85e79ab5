// Whether what the version of an image holds can be read: every link of its prefixes' trie, every run,
// and all that the directory of ported numbers leads to.
//
// The checks of image.ts say that the image is what some writer wrote; these say that a reader can
// go wherever it leads, and that every route is one that there is. A writer's images always pass.

import { isInArena } from './arena';
import { areAreasWhole, portedEntries } from './image-areas';
import { arePatchesWhole, entriesPatched } from './image-patches';
import { takesBlock } from './image-room';
import {
  DIGITS_MAX,
  VERSION_BYTES,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_ROOT,
  VERSION_RUN_COUNT,
  VERSION_RUNS,
} from './layout';
import {
  FIELD_DIGIT_0,
  FIELD_PREFIX,
  FIELDS_MASK,
  fieldAddress,
  hasField,
  LINKS_MASK,
  nodeBytes,
} from './prefix-node';
import { isRunTreeWhole } from './run-tree';

let routes: u32 = 0;
let prefixes: u32 = 0;

/**
 * Whether the prefixes, runs and ported numbers of a version are whole, with routes below `routesMax`
 * only, and as many as it says.
 */
export function isContentWhole(version: u32, routesMax: u32): bool {
  routes = routesMax;
  prefixes = 0;
  if (!takesBlock(version, VERSION_BYTES)) return false;
  if (!isTrieWhole(load<u32>(version + VERSION_ROOT), 0)) return false;
  if (prefixes != load<u32>(version + VERSION_PREFIX_COUNT)) return false;
  const runs = load<u32>(version + VERSION_RUNS);
  if (!isRunTreeWhole(runs, load<u32>(version + VERSION_RUN_COUNT), routes)) return false;
  if (!areAreasWhole(routes) || !arePatchesWhole(routes)) return false;
  return portedEntries + entriesPatched == <u64>load<u32>(version + VERSION_PORTED_COUNT);
}

/** Whether a link and all below it are whole; `depth` is how many digits lead to it. */
function isTrieWhole(link: u32, depth: u32): bool {
  if (!isInArena(link, 4)) return false;
  const head = load<u32>(link);
  if ((head & ~FIELDS_MASK) != 0 || !takesBlock(link, nodeBytes(head))) return false;
  if (hasField(head, FIELD_PREFIX)) {
    prefixes++;
    if (depth == 0 || load<u32>(fieldAddress(link, head, FIELD_PREFIX)) >= routes) return false;
  }
  if (depth == DIGITS_MAX && (head & LINKS_MASK) != 0) return false;
  for (let digit: u32 = 0; digit < 10; digit++) {
    if (!hasField(head, FIELD_DIGIT_0 + digit)) continue;
    if (!isTrieWhole(load<u32>(fieldAddress(link, head, FIELD_DIGIT_0 + digit)), depth + 1)) {
      return false;
    }
  }
  return true;
}
