// Bytes of blocks and their parts in CometBFT v0.38's protobuf form
// (proto/tendermint/types/types.proto and block.proto).

import { BlockError } from './block-error.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
  COMMIT_BYTES_MAX,
  COMMIT_SIGNATURES_MAX,
  HEADER_BYTES_MAX,
} from './limits.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';
import type {
  Block,
  BlockId,
  Commit,
  CommitSignature,
  Header,
  PartSetHeader,
  Timestamp,
} from './types.ts';

const EMPTY = new Uint8Array(0);

export function encodeTimestamp({ seconds, nanos }: Timestamp): Uint8Array {
  return new ProtobufWriter().integer(1, seconds).integer(2, nanos).finish();
}

function encodePartSetHeader({ total, hash }: PartSetHeader): Uint8Array {
  return new ProtobufWriter().integer(1, total).bytes(2, hash).finish();
}

/** BlockID, and byte for byte the CanonicalBlockID that votes sign. */
export function encodeBlockId({ hash, partSetHeader }: BlockId): Uint8Array {
  return new ProtobufWriter()
    .bytes(1, hash)
    .message(2, encodePartSetHeader(partSetHeader))
    .finish();
}

export function encodeVersion({ block, app }: Header['version']): Uint8Array {
  return new ProtobufWriter().integer(1, block).integer(2, app).finish();
}

/** The header as it stands in a block; its hash is another thing (hashes.ts). */
export function encodeHeader(header: Header): Uint8Array {
  return new ProtobufWriter()
    .message(1, encodeVersion(header.version))
    .bytes(2, Buffer.from(header.chainId, 'utf8'))
    .integer(3, header.height)
    .message(4, encodeTimestamp(header.time))
    .message(5, encodeBlockId(header.lastBlockId))
    .bytes(6, header.lastCommitHash)
    .bytes(7, header.dataHash)
    .bytes(8, header.validatorsHash)
    .bytes(9, header.nextValidatorsHash)
    .bytes(10, header.consensusHash)
    .bytes(11, header.appHash)
    .bytes(12, header.lastResultsHash)
    .bytes(13, header.evidenceHash)
    .bytes(14, header.proposerAddress)
    .finish();
}

export function encodeCommitSignature(signature: CommitSignature): Uint8Array {
  return new ProtobufWriter()
    .integer(1, signature.flag)
    .bytes(2, signature.validatorAddress)
    .message(3, encodeTimestamp(signature.timestamp))
    .bytes(4, signature.signature)
    .finish();
}

export function encodeCommit(commit: Commit): Uint8Array {
  const writer = new ProtobufWriter()
    .integer(1, commit.height)
    .integer(2, commit.round)
    .message(3, encodeBlockId(commit.blockId));
  for (const signature of commit.signatures) writer.message(4, encodeCommitSignature(signature));
  return writer.finish();
}

export function encodeBlock(block: Block): Uint8Array {
  const data = new ProtobufWriter();
  for (const transaction of block.transactions) data.message(1, transaction);
  return new ProtobufWriter()
    .message(1, encodeHeader(block.header))
    .message(2, data.finish())
    .message(3, EMPTY)
    .message(4, encodeCommit(block.lastCommit))
    .finish();
}

/**
 * Reads a block. Its byte fields are views of `bytes`.
 *
 * Throws a `BlockError` where the bytes are not exactly what {@link encodeBlock} gives for some block,
 * or pass a limit (limits.ts). Time and memory are linear in the bytes and end at the first fault.
 */
export function decodeBlock(bytes: Uint8Array): Block {
  if (bytes.length > BLOCK_BYTES_MAX) {
    throw new BlockError('BCHF_BLOCK_TOO_LARGE', `a block of ${bytes.length} bytes`);
  }
  const reader = new ProtobufReader(bytes);
  const header = headerOf(reader.message(1));
  const data = new ProtobufReader(reader.message(2));
  const transactions = data.messages(1, BLOCK_TRANSACTIONS_MAX, () => {
    const message = `more than ${BLOCK_TRANSACTIONS_MAX} transactions`;
    return new BlockError('BCHF_BLOCK_TOO_MANY_TRANSACTIONS', message);
  });
  data.end();
  if (reader.message(3).length > 0) {
    throw new BlockError('BCHF_BLOCK_MALFORMED', 'a block with evidence');
  }
  const lastCommit = commitOf(reader.message(4));
  reader.end();
  return { header, transactions, lastCommit };
}

/** Reads a header alone, as a proof carries it; refuses like {@link decodeBlock}. */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length > HEADER_BYTES_MAX) {
    throw new BlockError('BCHF_BLOCK_TOO_LARGE', `a header of ${bytes.length} bytes`);
  }
  return headerOf(bytes);
}

/** Reads a commit; refuses like {@link decodeBlock}. */
export function decodeCommit(bytes: Uint8Array): Commit {
  return commitOf(bytes);
}

function timestampOf(message: Uint8Array): Timestamp {
  const reader = new ProtobufReader(message);
  const timestamp = { seconds: reader.integer(1), nanos: reader.integer(2) };
  reader.end();
  return timestamp;
}

function blockIdOf(message: Uint8Array): BlockId {
  const reader = new ProtobufReader(message);
  const hash = reader.bytes(1);
  const parts = new ProtobufReader(reader.message(2));
  const blockId = { hash, partSetHeader: { total: parts.integer(1), hash: parts.bytes(2) } };
  parts.end();
  reader.end();
  return blockId;
}

function headerOf(message: Uint8Array): Header {
  const reader = new ProtobufReader(message);
  const version = new ProtobufReader(reader.message(1));
  const header: Header = {
    version: { block: version.integer(1), app: version.integer(2) },
    chainId: textOf(reader.bytes(2)),
    height: reader.integer(3),
    time: timestampOf(reader.message(4)),
    lastBlockId: blockIdOf(reader.message(5)),
    lastCommitHash: reader.bytes(6),
    dataHash: reader.bytes(7),
    validatorsHash: reader.bytes(8),
    nextValidatorsHash: reader.bytes(9),
    consensusHash: reader.bytes(10),
    appHash: reader.bytes(11),
    lastResultsHash: reader.bytes(12),
    evidenceHash: reader.bytes(13),
    proposerAddress: reader.bytes(14),
  };
  version.end();
  reader.end();
  return header;
}

/** Bytes that are not UTF-8 would come back as other bytes. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (Buffer.compare(Buffer.from(text, 'utf8'), bytes) !== 0) {
    throw new BlockError('BCHF_BLOCK_MALFORMED', 'a chain id that is not UTF-8');
  }
  return text;
}

function commitOf(message: Uint8Array): Commit {
  if (message.length > COMMIT_BYTES_MAX) {
    throw new BlockError('BCHF_COMMIT_TOO_LARGE', `a commit of ${message.length} bytes`);
  }
  const reader = new ProtobufReader(message);
  const commit = {
    height: reader.integer(1),
    round: reader.integer(2),
    blockId: blockIdOf(reader.message(3)),
    signatures: reader
      .messages(4, COMMIT_SIGNATURES_MAX, () => {
        const message = `more than ${COMMIT_SIGNATURES_MAX} signatures`;
        return new BlockError('BCHF_COMMIT_TOO_MANY_SIGNATURES', message);
      })
      .map(commitSignatureOf),
  };
  reader.end();
  return commit;
}

function commitSignatureOf(message: Uint8Array): CommitSignature {
  const reader = new ProtobufReader(message);
  const signature = {
    flag: reader.integer(1),
    validatorAddress: reader.bytes(2),
    timestamp: timestampOf(reader.message(3)),
    signature: reader.bytes(4),
  };
  reader.end();
  return signature;
}
