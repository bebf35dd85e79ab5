// Commits: what a validator signs, and the one verifier of who has signed.
//
// Source: CometBFT v0.38, types/canonical.go, types/vote.go (VoteSignBytes), types/validation.go
// (VerifyCommit), types/block.go (CommitSig.ValidateBasic).

import { SIGNATURE_BYTES } from '../ed25519.ts';
import { encodeBlockId, encodeTimestamp } from './block-codec.ts';
import { headerHash } from './hashes.ts';
import { delimited, ProtobufWriter } from './protobuf.ts';
import {
  BLOCK_ID_FLAG,
  type BlockId,
  type Commit,
  type Header,
  NO_TIME,
  type Timestamp,
  type Validator,
} from './types.ts';
import { ValidatorSet } from './validator-set.ts';
import { isSignedByZip215 } from './zip215.ts';

/** SignedMsgType of a precommit. */
const PRECOMMIT = 2;

/** What one precommit says. */
export interface Precommit {
  height: number;
  round: number;
  /** The block voted for; `undefined` for a vote for none (nil). */
  blockId: BlockId | undefined;
  timestamp: Timestamp;
}

/** The bytes that a validator signs for a precommit: a CanonicalVote behind its length. */
export function precommitSignBytes(precommit: Precommit, chainId: string): Uint8Array {
  const vote = new ProtobufWriter()
    .integer(1, PRECOMMIT)
    .fixed64(2, precommit.height)
    .fixed64(3, precommit.round);
  if (precommit.blockId) vote.message(4, encodeBlockId(precommit.blockId));
  vote.message(5, encodeTimestamp(precommit.timestamp)).bytes(6, Buffer.from(chainId, 'utf8'));
  return delimited(vote.finish());
}

/** Why a commit does not prove its header. */
export type CommitFault =
  /** The header is of another chain. */
  | 'BCHF_COMMIT_WRONG_CHAIN'
  /** The validators are not those that the header names. */
  | 'BCHF_COMMIT_WRONG_VALIDATORS'
  /** The commit is for another height or another block. */
  | 'BCHF_COMMIT_WRONG_BLOCK'
  /** A place of the commit is not of the form that its flag asks for, or of another validator. */
  | 'BCHF_COMMIT_MALFORMED'
  /** A signature does not verify. */
  | 'BCHF_COMMIT_BAD_SIGNATURE'
  /** Two thirds of the voting power or less have signed the block. */
  | 'BCHF_COMMIT_UNDERPOWERED';

/**
 * Checks that more than two thirds of the voting power have signed a header; `undefined` when they
 * have. `validators` may stand in any order; whoever verifies many commits makes the set once.
 *
 * Every signature present is checked, those for nil too, as CometBFT's full verification does. The
 * part-set header is covered by the signatures; whoever holds the whole block compares it himself.
 */
export function verifyCommit(
  header: Header,
  commit: Commit,
  validators: ValidatorSet | readonly Validator[],
  chainId: string,
): CommitFault | undefined {
  const set = validators instanceof ValidatorSet ? validators : new ValidatorSet(validators);
  if (header.chainId !== chainId) return 'BCHF_COMMIT_WRONG_CHAIN';
  if (Buffer.compare(set.hash, header.validatorsHash) !== 0) return 'BCHF_COMMIT_WRONG_VALIDATORS';
  if (
    commit.height !== header.height ||
    Buffer.compare(commit.blockId.hash, headerHash(header)) !== 0
  ) {
    return 'BCHF_COMMIT_WRONG_BLOCK';
  }
  if (commit.signatures.length !== set.validators.length) return 'BCHF_COMMIT_MALFORMED';
  let signed = 0n;
  for (const [index, validator] of set.validators.entries()) {
    const { flag, validatorAddress, timestamp, signature } = commit.signatures[index]!;
    if (flag === BLOCK_ID_FLAG.absent) {
      // Nobody signs for an absent place, so only its one empty form keeps a commit in one form.
      const isEmpty = validatorAddress.length === 0 && signature.length === 0;
      if (!isEmpty || !isSameTime(timestamp, NO_TIME)) return 'BCHF_COMMIT_MALFORMED';
      continue;
    }
    if (
      (flag !== BLOCK_ID_FLAG.commit && flag !== BLOCK_ID_FLAG.nil) ||
      signature.length !== SIGNATURE_BYTES ||
      Buffer.compare(validatorAddress, validator.address) !== 0
    ) {
      return 'BCHF_COMMIT_MALFORMED';
    }
    const blockId = flag === BLOCK_ID_FLAG.commit ? commit.blockId : undefined;
    const { height, round } = commit;
    const message = precommitSignBytes({ height, round, blockId, timestamp }, chainId);
    if (!isSignedByZip215(validator.publicKey, message, signature)) {
      return 'BCHF_COMMIT_BAD_SIGNATURE';
    }
    if (flag === BLOCK_ID_FLAG.commit) signed += BigInt(validator.power);
  }
  return signed * 3n > set.power * 2n ? undefined : 'BCHF_COMMIT_UNDERPOWERED';
}

function isSameTime(one: Timestamp, other: Timestamp): boolean {
  return one.seconds === other.seconds && one.nanos === other.nanos;
}
