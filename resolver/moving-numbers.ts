// Changes from the ledger at a rate, while it is served: some ported numbers of the population go home and
// away again, each move a transaction of its own that two members sign.
//
// They are always the same numbers (MOVING_NUMBERS), so that a load test knows which to leave out, and all
// are away again, where the population has them, when it stops.

import { MOVING_NUMBERS, type Population } from '../ledger/population/population.ts';
import { signersOf } from '../ledger/transaction-body.ts';
import { signTransaction } from '../ledger/transaction-codec.ts';

/** From block to block. */
const BLOCK_MS = 250;
/** Moves that a block has at most: what could not be made in time is left out. */
const MOVES_PER_BLOCK_MAX = 2500;

export interface MovingOptions {
  population: Pick<Population, 'portedCount' | 'portedNumber' | 'moveOf' | 'keyPairOf'>;
  perSecond: number;
  chainId: string;
  /** Transactions in the chain so far: positions are sequences, as in the population's own. */
  transactionCount: () => number;
  /** Whether a number is ported now. */
  isAway: (key: number) => boolean;
  commit: (transactions: readonly Uint8Array[]) => Promise<unknown>;
  onFault: (error: unknown) => void;
  /** Milliseconds of a clock that only goes forward. */
  nowMs: () => number;
}

export interface MovingNumbers {
  /** Ends, and brings all numbers back to where the population has them. */
  stop(): Promise<void>;
}

export function startMoving(options: MovingOptions): MovingNumbers {
  const { population, perSecond, chainId, isAway, commit, onFault, nowMs } = options;
  const count = Math.min(MOVING_NUMBERS, population.portedCount);
  const startedMs = nowMs();
  let done = 0;
  let next = 0;
  let committing: Promise<unknown> = Promise.resolve();
  let isCommitting = false;

  const signed = (index: number, way: 'home' | 'away', position: number) => {
    const body = population.moveOf(index, way);
    const keys = signersOf(body).map((signer) => population.keyPairOf(signer).privateKey);
    return signTransaction(body, position, chainId, keys);
  };

  /** The next numbers in turn; a number moves once in a block. */
  function move(): void {
    if (isCommitting) return;
    const due = Math.floor(((nowMs() - startedMs) * perSecond) / 1000) - done;
    const moves = Math.min(due, count, MOVES_PER_BLOCK_MAX);
    if (moves <= 0) return;
    done += due;
    const first = options.transactionCount() + 1;
    const transactions = Array.from({ length: moves }, (_, at) => {
      const index = (next + at) % count;
      const way = isAway(population.portedNumber(index)) ? 'home' : 'away';
      return signed(index, way, first + at);
    });
    next = (next + moves) % count;
    isCommitting = true;
    committing = commit(transactions)
      .catch(onFault)
      .finally(() => {
        isCommitting = false;
      });
  }

  const timer = setInterval(move, BLOCK_MS);
  return {
    async stop() {
      clearInterval(timer);
      await committing;
      const first = options.transactionCount() + 1;
      const atHome = Array.from({ length: count }, (_, index) => index).filter(
        (index) => !isAway(population.portedNumber(index)),
      );
      if (atHome.length === 0) return;
      await commit(atHome.map((index, at) => signed(index, 'away', first + at)));
    },
  };
}
