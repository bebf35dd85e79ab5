// The form of a node of the run tree, which run-tree.ts describes.
//
// A node is a head of two words and items of one size in rising order: by from, then the longer
// first. In a leaf, which has level 0, an item is the entry record of a run. In a node of a higher
// level it stands for a child, whose level is one less: it begins as the first record below the child
// and tells the *reach*, the greatest `to` of all records below.
//
//      0       4       8      40
//     ┌───────┬───────┬──────┬──────┬── ──┬──────┐
//     │ level │ count │ item │ item │  …  │      │      at most ITEMS_MAX items
//     └───────┴───────┴──────┴──────┴── ──┴──────┘
//
//     item of   0          8        16      20     24                 32
//              ┌──────────┬────────┬───────┬──────┬──────────────────┐
//     a leaf   │ from f64 │ to f64 │ route │ kind │ user data f64    │
//              ├──────────┼────────┼───────┼──────┼──────────────────┤
//     another  │ from f64 │ to f64 │ link  │ apart│ reach f64        │
//              └──────────┴────────┴───────┴──────┴──────────────────┘
//
// `apart` is 1 where each item of the child begins behind the reach of the one before, as nearly everywhere: runs
// seldom nest. Then one item at most can reach a key, the last that begins at or before it. An item may have
// 0 for a child whose items are apart, too: that costs time, and images of former versions have it everywhere.
//
// A link leads to a node. As in the trie (prefix-node.ts), one to a node of the batch under way has the
// *fresh* bit; nobody else sees that node, so it is changed in place.
//
// A node fills a block of 1 KiB of the arena, like the chunks of arena.ts: free blocks are cut, never
// joined, so what smaller nodes had taken could not become a chunk again. On 100,000 runs, nodes of 256
// bytes, 512, 1 KiB and 2 KiB gave 4.0, 4.9, 4.6 and 4.6 M lookups/s, half of them hits, and took 51,
// 39, 35 and 34 bytes a run that came in order, 74, 63, 61 and 66 where the order was random (measured
// as in run-tree.ts).

import {
  RECORD_BYTES,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TAIL,
  RECORD_TO,
  RECORD_USER_DATA,
} from './layout';

export const NODE_LEVEL: u32 = 0;
const NODE_COUNT: u32 = 4;
const NODE_ITEMS: u32 = 8;
export const ITEM_LINK: u32 = RECORD_ROUTE;
export const ITEM_APART: u32 = RECORD_TAIL;
export const ITEM_REACH: u32 = RECORD_USER_DATA;
export const ITEM_BYTES: u32 = RECORD_BYTES;
export const ITEMS_MAX: u32 = 31;
export const NODE_BYTES: u32 = NODE_ITEMS + ITEMS_MAX * ITEM_BYTES;
/** Far more than a memory of 4 GiB has room for, however thin its nodes are. */
export const LEVELS_MAX: u32 = 16;

const FRESH_BIT: u32 = 2;

export function isFreshLink(link: u32): bool {
  return (link & 3) == FRESH_BIT;
}

export function freshLinkTo(node: u32): u32 {
  return node | FRESH_BIT;
}

export function nodeOfLink(link: u32): u32 {
  return link & ~FRESH_BIT;
}

/** Level of a node. What no writer wrote could lead in a circle, so it traps. */
export function levelOf(node: u32): u32 {
  const level = load<u32>(node + NODE_LEVEL);
  if (level >= LEVELS_MAX) unreachable();
  return level;
}

/** How many items a node has; traps like {@link levelOf}. */
export function countOf(node: u32): u32 {
  const count = load<u32>(node + NODE_COUNT);
  if (count > ITEMS_MAX) unreachable();
  return count;
}

/** Whether the head of a node is one; the check of an image asks before anything else. */
export function isHead(node: u32, level: u32): bool {
  const count = load<u32>(node + NODE_COUNT);
  return load<u32>(node + NODE_LEVEL) == level && count > 0 && count <= ITEMS_MAX;
}

export function setCount(node: u32, count: u32): void {
  assert(count <= ITEMS_MAX);
  store<u32>(node + NODE_COUNT, count);
}

/** Makes a block the head of a node without items. */
export function clearNode(node: u32, level: u32): void {
  store<u32>(node + NODE_LEVEL, level);
  store<u32>(node + NODE_COUNT, 0);
}

/** Bytes of a node that are in use. */
export function usedNodeBytes(node: u32): u32 {
  return NODE_ITEMS + countOf(node) * ITEM_BYTES;
}

export function itemAt(node: u32, index: u32): u32 {
  return node + NODE_ITEMS + index * ITEM_BYTES;
}

/** The child that an item of a node of this level stands for; traps where its level is another. */
export function childOf(item: u32, level: u32): u32 {
  const child = nodeOfLink(load<u32>(item + ITEM_LINK));
  if (levelOf(child) != level - 1) unreachable();
  return child;
}

/** How far an item reaches: a run to its own end, a child to the greatest end below it. */
export function reachOf(item: u32, level: u32): f64 {
  return load<f64>(item + (level == 0 ? RECORD_TO : ITEM_REACH));
}

/** Whether the run or first run of an item comes at or before the run `from` to `to`. */
export function isUpTo(item: u32, from: f64, to: f64): bool {
  const itemFrom = load<f64>(item + RECORD_FROM);
  return itemFrom < from || (itemFrom == from && load<f64>(item + RECORD_TO) >= to);
}

/** How many items of a node come at or before the run `from` to `to`. */
export function itemsUpTo(node: u32, from: f64, to: f64): u32 {
  let low: u32 = 0;
  let high = countOf(node);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isUpTo(itemAt(node, middle), from, to)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The items of a node that begin at or before a key and reach as far as it, a bit each. All of them are looked
 * at, two at once, so that no branch depends on the key; what lies behind the last item does not count.
 */
export function itemsOver(node: u32, level: u32, key: f64): u32 {
  const keys = f64x2.splat(key);
  const first = node + NODE_ITEMS;
  const end = first + ((countOf(node) + 1) >> 1) * (2 * ITEM_BYTES);
  const toReach = level == 0 ? RECORD_TO : ITEM_REACH;
  let over: u32 = 0;
  let index: u32 = 0;
  for (let item = first; item < end; item += 2 * ITEM_BYTES) {
    const froms = v128.load64_lane(
      item + ITEM_BYTES + RECORD_FROM,
      v128.load64_zero(item + RECORD_FROM),
      1,
    );
    const reach = item + toReach;
    const reaches = v128.load64_lane(reach + ITEM_BYTES, v128.load64_zero(reach), 1);
    const areOver = v128.and(f64x2.le(froms, keys), f64x2.ge(reaches, keys));
    over |= (<u32>i64x2.bitmask(areOver)) << index;
    index += 2;
  }
  return over & ((1 << countOf(node)) - 1);
}

/**
 * The last item of a node that begins at or before a key, the first where none does: of a node whose items are
 * apart the only one that may be over the key. The items are halved without a branch that depends on the key.
 */
export function lastItemFrom(node: u32, key: f64): u32 {
  let item = node + NODE_ITEMS;
  for (let left = countOf(node); left > 1; ) {
    const half = left >> 1;
    const middle = item + half * ITEM_BYTES;
    item = select<u32>(middle, item, load<f64>(middle + RECORD_FROM) <= key);
    left -= half;
  }
  return item;
}

/** Whether an item begins at or before a key and reaches as far as it, as {@link itemsOver} has it. */
export function isOver(item: u32, level: u32, key: f64): u32 {
  return u32(load<f64>(item + RECORD_FROM) <= key) & u32(reachOf(item, level) >= key);
}

/** Whether each item of a node begins behind the reach of the one before. */
export function areItemsApart(node: u32): bool {
  const level = levelOf(node);
  const count = countOf(node);
  for (let index: u32 = 1; index < count; index++) {
    const from = load<f64>(itemAt(node, index) + RECORD_FROM);
    if (reachOf(itemAt(node, index - 1), level) >= from) return false;
  }
  return true;
}

/** Puts an item with nothing in it before the one at `index`, in a node that has room. */
export function openItem(node: u32, index: u32): u32 {
  const count = countOf(node);
  assert(index <= count && count < ITEMS_MAX);
  const item = itemAt(node, index);
  memory.copy(item + ITEM_BYTES, item, (count - index) * ITEM_BYTES);
  setCount(node, count + 1);
  return item;
}

export function removeItem(node: u32, index: u32): void {
  const count = countOf(node);
  assert(index < count);
  const item = itemAt(node, index);
  memory.copy(item, item + ITEM_BYTES, (count - 1 - index) * ITEM_BYTES);
  setCount(node, count - 1);
}

/** Copies the items from `index` on behind the last one of another node of the same level. */
export function appendItems(target: u32, node: u32, index: u32): void {
  const count = countOf(node) - index;
  const targetCount = countOf(target);
  assert(targetCount + count <= ITEMS_MAX);
  memory.copy(itemAt(target, targetCount), itemAt(node, index), count * ITEM_BYTES);
  setCount(target, targetCount + count);
}

/** Makes an item tell its child's first record and reach, and whether its items are apart; it has some. */
export function describeChild(item: u32, child: u32): void {
  const first = itemAt(child, 0);
  store<f64>(item + RECORD_FROM, load<f64>(first + RECORD_FROM));
  store<f64>(item + RECORD_TO, load<f64>(first + RECORD_TO));
  const level = levelOf(child);
  const count = countOf(child);
  let reach: f64 = 0;
  for (let index: u32 = 0; index < count; index++) {
    reach = max(reach, reachOf(itemAt(child, index), level));
  }
  store<f64>(item + ITEM_REACH, reach);
  store<u32>(item + ITEM_APART, u32(areItemsApart(child)));
}
