// The shared pool (figures 10 and 11): injection, allocation, transfer, release.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ITEMS_MAX, type TransactionBody } from '../transaction-body.ts';
import {
  allocate,
  chainWithPool,
  changeRoute,
  identity,
  inject,
  only,
  port,
  range,
  release,
  transfer,
} from './bodies.ts';
import { key, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const refused: Refusal[] = [
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
  ['BCHF_TX_UNKNOWN_ROUTE', 'to allocate to', allocate('b', 'x', range('8611500', '8611509'))],
  ['BCHF_TX_FOREIGN_ROUTE', 'to allocate to', allocate('b', 'c1', range('8611500', '8611509'))],
  ['BCHF_TX_NOT_OWNER', 'a longer prefix inside', inject('a', range('8614900', '8615000'))],
  ['BCHF_TX_NOT_PURCHASER', 'no prefix', inject('a', range('9990000', '9990001'))],
  ['BCHF_TX_NOT_OWNER', 'a prefix of another', inject('a', range('8620000', '8620001'))],
  ['BCHF_TX_NOT_FREE', 'injected already', inject('a', range('8610999', '8611500'))],
  ['BCHF_TX_NOT_FREE', 'allocated already', inject('a', range('8611000', '8611001'))],
  ['BCHF_TX_NOT_FREE', 'ported', inject('a', range('8612340', '8612349'))],
  ['BCHF_TX_NOT_FREE', 'outside of the pool', allocate('b', 'b1', range('8611990', '8612000'))],
  ['BCHF_TX_NOT_FREE', 'taken', allocate('b', 'b1', range('8611009', '8611020'))],
  ['BCHF_TX_SAME_MEMBER', 'transfer', transfer('c', 'c', [range('8611000', '8611001')])],
  ['BCHF_TX_UNKNOWN_MEMBER', 'transferor', transfer('d', 'b', [range('8611000', '8611001')])],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that takes over',
    transfer('c', 'consortium', [range('8611000', '8611001')], 'a1'),
  ],
  ['BCHF_TX_UNKNOWN_MEMBER', 'who releases', release('consortium', range('8611000', '8611001'))],
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
  ['BCHF_TX_NOT_OWNER', 'a run of another', transfer('b', 'a', [range('8611000', '8611001')])],
  ['BCHF_TX_NOT_OWNER', 'a run ported out of', transfer('c', 'a', [range('8611000', '8611009')])],
  ['BCHF_TX_NOT_OWNER', 'to release', release('b', range('8611000', '8611001'))],
  ['BCHF_TX_IN_POOL', 'to transfer', transfer('c', 'a', [range('8611008', '8611010')])],
  ['BCHF_TX_NOT_ALLOCATED', 'to transfer', transfer('a', 'b', [range('8610000', '8610001')])],
  ['BCHF_TX_NOT_ALLOCATED', 'to release', release('a', range('8610000', '8610001'))],
  ['BCHF_TX_PORTED', 'to transfer', transfer('b', 'a', [range('8611009', '8611009')])],
  ['BCHF_TX_PORTED', 'to release', release('b', range('8611009', '8611009'))],
];

describe('a refused transaction about the pool', () => {
  testRefusals(chainWithPool(), refused);
});

describe('the rules of the pool', () => {
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
    const entries = () => [...state.entries()].filter(({ entry }) => entry !== 'prefix');
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

  it('make a number that is transferred alone a ported entry, and several in a row a run', () => {
    const chain = TestChain.founded();
    chain.block([
      inject('a', range('8611000', '8611099')),
      allocate('b', 'b1', range('8611000', '8611009')),
    ]);
    const told = (...bodies: TransactionBody[]) => {
      const { codes, changes } = chain.block(bodies);
      assert.deepEqual(new Set(codes), new Set(['OK']));
      return changes.map(({ entry, from, to, route: number }) => [
        entry,
        ...[from, to].map((each) => each - key('8611000')),
        number,
      ]);
    };
    assert.deepEqual(told(transfer('b', 'c', [only('8611004')])), [['ported', 4, 4, 3]]);
    assert.deepEqual(told(transfer('b', 'c', [only('8611005')])), [
      ['ported', 4, 4, null],
      ['fragmented', 4, 5, 3],
    ]);
    assert.deepEqual(told(transfer('c', 'b', [only('8611004')])), [
      ['fragmented', 4, 5, null],
      ['ported', 5, 5, 3],
    ]);
    // Ported on and home again: the entry of the transfer comes back.
    assert.deepEqual(told(port('c', 'a', ['8611005'])), [['ported', 5, 5, 0]]);
    // While it is away, what is beside it may become a run with it, and alone again.
    assert.deepEqual(told(transfer('b', 'c', [only('8611006')])), [['fragmented', 5, 6, 3]]);
    assert.deepEqual(told(transfer('c', 'b', [only('8611006')])), [['fragmented', 5, 6, null]]);
    assert.deepEqual(told(port('a', 'c', ['8611005'])), [['ported', 5, 5, 3]]);
    // What is left of the run is that number: the run leads where it led.
    assert.deepEqual(told(release('b', range('8611000', '8611004'), range('8611006', '8611009'))), [
      ['fragmented', 0, 9, null],
      ['fragmented', 5, 9, 2],
      ['fragmented', 5, 9, null],
      ['ported', 5, 5, null],
      ['fragmented', 5, 5, 3],
    ]);
    assert.deepEqual(told(release('c', only('8611005'))), [['fragmented', 5, 5, null]]);
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
      [...space.entries()].map(({ from, to, route: number }) => [from, to, number]),
      [
        [key('8611000'), key('8611009'), 2],
        [key('8611050'), key('8611099'), 3],
      ],
    );
    assert.equal(space.transferred.size, 0);
    assert.deepEqual(
      [...space.free.between(0, Number.MAX_SAFE_INTEGER)],
      [{ start: key('8611010'), end: key('8611049'), value: 1 }],
    );
    assert.equal(chain.try(allocate('b', 'b1', range('8611020', '8611029'))), 'OK');
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
});
