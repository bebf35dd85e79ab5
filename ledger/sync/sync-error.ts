// Why a follower refuses a block, with stable codes. Messages are for people and may change.

import type { BlockErrorCode } from '../block/block-error.ts';
import type { CommitFault } from '../block/commit.ts';

export type BlockFault =
  | CommitFault
  /** The bytes are no block, or no commit, in canonical form and within the limits. */
  | BlockErrorCode
  /** It is not of the height after the last one. */
  | 'BCHF_BLOCK_WRONG_HEIGHT'
  /** It names another block before it, or is not later than it: two chains. */
  | 'BCHF_BLOCK_WRONG_PARENT'
  /** Version, proposer, evidence or next validators are not what the rules ask for. */
  | 'BCHF_BLOCK_WRONG_HEADER'
  /** Its transactions or its last commit are not those that its header names. */
  | 'BCHF_BLOCK_WRONG_DATA'
  /** The validators vouch for another state after the block before than the one here. */
  | 'BCHF_BLOCK_WRONG_APP_HASH'
  /** The validators vouch for other results of the block before than those here. */
  | 'BCHF_BLOCK_WRONG_RESULTS';

export class SyncError extends Error {
  readonly code: BlockFault;

  constructor(code: BlockFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SyncError';
    this.code = code;
  }
}
