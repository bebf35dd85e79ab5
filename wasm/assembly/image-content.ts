// Whether what the version of an image holds can be read: every link of its trie and every run.
//
// The checks of image.ts say that the image is what some writer wrote; these say that a reader can
// go wherever it leads, and that every route is one that there is. A writer's images always pass.

import { isInArena } from './arena';
import {
  ARENA,
  DIGITS_MAX,
  HEADER_USED,
  VERSION_PORTED_COUNT,
  VERSION_PREFIX_COUNT,
  VERSION_ROOT,
  VERSION_RUN_COUNT,
  VERSION_RUNS,
} from './layout';
import {
  FIELD_DIGIT_0,
  FIELD_PORTED,
  FIELD_PREFIX,
  fieldAddress,
  hasField,
  isLeaf,
  LINKS_MASK,
  nodeBytes,
  routeOfLeaf,
} from './node';
import { isRunTreeWhole } from './run-tree';

/** Bits of a node's head that stand for fields. */
const FIELDS_MASK: u32 = LINKS_MASK | (1 << FIELD_PREFIX) | (1 << FIELD_PORTED);

let routes: u32 = 0;
let prefixes: u32 = 0;
let ported: u32 = 0;
// A tree meets each of its nodes once, and none but the root is smaller than 8 bytes.
let visitsLeft: u32 = 0;

/** Whether the trie and the runs of a version are whole, with routes below `routesMax` only. */
export function isContentWhole(version: u32, routesMax: u32): bool {
  routes = routesMax;
  prefixes = 0;
  ported = 0;
  visitsLeft = ((load<u32>(HEADER_USED) - ARENA) >> 3) + 1;
  return (
    isTrieWhole(load<u32>(version + VERSION_ROOT), 0) &&
    prefixes == load<u32>(version + VERSION_PREFIX_COUNT) &&
    ported == load<u32>(version + VERSION_PORTED_COUNT) &&
    isRunTreeWhole(
      load<u32>(version + VERSION_RUNS),
      load<u32>(version + VERSION_RUN_COUNT),
      routes,
    )
  );
}

/** Whether a link and all below it are whole; `depth` is how many digits lead to it. */
function isTrieWhole(link: u32, depth: u32): bool {
  if (isLeaf(link)) {
    ported++;
    return depth > 0 && routeOfLeaf(link) < routes;
  }
  if ((link & 3) != 0 || !isInArena(link, 4) || visitsLeft-- == 0) return false;
  const head = load<u32>(link);
  if ((head & ~FIELDS_MASK) != 0 || !isInArena(link, nodeBytes(head))) return false;
  if (hasField(head, FIELD_PREFIX)) {
    prefixes++;
    if (load<u32>(fieldAddress(link, head, FIELD_PREFIX)) >= routes) return false;
  }
  if (hasField(head, FIELD_PORTED)) {
    ported++;
    if (load<u32>(fieldAddress(link, head, FIELD_PORTED)) >= routes) return false;
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
