// A lookup that the writer overtakes: the loops of a batch (assembly/lookup.ts) are run one by one, and
// between two of them the writer folds the patches of the reader's own version into their lines, or
// publishes the next version as well. Other suites meet that only by chance, with threads.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import { compileAssembly } from './assembly-build.ts';
import { ported, prefix, run } from './changes.ts';
import { areaCounts, livePatches } from './memory-inspection.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const AREA = 2 ** 24;
/** The first number of an area in the middle of those of eleven digits. */
const DENSE = 11_000 * AREA;
const SPARSE = DENSE + AREA;
/** An area of few numbers that is divided when it is folded, as a cluster has come. */
const GROWING = SPARSE + AREA;
/** An area all of which a run of the present version covers. */
const COVERED = GROWING + AREA;
/** An area of few numbers that becomes dense when it is folded, as many have come that have user data. */
const WIDENING = COVERED + AREA;
/** A dense area with a block of numbers, and so a table of lines. */
const BLOCKED = WIDENING + AREA;
/** Keys of one group of the loops. */
const GROUP = 256;

/** What a batch of one group does, in the order of answerBatch in lookup.ts. */
const SOURCE = `
  import { READER_ANSWERS, READER_KEYS } from './layout';
  import { test } from './lookup';
  import { finishSorted, sortNoted } from './lookup-finish';
  import { beginOutside, finishOutside } from './lookup-hits';
  import { divide, divideFar, locate, touch } from './lookup-locate';
  import { COLUMN_BYTES, LANES, layConstants, LINE } from './lookup-scratch';

  export { claimReader, enter, leave } from './epoch';
  export { READER_ANSWERS, READER_KEYS } from './layout';

  let notedEnd: u32 = 0;

  export function divided(reader: u32, version: u32, count: u32): void {
    layConstants(reader);
    beginOutside(reader);
    memory.fill(reader + LANES + LINE, 0, COLUMN_BYTES);
    const keys = reader + READER_KEYS;
    if (!divide(reader, keys, count)) divideFar(reader, keys, count);
  }

  export function located(reader: u32, version: u32, count: u32): void {
    locate(reader, reader + READER_ANSWERS, count);
    touch(reader, 0, count);
  }

  export function tested(reader: u32, version: u32, count: u32): void {
    notedEnd = test(reader, count);
  }

  export function sorted(reader: u32, version: u32, count: u32): void {
    sortNoted(reader, reader + READER_KEYS, READER_ANSWERS - LANES, notedEnd);
  }

  export function finished(reader: u32, version: u32, count: u32): void {
    finishSorted(reader, version, reader + READER_KEYS, READER_ANSWERS - LANES);
    finishOutside(reader);
  }
`;

const STEPS = ['divided', 'located', 'tested', 'sorted', 'finished'] as const;

type Step = (reader: number, version: number, count: number) => void;

interface Loops extends Record<(typeof STEPS)[number], Step> {
  claimReader(): number;
  enter(reader: number): number;
  leave(reader: number): void;
  READER_KEYS: WebAssembly.Global;
  READER_ANSWERS: WebAssembly.Global;
}

const seed = runSeed();

describe(`A lookup that is overtaken by the writer (BCHF_TEST_SEED=${seed})`, () => {
  let module: WebAssembly.Module;
  before(async () => {
    module = await compileAssembly(SOURCE);
  });

  /** Answers keys that a group holds; `overtake` is called before one of the steps. */
  function lookUp(
    index: WasmIndex,
    keys: Float64Array,
    overtaken: (typeof STEPS)[number],
    overtake: () => void,
  ): Uint32Array {
    assert.ok(keys.length <= GROUP && keys.length % 4 === 0);
    const { memory } = index;
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const loops = exports as unknown as Loops;
    const reader = loops.claimReader();
    const columns = memory.buffer;
    new Float64Array(columns, reader + loops.READER_KEYS.value, keys.length).set(keys);
    const version = loops.enter(reader);
    for (const step of STEPS) {
      if (step === overtaken) overtake();
      loops[step](reader, version, keys.length);
    }
    const answers = new Uint32Array(columns, reader + loops.READER_ANSWERS.value, keys.length);
    loops.leave(reader);
    return answers.slice();
  }

  for (const overtaken of STEPS) {
    for (const publishes of [false, true]) {
      const what = publishes ? 'folded and the next version published' : 'folded';
      it(`sees its own version where lines are ${what} before they are ${overtaken}`, () => {
        const random = new Random(seed);
        const contents = drawContents(random);
        const index = createWasmIndex({ memoryBytesMax });
        const reference = new ReferenceIndex();
        for (const each of [index, reference]) each.apply(contents.oldest);
        for (const each of [index, reference]) each.apply(contents.old);
        // An empty batch folds what the first has left behind, so patches are those of the second.
        index.apply([]);
        for (const each of [index, reference]) each.apply(contents.present);
        const keys = contents.asked;
        const expected = new Uint32Array(keys.length);
        reference.lookup(keys, expected, keys.length);

        assert.notDeepEqual(livePatches(index.memory), []);
        assert.ok([...index.segments()].some(({ shape }) => shape >>> 27 === 1));
        const before = areaCounts(index.memory);
        const answers = lookUp(index, keys, overtaken, () => {
          // Folds, as an image is made to be taken; so does the batch, without a version in between.
          index.imageBytes();
          index.apply([]);
          assert.deepEqual(livePatches(index.memory), []);
          if (publishes) index.apply(contents.next);
        });
        assert.deepEqual(answers, expected);
        const after = areaCounts(index.memory);
        assert.equal(after.dense, before.dense + 1);
        assert.ok(after.divided > before.divided);
      });
    }
  }
});

/** Changes of four batches, and a group of keys that they bear on. */
function drawContents(random: Random) {
  const numbersIn = (area: number, span: number, count: number): number[] => [
    ...new Set(Array.from({ length: count }, () => area + random.below(span))),
  ];
  const setAll = (numbers: number[]) => numbers.map((key) => ported(key, random.below(100)));
  const withUserData = (change: IndexChange) => ({ ...change, userData: random.below(1000) });
  const removeAll = (numbers: number[]) => numbers.map((key) => ported(key, null));
  // One segment of many numbers, in grouped lines, and an area of few, in listed lines.
  const inDense = numbersIn(DENSE, 65_536, 8000);
  const inSparse = numbersIn(SPARSE, AREA, 300);
  const runs = Array.from({ length: 12 }, (_, at) => DENSE + at * 5000 + random.below(4000));
  const block = Array.from({ length: 900 }, (_, at) => BLOCKED + 5000 + at);
  const changed = [...inDense.slice(0, 40), ...inSparse.slice(0, 16), ...block.slice(0, 12)];
  const added = [
    ...numbersIn(DENSE, 65_536, 40),
    ...numbersIn(SPARSE, AREA, 16),
    ...numbersIn(BLOCKED, 65_536, 12),
  ];
  const grown = numbersIn(GROWING, 65_536, 8000);
  const widened = numbersIn(WIDENING, AREA, 4200);
  const inCovered = [...numbersIn(COVERED, 65_536, 8000), ...numbersIn(COVERED, AREA, 300)];
  // With a block, the area would be divided around it.
  const oldest = setAll(numbersIn(BLOCKED + 65_536, AREA - 65_536, 4200)).map(withUserData);
  const old = [
    prefix(11, 7),
    ...setAll(inDense),
    ...setAll(inSparse),
    ...setAll(numbersIn(GROWING, 65_536, 20)),
    ...setAll(inCovered),
    ...setAll(numbersIn(WIDENING, AREA, 20)),
    ...setAll(block),
    run(BLOCKED + 40_000, BLOCKED + 49_999, 5),
    ...runs.slice(0, 8).map((from) => run(from, from + 300, 8)),
  ];
  const present = [
    ...removeAll(changed.filter((_, at) => at % 2 === 0)),
    ...setAll(changed.filter((_, at) => at % 2 === 1)),
    ...setAll(added),
    ...setAll(grown),
    ...setAll(widened).map(withUserData),
    ...runs.slice(0, 4).map((from) => run(from, from + 300, null)),
    ...runs.slice(8).map((from) => run(from, from + 300, 9)),
    run(COVERED, COVERED + AREA - 1, 6),
    run(BLOCKED + 20_000, BLOCKED + 29_999, 4),
  ];
  // Whatever the present version says of the keys, the next says something else.
  const next = [
    ...setAll(changed),
    ...removeAll(added),
    ...removeAll(grown.slice(0, 4000)),
    ...removeAll(widened),
    run(BLOCKED, BLOCKED + AREA - 1, 3),
    run(BLOCKED + 20_000, BLOCKED + 29_999, null),
  ];
  const asked = [
    ...changed,
    ...added,
    ...grown.slice(0, 16),
    ...widened.slice(0, 16),
    ...inCovered.slice(0, 8).flatMap((key) => [key, key + 1]),
    ...numbersIn(COVERED, AREA, 8),
    ...runs.flatMap((from) => [from + 1, from + 299]),
    ...[3000, 15_000, 20_000, 25_000, 39_999, 45_000, 60_000].map((at) => BLOCKED + at),
    ...numbersIn(BLOCKED, 65_536, 10),
    // No numbers at all.
    0,
    Number.NaN,
  ];
  while (asked.length < GROUP) asked.push(DENSE + random.below(65_536));
  return { oldest, old, present, next, asked: Float64Array.from(asked.slice(0, GROUP)) };
}
