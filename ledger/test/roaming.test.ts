// Roaming contracts: public terms behind the address of a route, reports by visited networks, and
// settlement between the two members.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '../sha256.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { decodeTransaction, signTransaction, transactionId } from '../transaction-codec.ts';
import { PRICE_MAX } from '../transaction-money.ts';
import {
  type ReportRoamingUsage,
  type RoamingUsage,
  roamingContractAddress,
  type SettleRoaming,
  UNITS_MAX,
} from '../transaction-roaming.ts';
import { chainId, key, keyOf, route, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const address = roamingContractAddress('a', 'world');
const nowhere = `0x${'00'.repeat(20)}`;

const register = (member: string, name: string): TransactionBody => ({
  kind: 'register-roaming-contract',
  member,
  name,
  prices: [
    { service: 'voice-seconds', price: 2 },
    { service: 'data-kibibytes', price: 1 },
  ],
});
const use = (digits: string, service: RoamingUsage['service'], units: number): RoamingUsage => ({
  number: key(digits),
  service,
  units,
});
const report = (usage: RoamingUsage[], more: Partial<ReportRoamingUsage> = {}) => ({
  kind: 'report-roaming-usage' as const,
  member: 'b',
  contract: address,
  identity: 'msisdn' as const,
  usage,
  ...more,
});
const settle = (amount: number, more: Partial<SettleRoaming> = {}): SettleRoaming => ({
  kind: 'settle-roaming',
  home: 'a',
  visited: 'b',
  contract: address,
  amount,
  ...more,
});

/** A chain with a's contract and 1,000 for a. */
function contracted(): TestChain {
  const chain = TestChain.founded();
  const { codes } = chain.block([
    register('a', 'world'),
    { kind: 'deposit', member: 'a', amount: 1_000 },
  ]);
  assert.deepEqual(codes, ['OK', 'OK']);
  return chain;
}

describe('a refused transaction about roaming', () => {
  const chain = contracted();
  const { codes } = chain.block([
    report([use('8610000', 'voice-seconds', 10)]),
    { ...register('a', 'dear'), prices: [{ service: 'messages', price: PRICE_MAX }] } as never,
  ]);
  assert.deepEqual(codes, ['OK', 'OK']);
  const dear = roamingContractAddress('a', 'dear');
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    number: key('86100000') + at,
    service: 'messages' as const,
    units: UNITS_MAX,
  }));
  const calls = use('8610000', 'voice-seconds', 1);
  const refusals: Refusal[] = [
    ['BCHF_TX_MALFORMED', 'no prices', { ...register('a', 'x'), prices: [] } as never],
    [
      'BCHF_TX_MALFORMED',
      'a price',
      {
        ...register('a', 'x'),
        prices: [{ service: 'messages', price: PRICE_MAX + 1 }],
      } as never,
    ],
    [
      'BCHF_TX_NOT_ASCENDING',
      'a service twice',
      {
        ...register('a', 'x'),
        prices: ['messages', 'messages'].map((service) => ({ service, price: 1 })),
      } as never,
    ],
    ['BCHF_TX_MALFORMED', 'no usage', report([])],
    ['BCHF_TX_MALFORMED', 'no units', report([use('8610000', 'voice-seconds', 0)])],
    ['BCHF_TX_MALFORMED', 'units', report([use('8610000', 'voice-seconds', UNITS_MAX + 1)])],
    ['BCHF_TX_MALFORMED_NUMBER', 'in a report', report([{ ...calls, number: 5 }])],
    ['BCHF_TX_NOT_ASCENDING', 'numbers', report([use('8610001', 'voice-seconds', 1), calls])],
    ['BCHF_TX_NOT_ASCENDING', 'services', report([use('8610000', 'data-kibibytes', 1), calls])],
    ['BCHF_TX_NOT_ASCENDING', 'an item twice', report([calls, calls])],
    ['BCHF_TX_MALFORMED', 'a settlement of nothing', settle(0)],
    ['BCHF_TX_SAME_MEMBER', 'to settle', settle(20, { visited: 'a' })],
    ['BCHF_TX_SAME_MEMBER', 'at home', report([calls], { member: 'a' })],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who registers', register('d', 'x')],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the authority has no terms', register('consortium', 'x')],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who reports', report([calls], { member: 'd' })],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who is paid', settle(20, { visited: 'd' })],
    ['BCHF_TX_CONTRACT_EXISTS', 'the name', register('a', 'world')],
    ['BCHF_TX_UNKNOWN_CONTRACT', 'to report', report([calls], { contract: nowhere })],
    ['BCHF_TX_UNKNOWN_CONTRACT', 'to settle', settle(20, { contract: nowhere })],
    ['BCHF_TX_FOREIGN_CONTRACT', 'to settle', settle(20, { home: 'c' })],
    ['BCHF_TX_UNKNOWN_SERVICE', '', report([use('8610000', 'messages', 1)])],
    ['BCHF_TX_NOT_OWNER', 'of whom it reports', report([use('8620000', 'voice-seconds', 1)])],
    ['BCHF_TX_NOT_OWNER', 'of nobody', report([use('9990000', 'voice-seconds', 1)])],
    ['BCHF_TX_AMOUNT_LIMIT', 'reported', report(many, { contract: dear })],
    ['BCHF_TX_NOTHING_DUE', 'to another network', settle(20, { visited: 'c' })],
    ['BCHF_TX_WRONG_SETTLEMENT', 'too little', settle(19)],
    ['BCHF_TX_WRONG_SETTLEMENT', 'too much', settle(21)],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'a report that the home network signs',
      signTransaction(report([calls]), 1_000, chainId, [keyOf('a')]),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'a settlement that the home network does not sign',
      signTransaction(settle(20), 1_000, chainId, [keyOf('b'), keyOf('b')]),
    ],
  ];
  testRefusals(chain, refusals);

  it('is one when the balance does not cover it', () => {
    const poor = contracted();
    poor.block([report([use('8610000', 'voice-seconds', 501)])]);
    assert.equal(poor.try(settle(1_002)), 'BCHF_TX_INSUFFICIENT_DEPOSIT');
  });

  it('is one when contracts are too many', () => {
    const small = TestChain.founded({ contractsMax: 1 });
    assert.equal(small.try(register('a', 'x')), 'OK');
    assert.equal(small.try(register('b', 'x')), 'BCHF_TX_CONTRACT_LIMIT');
  });
});

describe('a roaming contract', () => {
  it('has public terms behind the address that a route of its member names', () => {
    const chain = contracted();
    chain.block([
      {
        kind: 'declare-routes',
        member: 'a',
        routes: [route('a1', 'a', { contractAddress: address })],
      },
    ]);
    const { contractAddress } = chain.state.routes[0]!;
    const terms = chain.state.roaming.termsAt(contractAddress!);
    assert.equal(terms?.member, 'a');
    assert.deepEqual(
      terms?.prices.map(({ service, price }) => [service, price]),
      [
        ['voice-seconds', 2],
        ['data-kibibytes', 1],
      ],
    );
    assert.equal(chain.state.roaming.termsAt(nowhere), undefined);
    assert.notEqual(roamingContractAddress('b', 'world'), address);
  });

  it('counts what is reported and is settled in full, so that everybody can count again', () => {
    const chain = contracted();
    const { state, signer } = chain;
    const reports = [
      report([use('8610000', 'voice-seconds', 100), use('8610000', 'data-kibibytes', 7)]),
      report([use('8610001', 'voice-seconds', 5)]),
    ].map((body) => signer.sign(body));
    assert.deepEqual(chain.block(reports).codes, ['OK', 'OK']);
    const [contract, visited] = [state.roaming.contractNumber(address)!, state.memberNumber('b')!];
    const { units, due, paid, reports: count, hash } = state.roaming.tally(contract, visited);
    assert.deepEqual(
      { units, due, paid, count },
      { units: [105, 0, 7], due: 217, paid: 0, count: 2 },
    );
    let recounted = new Uint8Array(32);
    for (const bytes of reports) {
      assert.ok(decodeTransaction(bytes).transaction);
      recounted = new Uint8Array(sha256(Buffer.concat([recounted, transactionId(bytes)])));
    }
    assert.deepEqual(Buffer.from(hash), Buffer.from(recounted));

    assert.equal(chain.try(settle(217)), 'OK');
    assert.equal(chain.try(settle(217)), 'BCHF_TX_NOTHING_DUE');
    assert.equal(state.balances.of(visited), 217);
    assert.equal(state.balances.of(state.memberNumber('a')!), 783);
    assert.equal(state.roaming.tally(contract, visited).paid, 217);
  });

  it('counts for numbers that were ported to its member, not for those ported away', () => {
    const chain = contracted();
    const port = (donor: string, recipient: string, digits: string): TransactionBody => ({
      kind: 'port',
      identity: 'msisdn',
      numbers: [key(digits)],
      donor,
      recipient,
      route: `${recipient}1`,
    });
    chain.block([port('a', 'c', '8610000'), port('b', 'a', '8620000')]);
    assert.equal(chain.try(report([use('8610000', 'voice-seconds', 1)])), 'BCHF_TX_NOT_OWNER');
    assert.equal(chain.try(report([use('8620000', 'voice-seconds', 1)])), 'OK');
  });
});
