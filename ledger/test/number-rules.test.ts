// Portability (figure 12), and changes of route.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate, chainWithPool, changeRoute, identity, inject, port, range } from './bodies.ts';
import { key, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const refused: Refusal[] = [
  ['BCHF_TX_UNKNOWN_MEMBER', 'donor', port('d', 'b', ['8610000'])],
  ['BCHF_TX_UNKNOWN_MEMBER', 'recipient', port('a', 'd', ['8610000'])],
  ['BCHF_TX_UNKNOWN_MEMBER', 'the authority is no recipient', port('a', 'consortium', ['8610000'])],
  ['BCHF_TX_UNKNOWN_ROUTE', 'to port to', port('a', 'b', ['8610000'], 'x')],
  ['BCHF_TX_FOREIGN_ROUTE', 'to port to', port('a', 'b', ['8610000'], 'c1')],
  ['BCHF_TX_NOT_OWNER', 'a number of another', port('a', 'c', ['8610000', '8620000'])],
  ['BCHF_TX_NOT_OWNER', 'a number of nobody', port('a', 'c', ['9990000'])],
  ['BCHF_TX_NOT_OWNER', 'a number ported away', port('a', 'b', ['8612345'])],
  ['BCHF_TX_NOT_OWNER', 'a number allocated to another', port('a', 'b', ['8611005'])],
  ['BCHF_TX_IN_POOL', '', port('a', 'b', ['8611500'])],
  ['BCHF_TX_SAME_MEMBER', 'port', port('a', 'a', ['8610000'])],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'who changes a route',
    changeRoute('consortium', 'a1', { numbers: [key('8612345')] }),
  ],
  ['BCHF_TX_FOREIGN_ROUTE', 'to change to', changeRoute('a', 'b1', { prefixes: [key('861')] })],
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
  [
    'BCHF_TX_NOT_ALLOCATED',
    'to lead elsewhere',
    changeRoute('a', 'a2', { ranges: [range('8610000', '8610001')] }),
  ],
];

describe('a refused port or change of route', () => {
  testRefusals(chainWithPool(), refused);
});

describe('a port', () => {
  it('takes a number on and on, and back home without an entry left', () => {
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

  it('leads out of an allocated run and home to it, the run untouched', () => {
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
});

describe('a change of route', () => {
  it('leads prefixes, runs and ported numbers of a member elsewhere, those ported away not', () => {
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
});
