// Keys of terminals: registered, replaced and taken back by the owner of the number.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TransactionBody } from '../transaction-body.ts';
import { signTransaction } from '../transaction-codec.ts';
import { chainId, key, keyOf, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const identity = 'msisdn';
const keyBytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const set = (
  kind: 'register-terminal-keys' | 'rotate-terminal-keys',
  member: string,
  ...keys: [string, number][]
): TransactionBody => ({
  kind,
  member,
  identity,
  keys: keys.map(([digits, fill]) => ({ number: key(digits), publicKey: keyBytes(fill) })),
});
const register = (member: string, ...keys: [string, number][]) =>
  set('register-terminal-keys', member, ...keys);
const rotate = (member: string, ...keys: [string, number][]) =>
  set('rotate-terminal-keys', member, ...keys);
const revoke = (member: string, ...digits: string[]): TransactionBody => ({
  kind: 'revoke-terminal-keys',
  member,
  identity,
  numbers: digits.map(key),
});
const port = (donor: string, recipient: string, digits: string): TransactionBody => ({
  kind: 'port',
  identity,
  numbers: [key(digits)],
  donor,
  recipient,
  route: `${recipient}1`,
});

/** What the state says of a number's key: the byte that fills it. */
const found = (chain: TestChain, digits: string) =>
  chain.state.terminalKey(identity, key(digits))?.[0];

describe('a refused transaction about terminal keys', () => {
  const chain = TestChain.founded();
  chain.block([
    register('a', ['8610000', 1]),
    {
      kind: 'inject-pool',
      member: 'a',
      identity,
      ranges: [{ from: key('8611000'), to: key('8611099') }],
    },
  ]);
  const refusals: Refusal[] = [
    ['BCHF_TX_MALFORMED', 'no keys', register('a')],
    ['BCHF_TX_MALFORMED', 'no numbers', revoke('a')],
    ['BCHF_TX_NOT_ASCENDING', 'a number twice', register('a', ['8610001', 1], ['8610001', 2])],
    ['BCHF_TX_NOT_ASCENDING', 'to revoke', revoke('a', '8610001', '8610000')],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who registers', register('d', ['8610001', 1])],
    ['BCHF_TX_UNKNOWN_MEMBER', 'who revokes', revoke('d', '8610000')],
    ['BCHF_TX_UNKNOWN_MEMBER', 'the authority', register('consortium', ['8610001', 1])],
    ['BCHF_TX_NOT_OWNER', 'of another', register('a', ['8620000', 1])],
    ['BCHF_TX_NOT_OWNER', 'in the pool', register('a', ['8611000', 1])],
    ['BCHF_TX_NOT_OWNER', 'to rotate', rotate('b', ['8610000', 2])],
    ['BCHF_TX_KEY_EXISTS', 'to register', register('a', ['8610000', 2])],
    ['BCHF_TX_KEY_EXISTS', 'the same', rotate('a', ['8610000', 1])],
    ['BCHF_TX_UNKNOWN_KEY', 'to rotate', rotate('a', ['8610001', 1])],
    ['BCHF_TX_UNKNOWN_KEY', 'to revoke', revoke('a', '8610000', '8610001')],
    ['BCHF_TX_UNKNOWN_KEY', 'of another to revoke', revoke('b', '8610000')],
    [
      'BCHF_TX_BAD_SIGNATURE',
      'of another member',
      signTransaction(revoke('a', '8610000'), 1_000, chainId, [keyOf('b')]),
    ],
  ];
  testRefusals(chain, refusals);

  it('is one when keys are too many', () => {
    const small = TestChain.founded({ terminalKeysMax: 2 });
    assert.equal(small.try(register('a', ['8610000', 1], ['8610001', 1])), 'OK');
    assert.equal(small.try(register('a', ['8610002', 1])), 'BCHF_TX_KEY_LIMIT');
    assert.equal(small.try(rotate('a', ['8610000', 2])), 'OK');
    assert.equal(small.try(revoke('a', '8610000')), 'OK');
    assert.equal(small.try(register('a', ['8610002', 1])), 'OK');
  });
});

describe('the key of a terminal', () => {
  it('is found by its number until it is replaced or taken back', () => {
    const chain = TestChain.founded();
    chain.block([register('a', ['8610000', 1], ['8610001', 2])]);
    assert.equal(found(chain, '8610000'), 1);
    assert.equal(chain.state.terminalKey('imsi', key('8610000')), undefined);
    assert.equal(chain.try(rotate('a', ['8610000', 3])), 'OK');
    assert.equal(found(chain, '8610000'), 3);
    assert.equal(chain.try(revoke('a', '8610000')), 'OK');
    assert.equal(found(chain, '8610000'), undefined);
    assert.equal(found(chain, '8610001'), 2);
  });

  it('does not go with the number to another member, who registers one of its own', () => {
    const chain = TestChain.founded();
    chain.block([register('a', ['8610000', 1]), port('a', 'b', '8610000')]);
    assert.equal(found(chain, '8610000'), undefined);
    assert.equal(chain.try(register('b', ['8610000', 2])), 'OK');
    assert.equal(found(chain, '8610000'), 2);
    chain.block([port('b', 'a', '8610000')]);
    assert.equal(found(chain, '8610000'), undefined);
  });

  it('ends when its number goes to another member or to the pool, and does not come back with it', () => {
    const pool = { from: key('8611000'), to: key('8612999') };
    const steps: [string, TransactionBody, TransactionBody][] = [
      ['ported', port('a', 'b', '8610000'), port('b', 'a', '8610000')],
      [
        'transferred',
        {
          kind: 'transfer',
          identity,
          ranges: [{ from: key('8611000'), to: key('8612500') }],
          transferor: 'a',
          recipient: 'b',
          route: 'b1',
        },
        {
          kind: 'transfer',
          identity,
          ranges: [{ from: key('8611000'), to: key('8612500') }],
          transferor: 'b',
          recipient: 'a',
          route: 'a1',
        },
      ],
      [
        'released',
        { kind: 'release', member: 'a', identity, ranges: [pool] },
        { kind: 'allocate', member: 'a', identity, ranges: [pool], route: 'a1' },
      ],
      [
        'injected',
        {
          kind: 'inject-pool',
          member: 'a',
          identity,
          ranges: [{ from: key('8613000'), to: key('8613099') }],
        },
        {
          kind: 'allocate',
          member: 'a',
          identity,
          ranges: [{ from: key('8613000'), to: key('8613099') }],
          route: 'a1',
        },
      ],
    ];
    const all = ['8610000', '8611000', '8612500', '8612501', '8612999', '8613050', '8613100'];
    const gone: Record<string, string[]> = {
      ported: ['8610000'],
      transferred: ['8611000', '8612500'],
      released: ['8611000', '8612500', '8612501', '8612999'],
      injected: ['8613050'],
    };
    for (const [what, there, back] of steps) {
      const chain = TestChain.founded();
      const { codes } = chain.block([
        { kind: 'inject-pool', member: 'a', identity, ranges: [pool] },
        { kind: 'allocate', member: 'a', identity, ranges: [pool], route: 'a1' },
        register('a', ...all.map((digits): [string, number] => [digits, 1])),
        there,
        back,
      ]);
      assert.deepEqual(new Set(codes), new Set(['OK']), what);
      const left = all.filter((digits) => found(chain, digits) === undefined);
      assert.deepEqual(left, gone[what], what);
      assert.equal(chain.state.terminalKeys.count(identity), all.length - left.length);
    }
  });

  it('counts no more when its prefix is assigned to another member', () => {
    const chain = TestChain.founded();
    chain.block([
      register('a', ['8610000', 1]),
      {
        kind: 'grant-prefixes',
        identity,
        assignments: [{ route: 'b1', prefixes: [key('861000')] }],
        approvers: ['a', 'b', 'c'],
      },
    ]);
    assert.equal(found(chain, '8610000'), undefined);
    assert.equal(chain.try(register('b', ['8610000', 2])), 'OK');
    assert.equal(found(chain, '8610000'), 2);
  });
});
