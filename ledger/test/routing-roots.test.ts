// The routing hash from entries alone: the one that the state commits to, and another for any entries
// that differ.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENTRY_KINDS, type EntryChange } from '../entry.ts';
import { IDENTITIES } from '../number.ts';
import { sha256 } from '../sha256.ts';
import { rootsOf, routingBytes } from '../state/commitment.ts';
import { HashTree } from '../state/hash-tree.ts';
import { loadSinglesRow } from '../state/number-rows.ts';
import { NOT_PORTED } from '../state/ported-map.ts';
import { type EntryColumns, RoutingRoots, routesRoot } from '../state/routing-roots.ts';
import { SortedTree } from '../state/sorted-tree.ts';
import { LedgerState } from '../state/state.ts';
import type { Row } from '../state/tables.ts';
import { compareRows } from '../store/row-codec.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { authorityPublicKey, foundation, key, TestChain } from './consortium.ts';
import { opening, randomBody } from './random-bodies.ts';
import { randomFrom, seed } from './seed.ts';

const random = randomFrom(seed);
/** Entries that come at a time: rows then end in the middle of a page and at its end. */
const PAGE = 7;

type Entry = Pick<EntryChange, 'identity' | 'entry' | 'from' | 'to'> & { route: number };

/** The entries in the order of an index. */
function inOrder(entries: Iterable<EntryChange>): Entry[] {
  const kind = (one: Entry): number => ENTRY_KINDS.indexOf(one.entry);
  return [...entries]
    .map((one) => ({ ...one, route: one.route! }))
    .sort((one, other) => kind(one) - kind(other) || one.from - other.from || other.to - one.to);
}

function routingOf(entries: readonly Entry[]): Uint8Array {
  const roots = new RoutingRoots();
  for (const identity of IDENTITIES) {
    for (const kind of ENTRY_KINDS) {
      const own = entries.filter((one) => one.identity === identity && one.entry === kind);
      for (let at = 0; at < own.length; at += PAGE) {
        roots.add(identity, kind, columnsOf(own.slice(at, at + PAGE)));
      }
    }
  }
  return routingBytes(roots.roots());
}

function columnsOf(entries: readonly Entry[]): EntryColumns {
  return {
    count: entries.length,
    from: Float64Array.from(entries, ({ from }) => from),
    to: Float64Array.from(entries, ({ to }) => to),
    routes: Uint32Array.from(entries, ({ route }) => route),
  };
}

/** Two runs, a part of one and ported numbers, where random bodies do not come: they are always there. */
const lasting: TransactionBody[] = [
  {
    kind: 'inject-pool',
    member: 'b',
    identity: 'msisdn',
    ranges: [{ from: key('8615000'), to: key('8615299') }],
  },
  {
    kind: 'allocate',
    member: 'b',
    identity: 'msisdn',
    ranges: [
      { from: key('8615000'), to: key('8615049') },
      { from: key('8615100'), to: key('8615149') },
    ],
    route: 'b1',
  },
  {
    kind: 'transfer',
    identity: 'msisdn',
    transferor: 'b',
    recipient: 'c',
    ranges: [{ from: key('8615010'), to: key('8615019') }],
    route: 'c1',
  },
  {
    kind: 'port',
    identity: 'msisdn',
    numbers: [key('8615020'), key('8615021')],
    donor: 'b',
    recipient: 'a',
    route: 'a1',
  },
];

/** A state with runs, parts of them and ported numbers, in buckets that are full, sparse and shared. */
function someState() {
  const chain = new TestChain();
  for (const body of [...foundation, ...opening, ...lasting]) {
    assert.deepEqual(chain.block([body]).codes, ['OK'], JSON.stringify(body));
  }
  for (let block = 0; block < 150; block++) {
    chain.block(Array.from({ length: 4 }, () => randomBody(random, chain.state)));
  }
  return chain.state;
}

const state = someState();
const entries = inOrder(state.entries());
const vouched = { state: state.stateBytes(), routing: routingOf(entries) };

describe('the routing hash from entries alone', () => {
  it('is the one that the app hash covers', () => {
    assert.deepEqual(sha256(vouched.state), state.appHash());
    assert.ok(rootsOf(vouched), 'the routing hash is that of the state');
    for (const kind of ENTRY_KINDS) {
      assert.ok(entries.filter(({ entry }) => entry === kind).length > 1, `several of ${kind}`);
    }
    const runs = entries.filter(({ entry }) => entry === 'fragmented');
    const parts = runs.filter(({ from }, at) => at > 0 && from <= runs[at - 1]!.to);
    assert.ok(parts.length > 0, 'some runs have parts');
  });

  it('is another for an entry more, less, elsewhere or with another route', () => {
    const at = Math.floor(random() * entries.length);
    const one = entries[at]!;
    const without = entries.filter((_, index) => index !== at);
    const routed = entries.with(at, { ...one, route: one.route ^ 1 });
    const added = inOrder([
      ...entries,
      {
        identity: 'imsi',
        entry: 'ported',
        from: key('4600012345'),
        to: key('4600012345'),
        route: 0,
      },
    ]);
    const elsewhere = entries.map((each) =>
      each === one ? { ...each, identity: each.identity === 'imsi' ? 'msisdn' : 'imsi' } : each,
    ) as Entry[];
    for (const other of [without, routed, added]) {
      assert.equal(rootsOf({ ...vouched, routing: routingOf(other) }), undefined);
    }
    try {
      const routing = routingOf(inOrder(elsewhere));
      assert.equal(rootsOf({ ...vouched, routing }), undefined);
    } catch (error) {
      assert.ok(error instanceof RangeError, 'a run that meets another');
    }
  });

  it('is refused for entries out of order, twice, or nested as no ledger has them', () => {
    const run = (from: number, to: number): Entry => {
      return { identity: 'msisdn', entry: 'fragmented', from, to, route: 0 };
    };
    const ported = (from: number): Entry => {
      return { identity: 'msisdn', entry: 'ported', from, to: from, route: 0 };
    };
    for (const broken of [
      [ported(1_500), ported(1_400)],
      [ported(1_500), ported(1_500)],
      [{ ...ported(1_500), route: 2 ** 20 }],
      [ported(Number.NaN)],
      [run(1_100, 1_300), run(1_200, 1_400)],
      [run(1_100, 1_400), run(1_100, 1_300), run(1_150, 1_200)],
      [run(1_100, 1_100), run(1_100, 1_100)],
      [run(1_200, 1_300), run(1_100, 1_150)],
      [
        { ...ported(1_500), entry: 'prefix' as const },
        { ...ported(1_400), entry: 'prefix' as const },
      ],
      [{ ...run(1_100, 1_300), route: 2 ** 20 }],
    ]) {
      assert.throws(() => routingOf(broken), RangeError, JSON.stringify(broken));
    }
  });
});

describe('numbers transferred alone', () => {
  const numbers = ['8611005', '8611007', '8611009', '8611011'].map(key) as [number, ...number[]];
  const [portedOn, alone, ported] = numbers as [number, number, number];
  const ranges = [{ from: key('8611000'), to: key('8611049') }];
  const identity = 'msisdn';
  const rows = new Map<string, Row>();
  const chain = new TestChain();
  const keep = (changed: readonly Row[]): void => {
    for (const row of changed) {
      const bytes = row.bytes && Uint8Array.from(row.bytes);
      if (bytes) rows.set(`${row.table} ${row.id}`, { ...row, bytes });
      else rows.delete(`${row.table} ${row.id}`);
    }
  };
  keep(LedgerState.genesis(authorityPublicKey).takeChangedRows());
  const transfer = (number: number): TransactionBody => ({
    ...{ kind: 'transfer', identity, transferor: 'b', recipient: 'c', route: 'c1' },
    ranges: [{ from: number, to: number }],
  });
  const port = (number: number, donor: string): TransactionBody => {
    return { kind: 'port', identity, numbers: [number], donor, recipient: 'a', route: 'a1' };
  };
  for (const body of [
    ...foundation,
    { kind: 'inject-pool', member: 'a', identity, ranges } as const,
    { kind: 'allocate', member: 'b', identity, ranges, route: 'b1' } as const,
    transfer(portedOn),
    transfer(alone),
    port(portedOn, 'c'),
    port(ported, 'b'),
  ]) {
    const { codes, rows: changed } = chain.block([body]);
    assert.deepEqual(codes, ['OK'], JSON.stringify(body));
    keep(changed);
  }
  const { state: own } = chain;

  it('are ported entries of the index, and the routing hash follows from these', () => {
    const entriesOwn = inOrder(own.entries());
    assert.deepEqual(
      entriesOwn.filter(({ entry }) => entry === 'ported').map(({ from }) => from),
      [portedOn, alone, ported],
    );
    assert.ok(rootsOf({ state: own.stateBytes(), routing: routingOf(entriesOwn) }));
  });

  it('come back from the rows as what they are, also below a port', () => {
    const loaded = new LedgerState();
    for (const { table, id, bytes } of [...rows.values()].sort(compareRows)) {
      loaded.loadRow({ table, id, bytes: bytes! });
    }
    assert.deepEqual(loaded.appHash(), own.appHash());
    assert.deepEqual(loaded.takeChangedRows(), []);
    for (const state of [own, loaded]) {
      const { ported: ports } = state.spaces[identity];
      const isPorted = numbers.map((number) => ports.get(number) !== NOT_PORTED);
      assert.deepEqual(isPorted, [true, false, true, false]);
      const homes = numbers.map((number) => {
        const home = state.homeOf(identity, number, 7) as number;
        return state.members[home]!.id;
      });
      assert.deepEqual(homes, ['c', 'c', 'b', 'b']);
    }
  });

  it('are refused in a row that does not fit the row of ported numbers', () => {
    const id = Math.floor(portedOn / 1_000);
    const word = (number: number, route: number) => ((number % 1_000) << 20) + route;
    const flag = 2 ** 31;
    const [route] = [own.spaces[identity].transferred.find(alone)!.value];
    for (const words of [
      [],
      [word(alone, route + 1)],
      [word(alone + 1, route)],
      [word(alone + 1, route) + flag],
      [word(alone, route), word(alone, route)],
      [word(ported, 0), word(alone, route)],
      [(1_000 << 20) + route],
    ]) {
      const space = new LedgerState().spaces[identity];
      space.ported.loadRow(id, rows.get(`ported msisdn ${id}`)!.bytes!);
      const bytes = new Uint8Array(Uint32Array.from(words).buffer);
      assert.throws(() => loadSinglesRow(space, id, bytes), RangeError, words.join());
    }
  });
});

describe('the root of the routes from routes alone', () => {
  it('is the one that the app hash covers, and another for a route that differs', () => {
    const expected = rootsOf(vouched)!.get('routes')!;
    assert.deepEqual(Buffer.from(routesRoot(state.routes)), Buffer.from(expected));
    const at = Math.floor(random() * state.routes.length);
    const one = state.routes[at]!;
    const changed = state.routes.with(at, { ...one, port: one.port ^ 1 });
    assert.notDeepEqual(Buffer.from(routesRoot(changed)), Buffer.from(expected));
    assert.notDeepEqual(Buffer.from(routesRoot(state.routes.slice(1))), Buffer.from(expected));
  });
});

describe('a tree of leaves that come in order', () => {
  it('has the root of the tree that holds them', () => {
    const shapes: Record<string, number[]> = {
      none: [],
      'one, the first of all': [0],
      'one, the last of all': [1_999_999_999_999_999],
      'two at the ends': [0, 1_999_999_999_999_999],
      dense: Array.from({ length: 20_500 }, (_, at) => 7_990_000 + at),
      sparse: Array.from({ length: 500 }, () => Math.floor(random() * 2e15)),
      clustered: Array.from({ length: 30 }, () => Math.floor(random() * 2e12)).flatMap((first) =>
        Array.from({ length: 40 }, (_, at) => first + at * Math.ceil(random() * 90)),
      ),
    };
    for (const [shape, ids] of Object.entries(shapes)) {
      const held = new HashTree(3);
      const sorted = new SortedTree(3);
      for (const id of [...new Set(ids)].sort((one, other) => one - other)) {
        const row = Buffer.alloc(1 + (id % 50), id % 251);
        held.set(id, row);
        sorted.row.set(row);
        sorted.add(id, row.length);
      }
      assert.deepEqual(Buffer.from(sorted.root()), Buffer.from(held.root()), shape);
    }
  });
});
