// The background of many numbers at once: those that no line of the directory answers, because no number
// near them is ported or because their line has too many backgrounds for itself. For a single number,
// line-background.ts goes down the run tree and then down the prefixes' trie, and each step waits for the one
// before and for a branch that nobody can foresee. Here up to 64 numbers, the *walkers*, go down together:
//
//     runs        level by level: all walkers take a step, then all take the next
//     prefixes    those that no run covers, digit by digit in the same way
//
// The loads of one step do not depend on each other, so a processor has as many of them under way as it can.
// A step down the trie has no branch that depends on the number: who has come to an end is left out of the
// list of those under way, which is written anew with every digit. In the run tree, most have come to an end
// at the root, which a processor foresees.

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
import { childOf, itemAt, itemsOver, levelOf, nodeOfLink } from './run-node';
import { lastReachingBelow } from './run-search';

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
    let underWay = begin(reader, keys, toAnswer, from, end);
    if (runs != 0) underWay = walkRuns(reader, nodeOfLink(runs), underWay);
    walkPrefixes(reader, prefixes, underWay);
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
 * Answers the walkers that a run covers, and returns the end of the list of those that none does. Like
 * `lastReaching` in run-search.ts: the way goes down to the last item that reaches the key, and where that turns out
 * to be a blind alley, to the last before it in the deepest node that has one.
 */
function walkRuns(reader: u32, root: u32, listEnd: u32): u32 {
  const list = reader + UNDER_WAY;
  for (let at = list; at < listEnd; at += 4) {
    const walker = load<u32>(at);
    store<u32>(walker, root, WALKER_NODE);
    store<u32>(walker, 0, WALKER_ASIDE);
  }
  let level = levelOf(root);
  for (; level > 0; level--) {
    for (let at = list; at < listEnd; at += 4) stepDown(load<u32>(at), level);
  }
  let uncovered = list;
  for (let at = list; at < listEnd; at += 4) {
    const walker = load<u32>(at);
    const run = runOf(walker);
    if (run != 0) {
      const length = load<u32>(walker, WALKER_LENGTH);
      const answer = answerOf(KIND_FRAGMENTED, length, load<u32>(run + RECORD_ROUTE));
      store<u32>(load<u32>(walker, WALKER_ANSWER), answer);
    } else {
      store<u32>(uncovered, walker);
      uncovered += 4;
    }
  }
  return uncovered;
}

/** Leads a walker from a node of a level above 0 to the child that may have its run; to 0 where none may. */
function stepDown(walker: u32, level: u32): void {
  const node = load<u32>(walker, WALKER_NODE);
  // Most numbers lie far from all runs, and have come to an end at the root.
  if (node == 0) return;
  const over = itemsOver(node, level, load<f64>(walker, WALKER_KEY));
  if (over == 0) {
    store<u32>(walker, 0, WALKER_NODE);
    return;
  }
  const last = 31 - clz<u32>(over);
  store<u32>(walker, childOf(itemAt(node, last), level), WALKER_NODE);
  const before = over ^ (1 << last);
  if (before != 0) {
    store<u32>(walker, childOf(itemAt(node, 31 - clz<u32>(before)), level), WALKER_ASIDE);
  }
}

/** The innermost run over the key of a walker that has come to a leaf; 0 where there is none. */
function runOf(walker: u32): u32 {
  const leaf = load<u32>(walker, WALKER_NODE);
  const key = load<f64>(walker, WALKER_KEY);
  if (leaf != 0) {
    const over = itemsOver(leaf, 0, key);
    if (over != 0) return itemAt(leaf, 31 - clz<u32>(over));
  }
  const aside = load<u32>(walker, WALKER_ASIDE);
  return aside == 0 ? 0 : lastReachingBelow(aside, levelOf(aside), key);
}

/**
 * Answers walkers with their longest prefixes. All of them have taken the same number of digits, so kind and
 * length of the prefixes that they meet are one constant; each prefix overwrites the shorter one.
 */
function walkPrefixes(reader: u32, root: u32, listEnd: u32): void {
  const list = reader + UNDER_WAY;
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
