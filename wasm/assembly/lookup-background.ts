// The background of many numbers at once: those that no line of the directory answers, because no number
// near them is ported or because their line has too many backgrounds for itself. For a single number,
// line-background.ts goes down the run tree and then down the prefixes' trie, and each step waits for the one
// before and for a branch that nobody can foresee. Here up to 64 numbers, the *walkers*, go down together:
//
//     runs        level by level: all walkers take a step, then all take the next
//     prefixes    those that no run covers, digit by digit in the same way
//
// The loads of one step do not depend on each other, so a processor has as many of them under way as it can.
// No step has a branch that depends on the number: who has come to an end is left out of the list of those
// under way, which is written anew with every step.

import { answerOf } from './answer';
import { alignDigits, alignedDigits, alignedLength, digitOf, withoutDigit } from './key';
import {
  DIGITS_MAX,
  KIND_FRAGMENTED,
  KIND_PREFIX,
  RECORD_ROUTE,
  VERSION_ROOT,
  VERSION_RUNS,
} from './layout';
import { answerAt } from './line-background';
import { keyOfLane } from './lookup-lane';
import {
  OWN,
  UNDER_WAY,
  WALKER_ANSWER,
  WALKER_ASIDE,
  WALKER_BYTES,
  WALKER_DIGITS,
  WALKER_KEY,
  WALKER_LENGTH,
  WALKER_NODE,
  WALKERS,
  WALKERS_MAX,
} from './lookup-scratch';
import { FIELD_DIGIT_0, FIELD_PREFIX, NODE_FIELDS } from './prefix-node';
import {
  childOf,
  ITEM_APART,
  isOver,
  itemAt,
  itemsOver,
  lastItemFrom,
  levelOf,
  nodeOfLink,
} from './run-node';
import { lastReachingBelow } from './run-search';

/** Beside the node of a walker in the run tree: its items are apart, see run-node.ts. */
const MARK_APART: u32 = 1;

/** Fewer than these are answered one by one, which takes less time then. */
const TOGETHER_MIN: u32 = 4;

/**
 * Answers the lanes in the list of own up to `listEnd` from runs and prefixes alone; `keys` is the first
 * lane's, and answers lie `toAnswer` bytes behind their lanes.
 */
export function finishBackground(
  reader: u32,
  version: u32,
  keys: u32,
  toAnswer: u32,
  listEnd: u32,
): void {
  const first = reader + OWN;
  if (listEnd - first < TOGETHER_MIN << 2) {
    for (let at = first; at < listEnd; at += 4) {
      const lane = load<u32>(at);
      store<u32>(lane + toAnswer, answerAt(version, keyOfLane(lane, reader, keys)));
    }
    return;
  }
  const runs = load<u32>(version + VERSION_RUNS);
  const prefixes = load<u32>(version + VERSION_ROOT);
  for (let from = first; from < listEnd; from += WALKERS_MAX << 2) {
    const end = min(listEnd, from + (WALKERS_MAX << 2));
    let list = reader + UNDER_WAY;
    let walkersEnd = begin(reader, keys, toAnswer, from, end);
    if (runs != 0) {
      // Whoever is a walker now needs no place in the list of own.
      walkersEnd = walkRuns(reader, nodeOfLink(runs), walkersEnd, from);
      list = from;
    }
    walkPrefixes(list, walkersEnd, prefixes);
  }
}

/** Makes walkers of lanes whose keys are keys, and answers all with 0; returns the end of the list. */
function begin(reader: u32, keys: u32, toAnswer: u32, from: u32, end: u32): u32 {
  let walker = reader + WALKERS;
  let underWay = reader + UNDER_WAY;
  for (let at = from; at < end; at += 4) {
    const lane = load<u32>(at);
    const key = keyOfLane(lane, reader, keys);
    const isKey = u32(alignDigits(key));
    const answer = lane + toAnswer;
    store<u32>(answer, 0);
    store<u32>(walker, answer, WALKER_ANSWER);
    store<u64>(walker, alignedDigits, WALKER_DIGITS);
    store<f64>(walker, <f64>key, WALKER_KEY);
    store<u32>(walker, alignedLength, WALKER_LENGTH);
    store<u32>(underWay, walker);
    underWay += isKey << 2;
    walker += WALKER_BYTES;
  }
  return underWay;
}

/**
 * Answers the walkers up to `listEnd` that a run covers, and writes the others to another list, whose end it
 * returns. Like `lastReaching` in run-search.ts: the way goes down to the last item that reaches the key, and where
 * that turns out to be a blind alley, to the last before it in the deepest node that has one.
 */
function walkRuns(reader: u32, root: u32, listEnd: u32, uncovered: u32): u32 {
  uncoveredEnd = uncovered;
  const list = reader + UNDER_WAY;
  for (let at = list; at < listEnd; at += 4) {
    const walker = load<u32>(at);
    store<u32>(walker, root, WALKER_NODE);
    store<u32>(walker, 0, WALKER_ASIDE);
  }
  let level = levelOf(root);
  for (; level > 0; level--) listEnd = stepDown(list, listEnd, level);
  for (let at = list; at < listEnd; at += 4) {
    const walker = load<u32>(at);
    const run = runOf(walker);
    if (run != 0) answerBy(run, walker);
    else leave(walker);
  }
  return uncoveredEnd;
}

/** The end of the list of walkers that no run covers. */
let uncoveredEnd: u32 = 0;

/** Leads the walkers of a list down from nodes of a level above 0; returns the end of the list of those who went. */
function stepDown(list: u32, listEnd: u32, level: u32): u32 {
  let next = list;
  for (let at = list; at < listEnd; at += 4) {
    const walker = load<u32>(at);
    const marked = load<u32>(walker, WALKER_NODE);
    const node = marked & ~MARK_APART;
    const key = load<f64>(walker, WALKER_KEY);
    let item: u32;
    let goesOn: u32;
    if (node != marked) {
      item = lastItemFrom(node, key);
      goesOn = isOver(item, level, key);
    } else {
      const over = itemsOver(node, level, key);
      goesOn = u32(over != 0);
      const last = 31 - clz<u32>(over | 1);
      item = itemAt(node, last);
      const before = over & ~(1 << last);
      if (before != 0) {
        store<u32>(walker, childOf(itemAt(node, 31 - clz<u32>(before)), level), WALKER_ASIDE);
      }
    }
    // Nobody could foresee who goes on.
    store<u32>(walker, childOf(item, level) | load<u32>(item, ITEM_APART), WALKER_NODE);
    store<u32>(next, walker);
    next += goesOn << 2;
    const isAside = load<u32>(walker, WALKER_ASIDE) != 0;
    if (isAside && goesOn == 0) leaveAside(walker);
    else {
      store<u32>(uncoveredEnd, walker);
      uncoveredEnd += (goesOn ^ 1) << 2;
    }
  }
  return next;
}

/** Notes a walker as one that no run covers. */
function leave(walker: u32): void {
  store<u32>(uncoveredEnd, walker);
  uncoveredEnd += 4;
}

/** Answers a walker whose way was a blind alley, if it has come by another; else no run covers it. */
function leaveAside(walker: u32): void {
  const run = runAside(walker);
  if (run != 0) answerBy(run, walker);
  else leave(walker);
}

function answerBy(run: u32, walker: u32): void {
  const length = load<u32>(walker, WALKER_LENGTH);
  const answer = answerOf(KIND_FRAGMENTED, length, load<u32>(run + RECORD_ROUTE));
  store<u32>(load<u32>(walker, WALKER_ANSWER), answer);
}

/** The innermost run over the key of a walker that has come to a leaf; 0 where there is none. */
function runOf(walker: u32): u32 {
  const marked = load<u32>(walker, WALKER_NODE);
  const leaf = marked & ~MARK_APART;
  const key = load<f64>(walker, WALKER_KEY);
  if (leaf != marked) {
    const item = lastItemFrom(leaf, key);
    if (isOver(item, 0, key) != 0) return item;
  } else {
    const over = itemsOver(leaf, 0, key);
    if (over != 0) return itemAt(leaf, 31 - clz<u32>(over));
  }
  return runAside(walker);
}

function runAside(walker: u32): u32 {
  const aside = load<u32>(walker, WALKER_ASIDE);
  if (aside == 0) return 0;
  return lastReachingBelow(aside, levelOf(aside), load<f64>(walker, WALKER_KEY));
}

/**
 * Answers walkers with their longest prefixes. All of them have taken the same number of digits, so kind and
 * length of the prefixes that they meet are one constant; each prefix overwrites the shorter one.
 */
function walkPrefixes(list: u32, listEnd: u32, root: u32): void {
  for (let at = list; at < listEnd; at += 4) store<u32>(load<u32>(at), root, WALKER_NODE);
  // No key has more digits, so what no writer wrote ends here, too.
  for (let depth: u32 = 0; list < listEnd && depth <= DIGITS_MAX; depth++) {
    const found = answerOf(KIND_PREFIX, depth, 0);
    let next = list;
    for (let at = list; at < listEnd; at += 4) {
      const walker = load<u32>(at);
      const node = load<u32>(walker, WALKER_NODE);
      const head = load<u32>(node);
      const fields = node + NODE_FIELDS;
      const answer = load<u32>(walker, WALKER_ANSWER);
      const isPrefix = (head >> FIELD_PREFIX) & 1;
      store<u32>(answer, select<u32>(load<u32>(fields) | found, load<u32>(answer), isPrefix));

      const digits = load<u64>(walker, WALKER_DIGITS);
      const field = FIELD_DIGIT_0 + digitOf(digits);
      // Where the node has no such field, this is another or lies behind the node, and nobody goes there.
      const link = fields + (popcnt<u32>(head & ((1 << field) - 1)) << 2);
      store<u32>(walker, load<u32>(link), WALKER_NODE);
      store<u64>(walker, withoutDigit(digits), WALKER_DIGITS);
      store<u32>(next, walker);
      next += ((head >> field) & u32(depth < load<u32>(walker, WALKER_LENGTH)) & 1) << 2;
    }
    listEnd = next;
  }
}
