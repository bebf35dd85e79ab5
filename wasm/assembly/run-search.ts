// Reading the run tree: each function goes down it once, or twice where the first way was a blind
// alley. `root` is the offset of a version's root, or the link to that of the batch under way; 0 is
// the tree without runs. A run is given and found as the address of its record.

import { RECORD_FROM, RECORD_TO } from './layout';
import {
  childOf,
  countOf,
  ITEM_BYTES,
  itemAt,
  itemsUpTo,
  levelOf,
  nodeOfLink,
  reachOf,
} from './run-node';

/** Comes behind every run that begins with the same key. */
const BEHIND_ALL: f64 = -1.0;

/** The innermost run that covers the key, or 0. */
export function innermostRunAt(root: u32, key: f64): u32 {
  return lastReaching(root, key, BEHIND_ALL, key);
}

/** The innermost run around a run of the tree, or 0. */
export function enclosingRun(root: u32, record: u32): u32 {
  const from = load<f64>(record + RECORD_FROM);
  const to = load<f64>(record + RECORD_TO);
  const around = lastReaching(root, from, to + 1, to);
  if (around == 0) return 0;
  // A walk outwards comes to an end even in what no writer wrote.
  const aroundFrom = load<f64>(around + RECORD_FROM);
  const aroundTo = load<f64>(around + RECORD_TO);
  if (!(aroundFrom <= from && aroundTo >= to && aroundTo - aroundFrom > to - from)) unreachable();
  return around;
}

/** The first run, however deep inside others, that begins after the key; 0 where there is none. */
export function runAfter(root: u32, key: f64): u32 {
  const record = nextRun(root, key, BEHIND_ALL);
  if (record != 0 && !(load<f64>(record + RECORD_FROM) > key)) unreachable();
  return record;
}

/** Whether some run has a key in the closed range. */
export function anyRunWithin(root: u32, from: f64, to: f64): bool {
  if (innermostRunAt(root, from) != 0) return true;
  const next = runAfter(root, from);
  return next != 0 && load<f64>(next + RECORD_FROM) <= to;
}

/** The record of exactly this run, or 0. */
export function runAt(root: u32, from: f64, to: f64): u32 {
  const record = lastReaching(root, from, to, to);
  if (record == 0 || load<f64>(record + RECORD_FROM) != from) return 0;
  return load<f64>(record + RECORD_TO) == to ? record : 0;
}

/**
 * The last run that comes at or before `from` to `to` in the order of runs and ends at or after
 * `reach`; 0 where there is none. Of runs that all cover one key, that is the innermost.
 */
export function lastReaching(root: u32, from: f64, to: f64, reach: f64): u32 {
  if (root == 0) return 0;
  const node = nodeOfLink(root);
  return lastReachingIn(node, levelOf(node), from, to, reach);
}

function lastReachingIn(node: u32, level: u32, from: f64, to: f64, reach: f64): u32 {
  const last = lastReachingItem(node, level, itemsUpTo(node, from, to), reach);
  if (last < 0) return 0;
  const item = itemAt(node, last);
  if (level == 0) return item;
  const record = lastReachingIn(childOf(item, level), level - 1, from, to, reach);
  if (record != 0) return record;
  // What reaches so far in that child comes too late; in those before it nothing does.
  const before = lastReachingItem(node, level, last, reach);
  if (before < 0) return 0;
  return lastReachingBelow(childOf(itemAt(node, before), level), level - 1, reach);
}

/** The last run below a node that ends at or after `reach`; its item said that there is one. */
export function lastReachingBelow(node: u32, level: u32, reach: f64): u32 {
  const index = lastReachingItem(node, level, countOf(node), reach);
  if (index < 0) unreachable();
  const item = itemAt(node, index);
  return level == 0 ? item : lastReachingBelow(childOf(item, level), level - 1, reach);
}

/** Index of the last of the first `count` items of a node that reach so far, or -1. */
function lastReachingItem(node: u32, level: u32, count: u32, reach: f64): i32 {
  for (let index = <i32>count - 1; index >= 0; index--) {
    if (reachOf(itemAt(node, index), level) >= reach) return index;
  }
  return -1;
}

/** The first run that comes after `from` to `to` in the order of runs, or 0. */
export function nextRun(root: u32, from: f64, to: f64): u32 {
  if (root == 0) return 0;
  let node = nodeOfLink(root);
  let level = levelOf(node);
  // The nearest child to the right of the way down, and its level.
  let aside: u32 = 0;
  let asideLevel: u32 = 0;
  for (; level > 0; level--) {
    const place = itemsUpTo(node, from, to);
    if (place < countOf(node)) {
      aside = childOf(itemAt(node, place), level);
      asideLevel = level - 1;
    }
    if (place == 0) break;
    node = childOf(itemAt(node, place - 1), level);
  }
  if (level == 0) {
    const place = itemsUpTo(node, from, to);
    if (place < countOf(node)) return itemAt(node, place);
  }
  if (aside == 0) return 0;
  for (; asideLevel > 0; asideLevel--) aside = childOf(itemAt(aside, 0), asideLevel);
  return itemAt(aside, 0);
}

/**
 * Copies up to `countMax` run records that come after the run `from` to `to` in the order of runs and end
 * at or after `reach`, one behind the other; returns how many. Children that do not reach so far are left
 * out whole.
 */
export function walkRunTree(
  root: u32,
  from: f64,
  to: f64,
  reach: f64,
  target: u32,
  countMax: u32,
): u32 {
  if (root == 0 || countMax == 0) return 0;
  const node = nodeOfLink(root);
  return walkBelow(node, levelOf(node), from, to, reach, target, countMax);
}

function walkBelow(
  node: u32,
  level: u32,
  from: f64,
  to: f64,
  reach: f64,
  target: u32,
  countMax: u32,
): u32 {
  const count = countOf(node);
  const place = itemsUpTo(node, from, to);
  let copied: u32 = 0;
  // The last child that begins in time may hold runs that come after; each further one only does.
  const first = level == 0 ? place : max(place, 1) - 1;
  for (let index = first; index < count && copied < countMax; index++) {
    const item = itemAt(node, index);
    if (reachOf(item, level) < reach) continue;
    const end = target + copied * ITEM_BYTES;
    if (level == 0) {
      memory.copy(end, item, ITEM_BYTES);
      copied++;
      continue;
    }
    const child = childOf(item, level);
    const below = walkBelow(child, level - 1, from, to, reach, end, countMax - copied);
    // Nodes without runs, which no writer leaves, could make this an endless walk.
    if (below == 0 && index >= place) unreachable();
    copied += below;
  }
  return copied;
}
