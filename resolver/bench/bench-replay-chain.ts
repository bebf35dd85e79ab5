// The chain that the ledger's replay is measured on: 20 members who share a country, four validators,
// numbers ported beforehand, then blocks of everyday changes.
//
//     8613 MM SSSSSSS      a number of 13 digits: home member MM, suffix S
//              0000000–8999999   of the member;  some are ported before the clock starts
//              9000000–9999999   put into the pool
//
// Of the transactions that count, half port one number (two signatures), a quarter take a run of ten
// numbers from the pool, a quarter lead one ported number to another route (one signature each).

import { encodeCommit } from '../../ledger/block/block-codec.ts';
import { resultsHash } from '../../ledger/block/hashes.ts';
import { millisecondsOf } from '../../ledger/block/types.ts';
import { ValidatorSet } from '../../ledger/block/validator-set.ts';
import { EmbeddedEngine, type Parent } from '../../ledger/engine/embedded-engine.ts';
import { deriveKeyPair, type KeyPair } from '../../ledger/population/key-pairs.ts';
import { LedgerState } from '../../ledger/state/state.ts';
import { executeBlock, receive } from '../../ledger/state/state-machine.ts';
import type { EncodedChainBlock } from '../../ledger/sync/replay.ts';
import { AUTHORITY, signersOf, type TransactionBody } from '../../ledger/transaction-body.ts';
import { numberOfCode } from '../../ledger/transaction-code.ts';
import { signTransaction } from '../../ledger/transaction-codec.ts';
import type { ChainTrust } from '../../ledger/trust-codec.ts';

const CHAIN_ID = 'bchf-bench';
const TIME_MS = 1_700_000_000_000;
const MEMBERS = 20;
const VALIDATORS = 4;
const VALIDATOR_POWER = 10;
const SUFFIXES = 10_000_000;
const OWN_SUFFIXES = 9_000_000;
const RUN_NUMBERS = 10;
const NUMBERS_IN_TRANSACTION = 10_000;
const SETUP_TRANSACTIONS_IN_BLOCK = 10;
/** Key of 8613 00 0000000. */
const FIRST_KEY = 18_613_000_000_000;

export interface ReplayChain {
  trust: ChainTrust;
  /** Members, routes, prefixes, pool and what is ported beforehand. */
  setup: EncodedChainBlock[];
  /** The blocks that count. */
  blocks: EncodedChainBlock[];
  /** Signatures of the transactions in `blocks`. */
  signatures: number;
  /** The state commitment behind the last block. */
  appHash: Uint8Array;
}

export interface ReplayChainSize {
  ported: number;
  blocks: number;
  transactionsPerBlock: number;
}

const memberId = (member: number): string => `member-${member}`;
const routeId = (member: number, route: number): string => `route-${member}-${route}`;

/** Makes the chain; the same for the same size and seed. */
export function createReplayChain(size: ReplayChainSize, seed: number): ReplayChain {
  const builder = new ChainBuilder(seed);
  const setup = [...setupBlocks(size.ported, (id) => builder.publicKeyOf(id))].map((bodies) =>
    builder.block(bodies),
  );
  const changes = new EverydayChanges(size.ported, builder.random);
  const blocks: EncodedChainBlock[] = [];
  const signaturesBefore = builder.signatures;
  for (let block = 0; block < size.blocks; block++) {
    const bodies = Array.from({ length: size.transactionsPerBlock }, () => changes.next());
    blocks.push(builder.block(bodies));
  }
  return {
    trust: builder.trust,
    setup,
    blocks,
    signatures: builder.signatures - signaturesBefore,
    appHash: builder.appHash,
  };
}

class ChainBuilder {
  signatures = 0;
  readonly #keyPairs = new Map<string, KeyPair>();
  readonly #seed: number;
  readonly #state: LedgerState;
  readonly #engine: EmbeddedEngine;
  #parent: Parent;
  #sequence = 0;
  #random: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seed >>> 0;
    this.#state = LedgerState.genesis(this.#keys(AUTHORITY).publicKeyBytes);
    this.#state.takeChangedRows();
    const validator = (index: number) => ({
      seed: Buffer.alloc(32, index + 1),
      power: VALIDATOR_POWER,
    });
    const seeds = Array.from({ length: VALIDATORS }, (_, index) => validator(index));
    this.#engine = new EmbeddedEngine(CHAIN_ID, seeds, () => TIME_MS);
    this.#parent = {
      height: 0,
      timeMs: 0,
      appHash: this.#state.appHash(),
      resultsHash: resultsHash([]),
      commit: undefined,
    };
  }

  get trust(): ChainTrust {
    return {
      chainId: CHAIN_ID,
      validators: new ValidatorSet(this.#engine.validators()),
      authorityPublicKey: this.publicKeyOf(AUTHORITY),
    };
  }

  publicKeyOf(signer: string): Uint8Array {
    return this.#keys(signer).publicKeyBytes;
  }

  get appHash(): Uint8Array {
    return this.#parent.appHash;
  }

  /** From 0 to below a number (mulberry32). */
  readonly random = (below: number): number => {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), this.#random | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };

  block(bodies: readonly TransactionBody[]): EncodedChainBlock {
    const transactions = bodies.map((body) => this.#sign(body));
    const { block, encoded, commit, timeMs } = this.#engine.makeBlock(this.#parent, transactions);
    const { codes, appHash } = executeBlock(
      this.#state,
      transactions.map(receive),
      () => true,
      millisecondsOf(block.header.time),
    );
    const rejected = codes.find((code) => code !== 'OK');
    if (rejected) throw new Error(`a transaction of the bench was rejected: ${rejected}`);
    this.#parent = {
      height: block.header.height,
      timeMs,
      appHash,
      resultsHash: resultsHash(codes.map(numberOfCode)),
      commit,
    };
    return { block: encoded, commit: encodeCommit(commit), codes };
  }

  #sign(body: TransactionBody): Uint8Array {
    const keys = signersOf(body).map((signer) => this.#keys(signer).privateKey);
    this.signatures += keys.length;
    return signTransaction(body, ++this.#sequence, CHAIN_ID, keys);
  }

  #keys(signer: string): KeyPair {
    const known = this.#keyPairs.get(signer) ?? deriveKeyPair(this.#seed, signer);
    this.#keyPairs.set(signer, known);
    return known;
  }
}

function* setupBlocks(
  ported: number,
  keyOfMember: (id: string) => Uint8Array,
): Generator<TransactionBody[]> {
  const members = Array.from({ length: MEMBERS }, (_, member) => member);
  yield [
    {
      kind: 'admit-members',
      members: members.map((member) => ({
        id: memberId(member),
        name: `Member ${member}`,
        publicKey: keyOfMember(memberId(member)),
        plmns: [{ mcc: '460', mnc: '00' }],
      })),
    },
  ];
  yield members.map((member) => ({
    kind: 'declare-routes',
    member: memberId(member),
    routes: [0, 1].map((route) => ({
      id: routeId(member, route),
      member: memberId(member),
      plmn: { mcc: '460', mnc: '00' },
      nfType: 'UDM',
      nfInstanceId: '6b1f4a52-7d3e-4c19-9a41-0c5a7f2e1d00',
      fqdn: 'udm.5gc.mnc000.mcc460.3gppnetwork.org',
      ipv4Addresses: ['192.0.2.1'],
      port: 8080,
      groupId: 'group-1',
    })),
  }));
  yield [
    {
      kind: 'assign-prefixes',
      identity: 'msisdn',
      assignments: members.map((member) => ({
        route: routeId(member, 0),
        prefixes: [FIRST_KEY / SUFFIXES + member],
      })),
    },
  ];
  yield members.map((member) => ({
    kind: 'inject-pool',
    member: memberId(member),
    identity: 'msisdn',
    ranges: [{ from: keyOf(member, OWN_SUFFIXES), to: keyOf(member, SUFFIXES - 1) }],
  }));
  let block: TransactionBody[] = [];
  for (let from = 0; from < ported; from += NUMBERS_IN_TRANSACTION) {
    const count = Math.min(NUMBERS_IN_TRANSACTION, ported - from);
    const member = Math.floor(from / NUMBERS_IN_TRANSACTION) % MEMBERS;
    const recipient = (member + 1) % MEMBERS;
    block.push({
      kind: 'port',
      identity: 'msisdn',
      numbers: Array.from({ length: count }, (_, index) => portedKey(from + index, ported)),
      donor: memberId(member),
      recipient: memberId(recipient),
      route: routeId(recipient, 0),
    });
    if (block.length < SETUP_TRANSACTIONS_IN_BLOCK) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

function keyOf(member: number, suffix: number): number {
  return FIRST_KEY + member * SUFFIXES + suffix;
}

/** The n-th number that is ported beforehand: even suffixes, evenly spread over its member's own. */
function portedKey(position: number, ported: number): number {
  const transaction = Math.floor(position / NUMBERS_IN_TRANSACTION);
  const round = Math.floor(transaction / MEMBERS);
  const perMember = Math.ceil(ported / MEMBERS / NUMBERS_IN_TRANSACTION) * NUMBERS_IN_TRANSACTION;
  const place = round * NUMBERS_IN_TRANSACTION + (position % NUMBERS_IN_TRANSACTION);
  const step = Math.floor(OWN_SUFFIXES / perMember / 2) * 2;
  return keyOf(transaction % MEMBERS, place * step);
}

class EverydayChanges {
  readonly #ported: number;
  readonly #random: (below: number) => number;
  /** Numbers that were ported here once stay with whom they went to. */
  readonly #used = new Set<number>();
  readonly #routes = new Map<number, number>();
  readonly #taken = new Array<number>(MEMBERS).fill(0);

  constructor(ported: number, random: (below: number) => number) {
    this.#ported = ported;
    this.#random = random;
  }

  next(): TransactionBody {
    const draw = this.#random(4);
    if (draw < 2) return this.#port();
    return draw === 2 ? this.#allocate() : this.#changeRoute();
  }

  #port(): TransactionBody {
    const donor = this.#random(MEMBERS);
    let number: number;
    do number = keyOf(donor, this.#random(OWN_SUFFIXES / 2) * 2 + 1);
    while (this.#used.has(number));
    this.#used.add(number);
    const recipient = (donor + 1 + this.#random(MEMBERS - 1)) % MEMBERS;
    return {
      kind: 'port',
      identity: 'msisdn',
      numbers: [number],
      donor: memberId(donor),
      recipient: memberId(recipient),
      route: routeId(recipient, this.#random(2)),
    };
  }

  #allocate(): TransactionBody {
    const pool = this.#random(MEMBERS);
    const member = this.#random(MEMBERS);
    const from = keyOf(pool, OWN_SUFFIXES + this.#taken[pool]!++ * RUN_NUMBERS);
    return {
      kind: 'allocate',
      member: memberId(member),
      identity: 'msisdn',
      ranges: [{ from, to: from + RUN_NUMBERS - 1 }],
      route: routeId(member, 0),
    };
  }

  #changeRoute(): TransactionBody {
    const position = this.#random(this.#ported);
    const home = Math.floor(position / NUMBERS_IN_TRANSACTION) % MEMBERS;
    const holder = (home + 1) % MEMBERS;
    const route = 1 - (this.#routes.get(position) ?? 0);
    this.#routes.set(position, route);
    return {
      kind: 'change-route',
      member: memberId(holder),
      identity: 'msisdn',
      route: routeId(holder, route),
      prefixes: [],
      ranges: [],
      numbers: [portedKey(position, this.#ported)],
    };
  }
}
