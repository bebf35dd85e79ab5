// Families of fragmented runs that never cross, so that any part of a family can be set at once.

import type { Random } from './random.ts';

export interface RunRange {
  from: number;
  to: number;
}

/** Thousands of runs of all that a tree of runs meets, in random order. */
export function runFamily(random: Random): RunRange[] {
  const family = [
    ...blocks(18613900000, 10, 900),
    ...onion(18614000000, 18614999999, 300, () => 1 + random.below(200)),
    ...onion(18615000000, 18615000700, 300, () => random.below(2)),
    ...divided(random, 18616000000, 18616999999, 1500),
    ...onion(1_999_999_999_000_000, 1_999_999_999_999_999, 200, () => random.below(3)),
    ...onion(10, 19, 4, () => 1),
  ];
  return shuffled(random, family);
}

/** The same items in random order. */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

/** Neighbours without gaps, every tenth with a run around it and the nine behind it. */
function blocks(first: number, size: number, count: number): RunRange[] {
  return Array.from({ length: count }, (_, at) => {
    const from = first + at * size;
    const inner = { from, to: from + size - 1 };
    return at % 10 === 0 ? [{ from, to: from + size * 10 - 1 }, inner] : [inner];
  }).flat();
}

/** Runs inside each other, each by random steps smaller at both ends, or at one, than that around it. */
function onion(from: number, to: number, depth: number, step: () => number): RunRange[] {
  const runs: RunRange[] = [];
  let [left, right] = [from, to];
  while (runs.length < depth && left <= right) {
    const last = runs.at(-1);
    if (last?.from !== left || last.to !== right) runs.push({ from: left, to: right });
    left += step();
    right -= step();
  }
  return runs;
}

/** Runs inside each other and side by side: each lies in a random part that those before left. */
function divided(random: Random, from: number, to: number, count: number): RunRange[] {
  const spaces: RunRange[] = [{ from, to }];
  const runs: RunRange[] = [];
  while (runs.length < count && spaces.length > 0) {
    const [space] = spaces.splice(random.below(spaces.length), 1);
    const size = space!.to - space!.from + 1;
    if (size < 3) continue;
    const left = space!.from + random.below(Math.ceil(size / 3));
    const right = space!.to - random.below(Math.ceil(size / 3));
    runs.push({ from: left, to: right });
    const middle = left + random.below(right - left + 1);
    const parts = [
      { from: space!.from, to: left - 1 },
      // The inner two must not be the run itself.
      { from: left, to: Math.min(middle, right - 1) },
      { from: Math.min(middle, right - 1) + 1, to: right },
      { from: right + 1, to: space!.to },
    ];
    spaces.push(...parts.filter((part) => part.from <= part.to));
  }
  return runs;
}
