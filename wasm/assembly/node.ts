// The form of a trie node.
//
// The trie has a level for each digit. A node stands for a string of digits and holds up to twelve
// *fields*, packed: only those present take room, and their number is found by counting bits.
//
//     head u32                                     present fields, a u32 each, in order
//      31      12 11                2   1   0
//     ┌──────────┬───────────────────┬───┬───┐    ┌──────────────┬──────────────┬───────┬──
//     │ 0        │ digits 9 … 0      │ P │ X │    │ prefix route │ ported route │ link  │ …
//     └──────────┴───────────────────┴───┴───┘    └──────────────┴──────────────┴───────┴──
//                                                   where X is 1   where P is 1   by digit
//
// A *link* leads to the node of one more digit. Nodes lie at multiples of 4, which leaves two bits:
//
//     node  offset of the node         │ 0 0     as published
//     fresh offset of the node         │ 1 0     made in the batch under way: nobody else sees it,
//                                                so it is changed in place
//     leaf  route                      │   1     a ported number with nothing else: no node at all
//
// So ten neighbouring ported numbers are one node of 44 bytes, its head and ten leaves.

export const FIELD_PREFIX: u32 = 0;
export const FIELD_PORTED: u32 = 1;
export const FIELD_DIGIT_0: u32 = 2;

export const PORTED_BIT: u32 = 1 << FIELD_PORTED;
export const LINKS_MASK: u32 = 0x3ff << FIELD_DIGIT_0;

const FRESH_BIT: u32 = 2;

export function hasField(head: u32, field: u32): bool {
  return ((head >> field) & 1) != 0;
}

/** Address of a field that the node has. */
export function fieldAddress(node: u32, head: u32, field: u32): u32 {
  assert(hasField(head, field));
  return node + 4 + (popcnt<u32>(head & ((1 << field) - 1)) << 2);
}

export function nodeBytes(head: u32): u32 {
  return 4 + (popcnt<u32>(head) << 2);
}

export function isLeaf(link: u32): bool {
  return (link & 1) != 0;
}

export function leafOf(route: u32): u32 {
  return (route << 1) | 1;
}

export function routeOfLeaf(link: u32): u32 {
  return link >> 1;
}

export function isFresh(link: u32): bool {
  return (link & 3) == FRESH_BIT;
}

export function freshLink(node: u32): u32 {
  return node | FRESH_BIT;
}

/** The node that a link other than a leaf leads to. */
export function nodeOf(link: u32): u32 {
  assert(link != 0 && !isLeaf(link));
  return link & ~FRESH_BIT;
}

/**
 * The link, from a root on, to a number's node or leaf; 0 where there is none. The number is given as
 * its digits without the leading 1 (`rest`) and the power of ten of that 1 (`unit`).
 */
export function nodeAt(root: u32, rest: u64, unit: u64): u32 {
  let link = root;
  while (unit > 1) {
    if (isLeaf(link)) return 0;
    const node = nodeOf(link);
    const head = load<u32>(node);
    unit /= 10;
    const field = FIELD_DIGIT_0 + <u32>(rest / unit);
    rest %= unit;
    if (!hasField(head, field)) return 0;
    link = load<u32>(fieldAddress(node, head, field));
  }
  return link;
}
