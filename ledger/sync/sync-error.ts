// Why a follower refuses a block, with stable codes. Messages are for people and may change.

import type { CommitFault } from '../block/commit.ts';

export type SyncErrorCode =
  | CommitFault
  /** The bytes are no block, or no commit, in canonical form. */
  | 'BCHF_SYNC_MALFORMED'
  /** The bytes are not those that the commit and the header name. */
  | 'BCHF_SYNC_WRONG_CONTENT'
  /** The block does not follow the newest one here: two chains, or not the next height. */
  | 'BCHF_SYNC_FORK'
  /** Version, time, proposer, evidence or next validators are not what the rules ask for. */
  | 'BCHF_SYNC_WRONG_HEADER'
  /** The validators vouch for another state than the one here. */
  | 'BCHF_SYNC_WRONG_APP_HASH'
  /** The validators vouch for other results than those here. */
  | 'BCHF_SYNC_WRONG_RESULTS';

export class SyncError extends Error {
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SyncError';
    this.code = code;
  }
}
