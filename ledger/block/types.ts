// The types of a CometBFT v0.38 block. Names and order of fields follow
// proto/tendermint/types/types.proto; integers are safe integers, hashes are 32 bytes or empty.

/** Seconds since 1970 and nanoseconds 0 to 999,999,999 (google.protobuf.Timestamp). */
export interface Timestamp {
  seconds: number;
  nanos: number;
}

/** Whole milliseconds since 1970 of a timestamp: block time as the rules count it. */
export function millisecondsOf({ seconds, nanos }: Timestamp): number {
  return seconds * 1_000 + Math.floor(nanos / 1_000_000);
}

export interface PartSetHeader {
  /** Number of parts of 64 KiB. */
  total: number;
  hash: Uint8Array;
}

/** A block's name: its header's hash and the root over its parts; empty before the first block. */
export interface BlockId {
  hash: Uint8Array;
  partSetHeader: PartSetHeader;
}

export interface Header {
  version: { block: number; app: number };
  chainId: string;
  height: number;
  time: Timestamp;
  lastBlockId: BlockId;
  lastCommitHash: Uint8Array;
  dataHash: Uint8Array;
  validatorsHash: Uint8Array;
  nextValidatorsHash: Uint8Array;
  consensusHash: Uint8Array;
  /** State commitment after the block before this one. */
  appHash: Uint8Array;
  /** Root over the results of the block before this one. */
  lastResultsHash: Uint8Array;
  evidenceHash: Uint8Array;
  /** 20 bytes. */
  proposerAddress: Uint8Array;
}

/** Go's zero time, the year 1: the timestamp of an absent signature. */
export const NO_TIME: Timestamp = { seconds: -62_135_596_800, nanos: 0 };

/** What a validator's place in a commit says. */
export const BLOCK_ID_FLAG = { absent: 1, commit: 2, nil: 3 } as const;

export interface CommitSignature {
  /** One of {@link BLOCK_ID_FLAG}. */
  flag: number;
  /** 20 bytes; empty when absent. */
  validatorAddress: Uint8Array;
  /** NO_TIME when absent. */
  timestamp: Timestamp;
  /** 64 bytes; empty when absent. */
  signature: Uint8Array;
}

/** The precommits for one block, in the order of the validator set. */
export interface Commit {
  height: number;
  round: number;
  blockId: BlockId;
  signatures: CommitSignature[];
}

/** A block; evidence of misbehaviour is not supported and always empty. */
export interface Block {
  header: Header;
  transactions: Uint8Array[];
  /** For the block before; without signatures in the first block. */
  lastCommit: Commit;
}

/** A member of the set whose > 2/3 of voting power commits a block. */
export interface Validator {
  /** 32 bytes of ed25519. */
  publicKey: Uint8Array;
  power: number;
}

/** The name of no block. */
export const NO_BLOCK_ID: BlockId = {
  hash: new Uint8Array(0),
  partSetHeader: { total: 0, hash: new Uint8Array(0) },
};

/** Block protocol version of CometBFT v0.38. */
export const BLOCK_PROTOCOL = 11;
