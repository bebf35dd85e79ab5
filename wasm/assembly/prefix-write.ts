// Changes of prefixes: to their trie, copy on write.
//
// The batch under way has a root of its own, WORKING_ROOT, which starts as the published one. A
// change walks down from it and replaces each published node on its way by a fresh copy; fresh nodes
// change in place. After every step the working trie is whole, so that a batch that runs out of
// memory can be given up at any point.
//
// One form for one content: a node other than the root holds at least one field. Deleting restores that
// form on the way back up.
//
// "False" from a function here always means: the memory is full, give the batch up.

import { allocate, release } from './arena';
import { WORKING_ROOT } from './layout';
import {
  FIELD_DIGIT_0,
  FIELD_PREFIX,
  fieldAddress,
  freshLink,
  hasField,
  isFresh,
  LINKS_MASK,
  nodeBytes,
  nodeOf,
} from './prefix-node';
import { retire } from './retired';

/** Whether the last {@link setPrefix} made an entry that was not there. */
export let prefixWasAdded: bool = false;

/**
 * Sets the route of a prefix, given as its digits without the leading 1 (`rest`) and the power of ten of
 * that 1 (`unit`).
 */
export function setPrefix(rest: u64, unit: u64, route: u32): bool {
  prefixWasAdded = false;
  let place = WORKING_ROOT;
  while (unit > 1) {
    unit /= 10;
    const digit = <u32>(rest / unit);
    rest %= unit;
    if (!makeRoom(place, FIELD_DIGIT_0 + digit)) return false;
    const node = nodeOf(load<u32>(place));
    place = fieldAddress(node, load<u32>(node), FIELD_DIGIT_0 + digit);
    if (load<u32>(place) == 0 && !makeNode(place)) return false;
  }
  prefixWasAdded = !hasField(load<u32>(nodeOf(load<u32>(place))), FIELD_PREFIX);
  if (!makeRoom(place, FIELD_PREFIX)) return false;
  const node = nodeOf(load<u32>(place));
  store<u32>(fieldAddress(node, load<u32>(node), FIELD_PREFIX), route);
  return true;
}

/** Deletes a prefix that there is; see {@link setPrefix}. */
export function deletePrefix(rest: u64, unit: u64): bool {
  return deleteBelow(WORKING_ROOT, rest, unit);
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
  const node = nodeOf(link);
  const head = load<u32>(node);
  const end = node + nodeBytes(head);
  for (let at = firstLink(node, head); at < end; at += 4) discard(at);
  release(node, nodeBytes(head));
}

function firstLink(node: u32, head: u32): u32 {
  return node + 4 + (popcnt<u32>(head & ~LINKS_MASK) << 2);
}

function deleteBelow(place: u32, rest: u64, unit: u64): bool {
  if (unit == 1) return removeField(place, FIELD_PREFIX);
  unit /= 10;
  const digitField = FIELD_DIGIT_0 + <u32>(rest / unit);
  if (!makeRoom(place, digitField)) return false;
  const node = nodeOf(load<u32>(place));
  const childPlace = fieldAddress(node, load<u32>(node), digitField);
  if (!deleteBelow(childPlace, rest % unit, unit)) return false;
  const child = nodeOf(load<u32>(childPlace));
  if (load<u32>(child) != 0) return true;
  if (!removeField(place, digitField)) return false;
  release(child, nodeBytes(0));
  return true;
}

/** Puts a fresh node without fields where there was nothing. */
function makeNode(place: u32): bool {
  const node = allocate(nodeBytes(0));
  if (node == 0) return false;
  store<u32>(node, 0);
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
