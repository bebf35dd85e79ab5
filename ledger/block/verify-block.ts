// One block after another: what ties a received block to the one before it and to its own commit.
//
// Whoever follows a chain asks this of every block before it executes it. What the application answers
// for a block stands in the next header, so that a wrong state shows one block later.

import { type CommitFault, verifyCommit } from './commit.ts';
import { commitHash, dataHash, NO_EVIDENCE_HASH, partSetHeader } from './hashes.ts';
import { type Block, type BlockId, type Commit, NO_BLOCK_ID, type Timestamp } from './types.ts';
import type { ValidatorSet } from './validator-set.ts';

/** Why a block is not the next one of a chain. */
export type BlockFault =
  | CommitFault
  /** It is not of the height after the last one. */
  | 'BCHF_BLOCK_WRONG_HEIGHT'
  /** It names another block before it, or is not later than it. */
  | 'BCHF_BLOCK_WRONG_PARENT'
  /** Its transactions, its evidence or its last commit are not those that its header names. */
  | 'BCHF_BLOCK_WRONG_DATA'
  /** The state after the block before has another hash than the validators have signed. */
  | 'BCHF_BLOCK_WRONG_APP_HASH'
  /** The results of the block before are not those that the validators have signed. */
  | 'BCHF_BLOCK_WRONG_RESULTS';

/** What the chain is before a block: its last block, and what executing it has given. */
export interface ChainPosition {
  /** 0 before the first block. */
  height: number;
  /** NO_BLOCK_ID before the first block. */
  blockId: BlockId;
  /** Of the last block; `undefined` before the first. */
  time: Timestamp | undefined;
  /** State commitment after it. 32 bytes. */
  appHash: Uint8Array;
  /** Root over its results. 32 bytes. */
  resultsHash: Uint8Array;
}

/** A block as it travels, and what decoding gave. */
export interface ReceivedBlock {
  encoded: Uint8Array;
  block: Block;
  /** What proves it. */
  commit: Commit;
}

/** Where a chain begins. */
export function chainStart(appHash: Uint8Array, resultsHash: Uint8Array): ChainPosition {
  return { height: 0, blockId: NO_BLOCK_ID, time: undefined, appHash, resultsHash };
}

/**
 * Checks that a block is the next one of the chain and that its commit proves it; `undefined` when
 * nothing speaks against it. Cheap checks come first, signatures last.
 */
export function verifyBlock(
  { encoded, block, commit }: ReceivedBlock,
  position: ChainPosition,
  validators: ValidatorSet,
  chainId: string,
): BlockFault | undefined {
  const { header, transactions, lastCommit } = block;
  if (header.chainId !== chainId) return 'BCHF_COMMIT_WRONG_CHAIN';
  if (header.height !== position.height + 1) return 'BCHF_BLOCK_WRONG_HEIGHT';
  if (
    !isSameBlockId(header.lastBlockId, position.blockId) ||
    !isSameBlockId(lastCommit.blockId, position.blockId) ||
    lastCommit.height !== position.height ||
    (position.time && !isLater(header.time, position.time))
  ) {
    return 'BCHF_BLOCK_WRONG_PARENT';
  }
  if (!isSame(header.appHash, position.appHash)) return 'BCHF_BLOCK_WRONG_APP_HASH';
  if (!isSame(header.lastResultsHash, position.resultsHash)) return 'BCHF_BLOCK_WRONG_RESULTS';
  const parts = partSetHeader(encoded);
  const named = commit.blockId.partSetHeader;
  if (parts.total !== named.total || !isSame(parts.hash, named.hash)) {
    return 'BCHF_COMMIT_WRONG_BLOCK';
  }
  if (
    !isSame(header.dataHash, dataHash(transactions)) ||
    !isSame(header.evidenceHash, NO_EVIDENCE_HASH) ||
    !isSame(header.lastCommitHash, commitHash(lastCommit))
  ) {
    return 'BCHF_BLOCK_WRONG_DATA';
  }
  return verifyCommit(header, commit, validators, chainId);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function isSameBlockId(one: BlockId, other: BlockId): boolean {
  return (
    one.partSetHeader.total === other.partSetHeader.total &&
    isSame(one.hash, other.hash) &&
    isSame(one.partSetHeader.hash, other.partSetHeader.hash)
  );
}

function isLater(one: Timestamp, other: Timestamp): boolean {
  return one.seconds > other.seconds || (one.seconds === other.seconds && one.nanos > other.nanos);
}
