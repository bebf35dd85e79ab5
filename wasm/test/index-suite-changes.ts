// The part of the index suite about changes: what they do, what is refused, what stays.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type IndexChange,
  type IndexEntry,
  IndexError,
  LABEL_BYTES,
  NOT_FOUND,
  type NumberIndex,
  ROUTES_MAX,
} from '../number-index.ts';
import { createWith, ported, prefix, routeFor, run } from './changes.ts';

/** Registers the tests for indexes that `create` makes, empty ones. */
export function describeChanges(create: () => NumberIndex): void {
  describe('changes', () => {
    it('replaces the route of an entry that exists', () => {
      const index = createWith(create, prefix(186, 1), run(1870, 1879, 2), ported(1875, 3));
      index.apply([prefix(186, 4), run(1870, 1879, 5), ported(1875, 6)]);
      assert.deepEqual(
        [1861, 1871, 1875].map((key) => routeFor(index, key)),
        [4, 5, 6],
      );
      assert.deepEqual(index.counts(), { prefix: 1, fragmented: 1, ported: 1 });
    });

    it('brings back what an entry shadowed when it is deleted', () => {
      const index = createWith(create, prefix(18, 1), prefix(1861, 2), run(186100, 186199, 3));
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
      const index = createWith(create, prefix(1861, 1), run(186100, 186199, 2), ported(186150, 3));
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
        create,
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
      const index = createWith(create, ...changes);
      assert.deepEqual(index.counts(), { prefix: 0, fragmented: count / 2, ported: count / 2 });
      assert.equal(routeFor(index, 18613900000 + count - 2), count - 2);
      assert.equal(routeFor(index, 14600000003 + (count - 1) * 10), count - 1);
      assert.equal([...index.entries()].length, count);
    });

    it('is empty again when everything is deleted', () => {
      const index = createWith(create, prefix(1861, 1), run(186100, 186199, 2), ported(186150, 3));
      index.apply([prefix(1861, null), run(186100, 186199, null), ported(186150, null)]);
      assert.deepEqual([...index.entries()], []);
      assert.deepEqual(index.counts(), { prefix: 0, fragmented: 0, ported: 0 });
      assert.equal(index.hasBelow(18), false);
    });
  });

  describe('refusals', () => {
    const refused = { name: 'IndexError', code: 'BCHF_INDEX_CROSSING_RUN' };

    it('refuses a batch with crossing runs and changes nothing', () => {
      const index = createWith(create, run(1100, 1199, 1), prefix(12, 2));
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
      const index = createWith(create, run(1100, 1199, 1));
      index.apply([run(1150, 1250, 2), run(1100, 1199, null)]);
      assert.deepEqual(
        [1100, 1200].map((key) => routeFor(index, key)),
        [undefined, 2],
      );
      assert.throws(() => index.apply([run(1200, 1300, 3), run(1240, 1260, 4)]), refused);
    });

    it('refuses what is no change, and changes nothing', () => {
      const index = createWith(create, ported(1861, 1));
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
      const index = createWith(create, ...inOrder.toReversed());
      assert.deepEqual([...index.entries()], inOrder);
    });

    it('ends a walk that a batch came into, applied or refused', () => {
      const index = createWith(create, ported(18, 1), ported(19, 2), run(1100, 1199, 3));
      const startWalk = (): IterableIterator<IndexEntry> => {
        const entries = index.entries();
        entries.next();
        return entries;
      };
      const first = startWalk();
      index.apply([ported(17, 3)]);
      assert.throws(() => first.next(), TypeError);
      const second = startWalk();
      assert.throws(() => index.apply([run(1150, 1250, 4)]), IndexError);
      assert.throws(() => second.next(), TypeError);
    });
  });
}
