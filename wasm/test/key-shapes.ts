// The shapes of numbers that the model test draws: each stresses another way of lying together.
//
// The first six are what a tree of digits finds hard. The others are about numbers side by side: how
// many of them there are in a place, and where areas of 2^24, segments of 2^16 and lengths end.

import { lengthOfKey } from '../key.ts';
import type { Random } from './random.ts';

export interface KeyShape {
  name: string;
  /** Where the blocks of one run lie, and what is drawn from them. */
  lay(random: Random): KeyLayout;
}

export interface KeyLayout {
  /** A key of this shape. */
  key(): number;
  /** Ported numbers to begin with, of keys that rise; none where the shape fills itself. */
  initial: readonly number[];
}

const SHARED_PREFIXES = ['86139', '8613', '4917', '44', '1', '460001', '46000', '9'];
const CHAINS = ['861391234567890', '861391234500000', '100000000000000'];
const AREA = 2 ** 24;
const SEGMENT = 2 ** 16;

export const KEY_SHAPES: readonly KeyShape[] = [
  shape('dense blocks', (random) => 18613912345000 + 1000 * random.below(2) + random.below(1000)),
  shape('sparse numbers', (random) => keyOf(digits(random, 5 + random.below(11)))),
  shape('shared prefixes', (random) =>
    keyOf(random.pick(SHARED_PREFIXES) + digits(random, random.below(5))),
  ),
  shape('chains', (random) => keyOf(random.pick(CHAINS).slice(0, 1 + random.below(15)))),
  shape('one digit', (random) => 10 + random.below(10)),
  shape('fifteen digits', (random) =>
    keyOf(random.pick(['0', '4', '9']).repeat(5) + digits(random, 10)),
  ),
  {
    name: 'clusters in empty space',
    lay(random) {
      const clusters = Array.from({ length: 5 }, () => {
        const count = random.between(1000, 20_000);
        const first = scattered(random);
        // A cluster that began at the last number of its length would leave the length.
        return { first: lengthOfKey(first + count) === 0 ? first - count : first, count };
      });
      const filled = clusters[0]!;
      return {
        key() {
          const { first, count } = random.pick(clusters);
          return first + random.below(count);
        },
        initial: Array.from({ length: filled.count }, (_, at) => filled.first + at),
      };
    },
  },
  {
    name: 'a tenth of 200,000 numbers',
    lay(random) {
      const first = 18613900000000 + random.below(1000) * 100_000;
      const initial: number[] = [];
      for (let at = 0; at < 200_000; at++) if (random.chance(0.1)) initial.push(first + at);
      return { key: () => first + random.below(200_000), initial };
    },
  },
  {
    name: 'every one of 20,000 numbers',
    lay(random) {
      const first = 14917000000000 + random.below(1000) * 10_000;
      return {
        key: () => first + random.below(20_000),
        initial: Array.from({ length: 20_000 }, (_, at) => first + at),
      };
    },
  },
  shape('numbers all over the world', scattered),
  shape('boundaries', boundary),
  {
    name: 'all shapes at once',
    lay(random) {
      const layouts = KEY_SHAPES.slice(0, -1).map((each) => each.lay(random));
      return { key: () => random.pick(layouts).key(), initial: [] };
    },
  },
];

function shape(name: string, key: (random: Random) => number): KeyShape {
  return { name, lay: (random) => ({ key: () => key(random), initial: [] }) };
}

/** A number of a length that countries use, anywhere. */
function scattered(random: Random): number {
  return keyOf(digits(random, random.between(9, 13)));
}

/** At most three keys away from where an area, a segment or the keys of a length begin. */
function boundary(random: Random): number {
  const length = random.between(5, 15);
  const unit = 10 ** length;
  const step = random.pick([SEGMENT, AREA]);
  const steps = Math.floor(unit / step);
  const place = random.pick([
    unit,
    unit * 2 - 1,
    // Counted from the first key of all, or from the first of this length.
    (steps + random.below(4)) * step,
    unit + Math.min(random.below(4), steps) * step,
  ]);
  return Math.min(Math.max(place + random.between(-3, 3), unit), unit * 2 - 1);
}

/** So many random digits. */
function digits(random: Random, length: number): string {
  return Array.from({ length }, () => random.below(10)).join('');
}

/** The key of a string of digits. */
export function keyOf(text: string): number {
  return Number(`1${text}`);
}
