// The number space in figures, against a count of every number one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digitsOf, lengthOf } from '../../../ledger/number.ts';
import { createRandom } from '../../../ledger/population/random.ts';
import { EntryWalker } from '../../../wasm/entry-walker.ts';
import type { EntryKind, IndexChange } from '../../../wasm/number-index.ts';
import { createWasmIndex, type WasmIndex } from '../../../wasm/wasm-index.ts';
import { NumberSpaceCounts } from '../number-space-counts.ts';

const SEED = Number(process.env.BCHF_TEST_SEED ?? 20_270);
const MEMBERS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
/** Two routes a member. */
const table = {
  members: MEMBERS,
  memberOfRoute: Uint32Array.from({ length: 10 }, (_, route) => route >> 1),
};
const memberOf = (route: number) => MEMBERS[route >> 1]!;

const keyOf = (digits: string) => Number(`1${digits}`);

function countAll(index: WasmIndex): { counts: NumberSpaceCounts; walker: EntryWalker } {
  const walker = new EntryWalker(index.memory);
  const counts = new NumberSpaceCounts(table);
  for (const kind of ['prefix', 'fragmented', 'ported'] as const) {
    for (let from = 0, to = 0; ; ) {
      const page = walker.pageFrom(kind, from, to);
      if (page.count === 0) break;
      counts.addPage(kind, page);
      [from, to] = [page.from[page.count - 1]!, page.to[page.count - 1]!];
      if (kind !== 'fragmented') from++;
    }
  }
  counts.finish();
  return { counts, walker };
}

function randomIndex(): { index: WasmIndex; changes: IndexChange[] } {
  const random = createRandom(SEED);
  const changes: IndexChange[] = [];
  const add = (entry: EntryKind, from: number, to: number) =>
    changes.push({ entry, from, to, route: random.below(10) });
  for (const digits of ['4', '44', '447', '4470', '45', '4512', '46', '35840']) {
    add('prefix', keyOf(digits), keyOf(digits));
  }
  // Numbers of 9 and of 12 digits, in clusters, so that cells lie in blocks, hold blocks, and both.
  const taken = new Set<number>();
  for (let count = 0; count < 6000; count++) {
    const beginning = ['4470', '4471', '4512345', '46', '358401'][random.below(5)]!;
    const length = random.below(2) === 0 ? 9 : 12;
    const free = length - beginning.length;
    const span = 10 ** Math.min(free, 4);
    const key =
      keyOf(beginning.padEnd(length, '0')) + random.below(span) * 10 ** Math.max(0, free - 4);
    if (taken.has(key)) continue;
    taken.add(key);
    add('ported', key, key);
  }
  for (let count = 0; count < 40; count++) {
    const from = keyOf('447200000') + count * 20_000;
    add('fragmented', from, from + 1 + random.below(15_000));
  }
  // One that reaches over blocks of a million, and one inside of it.
  add('fragmented', keyOf('460000000'), keyOf('463500000') - 1);
  add('fragmented', keyOf('461000000'), keyOf('461000099'));
  const index = createWasmIndex();
  index.apply(changes);
  return { index, changes };
}

test('ported numbers and runs of every cell are those that lie below its digits', () => {
  console.log(`seed ${SEED}`);
  const { index, changes } = randomIndex();
  const { counts, walker } = countAll(index);
  for (const prefix of [
    '',
    '4',
    '44',
    '447',
    '4470',
    '44700',
    '447000',
    '4512345',
    '46',
    '461',
    '3584010',
  ]) {
    for (const digits of [1, 2] as const) {
      const cells = counts.cells(prefix === '' ? 1 : keyOf(prefix), digits, walker);
      assert.equal(cells.length, 10 ** digits);
      for (const cell of cells) {
        const below = (from: number) => digitsOf(from).startsWith(cell.digits);
        const ported = changes.filter(({ entry, from }) => entry === 'ported' && below(from));
        assert.equal(cell.ported, ported.length, cell.digits);
        const runs = changes.filter(({ entry, from }) => entry === 'fragmented' && below(from));
        assert.equal(cell.fragmented, runs.length, cell.digits);
        const byMember = new Map<string, number>();
        for (const { route } of ported) {
          byMember.set(memberOf(route!), (byMember.get(memberOf(route!)) ?? 0) + 1);
        }
        const largest = [...byMember.values()].sort((left, right) => right - left);
        assert.deepEqual(
          cell.portedTo.map(({ numbers }) => numbers),
          largest.slice(0, 3),
        );
        for (const { member, numbers } of cell.portedTo)
          assert.equal(byMember.get(member), numbers);
      }
    }
  }
  walker.close();
});

test('shares of owners and of nobody are those of numbers, and add up to one', () => {
  const index = createWasmIndex();
  const prefix = (digits: string, route: number): IndexChange => {
    return { entry: 'prefix', from: keyOf(digits), to: keyOf(digits), route };
  };
  index.apply([
    prefix('44', 0),
    prefix('447', 2),
    prefix('4471', 4),
    prefix('4612', 6),
    { entry: 'fragmented', from: keyOf('445000000'), to: keyOf('445249999'), route: 8 },
  ]);
  const { counts, walker } = countAll(index);
  const [cell] = counts.cells(keyOf('4'), 1, walker).slice(4, 5);
  assert.equal(cell?.digits, '44');
  const shares = Object.fromEntries(cell!.owners.map(({ member, share }) => [member, share]));
  // A tenth is 447, of which a tenth is 4471; the run spans 250,000 of ten million numbers.
  const rest = 1 - 0.025;
  assert.ok(Math.abs(shares.alpha! - 0.9 * rest) < 1e-9);
  assert.ok(Math.abs(shares.beta! - 0.09 * rest) < 1e-9);
  assert.ok(Math.abs(shares.epsilon! - 0.025) < 1e-9);
  assert.equal(cell!.uncovered, 0);
  const inside = counts.cells(keyOf('445'), 2, walker);
  assert.deepEqual(inside[24]!.owners, [{ member: 'epsilon', share: 1 }]);
  assert.deepEqual(inside[25]!.owners, [{ member: 'alpha', share: 1 }]);
  const other = counts.cells(keyOf('46'), 1, walker)[1]!;
  assert.deepEqual(other.owners, [{ member: 'delta', share: 0.1 }]);
  assert.ok(Math.abs(other.uncovered - 0.9) < 1e-9);
  walker.close();
});

test('a walk goes on over an index that is changed under it', () => {
  const { index, changes } = randomIndex();
  const walker = new EntryWalker(index.memory);
  const ported = changes.filter(({ entry }) => entry === 'ported');
  const seen: number[] = [];
  for (let from = 0; ; ) {
    const page = walker.pageFrom('ported', from);
    if (page.count === 0) break;
    for (let at = 0; at < page.count; at++) seen.push(page.from[at]!);
    from = seen.at(-1)! + 1;
    // Everything behind the walk goes, and nothing before it does.
    index.apply(
      seen.slice(-page.count).map((key) => ({ entry: 'ported', from: key, to: key, route: null })),
    );
  }
  assert.equal(seen.length, ported.length);
  assert.equal(walker.counts().ported, 0);
  assert.ok(seen.every((key, at) => at === 0 || key > seen[at - 1]!));
  assert.ok(new Set(seen.map(lengthOf)).size === 2);
  walker.close();
});
