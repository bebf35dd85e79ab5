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
  /** A snapshot file is truncated, damaged, or of another version. */
  | 'BCHF_SNAPSHOT_INVALID'
  /** A snapshot file cannot be read or written. */
  | 'BCHF_SNAPSHOT_IO'
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
