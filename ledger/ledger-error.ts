// Operating errors of the ledger: each carries a stable code; messages are for people.

export type LedgerErrorCode =
  /** Another process holds the ledger's directory. */
  | 'BCHF_STORE_LOCKED'
  /** What is stored is damaged, or its state does not have the recorded app hash. */
  | 'BCHF_STORE_CORRUPT'
  /** The directory holds the ledger of another chain or of another authority. */
  | 'BCHF_STORE_WRONG_CHAIN'
  /** Blocks that are needed to catch up or to replay were pruned. */
  | 'BCHF_STORE_PRUNED'
  /** No header vouches for the state that a proof was asked of. */
  | 'BCHF_PROOF_UNAVAILABLE'
  /** The store could not be opened, read or written; `cause` says why. */
  | 'BCHF_STORE_FAILED'
  /** Blocks may not be pruned: somebody still needs them to catch up. */
  | 'BCHF_STORE_PRUNE_REFUSED'
  /** A file of blocks cannot be read or written. */
  | 'BCHF_BLOCK_FILE_IO'
  /** A file of blocks is none, is damaged, breaks off, or is of another chain. */
  | 'BCHF_BLOCK_FILE_INVALID'
  /** The file that says whom to trust is not of the right form. */
  | 'BCHF_TRUST_INVALID'
  /** The file of validator keys cannot be read or is not of the right form. */
  | 'BCHF_ENGINE_VALIDATOR_INVALID'
  /** The validator keys are not those that made the chain so far. */
  | 'BCHF_ENGINE_VALIDATOR_CHANGED'
  /** A block's commit did not prove it; the block was dropped. */
  | 'BCHF_ENGINE_BAD_COMMIT'
  /** More bytes of transactions than a block takes. */
  | 'BCHF_BLOCK_TOO_LARGE'
  /** More transactions than a block takes. */
  | 'BCHF_BLOCK_TOO_MANY_TRANSACTIONS'
  /** The ledger is closed, or failed in the middle of a block and must be opened again. */
  | 'BCHF_LEDGER_CLOSED';

export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LedgerError';
    this.code = code;
  }
}
