// What is asked of a block that somebody sent, in two steps: what block and commit prove by
// themselves, whatever the follower's height; and whether the block is the next one here. A replay
// asks both.
//
// Pure: bytes and a position in, a verdict out. Signatures of transactions and their execution are
// the state machine's. What the application answers for a block stands in the next header, so that a
// wrong state shows one block later.

import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { BlockError } from '../block/block-error.ts';
import { verifyCommit } from '../block/commit.ts';
import {
  addressOf,
  commitHash,
  dataHash,
  headerHash,
  NO_EVIDENCE_HASH,
  partSetHeader,
} from '../block/hashes.ts';
import {
  BLOCK_PROTOCOL,
  type Block,
  type BlockId,
  type Commit,
  type Header,
  millisecondsOf,
  type PartSetHeader,
  type Validator,
} from '../block/types.ts';
import { ValidatorSet } from '../block/validator-set.ts';
import {
  decodeHead,
  type EncodedAnnouncement,
  type EncodedBlock,
} from '../gossip/message-codec.ts';
import type { BlockFault } from './sync-error.ts';

/** Validators in any form: a set, or what it is made of. */
export type Validators = ValidatorSet | readonly Validator[];

/** Who may commit blocks, and of which chain. */
export interface Trust {
  chainId: string;
  validators: Validators;
}

/** A block as it travels, and what decoding gave. */
export interface ReceivedBlock {
  encoded: Uint8Array;
  block: Block;
  /** What is to prove it. */
  commit: Commit;
}

/** A block that its commit proves: > 2/3 of the voting power have signed exactly these bytes. */
export interface ProvenBlock extends ReceivedBlock {
  blockId: BlockId;
  /** Block time, milliseconds since 1970. */
  timeMs: number;
}

export type Proof<T> = { proven: T; fault?: undefined } | { proven?: undefined; fault: BlockFault };

/** What the chain is before a block: its last block, and what executing it has given. */
export interface ChainPosition {
  /** 0 before the first block. */
  height: number;
  /** 32 bytes; zeros before the first block. */
  blockHash: Uint8Array;
  /** Milliseconds since 1970; 0 before the first block. */
  timeMs: number;
  /** State commitment after the block. 32 bytes. */
  appHash: Uint8Array;
  /** Root over its results. 32 bytes. */
  resultsHash: Uint8Array;
}

/** Where a chain begins. */
export function chainStart(appHash: Uint8Array, resultsHash: Uint8Array): ChainPosition {
  return { height: 0, blockHash: new Uint8Array(32), timeMs: 0, appHash, resultsHash };
}

/** Checks a block and its commit by themselves. */
export function proveBlock(
  { block: encoded, commit: commitBytes }: EncodedBlock,
  trust: Trust,
): Proof<ProvenBlock> {
  let received: ReceivedBlock;
  try {
    const commit = decodeCommit(commitBytes);
    received = { encoded, commit, block: decodeBlock(encoded) };
  } catch (error) {
    return { fault: faultOfBytes(error) };
  }
  const fault = faultInside(received, trust);
  if (fault) return { fault };
  // The commit's was compared with header and bytes.
  const { blockId } = received.commit;
  return { proven: { ...received, blockId, timeMs: millisecondsOf(received.block.header.time) } };
}

/** Checks a header and its commit by themselves. */
export function proveAnnouncement(
  { head, commit: commitBytes }: EncodedAnnouncement,
  { chainId, validators }: Trust,
): Proof<Header> {
  const header = decodeHead(head);
  if (!header) return { fault: 'BCHF_BLOCK_MALFORMED' };
  let commit: Commit;
  try {
    commit = decodeCommit(commitBytes);
  } catch (error) {
    return { fault: faultOfBytes(error) };
  }
  const fault = verifyCommit(header, commit, validators, chainId);
  return fault ? { fault } : { proven: header };
}

/** Why a decoded block is not the next one that the validators have committed, if it is not. */
export function verifyBlock(
  received: ReceivedBlock,
  position: ChainPosition,
  trust: Trust,
): BlockFault | undefined {
  const { header } = received.block;
  return faultAfter(position, header, trust.validators) ?? faultInside(received, trust);
}

/** Why a header is not that of the block after a position; `undefined` when it is. */
export function faultAfter(
  position: ChainPosition,
  header: Header,
  validators: Validators,
): BlockFault | undefined {
  if (header.height !== position.height + 1) return 'BCHF_BLOCK_WRONG_HEIGHT';
  const parentHash = position.height === 0 ? new Uint8Array(0) : position.blockHash;
  const isLater = millisecondsOf(header.time) > position.timeMs;
  if (!isLater || !isSame(header.lastBlockId.hash, parentHash)) return 'BCHF_BLOCK_WRONG_PARENT';
  if (!isSame(header.appHash, position.appHash)) return 'BCHF_BLOCK_WRONG_APP_HASH';
  if (!isSame(header.lastResultsHash, position.resultsHash)) return 'BCHF_BLOCK_WRONG_RESULTS';
  const isOfRules =
    header.version.block === BLOCK_PROTOCOL &&
    // The set does not change: whoever signs this block signs the next.
    isSame(header.nextValidatorsHash, header.validatorsHash) &&
    isSame(header.evidenceHash, NO_EVIDENCE_HASH) &&
    isOneOf(validators, header.proposerAddress);
  return isOfRules ? undefined : 'BCHF_BLOCK_WRONG_HEADER';
}

/** The name of a block, from its header alone. 32 bytes. */
export function hashOf(header: Header): Uint8Array {
  return headerHash(header);
}

/** Why a commit does not prove these bytes, or the header does not name what is in them. */
function faultInside(
  { encoded, block, commit }: ReceivedBlock,
  { chainId, validators }: Trust,
): BlockFault | undefined {
  const { header, transactions, lastCommit } = block;
  // The signatures first: hashing is for blocks that somebody vouches for.
  const fault = verifyCommit(header, commit, validators, chainId);
  if (fault) return fault;
  if (!isSameParts(commit.blockId.partSetHeader, partSetHeader(encoded))) {
    return 'BCHF_COMMIT_WRONG_BLOCK';
  }
  const isWhole =
    isSame(header.dataHash, dataHash(transactions)) &&
    isSame(header.lastCommitHash, commitHash(lastCommit)) &&
    isSame(header.lastBlockId.hash, lastCommit.blockId.hash) &&
    isSameParts(header.lastBlockId.partSetHeader, lastCommit.blockId.partSetHeader) &&
    lastCommit.height === header.height - 1;
  return isWhole ? undefined : 'BCHF_BLOCK_WRONG_DATA';
}

function faultOfBytes(error: unknown): BlockFault {
  return error instanceof BlockError ? error.code : 'BCHF_BLOCK_MALFORMED';
}

function isOneOf(validators: Validators, address: Uint8Array): boolean {
  return validators instanceof ValidatorSet
    ? validators.validators.some((one) => isSame(one.address, address))
    : validators.some(({ publicKey }) => isSame(addressOf(publicKey), address));
}

function isSameParts(one: PartSetHeader, other: PartSetHeader): boolean {
  return one.total === other.total && isSame(one.hash, other.hash);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
