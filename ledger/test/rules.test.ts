// Every result that a transaction can have, and that a refused one changes nothing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Identity } from '../number.ts';
import {
  type ChangeRoute,
  ITEMS_MAX,
  type Port,
  type TransactionBody,
} from '../transaction-body.ts';
import { TRANSACTION_CODES } from '../transaction-code.ts';
import { signTransaction, TRANSACTION_BYTES_MAX } from '../transaction-codec.ts';
import { chainId, foundation, key, keyOf, member, route, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const range = (from: string, to: string) => ({ from: key(from), to: key(to) });
const identity: Identity = 'msisdn';

function port(donor: string, recipient: string, numbers: string[], by = `${recipient}1`): Port {
  return { kind: 'port', identity, numbers: numbers.map(key), donor, recipient, route: by };
}
function inject(owner: string, ...ranges: { from: number; to: number }[]): TransactionBody {
  return { kind: 'inject-pool', member: owner, identity, ranges };
}
function allocate(
  owner: string,
  by: string,
  ...ranges: { from: number; to: number }[]
): TransactionBody {
  return { kind: 'allocate', member: owner, identity, ranges, route: by };
}
function declare(owner: string, ...routes: ReturnType<typeof route>[]): TransactionBody {
  return { kind: 'declare-routes', member: owner, routes };
}
function assign(...assignments: { route: string; prefixes: string[] }[]): TransactionBody {
  return {
    kind: 'assign-prefixes',
    identity,
    assignments: assignments.map(({ route, prefixes }) => ({
      route,
      prefixes: prefixes.map(key),
    })),
  };
}

function transfer(
  from: string,
  to: string,
  ranges: { from: number; to: number }[],
  by = `${to}1`,
): TransactionBody {
  return { kind: 'transfer', identity, ranges, transferor: from, recipient: to, route: by };
}
function release(owner: string, ...ranges: { from: number; to: number }[]): TransactionBody {
  return { kind: 'release', member: owner, identity, ranges };
}
function changeRoute(owner: string, by: string, more: Partial<ChangeRoute>): ChangeRoute {
  const nothing = { prefixes: [], ranges: [], numbers: [] };
  return { kind: 'change-route', member: owner, identity, route: by, ...nothing, ...more };
}

/** Refused on a chain with the foundation, a pool 8611000–8611999, a run in it, and a port. */
const refused: Refusal[] = [
  ['BCHF_TX_TOO_LARGE', 'bytes', new Uint8Array(TRANSACTION_BYTES_MAX + 1)],
  ['BCHF_TX_MALFORMED', 'no transaction', Uint8Array.of(1, 2, 3)],
  ['BCHF_TX_MALFORMED', 'no items', port('a', 'b', [])],
  ['BCHF_TX_MALFORMED', 'no ranges', inject('a')],
  ['BCHF_TX_MALFORMED', 'no routes', declare('a')],
  ['BCHF_TX_MALFORMED', 'no assignments', assign()],
  ['BCHF_TX_MALFORMED', 'an id of a space', port('a', 'b', ['8610000'], ' ')],
  ['BCHF_TX_MALFORMED', 'a route twice', declare('a', route('x', 'a'), route('x', 'a'))],
  ['BCHF_TX_MALFORMED', 'a route to nowhere', declare('a', route('x', 'a', { fqdn: 'no name' }))],
  ['BCHF_TX_MALFORMED', 'a port of 0', declare('a', route('x', 'a', { port: 0 }))],
  [
    'BCHF_TX_MALFORMED',
    'a member without a name',
    { kind: 'admit-members', members: [{ ...member('d'), name: '' }] },
  ],
  [
    'BCHF_TX_MALFORMED',
    'a member twice',
    { kind: 'admit-members', members: [member('d'), member('d')] },
  ],
  [
    'BCHF_TX_TOO_MANY_ITEMS',
    'prefixes in all',
    {
      kind: 'assign-prefixes',
      identity,
      assignments: ['a1', 'b1'].map((by, half) => ({
        route: by,
        prefixes: Array.from(
          { length: ITEMS_MAX / 2 + 1 },
          (_, index) => key(`${half + 1}00000`) + index,
        ),
      })),
    },
  ],
  ['BCHF_TX_MALFORMED_NUMBER', 'no number key', { ...port('a', 'b', []), numbers: [2_345] }],
  ['BCHF_TX_MALFORMED_NUMBER', 'a key of 0', { ...port('a', 'b', []), numbers: [0] }],
  ['BCHF_TX_MALFORMED_NUMBER', 'two lengths', inject('a', range('8610000', '86199999'))],
  ['BCHF_TX_NOT_ASCENDING', 'numbers', port('a', 'b', ['8610001', '8610000'])],
  ['BCHF_TX_NOT_ASCENDING', 'a number twice', port('a', 'b', ['8610001', '8610001'])],
  ['BCHF_TX_NOT_ASCENDING', 'a range', inject('a', range('8610009', '8610000'))],
  [
    'BCHF_TX_NOT_ASCENDING',
    'ranges',
    inject('a', range('8610100', '8610199'), range('8610000', '8610099')),
  ],
  [
    'BCHF_TX_OVERLAPPING_RANGES',
    'ranges',
    inject('a', range('8610000', '8610100'), range('8610100', '8610199')),
  ],
  [
    'BCHF_TX_OVERLAPPING_RANGES',
    'a prefix twice',
    assign({ route: 'a1', prefixes: ['87'] }, { route: 'b1', prefixes: ['87'] }),
  ],
  ['BCHF_TX_UNKNOWN_MEMBER', 'donor', port('d', 'b', ['8610000'])],
  ['BCHF_TX_UNKNOWN_MEMBER', 'recipient', port('a', 'd', ['8610000'])],
  ['BCHF_TX_UNKNOWN_MEMBER', 'signer', inject('d', range('8610000', '8610009'))],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that injects',
    inject('consortium', range('8610000', '8610009')),
  ],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that allocates',
    allocate('consortium', 'a1', range('8611500', '8611509')),
  ],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that declares routes',
    declare('consortium', route('x', 'consortium')),
  ],
  ['BCHF_TX_UNKNOWN_MEMBER', 'the authority is no recipient', port('a', 'consortium', ['8610000'])],
  [
    'BCHF_TX_REPLAYED',
    'an old sequence',
    signTransaction(inject('a', range('8610000', '8610009')), 1, chainId, [keyOf('a')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'the first signer',
    signTransaction(port('a', 'b', ['8610000']), 1_000, chainId, [keyOf('c'), keyOf('b')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'the second signer',
    signTransaction(port('a', 'b', ['8610000']), 1_000, chainId, [keyOf('a'), keyOf('c')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'another chain',
    signTransaction(inject('a', range('8610000', '8610009')), 1_000, 'other', [keyOf('a')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'a member in place of the authority',
    signTransaction({ kind: 'admit-members', members: [member('d')] }, 1_000, chainId, [
      keyOf('a'),
    ]),
  ],
  ['BCHF_TX_MEMBER_EXISTS', '', { kind: 'admit-members', members: [member('d'), member('a')] }],
  [
    'BCHF_TX_MEMBER_EXISTS',
    'the authority',
    { kind: 'admit-members', members: [member('consortium')] },
  ],
  ['BCHF_TX_UNKNOWN_ROUTE', 'to port to', port('a', 'b', ['8610000'], 'x')],
  ['BCHF_TX_UNKNOWN_ROUTE', 'to allocate to', allocate('b', 'x', range('8611500', '8611509'))],
  ['BCHF_TX_UNKNOWN_ROUTE', 'to assign to', assign({ route: 'x', prefixes: ['87'] })],
  ['BCHF_TX_FOREIGN_ROUTE', 'to port to', port('a', 'b', ['8610000'], 'c1')],
  ['BCHF_TX_FOREIGN_ROUTE', 'to allocate to', allocate('b', 'c1', range('8611500', '8611509'))],
  ['BCHF_TX_FOREIGN_ROUTE', 'declared for another', declare('a', route('x', 'b'))],
  ['BCHF_TX_FOREIGN_ROUTE', 'id of another', declare('a', route('b1', 'a'))],
  ['BCHF_TX_NOT_OWNER', 'a number of another', port('a', 'c', ['8610000', '8620000'])],
  ['BCHF_TX_NOT_OWNER', 'a number of nobody', port('a', 'c', ['9990000'])],
  ['BCHF_TX_NOT_OWNER', 'a number ported away', port('a', 'b', ['8612345'])],
  ['BCHF_TX_NOT_OWNER', 'a number allocated to another', port('a', 'b', ['8611005'])],
  ['BCHF_TX_NOT_OWNER', 'a longer prefix inside', inject('a', range('8614900', '8615000'))],
  ['BCHF_TX_NOT_PURCHASER', 'no prefix', inject('a', range('9990000', '9990001'))],
  ['BCHF_TX_NOT_OWNER', 'a prefix of another', inject('a', range('8620000', '8620001'))],
  ['BCHF_TX_NOT_FREE', 'injected already', inject('a', range('8610999', '8611500'))],
  ['BCHF_TX_NOT_FREE', 'allocated already', inject('a', range('8611000', '8611001'))],
  ['BCHF_TX_NOT_FREE', 'ported', inject('a', range('8612340', '8612349'))],
  ['BCHF_TX_NOT_FREE', 'outside of the pool', allocate('b', 'b1', range('8611990', '8612000'))],
  ['BCHF_TX_NOT_FREE', 'taken', allocate('b', 'b1', range('8611009', '8611020'))],
  ['BCHF_TX_IN_POOL', '', port('a', 'b', ['8611500'])],
  ['BCHF_TX_SAME_MEMBER', 'port', port('a', 'a', ['8610000'])],
  ['BCHF_TX_SAME_MEMBER', 'transfer', transfer('c', 'c', [range('8611000', '8611001')])],
  [
    'BCHF_TX_STALE',
    'one millisecond',
    signTransaction(
      inject('a', range('8610000', '8610009')),
      1_000,
      chainId,
      [keyOf('a')],
      1_799_999_999_999,
    ),
  ],
  ['BCHF_TX_UNKNOWN_MEMBER', 'transferor', transfer('d', 'b', [range('8611000', '8611001')])],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that takes over',
    transfer('c', 'consortium', [range('8611000', '8611001')], 'a1'),
  ],
  ['BCHF_TX_UNKNOWN_MEMBER', 'who releases', release('consortium', range('8611000', '8611001'))],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'who changes a route',
    changeRoute('consortium', 'a1', { numbers: [key('8612345')] }),
  ],
  [
    'BCHF_TX_UNKNOWN_ROUTE',
    'to transfer to',
    transfer('c', 'b', [range('8611000', '8611001')], 'x'),
  ],
  [
    'BCHF_TX_FOREIGN_ROUTE',
    'to transfer to',
    transfer('c', 'b', [range('8611000', '8611001')], 'a1'),
  ],
  ['BCHF_TX_FOREIGN_ROUTE', 'to change to', changeRoute('a', 'b1', { prefixes: [key('861')] })],
  ['BCHF_TX_NOT_OWNER', 'a run of another', transfer('b', 'a', [range('8611000', '8611001')])],
  ['BCHF_TX_NOT_OWNER', 'a run ported out of', transfer('c', 'a', [range('8611000', '8611009')])],
  ['BCHF_TX_NOT_OWNER', 'to release', release('b', range('8611000', '8611001'))],
  ['BCHF_TX_NOT_OWNER', 'a prefix of another', changeRoute('a', 'a2', { prefixes: [key('862')] })],
  ['BCHF_TX_NOT_OWNER', 'no prefix', changeRoute('a', 'a2', { prefixes: [key('8610')] })],
  [
    'BCHF_TX_NOT_OWNER',
    'the run of another to lead',
    changeRoute('a', 'a2', { ranges: [range('8611000', '8611001')] }),
  ],
  [
    'BCHF_TX_NOT_OWNER',
    'a number not ported',
    changeRoute('a', 'a2', { numbers: [key('8610000')] }),
  ],
  [
    'BCHF_TX_NOT_OWNER',
    'a number ported to another',
    changeRoute('a', 'a2', { numbers: [key('8612345')] }),
  ],
  ['BCHF_TX_IN_POOL', 'to transfer', transfer('c', 'a', [range('8611008', '8611010')])],
  ['BCHF_TX_NOT_ALLOCATED', 'to transfer', transfer('a', 'b', [range('8610000', '8610001')])],
  ['BCHF_TX_NOT_ALLOCATED', 'to release', release('a', range('8610000', '8610001'))],
  [
    'BCHF_TX_NOT_ALLOCATED',
    'to lead elsewhere',
    changeRoute('a', 'a2', { ranges: [range('8610000', '8610001')] }),
  ],
  ['BCHF_TX_PORTED', 'to transfer', transfer('b', 'a', [range('8611009', '8611009')])],
  ['BCHF_TX_PORTED', 'to release', release('b', range('8611009', '8611009'))],
  ['BCHF_TX_MALFORMED', 'nothing to lead elsewhere', changeRoute('a', 'a2', {})],
  [
    'BCHF_TX_TOO_MANY_ITEMS',
    'prefixes and numbers to lead elsewhere',
    changeRoute('a', 'a2', {
      prefixes: Array.from({ length: ITEMS_MAX / 2 + 1 }, (_, index) => key('1000000') + index),
      numbers: Array.from({ length: ITEMS_MAX / 2 }, (_, index) => key('1000000') + index),
    }),
  ],
];

describe('a refused transaction', () => {
  const chain = TestChain.founded();
  const { codes } = chain.block([
    inject('a', range('8611000', '8611999')),
    allocate('c', 'c1', range('8611000', '8611009')),
    port('a', 'c', ['8612345']),
    port('c', 'b', ['8611009']),
  ]);
  assert.deepEqual(new Set(codes), new Set(['OK']));

  testRefusals(chain, refused);

  it('is one when members or routes are too many', () => {
    const small = new TestChain({ membersMax: 4, routesMax: 2 });
    const [admit, declareTwo, declareOne] = foundation;
    assert.deepEqual(small.block([admit!, declareTwo!, declareOne!]).codes, [
      'OK',
      'OK',
      'BCHF_TX_ROUTE_LIMIT',
    ]);
    assert.equal(small.try(declare('a', route('a2', 'a', { port: 1 }))), 'OK');
    const more: TransactionBody = { kind: 'admit-members', members: [member('d')] };
    assert.equal(small.try(more), 'BCHF_TX_MEMBER_LIMIT');
  });

  it('is tested for every code', () => {
    // Each code that a test expects stands in its source; those behind a limit have tests of their own.
    const sources = ['rules', 'money', 'roaming', 'terminal-keys', 'quorum']
      .map((name) => new URL(`../../../ledger/test/${name}.test.ts`, import.meta.url))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
    const untested = TRANSACTION_CODES.filter((code) => !sources.includes(`'${code}'`));
    assert.deepEqual(untested, []);
  });

  it('does not use up its sequence', () => {
    const founded = TestChain.founded();
    const later = signTransaction(port('a', 'b', ['8610000']), 500, chainId, [
      keyOf('a'),
      keyOf('b'),
    ]);
    const early = signTransaction(port('a', 'c', ['8620000']), 400, chainId, [
      keyOf('a'),
      keyOf('c'),
    ]);
    assert.deepEqual(founded.block([early, later, later]).codes, [
      'BCHF_TX_NOT_OWNER',
      'OK',
      'BCHF_TX_REPLAYED',
    ]);
  });
});

describe('the rules', () => {
  it('let an allocation become one run for each stretch of touching ranges', () => {
    const chain = TestChain.founded();
    const { changes, codes } = chain.block([
      inject('a', range('8611000', '8611099'), range('8611100', '8611199')),
      allocate('b', 'b1', range('8611010', '8611019'), range('8611020', '8611105')),
      allocate('b', 'b1', range('8611106', '8611109'), range('8611120', '8611120')),
    ]);
    assert.deepEqual(codes, ['OK', 'OK', 'OK']);
    const run = (from: string, to: string) => ({
      identity,
      entry: 'fragmented',
      ...range(from, to),
      route: 2,
    });
    assert.deepEqual(changes, [
      run('8611010', '8611105'),
      run('8611106', '8611109'),
      run('8611120', '8611120'),
    ]);
    // Free numbers are on both sides of the runs and between them.
    const { free } = chain.state.spaces.msisdn;
    assert.deepEqual(
      [...free.between(0, Number.MAX_SAFE_INTEGER)].map(({ start, end }) => ({
        from: start,
        to: end,
      })),
      [range('8611000', '8611009'), range('8611110', '8611119'), range('8611121', '8611199')],
    );
  });

  it('port a number on and on, and back home without an entry left', () => {
    const chain = TestChain.founded();
    const number = key('8611234');
    const entry = { identity, entry: 'ported', from: number, to: number };
    assert.deepEqual(
      chain.block([
        port('a', 'b', ['8611234']),
        port('b', 'c', ['8611234']),
        port('c', 'a', ['8611234']),
      ]).changes,
      [
        { ...entry, route: 2 },
        { ...entry, route: 3 },
        { ...entry, route: null },
      ],
    );
    assert.equal(chain.state.spaces.msisdn.ported.size, 0);
  });

  it('port out of an allocated run and home to it, the run untouched', () => {
    const chain = TestChain.founded();
    const { codes, changes } = chain.block([
      inject('a', range('8611000', '8611099')),
      allocate('b', 'b1', range('8611000', '8611049')),
      port('b', 'a', ['8611007'], 'a2'),
      port('a', 'b', ['8611007']),
    ]);
    assert.deepEqual(codes, ['OK', 'OK', 'OK', 'OK']);
    assert.deepEqual(
      changes.map(({ entry, route }) => [entry, route]),
      [
        ['fragmented', 2],
        ['ported', 1],
        ['ported', null],
      ],
    );
  });

  it('change a known route in place, for its owner', () => {
    const chain = TestChain.founded();
    const { changedRoutes, codes } = chain.block([
      declare('a', route('a2', 'a', { port: 9 }), route('a3', 'a')),
    ]);
    assert.deepEqual(codes, ['OK']);
    assert.deepEqual(changedRoutes, [1, 4]);
    assert.equal(chain.state.routes[1]!.port, 9);
  });

  it('let the first of two claims on the same free numbers win', () => {
    const chain = TestChain.founded();
    assert.deepEqual(
      chain.block([
        inject('a', range('8611000', '8611099')),
        allocate('c', 'c1', range('8611000', '8611009')),
        allocate('b', 'b1', range('8611000', '8611009')),
      ]).codes,
      ['OK', 'OK', 'BCHF_TX_NOT_FREE'],
    );
  });

  it('take a run apart and put it together again, back to the same root', () => {
    const chain = TestChain.founded();
    const [first, last] = [key('8611000'), key('8611999')];
    chain.block([
      inject('a', range('8611000', '8611999')),
      allocate('b', 'b1', { from: first, to: last }),
    ]);
    const { state } = chain;
    const entries = () => [...state.entries()].filter(({ entry }) => entry === 'fragmented');
    const space = state.spaces.msisdn;
    const before = entries();
    const others = Array.from({ length: 500 }, (_, at) => ({
      from: first + 2 * at,
      to: first + 2 * at,
    }));
    const between = others.map(({ from }) => ({ from: from + 1, to: from + 1 }));
    assert.equal(chain.try(transfer('b', 'c', others)), 'OK');
    assert.equal(space.transferred.size, 500);
    assert.equal(chain.try(transfer('c', 'b', others)), 'OK');
    assert.deepEqual(entries(), before);
    assert.equal(space.transferred.size, 0);
    // All of it in two steps is a run of the other member, and so is all of it back.
    assert.equal(chain.try(transfer('b', 'c', others)), 'OK');
    assert.equal(chain.try(transfer('b', 'c', between)), 'OK');
    assert.deepEqual(entries(), [{ ...before[0], route: 3 }]);
    assert.equal(space.transferred.size, 0);
    assert.equal(chain.try(transfer('c', 'b', between)), 'OK');
    assert.equal(chain.try(transfer('c', 'b', others)), 'OK');
    assert.deepEqual(entries(), before);
    // Only the sequences differ from a chain on which the same members signed as often.
    const other = TestChain.founded();
    other.block([
      inject('a', range('8611000', '8611999')),
      allocate('b', 'b1', { from: first, to: last }),
    ]);
    for (const each of [chain, other]) {
      for (const id of ['a', 'b', 'c']) each.state.setSequence(each.state.memberNumber(id)!, 5_000);
      each.state.takeChangedRows();
    }
    assert.deepEqual(chain.state.appHash(), other.state.appHash());
  });

  it('keep the ends of a run and of its parts when some of it is released', () => {
    const chain = TestChain.founded();
    const { codes } = chain.block([
      inject('a', range('8611000', '8611099')),
      allocate('b', 'b1', range('8611000', '8611099')),
      transfer('b', 'c', [range('8611050', '8611099')]),
      release('b', range('8611010', '8611049')),
    ]);
    assert.deepEqual(new Set(codes), new Set(['OK']));
    const space = chain.state.spaces.msisdn;
    assert.deepEqual(
      [...space.runEntries()],
      [
        { start: key('8611000'), end: key('8611009'), value: 2 },
        { start: key('8611050'), end: key('8611099'), value: 3 },
      ],
    );
    assert.equal(space.transferred.size, 0);
    assert.deepEqual(
      [...space.free.between(0, Number.MAX_SAFE_INTEGER)],
      [{ start: key('8611010'), end: key('8611049'), value: 1 }],
    );
    assert.equal(chain.try(allocate('b', 'b1', range('8611020', '8611029'))), 'OK');
  });

  it('lead prefixes, runs and ported numbers of a member elsewhere, those ported away not', () => {
    const chain = TestChain.founded();
    chain.block([
      inject('a', range('8611000', '8611099')),
      allocate('a', 'a1', range('8611000', '8611099')),
      port('a', 'b', ['8611005']),
      port('b', 'a', ['8620000'], 'a1'),
    ]);
    const { codes, changes } = chain.block([
      changeRoute('a', 'a2', {
        prefixes: [key('861')],
        ranges: [range('8611000', '8611099')],
        numbers: [key('8620000')],
      }),
    ]);
    assert.deepEqual(codes, ['OK']);
    assert.deepEqual(
      changes.map(({ entry, from, route }) => [entry, from, route]),
      [
        ['prefix', key('861'), 1],
        ['fragmented', key('8611000'), 1],
        ['ported', key('8620000'), 1],
      ],
    );
    assert.equal(chain.state.spaces.msisdn.ported.get(key('8611005')), 2);
  });

  it('take 10,000 ranges, or numbers, in one transaction', () => {
    const chain = TestChain.founded();
    const base = key('861000000');
    const each = (length: number, offset = 0) =>
      Array.from({ length: ITEMS_MAX }, (_, at) => {
        const from = base + at * 20 + offset;
        return { from, to: from + length - 1 };
      });
    const steps: [TransactionBody, number, number][] = [
      [inject('a', ...each(10)), 0, 0],
      [allocate('b', 'b1', ...each(10)), ITEMS_MAX, 0],
      [transfer('b', 'c', each(3, 2)), ITEMS_MAX, ITEMS_MAX],
      [changeRoute('b', 'b1', { ranges: each(2, 0) }), ITEMS_MAX, ITEMS_MAX],
      [release('b', ...each(5, 5)), ITEMS_MAX, ITEMS_MAX],
      [transfer('c', 'b', each(3, 2)), ITEMS_MAX, 0],
      [
        {
          kind: 'register-terminal-keys',
          member: 'b',
          identity,
          keys: each(1).map(({ from }) => ({ number: from, publicKey: new Uint8Array(32) })),
        },
        ITEMS_MAX,
        0,
      ],
      [release('b', ...each(5)), 0, 0],
    ];
    const { runs, transferred, free } = chain.state.spaces.msisdn;
    for (const [body, runCount, partCount] of steps) {
      assert.equal(chain.try(body), 'OK', body.kind);
      assert.deepEqual([runs.size, transferred.size], [runCount, partCount], body.kind);
    }
    assert.equal(free.size, ITEMS_MAX);
  });

  it('take a transaction up to the last millisecond of its time', () => {
    const chain = TestChain.founded();
    const body = inject('a', range('8611000', '8611099'));
    const bytes = signTransaction(body, 1_000, chainId, [keyOf('a')], chain.timeMs);
    assert.equal(chain.try(bytes), 'OK');
  });

  it('admit a member and take its transaction in one block', () => {
    const chain = TestChain.founded();
    assert.deepEqual(
      chain.block([
        { kind: 'admit-members', members: [member('d')] },
        declare('d', route('d1', 'd')),
        port('a', 'd', ['8610000']),
      ]).codes,
      ['OK', 'OK', 'OK'],
    );
  });
});
