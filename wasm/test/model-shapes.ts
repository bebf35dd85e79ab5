// The shapes of numbers that the model test draws: those of key-shapes.ts, which a tree of digits finds
// hard, and others about numbers side by side: how many of them there are in a place, and where areas
// of 2^24, segments of 2^16 and lengths end.

import { lengthOfKey } from '../key.ts';
import { digits, KEY_SHAPES, keyOf } from './key-shapes.ts';
import type { Random } from './random.ts';

export interface ModelShape {
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

const AREA = 2 ** 24;
const SEGMENT = 2 ** 16;

export const MODEL_SHAPES: readonly ModelShape[] = [
  ...KEY_SHAPES.map(({ name, key }) => shape(name, key)),
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
    name: 'many small clusters in few areas',
    lay(random) {
      const areas = Array.from({ length: 3 }, () => {
        const key = random.between(11, 18) * 10 ** random.between(9, 13);
        return Math.floor(key / AREA) * AREA;
      });
      const clusters = Array.from({ length: 40 }, () => ({
        first: random.pick(areas) + random.below(random.pick([5000, 100_000, AREA - 500])),
        count: random.between(4, 400),
      }));
      // Now and then a number between them, and where areas begin and end.
      const others = areas.flatMap((area) => [area, area + 1, area + AREA - 1]);
      return {
        key() {
          if (random.chance(0.03)) return random.pick(others);
          if (random.chance(0.03)) return random.pick(areas) + random.below(AREA);
          const { first, count } = random.pick(clusters);
          return first + random.below(count);
        },
        initial: [],
      };
    },
  },
  {
    name: 'blocks of numbers in a dense area',
    lay(random) {
      const area =
        Math.floor((random.between(11, 18) * 10 ** random.between(10, 13)) / AREA) * AREA;
      const firstsFrom = (segment: number, count: number) =>
        Array.from(
          { length: count },
          () => area + (segment + random.below(20)) * SEGMENT + random.below(60_000),
        );
      const full = firstsFrom(0, 42);
      const thin = firstsFrom(100, 5);
      const numbersOf = (firsts: readonly number[], apart: number) =>
        firsts.flatMap((first) => Array.from({ length: 1000 }, (_, at) => first + at * apart));
      return {
        key() {
          if (random.chance(0.02)) return area + random.below(120 * SEGMENT);
          return random.chance(0.5)
            ? random.pick(full) + random.below(1000)
            : random.pick(thin) + random.below(20_000);
        },
        // More than an area is sparse with, but where blocks overlap very much.
        initial: [...new Set([...numbersOf(full, 1), ...numbersOf(thin, 20)])].sort(
          (one, other) => one - other,
        ),
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
      const layouts = MODEL_SHAPES.slice(0, -1).map((each) => each.lay(random));
      return { key: () => random.pick(layouts).key(), initial: [] };
    },
  },
];

function shape(name: string, key: (random: Random) => number): ModelShape {
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
