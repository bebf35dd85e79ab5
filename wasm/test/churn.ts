// Changes that go on for ever at a constant number of entries: the stuff of "a week of churn does not
// grow the memory". Each kind of churn deletes as many entries in a batch as it sets.

import type { IndexChange } from '../number-index.ts';
import { ported, prefix, run } from './changes.ts';
import { keyOf } from './key-shapes.ts';
import type { Random } from './random.ts';

export interface Churn {
  name: string;
  /** The entries to begin with. */
  initial(): IndexChange[];
  /** The next batch, of about three times `count` changes: deletions, insertions, new routes. */
  next(count: number): IndexChange[];
}

const ROUTES = 200;

/** Half of 40,000 consecutive numbers, which half changes. */
export function denseChurn(random: Random): Churn {
  const numbers = Array.from({ length: 40_000 }, (_, at) => 18613912340000 + at);
  shuffle(numbers, random);
  // The first half is there, the second is not.
  const half = numbers.length / 2;
  return {
    name: 'dense numbers',
    initial: () => numbers.slice(0, half).map((key) => ported(key, random.below(ROUTES))),
    next: (count) =>
      repeat(count, () => {
        const [gone, come] = [random.below(half), half + random.below(half)];
        swap(numbers, gone, come);
        const other = numbers[random.below(half)]!;
        return [
          ported(numbers[come]!, null),
          ported(numbers[gone]!, random.below(ROUTES)),
          ported(other, random.below(ROUTES)),
        ];
      }),
  };
}

/** Single numbers anywhere, each replaced by one anywhere else. */
export function sparseChurn(random: Random): Churn {
  return replacing('sparse numbers', 8000, random, () => [
    ported(keyOf(`${1 + random.below(9)}${random.below(1e11)}`), 0),
  ]);
}

/** A block of 5,000 consecutive numbers that wanders, and leaps over most of an area at times. */
export function wanderingChurn(random: Random): Churn {
  let key = 14917000000000;
  return replacing('a wandering block', 5000, random, (count) => {
    key += count % 4000 === 3999 ? 2 ** 23 + 1117 : 1;
    return [ported(key, 0)];
  });
}

/** Numbers at every tenth place, moved by one at each turn through 20 segments. */
export function combChurn(random: Random): Churn {
  const teeth = 6000;
  const stride = Math.ceil((20 * 2 ** 16) / teeth);
  return replacing('a shifting comb', teeth, random, (count) => [
    ported(12025550000000 + (count % teeth) * stride + (Math.floor(count / teeth) % stride), 0),
  ]);
}

/** Runs of 1 to 1,000 numbers and prefixes that wander, a run inside every third. */
export function runChurn(random: Random): Churn {
  let key = 13300000000000;
  return replacing('runs and prefixes', 400, random, (count) => {
    const last = key + random.below(1000);
    const changes = [run(key, last, 0)];
    const middle = key + Math.floor((last - key) / 2);
    if (count % 3 === 0 && middle < last) changes.push(run(key, middle, 0));
    changes.push(prefix(1_330_000 + (count % 500_000), 0));
    key = last + 1 + random.below(500);
    return changes;
  });
}

/** So many groups of entries; in each step the oldest goes, a new one comes, another is re-routed. */
function replacing(
  name: string,
  groups: number,
  random: Random,
  make: (count: number) => IndexChange[],
): Churn {
  const present: IndexChange[][] = [];
  let made = 0;
  let oldest = 0;
  const makeNext = (): IndexChange[] => {
    const entries = make(made++);
    for (const entry of entries) entry.route = random.below(ROUTES);
    return entries;
  };
  const next = (): IndexChange[] => {
    const gone = present[oldest]!.map((entry) => ({ ...entry, route: null }));
    const come = makeNext();
    present[oldest] = come;
    oldest = (oldest + 1) % groups;
    const rerouted = random.pick(random.pick(present));
    // The number that comes may be the one that went, so it comes last.
    return [...gone, ...come, { ...rerouted, route: random.below(ROUTES) }];
  };
  return {
    name,
    initial() {
      for (let at = 0; at < groups; at++) present.push(makeNext());
      return present.flat();
    },
    next: (count) => repeat(count, next),
  };
}

function repeat(count: number, changes: () => IndexChange[]): IndexChange[] {
  return Array.from({ length: count }, changes).flat();
}

function shuffle(items: number[], random: Random): void {
  for (let at = items.length - 1; at > 0; at--) swap(items, at, random.below(at + 1));
}

function swap(items: number[], left: number, right: number): void {
  const item = items[left]!;
  items[left] = items[right]!;
  items[right] = item;
}
