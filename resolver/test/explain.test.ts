// Why a number resolves as it does, for every way in which entries can lie over each other.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IndexEntry, RUNS_COUNTED_MAX } from '../../wasm/number-index.ts';
import { standingsOf } from '../explain.ts';

const KEY = 1358501234567;
const ported: IndexEntry = { entry: 'ported', from: KEY, to: KEY, route: 1 };
const inner: IndexEntry = { entry: 'fragmented', from: KEY - 7, to: KEY + 2, route: 2 };
const outer: IndexEntry = { entry: 'fragmented', from: KEY - 67, to: KEY + 32, route: 3 };
const long: IndexEntry = { entry: 'prefix', from: 135850, to: 135850, route: 4 };
const short: IndexEntry = { entry: 'prefix', from: 1358, to: 1358, route: 5 };

function reasonsFor(...covering: IndexEntry[]): string[] {
  return standingsOf(KEY, covering).map(({ why }) => why);
}

describe('Standings of the entries that cover a number', () => {
  test('the first wins, and each shadows the next', () => {
    const standings = standingsOf(KEY, [ported, inner, outer, long, short]);
    assert.deepEqual(
      standings.map(({ wins }) => wins),
      [true, false, false, false, false],
    );
    assert.deepEqual(
      standings.map(({ shadows }) => shadows),
      [inner, outer, long, short, undefined],
    );
  });

  test('a prefix matches its own digits, other entries the whole number', () => {
    assert.deepEqual(
      standingsOf(KEY, [ported, inner, long, short]).map(({ matchedLength }) => matchedLength),
      [12, 12, 5, 3],
    );
  });

  test('a ported number wins because it is one', () => {
    assert.deepEqual(reasonsFor(ported, inner, outer, long), [
      'ported numbers come before runs and prefixes',
      'ported numbers come before runs',
      'ported numbers come before runs',
      'ported numbers come before prefixes',
    ]);
  });

  test('of runs the innermost wins, over prefixes any run', () => {
    assert.deepEqual(reasonsFor(inner, outer, long), [
      'innermost of 2 runs; runs come before prefixes',
      'a run inside it covers the number',
      'runs come before prefixes',
    ]);
    assert.equal(reasonsFor(inner, outer)[0], 'innermost of 2 runs');
    assert.equal(reasonsFor(outer, short)[0], 'the only run; runs come before prefixes');
  });

  test('of prefixes the longest wins', () => {
    assert.deepEqual(reasonsFor(long, short), [
      'longest of 2 prefixes',
      'a longer prefix covers the number',
    ]);
  });

  test('runs that are left out count, and nothing is said to shadow what comes behind them', () => {
    const standings = standingsOf(KEY, [inner, outer, long, short], 7);
    assert.equal(standings[0]!.why, 'innermost of 9 runs; runs come before prefixes');
    assert.deepEqual(
      standings.map(({ shadows }) => shadows),
      [outer, undefined, short, undefined],
    );
    const [first] = standingsOf(KEY, [inner], RUNS_COUNTED_MAX);
    assert.equal(first!.why, `innermost of ${1 + RUNS_COUNTED_MAX} or more runs`);
  });

  test('an entry alone wins for want of others', () => {
    for (const entry of [ported, inner, short]) {
      assert.deepEqual(reasonsFor(entry), ['the only entry that covers the number']);
    }
    assert.deepEqual(reasonsFor(), []);
  });
});
