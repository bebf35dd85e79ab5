// What the members decide together: members come, go and change keys, and parameters change, when
// more than two thirds have signed the same proposal.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rawPublicKey } from '../ed25519.ts';
import type { TransactionBody } from '../transaction-body.ts';
import {
  assembleTransaction,
  decodeTransaction,
  signProposal,
  signTransaction,
} from '../transaction-codec.ts';
import { isQuorum, type Parameters, type ProposalBody } from '../transaction-proposal.ts';
import { chainId, key, keyOf, keysFor, member, route, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const all = ['a', 'b', 'c'];
const join = (id: string, approvers = all): ProposalBody => ({
  kind: 'join-member',
  member: member(id),
  approvers,
});
const leave = (id: string, approvers = all): ProposalBody => ({
  kind: 'leave-member',
  member: id,
  approvers,
});
const rotate = (id: string, seedOf: string, approvers = all): ProposalBody => ({
  kind: 'rotate-member-key',
  member: id,
  publicKey: rawPublicKey(keyOf(seedOf)),
  approvers,
});
const change = (parameters: Partial<Parameters>, approvers = all): ProposalBody => ({
  kind: 'change-parameters',
  parameters: {
    itemsMax: 10_000,
    numbersMax: 1_000_000,
    periodMsMin: 1,
    purchaser: '',
    ...parameters,
  },
  approvers,
});
const grant = (by: string, prefix: string, approvers = all): ProposalBody => ({
  kind: 'grant-prefixes',
  identity: 'msisdn',
  assignments: [{ route: by, prefixes: [key(prefix)] }],
  approvers,
});
const inject = (by: string, from: string, to: string): TransactionBody => ({
  kind: 'inject-pool',
  member: by,
  identity: 'msisdn',
  ranges: [{ from: key(from), to: key(to) }],
});
const allocate = (by: string, from: string, to: string): TransactionBody => ({
  kind: 'allocate',
  member: by,
  identity: 'msisdn',
  ranges: [{ from: key(from), to: key(to) }],
  route: `${by}1`,
});

describe('a refused proposal', () => {
  const chain = TestChain.founded();
  chain.block([join('d'), { kind: 'deposit', member: 'd', amount: 1 }, join('e', ['a', 'b', 'd'])]);
  const most = ['a', 'b', 'c', 'd'];
  const refusals: Refusal[] = [
    ['BCHF_TX_MALFORMED', 'nobody approves', leave('a', [])],
    ['BCHF_TX_MALFORMED', 'an approver', leave('a', [' ', 'a'])],
    ['BCHF_TX_MALFORMED', 'no items allowed', change({ itemsMax: 0 }, most)],
    ['BCHF_TX_MALFORMED', 'too many items allowed', change({ itemsMax: 10_001 }, most)],
    ['BCHF_TX_MALFORMED', 'no numbers allowed', change({ numbersMax: 0 }, most)],
    ['BCHF_TX_MALFORMED', 'no period', change({ periodMsMin: 0 }, most)],
    ['BCHF_TX_MALFORMED', 'the purchaser', change({ purchaser: ' ' }, most)],
    ['BCHF_TX_NOT_ASCENDING', 'approvers', leave('a', ['b', 'a', 'c', 'd'])],
    ['BCHF_TX_NOT_ASCENDING', 'an approver twice', leave('a', ['a', 'a', 'b', 'c', 'd'])],
    ['BCHF_TX_UNKNOWN_MEMBER', 'an approver', leave('a', ['a', 'b', 'c', 'x'])],
    [
      'BCHF_TX_UNKNOWN_MEMBER',
      'the authority has no vote',
      leave('a', ['a', 'b', 'c', 'consortium']),
    ],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who leaves', leave('x', most)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the authority does not leave', leave('consortium', most)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'whose key changes', rotate('x', 'y', most)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the key of the authority', rotate('consortium', 'y', most)],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the purchaser', change({ purchaser: 'x' }, most)],
    ['BCHF_TX_UNKNOWN_ROUTE', 'to grant prefixes to', grant('x', '869', most)],
    [
      'BCHF_TX_MALFORMED',
      'no prefixes',
      { ...grant('a1', '869', most), assignments: [] } as ProposalBody,
    ],
    ['BCHF_TX_NO_QUORUM', 'three of five, for a prefix', grant('b1', '861', ['a', 'b', 'c'])],
    ['BCHF_TX_NO_QUORUM', 'three of five', leave('e', ['a', 'b', 'c'])],
    ['BCHF_TX_MEMBER_EXISTS', '', join('a', most)],
    ['BCHF_TX_KEY_EXISTS', 'the same key', rotate('a', 'a', most)],
    ['BCHF_TX_HAS_NUMBERS', 'prefixes', leave('a', most)],
    ['BCHF_TX_HAS_MONEY', 'a balance', leave('d', most)],
    [
      'BCHF_TX_REPLAYED',
      'an old sequence',
      signTransaction(join('f', most), 1, chainId, keysFor(join('f', most))),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'of an approver',
      signTransaction(join('f', most), 1_000, chainId, ['a', 'b', 'c', 'c', 'f'].map(keyOf)),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'of who joins',
      signTransaction(join('f', most), 1_000, chainId, [...most, 'a'].map(keyOf)),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'with the new key',
      signTransaction(rotate('b', 'y', most), 1_000, chainId, [...most, 'b'].map(keyOf)),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'for another proposal',
      assembleTransaction(
        join('f', most),
        1_000,
        [...most, 'f'].map((id) => signProposal(join('g', most), 1_000, chainId, keyOf(id))),
      ),
    ],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'for another chain',
      signTransaction(join('f', most), 1_000, 'other', keysFor(join('f', most))),
    ],
    [
      'BCHF_TX_STALE',
      '',
      signTransaction(join('f', most), 1_000, chainId, keysFor(join('f', most)), 1_799_999_999_999),
    ],
  ];
  testRefusals(chain, refusals);

  it('is one when members are too many', () => {
    const small = TestChain.founded({ membersMax: 4 });
    assert.equal(small.try(join('d')), 'BCHF_TX_MEMBER_LIMIT');
  });
});

describe('a proposal', () => {
  it('counts when more than two thirds of the members have signed it', () => {
    const chain = TestChain.founded();
    assert.equal(chain.try(join('d', ['a', 'b'])), 'BCHF_TX_NO_QUORUM');
    assert.equal(chain.try(join('d')), 'OK');
    assert.equal(chain.try(join('e', ['a', 'b', 'd'])), 'OK');
    assert.equal(chain.try(join('f', ['a', 'b', 'd'])), 'BCHF_TX_NO_QUORUM');
    assert.equal(chain.try(join('f', ['a', 'b', 'd', 'e'])), 'OK');
    fc.assert(
      fc.property(fc.nat({ max: 5_000 }), fc.nat({ max: 5_000 }), (count, members) => {
        assert.equal(isQuorum(count, members), BigInt(count) * 3n > BigInt(members) * 2n);
      }),
    );
  });

  it('is signed by each member on its own, whoever else signs', () => {
    const chain = TestChain.founded();
    const proposal = join('d', []);
    // Who joins signs the same.
    const signatures = [...all, 'd'].map((id) => signProposal(proposal, 5, chainId, keyOf(id)));
    const bytes = assembleTransaction({ ...proposal, approvers: all }, 5, signatures);
    assert.deepEqual(bytes, signTransaction(join('d'), 5, chainId, keysFor(join('d'))));
    assert.equal(chain.try(bytes), 'OK');
    assert.throws(() => assembleTransaction(join('d'), 5, signatures.slice(1)), RangeError);
  });

  it('counts once, even with other signatures under it', () => {
    const chain = TestChain.founded();
    chain.block([join('d')]);
    const set = change({ numbersMax: 5 }, ['a', 'b', 'c']);
    assert.equal(chain.try(signTransaction(set, 500, chainId, keysFor(set))), 'OK');
    const other = { ...set, approvers: ['a', 'b', 'd'] };
    const again = signTransaction(other, 500, chainId, keysFor(other));
    assert.equal(chain.try(again), 'BCHF_TX_REPLAYED');
    // The members' own transactions have sequences of their own.
    assert.equal(chain.try(inject('a', '8611000', '8611099')), 'OK');
  });

  it('is refused when its count of signatures is not that of its approvers', () => {
    const bytes = signTransaction(join('d'), 5, chainId, keysFor(join('d')));
    for (const count of [0, 2, 4, 255, 65_535]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt16LE(count, 1);
      assert.equal(decodeTransaction(changed).code, 'BCHF_TX_MALFORMED');
    }
    for (let length = 0; length < 3; length++) {
      assert.equal(decodeTransaction(bytes.subarray(0, length)).code, 'BCHF_TX_MALFORMED');
    }
  });

  it('changes a key: only the new one counts, from the next transaction on', () => {
    const chain = TestChain.founded();
    const body = inject('a', '8611000', '8611099');
    const [before, after] = ['a', 'new key of a'].map((seedOf) =>
      signTransaction(body, 5_000, chainId, [keyOf(seedOf)]),
    );
    assert.deepEqual(chain.block([rotate('a', 'new key of a'), before!, after!]).codes, [
      'OK',
      'BCHF_TX_BAD_SIGNATURE',
      'OK',
    ]);
  });

  it('gives a prefix to another member, and none to who has left', () => {
    const chain = TestChain.founded();
    chain.block([join('d'), { kind: 'declare-routes', member: 'd', routes: [route('d1', 'd')] }]);
    const most = ['a', 'b', 'c', 'd'];
    const { codes, changes } = chain.block([
      grant('d1', '862', most),
      leave('d', most),
      grant('b1', '862', most),
      leave('d', most),
      grant('d1', '862'),
    ]);
    assert.deepEqual(codes, ['OK', 'BCHF_TX_HAS_NUMBERS', 'OK', 'OK', 'BCHF_TX_UNKNOWN_MEMBER']);
    assert.deepEqual(
      changes.map(({ entry, from, route: number }) => [entry, from, number]),
      [
        ['prefix', key('862'), 4],
        ['prefix', key('862'), 2],
      ],
    );
  });

  it('lets a member leave that has nothing any more; it then signs nothing and takes no part', () => {
    const chain = TestChain.founded();
    chain.block([
      join('d'),
      { kind: 'declare-routes', member: 'd', routes: [route('d1', 'd')] },
      inject('a', '8611000', '8611099'),
      {
        kind: 'change-route',
        member: 'a',
        identity: 'msisdn',
        route: 'a1',
        prefixes: [key('861')],
        ranges: [],
        numbers: [],
      },
      allocate('d', '8611000', '8611009'),
    ]);
    assert.equal(chain.try(leave('d')), 'BCHF_TX_HAS_NUMBERS');
    const port: TransactionBody = {
      kind: 'port',
      identity: 'msisdn',
      numbers: [key('8610000')],
      donor: 'a',
      recipient: 'd',
      route: 'd1',
    };
    const release: TransactionBody = {
      kind: 'release',
      member: 'd',
      identity: 'msisdn',
      ranges: [{ from: key('8611000'), to: key('8611009') }],
    };
    chain.block([release, port, change({ purchaser: 'd' })]);
    assert.equal(chain.try(leave('d')), 'BCHF_TX_HAS_NUMBERS');
    chain.block([{ ...port, donor: 'd', recipient: 'a', route: 'a1' } as TransactionBody]);
    assert.equal(chain.try(leave('d')), 'OK');
    assert.equal(chain.state.consortium.parameters.purchaser, '');
    assert.equal(chain.try(allocate('d', '8611000', '8611009')), 'BCHF_TX_UNKNOWN_MEMBER');
    assert.equal(chain.try(port), 'BCHF_TX_UNKNOWN_MEMBER');
    assert.equal(chain.try(leave('b', ['a', 'b', 'c', 'd'])), 'BCHF_TX_UNKNOWN_MEMBER');
    assert.equal(chain.try(join('d')), 'BCHF_TX_MEMBER_EXISTS');
    // Three members are left: three are needed, two are not enough.
    assert.equal(chain.try(join('e', ['a', 'b'])), 'BCHF_TX_NO_QUORUM');
    assert.equal(chain.try(join('e')), 'OK');
  });

  it('lets no member leave whose terms others are charged by, or that owes', () => {
    const chain = TestChain.founded();
    chain.block([
      join('d'),
      join('e', ['a', 'b', 'c']),
      change({ purchaser: 'd' }, ['a', 'b', 'c', 'd']),
      {
        kind: 'create-pricing-contract',
        member: 'd',
        contract: 'pool-d',
        identity: 'msisdn',
        periodMs: 1_000,
        price: 1,
        transferFee: 0,
        tariffs: [],
        ranges: [],
      },
    ]);
    const most = ['a', 'b', 'c', 'e'];
    chain.block([{ ...inject('d', '9990000', '9990009'), contract: 'pool-d' } as TransactionBody]);
    assert.equal(chain.try(leave('d', most)), 'BCHF_TX_HAS_NUMBERS');
    chain.block([
      { kind: 'deposit', member: 'b', amount: 1 },
      { ...allocate('b', '9990000', '9990000'), settlement: 1 } as TransactionBody,
      { kind: 'withdraw', member: 'd', amount: 1 },
    ]);
    assert.equal(chain.try(leave('d', most)), 'BCHF_TX_HAS_MONEY');
  });
});

describe('the parameters', () => {
  it('limit the items of a transaction, the numbers of an allocation, the length of a period', () => {
    const chain = TestChain.founded();
    assert.equal(chain.try(change({ itemsMax: 2, numbersMax: 10, periodMsMin: 60_000 })), 'OK');
    const ranges = (count: number) =>
      Array.from({ length: count }, (_, at) => {
        const from = key('8611000') + 10 * at;
        return { from, to: from + 9 };
      });
    const many = (count: number): TransactionBody => ({
      kind: 'inject-pool',
      member: 'a',
      identity: 'msisdn',
      ranges: ranges(count),
    });
    assert.equal(chain.try(many(3)), 'BCHF_TX_TOO_MANY_ITEMS');
    assert.equal(chain.try(many(2)), 'OK');
    assert.equal(chain.try(allocate('b', '8611000', '8611010')), 'BCHF_TX_TOO_MANY_NUMBERS');
    assert.equal(chain.try(allocate('b', '8611000', '8611009')), 'OK');
    const contract = (periodMs: number): TransactionBody => ({
      kind: 'create-pricing-contract',
      member: 'a',
      contract: 'x',
      identity: 'msisdn',
      periodMs,
      price: 1,
      transferFee: 0,
      tariffs: [],
      ranges: [],
    });
    assert.equal(chain.try(contract(59_999)), 'BCHF_TX_PERIOD_TOO_SHORT');
    assert.equal(chain.try(contract(60_000)), 'OK');
    // However low, the limits never keep the members from changing them.
    assert.equal(chain.try(change({ itemsMax: 1 })), 'OK');
    assert.equal(chain.try(change({})), 'OK');
  });

  it('name the purchaser, who alone injects numbers that belong to nobody', () => {
    const chain = TestChain.founded();
    assert.equal(chain.try(inject('b', '9990000', '9990099')), 'BCHF_TX_NOT_PURCHASER');
    assert.equal(chain.try(change({ purchaser: 'b' })), 'OK');
    assert.equal(chain.try(inject('a', '9990000', '9990099')), 'BCHF_TX_NOT_PURCHASER');
    assert.equal(chain.try(inject('b', '8610000', '8610099')), 'BCHF_TX_NOT_OWNER');
    assert.equal(chain.try(inject('b', '9990000', '9990099')), 'OK');
    const before = chain.state.spaces.msisdn.free.find(key('9990050'));
    chain.block([
      allocate('c', '9990010', '9990019'),
      {
        kind: 'release',
        member: 'c',
        identity: 'msisdn',
        ranges: [{ from: key('9990010'), to: key('9990019') }],
      },
    ]);
    assert.deepEqual(chain.state.spaces.msisdn.free.find(key('9990050')), before);
  });
});
