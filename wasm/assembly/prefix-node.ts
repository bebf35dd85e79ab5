// The form of a node of the prefixes' trie.
//
// The trie has a level for each digit. A node stands for a string of digits and holds up to eleven
// *fields*, packed: only those present take room, and their number is found by counting bits.
//
//     head u32                                 present fields, a u32 each, in order
//      31      11 10                1   0
//     ┌──────────┬───────────────────┬───┐    ┌──────────────┬───────┬───────┬──
//     │ 0        │ digits 9 … 0      │ X │    │ prefix route │ link  │ link  │ …
//     └──────────┴───────────────────┴───┘    └──────────────┴───────┴───────┴──
//                                              where X is 1   by digit
//
// A *link* leads to the node of one more digit. Nodes lie at multiples of 4, which leaves two bits, of
// which the lowest is used:
//
//     node  offset of the node         │ 0 0     as published
//     fresh offset of the node         │ 0 1     made in the batch under way: nobody else sees it,
//                                                so it is changed in place
//
// Ported numbers are not here but in lines, see area.ts.

/** Where the first field lies. */
export const NODE_FIELDS: u32 = 4;
export const FIELD_PREFIX: u32 = 0;
export const FIELD_DIGIT_0: u32 = 1;

export const LINKS_MASK: u32 = 0x3ff << FIELD_DIGIT_0;
/** Bits of a head that stand for fields. */
export const FIELDS_MASK: u32 = LINKS_MASK | (1 << FIELD_PREFIX);

const FRESH_BIT: u32 = 1;

export function hasField(head: u32, field: u32): bool {
  return ((head >> field) & 1) != 0;
}

/** Address of a field that the node has. */
export function fieldAddress(node: u32, head: u32, field: u32): u32 {
  assert(hasField(head, field));
  return node + NODE_FIELDS + (popcnt<u32>(head & ((1 << field) - 1)) << 2);
}

export function nodeBytes(head: u32): u32 {
  return NODE_FIELDS + (popcnt<u32>(head) << 2);
}

export function isFresh(link: u32): bool {
  return (link & FRESH_BIT) != 0;
}

export function freshLink(node: u32): u32 {
  return node | FRESH_BIT;
}

/** The node that a link leads to. */
export function nodeOf(link: u32): u32 {
  assert(link != 0);
  return link & ~FRESH_BIT;
}

/**
 * The link, from a root on, to a number's node; 0 where there is none. The number is given as its digits
 * without the leading 1 (`rest`) and the power of ten of that 1 (`unit`).
 */
export function nodeAt(root: u32, rest: u64, unit: u64): u32 {
  let link = root;
  while (unit > 1) {
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
