// The founding: the authority admits members and assigns prefixes alone, until they begin to use them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TransactionBody } from '../transaction-body.ts';
import { assign, declare, inject, port, range } from './bodies.ts';
import { foundation, key, member, route, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const refused: Refusal[] = [
  [
    'BCHF_TX_FOREIGN_PLMN',
    '',
    declare('a', route('a1', 'a'), route('x', 'a', { plmn: { mcc: '460', mnc: '000' } })),
  ],
  [
    'BCHF_TX_UNKNOWN_MEMBER',
    'the authority is no company that declares routes',
    declare('consortium', route('x', 'consortium')),
  ],
  ['BCHF_TX_MEMBER_EXISTS', '', { kind: 'admit-members', members: [member('d'), member('a')] }],
  [
    'BCHF_TX_MEMBER_EXISTS',
    'the authority',
    { kind: 'admit-members', members: [member('consortium')] },
  ],
  ['BCHF_TX_UNKNOWN_ROUTE', 'to assign to', assign({ route: 'x', prefixes: ['87'] })],
  ['BCHF_TX_FOREIGN_ROUTE', 'declared for another', declare('a', route('x', 'b'))],
  ['BCHF_TX_FOREIGN_ROUTE', 'id of another', declare('a', route('b1', 'a'))],
];

const admit = (...ids: string[]): TransactionBody => ({
  kind: 'admit-members',
  members: ids.map(member),
});

describe('a refused transaction of the founding', () => {
  testRefusals(TestChain.founded(), refused);

  it('is one when members or routes are too many', () => {
    const small = new TestChain({ membersMax: 4, routesMax: 2 });
    const [admission, declareTwo, declareOne] = foundation;
    assert.deepEqual(small.block([admission!, declareTwo!, declareOne!]).codes, [
      'OK',
      'OK',
      'BCHF_TX_ROUTE_LIMIT',
    ]);
    assert.equal(small.try(declare('a', route('a2', 'a', { port: 1 }))), 'OK');
    assert.equal(small.try(admit('d')), 'BCHF_TX_MEMBER_LIMIT');
  });
});

describe('the founding', () => {
  it('changes a known route in place, for its owner', () => {
    const chain = TestChain.founded();
    const { changedRoutes, codes } = chain.block([
      declare('a', route('a2', 'a', { port: 9 }), route('a3', 'a')),
    ]);
    assert.deepEqual(codes, ['OK']);
    assert.deepEqual(changedRoutes, [1, 4]);
    assert.equal(chain.state.routes[1]!.port, 9);
  });

  it('admits a member and takes its transaction in one block', () => {
    const chain = TestChain.founded();
    assert.deepEqual(
      chain.block([admit('d'), declare('d', route('d1', 'd')), port('a', 'd', ['8610000'])]).codes,
      ['OK', 'OK', 'OK'],
    );
  });

  it('lasts while members only declare routes, whatever is refused, and ends with the first use', () => {
    const chain = TestChain.founded();
    const { codes } = chain.block([
      declare('a', route('a1', 'a')),
      inject('a', range('9990000', '9990001')),
      admit('d'),
      assign({ route: 'b1', prefixes: ['863'] }),
      inject('a', range('8611000', '8611999')),
      admit('e'),
      assign({ route: 'b1', prefixes: ['861'] }),
      declare('a', route('a1', 'a')),
    ]);
    assert.deepEqual(codes, [
      'OK',
      'BCHF_TX_NOT_PURCHASER',
      'OK',
      'OK',
      'OK',
      'BCHF_TX_FOUNDED',
      'BCHF_TX_FOUNDED',
      'OK',
    ]);
    assert.equal(chain.state.spaces.msisdn.prefixes.get(key('861')), 0);
  });

  it('ends with what the members decide together', () => {
    const chain = TestChain.founded();
    const join: TransactionBody = {
      kind: 'join-member',
      member: member('d'),
      approvers: ['a', 'b', 'c'],
    };
    assert.deepEqual(chain.block([join, admit('e')]).codes, ['OK', 'BCHF_TX_FOUNDED']);
  });
});
