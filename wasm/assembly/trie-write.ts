// Changes to the trie, copy on write.
//
// The batch under way has a root of its own, WORKING_ROOT, which starts as the published one. A
// change walks down from it and replaces each published node on its way by a fresh copy; fresh nodes
// change in place. After every step the working trie is whole, so that a batch that runs out of
// memory can be given up at any point.
//
// One form for one content: a node holds at least one field, and a ported number with nothing else
// is a leaf in its parent. Deleting restores that form on the way back up.
//
// "False" from a function here always means: the memory is full, give the batch up.

import { allocate, release, retire } from './arena';
import { WORKING_ROOT } from './layout';
import {
  FIELD_DIGIT_0,
  FIELD_PORTED,
  fieldAddress,
  freshLink,
  hasField,
  isFresh,
  isLeaf,
  LINKS_MASK,
  leafOf,
  nodeBytes,
  nodeOf,
  PORTED_BIT,
  routeOfLeaf,
} from './node';

/** Whether the last {@link setRoute} made an entry that was not there. */
export let wasAdded: bool = false;

/**
 * Sets the prefix or ported route (`field`) of a number, given as its digits without the leading 1
 * (`rest`) and the power of ten of that 1 (`unit`).
 */
export function setRoute(rest: u64, unit: u64, field: u32, route: u32): bool {
  wasAdded = false;
  let place = WORKING_ROOT;
  while (unit > 1) {
    unit /= 10;
    const digit = <u32>(rest / unit);
    rest %= unit;
    if (!makeRoom(place, FIELD_DIGIT_0 + digit)) return false;
    const node = nodeOf(load<u32>(place));
    place = fieldAddress(node, load<u32>(node), FIELD_DIGIT_0 + digit);
    const link = load<u32>(place);
    if (unit == 1 && field == FIELD_PORTED && (link == 0 || isLeaf(link))) {
      wasAdded = link == 0;
      store<u32>(place, leafOf(route));
      return true;
    }
    if ((link == 0 || isLeaf(link)) && !makeNode(place)) return false;
  }
  wasAdded = !hasField(load<u32>(nodeOf(load<u32>(place))), field);
  if (!makeRoom(place, field)) return false;
  const node = nodeOf(load<u32>(place));
  store<u32>(fieldAddress(node, load<u32>(node), field), route);
  return true;
}

/** Deletes the prefix or ported route of a number that has one; see {@link setRoute}. */
export function deleteRoute(rest: u64, unit: u64, field: u32): bool {
  return deleteBelow(WORKING_ROOT, rest, unit, field);
}

/** Makes the links to fresh nodes below and at `place` plain: the batch is about to be published. */
export function seal(place: u32): void {
  const link = load<u32>(place);
  if (!isFresh(link)) return;
  const node = nodeOf(link);
  store<u32>(place, node);
  const head = load<u32>(node);
  const end = node + nodeBytes(head);
  for (let at = firstLink(node, head); at < end; at += 4) seal(at);
}

/** Releases the fresh nodes below and at `place`: the batch is given up. */
export function discard(place: u32): void {
  const link = load<u32>(place);
  if (!isFresh(link)) return;
  // Each link is followed once, even where those of a forged image lead together again.
  store<u32>(place, 0);
  const node = nodeOf(link);
  const head = load<u32>(node);
  const end = node + nodeBytes(head);
  for (let at = firstLink(node, head); at < end; at += 4) discard(at);
  release(node, nodeBytes(head));
}

function firstLink(node: u32, head: u32): u32 {
  return node + 4 + (popcnt<u32>(head & ~LINKS_MASK) << 2);
}

function deleteBelow(place: u32, rest: u64, unit: u64, field: u32): bool {
  if (unit == 1) return removeField(place, field);
  unit /= 10;
  const digitField = FIELD_DIGIT_0 + <u32>(rest / unit);
  if (!makeRoom(place, digitField)) return false;
  const node = nodeOf(load<u32>(place));
  const childPlace = fieldAddress(node, load<u32>(node), digitField);
  if (isLeaf(load<u32>(childPlace))) return removeField(place, digitField);
  if (!deleteBelow(childPlace, rest % unit, unit, field)) return false;
  const child = nodeOf(load<u32>(childPlace));
  const childHead = load<u32>(child);
  if (childHead == 0) {
    if (!removeField(place, digitField)) return false;
    release(child, nodeBytes(0));
    return true;
  }
  if (childHead == PORTED_BIT) {
    store<u32>(childPlace, leafOf(load<u32>(child + 4)));
    release(child, nodeBytes(PORTED_BIT));
  }
  return true;
}

/** Puts a fresh node where there was nothing or a leaf, whose route the node takes over. */
function makeNode(place: u32): bool {
  const link = load<u32>(place);
  const head = link == 0 ? 0 : PORTED_BIT;
  const node = allocate(nodeBytes(head));
  if (node == 0) return false;
  store<u32>(node, head);
  if (head != 0) store<u32>(node + 4, routeOfLeaf(link));
  store<u32>(place, freshLink(node));
  return true;
}

/** Makes the node at `place` a fresh one that has the field, 0 where it is new. */
function makeRoom(place: u32, field: u32): bool {
  const link = load<u32>(place);
  const head = load<u32>(nodeOf(link));
  if (isFresh(link) && hasField(head, field)) return true;
  return reshape(place, head | (1 << field));
}

function removeField(place: u32, field: u32): bool {
  return reshape(place, load<u32>(nodeOf(load<u32>(place))) & ~(1 << field));
}

/** Replaces the node at `place` by a fresh one with the fields of `head`; those it had, it keeps. */
function reshape(place: u32, head: u32): bool {
  const oldLink = load<u32>(place);
  const old = nodeOf(oldLink);
  const oldHead = load<u32>(old);
  const node = allocate(nodeBytes(head));
  if (node == 0) return false;
  store<u32>(node, head);
  let from = old + 4;
  let to = node + 4;
  for (let fields = head | oldHead; fields != 0; fields &= fields - 1) {
    const bit = fields & -fields;
    const value = (oldHead & bit) != 0 ? load<u32>(from) : 0;
    if ((oldHead & bit) != 0) from += 4;
    if ((head & bit) == 0) continue;
    store<u32>(to, value);
    to += 4;
  }
  store<u32>(place, freshLink(node));
  if (!isFresh(oldLink)) return retire(old, nodeBytes(oldHead));
  release(old, nodeBytes(oldHead));
  return true;
}
