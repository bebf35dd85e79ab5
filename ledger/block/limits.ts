// How large the parts of a block may be. Whoever makes blocks and whoever reads them share these.

/** Most bytes of an encoded block: 4 MiB, where CometBFT v0.38 takes 21 MiB by default. */
export const BLOCK_BYTES_MAX = 4_194_304;

/** Most transactions of one block. */
export const BLOCK_TRANSACTIONS_MAX = 10_000;

/** Most places of a commit, and validators of a set (CometBFT's `MaxVotesCount` is 10,000). */
export const COMMIT_SIGNATURES_MAX = 1_000;

/**
 * Most bytes of a commit: CometBFT allows 94 for its head (`MaxCommitOverheadBytes`) and 109 for each
 * signature (`MaxCommitSigBytes`), tags and lengths included.
 */
export const COMMIT_BYTES_MAX = 94 + 111 * COMMIT_SIGNATURES_MAX;

/** Most bytes of a header (CometBFT's `MaxHeaderBytes`). */
export const HEADER_BYTES_MAX = 626;
