import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IndexChange, IndexError } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { planShards, SHARDS_MAX, ShardSearch, shardOf } from '../shard-plan.ts';
import { createShardedIndex, type ShardedIndex } from '../sharded-index.ts';
import { openShardedReader } from '../sharded-reader.ts';
import { MEMORY_PAGES_MIN, PAGE_BYTES } from '../wasm-module.ts';
import { openReader } from '../wasm-reader.ts';
import { ported, prefix, routeFor, run } from './changes.ts';
import { indexSuite } from './index-suite.ts';
import { keyOf } from './key-shapes.ts';
import { setRoom } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };

// In the middle of the suite's dense blocks and nested runs, inside single runs, at first and last
// numbers of a length, and where hardly anything lies.
for (const boundaries of [
  [15, 18613912345777],
  [1861355, 186135000],
  [10, 1_999_999_999_999_999],
]) {
  indexSuite({
    name: `sharded at ${boundaries.join(' and ')}`,
    create: () => createShardedIndex({ boundaries, memoryBytesMax }),
  });
}

indexSuite({
  name: 'sharded, one shard, debug',
  create: () => createShardedIndex({ boundaries: [], memoryBytesMax, build: 'debug' }),
});

/** Three shards, of which the first two hold 1,000 of these numbers each. */
const FIRST_KEY = 18613912300000;
const BOUNDARIES = [FIRST_KEY + 1000, FIRST_KEY + 2000];

function create(limit = memoryBytesMax): ShardedIndex {
  return createShardedIndex({ boundaries: BOUNDARIES, memoryBytesMax: limit });
}

describe('Sharded index', () => {
  it('lists and counts what lies in several shards once', () => {
    const index = create();
    const entries = [
      { entry: 'prefix', from: 18613, to: 18613, route: 1 },
      { entry: 'fragmented', from: FIRST_KEY, to: FIRST_KEY + 2999, route: 2 },
      { entry: 'fragmented', from: FIRST_KEY + 900, to: FIRST_KEY + 1099, route: 3 },
      { entry: 'fragmented', from: FIRST_KEY + 1000, to: FIRST_KEY + 1000, route: 4 },
      { entry: 'fragmented', from: FIRST_KEY + 2000, to: FIRST_KEY + 2999, route: 5 },
      { entry: 'ported', from: FIRST_KEY + 999, to: FIRST_KEY + 999, route: 6 },
      { entry: 'ported', from: FIRST_KEY + 1000, to: FIRST_KEY + 1000, route: 7 },
    ] as const;
    index.apply(entries.toReversed());
    assert.deepEqual([...index.entries()], entries);
    assert.deepEqual(index.counts(), { prefix: 1, fragmented: 4, ported: 2 });
    assert.equal(routeFor(index, FIRST_KEY + 1099), 3);
    assert.equal(routeFor(index, FIRST_KEY + 1100), 2);
  });

  it('refuses a batch as a whole where one shard refuses it', () => {
    const index = create();
    index.apply([run(FIRST_KEY + 2100, FIRST_KEY + 2199, 1)], Uint8Array.of(1));
    const before = [...index.entries()];
    const batch = [
      prefix(18, 2),
      ported(FIRST_KEY, 2),
      ported(FIRST_KEY + 1500, 2),
      run(FIRST_KEY + 2150, FIRST_KEY + 2250, 2),
    ];
    assert.throws(() => index.apply(batch, Uint8Array.of(2)), { code: 'BCHF_INDEX_CROSSING_RUN' });
    assert.deepEqual([...index.entries()], before);
    assert.deepEqual(index.label(), Uint8Array.of(1));
    index.apply(batch.slice(0, 3), Uint8Array.of(3));
    assert.equal(index.counts().ported, 2);
    assert.equal(routeFor(index, FIRST_KEY + 1500), 2);
  });

  const seed = runSeed();
  for (const fullShard of [0, 1, 2]) {
    it(`is as it was where shard ${fullShard} is full (BCHF_TEST_SEED=${seed})`, () => {
      const random = new Random(seed);
      const index = create(MEMORY_PAGES_MIN * PAGE_BYTES);
      const reference = new ReferenceIndex();
      const randomBatch = (): IndexChange[] =>
        Array.from({ length: 30 }, () => {
          const key = FIRST_KEY + random.below(3000);
          const route = random.below(1000);
          return random.pick([ported(key, route), run(key, key, route), prefix(key, route)]);
        });
      const start = randomBatch();
      for (const each of [index, reference]) each.apply(start, Uint8Array.of(1));
      // Room for less and less of the batch, so that it fails at other places each time.
      for (const roomBytes of [2000, 600, 100, 0]) {
        setRoom(index.handle.memories[fullShard]!, roomBytes);
        const keys = Array.from({ length: 200 }, (_, at) => FIRST_KEY + fullShard * 1000 + at * 5);
        const changes = [...keys.map((key) => ported(key, 9)), ...randomBatch()];
        assert.throws(() => index.apply(changes, Uint8Array.of(2)), full);
        assert.deepEqual([...index.entries()], [...reference.entries()]);
        assert.deepEqual(index.counts(), reference.counts());
        assert.deepEqual(index.label(), Uint8Array.of(1));
      }
    });
  }

  it('takes a batch after one that was refused, in shards that are not full', () => {
    const index = create(7 << 20);
    const number = (at: number): IndexChange => ported(FIRST_KEY + 2000 + at * 1009, 1);
    assert.throws(() => {
      for (let first = 0; ; first += 2000) {
        index.apply(Array.from({ length: 2000 }, (_, at) => number(first + at)));
      }
    }, full);
    const held = index.counts().ported;
    assert.ok(held > 0);
    assert.throws(() => {
      index.apply([
        ported(FIRST_KEY, 2),
        ...Array.from({ length: 200_000 }, (_, at) => number(held + at)),
      ]);
    }, IndexError);
    assert.equal(routeFor(index, FIRST_KEY), undefined);
    for (let first = 0; first < held; first += 5) {
      const some = Array.from({ length: Math.min(5, held - first) }, (_, at) => first + at);
      index.apply(some.map((at) => ({ ...number(at), route: null })));
    }
    index.apply([ported(FIRST_KEY, 3)]);
    assert.equal(routeFor(index, FIRST_KEY), 3);
    assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 1 });
  });

  it('holds more than the memory of one shard does', () => {
    const held = (boundaries: number[]): number => {
      const index = createShardedIndex({ boundaries, memoryBytesMax: 7.5 * 2 ** 20 });
      assert.throws(() => {
        for (let first = 0; ; first++) {
          index.apply(
            Array.from({ length: 600 }, (_, at) =>
              ported(FIRST_KEY + (at % 3) * 1e9 + (first * 200 + Math.floor(at / 3)) * 1009, 1),
            ),
          );
        }
      }, full);
      return index.counts().ported;
    };
    assert.ok(held([FIRST_KEY + 1e9, FIRST_KEY + 2e9]) > 2 * held([]));
  });

  it('is read by other readers over its handle, up to 64 in each shard', () => {
    const index = create();
    index.apply([ported(FIRST_KEY + 1500, 4)]);
    const taken = openReader(index.handle.memories[2]!);
    const readers = Array.from({ length: 62 }, () => openShardedReader(index.handle));
    assert.equal(routeFor(readers[61]!, FIRST_KEY + 1500), 4);
    const none = { code: 'BCHF_INDEX_READERS_MAX' };
    assert.throws(() => openShardedReader(index.handle), none);
    // The refused one has left nothing behind in the shards that had room.
    taken.close();
    const last = openShardedReader(index.handle);
    assert.throws(() => openShardedReader(index.handle), none);
    index.evictReader(last.readerNumbers);
    openShardedReader(index.handle).close();
    readers[0]!.close();
    assert.throws(() => index.evictReader([1]), RangeError);
    assert.throws(() => index.evictReader(index.readerNumbers), RangeError);
  });

  it('refuses boundaries that are none', () => {
    const tooMany = Array.from({ length: SHARDS_MAX }, (_, at) => FIRST_KEY + at);
    for (const boundaries of [[9], [2000], [12.5], [15, 15], [15, 14], [Number.NaN], tooMany]) {
      assert.throws(() => createShardedIndex({ boundaries, memoryBytesMax }), RangeError);
    }
    const { handle } = create();
    assert.throws(() => openShardedReader({ ...handle, boundaries: [15] }), RangeError);
    assert.throws(() => create(1 << 20), full);
  });
});

describe('Shard plan', () => {
  const seed = runSeed();

  it(`finds the shard of any key, alone or with others (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    for (const count of [0, 1, 2, 3, 4, 7, 8, SHARDS_MAX - 1]) {
      const boundaries = Array.from({ length: count }, (_, at) => 10_000 + at * 7);
      const keys = Float64Array.from([
        ...boundaries.flatMap((boundary) => [boundary - 1, boundary, boundary + 1]),
        ...Array.from({ length: 50 }, () => 10_000 + random.below(600)),
        ...[10, 1_999_999_999_999_999, Number.NaN, Infinity, -Infinity, 0],
      ]);
      const shards = new Uint8Array(keys.length).fill(255);
      new ShardSearch(boundaries).search(keys, shards, keys.length - 1);
      for (const [place, key] of keys.subarray(0, -1).entries()) {
        const below = boundaries.filter((boundary) => boundary <= key).length;
        assert.equal(shards[place], below);
        assert.equal(shardOf(boundaries, key), below);
      }
      assert.equal(shards.at(-1), 255);
    }
  });

  it(`gives every shard as many keys (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const keys = Float64Array.from(
      new Set(Array.from({ length: 5000 }, () => keyOf(String(1e9 + random.below(1e9))))),
    ).sort();
    for (const shardCount of [1, 2, 3, 7, SHARDS_MAX]) {
      const boundaries = planShards(keys, shardCount);
      const counts = new Uint32Array(shardCount);
      for (const key of keys) counts[shardOf(boundaries, key)]!++;
      assert.equal(boundaries.length, shardCount - 1);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
    }
  });

  it('makes fewer shards of fewer keys, and keeps equal keys together', () => {
    assert.deepEqual(planShards([], 3), []);
    assert.deepEqual(planShards([15], 3), []);
    assert.deepEqual(planShards([15, 15, 15, 17], 4), [17]);
    assert.deepEqual(planShards([11, 12, 13, 13, 13, 14], 3), [13]);
  });

  it('refuses what are no sorted keys, and shards that are none', () => {
    for (const keys of [
      [15, 14],
      [15, Number.NaN],
      [11, 25],
      [11, 12.5],
    ]) {
      assert.throws(() => planShards(keys, 2), RangeError);
    }
    for (const count of [0, 1.5, SHARDS_MAX + 1]) {
      assert.throws(() => planShards([15, 16], count), RangeError);
    }
  });
});
