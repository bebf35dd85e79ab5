// Building an index at once gives what the same contents give as changes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentHash } from '../content-hash.ts';
import { type IndexChange, IndexError } from '../number-index.ts';
import { buildWasmIndex } from '../wasm-build.ts';
import { createWasmIndex, type PortedColumns, type WasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { settle, usedBytes } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const seed = runSeed();
const FIRST_KEY = 18_613_000_000_000;

/** Chunks of ported numbers, by key, each with user data only where one of its numbers has some. */
function* chunksOf(entries: readonly IndexChange[], size: number): Iterable<PortedColumns> {
  for (let from = 0; from < entries.length; from += size) {
    const part = entries.slice(from, from + size);
    const columns = {
      keys: Float64Array.from(part, (entry) => entry.from),
      routes: Uint32Array.from(part, (entry) => entry.route!),
    };
    if (!part.some((entry) => entry.userData !== undefined)) yield columns;
    else yield { ...columns, userData: Float64Array.from(part, (entry) => entry.userData ?? -1) };
  }
}

function applied(changes: readonly IndexChange[], entries: readonly IndexChange[]): WasmIndex {
  const index = createWasmIndex();
  index.apply(changes);
  for (let from = 0; from < entries.length; from += 5000) {
    index.apply(entries.slice(from, from + 5000));
  }
  return index;
}

/** Distinct keys, rising, each position taken with a probability. */
function numbersAt(random: Random, from: number, count: number, density: number): IndexChange[] {
  const entries: IndexChange[] = [];
  for (let at = 0; at < count; at++) {
    if (!random.chance(density)) continue;
    const entry = ported(from + at, random.below(300));
    if (random.chance(0.01)) entry.userData = random.below(2 ** 40);
    entries.push(entry);
  }
  return entries;
}

const changes = [prefix(18613, 1), prefix(186130, 2), run(FIRST_KEY + 100, FIRST_KEY + 70_000, 3)];

describe(`Wasm index built at once (BCHF_TEST_SEED=${seed})`, () => {
  const random = new Random(seed);
  const contents: Record<string, IndexChange[]> = {
    'no numbers': [],
    'one number': [ported(FIRST_KEY, 5)],
    'a dense block': numbersAt(random, FIRST_KEY, 150_000, 0.1),
    'all numbers of a range': numbersAt(random, FIRST_KEY + 12_345, 140_000, 1),
    'few numbers of a large range': numbersAt(random, FIRST_KEY, 400_000, 0.002),
    'short numbers, and single ones far apart': [
      ...Array.from({ length: 10 }, (_, digit) => ported(10 + digit, digit)),
      ...Array.from({ length: 100 }, (_, at) => ported(10_000 + at, at)),
      ...Array.from({ length: 200 }, (_, at) => ported(1_000_000_000_000 + at * 20_000_003, at)),
      ported(1_999_999_999_999_999, 7),
    ],
    'two blocks in one area': [
      ...numbersAt(random, FIRST_KEY, 60_000, 0.6),
      ...numbersAt(random, FIRST_KEY + 3_000_000, 60_000, 0.6),
    ],
  };
  for (const [name, entries] of Object.entries(contents)) {
    it(`has what changes would have given: ${name}`, () => {
      const expected = applied(changes, entries);
      const label = Uint8Array.of(1, 2, 3);
      const chunks = chunksOf(entries, 7000);
      const index = buildWasmIndex({ changes, ported: chunks, portedCount: entries.length, label });
      assert.deepEqual(index.counts(), expected.counts());
      assert.deepEqual(contentHash(index), contentHash(expected));
      assert.deepEqual(index.label(), label);
      const keys = Float64Array.from({ length: 4096 }, (_, at) => {
        const entry = entries[random.below(Math.max(entries.length, 1))];
        return (entry?.from ?? FIRST_KEY) + (at % 3) - 1;
      });
      const answers = [index, expected].map((each) => {
        const batch = new Uint32Array(keys.length);
        each.lookup(keys, batch, keys.length);
        return batch;
      });
      assert.deepEqual(answers[0], answers[1]);
      index.apply([ported(FIRST_KEY + 77, 9)]);
      assert.equal(index.find(FIRST_KEY + 77)?.route, 9);
    });
  }

  it('takes the same memory for the same contents', () => {
    const entries = contents['a dense block']!;
    const bytes = [1000, 65_536].map((size) =>
      buildWasmIndex({ changes, ported: chunksOf(entries, size) }).imageBytes(),
    );
    assert.equal(bytes[0], bytes[1]);
  });

  it('takes hardly less than the same numbers do that arrive in order', () => {
    // At equal distances, with one route, a line has room for all of its numbers or for none.
    const entries = Array.from({ length: 60_000 }, (_, at) => ported(FIRST_KEY + at * 97, 5));
    const index = createWasmIndex();
    for (let from = 0; from < entries.length; from += 100) {
      index.apply(entries.slice(from, from + 100));
    }
    settle(index);
    const atOnce = usedBytes(buildWasmIndex({ ported: chunksOf(entries, 65_536) }).memory);
    const bytes = usedBytes(index.memory);
    assert.ok(bytes < atOnce * 1.1, `${bytes} bytes in place of ${atOnce}`);
  });

  it('refuses keys that do not rise, are none, or come with what is out of range', () => {
    const columns = (keys: number[], routes: number[], userData?: number[]): PortedColumns => ({
      keys: Float64Array.from(keys),
      routes: Uint32Array.from(routes),
      ...(userData ? { userData: Float64Array.from(userData) } : {}),
    });
    const wrong: PortedColumns[][] = [
      [columns([101, 101], [1, 1])],
      [columns([101], [1]), columns([100], [1])],
      [columns([35], [1])],
      [columns([Number.NaN], [1])],
      [columns([100], [2 ** 20])],
      [columns([100], [1, 2])],
      [columns([100], [1], [-2])],
      [columns([100], [1], [2 ** 48])],
    ];
    for (const ported of wrong) assert.throws(() => buildWasmIndex({ ported }), RangeError);
    const asChange = [ported(100, 1)];
    assert.throws(() => buildWasmIndex({ changes: asChange, ported: [] }), RangeError);
  });

  it('tells when its memory is full', () => {
    const ported = chunksOf(numbersAt(random, FIRST_KEY, 4_000_000, 0.5), 65_536);
    assert.throws(
      () => buildWasmIndex({ ported }, { memoryBytesMax: 8 << 20 }),
      (error) => error instanceof IndexError && error.code === 'BCHF_INDEX_FULL',
    );
  });
});
