// Members that ask for numbers: what they get fits the wish, and of two that want the same, one gets
// it and the other asks again.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AllocationWish, proposeAllocation } from '../allocation.ts';
import { ITEMS_MAX, type KeyRange, type TransactionBody } from '../transaction-body.ts';
import { key, TestChain } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';

const range = (from: string, to: string): KeyRange => ({ from: key(from), to: key(to) });
const wish = (count: number, more: Partial<AllocationWish> = {}): AllocationWish => ({
  member: 'b',
  identity: 'msisdn',
  route: 'b1',
  count,
  ...more,
});
const inject = (...ranges: KeyRange[]): TransactionBody => ({
  kind: 'inject-pool',
  member: 'a',
  identity: 'msisdn',
  ranges,
});

/** A chain with 100 free numbers, 1,000 of another length, and a hole of 10 that c has. */
function pooled(): TestChain {
  const chain = TestChain.founded();
  const { codes } = chain.block([
    inject(range('8611000', '8611099'), range('86120000', '86120999')),
    {
      kind: 'allocate',
      member: 'c',
      identity: 'msisdn',
      ranges: [range('8611020', '8611029')],
      route: 'c1',
    },
  ]);
  assert.deepEqual(codes, ['OK', 'OK']);
  return chain;
}

describe('an allocation', () => {
  it('takes the first free numbers, around what is taken, and is valid as it stands', () => {
    const chain = pooled();
    const { body, count } = proposeAllocation(chain.state, wish(30))!;
    assert.deepEqual(body.ranges, [range('8611000', '8611019'), range('8611030', '8611039')]);
    assert.equal(count, 30);
    assert.equal(chain.try(body), 'OK');
  });

  it('is one run where there is one, the shortest that holds all; otherwise the longest first', () => {
    const { state } = pooled();
    const ranges = (count: number, more: Partial<AllocationWish> = {}) =>
      proposeAllocation(state, wish(count, { contiguous: true, ...more }))?.body.ranges;
    assert.deepEqual(ranges(15), [range('8611000', '8611014')]);
    assert.deepEqual(ranges(30), [range('8611030', '8611059')]);
    assert.deepEqual(ranges(80, { prefix: key('8611') }), [
      range('8611000', '8611009'),
      range('8611030', '8611099'),
    ]);
  });

  it('keeps to a prefix, whatever the length of the numbers, and to a range', () => {
    const { state } = pooled();
    const ranges = (more: Partial<AllocationWish>) =>
      proposeAllocation(state, wish(5, more))?.body.ranges;
    assert.deepEqual(ranges({ prefix: key('8612') }), [range('86120000', '86120004')]);
    assert.deepEqual(ranges({ prefix: key('861103') }), [range('8611030', '8611034')]);
    assert.deepEqual(ranges({ prefix: key('8611025') }), undefined);
    assert.deepEqual(ranges({ prefix: key('8611033') }), [range('8611033', '8611033')]);
    assert.deepEqual(ranges({ from: key('8611018') }), [
      range('8611018', '8611019'),
      range('8611030', '8611032'),
    ]);
    assert.deepEqual(ranges({ from: key('8611098') }), [range('8611098', '8611099')]);
    assert.deepEqual(ranges({ from: key('8611018'), to: key('8611030') }), [
      range('8611018', '8611019'),
      range('8611030', '8611030'),
    ]);
    assert.deepEqual(ranges({ from: key('8611098'), prefix: key('8612') }), undefined);
    assert.deepEqual(ranges({ prefix: key('99') }), undefined);
    assert.equal(proposeAllocation(state, wish(5, { identity: 'imsi' })), undefined);
  });

  it('carries the settlement that the contracts ask for', () => {
    const chain = pooled();
    chain.block([
      {
        kind: 'create-pricing-contract',
        member: 'a',
        contract: 'x',
        identity: 'msisdn',
        periodMs: 1_000,
        price: 4,
        transferFee: 0,
        tariffs: [],
        ranges: [range('8611000', '8611019')],
      },
      { kind: 'deposit', member: 'b', amount: 80 },
    ]);
    const { body } = proposeAllocation(chain.state, wish(30))!;
    assert.equal(body.settlement, 80);
    assert.equal(chain.try(body), 'OK');
  });

  it('goes to the first of two members in block order; the other asks again', () => {
    const chain = pooled();
    const [first, second] = [
      proposeAllocation(chain.state, wish(10))!,
      proposeAllocation(chain.state, wish(10, { member: 'c', route: 'c1' }))!,
    ];
    assert.deepEqual(first.body.ranges, second.body.ranges);
    const { codes } = chain.block([first.body, second.body]);
    assert.deepEqual(codes, ['OK', 'BCHF_TX_NOT_FREE']);
    const retry = proposeAllocation(chain.state, wish(10, { member: 'c', route: 'c1' }))!;
    assert.equal(chain.try(retry.body), 'OK');
    assert.equal(retry.count, 10);
  });

  it('keeps the limits of a transaction and of the parameters', () => {
    const chain = TestChain.founded();
    const single = (at: number): KeyRange => ({
      from: key('86110000') + 2 * at,
      to: key('86110000') + 2 * at,
    });
    for (const half of [0, 1]) {
      const singles = Array.from({ length: 6_000 }, (_, at) => single(half * 6_000 + at));
      assert.equal(chain.try(inject(...singles)), 'OK');
    }
    const { body, count } = proposeAllocation(chain.state, wish(12_000))!;
    assert.equal(count, ITEMS_MAX);
    assert.equal(chain.try(body), 'OK');
    const parameters = { itemsMax: 100, numbersMax: 7, periodMsMin: 1, purchaser: '' };
    chain.block([{ kind: 'change-parameters', parameters, approvers: ['a', 'b', 'c'] }]);
    const small = proposeAllocation(chain.state, wish(50))!;
    assert.equal(small.count, 7);
    assert.equal(chain.try(small.body), 'OK');
  });

  it('refuses wishes that make no sense', () => {
    const { state } = pooled();
    for (const wrong of [
      wish(0),
      wish(1.5),
      wish(1, { prefix: 5 }),
      wish(1, { from: 5 }),
      wish(1, { to: key('8611000') }),
      wish(1, { from: key('8611001'), to: key('8611000') }),
      wish(1, { from: key('861100'), to: key('8611000') }),
    ]) {
      assert.throws(() => proposeAllocation(state, wrong), RangeError);
    }
  });

  it('is valid whatever is asked, until the pool is empty', () => {
    const random = randomFrom(seed);
    const draw = (below: number): number => Math.floor(random() * below);
    const chain = pooled();
    let taken = 10;
    for (let step = 0; step < 400 && chain.state.spaces.msisdn.free.size > 0; step++) {
      const more: Partial<AllocationWish> = { contiguous: random() < 0.5 };
      if (random() < 0.3) more.prefix = key(['8611', '86120', '861200'][draw(3)]!);
      else if (random() < 0.5) more.from = key('8611000') + draw(100);
      const allocation = proposeAllocation(chain.state, wish(1 + draw(30), more));
      if (!allocation) continue;
      assert.equal(chain.try(allocation.body), 'OK');
      taken += allocation.count;
    }
    for (;;) {
      const rest = proposeAllocation(chain.state, wish(500));
      if (!rest) break;
      assert.equal(chain.try(rest.body), 'OK');
      taken += rest.count;
    }
    assert.equal(taken, 1_100);
    assert.equal(proposeAllocation(chain.state, wish(1)), undefined);
  });
});
