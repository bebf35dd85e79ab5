// A node of the ledger's network: follows the chain, passes transactions on, and where it holds the
// validator keys makes the blocks. Everything around it (process, index, HTTP) is somebody else's.

import { Proposer } from '../engine/proposer.ts';
import type { Transport } from '../gossip/transport.ts';
import type { CommittedBlock, FollowedLedger, Ledger } from '../ledger.ts';
import { ChainSync, type Halt } from './chain-sync.ts';
import type { Clock } from './clock.ts';
import { PendingPool, type PoolLimits } from './pending-pool.ts';
import { TransactionExchange } from './transaction-exchange.ts';

/** How long a proposer listens for blocks that it does not have, before it makes its own. */
const LISTEN_MS = 2_000;
const LISTEN_STEP_MS = 100;

export interface MemberNodeOptions {
  ledger: FollowedLedger;
  transport: Transport;
  clock: Clock;
  /** Numbers from 0 to below 1. */
  random: () => number;
  /** Called with each block in order, before the next one comes. */
  onBlock: (block: CommittedBlock) => void | Promise<void>;
  /** Called where following or proposing has ended for good. */
  onHalt: (halt: Halt) => void;
  poolLimits?: PoolLimits;
  /** Makes blocks; only one node of a chain may. `ledger` is its own then. */
  propose?: { ledger: Ledger; blockTimeMs: number; transactionsMax?: number; bytesMax?: number };
}

export class MemberNode {
  readonly ledger: FollowedLedger;
  readonly sync: ChainSync;
  readonly pool: PendingPool;
  readonly exchange: TransactionExchange;
  readonly #options: MemberNodeOptions;
  readonly #proposer: Proposer | undefined;
  #halt: Halt | undefined;
  #isStopped = false;

  constructor(options: MemberNodeOptions) {
    const { ledger, transport, clock, random, poolLimits, propose } = options;
    this.#options = options;
    this.ledger = ledger;
    this.pool = new PendingPool(poolLimits);
    const onHalt = (halt: Halt): void => {
      this.#halt ??= halt;
      this.#proposer?.stop();
      options.onHalt(halt);
    };
    this.sync = new ChainSync({
      ledger,
      transport,
      clock,
      random,
      onHalt,
      onBlock: (block) => this.#onBlock(block),
    });
    this.exchange = new TransactionExchange({
      ledger,
      transport,
      clock,
      pool: this.pool,
      isCurrent: () => this.sync.isCurrent,
      onPending: () => this.#proposer?.wake(),
    });
    if (!propose) return;
    this.#proposer = new Proposer({
      ...propose,
      clock,
      commit: (transactions) => propose.ledger.commit(transactions),
      select: (countMax, bytesMax) => this.pool.select(countMax, bytesMax),
      onBlock: async (block) => {
        // Others need it as soon as it is on the disk; the own index can wait so long.
        const published = this.sync.publish(block).catch(() => undefined);
        await this.#onBlock(block);
        await published;
      },
      onFailure: (error: Error & { code?: string }) =>
        onHalt({
          height: ledger.tip.height,
          code: error.code ?? error.name,
          message: error.message,
        }),
    });
  }

  /** Why the node has stopped to follow or to propose; `undefined` while all is well. */
  get halted(): Halt | undefined {
    return this.#halt;
  }

  start(): void {
    this.sync.start();
    this.exchange.start();
    if (this.#proposer) this.#proposeWhenCurrent(this.#options.clock.nowMs() + LISTEN_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#proposer?.stop();
    this.exchange.stop();
    this.sync.stop();
  }

  async #onBlock(block: CommittedBlock): Promise<void> {
    this.exchange.committed(block);
    await this.#options.onBlock(block);
  }

  /**
   * A proposer whose disk was set back would sign other blocks of the heights that it has lost. So it
   * first takes what its peers have; where no peer is there after a while, it is the first to start.
   */
  #proposeWhenCurrent(untilMs: number): void {
    if (this.#isStopped || this.#halt) return;
    const { heardTips, isCurrent } = this.sync;
    const hasHeardAll = heardTips > 0 && heardTips >= this.#options.transport.peers().length;
    const hasListened = hasHeardAll || this.#options.clock.nowMs() >= untilMs;
    if (isCurrent && hasListened) this.#proposer?.start();
    else this.#options.clock.after(LISTEN_STEP_MS, () => this.#proposeWhenCurrent(untilMs));
  }
}
