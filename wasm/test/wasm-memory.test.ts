// The memory of the index: what is freed is used again, but only when no reader can see it; the
// limit is an error that leaves the index as it was.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lengthOfKey } from '../key.ts';
import type { IndexChange } from '../number-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { instantiate } from '../wasm-module.ts';
import { ported, prefix, routeFor, run } from './changes.ts';
import { keyOf } from './key-shapes.ts';
import {
  currentVersion,
  livePatches,
  patchesTakenAway,
  settle,
  usedBytes,
} from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const seed = runSeed();

/** 400 changes at 3000 places: ported numbers, prefixes and runs come, change and go. */
function churn(random: Random): IndexChange[] {
  return Array.from({ length: 400 }, () => {
    const place = random.below(3000);
    const key = 18613912340000 + place * 7;
    const route = random.chance(0.5) ? null : random.below(1000);
    const kind = place % 3;
    if (kind === 0) return ported(key, route);
    return kind === 1 ? prefix(key, route) : run(key, key + 6, route);
  });
}

describe('Wasm index memory', () => {
  it(`does not grow while entries come and go (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const index = createWasmIndex();
    const emptyBytes = usedBytes(index.memory);
    // Free blocks of every size have to gather first.
    for (let batch = 0; batch < 600; batch++) index.apply(churn(random));
    const settledBytes = index.imageBytes();
    for (let batch = 0; batch < 1500; batch++) index.apply(churn(random));
    // How full the nodes of runs are varies; what each batch lost would add up to much more.
    assert.ok(
      index.imageBytes() <= settledBytes * 1.2,
      `${settledBytes} bytes became ${index.imageBytes()}`,
    );
    index.apply([...index.entries()].map((entry) => ({ ...entry, route: null })));
    settle(index);
    assert.equal(usedBytes(index.memory), emptyBytes);
  });

  it('takes as much as before when what came below and at ported numbers has gone', () => {
    const index = createWasmIndex();
    const steady = [ported(1861, 1), ported(1862, 2), ported(186300, 3), prefix(1864, 4)];
    index.apply(steady);
    settle(index);
    const before = usedBytes(index.memory);
    // Only routes that the area has already: its palette keeps others until the area is built anew.
    const visitors = [
      ported(186100, 1),
      prefix(1862, 6),
      prefix(186200001, 7),
      ported(1863001, 2),
      ported(1864, 3),
      ported(1865000, 1),
    ];
    for (const visitor of visitors) {
      index.apply([visitor]);
      assert.ok(usedBytes(index.memory) > before);
      index.apply([{ ...visitor, route: null }]);
      settle(index);
      assert.equal(usedBytes(index.memory), before);
    }
    index.apply(visitors);
    index.apply(visitors.map((visitor) => ({ ...visitor, route: null })));
    settle(index);
    assert.equal(usedBytes(index.memory), before);
    assert.deepEqual(index.counts(), { prefix: 1, fragmented: 0, ported: 3 });
  });

  it(`keeps what a reader in a call may see, however long (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const index = createWasmIndex();
    const emptyBytes = usedBytes(index.memory);
    const steady = Array.from({ length: 100 }, (_, at) => ported(18613912340000 + at * 21, at));
    index.apply(steady);
    settle(index);
    const wasm = instantiate(index.memory, 'debug');
    const [reader, version] = wasm.call((exports) => {
      const claimed = exports.claimReader();
      return [claimed, exports.enter(claimed)];
    });
    const offsets = wasm.call((exports) => exports);
    const routeOffset = reader + offsets.READER_DETAILS.value + 16;
    const keys = new Float64Array(
      index.memory.buffer,
      reader + offsets.READER_KEYS.value,
      steady.length * 2,
    );
    const answers = new Uint32Array(
      index.memory.buffer,
      reader + offsets.READER_ANSWERS.value,
      steady.length * 2,
    );
    const seesItsVersion = (): void => {
      for (const [at, { from }] of steady.entries()) keys.set([from, from + 7], at * 2);
      wasm.call((exports) => exports.lookupEntered(reader, version, keys.length));
      const seen = [...answers];
      for (const [at, { from, route }] of steady.entries()) {
        assert.equal(seen[at * 2]! & 0xfffff, route);
        assert.equal(seen[at * 2 + 1], 0);
        assert.equal(
          wasm.call((exports) => exports.explain(reader, version, from, 2, 2)),
          1,
        );
        assert.equal(new DataView(index.memory.buffer).getUint32(routeOffset, true), route);
        assert.equal(
          wasm.call((exports) => exports.explain(reader, version, from + 7, 2, 2)),
          0,
        );
      }
    };
    for (let batch = 0; batch < 100; batch++) {
      index.apply(churn(random));
      if (batch % 20 === 0) seesItsVersion();
    }
    index.apply(steady.map(({ from }) => ported(from, 999)));
    seesItsVersion();
    for (const { from } of steady) {
      assert.equal(routeFor(index, from), 999);
      assert.equal(index.find(from)?.route, 999);
    }
    // Nothing is folded while somebody still sees what came before: each batch adds patches.
    assert.ok(livePatches(index.memory).length > 100);
    wasm.call((exports) => exports.leave(reader));
    const heldBytes = index.imageBytes();
    for (let batch = 0; batch < 100; batch++) index.apply(churn(random));
    // What was held is used again; folding it all at once takes some of its own.
    assert.ok(index.imageBytes() <= heldBytes * 1.05, `${heldBytes}: ${index.imageBytes()}`);
    index.apply([]);
    assert.deepEqual(livePatches(index.memory), []);
    index.apply([...index.entries()].map((entry) => ({ ...entry, route: null })));
    settle(index);
    assert.equal(usedBytes(index.memory), emptyBytes);
  });

  it('folds while a reader is in a call that it entered at the newest version', () => {
    const index = createWasmIndex();
    const wasm = instantiate(index.memory, 'debug');
    index.apply([ported(1861, 1)]);
    index.apply([ported(1861, 2)]);
    wasm.call((exports) => exports.enter(exports.claimReader()));
    index.apply([]);
    assert.deepEqual(livePatches(index.memory), []);
    // From now on an older version is in use.
    index.apply([ported(1861, 3)]);
    index.apply([]);
    assert.equal(livePatches(index.memory).length, 1);
    assert.equal(routeFor(index, 1861), 3);
  });

  it('leaves a patch that was taken away as it was for a reader on its way to it', () => {
    const index = createWasmIndex();
    const wasm = instantiate(index.memory, 'debug');
    for (let batch = 0; batch < 3; batch++) index.apply([ported(1861, batch)]);
    const version = currentVersion(index.memory);
    const patches = livePatches(index.memory);
    assert.deepEqual(
      patches.map((patch) => patch.version),
      [version],
    );
    wasm.call((exports) => exports.enter(exports.claimReader()));
    index.apply([]);
    const taken = patchesTakenAway(index.memory);
    assert.deepEqual(
      taken.map(({ offset, line }) => ({ offset, line })),
      patches.map(({ offset, line }) => ({ offset, line })),
    );
  });

  it(`refuses a batch beyond its limit, and goes on with smaller ones (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const index = createWasmIndex({ memoryBytesMax: 7 << 20 });
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    const number = (): number => keyOf(`8613${String(random.below(1e9)).padStart(9, '0')}`);
    let last: IndexChange[] = [];
    const fill = (): void => {
      for (;;) {
        const batch = Array.from({ length: 2000 }, () => ported(number(), random.below(1000)));
        index.apply(batch, Uint8Array.of(1));
        last = batch;
      }
    };
    assert.throws(fill, full);
    const before = [...index.entries()];
    assert.throws(
      () => index.apply(before.map(({ from }) => ({ ...ported(from, 5), userData: from }))),
      full,
    );
    const runs = Array.from({ length: 100_000 }, (_, at) =>
      run(keyOf('5000000') + at, keyOf('5000000') + at, 1),
    );
    assert.throws(() => index.apply(runs), full);
    assert.deepEqual([...index.entries()], before);
    assert.deepEqual(index.label(), Uint8Array.of(1));

    const one = last.at(-1)!.from;
    index.apply([ported(one, 77)]);
    assert.equal(routeFor(index, one), 77);
    assert.equal(lengthOfKey(one), 13);
    for (let at = 0; at < before.length; at += 200) {
      index.apply(before.slice(at, at + 200).map(({ from }) => ported(from, null)));
    }
    assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 0 });
    index.apply(last);
    assert.equal(index.find(one)?.entry, 'ported');
  });

  it('holds as many numbers where runs have come and gone as where none were', () => {
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    const fillUp = (index: WasmIndex): number => {
      assert.throws(() => {
        for (let first = 0; ; first += 100) {
          index.apply(
            Array.from({ length: 100 }, (_, at) => ported(18613900000000 + (first + at) * 1009, 2)),
          );
        }
      }, full);
      return index.counts().ported;
    };
    const memoryBytesMax = 7.5 * 2 ** 20;
    const fresh = createWasmIndex({ memoryBytesMax });
    const worn = createWasmIndex({ memoryBytesMax });
    const runs = Array.from({ length: 8000 }, (_, at) => run(10_000 + at, 10_000 + at, 1));
    worn.apply(runs);
    worn.apply(runs.map((change) => ({ ...change, route: null })));
    assert.ok(fillUp(worn) > fillUp(fresh) * 0.9);
  });

  it('takes no more for numbers at equal distances than for numbers at random', () => {
    const random = new Random(seed);
    const bytesOf = (distance: number, within: () => number): number => {
      const index = createWasmIndex({ memoryBytesMax: 64 << 20 });
      for (let first = 0; first < 60_000; first += 1000) {
        index.apply(
          Array.from({ length: 1000 }, (_, at) =>
            ported(18613900000000 + (first + at) * distance + within(), 2),
          ),
        );
      }
      settle(index);
      return usedBytes(index.memory);
    };
    for (const distance of [97, 128, 200]) {
      const atRandom = bytesOf(distance, () => random.below(distance));
      assert.ok(bytesOf(distance, () => 0) < 2 * atRandom, `${distance} apart`);
    }
  });

  it('refuses a limit that does not hold an empty index', () => {
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    for (const memoryBytesMax of [0, 1 << 20, Number.NaN]) {
      assert.throws(() => createWasmIndex({ memoryBytesMax }), full);
    }
  });
});
