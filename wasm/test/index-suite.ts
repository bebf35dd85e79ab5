// What every implementation of NumberIndex has to do. An implementation's own test file calls
// `indexSuite`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type IndexEntry,
  kindOfAnswer,
  lengthOfAnswer,
  NOT_FOUND,
  type NumberIndex,
  ROUTES_MAX,
  RUNS_COUNTED_MAX,
  routeOfAnswer,
} from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { answerTo, createWith, ported, prefix, routeFor, run } from './changes.ts';
import { type ModelSubject, runModel } from './index-model.ts';
import { describeChanges } from './index-suite-changes.ts';
import { describeUserData } from './index-suite-user-data.ts';
import { MODEL_SHAPES } from './model-shapes.ts';
import { runSeed } from './random.ts';

/** The reference is the oracle of the random operations, where no other is given. */
export interface IndexSuite extends Partial<ModelSubject> {
  /** Names the implementation in the report. */
  name: string;
  /** Makes an empty index. */
  create(): NumberIndex;
}

const SHAPE_OPERATIONS = 1000;
const BATCH_CHANGES_MAX = 200;

/** Registers the tests of one implementation. */
export function indexSuite(suite: IndexSuite): void {
  const { name, create } = suite;
  describe(`number index: ${name}`, () => {
    describe('precedence', () => {
      it('prefers ported, then the innermost run, then the longest prefix', () => {
        const index = createWith(
          create,
          prefix(186, 1),
          prefix(18613, 2),
          run(1861300, 1861399, 3),
          run(1861350, 1861359, 4),
          ported(1861355, 5),
        );
        assert.equal(routeFor(index, 1861355), 5);
        assert.equal(routeFor(index, 1861354), 4);
        assert.equal(routeFor(index, 1861360), 3);
        assert.equal(routeFor(index, 1861455), 1);
        assert.equal(routeFor(index, 186139999), 2);
        assert.equal(routeFor(index, 187), undefined);
      });

      it('tells kind and matched length in the answer', () => {
        const index = createWith(create, prefix(1861, 7), run(186200, 186299, 8), ported(1863, 9));
        const parts = (key: number): unknown[] => {
          const answer = answerTo(index, key);
          return [kindOfAnswer(answer), lengthOfAnswer(answer), routeOfAnswer(answer)];
        };
        assert.deepEqual(parts(1861555555), ['prefix', 3, 7]);
        assert.deepEqual(parts(1861), ['prefix', 3, 7]);
        assert.deepEqual(parts(186250), ['fragmented', 5, 8]);
        assert.deepEqual(parts(1863), ['ported', 3, 9]);
        assert.equal(kindOfAnswer(answerTo(index, 1864)), undefined);
      });

      it('explains every covering entry, the winner first', () => {
        const entries: IndexEntry[] = [
          { entry: 'ported', from: 1861355, to: 1861355, route: 6 },
          { entry: 'fragmented', from: 1861355, to: 1861355, route: 5 },
          { entry: 'fragmented', from: 1861350, to: 1861355, route: 4 },
          { entry: 'fragmented', from: 1861300, to: 1861399, route: 3 },
          { entry: 'prefix', from: 1861355, to: 1861355, route: 2 },
          { entry: 'prefix', from: 18, to: 18, route: 1 },
        ];
        const index = createWith(create, ...entries.toReversed());
        assert.deepEqual(index.explain(1861355), entries);
        assert.deepEqual(index.find(1861355), entries[0]);
        assert.deepEqual(index.explain(1861360), [entries[3], entries[5]]);
        assert.deepEqual(index.explain(19), []);
        assert.equal(index.find(19), undefined);
      });

      it('explains however many runs lie inside each other', () => {
        const depth = 1500;
        const runs = Array.from({ length: depth }, (_, level) =>
          run(186130000 + level, 186139999 - level, level),
        );
        const index = createWith(create, ...runs, prefix(18, 5));
        const routes = index.explain(186135000).map((entry) => entry.route);
        assert.deepEqual(routes, [...Array(depth).keys()].reverse().concat(5));
        assert.equal(routeFor(index, 186130700), 700);
      });

      it('explains of runs the innermost, up to a limit, and counts those around them', () => {
        const depth = 4 + RUNS_COUNTED_MAX + 1;
        const runs = Array.from({ length: depth }, (_, level) =>
          run(186130000 + level, 186139999 - level, level),
        );
        const index = createWith(create, ...runs, prefix(18, 5), ported(186135000, 6));
        const innermost = runs.toReversed().map(({ route }) => route);
        const routesAndRest = (key: number, runsMax: number) => {
          const { entries, runsLeftOut } = index.explainWithin(key, runsMax);
          return [entries.map((entry) => entry.route), runsLeftOut];
        };
        assert.deepEqual(routesAndRest(186135000, 1), [
          [6, ...innermost.slice(0, 1), 5],
          RUNS_COUNTED_MAX,
        ]);
        for (const [runsMax, left] of [
          [4, RUNS_COUNTED_MAX],
          [5, RUNS_COUNTED_MAX],
          [6, RUNS_COUNTED_MAX - 1],
          [depth - 1, 1],
          [depth, 0],
          [depth + 1, 0],
        ] as const) {
          const routes = [6, ...innermost.slice(0, runsMax), 5];
          assert.deepEqual(routesAndRest(186135000, runsMax), [routes, left]);
        }
        // No more are counted than wanted, and none where none are.
        for (const [countedMax, left] of [
          [0, 0],
          [3, 3],
          [depth, depth - 4],
        ] as const) {
          const { entries, runsLeftOut } = index.explainWithin(186135000, 4, countedMax);
          assert.deepEqual(
            entries.map(({ route }) => route),
            [6, ...innermost.slice(0, 4), 5],
          );
          assert.equal(runsLeftOut, left);
        }
        // Covered by the outermost alone, and by no run.
        assert.deepEqual(routesAndRest(186130000, 1), [[0, 5], 0]);
        assert.deepEqual(routesAndRest(186140000, 1), [[5], 0]);
        assert.deepEqual(routesAndRest(19, 1), [[], 0]);
        for (const none of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
          assert.throws(() => index.explainWithin(186135000, none), RangeError);
        }
      });
    });

    describe('numbers', () => {
      it('keeps the same digits at other lengths apart', () => {
        const index = createWith(create, ported(10461, 1), run(100, 109, 2), run(1000, 1009, 3));
        assert.equal(routeFor(index, 10461), 1);
        assert.equal(routeFor(index, 1461), undefined);
        assert.equal(routeFor(index, 104610), undefined);
        assert.equal(routeFor(index, 105), 2);
        assert.equal(routeFor(index, 1005), 3);
        assert.equal(routeFor(index, 10005), undefined);
      });

      it('holds a number that is a prefix and ported at once', () => {
        const index = createWith(create, ported(1861, 1), prefix(1861, 2), ported(186100, 3));
        assert.equal(routeFor(index, 1861), 1);
        assert.equal(routeFor(index, 18610), 2);
        index.apply([prefix(1861, null)]);
        assert.equal(routeFor(index, 1861), 1);
        assert.equal(routeFor(index, 18610), undefined);
        assert.equal(routeFor(index, 186100), 3);
        index.apply([prefix(1861, 4), ported(1861, null)]);
        assert.equal(routeFor(index, 1861), 4);
      });

      it('covers the ends of the key space', () => {
        const last = 1_999_999_999_999_999;
        const index = createWith(
          create,
          run(10, 19, 1),
          run(last - 9, last, ROUTES_MAX - 1),
          ported(10, 0),
        );
        assert.equal(routeFor(index, 10), 0);
        assert.equal(routeFor(index, 19), 1);
        assert.equal(routeFor(index, last), ROUTES_MAX - 1);
        assert.equal(routeFor(index, last - 10), undefined);
      });

      it('answers each key of a batch in its place, however many there are', () => {
        const index = createWith(
          create,
          prefix(18, 1),
          prefix(18613912345, 2),
          run(1861391234500, 1861391234599, 3),
          ported(1861, 4),
          ported(1861391234567890, 5),
        );
        const cycle: [number, number | undefined][] = [
          [1861391234567890, 5],
          [1861391234567891, 2],
          [20, undefined],
          [1861391234550, 3],
          [1861, 4],
          [19, undefined],
          [18, 1],
        ];
        for (const count of [0, 1, 2, 63, 64, 65, 129, index.batchMax]) {
          const keys = Float64Array.from({ length: count }, (_, at) => cycle[at % 7]![0]);
          const answers = new Uint32Array(count + 1).fill(9);
          index.lookup(keys, answers, count);
          answers.subarray(0, count).forEach((answer, at) => {
            const route = answer === NOT_FOUND ? undefined : routeOfAnswer(answer);
            assert.equal(route, cycle[at % 7]![1]);
          });
          assert.equal(answers[count], 9);
        }
      });

      it('finds nothing for what is no key', () => {
        const index = createWith(create, prefix(10, 1), prefix(19, 2));
        for (const key of [
          0,
          1,
          9,
          20,
          99,
          -10,
          10.5,
          2e15,
          1e300,
          Number.NaN,
          Number.POSITIVE_INFINITY,
        ]) {
          assert.equal(answerTo(index, key), NOT_FOUND);
          assert.equal(index.find(key), undefined);
          assert.equal(index.hasBelow(key), false);
        }
      });
    });

    describe('hasBelow', () => {
      it('sees prefixes, ported numbers and runs below the digits, not at them', () => {
        const index = createWith(
          create,
          prefix(1861, 1),
          ported(187123, 2),
          run(18899990, 18900009, 3),
        );
        assert.deepEqual(
          [186, 1861, 18610].map((key) => index.hasBelow(key)),
          [true, false, false],
        );
        assert.deepEqual(
          [1871, 187123].map((key) => index.hasBelow(key)),
          [true, false],
        );
        assert.deepEqual(
          [18, 188, 1889, 18899, 188999, 18900, 189001, 18899990].map((key) => index.hasBelow(key)),
          [true, true, true, true, true, true, false, false],
        );
      });
    });

    describe('lookupNames', () => {
      it('tells keys that something lies below from keys that there is nothing of', () => {
        const index = createWith(
          create,
          prefix(1861, 1),
          ported(187123, 2),
          run(18899990, 18900009, 3),
        );
        const keys = Float64Array.from([186, 1861, 18612, 187, 187123, 187124, 188999, 19, 0, 0.5]);
        const [answers, found] = [new Uint32Array(keys.length), new Uint32Array(keys.length)];
        index.lookupNames(keys, answers, keys.length);
        index.lookup(keys, found, keys.length);
        assert.deepEqual([...answers], [1, found[1], found[2], 1, found[4], 0, 1, 0, 0, 0]);
        assert.deepEqual([found[0], found[3], found[6]], [0, 0, 0]);
      });
    });

    describeChanges(create);
    describeUserData(create);

    describe('random operations', () => {
      const seed = runSeed();
      const subject: ModelSubject = {
        createOracle: () => new ReferenceIndex(),
        changesMax: BATCH_CHANGES_MAX,
        ...suite,
      };
      for (const shape of MODEL_SHAPES) {
        it(`agrees with its oracle on ${shape.name} (BCHF_TEST_SEED=${seed})`, () => {
          runModel(subject, shape, seed, SHAPE_OPERATIONS);
        });
      }
    });
  });
}
