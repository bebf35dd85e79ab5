// What other parts of the Wasm code ask the run tree and the background, against plain loops over the
// entries.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { lengthOfKey } from '../key.ts';
import type { IndexChange, IndexEntry } from '../number-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { compileAssembly } from './assembly-build.ts';
import { answerTo, ported, prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';
import { runFamily } from './run-families.ts';

const memoryBytesMax = 64 << 20;
// Offsets of layout.ts.
const HEADER_CURRENT = 72;
const VERSION_RUNS = 4;

const SOURCE = `
  export { backgroundAnswer, backgroundEnd } from './background';
  export { anyRunWithin, enclosingRun, innermostRunAt, runAfter } from './run-tree';
`;

interface Functions {
  backgroundAnswer(version: number, key: number, length: number): number;
  backgroundEnd(version: number, key: number): number;
  innermostRunAt(root: number, key: number): number;
  enclosingRun(root: number, record: number): number;
  runAfter(root: number, key: number): number;
  anyRunWithin(root: number, from: number, to: number): number;
}

/** The functions over the memory of an index, for its current version. */
class Inspection {
  readonly #memory: DataView;
  readonly #functions: Functions;
  readonly #version: number;
  readonly root: number;

  constructor(index: WasmIndex, module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, { env: { memory: index.memory } });
    this.#functions = instance.exports as unknown as Functions;
    this.#memory = new DataView(index.memory.buffer);
    this.#version = this.#memory.getUint32(HEADER_CURRENT, true);
    this.root = this.#memory.getUint32(this.#version + VERSION_RUNS, true);
  }

  answer(key: number): number {
    return this.#functions.backgroundAnswer(this.#version, key, lengthOfKey(key)) >>> 0;
  }

  end(key: number): number {
    return this.#functions.backgroundEnd(this.#version, key);
  }

  innermost(key: number): string | undefined {
    return this.#told(this.#functions.innermostRunAt(this.root, key));
  }

  /** All runs around a key, from the innermost on. */
  around(key: number): string[] {
    const runs: string[] = [];
    let record = this.#functions.innermostRunAt(this.root, key);
    while (record !== 0) {
      runs.push(this.#told(record)!);
      record = this.#functions.enclosingRun(this.root, record);
    }
    return runs;
  }

  after(key: number): string | undefined {
    return this.#told(this.#functions.runAfter(this.root, key));
  }

  anyWithin(from: number, to: number): boolean {
    return this.#functions.anyRunWithin(this.root, from, to) !== 0;
  }

  #told(record: number): string | undefined {
    if (record === 0) return undefined;
    const offset = record >>> 0;
    const ends = [offset, offset + 8].map((at) => this.#memory.getFloat64(at, true));
    return ends.join('-');
  }
}

function told(runs: readonly IndexEntry[]): string[] {
  return runs.map(({ from, to }) => `${from}-${to}`);
}

const seed = runSeed();

describe(`Wasm background (BCHF_TEST_SEED=${seed})`, () => {
  let module: WebAssembly.Module;
  before(async () => {
    module = await compileAssembly(SOURCE);
  });

  const inspect = (...changes: IndexChange[]): Inspection => {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply(changes);
    return new Inspection(index, module);
  };

  it('finds runs at, around, after and within keys', () => {
    const random = new Random(seed);
    const family = runFamily(random);
    const index = createWasmIndex({ memoryBytesMax });
    for (let batch = 0; batch < 8; batch++) {
      index.apply(
        Array.from({ length: 1500 }, () => {
          const { from, to } = random.pick(family);
          return run(from, to, random.chance(0.3) ? null : 1);
        }),
      );
      const runs = [...index.entries()];
      const inspection = new Inspection(index, module);
      for (let question = 0; question < 60; question++) {
        const { from, to } = random.pick(family);
        const key = random.pick([from, to, from - 1, to + 1, from + random.below(to - from + 1)]);
        const covering = runs.filter((each) => each.from <= key && key <= each.to);
        assert.deepEqual(inspection.around(key), told(covering).toReversed());
        const [next] = runs.filter((each) => each.from > key);
        assert.equal(inspection.after(key), next && told([next])[0]);
        const end = key + random.below(40);
        const isAny = runs.some((each) => each.from <= end && each.to >= key);
        assert.equal(inspection.anyWithin(key, end), isAny);
      }
    }
  });

  it('finds nothing where there are no runs', () => {
    const inspection = inspect(ported(1861, 1));
    assert.equal(inspection.root, 0);
    assert.equal(inspection.innermost(1861), undefined);
    assert.equal(inspection.after(10), undefined);
    assert.equal(inspection.anyWithin(10, 19), false);
  });

  it('is what a number has without its ported entry', () => {
    const entries = [prefix(18, 1), prefix(1861, 2), prefix(18613, 3), run(186110, 186119, 4)];
    const bare = createWasmIndex({ memoryBytesMax });
    bare.apply(entries);
    const keys = [17, 18, 186, 1861, 1862, 186109, 186110, 186119, 186120, 18613, 1861355, 17000];
    const inspection = inspect(...entries, ...keys.map((key) => ported(key, 9)));
    for (const key of keys) assert.equal(inspection.answer(key), answerTo(bare, key));
  });

  it('goes on to where an entry divides it', () => {
    const inspection = inspect(
      prefix(18, 1),
      prefix(1861, 2),
      prefix(186139, 3),
      run(18700, 18799, 4),
      run(18720, 18729, 5),
      ported(1900, 6),
    );
    const ends: [number, number][] = [
      // Nothing up to the first prefix, and behind the last; a leaf of the trie divides nothing.
      [10, 17],
      [100_000, 179_999],
      [1_900_000, 1_999_999],
      [18, 18],
      // Inside of a prefix up to the first digits of the next, digit by digit, and to its own end.
      [180_000, 185_999],
      [186_000, 186_099],
      [18_610_000, 18_612_999],
      [18_613_000, 18_613_899],
      [18_613_950, 18_613_999],
      [18_614_000, 18_619_999],
      [186_200, 189_999],
      // Runs, whichever prefix is below them.
      [18_600, 18_609],
      [18_650, 18_699],
      [18_700, 18_719],
      [18_720, 18_729],
      [18_730, 18_799],
      [18_800, 18_999],
    ];
    for (const [key, end] of ends) assert.equal(inspection.end(key), end, `from ${key} on`);
  });

  it('is the same up to the end that is told, through all of the numbers of a length', () => {
    const random = new Random(seed);
    for (let trial = 0; trial < 30; trial++) {
      const runs = Array.from({ length: random.below(8) }, () => {
        const size = random.pick([1, 2, 4, 8, 16, 64]);
        const from = 18600 + size * random.below(64 / size);
        return run(from, from + size - 1, random.below(50));
      });
      const prefixes = Array.from({ length: random.below(8) }, () =>
        prefix(Math.floor((18600 + random.below(100)) / 10 ** random.below(4)), random.below(50)),
      );
      const numbers = Array.from({ length: random.below(20) }, () =>
        ported(Math.floor((18600 + random.below(100)) * 10 ** (random.below(3) - 1)), 60),
      );
      const inspection = inspect(...runs, ...prefixes, ...numbers);
      let segments = 0;
      for (let key = 10_000; key < 20_000; segments++) {
        const end = inspection.end(key);
        assert.ok(Number.isInteger(end) && end >= key && end < 20_000, `${key} to ${end}`);
        const answer = inspection.answer(key);
        for (; key <= end; key++) assert.equal(inspection.answer(key), answer, `at ${key}`);
      }
      // Each entry begins and ends something, and numbers below others divide blocks of ten.
      assert.ok(
        segments <= 1 + 12 * (runs.length + prefixes.length + numbers.length),
        `${segments}`,
      );
    }
  });
});
