// Whether the run tree of an image is one that a writer leaves: its form first, then, because that
// needs a tree that can be searched, whether runs nest.

import { takesBlock } from './image-room';
import { unitOf } from './key';
import {
  KIND_FRAGMENTED,
  NO_USER_DATA,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TAIL,
  RECORD_TO,
  RECORD_USER_DATA,
  USER_DATA_END,
} from './layout';
import {
  areItemsApart,
  countOf,
  ITEM_APART,
  ITEM_LINK,
  ITEM_REACH,
  isHead,
  isUpTo,
  itemAt,
  LEVELS_MAX,
  NODE_BYTES,
  NODE_LEVEL,
} from './run-node';
import { lastReaching, nextRun } from './run-search';

let routes: u32 = 0;
/** Runs that may still come: a forged tree whose links lead together has more than it counts. */
let runsLeft: u32 = 0;
/** The run before the one that is looked at, or 0. */
let previous: u32 = 0;

/** Whether a tree of a version holds `count` runs, in order, nested, with routes below `routesMax`. */
export function isRunTreeWhole(root: u32, count: u32, routesMax: u32): bool {
  if (root == 0) return count == 0;
  routes = routesMax;
  runsLeft = count;
  previous = 0;
  if (!isNode(root)) return false;
  const level = load<u32>(root + NODE_LEVEL);
  if (level >= LEVELS_MAX || !isFormWhole(root, level)) return false;
  return runsLeft == 0 && areRunsNested(root);
}

function isNode(link: u32): bool {
  return takesBlock(link, NODE_BYTES);
}

/** Whether a node and all below it are whole, and its records go on rising from `previous`. */
function isFormWhole(node: u32, level: u32): bool {
  if (!isHead(node, level)) return false;
  const count = countOf(node);
  for (let index: u32 = 0; index < count; index++) {
    const item = itemAt(node, index);
    if (level == 0 ? !isRecordWhole(item) : !isChildWhole(item, level - 1)) return false;
  }
  return true;
}

function isRecordWhole(record: u32): bool {
  const from = load<f64>(record + RECORD_FROM);
  const to = load<f64>(record + RECORD_TO);
  const userData = load<f64>(record + RECORD_USER_DATA);
  const unit = unitOf(from);
  if (unit == 0 || unitOf(to) != unit || from > to) return false;
  if (load<u32>(record + RECORD_ROUTE) >= routes) return false;
  if (load<u32>(record + RECORD_TAIL) != KIND_FRAGMENTED) return false;
  if (userData != NO_USER_DATA && !isUserData(userData)) return false;
  if (
    previous != 0 &&
    isUpTo(record, load<f64>(previous + RECORD_FROM), load<f64>(previous + RECORD_TO))
  ) {
    return false;
  }
  previous = record;
  return runsLeft-- != 0;
}

function isUserData(value: f64): bool {
  return value >= 0 && value < USER_DATA_END && <f64>(<u64>value) == value;
}

/** Whether the child of an item is whole, begins as the item says, reaches as far and is apart where it says so. */
function isChildWhole(item: u32, level: u32): bool {
  const child = load<u32>(item + ITEM_LINK);
  if (!isNode(child) || !isFormWhole(child, level)) return false;
  const first = itemAt(child, 0);
  if (load<f64>(item + RECORD_FROM) != load<f64>(first + RECORD_FROM)) return false;
  if (load<f64>(item + RECORD_TO) != load<f64>(first + RECORD_TO)) return false;
  const count = countOf(child);
  let reach: f64 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const below = itemAt(child, index);
    reach = max(reach, load<f64>(below + (level == 0 ? RECORD_TO : ITEM_REACH)));
  }
  if (load<f64>(item + ITEM_REACH) != reach) return false;
  const apart = load<u32>(item + ITEM_APART);
  return apart == 0 || (apart == 1 && areItemsApart(child));
}

/** Whether each run ends within the nearest one before it that reaches its beginning. */
function areRunsNested(root: u32): bool {
  for (let run = nextRun(root, 0, 0); run != 0; ) {
    const from = load<f64>(run + RECORD_FROM);
    const to = load<f64>(run + RECORD_TO);
    const around = lastReaching(root, from, to + 1, from);
    if (around != 0 && load<f64>(around + RECORD_TO) < to) return false;
    run = nextRun(root, from, to);
  }
  return true;
}
