// What a diff counts, and what the canary finds, on indexes small enough to know the answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IndexChange } from '../../wasm/number-index.ts';
import { createWasmIndex, type WasmIndex } from '../../wasm/wasm-index.ts';
import { tryIndexes } from '../snapshot/canary.ts';
import { type DiffSide, diffSnapshots } from '../snapshot/snapshot-diff.ts';
import { exampleRoute } from './example-route.ts';

const route = (id: string, member: string, port = 8080) => exampleRoute(id, { member, port });
const ported = (key: number, to: number): IndexChange => ({
  ...{ entry: 'ported', from: key, to: key, route: to },
});
const prefix = (key: number, to: number): IndexChange => ({
  ...{ entry: 'prefix', from: key, to: key, route: to },
});
const run = (from: number, to: number, at: number): IndexChange => ({
  ...{ entry: 'fragmented', from, to, route: at },
});

function side(routes: DiffSide['routes'], changes: IndexChange[]) {
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  indexes.msisdn.apply(changes);
  return { indexes, routes };
}

test('a diff tells numbers by member and route, whatever the places of the routes', () => {
  const before = side(
    [route('a1', 'a'), route('b1', 'b'), route('gone', 'c')],
    [
      ...[prefix(1_358, 0), run(1_358_000, 1_358_099, 0), run(1_358_200, 1_358_249, 1)],
      ...[ported(1_358_500, 0), ported(1_358_501, 0), ported(1_358_600, 2), ported(1_358_700, 1)],
    ],
  );
  const after = side(
    [route('b1', 'b', 9090), route('a2', 'a'), route('a1', 'a')],
    [
      // The same but for: the run of 100 to another route of its member, the prefix and two ported
      // numbers to another member; one number is gone, one new.
      ...[prefix(1_358, 0), run(1_358_000, 1_358_099, 1), run(1_358_200, 1_358_249, 0)],
      ...[ported(1_358_500, 0), ported(1_358_501, 0), ported(1_358_700, 0), ported(1_358_800, 2)],
    ],
  );
  const diff = diffSnapshots(before, after);
  assert.deepEqual(diff.added, { entries: 1, numbers: 1 });
  assert.deepEqual(diff.removed, { entries: 1, numbers: 1 });
  assert.deepEqual(diff.changed, { entries: 4, numbers: 102 });
  const none = { added: 0, removed: 0, movedIn: 0, movedOut: 0, prefixes: 0 };
  const byMember = Object.fromEntries(diff.byMember.map(({ member, ...share }) => [member, share]));
  assert.deepEqual(byMember, {
    a: { ...none, added: 1, movedOut: 2, prefixes: 1 },
    b: { ...none, movedIn: 2, prefixes: 1 },
    c: { ...none, removed: 1 },
  });
  const byRoute = Object.fromEntries(diff.byRoute.map(({ route: id, ...share }) => [id, share]));
  assert.deepEqual(byRoute, {
    a1: { ...none, added: 1, movedOut: 102, prefixes: 1 },
    a2: { ...none, movedIn: 100 },
    b1: { ...none, movedIn: 2, prefixes: 1 },
    gone: { ...none, removed: 1 },
  });
  assert.deepEqual(diff.largestMoves, [
    {
      identity: 'msisdn',
      from: '358000',
      to: '358099',
      fromRoute: 'a1',
      toRoute: 'a2',
      numbers: 100,
    },
    {
      identity: 'msisdn',
      from: '358500',
      to: '358501',
      fromRoute: 'a1',
      toRoute: 'b1',
      numbers: 2,
    },
  ]);
  // The only prefix is another: that much of the prefixes.
  assert.equal(diff.largestShare, 1);
  assert.deepEqual(diff.changedRoutes, ['b1']);
  // Two ported numbers side by side that change alike are one difference.
  assert.equal(diff.samples.length, 5);
  const same = diffSnapshots(before, before);
  assert.deepEqual([same.largestShare, same.byMember, same.samples], [0, [], []]);
});

test('the canary tries every kind of entry, and finds an index whose ways of looking up disagree', () => {
  const { indexes } = side(
    [],
    [
      prefix(1_358, 0),
      run(1_358_000, 1_358_099, 1),
      run(1_358_010, 1_358_019, 2),
      ported(1_358_015, 3),
    ],
  );
  assert.ok(tryIndexes(indexes, 4, indexes, 1) > 8_000);
  const failing = { code: 'BCHF_SNAPSHOT_CANARY_FAILED' };
  assert.throws(
    () => tryIndexes(indexes, 3, undefined, 1),
    failing,
    'a route that there is none of',
  );
  const faulty = (faults: Partial<WasmIndex>) => {
    const { msisdn } = indexes;
    const methods = [
      ...(['lookup', 'find', 'explain', 'counts'] as const),
      ...(['entryPages', 'segments', 'portedPagesIn'] as const),
    ];
    const bound = Object.fromEntries(
      methods.map((name) => [name, (msisdn[name] as () => unknown).bind(msisdn)]),
    );
    return { ...indexes, msisdn: { ...bound, batchMax: msisdn.batchMax, ...faults } as WasmIndex };
  };
  const faults: Record<string, Partial<WasmIndex>> = {
    'a batch that finds nothing': { lookup: (_keys, answers) => answers.fill(0) },
    'a single lookup of another route': {
      find: (key) => {
        const found = indexes.msisdn.find(key);
        return found && { ...found, route: found.route ^ 1 };
      },
    },
    'an explanation without the ported entry': {
      explain: (key) => indexes.msisdn.explain(key).filter(({ entry }) => entry !== 'ported'),
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    assert.throws(() => tryIndexes(faulty(fault), 4, undefined, 1), failing, name);
  }
});
