// Loading a sharded index: images of shards, each loaded and checked by itself (wasm-image.ts), are
// put together again. Whole images may still not belong together: of other boundaries, in another
// order, or of another block. Then lookups would miss entries, so this is checked first.

import { isDeepStrictEqual } from 'node:util';
import { type EntryPage, entriesOfPages } from './entry-pages.ts';
import { IndexError } from './number-index.ts';
import { checkBoundaries } from './shard-plan.ts';
import { type ShardedIndex, ShardedWriter } from './sharded-index.ts';
import { MemoryIndex, type WasmIndex } from './wasm-index.ts';

/**
 * Makes one index of the indexes that were loaded from the images of its shards, in their order. They
 * must not be used by themselves afterwards. BCHF_INDEX_IMAGE_INVALID where they are not the shards
 * of one index at these boundaries.
 */
export function joinShards(
  boundaries: readonly number[],
  indexes: readonly WasmIndex[],
): ShardedIndex {
  checkBoundaries(boundaries);
  const shards = indexes.filter((index) => index instanceof MemoryIndex);
  if (shards.length !== indexes.length) throw new TypeError('a shard is no index of this module');
  if (shards.length !== boundaries.length + 1) {
    throw new RangeError(`${shards.length} indexes for ${boundaries.length + 1} shards`);
  }
  const fault = faultOf(boundaries, shards);
  if (fault !== undefined) {
    throw new IndexError('BCHF_INDEX_IMAGE_INVALID', `not the shards of one index: ${fault}`);
  }
  return new ShardedWriter(boundaries, shards);
}

/** Why shards do not belong together. */
function faultOf(
  boundaries: readonly number[],
  shards: readonly MemoryIndex[],
): string | undefined {
  const label = shards[0]!.label();
  const prefixes = prefixesOf(shards[0]!);
  for (const [at, shard] of shards.entries()) {
    const begin = boundaries[at - 1] ?? Number.NEGATIVE_INFINITY;
    const end = boundaries[at] ?? Number.POSITIVE_INFINITY;
    if (Buffer.compare(shard.label(), label) !== 0) return 'they have different labels';
    if (!isDeepStrictEqual(prefixesOf(shard), prefixes)) return 'they have different prefixes';
    const isWithin = ({ count, from, to }: EntryPage): boolean => {
      for (let entry = 0; entry < count; entry++) {
        if (!(from[entry]! < end && to[entry]! >= begin)) return false;
      }
      return true;
    };
    for (const kind of ['fragmented', 'ported'] as const) {
      for (const page of shard.entryPages(kind)) {
        if (!isWithin(page)) return 'an entry lies in a shard that it does not belong to';
      }
    }
    if (at === 0) continue;
    const [before, here] = [runsInto(shards[at - 1]!, begin), runsInto(shard, begin)];
    if (!isDeepStrictEqual(before, here)) return 'a run lies in only one shard of two';
  }
  return undefined;
}

function prefixesOf(shard: MemoryIndex): unknown[] {
  return [...entriesOfPages('prefix', shard.entryPages('prefix'))];
}

/** The runs that cover a shard's first key and begin before it. */
function runsInto(shard: MemoryIndex, begin: number): unknown[] {
  return shard.explain(begin).filter(({ entry, from }) => entry === 'fragmented' && from < begin);
}
