// What every implementation of NumberIndex has to do. An implementation's own test file calls
// `indexSuite`; the comparison with the reference is in index-comparison.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type IndexChange,
  type IndexEntry,
  type IndexReader,
  kindOfAnswer,
  LABEL_BYTES,
  lengthOfAnswer,
  NOT_FOUND,
  type NumberIndex,
  ROUTES_MAX,
  routeOfAnswer,
} from '../number-index.ts';
import { compareWithReference } from './index-comparison.ts';
import { KEY_SHAPES } from './key-shapes.ts';
import { runSeed } from './random.ts';

export interface IndexSuite {
  /** Names the implementation in the report. */
  name: string;
  /** Makes an empty index. */
  create(): NumberIndex;
}

export function prefix(key: number, route: number | null): IndexChange {
  return { entry: 'prefix', from: key, to: key, route };
}

export function ported(key: number, route: number | null): IndexChange {
  return { entry: 'ported', from: key, to: key, route };
}

export function run(from: number, to: number, route: number | null): IndexChange {
  return { entry: 'fragmented', from, to, route };
}

export function answerTo(index: IndexReader, key: number): number {
  const answers = new Uint32Array(1);
  index.lookup(Float64Array.of(key), answers, 1);
  return answers[0]!;
}

export function routeFor(index: IndexReader, key: number): number | undefined {
  const answer = answerTo(index, key);
  return answer === NOT_FOUND ? undefined : routeOfAnswer(answer);
}

/** Registers the tests of one implementation. */
export function indexSuite({ name, create }: IndexSuite): void {
  const createWith = (...changes: IndexChange[]): NumberIndex => {
    const index = create();
    index.apply(changes);
    return index;
  };

  describe(`number index: ${name}`, () => {
    describe('precedence', () => {
      it('prefers ported, then the innermost run, then the longest prefix', () => {
        const index = createWith(
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
        const index = createWith(prefix(1861, 7), run(186200, 186299, 8), ported(1863, 9));
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
        const index = createWith(...entries.toReversed());
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
        const index = createWith(...runs, prefix(18, 5));
        const routes = index.explain(186135000).map((entry) => entry.route);
        assert.deepEqual(routes, [...Array(depth).keys()].reverse().concat(5));
        assert.equal(routeFor(index, 186130700), 700);
      });
    });

    describe('numbers', () => {
      it('keeps the same digits at other lengths apart', () => {
        const index = createWith(ported(10461, 1), run(100, 109, 2), run(1000, 1009, 3));
        assert.equal(routeFor(index, 10461), 1);
        assert.equal(routeFor(index, 1461), undefined);
        assert.equal(routeFor(index, 104610), undefined);
        assert.equal(routeFor(index, 105), 2);
        assert.equal(routeFor(index, 1005), 3);
        assert.equal(routeFor(index, 10005), undefined);
      });

      it('holds a number that is a prefix and ported at once', () => {
        const index = createWith(ported(1861, 1), prefix(1861, 2), ported(186100, 3));
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
          run(10, 19, 1),
          run(last - 9, last, ROUTES_MAX - 1),
          ported(10, 0),
        );
        assert.equal(routeFor(index, 10), 0);
        assert.equal(routeFor(index, 19), 1);
        assert.equal(routeFor(index, last), ROUTES_MAX - 1);
        assert.equal(routeFor(index, last - 10), undefined);
      });

      it('finds nothing for what is no key', () => {
        const index = createWith(prefix(10, 1), prefix(19, 2));
        for (const key of [
          0,
          1,
          9,
          20,
          99,
          -10,
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
        const index = createWith(prefix(1861, 1), ported(187123, 2), run(18899990, 18900009, 3));
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

    describe('changes', () => {
      it('replaces the route of an entry that exists', () => {
        const index = createWith(prefix(186, 1), run(1870, 1879, 2), ported(1875, 3));
        index.apply([prefix(186, 4), run(1870, 1879, 5), ported(1875, 6)]);
        assert.deepEqual(
          [1861, 1871, 1875].map((key) => routeFor(index, key)),
          [4, 5, 6],
        );
        assert.deepEqual(index.counts(), { prefix: 1, fragmented: 1, ported: 1 });
      });

      it('brings back what an entry shadowed when it is deleted', () => {
        const index = createWith(prefix(18, 1), prefix(1861, 2), run(186100, 186199, 3));
        index.apply([run(186110, 186119, 4), ported(186115, 5)]);
        const deletions: [IndexChange, number][] = [
          [ported(186115, null), 4],
          [run(186110, 186119, null), 3],
          [run(186100, 186199, null), 2],
          [prefix(1861, null), 1],
        ];
        for (const [deletion, routeAfter] of deletions) {
          index.apply([deletion]);
          assert.equal(routeFor(index, 186115), routeAfter);
        }
      });

      it('changes nothing by deleting what does not exist', () => {
        const index = createWith(prefix(1861, 1), run(186100, 186199, 2), ported(186150, 3));
        const before = [...index.entries()];
        index.apply([
          prefix(186, null),
          prefix(186150, null),
          run(186100, 186150, null),
          run(186120, 186130, null),
          ported(1861, null),
          ported(186151, null),
          ported(1999, null),
        ]);
        assert.deepEqual([...index.entries()], before);
      });

      it('lets the last change of an entry in a batch count', () => {
        const index = createWith(
          ported(1861, 1),
          ported(1861, null),
          ported(1861, 2),
          prefix(187, 3),
          prefix(187, null),
          run(1880, 1889, 4),
          run(1880, 1889, null),
          run(1890, 1899, null),
          run(1890, 1899, 5),
        );
        assert.deepEqual(
          [1861, 1871, 1885, 1895].map((key) => routeFor(index, key)),
          [2, undefined, undefined, 5],
        );
        assert.deepEqual(index.counts(), { prefix: 0, fragmented: 1, ported: 1 });
      });

      it('takes a batch that is longer than any scratch', () => {
        const count = 20_000;
        const changes = Array.from({ length: count }, (_, at) =>
          at % 2 === 0
            ? ported(18613900000 + at, at)
            : run(14600000000 + at * 10, 14600000005 + at * 10, at),
        );
        const index = createWith(...changes);
        assert.deepEqual(index.counts(), { prefix: 0, fragmented: count / 2, ported: count / 2 });
        assert.equal(routeFor(index, 18613900000 + count - 2), count - 2);
        assert.equal(routeFor(index, 14600000003 + (count - 1) * 10), count - 1);
        assert.equal([...index.entries()].length, count);
      });

      it('is empty again when everything is deleted', () => {
        const index = createWith(prefix(1861, 1), run(186100, 186199, 2), ported(186150, 3));
        index.apply([prefix(1861, null), run(186100, 186199, null), ported(186150, null)]);
        assert.deepEqual([...index.entries()], []);
        assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 0 });
        assert.equal(index.hasBelow(18), false);
      });
    });

    describe('refusals', () => {
      const refused = { name: 'IndexError', code: 'BCHF_INDEX_CROSSING_RUN' };

      it('refuses a batch with crossing runs and changes nothing', () => {
        const index = createWith(run(1100, 1199, 1), prefix(12, 2));
        index.apply([ported(1150, 3)], Uint8Array.of(7));
        const before = [...index.entries()];
        const crossing = [run(1150, 1250, 4), run(1050, 1100, 4), run(1199, 1200, 4)];
        for (const change of crossing) {
          assert.throws(() => index.apply([ported(1151, 5), change], Uint8Array.of(8)), refused);
          assert.deepEqual([...index.entries()], before);
          assert.deepEqual(index.label(), Uint8Array.of(7));
        }
        index.apply([run(1199, 1199, 6)]);
        assert.equal(routeFor(index, 1199), 6);
      });

      it('judges crossing by what the batch leads to', () => {
        const index = createWith(run(1100, 1199, 1));
        index.apply([run(1150, 1250, 2), run(1100, 1199, null)]);
        assert.deepEqual(
          [1100, 1200].map((key) => routeFor(index, key)),
          [undefined, 2],
        );
        assert.throws(() => index.apply([run(1200, 1300, 3), run(1240, 1260, 4)]), refused);
      });

      it('refuses what is no change, and changes nothing', () => {
        const index = createWith(ported(1861, 1));
        const wrong: IndexChange[] = [
          ported(9, 1),
          ported(2000, 1),
          ported(18.5, 1),
          ported(Number.NaN, 1),
          ported(2e15, 1),
          { entry: 'ported', from: 1861, to: 1862, route: 1 },
          { entry: 'prefix', from: 1861, to: 1862, route: 1 },
          { entry: 'other' as 'ported', from: 1861, to: 1861, route: 1 },
          run(1862, 1861, 1),
          run(1861, 18610, 1),
          run(1861, 2000, 1),
          ported(1861, ROUTES_MAX),
          ported(1861, -1),
          ported(1861, 0.5),
        ];
        for (const change of wrong) {
          assert.throws(() => index.apply([ported(1862, 2), change]), RangeError);
        }
        assert.throws(() => index.apply([], new Uint8Array(LABEL_BYTES + 1)), RangeError);
        assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 1 });
      });

      it('refuses a batch of more keys than there are, or than it takes', () => {
        const index = create();
        const keys = new Float64Array(index.batchMax + 1).fill(18);
        const answers = new Uint32Array(index.batchMax + 1).fill(1);
        index.lookup(keys, answers, index.batchMax);
        assert.equal(answers[index.batchMax - 1], NOT_FOUND);
        assert.equal(answers[index.batchMax], 1);
        for (const count of [index.batchMax + 1, -1, 0.5]) {
          assert.throws(() => index.lookup(keys, answers, count), RangeError);
        }
        assert.throws(() => index.lookup(keys, new Uint32Array(1), 2), RangeError);
        assert.throws(() => index.lookup(new Float64Array(1), answers, 2), RangeError);
      });
    });

    describe('label and entries', () => {
      it('keeps the label of the last batch', () => {
        const index = create();
        assert.deepEqual(index.label(), new Uint8Array(0));
        const label = Uint8Array.from({ length: LABEL_BYTES }, (_, at) => at);
        index.apply([], label);
        assert.deepEqual(index.label(), label);
        index.apply([ported(18, 1)], Uint8Array.of(9));
        assert.deepEqual(index.label(), Uint8Array.of(9));
        index.apply([]);
        assert.deepEqual(index.label(), new Uint8Array(0));
      });

      it('lists entries by kind and key, an outer run before those inside it', () => {
        const inOrder: IndexEntry[] = [
          { entry: 'prefix', from: 19, to: 19, route: 1 },
          { entry: 'prefix', from: 100, to: 100, route: 2 },
          { entry: 'prefix', from: 1000, to: 1000, route: 3 },
          { entry: 'fragmented', from: 10, to: 11, route: 4 },
          { entry: 'fragmented', from: 10, to: 10, route: 5 },
          { entry: 'fragmented', from: 100, to: 199, route: 6 },
          { entry: 'ported', from: 1000, to: 1000, route: 7 },
          { entry: 'ported', from: 1_999_999_999_999_999, to: 1_999_999_999_999_999, route: 8 },
        ];
        const index = createWith(...inOrder.toReversed());
        assert.deepEqual([...index.entries()], inOrder);
      });

      it('ends a walk that a batch came into', () => {
        const index = createWith(ported(18, 1), ported(19, 2));
        const entries = index.entries();
        entries.next();
        index.apply([ported(17, 3)]);
        assert.throws(() => entries.next(), TypeError);
      });
    });

    describe('random operations', () => {
      const seed = runSeed();
      for (const shape of KEY_SHAPES) {
        it(`agrees with the reference on ${shape.name} (BCHF_SEED=${seed})`, () => {
          compareWithReference(create(), shape, seed);
        });
      }
    });
  });
}
