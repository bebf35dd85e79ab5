// What a follower checks of a block that somebody sent, in two steps: what block and commit prove by
// themselves, whatever the follower's height; and whether the block is the next one here.
//
// Pure: bytes and the tip in, a verdict out. Signatures of transactions and their execution are the
// state machine's.

import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { verifyCommit } from '../block/commit.ts';
import {
  addressOf,
  blockIdOf,
  commitHash,
  dataHash,
  headerHash,
  NO_EVIDENCE_HASH,
} from '../block/hashes.ts';
import {
  BLOCK_PROTOCOL,
  type Block,
  type BlockId,
  type Commit,
  type Header,
  type Timestamp,
  type Validator,
} from '../block/types.ts';
import {
  decodeHead,
  type EncodedAnnouncement,
  type EncodedBlock,
} from '../gossip/message-codec.ts';
import type { SyncErrorCode } from './sync-error.ts';

/** Who may commit blocks, and of which chain. */
export interface Trust {
  chainId: string;
  /** In the order of the set. */
  validators: readonly Validator[];
}

/** A block that its commit proves: > 2/3 of the voting power have signed exactly these bytes. */
export interface ProvenBlock {
  block: Block;
  blockId: BlockId;
  /** The encoded block. */
  encoded: Uint8Array;
  commit: Commit;
  /** Block time, milliseconds since 1970. */
  timeMs: number;
}

export type Proof<T> =
  | { proven: T; fault?: undefined }
  | { proven?: undefined; fault: SyncErrorCode };

/** Where the next block goes on. */
export interface ParentTip {
  height: number;
  /** 32 bytes; zeros before the first block. */
  blockHash: Uint8Array;
  timeMs: number;
  appHash: Uint8Array;
  resultsHash: Uint8Array;
}

/** Checks a block and its commit by themselves. */
export function proveBlock(
  { block: encoded, commit: commitBytes }: EncodedBlock,
  { chainId, validators }: Trust,
): Proof<ProvenBlock> {
  let block: Block;
  let commit: Commit;
  try {
    commit = decodeCommit(commitBytes);
    block = decodeBlock(encoded);
  } catch {
    return { fault: 'BCHF_SYNC_MALFORMED' };
  }
  const { header } = block;
  // The signatures first: hashing is for blocks that somebody vouches for.
  const fault = verifyCommit(header, commit, validators, chainId);
  if (fault) return { fault };
  const blockId = blockIdOf(header, encoded);
  const { total, hash } = commit.blockId.partSetHeader;
  const isWhole =
    total === blockId.partSetHeader.total &&
    isSame(hash, blockId.partSetHeader.hash) &&
    isSame(header.dataHash, dataHash(block.transactions)) &&
    isSame(header.lastCommitHash, commitHash(block.lastCommit)) &&
    isSame(header.lastBlockId.hash, block.lastCommit.blockId.hash);
  if (!isWhole) return { fault: 'BCHF_SYNC_WRONG_CONTENT' };
  return { proven: { block, blockId, encoded, commit, timeMs: timeMsOf(header.time) } };
}

/** Checks a header and its commit by themselves. */
export function proveAnnouncement(
  { head, commit: commitBytes }: EncodedAnnouncement,
  { chainId, validators }: Trust,
): Proof<Header> {
  const header = decodeHead(head);
  if (!header) return { fault: 'BCHF_SYNC_MALFORMED' };
  let commit: Commit;
  try {
    commit = decodeCommit(commitBytes);
  } catch {
    return { fault: 'BCHF_SYNC_MALFORMED' };
  }
  const fault = verifyCommit(header, commit, validators, chainId);
  return fault ? { fault } : { proven: header };
}

/** Why a proven header is not that of the block after `tip`; `undefined` when it is. */
export function faultAfter(
  tip: ParentTip,
  header: Header,
  validators: readonly Validator[],
): SyncErrorCode | undefined {
  if (header.height !== tip.height + 1) return 'BCHF_SYNC_FORK';
  const parentHash = tip.height === 0 ? new Uint8Array(0) : tip.blockHash;
  if (!isSame(header.lastBlockId.hash, parentHash)) return 'BCHF_SYNC_FORK';
  if (!isSame(header.appHash, tip.appHash)) return 'BCHF_SYNC_WRONG_APP_HASH';
  if (!isSame(header.lastResultsHash, tip.resultsHash)) return 'BCHF_SYNC_WRONG_RESULTS';
  const isOfRules =
    header.version.block === BLOCK_PROTOCOL &&
    timeMsOf(header.time) > tip.timeMs &&
    // The set does not change: whoever signs this block signs the next.
    isSame(header.nextValidatorsHash, header.validatorsHash) &&
    isSame(header.evidenceHash, NO_EVIDENCE_HASH) &&
    validators.some(({ publicKey }) => isSame(addressOf(publicKey), header.proposerAddress));
  return isOfRules ? undefined : 'BCHF_SYNC_WRONG_HEADER';
}

/** The name of a block, from its header alone. 32 bytes. */
export function hashOf(header: Header): Uint8Array {
  return headerHash(header);
}

export function timeMsOf({ seconds, nanos }: Timestamp): number {
  return seconds * 1_000 + nanos / 1_000_000;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
