import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WalkedIndex } from '../entry-pages.ts';
import { diffIndexes, type IndexDifference } from '../index-diff.ts';
import { compareRuns } from '../key.ts';
import type { EntryKind, IndexChange, IndexEntry, NumberIndex } from '../number-index.ts';
import { createShardedIndex } from '../sharded-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { KEY_SHAPES } from './key-shapes.ts';
import { Random, runSeed } from './random.ts';
import { randomContent, referenceWith, walkedEntries } from './random-contents.ts';

const memoryBytesMax = 64 << 20;

function wasmWith(changes: readonly IndexChange[]): NumberIndex {
  const index = createWasmIndex({ memoryBytesMax });
  index.apply(changes);
  return index;
}

function diff(left: WalkedIndex, right: WalkedIndex): IndexDifference[] {
  return [...diffIndexes(left, right)];
}

const KINDS: readonly EntryKind[] = ['prefix', 'fragmented', 'ported'];

/**
 * The same by maps and one pass over all keys: obviously right, and all in memory. Of joined entries
 * none has user data here.
 */
function naiveDiff(left: NumberIndex, right: NumberIndex): IndexDifference[] {
  const differences: IndexDifference[] = [];
  for (const kind of KINDS) {
    const nameOf = ({ from, to }: { from: number; to: number }) => `${from}-${to}`;
    const [before, after] = [left, right].map(
      (index) =>
        new Map(
          [...index.entries()].filter((one) => one.entry === kind).map((one) => [nameOf(one), one]),
        ),
    );
    const all = [...new Map([...before!, ...after!]).values()].sort(compareRuns);
    let last: IndexDifference | undefined;
    for (const { from, to } of all) {
      const [one, other] = [before, after].map((entries) => entries!.get(nameOf({ from, to })));
      if (one?.route === other?.route && one?.userData === other?.userData) continue;
      const change = one === undefined ? 'added' : other === undefined ? 'removed' : 'changed';
      const isNext = kind !== 'fragmented' && last?.to === from - 1;
      if (isNext && last?.leftRoute === one?.route && last?.rightRoute === other?.route) {
        last!.to = to;
        continue;
      }
      last = { entry: kind, from, to, change };
      if (one !== undefined) last.leftRoute = one.route;
      if (other !== undefined) last.rightRoute = other.route;
      if (one?.userData !== undefined) last.leftUserData = one.userData;
      if (other?.userData !== undefined) last.rightUserData = other.userData;
      differences.push(last);
    }
  }
  return differences;
}

describe('Index diff', () => {
  it('joins neighbours that changed alike, and only those', () => {
    const left = wasmWith([12, 13, 14, 16, 17].map((key) => ported(key, 1)));
    const right = wasmWith([
      ported(13, 1),
      ...[14, 15, 16, 17, 18].map((key) => ported(key, 2)),
      ported(19, 3),
    ]);
    assert.deepEqual(diff(left, right), [
      { entry: 'ported', from: 12, to: 12, change: 'removed', leftRoute: 1 },
      { entry: 'ported', from: 14, to: 14, change: 'changed', leftRoute: 1, rightRoute: 2 },
      { entry: 'ported', from: 15, to: 15, change: 'added', rightRoute: 2 },
      { entry: 'ported', from: 16, to: 17, change: 'changed', leftRoute: 1, rightRoute: 2 },
      { entry: 'ported', from: 18, to: 18, change: 'added', rightRoute: 2 },
      { entry: 'ported', from: 19, to: 19, change: 'added', rightRoute: 3 },
    ]);
  });

  it('joins no numbers of different lengths', () => {
    const right = wasmWith([ported(19, 1), ported(100, 1), ported(101, 1), prefix(19, 1)]);
    assert.deepEqual(
      diff(wasmWith([]), right).map(({ entry, from, to }) => [entry, from, to]),
      [
        ['prefix', 19, 19],
        ['ported', 19, 19],
        ['ported', 100, 101],
      ],
    );
  });

  it('names runs as they are, nested or touching', () => {
    const left = wasmWith([run(1000, 1099, 1), run(1000, 1009, 2), run(1010, 1019, 2)]);
    const right = wasmWith([run(1000, 1099, 1), run(1000, 1004, 2), run(1010, 1019, 3)]);
    assert.deepEqual(diff(left, right), [
      { entry: 'fragmented', from: 1000, to: 1009, change: 'removed', leftRoute: 2 },
      { entry: 'fragmented', from: 1000, to: 1004, change: 'added', rightRoute: 2 },
      {
        entry: 'fragmented',
        from: 1010,
        to: 1019,
        change: 'changed',
        leftRoute: 2,
        rightRoute: 3,
      },
    ]);
  });

  it('finds nothing between equal contents, whatever their history and labels', () => {
    const changes = [prefix(186, 1), run(18610, 18619, 2), ported(18613, 3)];
    const left = wasmWith([...changes, ported(187, 1)]);
    left.apply([ported(187, null)], Uint8Array.of(1));
    for (const right of [wasmWith(changes), left]) assert.deepEqual(diff(left, right), []);
    assert.deepEqual(diff(wasmWith([]), wasmWith([])), []);
  });

  it('goes on over any number of pages', () => {
    const keys = Array.from({ length: 5000 }, (_, at) => 18613912340000 + at);
    const left = wasmWith(keys.map((key) => ported(key, 1)));
    const right = wasmWith(keys.slice(1).map((key) => ported(key, key % 10_000 < 4321 ? 1 : 2)));
    const [first, last] = [18613912340000, 18613912344999];
    assert.deepEqual(diff(left, right), [
      { entry: 'ported', from: first, to: first, change: 'removed', leftRoute: 1 },
      {
        entry: 'ported',
        from: 18613912344321,
        to: last,
        change: 'changed',
        leftRoute: 1,
        rightRoute: 2,
      },
    ]);
    assert.deepEqual(diff(wasmWith([]), left), [
      { entry: 'ported', from: first, to: last, change: 'added', rightRoute: 1 },
    ]);
    assert.deepEqual(diff(left, wasmWith([])), [
      { entry: 'ported', from: first, to: last, change: 'removed', leftRoute: 1 },
    ]);
  });

  it('tells user data that changed, and joins what goes up with the key', () => {
    const one = (key: number, userData?: number): IndexEntry => ({
      entry: 'ported',
      from: key,
      to: key,
      route: 1,
      ...(userData !== undefined && { userData }),
    });
    const left = walkedEntries([one(10), one(11, 5), one(12, 6), one(13, 7), one(14, 0)]);
    const right = walkedEntries([one(10, 0), one(11, 8), one(12, 9), one(13, 9), one(14)]);
    const changed = { entry: 'ported', change: 'changed', leftRoute: 1, rightRoute: 1 } as const;
    assert.deepEqual(diff(left, right), [
      { ...changed, from: 10, to: 10, rightUserData: 0 },
      { ...changed, from: 11, to: 12, leftUserData: 5, rightUserData: 8 },
      { ...changed, from: 13, to: 13, leftUserData: 7, rightUserData: 9 },
      { ...changed, from: 14, to: 14, leftUserData: 0 },
    ]);
    assert.deepEqual(diff(left, left), []);
  });

  it('ends where an index is changed meanwhile', () => {
    const left = wasmWith([ported(12, 1), ported(14, 1)]);
    const differences = diffIndexes(left, wasmWith([]));
    differences.next();
    left.apply([ported(16, 1)]);
    assert.throws(() => [...differences], TypeError);
  });

  const seed = runSeed();
  for (const shape of KEY_SHAPES) {
    it(`agrees with a naive diff on ${shape.name} (BCHF_TEST_SEED=${seed})`, () => {
      const random = new Random(seed);
      for (const [count, changeCount] of [
        [3, 3],
        [300, 20],
        [300, 600],
        [1500, 300],
      ] as const) {
        const before = randomContent(random, shape, count);
        const after = [...before, ...randomContent(random, shape, changeCount)];
        const expected = naiveDiff(referenceWith(before), referenceWith(after));
        const boundaries = [...new Set([shape.key(random), shape.key(random)])].sort(
          (left, right) => left - right,
        );
        const sharded = createShardedIndex({ boundaries, memoryBytesMax });
        sharded.apply(after);
        assert.deepEqual(diff(wasmWith(before), wasmWith(after)), expected);
        assert.deepEqual(diff(referenceWith(before), sharded), expected);
      }
    });
  }
});
