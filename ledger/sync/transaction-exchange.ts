// Transactions between members: taken in here, passed on to everybody, and what became of them.
//
// A transaction that was handed in here is sent again until it stands in a block, each time with a
// higher round, because the network passes the same bytes on only once.

import {
  decodeTransactionMessage,
  encodeTransactionMessage,
  namesOf,
  TRANSACTION_ROUNDS_MAX,
} from '../gossip/message-codec.ts';
import type { Transport, Verdict } from '../gossip/transport.ts';
import type { CommittedBlock, FollowedLedger } from '../ledger.ts';
import type { RejectionCode, TransactionCode } from '../transaction-code.ts';
import { TRANSACTION_BYTES_MAX, transactionId } from '../transaction-codec.ts';
import type { Clock } from './clock.ts';
import type { PendingPool, PoolRefusal } from './pending-pool.ts';

/** Time between two rounds of a transaction that was handed in here. */
const ROUND_INTERVAL_MS = 3_000;
/** Results that are remembered; older ones are in the ledger. */
const RESULTS_MAX = 100_000;
/** Ids whose round is remembered. */
const ROUNDS_MAX = 100_000;

/** What became of a transaction. */
export type TransactionStatus =
  | { status: 'pending' }
  /**
   * It stands in the block at `height`; `code` says whether it changed anything. This node's ledger
   * took the block at `atMs`, milliseconds since 1970.
   */
  | { status: 'committed'; height: number; code: TransactionCode; atMs: number }
  /** It did not come into a block in time, or one with its sequence did. */
  | { status: 'expired' }
  | { status: 'unknown' };

/** What handing in a transaction gives. */
export type Submission =
  | { id: string; code?: undefined }
  | { id: string; code: RejectionCode | PoolRefusal };

export interface ExchangeOptions {
  ledger: Pick<FollowedLedger, 'chainId' | 'admit' | 'lastSequence'>;
  transport: Pick<Transport, 'subscribe' | 'publish'>;
  pool: PendingPool;
  clock: Clock;
  /** Whether the ledger has all blocks that are known of, so that a bad signature is one. */
  isCurrent: () => boolean;
  /** Called when a transaction waits that did not before. */
  onPending: () => void;
}

/** Codes for which the peer is not to blame: another node may see it otherwise at this moment. */
const NOBODYS_FAULT: readonly (RejectionCode | PoolRefusal)[] = [
  'BCHF_TX_UNKNOWN_MEMBER',
  'BCHF_TX_REPLAYED',
  'BCHF_TX_STALE',
  'BCHF_POOL_FULL',
  'BCHF_POOL_SIGNER_LIMIT',
  'BCHF_POOL_SAME_SEQUENCE',
];

export class TransactionExchange {
  readonly #options: ExchangeOptions;
  readonly #results = new Map<string, TransactionStatus>();
  /** Round that was last seen of each id. */
  readonly #rounds = new Map<string, number>();
  /** Transactions that were handed in here and wait, with the round they are sent in next. */
  readonly #own = new Map<string, { bytes: Uint8Array; round: number }>();
  #cancel: (() => void) | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    const { ledger, transport } = this.#options;
    transport.subscribe(namesOf(ledger.chainId).transactionTopic, (bytes) => this.#judge(bytes));
    this.#repeat();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Takes a transaction in and sends it to everybody. */
  async submit(bytes: Uint8Array): Promise<Submission> {
    const id = idOf(bytes);
    const known = this.status(id).status;
    if (known === 'committed' || known === 'pending') return { id };
    // More would not go through the network.
    if (bytes.length > TRANSACTION_MESSAGE_BYTES_MAX) return { id, code: 'BCHF_TX_TOO_LARGE' };
    const code = await this.#take(id, bytes);
    if (code) return { id, code };
    this.#results.delete(id);
    // Where it was sent before and expired, the network knows the lower rounds.
    const round = Math.min((this.#rounds.get(id) ?? -1) + 1, TRANSACTION_ROUNDS_MAX - 1);
    this.#own.set(id, { bytes, round: round + 1 });
    await this.#send(bytes, round);
    return { id };
  }

  /** The last sequence that a signer has used, in blocks or in transactions that wait; −1: none. */
  lastSequence(signer: string): number {
    const { ledger, pool } = this.#options;
    return Math.max(ledger.lastSequence(signer), pool.lastSequence(signer));
  }

  /** What became of a transaction; `id` is 64 hex digits. */
  status(id: string): TransactionStatus {
    const pending = this.#options.pool.has(id);
    return this.#results.get(id) ?? (pending ? { status: 'pending' } : { status: 'unknown' });
  }

  /** To be called with every block that the ledger has taken. */
  committed({ height, results }: Pick<CommittedBlock, 'height' | 'results'>): void {
    const { pool, ledger, clock } = this.#options;
    const atMs = clock.nowMs();
    for (const { id, code } of results) {
      const name = Buffer.from(id).toString('hex');
      pool.remove(name);
      this.#own.delete(name);
      this.#remember(name, { status: 'committed', height, code, atMs });
    }
    this.#drop(pool.sweep((one) => ledger.lastSequence(one), atMs));
  }

  #drop({ replayed, expired }: ReturnType<PendingPool['sweep']>): void {
    for (const id of [...replayed, ...expired]) {
      this.#own.delete(id);
      this.#remember(id, { status: 'expired' });
    }
  }

  async #judge(message: Uint8Array): Promise<Verdict> {
    const decoded = decodeTransactionMessage(message);
    if (!decoded) return 'reject';
    const { transaction, round } = decoded;
    const id = idOf(transaction);
    const seen = this.#rounds.get(id) ?? -1;
    if (round > seen) setBounded(this.#rounds, id, round, ROUNDS_MAX);
    const { status } = this.status(id);
    if (status === 'committed') return 'ignore';
    // Known here, but a new round may be news to others.
    if (status === 'pending') return round > seen ? 'accept' : 'ignore';
    const code = await this.#take(id, transaction);
    if (!code) return 'accept';
    if (NOBODYS_FAULT.includes(code)) return 'ignore';
    // A signature may be right under a key that this ledger does not hold yet.
    if (code === 'BCHF_TX_BAD_SIGNATURE' && !this.#options.isCurrent()) return 'ignore';
    return 'reject';
  }

  async #take(id: string, bytes: Uint8Array): Promise<RejectionCode | PoolRefusal | undefined> {
    const { ledger, pool, clock, onPending } = this.#options;
    const { admitted, code } = await ledger.admit(bytes);
    if (!admitted) return code;
    // A block may have come meanwhile.
    if (this.#results.get(id)?.status === 'committed') return 'BCHF_TX_REPLAYED';
    const refusal = pool.add({ id, bytes, ...admitted }, clock.nowMs());
    if (refusal) return refusal;
    this.#results.delete(id);
    onPending();
    return undefined;
  }

  /** Sends what was handed in here and still waits, again and again; drops what waits too long. */
  #repeat(): void {
    const { pool, clock } = this.#options;
    // Sequences are looked at with each block alone: while one is being stored, the ledger already has those of
    // the transactions in it, and these would be told as expired until it is.
    this.#drop(pool.sweep(() => -1, clock.nowMs()));
    for (const own of this.#own.values()) {
      if (own.round < TRANSACTION_ROUNDS_MAX) void this.#send(own.bytes, own.round++);
    }
    this.#cancel = clock.after(ROUND_INTERVAL_MS, () => this.#repeat());
  }

  async #send(transaction: Uint8Array, round: number): Promise<void> {
    const { ledger, transport } = this.#options;
    const message = encodeTransactionMessage({ transaction, round });
    setBounded(this.#rounds, idOf(transaction), round, ROUNDS_MAX);
    // Where the network fails now, a later round goes through.
    await transport
      .publish(namesOf(ledger.chainId).transactionTopic, message)
      .catch(() => undefined);
  }

  #remember(id: string, status: TransactionStatus): void {
    setBounded(this.#results, id, status, RESULTS_MAX);
  }
}

/** Most bytes of a transaction that goes through the network: a message holds its framing too. */
export const TRANSACTION_MESSAGE_BYTES_MAX = TRANSACTION_BYTES_MAX - 64;

function idOf(bytes: Uint8Array): string {
  return Buffer.from(transactionId(bytes)).toString('hex');
}

/** Sets a value and forgets the oldest beyond a count. */
function setBounded<V>(map: Map<string, V>, id: string, value: V, countMax: number): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > countMax) map.delete(map.keys().next().value as string);
}
