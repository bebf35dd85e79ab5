// Prefixes and runs over many ported numbers at once: what they change is the background of whole areas,
// which the writer renews in steps, between which readers of older versions come and go.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyIndex } from '../bench/bench-build.ts';
import type { IndexChange } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { createWasmIndex } from '../wasm-index.ts';
import { instantiate, type WasmBuild } from '../wasm-module.ts';
import { MemoryReader } from '../wasm-reader.ts';
import { ported, prefix, run } from './changes.ts';
import { Random, runSeed } from './random.ts';

const memoryBytesMax = 64 << 20;
const AREA = 2 ** 24;
const SEGMENT = 2 ** 16;
/** The first of three areas of 11 digits: of many numbers, of few, and of many in one segment. */
const DENSE = 6000 * AREA;
const SPARSE = DENSE + AREA;
const UNEVEN = SPARSE + AREA;
const END = UNEVEN + AREA;
const KEYS = 1024;

const seed = runSeed();

/** The beginnings of the numbers of all areas, and such as divide them. */
const PREFIXES = [
  10, 100, 1006, 10066, 100663, 1006632, 1006633, 100663296, 1006632960, 1006632961,
];

function drawNumbers(random: Random): number[] {
  const within = (from: number, span: number, count: number) =>
    Array.from({ length: count }, () => from + random.below(span));
  return [
    ...[0, 1, 2, 3, 5].flatMap((at) => within(DENSE + at * SEGMENT, SEGMENT, 8000)),
    ...within(DENSE + 9 * SEGMENT, 4 * SEGMENT, 20),
    ...within(SPARSE, AREA, 300),
    ...within(UNEVEN, SEGMENT, 20_000),
    ...within(UNEVEN, AREA, 50),
  ];
}

/** A prefix or run, mostly a wide one, that is set or deleted. */
function drawBackground(random: Random, runs: readonly (readonly [number, number])[]): IndexChange {
  const route = random.chance(0.3) ? null : 1 + random.below(5);
  if (random.chance(0.6)) return prefix(random.pick(PREFIXES), route);
  const [from, to] = random.pick(runs);
  return run(from, to, route);
}

/** A run over a few numbers, and one that crosses it. */
function crossingRuns(first: number): IndexChange[] {
  return [run(first, first + 5, 1), run(first + 3, first + 9, 1)];
}

/** Runs that nest or lie apart, from those over everything to such as end within a line. */
function drawRuns(random: Random): [number, number][] {
  const runs: [number, number][] = [
    [DENSE, END - 1],
    [DENSE, SPARSE - 1],
    [SPARSE, END - 1],
    [UNEVEN, END - 1],
  ];
  for (let segment = 0; segment < 6; segment++) {
    const first = DENSE + segment * SEGMENT;
    runs.push([first, first + SEGMENT - 1], [first + 1, first + SEGMENT - 2]);
    const inner = first + 1 + random.below(SEGMENT / 2);
    runs.push([inner, inner + random.below(SEGMENT / 4)]);
  }
  const few = UNEVEN + random.below(SEGMENT);
  runs.push([few, few + random.below(300)]);
  return runs;
}

for (const build of ['release', 'debug'] as WasmBuild[]) {
  describe(`Wide backgrounds, ${build} (BCHF_TEST_SEED=${seed})`, () => {
    it('are right in every version, whoever is in an older call while they change', () => {
      const random = new Random(seed);
      const index = createWasmIndex({ memoryBytesMax, build });
      const reference = new ReferenceIndex();
      const held = new MemoryReader(index.memory, instantiate(index.memory, build));
      const numbers = drawNumbers(random);
      const runs = drawRuns(random);
      const keys = new Float64Array(KEYS);
      const expected = new Uint32Array(KEYS);
      const answers = new Uint32Array(KEYS);
      /** What the held reader entered, and what its version answers to its own keys. */
      let entered: { version: number; answers: Uint32Array } | undefined;

      const apply = (changes: IndexChange[]) => {
        index.apply(changes);
        reference.apply(changes);
      };
      apply(numbers.map((number) => ported(number, random.below(60))));
      for (let step = 0; step < 120; step++) {
        if (entered === undefined && random.chance(0.25)) {
          const version = held.enter();
          reference.lookup(keys, expected, KEYS);
          held.keys.set(keys);
          entered = { version, answers: expected.slice() };
        } else if (entered !== undefined && random.chance(0.3)) {
          held.leave();
          entered = undefined;
        }
        const changes: IndexChange[] = [];
        if (random.chance(0.5)) changes.push(drawBackground(random, runs));
        if (random.chance(0.1)) changes.push(drawBackground(random, runs));
        if (random.chance(0.5)) {
          for (let count = 0; count < 20; count++) {
            const number = random.chance(0.7)
              ? random.pick(numbers)
              : DENSE + random.below(3 * AREA);
            changes.push(ported(number, random.chance(0.4) ? null : random.below(60)));
          }
        }
        if (random.chance(0.25)) {
          // What it has done to lines is given up with it.
          const refused = [...changes, ...crossingRuns(random.pick(numbers))];
          assert.throws(() => index.apply(refused), { code: 'BCHF_INDEX_CROSSING_RUN' });
        }
        apply(changes);

        for (let at = 0; at < KEYS; at++) {
          const near = changes.length > 0 && at % 2 === 0 ? random.pick(changes).from : 0;
          const number = near > DENSE && near < END ? near : random.pick(numbers);
          keys[at] = random.chance(0.3)
            ? DENSE + random.below(3 * AREA)
            : number + random.below(3) - 1;
        }
        reference.lookup(keys, expected, KEYS);
        index.lookup(keys, answers, KEYS);
        assert.deepEqual(answers, expected, `step ${step}`);
        // An image may be taken at any time, also between the two steps of what is renewed.
        if (random.chance(0.1)) {
          copyIndex(index, { memoryBytesMax, build }).lookup(keys, answers, KEYS);
          assert.deepEqual(answers, expected, `a copy, step ${step}`);
        }
        if (entered !== undefined) {
          held.lookupEntered(entered.version, KEYS);
          assert.deepEqual(held.answers.slice(0, KEYS), entered.answers, `held, step ${step}`);
        }
      }
    });
  });
}
