// Changes to the run tree, copy on write, on the working root WORKING_RUNS.
//
// A change walks down and replaces each published node on its way by a fresh copy; fresh nodes change
// in place. After every step all fresh nodes hang together below the working root, so that a batch
// that runs out of memory can be given up at any point.
//
// Setting a run splits full nodes on the way down: in the middle, but where the run comes next to the
// one set last, in the order of runs, behind that one. So runs that come in order fill their nodes,
// wherever in the tree that is. Deleting merges a node that is less than a
// quarter full with a neighbour where both fit into one with room to spare, so nodes come and go only
// after many changes.

import { allocate, release } from './arena';
import {
  KIND_FRAGMENTED,
  RECORD_FROM,
  RECORD_TO,
  STATUS_CROSSING,
  STATUS_DONE,
  STATUS_FULL,
  WORKING_RUNS,
} from './layout';
import { writeEntry } from './record';
import { retire } from './retired';
import {
  appendItems,
  areItemsApart,
  clearNode,
  countOf,
  describeChild,
  freshLinkTo,
  ITEM_APART,
  ITEM_LINK,
  ITEM_REACH,
  ITEMS_MAX,
  isFreshLink,
  itemAt,
  itemsUpTo,
  LEVELS_MAX,
  levelOf,
  NODE_BYTES,
  nodeOfLink,
  openItem,
  removeItem,
  setCount,
  usedNodeBytes,
} from './run-node';
import { lastReaching, runAt } from './run-search';

/** A node with fewer items looks for a neighbour to merge with, … */
const ITEMS_MIN: u32 = ITEMS_MAX / 4;
/** … which must leave room in the merged one. */
const MERGED_ITEMS_MAX: u32 = (ITEMS_MAX / 4) * 3;

/** Whether the last {@link insertRun} made a run that was not there. */
export let runWasAdded: bool = false;
/** Whether the last {@link deleteRun} deleted a run. */
export let runWasDeleted: bool = false;
/** The record of the run that crosses the one refused with STATUS_CROSSING. */
export let crossedRun: u32 = 0;

/** The item that stands for the leaf that {@link wayTo} has found; 0 where that is the root. */
let leafItem: u32 = 0;

// The run set last, in whichever batch.
let lastFrom: f64 = 0;
let lastTo: f64 = 0;

/**
 * Sets a run, or replaces route and user data of one that is there. STATUS_CROSSING, with nothing
 * changed and {@link crossedRun} told, where it crosses another; STATUS_FULL where the memory is.
 */
export function insertRun(from: f64, to: f64, route: u32, userData: f64): u32 {
  const root = load<u32>(WORKING_RUNS);
  runWasAdded = runAt(root, from, to) == 0;
  if (runWasAdded) {
    crossedRun = crossingOf(root, from, to);
    if (crossedRun != 0) return STATUS_CROSSING;
  }
  leafItem = 0;
  const leaf = root == 0 ? makeRoot(0) : wayTo(from, to);
  if (leaf == 0) return STATUS_FULL;
  const place = itemsUpTo(leaf, from, to);
  const record = runWasAdded ? openItem(leaf, place) : itemAt(leaf, place - 1);
  writeEntry(record, from, to, route, KIND_FRAGMENTED, userData);
  if (runWasAdded) noteOverlap(leafItem, leaf);
  lastFrom = from;
  lastTo = to;
  return STATUS_DONE;
}

/** Deletes exactly this run, where it is there. Never STATUS_CROSSING. */
export function deleteRun(from: f64, to: f64): u32 {
  runWasDeleted = runAt(load<u32>(WORKING_RUNS), from, to) != 0;
  if (!runWasDeleted) return STATUS_DONE;
  return deleteBelow(WORKING_RUNS, from, to) && lowerRoot() ? STATUS_DONE : STATUS_FULL;
}

/** Makes the links to fresh nodes plain: the batch is about to be published. */
export function sealRuns(): void {
  sealBelow(WORKING_RUNS);
}

function sealBelow(place: u32): void {
  const link = load<u32>(place);
  if (!isFreshLink(link)) return;
  const node = nodeOfLink(link);
  store<u32>(place, node);
  if (levelOf(node) == 0) return;
  const count = countOf(node);
  for (let index: u32 = 0; index < count; index++) sealBelow(itemAt(node, index) + ITEM_LINK);
}

/** Releases the fresh nodes: the batch is given up. */
export function discardRuns(): void {
  discardBelow(WORKING_RUNS);
}

function discardBelow(place: u32): void {
  const link = load<u32>(place);
  if (!isFreshLink(link)) return;
  const node = nodeOfLink(link);
  if (levelOf(node) > 0) {
    const count = countOf(node);
    for (let index: u32 = 0; index < count; index++) discardBelow(itemAt(node, index) + ITEM_LINK);
  }
  release(node, NODE_BYTES);
}

/** A run that crosses this one, or 0. */
function crossingOf(root: u32, from: f64, to: f64): u32 {
  // Of the runs that begin before it and reach into it, the innermost ends first, …
  const before = lastReaching(root, from - 1, -1, from);
  if (before != 0 && load<f64>(before + RECORD_TO) < to) return before;
  // … and of those that reach from its last key to beyond it, the innermost begins last.
  const behind = lastReaching(root, to, -1, to + 1);
  return behind != 0 && load<f64>(behind + RECORD_FROM) > from ? behind : 0;
}

/**
 * The leaf where a run is or belongs, fresh, as all nodes on the way to it then are. Where the run is
 * not there, the leaf has room, and the nodes on the way already tell of the run. 0: memory is full.
 */
function wayTo(from: f64, to: f64): u32 {
  let node = freshen(WORKING_RUNS);
  if (node == 0) return 0;
  let level = levelOf(node);
  if (runWasAdded && countOf(node) == ITEMS_MAX) {
    node = makeRoot(++level);
    if (node == 0) return 0;
  }
  for (; level > 0; level--) {
    let index = childIndex(node, from, to);
    let child = freshen(itemAt(node, index) + ITEM_LINK);
    if (child == 0) return 0;
    if (runWasAdded && countOf(child) == ITEMS_MAX) {
      const place = itemsUpTo(child, from, to);
      // Behind the last run of a leaf is before the first of the next.
      if (level == 1 && place == ITEMS_MAX && hasRoomAt(node, index + 1)) index++;
      else {
        if (!split(node, index, splitPlace(place, from, to))) return 0;
        index = childIndex(node, from, to);
      }
      child = freshen(itemAt(node, index) + ITEM_LINK);
      if (child == 0) return 0;
    }
    if (runWasAdded) {
      tellOf(itemAt(node, index), from, to);
      noteOverlap(leafItem, node);
    }
    leafItem = itemAt(node, index);
    node = child;
  }
  return node;
}

/** Takes back that the items of a node are apart, if its own item says so and they no longer are. */
function noteOverlap(item: u32, node: u32): void {
  if (item != 0 && load<u32>(item + ITEM_APART) != 0 && !areItemsApart(node)) {
    store<u32>(item + ITEM_APART, 0);
  }
}

/** Makes an item for a child tell of one more run that comes below it. */
function tellOf(item: u32, from: f64, to: f64): void {
  store<f64>(item + ITEM_REACH, max(load<f64>(item + ITEM_REACH), to));
  const itemFrom = load<f64>(item + RECORD_FROM);
  if (itemFrom < from || (itemFrom == from && load<f64>(item + RECORD_TO) >= to)) return;
  store<f64>(item + RECORD_FROM, from);
  store<f64>(item + RECORD_TO, to);
}

/** Index of the child of a node that a run is or belongs below. */
function childIndex(node: u32, from: f64, to: f64): u32 {
  return max(itemsUpTo(node, from, to), 1) - 1;
}

/** Whether there is a child at `index`, and room in it. */
function hasRoomAt(node: u32, index: u32): bool {
  if (index == countOf(node)) return false;
  return countOf(nodeOfLink(load<u32>(itemAt(node, index) + ITEM_LINK))) < ITEMS_MAX;
}

/** Before which item to split a full node for a run that comes behind `place` items. */
function splitPlace(place: u32, from: f64, to: f64): u32 {
  const middle = ITEMS_MAX / 2;
  if (place <= middle) return middle;
  const before = lastReaching(load<u32>(WORKING_RUNS), from, to, 0);
  if (before == 0 || load<f64>(before + RECORD_FROM) != lastFrom) return middle;
  return load<f64>(before + RECORD_TO) == lastTo ? min(place, ITEMS_MAX - 1) : middle;
}

/** Puts a fresh root above the one that there is, or the first one; 0 where the memory is full. */
function makeRoot(level: u32): u32 {
  if (level == LEVELS_MAX) return 0;
  const root = allocate(NODE_BYTES);
  if (root == 0) return 0;
  clearNode(root, level);
  if (level > 0) linkItem(openItem(root, 0), load<u32>(WORKING_RUNS));
  store<u32>(WORKING_RUNS, freshLinkTo(root));
  return root;
}

/** Makes an item stand for the node that a link leads to. */
function linkItem(item: u32, link: u32): void {
  writeEntry(item, 0, 0, link, 0);
  describeChild(item, nodeOfLink(link));
}

/** Splits the full fresh child at `index` of a node with room, before the child's item `at`. */
function split(node: u32, index: u32, at: u32): bool {
  const right = allocate(NODE_BYTES);
  if (right == 0) return false;
  const item = itemAt(node, index);
  const child = nodeOfLink(load<u32>(item + ITEM_LINK));
  clearNode(right, levelOf(child));
  appendItems(right, child, at);
  setCount(child, at);
  describeChild(item, child);
  linkItem(openItem(node, index + 1), freshLinkTo(right));
  return true;
}

/** The fresh node at `place`, a copy where it was a published one; 0 where the memory is full. */
function freshen(place: u32): u32 {
  const link = load<u32>(place);
  if (isFreshLink(link)) return nodeOfLink(link);
  const node = allocate(NODE_BYTES);
  if (node == 0) return 0;
  memory.copy(node, link, usedNodeBytes(link));
  store<u32>(place, freshLinkTo(node));
  return retire(link, NODE_BYTES) ? node : 0;
}

/** Deletes a run that is there. False: the memory is full. */
function deleteBelow(place: u32, from: f64, to: f64): bool {
  const node = freshen(place);
  if (node == 0) return false;
  const index = itemsUpTo(node, from, to) - 1;
  if (levelOf(node) == 0) {
    removeItem(node, index);
    return true;
  }
  const item = itemAt(node, index);
  if (!deleteBelow(item + ITEM_LINK, from, to)) return false;
  const child = nodeOfLink(load<u32>(item + ITEM_LINK));
  const count = countOf(child);
  if (count == 0) {
    removeItem(node, index);
    release(child, NODE_BYTES);
    return true;
  }
  describeChild(item, child);
  if (count >= ITEMS_MIN) return true;
  if (index + 1 < countOf(node) && fits(node, index)) return merge(node, index);
  return index == 0 || !fits(node, index - 1) || merge(node, index - 1);
}

/** Whether the children at `index` and behind it fit into one. */
function fits(node: u32, index: u32): bool {
  const left = nodeOfLink(load<u32>(itemAt(node, index) + ITEM_LINK));
  const right = nodeOfLink(load<u32>(itemAt(node, index + 1) + ITEM_LINK));
  return countOf(left) + countOf(right) <= MERGED_ITEMS_MAX;
}

/** Merges the child behind `index` into the one at it. False: the memory is full. */
function merge(node: u32, index: u32): bool {
  const item = itemAt(node, index);
  const left = freshen(item + ITEM_LINK);
  if (left == 0) return false;
  const rightLink = load<u32>(itemAt(node, index + 1) + ITEM_LINK);
  appendItems(left, nodeOfLink(rightLink), 0);
  removeItem(node, index + 1);
  describeChild(item, left);
  return drop(rightLink);
}

/** Takes roots away that have one child or none. False: the memory is full. */
function lowerRoot(): bool {
  const link = load<u32>(WORKING_RUNS);
  const root = nodeOfLink(link);
  const count = countOf(root);
  const isLeaf = levelOf(root) == 0;
  if (count > 1 || (isLeaf && count == 1)) return true;
  store<u32>(WORKING_RUNS, count == 0 ? 0 : load<u32>(itemAt(root, 0) + ITEM_LINK));
  return drop(link) && (count == 0 || lowerRoot());
}

/** Gives the node back that a link led to. False: the memory is full. */
function drop(link: u32): bool {
  if (!isFreshLink(link)) return retire(link, NODE_BYTES);
  release(nodeOfLink(link), NODE_BYTES);
  return true;
}
