// The proof that a chain vouches for a state: what whoever holds the state's content, or an index of it,
// needs in order to check it. One line of JSON, with one form for one proof:
//
//     {"format": "bchf-state-1",
//      "header": "<base64>",      header N + 1, protobuf as in CometBFT's block
//      "commit": "<base64>",      the commit that proves it, protobuf
//      "before": "<base64>",      header N: height, time and hash of the block that led to the state
//      "state": "<base64>"}       the state's inner bytes, whose sha-256 is the app hash (commitment)
//
// The state's bytes hold the roots of all tables but those of the index, and the routing hash over these.

import { z } from 'zod';
import { decodeCommit, decodeHeader, encodeCommit, encodeHeader } from '../block/block-codec.ts';
import { BlockError } from '../block/block-error.ts';
import { verifyCommit } from '../block/commit.ts';
import { headerHash } from '../block/hashes.ts';
import { type Commit, type Header, millisecondsOf } from '../block/types.ts';
import type { ValidatorSet } from '../block/validator-set.ts';
import { sha256 } from '../sha256.ts';
import type { ProofFault } from './verify-proof.ts';

const FORMAT = 'bchf-state-1';
/** Most characters of a file: a commit has a few hundred bytes a validator. */
export const STATE_PROOF_CHARACTERS_MAX = 2_097_152;

/** Evidence for the state after the block `before`. */
export interface StateProof {
  header: Header;
  commit: Commit;
  before: Header;
  state: Uint8Array;
}

/** What is so when a proof is right: the block that led to the state, and the state's inner bytes. */
export interface VouchedState {
  chainId: string;
  height: number;
  blockHash: Uint8Array;
  timeMs: number;
  state: Uint8Array;
}

const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  header: base64,
  commit: base64,
  before: base64,
  state: base64,
});

export function encodeStateProof({ header, commit, before, state }: StateProof): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const fields = {
    format: FORMAT,
    header: text(encodeHeader(header)),
    commit: text(encodeCommit(commit)),
    before: text(encodeHeader(before)),
    state: text(state),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** Reads a proof's file and checks it. Never throws. */
export function verifyStateProofFile(
  text: string,
  validators: ValidatorSet,
  chainId: string,
): VouchedState | { fault: ProofFault } {
  const { proof, fault } = decodeStateProof(text);
  return proof ? verifyStateProof(proof, validators, chainId) : { fault };
}

/** Reads a proof's file in its one form, without checking what it says. */
export function decodeStateProof(
  text: string,
): { proof: StateProof; fault?: undefined } | { proof?: undefined; fault: ProofFault } {
  if (text.length > STATE_PROOF_CHARACTERS_MAX) return { fault: 'BCHF_PROOF_TOO_LARGE' };
  try {
    const { header, commit, before, state } = fileSchema.parse(JSON.parse(text));
    const proof = {
      header: decodeHeader(header),
      commit: decodeCommit(commit),
      before: decodeHeader(before),
      state,
    };
    return encodeStateProof(proof) === text ? { proof } : { fault: 'BCHF_PROOF_MALFORMED' };
  } catch (error) {
    return { fault: error instanceof BlockError ? error.code : 'BCHF_PROOF_MALFORMED' };
  }
}

/** Checks a proof: commit → header N + 1 → header N and app hash → the state's bytes. */
export function verifyStateProof(
  { header, commit, before, state }: StateProof,
  validators: ValidatorSet,
  chainId: string,
): VouchedState | { fault: ProofFault } {
  const fault = verifyCommit(header, commit, validators, chainId);
  if (fault) return { fault };
  const blockHash = headerHash(before);
  const isBefore =
    before.height === header.height - 1 &&
    Buffer.compare(blockHash, header.lastBlockId.hash) === 0 &&
    Buffer.compare(sha256(state), header.appHash) === 0;
  if (!isBefore) return { fault: 'BCHF_PROOF_BROKEN' };
  return { chainId, height: before.height, blockHash, timeMs: millisecondsOf(before.time), state };
}
