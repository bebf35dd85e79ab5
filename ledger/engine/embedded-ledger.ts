// An opened ledger with its embedded engine: it makes the blocks that it appends.
//
//     limits → propose, sign, verify → decode, check signatures → execute → store → acknowledge

import type { CommittedBlock, Ledger } from '../ledger.ts';
import { LedgerError } from '../ledger-error.ts';
import {
  BLOCK_TRANSACTION_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
  type EmbeddedEngine,
} from './embedded-engine.ts';
import { type LedgerParts, ReplicaLedger } from './replica-ledger.ts';

export class EmbeddedLedger extends ReplicaLedger implements Ledger {
  readonly #engine: EmbeddedEngine;

  constructor({ engine, ...parts }: Omit<LedgerParts, 'validators'> & { engine: EmbeddedEngine }) {
    super({ ...parts, validators: engine.validators() });
    this.#engine = engine;
  }

  commit(transactions: readonly Uint8Array[]): Promise<CommittedBlock> {
    // It may be some time until their turn, and the caller may fill the same array anew.
    const own = [...transactions];
    return this.enqueue(async () => {
      checkLimits(own);
      return this.append(this.#engine.makeBlock(this.parent, own));
    });
  }
}

function checkLimits(transactions: readonly Uint8Array[]): void {
  if (transactions.length > BLOCK_TRANSACTIONS_MAX) {
    throw new LedgerError(
      'BCHF_BLOCK_TOO_MANY_TRANSACTIONS',
      `${transactions.length} transactions; a block takes ${BLOCK_TRANSACTIONS_MAX}`,
    );
  }
  const bytes = transactions.reduce((sum, { length }) => sum + length, 0);
  if (bytes > BLOCK_TRANSACTION_BYTES_MAX) {
    throw new LedgerError(
      'BCHF_BLOCK_TOO_LARGE',
      `${bytes} bytes of transactions; a block takes ${BLOCK_TRANSACTION_BYTES_MAX}`,
    );
  }
}
