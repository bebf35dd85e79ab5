// The embedded engine: one process that holds every validator's key and makes blocks of CometBFT's
// form by itself.
//
// It proposes, signs a precommit for each validator and hands out the block with its commit, checked
// by the verifier that every follower uses. It leaves out consensus (there is nobody to disagree
// with) and BFT time: a block's time is the proposer's clock, not the median of the last commit.

import { encodeBlock } from '../block/block-codec.ts';
import { precommitSignBytes, verifyCommit } from '../block/commit.ts';
import {
  addressOf,
  blockIdOf,
  commitHash,
  consensusHash,
  dataHash,
  NO_EVIDENCE_HASH,
  sortValidators,
  validatorsHash,
} from '../block/hashes.ts';
import { BLOCK_BYTES_MAX } from '../block/limits.ts';
import {
  BLOCK_ID_FLAG,
  BLOCK_PROTOCOL,
  type Block,
  type BlockId,
  type Commit,
  type Header,
  NO_BLOCK_ID,
  type Timestamp,
  type Validator,
} from '../block/types.ts';
import { privateKeyOf, rawPublicKey, signMessage } from '../ed25519.ts';
import { LedgerError } from '../ledger-error.ts';
import type { ProvenBlock } from '../sync/verify-block.ts';
import type { ValidatorSeed } from './validator-file.ts';

/** Version of the application's rules, in every header. */
const APP_VERSION = 1;
/** Most bytes of all transactions of one block: leaves room for header, commit and framing. */
export const BLOCK_TRANSACTION_BYTES_MAX = 4_000_000;
/** `ConsensusParams.block.max_gas`: no gas is counted. */
const BLOCK_GAS_MAX = -1;

export { BLOCK_TRANSACTIONS_MAX } from '../block/limits.ts';

/** Where a new block goes on: what the block before has left behind. */
export interface Parent {
  /** 0 before the first block. */
  height: number;
  timeMs: number;
  /** State commitment after it; of the genesis state before the first block. */
  appHash: Uint8Array;
  resultsHash: Uint8Array;
  /** The commit that proves it; `undefined` before the first block. */
  commit: Commit | undefined;
}

export class EmbeddedEngine {
  readonly #chainId: string;
  readonly #now: () => number;
  readonly #signers: (Validator & { sign: (message: Uint8Array) => Uint8Array })[];
  readonly #validatorsHash: Uint8Array;

  /** `now` gives milliseconds since 1970. */
  constructor(chainId: string, seeds: readonly ValidatorSeed[], now: () => number) {
    this.#chainId = chainId;
    this.#now = now;
    this.#signers = sortValidators(
      seeds.map(({ seed, power }) => {
        const key = privateKeyOf(seed);
        return {
          publicKey: rawPublicKey(key),
          power,
          sign: (message: Uint8Array) => signMessage(message, key),
        };
      }),
    );
    this.#validatorsHash = validatorsHash(this.#signers);
  }

  /** The validator set, in its order. */
  validators(): Validator[] {
    return this.#signers.map(({ publicKey, power }) => ({ publicKey, power }));
  }

  /**
   * Makes the block after `parent`. Its time is after the parent's even if the clock has gone back.
   * Error: BCHF_ENGINE_BAD_COMMIT.
   */
  makeBlock(parent: Parent, transactions: Uint8Array[]): ProvenBlock {
    const timeMs = Math.max(this.#now(), parent.timeMs + 1);
    const lastCommit = parent.commit ?? {
      height: 0,
      round: 0,
      blockId: NO_BLOCK_ID,
      signatures: [],
    };
    const height = parent.height + 1;
    const time = timestampOf(timeMs);
    const header: Header = {
      version: { block: BLOCK_PROTOCOL, app: APP_VERSION },
      chainId: this.#chainId,
      height,
      time,
      lastBlockId: lastCommit.blockId,
      lastCommitHash: commitHash(lastCommit),
      dataHash: dataHash(transactions),
      validatorsHash: this.#validatorsHash,
      nextValidatorsHash: this.#validatorsHash,
      consensusHash: consensusHash(BLOCK_BYTES_MAX, BLOCK_GAS_MAX),
      appHash: parent.appHash,
      lastResultsHash: parent.resultsHash,
      evidenceHash: NO_EVIDENCE_HASH,
      proposerAddress: addressOf(this.#signers[height % this.#signers.length]!.publicKey),
    };
    const block: Block = { header, transactions, lastCommit };
    const encoded = encodeBlock(block);
    const blockId = blockIdOf(header, encoded);
    const commit = this.#commit(height, blockId, time);
    const fault = verifyCommit(header, commit, this.#signers, this.#chainId);
    if (fault) throw new LedgerError('BCHF_ENGINE_BAD_COMMIT', `block ${height}: ${fault}`);
    return { block, blockId, encoded, commit, timeMs };
  }

  #commit(height: number, blockId: BlockId, timestamp: Timestamp): Commit {
    const round = 0;
    const message = precommitSignBytes({ height, round, blockId, timestamp }, this.#chainId);
    const signatures = this.#signers.map(({ publicKey, sign }) => ({
      flag: BLOCK_ID_FLAG.commit,
      validatorAddress: addressOf(publicKey),
      timestamp,
      signature: sign(message),
    }));
    return { height, round, blockId, signatures };
  }
}

function timestampOf(timeMs: number): Timestamp {
  const seconds = Math.floor(timeMs / 1_000);
  return { seconds, nanos: Math.round((timeMs - seconds * 1_000) * 1_000_000) };
}
