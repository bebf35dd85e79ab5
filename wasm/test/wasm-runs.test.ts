// The tree of fragmented runs in Wasm: large, deeply nested, changed in small and large batches.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IndexChange, IndexError } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { instantiate } from '../wasm-module.ts';
import { ported, routeFor, run } from './changes.ts';
import { usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';
import { type RunRange, runFamily, shuffled } from './run-families.ts';

const memoryBytesMax = 64 << 20;
const crossing = { name: 'IndexError', code: 'BCHF_INDEX_CROSSING_RUN' };
const seed = runSeed();

function randomChange(random: Random, family: readonly RunRange[], deletes: number): IndexChange {
  const { from, to } = random.pick(family);
  const change = run(from, to, random.chance(deletes) ? null : random.below(1000));
  return random.chance(0.2) ? { ...change, userData: random.below(1e6) } : change;
}

function nearbyKeys(random: Random, family: readonly RunRange[], count: number): number[] {
  return Array.from({ length: count }, () => {
    const { from, to } = random.pick(family);
    return random.pick([from, to, from - 1, to + 1, from + random.below(to - from + 1)]);
  });
}

function compare(index: WasmIndex, reference: ReferenceIndex, keys: readonly number[]): void {
  const [answers, expected] = [new Uint32Array(keys.length), new Uint32Array(keys.length)];
  index.lookup(Float64Array.from(keys), answers, keys.length);
  reference.lookup(Float64Array.from(keys), expected, keys.length);
  assert.deepEqual(answers, expected);
  for (const key of keys.slice(0, 5)) assert.deepEqual(index.explain(key), reference.explain(key));
  for (const key of keys.slice(0, 20)) {
    const above = Math.floor(key / 10);
    assert.equal(index.hasBelow(above), reference.hasBelow(above));
  }
  assert.deepEqual(index.counts(), reference.counts());
}

function outcomeOf(apply: () => void): string {
  try {
    apply();
    return 'applied';
  } catch (error) {
    assert.ok(error instanceof IndexError);
    return error.code;
  }
}

/** As many runs as asked for, side by side. */
function rowOfRuns(count: number): IndexChange[] {
  return Array.from({ length: count }, (_, at) =>
    run(18613900000 + at * 10, 18613900004 + at * 10, at),
  );
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm runs, ${build} (BCHF_TEST_SEED=${seed})`, () => {
    it('agree with the reference while thousands come and go', () => {
      const random = new Random(seed);
      const family = runFamily(random);
      const index = createWasmIndex({ memoryBytesMax, build });
      const reference = new ReferenceIndex();
      for (let batch = 0; batch < 120; batch++) {
        // Filling, thinning, and both at once, by turns.
        const deletes = [0.1, 0.9, 0.5][Math.floor(batch / 20) % 3]!;
        const count = random.pick([1, 2, 30, 300, 1500]);
        const changes = Array.from({ length: count }, () => randomChange(random, family, deletes));
        if (random.chance(0.2)) {
          const { from, to } = random.pick(family);
          changes.push(run(Math.max(from - 1, 10), Math.max(to - 1, from - 1, 10), 7));
        }
        const outcome = outcomeOf(() => reference.apply(changes));
        assert.equal(
          outcomeOf(() => index.apply(changes)),
          outcome,
        );
        compare(index, reference, nearbyKeys(random, family, 100));
        if (batch % 20 === 19) {
          assert.deepEqual([...index.entries()], [...reference.entries()]);
          loadImage(Buffer.concat([...index.imageChunks()]), { memoryBytesMax, build }).close();
        }
      }
      index.apply([...reference.entries()].map((entry) => ({ ...entry, route: null })));
      assert.deepEqual([...index.entries()], []);
    });

    it('come to the same in whichever order they come, one in a batch', () => {
      const random = new Random(seed);
      const family = runFamily(random).slice(0, 1500);
      const rising = family.toSorted((left, right) => left.from - right.from || right.to - left.to);
      const reference = new ReferenceIndex();
      reference.apply(rising.map(({ from, to }) => run(from, to, 1)));
      for (const order of [rising, rising.toReversed(), family]) {
        const index = createWasmIndex({ memoryBytesMax, build });
        for (const { from, to } of order) index.apply([run(from, to, 1)]);
        assert.deepEqual([...index.entries()], [...reference.entries()]);
        compare(index, reference, nearbyKeys(random, family, 500));
        for (const { from, to } of order) index.apply([run(from, to, null)]);
        assert.equal(index.counts().fragmented, 0);
      }
    });

    it('are found among tens of thousands that came in random order', () => {
      const random = new Random(seed);
      const index = createWasmIndex({ memoryBytesMax, build });
      const runs = rowOfRuns(40_000);
      const order = shuffled(random, runs);
      for (let at = 0; at < order.length; at += 1000) index.apply(order.slice(at, at + 1000));
      assert.deepEqual([...index.entries()], runs);
      for (let question = 0; question < 2000; question++) {
        const at = random.below(runs.length);
        const key = runs[at]!.from + random.below(10);
        assert.equal(routeFor(index, key), key <= runs[at]!.to ? at : undefined);
      }
      const gone = order.slice(0, 39_000).map((each) => ({ ...each, route: null }));
      for (let at = 0; at < gone.length; at += 1000) index.apply(gone.slice(at, at + 1000));
      const left = order.slice(39_000).sort((one, other) => one.from - other.from);
      assert.deepEqual([...index.entries()], left);
    });

    it('stay with a reader that is in a call, all of its version', () => {
      const runs = rowOfRuns(2000);
      const index = createWasmIndex({ memoryBytesMax, build });
      index.apply(runs);
      const wasm = instantiate(index.memory, build);
      const [reader, version] = wasm.call((exports) => {
        const claimed = exports.claimReader();
        return [claimed, exports.enter(claimed)];
      });
      const random = new Random(seed);
      for (let batch = 0; batch < 50; batch++) {
        index.apply(
          Array.from({ length: 200 }, () => {
            const { from, to } = random.pick(runs);
            return run(from, to, random.chance(0.5) ? null : 900_000);
          }),
        );
      }
      const route = reader + wasm.call((exports) => exports.READER_DETAILS.value) + 16;
      for (const { from, route: routeThen } of runs) {
        assert.equal(
          wasm.call((exports) => exports.explain(reader, version, from, 2, 2)),
          1,
        );
        assert.equal(new DataView(index.memory.buffer).getUint32(route, true), routeThen);
      }
    });

    it('are as they were where a batch is refused at its end', () => {
      const random = new Random(seed);
      const family = runFamily(random);
      const index = createWasmIndex({ memoryBytesMax, build });
      index.apply(family.slice(0, 2000).map(({ from, to }) => run(from, to, 1)));
      // Between runs of the family and behind most of them, whose changes are tried before it.
      const crossed = run(1_999_998_000_000_000, 1_999_998_000_000_001, 1);
      index.apply([crossed]);
      const before = [...index.entries()];
      const bytesBefore = usedBytes(index.memory);
      for (let batch = 0; batch < 20; batch++) {
        const changes = Array.from({ length: 1000 }, () => randomChange(random, family, 0.5));
        const refused = run(1_999_998_000_000_001, 1_999_998_000_000_002, 2);
        assert.throws(() => index.apply([...changes, crossed, refused]), crossing);
        assert.deepEqual([...index.entries()], before);
        assert.equal(usedBytes(index.memory), bytesBefore);
      }
    });
  });
}

describe(`Wasm runs (BCHF_TEST_SEED=${seed})`, () => {
  it('that cross are both named, the one that begins first before the other', () => {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply([run(1861100, 1861199, 1), run(1861150, 1861159, 1)]);
    const crossings: [number, number, RegExp][] = [
      [1861190, 1861200, /861100 .*861199.*861190 .*861200/],
      [1861090, 1861140, /861090 .*861140.*861100 .*861199/],
      [1861155, 1861165, /861150 .*861159.*861155 .*861165/],
      [1861140, 1861150, /861140 .*861150.*861150 .*861159/],
    ];
    for (const [from, to, message] of crossings) {
      assert.throws(() => index.apply([run(from, to, 2)]), { ...crossing, message });
    }
    index.apply([run(1861150, 1861199, 2), run(1861100, 1861100, 2), run(1861000, 1861200, 2)]);
    assert.equal(index.counts().fragmented, 5);
  });

  it('that come in order, in batches or alone, fill their nodes', () => {
    const bytesMax = 37;
    const runs = rowOfRuns(6000);
    const inBatches = createWasmIndex({ memoryBytesMax });
    const alone = createWasmIndex({ memoryBytesMax });
    const between = createWasmIndex({ memoryBytesMax });
    const bytesBefore = usedBytes(alone.memory);
    for (const each of runs) alone.apply([each]);
    for (let at = 0; at < runs.length; at += 100) inBatches.apply(runs.slice(at, at + 100));
    // In order, but before others.
    between.apply([run(18700000000, 18700000009, 1), run(18700000020, 18700000029, 1)]);
    for (let at = 0; at < runs.length; at += 25) between.apply(runs.slice(at, at + 25));
    for (const index of [alone, inBatches, between]) {
      const bytes = (usedBytes(index.memory) - bytesBefore) / runs.length;
      assert.ok(bytes < bytesMax, `${bytes} bytes a run`);
    }
  });

  it('that come in falling order leave no thin nodes', () => {
    const runs = rowOfRuns(3000).toReversed();
    const whole = createWasmIndex({ memoryBytesMax });
    const after = createWasmIndex({ memoryBytesMax });
    const bytesBefore = usedBytes(whole.memory);
    for (const each of runs) whole.apply([each]);
    // Falling, but behind many others.
    const others = Array.from({ length: 31 * 31 * 2 }, (_, at) => run(10_000 + at, 10_000 + at, 1));
    after.apply(others);
    const bytesOthers = usedBytes(after.memory);
    for (const each of runs) after.apply([each]);
    assert.ok((usedBytes(whole.memory) - bytesBefore) / runs.length < 80);
    assert.ok((usedBytes(after.memory) - bytesOthers) / runs.length < 80);
  });

  it('that are left alone by their neighbours move together', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const empty = usedBytes(index.memory);
    const runs = rowOfRuns(20_000);
    index.apply(runs);
    const left = runs.filter((_, at) => at % 40 === 0);
    const gone = runs.filter((_, at) => at % 40 !== 0).map((each) => ({ ...each, route: null }));
    for (let at = 0; at < gone.length; at += 500) index.apply(gone.slice(at, at + 500));
    assert.ok((usedBytes(index.memory) - empty) / left.length < 200);
    index.apply(left.map((each) => ({ ...each, route: null })));
    assert.equal(usedBytes(index.memory), empty);
  });

  it('take no more memory after many batches at constant size', () => {
    const random = new Random(seed);
    const family = runFamily(random);
    const index = createWasmIndex({ memoryBytesMax });
    const churn = (batches: number): void => {
      for (let batch = 0; batch < batches; batch++) {
        index.apply(Array.from({ length: 60 }, () => randomChange(random, family, 0.5)));
      }
    };
    churn(300);
    const settledBytes = index.imageBytes();
    churn(1500);
    assert.ok(
      index.imageBytes() <= settledBytes * 1.2,
      `${settledBytes} bytes became ${index.imageBytes()}`,
    );
  });

  it('stay when a batch of others meets the limit of the memory', () => {
    const index = createWasmIndex({ memoryBytesMax: 7 << 20 });
    index.apply(rowOfRuns(1000));
    const tooMany = Array.from({ length: 60_000 }, (_, at) => run(110_000 + at, 110_000 + at, 2));
    const bytesBefore = usedBytes(index.memory);
    const full = { name: 'IndexError', code: 'BCHF_INDEX_FULL' };
    assert.throws(() => index.apply([ported(1861, 1), ...tooMany]), full);
    assert.equal(usedBytes(index.memory), bytesBefore);
    index.apply(tooMany.slice(0, 1000));
    assert.equal(routeFor(index, 110_000), 2);
    assert.equal(index.counts().fragmented, 2000);
  });
});
