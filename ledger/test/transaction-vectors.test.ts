// The bytes of one transaction of each kind, as they have been since the kind exists: a change of any
// of them would make another chain.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { rawPublicKey } from '../ed25519.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { checkBody } from '../transaction-check.ts';
import { decodeTransaction, signTransaction, transactionId } from '../transaction-codec.ts';
import { KINDS } from '../transaction-kinds.ts';
import { roamingContractAddress } from '../transaction-roaming.ts';
import { chainId, key, keyOf, keysFor, member, route } from './consortium.ts';

const SEQUENCE = 7;
const VALID_UNTIL_MS = 1_800_000_000_000;

const ranges = [
  { from: key('8611000'), to: key('8611099') },
  { from: key('8611200'), to: key('8611200') },
];
const numbers = [key('8611001'), key('8611007')];
const keys = numbers.map((number) => ({
  number,
  publicKey: new Uint8Array(32).fill(number % 251),
}));
const approvers = ['a', 'b', 'c'];
const contract = roamingContractAddress('a', 'world');

const bodies: TransactionBody[] = [
  { kind: 'admit-members', members: [member('a'), member('b')] },
  {
    kind: 'declare-routes',
    member: 'a',
    routes: [route('a1', 'a', { userDataIndexBase: 5_000, contractAddress: contract })],
  },
  {
    kind: 'assign-prefixes',
    identity: 'imsi',
    assignments: [{ route: 'a1', prefixes: [key('46000')] }],
  },
  { kind: 'inject-pool', member: 'a', identity: 'msisdn', ranges, contract: 'pool-a' },
  { kind: 'allocate', member: 'b', identity: 'msisdn', ranges, route: 'b1', settlement: 303 },
  { kind: 'port', identity: 'msisdn', numbers, donor: 'a', recipient: 'b', route: 'b1' },
  {
    kind: 'transfer',
    identity: 'msisdn',
    ranges,
    transferor: 'a',
    recipient: 'b',
    route: 'b1',
    price: 1_000,
    settlement: 202,
  },
  {
    kind: 'change-route',
    member: 'a',
    identity: 'msisdn',
    route: 'a2',
    prefixes: [key('861')],
    ranges,
    numbers,
  },
  { kind: 'release', member: 'a', identity: 'msisdn', ranges },
  {
    kind: 'create-pricing-contract',
    member: 'a',
    contract: 'pool-a',
    identity: 'msisdn',
    periodMs: 86_400_000,
    price: 3,
    transferFee: 2,
    tariffs: [{ prefix: key('86110'), price: 7 }],
    ranges,
  },
  { kind: 'deposit', member: 'b', amount: 1_000_000 },
  { kind: 'withdraw', member: 'b', amount: 999 },
  { kind: 'settle-occupation', member: 'a', contract: 'pool-a', occupant: 'b' },
  {
    kind: 'register-roaming-contract',
    member: 'a',
    name: 'world',
    prices: [
      { service: 'voice-seconds', price: 2 },
      { service: 'data-kibibytes', price: 1 },
    ],
  },
  {
    kind: 'report-roaming-usage',
    member: 'b',
    contract,
    identity: 'imsi',
    usage: [{ number: key('460000000000001'), service: 'messages', units: 12 }],
  },
  { kind: 'settle-roaming', home: 'a', visited: 'b', contract, amount: 24 },
  { kind: 'register-terminal-keys', member: 'a', identity: 'msisdn', keys },
  { kind: 'rotate-terminal-keys', member: 'a', identity: 'msisdn', keys },
  { kind: 'revoke-terminal-keys', member: 'a', identity: 'msisdn', numbers },
  { kind: 'join-member', member: member('d'), approvers },
  { kind: 'leave-member', member: 'd', approvers },
  { kind: 'rotate-member-key', member: 'd', publicKey: rawPublicKey(keyOf('e')), approvers },
  {
    kind: 'change-parameters',
    parameters: { itemsMax: 500, numbersMax: 9_999, periodMsMin: 60_000, purchaser: 'a' },
    approvers,
  },
  {
    kind: 'grant-prefixes',
    identity: 'msisdn',
    assignments: [{ route: 'a1', prefixes: [key('863'), key('8640')] }],
    approvers,
  },
];

const file = new URL('../../../ledger/test/fixtures/transactions.json', import.meta.url);
const vectors: { kind: string; bytes: string; id: string }[] = JSON.parse(
  readFileSync(file, 'utf8'),
);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the golden vectors of transactions', () => {
  it('are there for every kind, in the order of their bytes', () => {
    const kinds = KINDS.map(({ kind }) => kind);
    assert.deepEqual(
      KINDS.map(({ byte }) => byte),
      kinds.map((_, at) => at + 1),
    );
    assert.deepEqual(
      vectors.map(({ kind }) => kind),
      kinds,
    );
    assert.deepEqual(
      bodies.map(({ kind }) => kind),
      kinds,
    );
  });

  for (const [at, body] of bodies.entries()) {
    it(`fix the bytes of ${body.kind}`, () => {
      assert.equal(checkBody(body), undefined);
      const bytes = signTransaction(body, SEQUENCE, chainId, keysFor(body), VALID_UNTIL_MS);
      const vector = vectors[at]!;
      assert.equal(hex(bytes), vector.bytes);
      assert.equal(hex(transactionId(bytes)), vector.id);
      const { transaction } = decodeTransaction(Buffer.from(vector.bytes, 'hex'));
      assert.equal(transaction!.body.kind, body.kind);
      assert.deepEqual(
        JSON.parse(JSON.stringify(transaction!.body)),
        JSON.parse(JSON.stringify(body)),
      );
    });
  }

  it('are what the format says, byte by byte', () => {
    const deposit = vectors[10]!.bytes;
    const expected = [
      '0b', // kind 11
      '0700000000000000', // sequence
      '00505c18a3010000', // valid until
      '1c000000', // offset of the member's id behind the fixed part of 28 bytes
      '40420f0000000000', // amount
      '62', // "b"
    ].join('');
    assert.equal(deposit.slice(0, -128), expected);
    const leave = vectors[20]!.bytes;
    const proposal = [
      '15', // kind 21
      '0300', // three approvers
      '0700000000000000',
      '00505c18a3010000',
      '18000000', // offset of the member's id
      '19000000', // offset of the approvers
      '64', // "d"
      '0c0000000d0000000e000000', // offsets of their ids
      '616263',
    ].join('');
    assert.equal(leave.slice(0, -3 * 128), proposal);
  });
});
