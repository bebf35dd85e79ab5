// Why bytes are no block, or no commit.

/** One of the codes is the reason; the first fault in the bytes counts. */
export type BlockErrorCode =
  /** Not the one byte form of a block, a header or a commit. */
  | 'BCHF_BLOCK_MALFORMED'
  /** More bytes than a block has. */
  | 'BCHF_BLOCK_TOO_LARGE'
  /** More transactions than a block has. */
  | 'BCHF_BLOCK_TOO_MANY_TRANSACTIONS'
  /** More bytes than a commit has. */
  | 'BCHF_COMMIT_TOO_LARGE'
  /** More signatures than a commit has. */
  | 'BCHF_COMMIT_TOO_MANY_SIGNATURES';

export class BlockError extends RangeError {
  readonly code: BlockErrorCode;

  constructor(code: BlockErrorCode, message: string) {
    super(message);
    this.name = 'BlockError';
    this.code = code;
  }
}
