import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentHash } from '../content-hash.ts';
import type { IndexChange } from '../number-index.ts';
import { joinShards } from '../sharded-image.ts';
import { createShardedIndex, type ShardedIndex } from '../sharded-index.ts';
import { createImageLoader } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { ported, prefix, routeFor, run } from './changes.ts';

const memoryBytesMax = 64 << 20;
const BOUNDARIES = [18613, 18615];
const CHANGES: readonly IndexChange[] = [
  prefix(186, 1),
  run(18610, 18619, 2),
  run(18613, 18614, 3),
  ported(18612, 4),
  ported(18613, 5),
  ported(18615, 6),
];

function createWith(changes: readonly IndexChange[], label = 7): ShardedIndex {
  const index = createShardedIndex({ boundaries: BOUNDARIES, memoryBytesMax });
  index.apply(changes, Uint8Array.of(label));
  return index;
}

function loadShards(index: ShardedIndex): WasmIndex[] {
  return index.shardBytes().map((bytes, shard) => {
    const loader = createImageLoader(bytes, { memoryBytesMax });
    for (const chunk of index.shardChunks(shard, 1000)) loader.write(chunk);
    return loader.finish();
  });
}

describe('Images of a sharded index', () => {
  it('make the same index again, for reading and writing', () => {
    const index = createWith(CHANGES);
    const loaded = joinShards(BOUNDARIES, loadShards(index));
    assert.deepEqual(contentHash(loaded), contentHash(index));
    assert.deepEqual(loaded.counts(), index.counts());
    assert.deepEqual(loaded.label(), Uint8Array.of(7));
    loaded.apply([run(18610, 18619, null), run(18614, 18615, null), ported(18618, 8)]);
    assert.equal(routeFor(loaded, 18611), 1);
    assert.equal(routeFor(loaded, 18618), 8);
  });

  it('are refused where they do not belong together', () => {
    const invalid = { name: 'IndexError', code: 'BCHF_INDEX_IMAGE_INVALID' };
    const [first, second, third] = loadShards(createWith(CHANGES));
    const shards = [first!, second!, third!];
    const without = (...missing: number[]) =>
      loadShards(createWith(CHANGES.filter((_, at) => !missing.includes(at))));
    const others: WasmIndex[][] = [
      // Another label, another prefix, a run that one of two shards lacks.
      [...loadShards(createWith(CHANGES, 8)).slice(0, 1), ...shards.slice(1)],
      [...shards.slice(0, 2), without(0)[2]!],
      [without(1)[0]!, ...shards.slice(1)],
      [...shards.slice(0, 2), without(1)[2]!],
      // Another order: numbers in the wrong shards.
      [shards[1]!, shards[0]!, shards[2]!],
    ];
    for (const other of others) assert.throws(() => joinShards(BOUNDARIES, other), invalid);
    for (const boundaries of [
      [18612, 18615],
      [18614, 18615],
      [18613, 18616],
    ]) {
      assert.throws(() => joinShards(boundaries, shards), invalid);
    }
    assert.throws(() => joinShards([18613], shards), RangeError);
    assert.throws(() => joinShards([15, 14], shards), RangeError);
    assert.throws(() => joinShards([], [createWith(CHANGES) as unknown as WasmIndex]), TypeError);
    assert.equal(routeFor(joinShards(BOUNDARIES, shards), 18615), 6);
  });

  it('are one for a sharded index that has one shard', () => {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply(CHANGES);
    assert.deepEqual(contentHash(joinShards([], [index])), contentHash(index));
  });

  it('end where the index is changed meanwhile, and are not there for other shards', () => {
    const index = createWith(CHANGES);
    const chunks = index.shardChunks(2, 100);
    chunks.next();
    index.apply([]);
    assert.throws(() => chunks.next(), TypeError);
    assert.throws(() => index.shardChunks(3), RangeError);
  });
});
