// The hashes that tie a CometBFT v0.38 block together (types/block.go, types/part_set.go,
// types/validator_set.go, types/params.go, abci/types of CometBFT).

import { sha256 } from '../sha256.ts';
import {
  encodeBlockId,
  encodeCommitSignature,
  encodeTimestamp,
  encodeVersion,
} from './block-codec.ts';
import { leafHash, merkleRoot, merkleRootOfLeaves } from './merkle.ts';
import { ProtobufWriter } from './protobuf.ts';
import type { BlockId, Commit, Header, PartSetHeader, Validator } from './types.ts';

/** Bytes of one part of a block, the unit of CometBFT's gossip. */
export const PART_BYTES = 65_536;

/** The name of a header, and of its block: the root over its 14 encoded fields. */
export function headerHash(header: Header): Uint8Array {
  return merkleRoot([
    encodeVersion(header.version),
    wrapped(Buffer.from(header.chainId, 'utf8')),
    new ProtobufWriter().integer(1, header.height).finish(),
    encodeTimestamp(header.time),
    encodeBlockId(header.lastBlockId),
    wrapped(header.lastCommitHash),
    wrapped(header.dataHash),
    wrapped(header.validatorsHash),
    wrapped(header.nextValidatorsHash),
    wrapped(header.consensusHash),
    wrapped(header.appHash),
    wrapped(header.lastResultsHash),
    wrapped(header.evidenceHash),
    wrapped(header.proposerAddress),
  ]);
}

/** A BytesValue or StringValue of google.protobuf. */
function wrapped(bytes: Uint8Array): Uint8Array {
  return new ProtobufWriter().bytes(1, bytes).finish();
}

/** Root over the hashes of the transactions. */
export function dataHash(transactions: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(transactions.map((bytes) => sha256(bytes)));
}

/** Root over the signatures of a commit. */
export function commitHash(commit: Commit): Uint8Array {
  return merkleRoot(commit.signatures.map(encodeCommitSignature));
}

/** Number of and root over the parts of an encoded block. */
export function partSetHeader(block: Uint8Array): PartSetHeader {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < block.length; at += PART_BYTES) {
    parts.push(block.subarray(at, at + PART_BYTES));
  }
  return { total: parts.length, hash: merkleRoot(parts) };
}

/** The name of a block, from its header and its encoded form. */
export function blockIdOf(header: Header, encoded: Uint8Array): BlockId {
  return { hash: headerHash(header), partSetHeader: partSetHeader(encoded) };
}

/** Root over the validators (SimpleValidator: key and power), in the order of the set. */
export function validatorsHash(validators: readonly Validator[]): Uint8Array {
  return merkleRoot(
    validators.map(({ publicKey, power }) =>
      new ProtobufWriter()
        .message(1, new ProtobufWriter().bytes(1, publicKey).finish())
        .integer(2, power)
        .finish(),
    ),
  );
}

/** A validator's address: the first 20 bytes of the hash of its key. */
export function addressOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).subarray(0, 20);
}

/** Validators in the order of a set: falling power, then rising address. */
export function sortValidators<V extends Validator>(validators: readonly V[]): V[] {
  return [...validators].sort(
    (a, b) => b.power - a.power || Buffer.compare(addressOf(a.publicKey), addressOf(b.publicKey)),
  );
}

/** The parameters of consensus that a header vouches for. */
export function consensusHash(blockBytesMax: number, blockGasMax: number): Uint8Array {
  return sha256(new ProtobufWriter().integer(1, blockBytesMax).integer(2, blockGasMax).finish());
}

/** Root over the results of a block, of which only the code counts here (ExecTxResult). */
export function resultsHash(codes: readonly number[]): Uint8Array {
  return merkleRootOfLeaves(codes.map(resultLeaf));
}

/** By code: there are few codes, and most transactions have the same one. */
const resultLeaves = new Map<number, Uint8Array>();
const RESULT_LEAVES_MAX = 1_024;

function resultLeaf(code: number): Uint8Array {
  let leaf = resultLeaves.get(code);
  if (!leaf) {
    leaf = leafHash(new ProtobufWriter().integer(1, code).finish());
    if (resultLeaves.size < RESULT_LEAVES_MAX) resultLeaves.set(code, leaf);
  }
  return leaf;
}

/** The hash of an empty list of evidence. */
export const NO_EVIDENCE_HASH = merkleRoot([]);
