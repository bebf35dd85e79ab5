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
import { usedBytes } from './memory-inspection.ts';
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
    for (let batch = 0; batch < 100; batch++) index.apply(churn(random));
    const settledBytes = index.imageBytes();
    for (let batch = 0; batch < 500; batch++) index.apply(churn(random));
    // How full the nodes of runs are varies; what each batch lost would add up to much more.
    assert.ok(
      index.imageBytes() <= settledBytes * 1.2,
      `${settledBytes} bytes became ${index.imageBytes()}`,
    );
  });

  it('takes as much as before when what came below and at ported numbers has gone', () => {
    const index = createWasmIndex();
    const steady = [ported(1861, 1), ported(1862, 2), ported(186300, 3), prefix(1864, 4)];
    index.apply(steady);
    const before = usedBytes(index.memory);
    const visitors = [
      ported(186100, 5),
      prefix(1862, 6),
      prefix(186200001, 7),
      ported(1863001, 8),
      ported(1864, 9),
      ported(1865000, 10),
    ];
    for (const visitor of visitors) {
      index.apply([visitor]);
      assert.ok(usedBytes(index.memory) > before);
      index.apply([{ ...visitor, route: null }]);
      assert.equal(usedBytes(index.memory), before);
    }
    index.apply(visitors);
    index.apply(visitors.map((visitor) => ({ ...visitor, route: null })));
    assert.equal(usedBytes(index.memory), before);
    assert.deepEqual(index.counts(), { prefix: 1, fragmented: 0, ported: 3 });
  });

  it(`keeps what a reader in a call may see, however long (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const index = createWasmIndex();
    const steady = Array.from({ length: 100 }, (_, at) => ported(18613912340000 + at * 21, at));
    index.apply(steady);
    const wasm = instantiate(index.memory, 'debug');
    const [reader, version] = wasm.call((exports) => {
      const claimed = exports.claimReader();
      return [claimed, exports.enter(claimed)];
    });
    const details = wasm.call((exports) => exports.READER_DETAILS.value);
    const routeOffset = reader + details + 16;
    for (let batch = 0; batch < 100; batch++) index.apply(churn(random));
    index.apply(steady.map(({ from }) => ported(from, 999)));
    for (const { from, route } of steady) {
      assert.equal(
        wasm.call((exports) => exports.explain(reader, version, from, 0, 2)),
        1,
      );
      assert.equal(new DataView(index.memory.buffer).getUint32(routeOffset, true), route);
      assert.equal(routeFor(index, from), 999);
    }
    wasm.call((exports) => exports.leave(reader));
    const heldBytes = index.imageBytes();
    for (let batch = 0; batch < 100; batch++) index.apply(churn(random));
    assert.equal(index.imageBytes(), heldBytes);
  });

  it(`refuses a batch beyond its limit, and goes on with smaller ones (BCHF_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    const index = createWasmIndex({ memoryBytesMax: 6 << 20 });
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    const number = (): number =>
      keyOf(
        String(random.below(1e7)).padStart(7, '0') + String(random.below(1e6)).padStart(6, '0'),
      );
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
    assert.throws(() => index.apply(before.map(({ from }) => ported(from, 5))), full);
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
    const fresh = createWasmIndex({ memoryBytesMax: 6 << 20 });
    const worn = createWasmIndex({ memoryBytesMax: 6 << 20 });
    const runs = Array.from({ length: 8000 }, (_, at) => run(10_000 + at, 10_000 + at, 1));
    worn.apply(runs);
    worn.apply(runs.map((change) => ({ ...change, route: null })));
    assert.ok(fillUp(worn) > fillUp(fresh) * 0.9);
  });

  it('refuses a limit that does not hold an empty index', () => {
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    for (const memoryBytesMax of [0, 1 << 20, Number.NaN]) {
      assert.throws(() => createWasmIndex({ memoryBytesMax }), full);
    }
  });
});
