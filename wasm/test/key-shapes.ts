// Six shapes of numbers that a trie meets: each stresses another way of branching.

import type { Random } from './random.ts';

export interface KeyShape {
  name: string;
  /** A key of this shape. */
  key(random: Random): number;
}

const SHARED_PREFIXES = ['86139', '8613', '4917', '44', '1', '460001', '46000', '9'];
const CHAINS = ['861391234567890', '861391234500000', '100000000000000'];

export const KEY_SHAPES: readonly KeyShape[] = [
  {
    name: 'dense blocks',
    key: (random) => 18613912345000 + 1000 * random.below(2) + random.below(1000),
  },
  { name: 'sparse numbers', key: (random) => keyOf(digits(random, 5 + random.below(11))) },
  {
    name: 'shared prefixes',
    key: (random) => keyOf(random.pick(SHARED_PREFIXES) + digits(random, random.below(5))),
  },
  {
    name: 'chains',
    key: (random) => keyOf(random.pick(CHAINS).slice(0, 1 + random.below(15))),
  },
  { name: 'one digit', key: (random) => 10 + random.below(10) },
  {
    name: 'fifteen digits',
    key: (random) => keyOf(random.pick(['0', '4', '9']).repeat(5) + digits(random, 10)),
  },
];

/** So many random digits. */
export function digits(random: Random, length: number): string {
  return Array.from({ length }, () => random.below(10)).join('');
}

/** The key of a string of digits. */
export function keyOf(text: string): number {
  return Number(`1${text}`);
}
