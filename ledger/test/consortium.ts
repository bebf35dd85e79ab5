// A small consortium for tests: an authority and members with fixed keys, routes and prefixes.
//
// Members a, b, c; routes a1, a2, b1, c1. MSISDN prefixes: 861 → a1, 862 → b1, 8615 → b1; IMSI
// prefix 46000 → a1.

import type { KeyObject } from 'node:crypto';
import { privateKeyOf, rawPublicKey } from '../ed25519.ts';
import { parseDigits } from '../number.ts';
import type { Route } from '../route.ts';
import { sha256 } from '../sha256.ts';
import { LedgerState, type StateLimits } from '../state/state.ts';
import { checkNow, type Execution, executeBlock, receive } from '../state/state-machine.ts';
import {
  AUTHORITY,
  type MemberRecord,
  newKeyOf,
  signersOf,
  type TransactionBody,
} from '../transaction-body.ts';
import type { TransactionCode } from '../transaction-code.ts';
import { signTransaction } from '../transaction-codec.ts';

export const chainId = 'test-chain';

/** Making a key costs more than signing with it. */
const privateKeys = new Map<string, KeyObject>();

/** By public key in hexadecimal. */
const byPublicKey = new Map<string, KeyObject>();

/** The private key of a signer, the same in every run. */
export function keyOf(signer: string): KeyObject {
  let known = privateKeys.get(signer);
  if (!known) {
    known = privateKeyOf(sha256(Buffer.from(`test key of ${signer}`)));
    privateKeys.set(signer, known);
    byPublicKey.set(Buffer.from(rawPublicKey(known)).toString('hex'), known);
  }
  return known;
}

export const authorityPublicKey = rawPublicKey(keyOf(AUTHORITY));

/** The key of a number given as digits. */
export function key(digits: string): number {
  const number = parseDigits(digits);
  if (number === undefined) throw new RangeError(digits);
  return number;
}

export function member(id: string): MemberRecord {
  return {
    id,
    name: `Member ${id}`,
    publicKey: rawPublicKey(keyOf(id)),
    plmns: [{ mcc: '460', mnc: '00' }],
  };
}

export function route(id: string, owner: string, more: Partial<Route> = {}): Route {
  return {
    id,
    member: owner,
    plmn: { mcc: '460', mnc: '00' },
    nfType: 'UDM',
    nfInstanceId: '6b1f4a52-7d3e-4c19-9a41-0c5a7f2e1d00',
    fqdn: 'udm.5gc.mnc000.mcc460.3gppnetwork.org',
    ipv4Addresses: ['192.0.2.1'],
    port: 8080,
    groupId: 'group-1',
    ...more,
  };
}

/** The keys that sign a body; another one where the new key of a body is nobody's here. */
export function keysFor(body: TransactionBody): KeyObject[] {
  const keys = signersOf(body).map(keyOf);
  const newKey = newKeyOf(body);
  if (!newKey) return keys;
  return [...keys, byPublicKey.get(Buffer.from(newKey).toString('hex')) ?? keyOf('nobody')];
}

/** Signs bodies with rising sequences: one counter serves every signer. */
export class Signer {
  #sequence: number;

  constructor(sequence = 0) {
    this.#sequence = sequence;
  }

  sign(body: TransactionBody, chain = chainId): Uint8Array {
    return signTransaction(body, ++this.#sequence, chain, keysFor(body));
  }
}

export const foundation: TransactionBody[] = [
  { kind: 'admit-members', members: ['a', 'b', 'c'].map(member) },
  { kind: 'declare-routes', member: 'a', routes: [route('a1', 'a'), route('a2', 'a')] },
  { kind: 'declare-routes', member: 'b', routes: [route('b1', 'b')] },
  { kind: 'declare-routes', member: 'c', routes: [route('c1', 'c')] },
  {
    kind: 'assign-prefixes',
    identity: 'msisdn',
    assignments: [
      { route: 'a1', prefixes: [key('861')] },
      { route: 'b1', prefixes: [key('862'), key('8615')] },
    ],
  },
  {
    kind: 'assign-prefixes',
    identity: 'imsi',
    assignments: [{ route: 'a1', prefixes: [key('46000')] }],
  },
];

/** A state on which blocks of bodies, or of bytes, are executed. */
export class TestChain {
  readonly state: LedgerState;
  readonly signer = new Signer();
  /** Time of the next block. */
  timeMs = 1_800_000_000_000;

  constructor(limits?: Partial<StateLimits>) {
    this.state = LedgerState.genesis(authorityPublicKey, limits);
    this.state.takeChangedRows();
  }

  /** A chain on which the foundation is laid. */
  static founded(limits?: Partial<StateLimits>): TestChain {
    const chain = new TestChain(limits);
    chain.block(foundation);
    return chain;
  }

  block(transactions: readonly (TransactionBody | Uint8Array)[]): Execution {
    const received = transactions.map((transaction) =>
      receive(transaction instanceof Uint8Array ? transaction : this.signer.sign(transaction)),
    );
    return executeBlock(this.state, received, checkNow(chainId), this.timeMs);
  }

  /** The result of one transaction. */
  try(transaction: TransactionBody | Uint8Array): TransactionCode {
    return this.block([transaction]).codes[0]!;
  }
}
