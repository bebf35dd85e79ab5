// Pages of entries below some digits: the Wasm reader gives what the reference does, whatever the index
// holds and wherever a page ends, also while the index changes between two pages.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntryPlace, ListingReader } from '../entry-list.ts';
import type { IndexEntry } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { openReader } from '../wasm-reader.ts';
import { ported, prefix, run } from './changes.ts';
import { KEY_SHAPES, type KeyShape } from './key-shapes.ts';
import { Random, runSeed } from './random.ts';
import { randomContent } from './random-contents.ts';

const memoryBytesMax = 64 << 20;
const seed = runSeed();

/** All pages one after the other; `between` runs before each but the first. */
function allPages(
  reader: ListingReader,
  key: number,
  countMax: number,
  between: () => void = () => {},
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (let after: EntryPlace | undefined; ; after = entries.at(-1)) {
    if (after) between();
    const page = reader.entriesWith(key, after, countMax);
    assert.ok(page.length <= countMax);
    entries.push(...page);
    if (page.length < countMax) return entries;
  }
}

/** A number of the shape, or what it begins with. */
function digitsOf(random: Random, shape: KeyShape): number {
  const key = String(shape.key(random));
  return Number(key.slice(0, 2 + random.below(key.length - 1)));
}

describe(`entries below some digits (BCHF_TEST_SEED=${seed})`, () => {
  for (const build of ['debug', 'release'] as const) {
    for (const shape of KEY_SHAPES) {
      it(`are the same as the reference's: ${shape.name}, ${build}`, () => {
        const random = new Random(seed);
        const index = createWasmIndex({ memoryBytesMax, build });
        const reader = openReader(index.memory, { build });
        const reference = new ReferenceIndex();
        for (let batch = 0; batch < 4; batch++) {
          const changes = randomContent(random, shape, 400);
          index.apply(changes);
          reference.apply(changes);
          for (let asked = 0; asked < 25; asked++) {
            const key = digitsOf(random, shape);
            const expected = reference.entriesWith(key, undefined, 1e6);
            assert.deepEqual(reader.entriesWith(key, undefined, 1e6), expected, String(key));
            const countMax = 1 + random.below(7);
            assert.deepEqual(allPages(reader, key, countMax), expected, `${key} by ${countMax}`);
            const after = { entry: 'ported', from: shape.key(random), to: 0 } as const;
            assert.deepEqual(
              reader.entriesWith(key, { ...after, to: after.from }, 9),
              reference.entriesWith(key, { ...after, to: after.from }, 9),
            );
          }
        }
        reader.close();
      });
    }
  }

  it('pages are longer than what one call into Wasm leaves', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const changes = Array.from({ length: 1500 }, (_, at) => [
      prefix(170_000 + at, 1),
      run(18_000_000 + 10 * at, 18_000_000 + 10 * at + 5, 2),
      ported(19_000_000 + 3 * at, 3),
    ]).flat();
    index.apply(changes);
    for (const [digits, kind] of [
      [17, 'prefix'],
      [18, 'fragmented'],
      [19, 'ported'],
    ] as const) {
      const entries = index.entriesWith(digits, undefined, 2000);
      assert.equal(entries.length, 1500);
      assert.ok(entries.every(({ entry }) => entry === kind));
      assert.deepEqual(index.entriesWith(digits, entries[699], 2000), entries.slice(700));
    }
  });

  it('a run that begins before the digits and reaches into them is listed, the outer one first', () => {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply([run(1300, 1499, 1), run(1390, 1409, 2), run(1400, 1401, 3), run(1500, 1599, 4)]);
    const froms = (key: number, after?: EntryPlace) =>
      index.entriesWith(key, after, 9).map(({ from }) => from);
    assert.deepEqual(froms(14), [1300, 1390, 1400]);
    assert.deepEqual(froms(140), [1300, 1390, 1400]);
    assert.deepEqual(froms(141), [1300]);
    assert.deepEqual(froms(14, { entry: 'fragmented', from: 1300, to: 1499 }), [1390, 1400]);
    assert.deepEqual(froms(14, { entry: 'ported', from: 10, to: 10 }), []);
  });

  it('pages go through a deep nest around the digits, and past runs in it that end before them', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const depth = 3000;
    const outer = Array.from({ length: depth }, (_, at) =>
      run(1300000 + 3 * at, 1499999 - 3 * at, 1),
    );
    const beside = outer.map(({ from }) => run(from + 1, from + 1, 2));
    const inside = [run(1400000, 1400009, 3), run(1400005, 1400005, 4)];
    index.apply([...outer, ...beside, ...inside]);
    const expected = [...outer, ...inside].map(({ from, to }) => ({ from, to }));
    for (const countMax of [7, 500, 5000]) {
      const listed = allPages(index, 140000, countMax).map(({ from, to }) => ({ from, to }));
      assert.deepEqual(listed, expected);
    }
  });

  it('an entry that stays comes once, and none comes twice, while others come and go', () => {
    const random = new Random(seed);
    const shape = KEY_SHAPES[0]!;
    const index = createWasmIndex({ memoryBytesMax });
    const reader = openReader(index.memory);
    index.apply(randomContent(random, shape, 600));
    const present = () => new Map([...index.entries()].map((entry) => [nameOf(entry), entry]));
    for (let round = 0; round < 10; round++) {
      let stayed = present();
      const listed = allPages(reader, 18, 50, () => {
        index.apply(randomContent(random, shape, 40));
        const now = present();
        stayed = new Map([...stayed].filter(([name]) => now.has(name)));
      }).map(nameOf);
      assert.equal(new Set(listed).size, listed.length, 'none comes twice');
      const missing = [...stayed.keys()].filter((name) => !listed.includes(name));
      assert.deepEqual(missing, []);
    }
    reader.close();
  });

  it('what is no key or no count is refused', () => {
    for (const index of [createWasmIndex({ memoryBytesMax }), new ReferenceIndex()]) {
      for (const key of [0, 1, 9, 20, 2e15, 13.5, Number.NaN]) {
        assert.throws(() => index.entriesWith(key, undefined, 1), RangeError);
      }
      for (const countMax of [0, -1, 1.5]) {
        assert.throws(() => index.entriesWith(13, undefined, countMax), RangeError);
      }
    }
  });
});

function nameOf({ entry, from, to }: IndexEntry): string {
  return `${entry} ${from} ${to}`;
}
