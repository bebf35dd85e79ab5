// Makes blocks of the transactions that wait: as soon as there are some, but not more often than the
// block time; none while there are none.
//
// There is one proposer in a chain of the embedded engine: it holds all validator keys. Consensus
// between several processes is CometBFT's, not this engine's.

import type { CommittedBlock } from '../ledger.ts';
import type { Clock } from '../sync/clock.ts';
import { TRANSACTION_BYTES_MAX } from '../transaction-codec.ts';
import { BLOCK_TRANSACTION_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from './embedded-engine.ts';

export interface ProposerOptions {
  /** Makes a block of transactions and stores it. */
  commit: (transactions: readonly Uint8Array[]) => Promise<CommittedBlock>;
  /** Transactions for the next block, up to a count and bytes. */
  select: (countMax: number, bytesMax: number) => Uint8Array[];
  clock: Clock;
  /** Shortest time from one block to the next. */
  blockTimeMs: number;
  /** Most transactions of a block, 1 to BLOCK_TRANSACTIONS_MAX. */
  transactionsMax?: number;
  /** Most bytes of them, TRANSACTION_BYTES_MAX to BLOCK_TRANSACTION_BYTES_MAX. */
  bytesMax?: number;
  /** Called with each block, before the next one is made. */
  onBlock: (block: CommittedBlock) => void | Promise<void>;
  /** Called where a block could not be made; no more are made then. */
  onFailure: (error: Error) => void;
}

export class Proposer {
  readonly #options: Required<ProposerOptions>;
  #nextMs = 0;
  #isBusy = false;
  #isRunning = false;
  #cancel: (() => void) | undefined;

  /** Throws a `RangeError` for limits outside of those of a block. */
  constructor(options: ProposerOptions) {
    const {
      transactionsMax = BLOCK_TRANSACTIONS_MAX,
      bytesMax = BLOCK_TRANSACTION_BYTES_MAX,
      blockTimeMs,
    } = options;
    if (transactionsMax < 1 || transactionsMax > BLOCK_TRANSACTIONS_MAX) {
      throw new RangeError(`a block has 1 to ${BLOCK_TRANSACTIONS_MAX} transactions`);
    }
    // Where the largest transaction did not fit, it would hold up all others for ever.
    if (bytesMax < TRANSACTION_BYTES_MAX || bytesMax > BLOCK_TRANSACTION_BYTES_MAX) {
      const range = `${TRANSACTION_BYTES_MAX} to ${BLOCK_TRANSACTION_BYTES_MAX}`;
      throw new RangeError(`a block has at most ${range} bytes`);
    }
    if (!(blockTimeMs >= 0)) throw new RangeError('the block time is 0 ms or more');
    this.#options = { ...options, transactionsMax, bytesMax };
  }

  start(): void {
    this.#isRunning = true;
    this.wake();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
  }

  /** To be called when a transaction waits that did not before. */
  wake(): void {
    if (!this.#isRunning || this.#isBusy || this.#cancel) return;
    const delayMs = Math.max(0, this.#nextMs - this.#options.clock.nowMs());
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#cancel = undefined;
      void this.#propose();
    });
  }

  async #propose(): Promise<void> {
    const { commit, select, clock, blockTimeMs, transactionsMax, bytesMax, onBlock, onFailure } =
      this.#options;
    const transactions = select(transactionsMax, bytesMax);
    if (transactions.length === 0 || !this.#isRunning) return;
    this.#isBusy = true;
    this.#nextMs = clock.nowMs() + blockTimeMs;
    try {
      await onBlock(await commit(transactions));
    } catch (error) {
      if (this.#isRunning) onFailure(error as Error);
      this.#isRunning = false;
      return;
    } finally {
      this.#isBusy = false;
    }
    // There may be more than one block's worth; where there is nothing, nothing is made.
    this.wake();
  }
}
