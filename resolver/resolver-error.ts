// Operating errors of the resolver, with stable codes. Messages are for people and may change.

export type ResolverErrorCode =
  /** The audit log cannot be opened. */
  | 'BCHF_AUDIT_FAILED'
  /** An option, environment variable or configuration file does not fit. */
  | 'BCHF_CONFIG_INVALID'
  /** The data directory cannot be made, read or written. */
  | 'BCHF_DATA_IO'
  /** The data directory was made with other options than those asked for. */
  | 'BCHF_DATA_MISMATCH'
  /** A process of the devnet has ended or did not become ready. */
  | 'BCHF_DEVNET_FAILED'
  /** The genesis file cannot be read, or is not of the right form. */
  | 'BCHF_GENESIS_INVALID'
  /** A line of entries.csv or a route of routes.json is not valid. */
  | 'BCHF_INPUT_INVALID'
  /** An address or port cannot be listened on. */
  | 'BCHF_LISTEN_FAILED'
  /** A number on the command line is none. */
  | 'BCHF_NUMBER_MALFORMED'
  /** The admin port would be open to others without asking who they are. */
  | 'BCHF_ADMIN_UNPROTECTED'
  /** A request to the admin port has no right, or is malformed. */
  | 'BCHF_ADMIN_REQUEST'
  | 'BCHF_ADMIN_UNAUTHORISED'
  /** A snapshot is of a block that this ledger has not come to. */
  | 'BCHF_SNAPSHOT_AHEAD'
  /** Lookups in a snapshot failed, or ended the thread that made them. */
  | 'BCHF_SNAPSHOT_CANARY_FAILED'
  /** A part of a snapshot did not come, or was not what its manifest says. */
  | 'BCHF_SNAPSHOT_FETCH_FAILED'
  /** A snapshot to fetch has more bytes than are taken, or than the disk has room for. */
  | 'BCHF_SNAPSHOT_TOO_LARGE'
  /** A snapshot file is truncated or damaged. */
  | 'BCHF_SNAPSHOT_INVALID'
  /** A snapshot would change more than a swap may without being forced. */
  | 'BCHF_SNAPSHOT_LARGE_CHANGE'
  /** There is nothing to go back to. */
  | 'BCHF_SNAPSHOT_NO_PREVIOUS'
  /** A snapshot is of an older block than what is served. */
  | 'BCHF_SNAPSHOT_OLDER'
  /** A snapshot is served, or is what a rollback would lead to. */
  | 'BCHF_SNAPSHOT_PINNED'
  /** There is no snapshot with this name. */
  | 'BCHF_SNAPSHOT_UNKNOWN'
  /** A snapshot file is of a format that this version does not read. */
  | 'BCHF_SNAPSHOT_VERSION'
  /** A snapshot is of another chain. */
  | 'BCHF_SNAPSHOT_WRONG_CHAIN'
  /** A swap, a rollback or a comparison is under way. */
  | 'BCHF_SWAP_IN_PROGRESS'
  /** A snapshot file cannot be read or written. */
  | 'BCHF_SNAPSHOT_IO'
  /** A snapshot is signed by nobody who may make one for this process. */
  | 'BCHF_SNAPSHOT_UNSIGNED'
  /** A snapshot is not what the chain says of its block. */
  | 'BCHF_SNAPSHOT_UNPROVEN'
  /** A server that was asked did not answer as it should. */
  | 'BCHF_SERVER_UNREACHABLE'
  /** A transaction, or the key to sign it with, is not of the right form. */
  | 'BCHF_TX_FILE_INVALID'
  /** A transaction was not taken, or did not come into a block in time. */
  | 'BCHF_TX_NOT_COMMITTED'
  /** Serving threads end again and again. */
  | 'BCHF_WORKER_FAILED';

export class ResolverError extends Error {
  readonly code: ResolverErrorCode;

  constructor(code: ResolverErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ResolverError';
    this.code = code;
  }
}
