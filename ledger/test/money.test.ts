// Money: what numbers cost, who is paid, and that none is made or lost.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TARIFFS_MAX } from '../record-codec.ts';
import type { KeyRange, TransactionBody } from '../transaction-body.ts';
import { signTransaction } from '../transaction-codec.ts';
import { type CreatePricingContract, PERIOD_MS_MAX, PRICE_MAX } from '../transaction-money.ts';
import { chainId, key, keyOf, TestChain } from './consortium.ts';
import { isSequence, type Refusal, testRefusals } from './refusals.ts';
import { randomFrom, seed } from './seed.ts';

const HOUR = 3_600_000;
const identity = 'msisdn';
const range = (from: string, to: string): KeyRange => ({ from: key(from), to: key(to) });

function contract(more: Partial<CreatePricingContract> = {}): CreatePricingContract {
  return {
    kind: 'create-pricing-contract',
    member: 'a',
    contract: 'pool-a',
    identity,
    periodMs: HOUR,
    price: 3,
    transferFee: 2,
    tariffs: [],
    ranges: [],
    ...more,
  };
}
function inject(ranges: KeyRange[], terms?: string, member = 'a'): TransactionBody {
  const body = { kind: 'inject-pool' as const, member, identity: 'msisdn' as const, ranges };
  return terms === undefined ? body : { ...body, contract: terms };
}
function allocate(member: string, ranges: KeyRange[], settlement?: number): TransactionBody {
  const body = { kind: 'allocate' as const, member, identity: 'msisdn' as const, ranges };
  return { ...body, route: `${member}1`, ...(settlement ? { settlement } : {}) };
}
function transfer(
  transferor: string,
  recipient: string,
  ranges: KeyRange[],
  paid: { price?: number; settlement?: number } = {},
): TransactionBody {
  const route = `${recipient}1`;
  return { kind: 'transfer', identity, ranges, transferor, recipient, route, ...paid };
}
const deposit = (member: string, amount: number): TransactionBody => ({
  kind: 'deposit',
  member,
  amount,
});
const withdraw = (member: string, amount: number): TransactionBody => ({
  kind: 'withdraw',
  member,
  amount,
});
const settle = (member: string, occupant: string, terms = 'pool-a'): TransactionBody => ({
  kind: 'settle-occupation',
  member,
  contract: terms,
  occupant,
});

function balances(chain: TestChain): number[] {
  return ['a', 'b', 'c'].map((id) => chain.state.balances.of(chain.state.memberNumber(id)!));
}

/** A chain with 100 numbers at 3 an hour, ten of them at 7, and money with b and c. */
function priced(): TestChain {
  const chain = TestChain.founded();
  const { codes } = chain.block([
    contract({ tariffs: [{ prefix: key('861105'), price: 7 }] }),
    inject([range('8611000', '8611099')], 'pool-a'),
    deposit('b', 1_000),
    deposit('c', 100),
  ]);
  assert.deepEqual(new Set(codes), new Set(['OK']));
  return chain;
}

describe('a refused transaction about money', () => {
  const chain = priced();
  chain.block([
    inject([range('8612000', '8612099')]),
    contract({ contract: 'imsi-a', identity: 'imsi' }),
    allocate('b', [range('8611000', '8611009')], 30),
    // A contract under which one number costs all that there can be.
    contract({ member: 'b', contract: 'pool-b', price: PRICE_MAX }),
    inject([range('862000000000000', '862999999999999')], 'pool-b', 'b'),
  ]);
  const free = [range('8611010', '8611019')];
  const taken = [range('8611000', '8611009')];
  const refusals: Refusal[] = [
    ['BCHF_TX_MALFORMED', 'a period of 0', contract({ contract: 'x', periodMs: 0 })],
    [
      'BCHF_TX_MALFORMED',
      'a period without end',
      contract({ contract: 'x', periodMs: PERIOD_MS_MAX + 1 }),
    ],
    ['BCHF_TX_MALFORMED', 'a price', contract({ contract: 'x', price: PRICE_MAX + 1 })],
    ['BCHF_TX_MALFORMED', 'a fee', contract({ contract: 'x', transferFee: PRICE_MAX + 1 })],
    [
      'BCHF_TX_MALFORMED',
      'a tariff',
      contract({ contract: 'x', tariffs: [{ prefix: key('1'), price: PRICE_MAX + 1 }] }),
    ],
    [
      'BCHF_TX_NOT_ASCENDING',
      'tariffs',
      contract({
        contract: 'x',
        tariffs: [key('1'), key('1')].map((prefix) => ({ prefix, price: 1 })),
      }),
    ],
    ['BCHF_TX_MALFORMED', 'a deposit of nothing', deposit('a', 0)],
    ['BCHF_TX_MALFORMED', 'a withdrawal of nothing', withdraw('a', 0)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who makes a contract', contract({ member: 'd' })],
    [
      'BCHF_TX_UNKNOWN_MEMBER',
      'the authority is no company that makes contracts',
      contract({ member: 'consortium', contract: 'x' }),
    ],
    ['BCHF_TX_UNKNOWN_MEMBER', 'to deposit for', deposit('d', 1)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the authority has no balance', withdraw('consortium', 1)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who occupies', settle('a', 'd')],
    ['BCHF_TX_CONTRACT_EXISTS', 'the id', contract()],
    [
      'BCHF_TX_CONTRACT_EXISTS',
      'for the numbers',
      contract({ contract: 'x', ranges: [range('8611050', '8611059')] }),
    ],
    ['BCHF_TX_NOT_FREE', 'to price', contract({ contract: 'x', ranges: taken })],
    [
      'BCHF_TX_NOT_OWNER',
      'to price',
      contract({ contract: 'x', member: 'b', ranges: [range('8612000', '8612000')] }),
    ],
    ['BCHF_TX_UNKNOWN_CONTRACT', 'to inject', inject([range('8613000', '8613000')], 'x')],
    ['BCHF_TX_UNKNOWN_CONTRACT', 'of IMSIs', inject([range('8613000', '8613000')], 'imsi-a')],
    ['BCHF_TX_UNKNOWN_CONTRACT', 'to settle', settle('a', 'b', 'x')],
    ['BCHF_TX_FOREIGN_CONTRACT', 'to inject', inject([range('8620000', '8620000')], 'pool-a', 'b')],
    ['BCHF_TX_FOREIGN_CONTRACT', 'to settle', settle('c', 'b')],
    ['BCHF_TX_NOTHING_DUE', 'in the period', settle('a', 'b')],
    ['BCHF_TX_NOTHING_DUE', 'from who has nothing', settle('a', 'c')],
    ['BCHF_TX_WRONG_SETTLEMENT', 'none', allocate('b', free)],
    ['BCHF_TX_WRONG_SETTLEMENT', 'too little', allocate('b', free, 29)],
    ['BCHF_TX_WRONG_SETTLEMENT', 'too much', allocate('b', free, 31)],
    ['BCHF_TX_WRONG_SETTLEMENT', 'for nothing', allocate('b', [range('8612000', '8612000')], 1)],
    ['BCHF_TX_WRONG_SETTLEMENT', 'of a transfer', transfer('b', 'c', taken, { settlement: 19 })],
    [
      'BCHF_TX_INSUFFICIENT_DEPOSIT',
      'to allocate',
      allocate('c', [range('8611010', '8611043')], 102),
    ],
    ['BCHF_TX_INSUFFICIENT_DEPOSIT', 'to withdraw', withdraw('b', 971)],
    [
      'BCHF_TX_INSUFFICIENT_DEPOSIT',
      'for price and fee',
      transfer('b', 'c', taken, { price: 81, settlement: 20 }),
    ],
    [
      'BCHF_TX_AMOUNT_LIMIT',
      'to occupy',
      allocate('c', [range('862000000000000', '862999999999999')], 1),
    ],
    ['BCHF_TX_AMOUNT_LIMIT', 'to deposit', deposit('b', Number.MAX_SAFE_INTEGER)],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'a deposit that a member signs',
      signTransaction(deposit('b', 5), 1_000, chainId, [keyOf('b')]),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'a withdrawal that the authority does not sign',
      signTransaction(withdraw('b', 5), 1_000, chainId, [keyOf('b'), keyOf('b')]),
    ],
  ];
  testRefusals(chain, refusals);

  it('is one when contracts are too many', () => {
    const small = TestChain.founded({ contractsMax: 1 });
    assert.equal(small.try(contract()), 'OK');
    assert.equal(small.try(contract({ contract: 'x' })), 'BCHF_TX_CONTRACT_LIMIT');
  });

  it('is one when a contract has too many tariffs or items', () => {
    const tariffs = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ prefix: key('10000') + at, price: 1 }));
    assert.equal(chain.try(contract({ contract: 'many', tariffs: tariffs(TARIFFS_MAX) })), 'OK');
    const body = contract({ contract: 'y', tariffs: tariffs(TARIFFS_MAX + 1) });
    assert.throws(() => signTransaction(body, 1, chainId, [keyOf('a')]), RangeError);
    const singles = Array.from({ length: 10_000 }, (_, at) => ({
      from: key('8611000') + 2 * at,
      to: key('8611000') + 2 * at,
    }));
    assert.equal(
      chain.try(contract({ contract: 'z', tariffs: tariffs(1), ranges: singles })),
      'BCHF_TX_TOO_MANY_ITEMS',
    );
  });
});

describe('the price of numbers', () => {
  it('is paid for the period that has begun when they are allocated, tariff by tariff', () => {
    const chain = priced();
    assert.equal(chain.try(allocate('b', [range('8611040', '8611059')], 10 * 3 + 10 * 7)), 'OK');
    assert.deepEqual(balances(chain), [100, 900, 100]);
  });

  it('becomes due at the beginning of each further period, and is paid when it is settled', () => {
    const chain = priced();
    chain.timeMs = 10 * HOUR + 5;
    chain.block([allocate('b', [range('8611000', '8611009')], 30)]);
    chain.timeMs = 11 * HOUR - 1;
    assert.equal(chain.try(settle('b', 'b')), 'BCHF_TX_NOTHING_DUE');
    chain.timeMs = 13 * HOUR;
    assert.equal(chain.try(settle('a', 'b')), 'OK');
    assert.deepEqual(balances(chain), [30 + 3 * 30, 1_000 - 4 * 30, 100]);
    assert.equal(chain.try(settle('a', 'b')), 'BCHF_TX_NOTHING_DUE');
  });

  it('is the same whether it is settled once or in every block', () => {
    const [often, once] = [priced(), priced()];
    for (const chain of [often, once]) {
      chain.timeMs = HOUR;
      chain.block([allocate('b', [range('8611000', '8611009')], 30)]);
    }
    for (let hour = 2; hour <= 9; hour++) {
      often.timeMs = hour * HOUR + hour;
      assert.equal(often.try(settle('b', 'b')), 'OK');
    }
    once.timeMs = often.timeMs;
    assert.equal(once.try(settle('b', 'b')), 'OK');
    assert.deepEqual(balances(often), balances(once));
    assert.deepEqual([...often.state.pricing.occupations()], [...once.state.pricing.occupations()]);
  });

  it('is paid as far as the balance goes; the rest stays due, and nothing more is taken', () => {
    const chain = priced();
    chain.timeMs = HOUR;
    chain.block([allocate('c', [range('8611000', '8611029')], 90)]);
    chain.timeMs = 2 * HOUR;
    assert.equal(chain.try(settle('a', 'c')), 'OK');
    assert.deepEqual(balances(chain), [100, 1_000, 0]);
    assert.equal(chain.try(settle('a', 'c')), 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    chain.block([deposit('c', 82)]);
    const one = allocate('c', [range('8611030', '8611030')], 3);
    assert.equal(chain.try(one), 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    assert.equal(chain.try(settle('a', 'c')), 'OK');
    assert.equal(chain.try(deposit('c', 1)), 'OK');
    assert.equal(chain.try(one), 'OK');
    assert.deepEqual(balances(chain), [183, 1_000, 0]);
  });

  it('is owed first: who owes takes nothing over, and nothing out', () => {
    const chain = priced();
    chain.timeMs = HOUR;
    chain.block([
      allocate('b', [range('8611000', '8611009')], 30),
      allocate('c', [range('8611010', '8611019')], 30),
    ]);
    chain.timeMs = 2 * HOUR;
    // c has 70 left and owes 30.
    assert.equal(chain.try(withdraw('c', 41)), 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    const take = (price: number) =>
      transfer('b', 'c', [range('8611000', '8611000')], { price, settlement: 2 });
    assert.equal(chain.try(take(39)), 'BCHF_TX_INSUFFICIENT_DEPOSIT');
    assert.equal(chain.try(withdraw('c', 8)), 'OK');
    assert.equal(chain.try(take(30)), 'OK');
    assert.equal(chain.try(settle('a', 'c')), 'OK');
    assert.deepEqual(balances(chain)[2], 0);
  });

  it('goes over with the numbers from the next period on; price and fee are paid at once', () => {
    const chain = priced();
    chain.timeMs = HOUR;
    chain.block([
      allocate('b', [range('8611000', '8611009')], 30),
      transfer('b', 'c', [range('8611000', '8611003')], { price: 50, settlement: 8 }),
    ]);
    assert.deepEqual(balances(chain), [30 + 8, 970 + 50, 100 - 58]);
    chain.timeMs = 2 * HOUR;
    chain.block([settle('a', 'b'), settle('a', 'c')]);
    assert.deepEqual(balances(chain), [38 + 30, 1_020 - 18, 42 - 12]);
    chain.block([
      {
        kind: 'release',
        member: 'b',
        identity,
        ranges: [range('8611004', '8611009')],
      },
    ]);
    chain.timeMs = 3 * HOUR;
    assert.equal(chain.try(settle('a', 'b')), 'BCHF_TX_NOTHING_DUE');
    assert.equal(chain.try(settle('a', 'c')), 'OK');
  });

  it('counts for numbers that were injected before the contract was made', () => {
    const chain = TestChain.founded();
    chain.block([inject([range('8611000', '8611099')]), deposit('b', 10)]);
    assert.equal(chain.try(contract({ ranges: [range('8611050', '8611099')] })), 'OK');
    assert.equal(
      chain.try(allocate('b', [range('8611049', '8611050')])),
      'BCHF_TX_WRONG_SETTLEMENT',
    );
    assert.equal(chain.try(allocate('b', [range('8611049', '8611050')], 3)), 'OK');
  });

  it('never becomes more than can be said exactly', () => {
    const chain = TestChain.founded();
    chain.block([
      contract({ periodMs: 1, price: PRICE_MAX }),
      inject([range('8611000', '8611099')], 'pool-a'),
      deposit('b', 100 * PRICE_MAX),
      allocate('b', [range('8611000', '8611099')], 100 * PRICE_MAX),
    ]);
    chain.timeMs *= 2;
    chain.block([settle('a', 'b'), deposit('b', 1)]);
    assert.equal(chain.try(settle('a', 'b')), 'OK');
    const [occupation] = chain.state.pricing.occupations();
    assert.equal(occupation!.due, Number.MAX_SAFE_INTEGER - 1);
  });
});

describe('money as a whole', () => {
  it('is neither made nor lost, nor owed by a balance, whatever is submitted', () => {
    const random = randomFrom(seed);
    const draw = (below: number): number => Math.floor(random() * below);
    const chain = TestChain.founded();
    const { state } = chain;
    const members = ['a', 'b', 'c'];
    const someone = (): string => members[draw(3)]!;
    const tariffs = [
      { prefix: key('86110'), price: 5 },
      { prefix: key('861105'), price: 0 },
    ];
    chain.block([
      contract({ tariffs }),
      contract({ contract: 'x', price: 1, transferFee: 0, periodMs: 7_000_000 }),
      inject([range('8611000', '8611199')], 'pool-a'),
      inject([range('8611200', '8611299')], 'x'),
      inject([range('8611300', '8611399')]),
    ]);
    const space = state.spaces.msisdn;
    const some = (): KeyRange => {
      const from = key('8611000') + draw(400);
      return { from, to: Math.min(from + draw(20), key('8611399')) };
    };
    let accepted = 0;
    for (let step = 0; step < 1_500; step++) {
      const ranges = [some()];
      const held = state.homeOf(identity, ranges[0]!.from, 7);
      const holder = typeof held === 'number' ? state.members[held]!.id : someone();
      const other = members.find((id) => id !== holder)!;
      const charges = state.pricing.chargesOf(space, ranges);
      const cost = charges.reduce((sum, { rate }) => sum + rate, 0) + (draw(10) === 0 ? 1 : 0);
      const fee = charges.reduce(
        (sum, { count, contract: at }) => sum + count * state.pricing.contracts[at]!.transferFee,
        0,
      );
      const body = [
        () => deposit(someone(), 1 + draw(300)),
        () => withdraw(someone(), 1 + draw(100)),
        () => allocate(someone(), ranges, cost),
        () => allocate(someone(), ranges, cost),
        () => transfer(holder, other, ranges, { price: draw(50), settlement: fee }),
        () => ({ kind: 'release', member: holder, identity, ranges }) as const,
        () => settle('a', someone(), draw(2) ? 'pool-a' : 'x'),
      ][draw(7)]!();
      chain.timeMs += draw(HOUR);
      const { codes, rows } = chain.block([chain.signer.sign(body as TransactionBody)]);
      if (codes[0] === 'OK') accepted++;
      else assert.ok(rows.every(isSequence));
      const sums = [...state.balances.entries()].map(([, balance]) => balance);
      assert.ok(sums.every((balance) => balance > 0 && Number.isSafeInteger(balance)));
      assert.equal(
        sums.reduce((sum, balance) => sum + balance, 0),
        state.balances.deposited - state.balances.withdrawn,
      );
    }
    assert.ok(accepted > 100, `only ${accepted} transactions were valid`);
    // What each member is charged is what its numbers cost, counted one by one.
    const rates = new Map<string, number>();
    for (let number = key('8611000'); number <= key('8611399'); number++) {
      const terms = space.priced.find(number)?.value;
      const route = space.runRoute(number);
      if (terms === undefined || route === undefined) continue;
      const digits = String(number).slice(1);
      const [, own] = [...tariffs, { prefix: key('8'), price: 3 }]
        .map((tariff) => [String(tariff.prefix).slice(1), tariff.price] as const)
        .filter(([prefix]) => digits.startsWith(prefix))
        .sort(([x], [y]) => y.length - x.length)[0]!;
      const price = terms === 1 ? 1 : own;
      const name = `${terms} ${state.routeOwner(route)}`;
      rates.set(name, (rates.get(name) ?? 0) + price);
    }
    const charged = [...state.pricing.occupations()].filter(({ rate }) => rate > 0);
    assert.deepEqual(
      new Map(charged.map(({ contract: at, member, rate }) => [`${at} ${member}`, rate])),
      new Map([...rates].filter(([, rate]) => rate > 0)),
    );
  });
});
