// Random contents for tests that compare whole indexes.

import type { IndexChange, IndexEntry } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { ported, prefix, run } from './changes.ts';
import type { KeyShape } from './key-shapes.ts';
import type { Random } from './random.ts';

/**
 * Changes that set or delete, of few routes, so that neighbours often have the same. Runs nest, and
 * some of them tell where their user data lies.
 */
export function randomContent(random: Random, shape: KeyShape, count: number): IndexChange[] {
  return Array.from({ length: count }, () => {
    const key = shape.key(random);
    const route = random.chance(0.2) ? null : random.below(3);
    const kind = random.below(4);
    if (kind === 0) return prefix(key, route);
    if (kind > 1) return ported(key, route);
    const userData = route !== null && random.chance(0.5) ? { userData: random.below(2) } : {};
    return { ...randomRun(random, key, route), ...userData };
  });
}

/** A run of up to 128 numbers: blocks of powers of two within a thousand never cross. */
function randomRun(random: Random, key: number, route: number | null): IndexChange {
  if (key < 1000) return run(key, key, route);
  const first = key - (key % 1000);
  const size = 2 ** random.below(8);
  const from = key - ((key - first) % size);
  return run(from, Math.min(from + size - 1, first + 999), route);
}

export function referenceWith(changes: readonly IndexChange[]): ReferenceIndex {
  const index = new ReferenceIndex();
  index.apply(changes);
  return index;
}

/** Something that can be walked and has just these entries, in their order. */
export function walkedEntries(entries: readonly IndexEntry[]): {
  entries(): IterableIterator<IndexEntry>;
} {
  return { entries: () => entries.values() };
}
