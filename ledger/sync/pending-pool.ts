// Transactions that wait for a block, each once, with limits.
//
// Those of one signer stand in the order of their sequences, because a lower one after a higher one
// is refused as replayed; signers take turns in the order in which their transactions came.

/** A transaction that waits. */
export interface PendingTransaction {
  /** The sha-256 of its bytes, 64 hex digits. */
  id: string;
  bytes: Uint8Array;
  /** Who signed first. */
  signer: string;
  sequence: number;
}

export interface PoolLimits {
  transactionsMax: number;
  bytesMax: number;
  /** Of one signer. */
  signerTransactionsMax: number;
  signerBytesMax: number;
  /** A transaction that has waited so long is dropped. */
  expiryMs: number;
}

export const POOL_LIMITS: PoolLimits = {
  transactionsMax: 20_000,
  bytesMax: 64 * 1_048_576,
  signerTransactionsMax: 4_000,
  signerBytesMax: 16 * 1_048_576,
  expiryMs: 120_000,
};

/** Why a transaction may not wait. */
export type PoolRefusal =
  /** The pool is full. */
  | 'BCHF_POOL_FULL'
  /** Its signer has too many, or too large ones, waiting. */
  | 'BCHF_POOL_SIGNER_LIMIT'
  /** Another transaction of its signer with its sequence waits. */
  | 'BCHF_POOL_SAME_SEQUENCE';

interface Waiting extends PendingTransaction {
  sinceMs: number;
}

interface Share {
  /** Ascending by sequence. */
  transactions: Waiting[];
  bytes: number;
}

export class PendingPool {
  readonly #limits: PoolLimits;
  /** In the order of arrival. */
  readonly #byId = new Map<string, Waiting>();
  readonly #bySigner = new Map<string, Share>();
  #bytes = 0;

  constructor(limits: PoolLimits = POOL_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The highest sequence of a signer's transactions; −1 where none waits. */
  lastSequence(signer: string): number {
    return this.#bySigner.get(signer)?.transactions.at(-1)?.sequence ?? -1;
  }

  /** Takes a transaction in; why not, where it may not; `undefined` also where it was there. */
  add(transaction: PendingTransaction, nowMs: number): PoolRefusal | undefined {
    const { id, bytes, signer, sequence } = transaction;
    if (this.#byId.has(id)) return undefined;
    const { transactionsMax, bytesMax, signerTransactionsMax, signerBytesMax } = this.#limits;
    if (this.#byId.size >= transactionsMax || this.#bytes + bytes.length > bytesMax) {
      return 'BCHF_POOL_FULL';
    }
    const share = this.#bySigner.get(signer) ?? { transactions: [], bytes: 0 };
    if (
      share.transactions.length >= signerTransactionsMax ||
      share.bytes + bytes.length > signerBytesMax
    ) {
      return 'BCHF_POOL_SIGNER_LIMIT';
    }
    const { transactions } = share;
    let at = transactions.length;
    while (at > 0 && transactions[at - 1]!.sequence > sequence) at--;
    if (transactions[at - 1]?.sequence === sequence) return 'BCHF_POOL_SAME_SEQUENCE';
    const waiting = { ...transaction, sinceMs: nowMs };
    transactions.splice(at, 0, waiting);
    share.bytes += bytes.length;
    this.#bySigner.set(signer, share);
    this.#byId.set(id, waiting);
    this.#bytes += bytes.length;
    return undefined;
  }

  /** Transactions for a block, up to a count and bytes. They go on waiting until they are removed. */
  select(countMax: number, bytesMax: number): Uint8Array[] {
    const selected: Uint8Array[] = [];
    const next = new Map<string, number>();
    let bytes = 0;
    for (const { signer } of this.#byId.values()) {
      const at = next.get(signer) ?? 0;
      const transaction = this.#bySigner.get(signer)!.transactions[at]!;
      bytes += transaction.bytes.length;
      if (selected.length >= countMax || bytes > bytesMax) break;
      next.set(signer, at + 1);
      selected.push(transaction.bytes);
    }
    return selected;
  }

  remove(id: string): void {
    const waiting = this.#byId.get(id);
    if (!waiting) return;
    const { bytes, signer } = waiting;
    this.#byId.delete(id);
    this.#bytes -= bytes.length;
    const share = this.#bySigner.get(signer)!;
    share.transactions.splice(share.transactions.indexOf(waiting), 1);
    share.bytes -= bytes.length;
    if (share.transactions.length === 0) this.#bySigner.delete(signer);
  }

  /**
   * Removes what a block can only refuse: transactions whose sequence is not above their signer's
   * last one, and those that have waited too long. Gives the ids of both.
   */
  sweep(lastSequence: (signer: string) => number, nowMs: number) {
    const replayed: string[] = [];
    const expired: string[] = [];
    const sequences = new Map<string, number>();
    for (const { id, signer, sequence, sinceMs } of this.#byId.values()) {
      const last = sequences.get(signer) ?? lastSequence(signer);
      sequences.set(signer, last);
      if (sequence <= last) replayed.push(id);
      else if (nowMs - sinceMs >= this.#limits.expiryMs) expired.push(id);
    }
    for (const id of [...replayed, ...expired]) this.remove(id);
    return { replayed, expired };
  }
}
