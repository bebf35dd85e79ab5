// The layers of number space against a plain map with one entry for each number, and the commitment
// kept up to date against one computed from scratch.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digitsOf, lengthOf } from '../number.ts';
import { IntervalMap } from '../state/interval-map.ts';
import { NOT_PORTED, PortedMap } from '../state/ported-map.ts';
import { NO_PREFIX, PrefixMap } from '../state/prefix-map.ts';
import { LedgerState } from '../state/state.ts';
import { intervalRow, loadIntervalRow, type Row, TABLES } from '../state/tables.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { authorityPublicKey, foundation, key, TestChain } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';

/** Where the keys of a random test lie: shapes in which an interval map may fail. */
const shapes = [
  { name: 'few numbers', base: key('00'), span: 60, lengthMax: 8 },
  { name: 'several buckets', base: key('86130000000'), span: 5_000, lengthMax: 700 },
  { name: 'around an end of a bucket', base: key('8999') - 12, span: 24, lengthMax: 5 },
  { name: '15 digits', base: key('999999999990000'), span: 9_000, lengthMax: 300 },
];

describe('the interval map', () => {
  for (const { name, base, span, lengthMax } of shapes) {
    it(`holds what a map of single numbers holds: ${name}`, () => {
      const random = randomFrom(seed);
      const draw = (below: number): number => Math.floor(random() * below);
      const intervals = new IntervalMap();
      const model = new Map<number, number>();
      const all = (from: number, to: number): number[] =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index);
      for (let step = 0; step < 1_500; step++) {
        const from = base + draw(span);
        const to = Math.min(from + draw(lengthMax), base + span - 1);
        const held = all(from, to).filter((number) => model.has(number));
        assert.equal(intervals.intersects(from, to), held.length > 0);
        assert.equal(intervals.covers(from, to), held.length === to - from + 1);
        if (held.length > 0 || random() < 0.3) {
          intervals.remove(from, to);
          for (const number of held) model.delete(number);
        } else {
          const value = draw(3);
          intervals.insertMerging(from, to, value);
          for (const number of all(from, to)) model.set(number, value);
        }
        const probe = base + draw(span);
        assert.equal(intervals.find(probe)?.value, model.get(probe));
      }
      const listed = [...intervals.between(0, Number.MAX_SAFE_INTEGER)];
      assert.equal(listed.length, intervals.size);
      assert.deepEqual(
        listed.flatMap(({ start, end, value }) => all(start, end).map((number) => [number, value])),
        [...model].sort(([a], [b]) => a - b),
      );
      for (const [index, { start, value }] of listed.entries()) {
        const before = listed[index - 1];
        assert.ok(!before || before.end + 1 < start || before.value !== value, 'neighbours unite');
      }
      const copy = new IntervalMap();
      for (const bucket of intervals.dirty) {
        const row = intervalRow(intervals, bucket);
        if (row) loadIntervalRow(copy, bucket, row);
      }
      assert.deepEqual([...copy.between(0, Number.MAX_SAFE_INTEGER)], listed);
    });
  }

  it('keeps thousands of intervals in order', () => {
    const intervals = new IntervalMap();
    const starts = Array.from({ length: 5_000 }, (_, index) => key('1000000') + index * 7);
    const random = randomFrom(seed);
    for (const start of [...starts].sort(() => random() - 0.5))
      intervals.insert(start, start + 2, 1);
    assert.deepEqual(
      [...intervals.between(0, Number.MAX_SAFE_INTEGER)].map(({ start }) => start),
      starts,
    );
    intervals.remove(starts[10]! + 1, starts[4_990]! + 1);
    assert.equal(intervals.size, 21);
  });

  it('refuses rows that are not of its form', () => {
    const broken = (row: Uint8Array) => () => loadIntervalRow(new IntervalMap(), 1, row);
    assert.throws(broken(new Uint8Array(0)), RangeError);
    assert.throws(broken(new Uint8Array(13)), RangeError);
    assert.throws(broken(new Uint8Array(12)), RangeError);
  });
});

describe('the map of ported numbers', () => {
  for (const { name, base, span, lengthMax } of shapes) {
    it(`holds what a plain map holds: ${name}`, () => {
      const random = randomFrom(seed);
      const draw = (below: number): number => Math.floor(random() * below);
      const ported = new PortedMap();
      const model = new Map<number, number>();
      for (let step = 0; step < 6_000; step++) {
        const number = base + draw(span);
        if (random() < 0.4) {
          ported.delete(number);
          model.delete(number);
        } else {
          const route = draw(2 ** 20);
          ported.set(number, route);
          model.set(number, route);
        }
        const probe = base + draw(span);
        assert.equal(ported.get(probe), model.get(probe) ?? NOT_PORTED);
        if (step % 20 === 0) {
          const to = probe + draw(lengthMax);
          const some = [...model.keys()].some((held) => held >= probe && held <= to);
          assert.equal(ported.intersects(probe, to), some);
        }
      }
      assert.equal(ported.size, model.size);
      const sorted = [...model].sort(([a], [b]) => a - b);
      assert.deepEqual(
        [...ported.entries()].map(({ key, route }) => [key, route]),
        sorted,
      );
      const copy = new PortedMap();
      for (const bucket of ported.dirty) {
        const row = ported.row(bucket);
        if (row) copy.loadRow(bucket, row);
      }
      assert.deepEqual([...copy.entries()], [...ported.entries()]);
    });
  }

  it('refuses rows that are not of its form', () => {
    const broken = (words: number[]) => () =>
      new PortedMap().loadRow(1, new Uint8Array(Uint32Array.from(words).buffer));
    assert.throws(broken([]), RangeError);
    assert.throws(broken([2 << 20, 1 << 20]), RangeError);
    assert.throws(broken([1_000 << 20]), RangeError);
    assert.throws(() => new PortedMap().loadRow(1, new Uint8Array(5)), RangeError);
  });
});

describe('the map of prefixes', () => {
  it('finds what a walk over all lengths finds, for numbers and for ranges', () => {
    const random = randomFrom(seed);
    const draw = (below: number): number => Math.floor(random() * below);
    const prefixes = new PrefixMap();
    const model = new Map<string, number>();
    const longest = (digits: string): number => {
      for (let length = digits.length; length > 0; length--) {
        const route = model.get(digits.slice(0, length));
        if (route !== undefined) return route;
      }
      return NO_PREFIX;
    };
    const digits = (length: number): string =>
      Array.from({ length }, () => String(draw(3))).join('');
    for (let step = 0; step < 300; step++) {
      const prefix = digits(1 + draw(5));
      const route = draw(2);
      prefixes.set(key(prefix), route);
      model.set(prefix, route);
      const number = digits(1 + draw(5));
      assert.equal(prefixes.find(key(number), number.length), longest(number));
      const from = key(number);
      const to = from + draw(Math.min(40, 2 * 10 ** number.length - from));
      const expected = Array.from({ length: to - from + 1 }, (_, index) =>
        longest(digitsOf(from + index)),
      ).every((found) => found === 1);
      assert.equal(
        prefixes.everyRoute(from, to, (found) => found === 1),
        expected,
      );
    }
    assert.equal(prefixes.size, model.size);
  });
});

/** A random transaction over a small number space, valid or not. */
function randomBody(random: () => number): TransactionBody {
  const draw = (below: number): number => Math.floor(random() * below);
  const base = key('8611000');
  const members = ['a', 'b', 'c'];
  const by = members[draw(3)]!;
  const range = () => {
    const from = base + draw(3_000);
    return { from, to: from + draw(120) };
  };
  switch (draw(6)) {
    case 0:
      return { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges: [range()] };
    case 1:
    case 2:
      return {
        kind: 'allocate',
        member: by,
        identity: 'msisdn',
        ranges: [range()],
        route: `${by}1`,
      };
    default: {
      const count = 1 + draw(3);
      const numbers = new Set(Array.from({ length: count }, () => base + draw(3_000)));
      return {
        kind: 'port',
        identity: 'msisdn',
        numbers: [...numbers].sort((x, y) => x - y),
        donor: members[draw(3)]!,
        recipient: by,
        route: `${by}1`,
      };
    }
  }
}

describe('number space as a whole', () => {
  it('says of each number what a map of single numbers says', () => {
    const random = randomFrom(seed);
    const chain = TestChain.founded();
    const { state } = chain;
    const base = key('8611000');
    const routeOwner: Record<string, number> = { a1: 1, b1: 2, c1: 3 };
    /** By number: home ('pool' or member) and, where ported, the member that has it. */
    const model = new Map<number, { home: number | 'pool'; away?: number }>();
    const at = (number: number) => model.get(number) ?? { home: 1 };
    let accepted = 0;
    for (let step = 0; step < 1_200; step++) {
      const body = randomBody(random);
      const isOk = chain.try(body) === 'OK';
      if (isOk) accepted++;
      const numbersOf = (ranges: { from: number; to: number }[]): number[] =>
        ranges.flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, index) => from + index),
        );
      let expected: boolean;
      if (body.kind === 'inject-pool') {
        const numbers = numbersOf(body.ranges);
        expected = numbers.every((number) => !model.has(number));
        if (expected) for (const number of numbers) model.set(number, { home: 'pool' });
      } else if (body.kind === 'allocate') {
        const numbers = numbersOf(body.ranges);
        expected = numbers.every((number) => at(number).home === 'pool');
        const home = routeOwner[body.route]!;
        if (expected) for (const number of numbers) model.set(number, { home });
      } else if (body.kind === 'port') {
        const [donor, recipient] = [body.donor, body.recipient].map((id) => routeOwner[`${id}1`]!);
        expected =
          donor !== recipient &&
          body.numbers.every((number) => (at(number).away ?? at(number).home) === donor);
        if (expected) {
          for (const number of body.numbers) {
            const { home } = at(number);
            if (home !== recipient) model.set(number, { home, away: recipient! });
            else if (home === 1 && !state.spaces.msisdn.runs.find(number)) model.delete(number);
            else model.set(number, { home });
          }
        }
      } else {
        throw new TypeError(body.kind);
      }
      assert.equal(isOk, expected, JSON.stringify(body));
    }
    assert.ok(accepted > 20, `only ${accepted} transactions were valid`);
    for (let number = base - 10; number < base + 3_200; number++) {
      const { home, away } = at(number);
      assert.equal(state.homeOf('msisdn', number, lengthOf(number)), home);
      const route = state.spaces.msisdn.ported.get(number);
      assert.equal(route === NOT_PORTED ? undefined : state.routeOwner(route), away);
    }
  });

  it('has the commitment of the same rows loaded from scratch, after every block', () => {
    const random = randomFrom(seed);
    const chain = new TestChain();
    const rows = new Map<string, Row>();
    const keep = (changed: readonly Row[]): void => {
      for (const { table, id, bytes } of changed) {
        if (bytes) rows.set(`${table} ${id}`, { table, id, bytes: Uint8Array.from(bytes) });
        else rows.delete(`${table} ${id}`);
      }
    };
    keep(LedgerState.genesis(authorityPublicKey).takeChangedRows());
    const rank = ({ table }: Row): number => TABLES.indexOf(table);
    for (let block = 0; block < 40; block++) {
      const { rows: changed, appHash } = chain.block(
        block === 0 ? foundation : Array.from({ length: 12 }, () => randomBody(random)),
      );
      keep(changed);
      const loaded = new LedgerState();
      const sorted = [...rows.values()].sort((x, y) => rank(x) - rank(y) || x.id - y.id);
      for (const { table, id, bytes } of sorted) loaded.loadRow({ table, id, bytes: bytes! });
      assert.deepEqual(loaded.appHash(), appHash);
      assert.deepEqual([...loaded.entries()], [...chain.state.entries()]);
      assert.deepEqual(loaded.takeChangedRows(), []);
    }
  });
});
