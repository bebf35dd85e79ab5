import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { contentHash } from '../content-hash.ts';
import type { WalkedIndex } from '../entry-pages.ts';
import type { IndexChange, IndexEntry, NumberIndex } from '../number-index.ts';
import { createShardedIndex } from '../sharded-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { ported, prefix, run } from './changes.ts';
import { KEY_SHAPES } from './key-shapes.ts';
import { Random, runSeed } from './random.ts';
import { randomContent, referenceWith, walkedEntries } from './random-contents.ts';

const memoryBytesMax = 64 << 20;
const seed = runSeed();

function hashOf(index: WalkedIndex): string {
  return Buffer.from(contentHash(index)).toString('hex');
}

function wasmWith(...batches: IndexChange[][]): NumberIndex {
  const index = createWasmIndex({ memoryBytesMax });
  for (const batch of batches) index.apply(batch);
  return index;
}

const SMALL: readonly IndexEntry[] = [
  { entry: 'prefix', from: 186139, to: 186139, route: 1 },
  { entry: 'fragmented', from: 18613912345000, to: 18613912345049, route: 2 },
  { entry: 'ported', from: 18613912345678, to: 18613912345678, route: 1_048_575 },
];
const SMALL_HASH = '0d568224c1ce0cb83729ca2248c8e803215d10dc19bc13088634793803b76564';
const EMPTY_HASH = '914a48d88415c9e266fca7659b9b0db5839c7f8648b6b8c0b2c626aa0d0f7556';

describe('Content hash', () => {
  it('is the one that was drawn, for ever', () => {
    assert.equal(hashOf(wasmWith()), EMPTY_HASH);
    assert.equal(hashOf(wasmWith([...SMALL])), SMALL_HASH);
    const bytes = Buffer.alloc(16 + 3 * 32);
    bytes.write('bchf-content/1');
    for (const [at, { from, to, route }] of SMALL.entries()) {
      const record = 16 + at * 32;
      bytes.writeDoubleLE(from, record);
      bytes.writeDoubleLE(to, record + 8);
      bytes.writeUInt32LE(route, record + 24);
      bytes.writeUInt32LE(at + 1, record + 28);
    }
    assert.equal(createHash('sha256').update(bytes).digest('hex'), SMALL_HASH);
    const withUserData = [...SMALL.slice(0, 2), { ...SMALL[2]!, userData: 7 }];
    bytes.writeDoubleLE(7, 16 + 2 * 32 + 16);
    bytes.writeUInt32LE(3 + 256, 16 + 2 * 32 + 28);
    assert.equal(
      hashOf(walkedEntries(withUserData)),
      createHash('sha256').update(bytes).digest('hex'),
    );
  });

  for (const shape of KEY_SHAPES) {
    it(`is the same however ${shape.name} came about (BCHF_TEST_SEED=${seed})`, () => {
      const random = new Random(seed);
      const changes = randomContent(random, shape, 3000);
      const expected = hashOf(referenceWith(changes));
      const entries = [...referenceWith(changes).entries()];
      const sharded = createShardedIndex({ boundaries: [shape.key(random)], memoryBytesMax });
      sharded.apply(changes, Uint8Array.of(1));
      const steps = Array.from({ length: 30 }, (_, at) => changes.slice(at * 100, at * 100 + 100));
      assert.equal(hashOf(wasmWith(changes)), expected);
      assert.equal(hashOf(wasmWith(...steps)), expected);
      assert.equal(hashOf(wasmWith(entries.toReversed())), expected);
      assert.equal(hashOf(sharded), expected);
      assert.equal(hashOf(walkedEntries(entries)), expected);
    });
  }

  it('is another one for every single difference', () => {
    const contents: (readonly IndexEntry[])[] = [
      [],
      SMALL,
      ...SMALL.map((left) => SMALL.filter((one) => one !== left)),
      ...SMALL.map((other) =>
        SMALL.map((one) => (one === other ? { ...one, route: one.route ^ 1 } : one)),
      ),
      ...SMALL.flatMap((other) =>
        [0, 1].map((userData) => SMALL.map((one) => (one === other ? { ...one, userData } : one))),
      ),
      [...SMALL, { entry: 'ported', from: 18613912345679, to: 18613912345679, route: 0 }],
      SMALL.map((one) => (one.entry === 'fragmented' ? { ...one, from: one.from + 1 } : one)),
      SMALL.map((one) => (one.entry === 'fragmented' ? { ...one, to: one.to + 1 } : one)),
    ];
    // One number as an entry of each kind.
    for (const change of [prefix(18, 1), run(18, 18, 1), ported(18, 1)]) {
      contents.push([{ ...change, route: 1 }]);
    }
    const hashes = new Set(contents.map((content) => hashOf(walkedEntries(content))));
    assert.equal(hashes.size, contents.length);
  });

  it('leaves the label out', () => {
    const index = wasmWith([...SMALL]);
    index.apply([], Uint8Array.of(7));
    assert.equal(hashOf(index), hashOf(wasmWith([...SMALL])));
  });
});
