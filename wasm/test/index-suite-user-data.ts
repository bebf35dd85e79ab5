// The part of the index suite about indexes of user data.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type IndexChange,
  type IndexEntry,
  type NumberIndex,
  USER_DATA_END,
} from '../number-index.ts';
import { createWith, ported, prefix, run } from './changes.ts';

/** Registers the tests for indexes that `create` makes, empty ones. */
export function describeUserData(create: () => NumberIndex): void {
  describe('user data', () => {
    it('is told with each run as it was set', () => {
      const entries: IndexEntry[] = [
        { entry: 'fragmented', from: 1861300, to: 1861399, route: 1, userData: 0 },
        { entry: 'fragmented', from: 1861310, to: 1861319, route: 1 },
        { entry: 'fragmented', from: 1861311, to: 1861311, route: 1, userData: USER_DATA_END - 1 },
      ];
      const index = createWith(create, ...entries);
      assert.deepEqual([...index.entries()], entries);
      assert.deepEqual(index.explain(1861311), entries.toReversed());
      assert.deepEqual(index.find(1861311), entries[2]);
      assert.deepEqual(index.find(1861312), entries[1]);
      assert.deepEqual(index.find(1861399), entries[0]);
    });

    it('of a run is replaced with its route, and gone where the change has none', () => {
      const index = createWith(create, { ...run(1861300, 1861399, 1), userData: 5 });
      index.apply([{ ...run(1861300, 1861399, 1), userData: 6 }]);
      assert.equal(index.find(1861300)?.userData, 6);
      index.apply([run(1861300, 1861399, 1)]);
      assert.equal('userData' in index.find(1861300)!, false);
    });

    it('is told with each ported number as it was set', () => {
      const entries: IndexEntry[] = [
        { entry: 'ported', from: 1861300, to: 1861300, route: 1, userData: 0 },
        { entry: 'ported', from: 1861301, to: 1861301, route: 1 },
        { entry: 'ported', from: 1861302, to: 1861302, route: 1, userData: USER_DATA_END - 1 },
      ];
      const index = createWith(create, ...entries);
      assert.deepEqual([...index.entries()], entries);
      for (const entry of entries) assert.deepEqual(index.explain(entry.from), [entry]);
      index.apply([ported(1861300, 1), { ...ported(1861301, 1), userData: 9 }]);
      assert.equal('userData' in index.find(1861300)!, false);
      assert.equal(index.find(1861301)?.userData, 9);
    });

    it('is refused where it is no index, or of a prefix', () => {
      const index = createWith(create, ported(1861, 1));
      const wrong: IndexChange[] = [
        { ...prefix(18, 1), userData: 0 },
        ...[-1, 0.5, USER_DATA_END, Number.NaN].flatMap((userData) => [
          { ...run(1861, 1862, 1), userData },
          { ...ported(1861, 2), userData },
        ]),
      ];
      for (const change of wrong) assert.throws(() => index.apply([change]), RangeError);
      assert.deepEqual([...index.entries()], [{ entry: 'ported', from: 1861, to: 1861, route: 1 }]);
    });
  });
}
