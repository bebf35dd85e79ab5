// Bytes of blocks and their parts in CometBFT v0.38's protobuf form
// (proto/tendermint/types/types.proto and block.proto).

import { type ProtobufField, ProtobufWriter, readProtobuf } from './protobuf.ts';
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

function encodeHeader(header: Header): Uint8Array {
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
 * Reads a block. Throws a `RangeError` where the bytes are not exactly what {@link encodeBlock} gives
 * for some block.
 */
export function decodeBlock(bytes: Uint8Array): Block {
  const fields = fieldsOf(bytes);
  const block: Block = {
    header: decodeHeader(fields.bytes(1)),
    transactions: fieldsOf(fields.bytes(2)).all(1),
    lastCommit: commitOf(fields.bytes(4)),
  };
  return checked(block, encodeBlock(block), bytes);
}

/** Reads a commit; refuses like {@link decodeBlock}. */
export function decodeCommit(bytes: Uint8Array): Commit {
  const commit = commitOf(bytes);
  return checked(commit, encodeCommit(commit), bytes);
}

function checked<T>(value: T, encoded: Uint8Array, bytes: Uint8Array): T {
  if (Buffer.compare(encoded, bytes) !== 0) throw new RangeError('bytes not in canonical form');
  return value;
}

/** The fields of a message by number; a missing field has its zero value. */
interface Fields {
  integer(field: number): number;
  bytes(field: number): Uint8Array;
  all(field: number): Uint8Array[];
}

function fieldsOf(message: Uint8Array): Fields {
  const byNumber = new Map<number, ProtobufField[]>();
  for (const field of readProtobuf(message)) {
    const fields = byNumber.get(field.field);
    if (fields) fields.push(field);
    else byNumber.set(field.field, [field]);
  }
  return {
    integer: (field) => byNumber.get(field)?.[0]?.integer ?? 0,
    bytes: (field) => byNumber.get(field)?.[0]?.bytes ?? EMPTY,
    all: (field) => (byNumber.get(field) ?? []).map(({ bytes }) => bytes ?? EMPTY),
  };
}

function timestampOf(message: Uint8Array): Timestamp {
  const fields = fieldsOf(message);
  return { seconds: fields.integer(1), nanos: fields.integer(2) };
}

function blockIdOf(message: Uint8Array): BlockId {
  const fields = fieldsOf(message);
  const parts = fieldsOf(fields.bytes(2));
  return {
    hash: fields.bytes(1),
    partSetHeader: { total: parts.integer(1), hash: parts.bytes(2) },
  };
}

function decodeHeader(message: Uint8Array): Header {
  const fields = fieldsOf(message);
  const version = fieldsOf(fields.bytes(1));
  return {
    version: { block: version.integer(1), app: version.integer(2) },
    chainId: Buffer.from(fields.bytes(2)).toString('utf8'),
    height: fields.integer(3),
    time: timestampOf(fields.bytes(4)),
    lastBlockId: blockIdOf(fields.bytes(5)),
    lastCommitHash: fields.bytes(6),
    dataHash: fields.bytes(7),
    validatorsHash: fields.bytes(8),
    nextValidatorsHash: fields.bytes(9),
    consensusHash: fields.bytes(10),
    appHash: fields.bytes(11),
    lastResultsHash: fields.bytes(12),
    evidenceHash: fields.bytes(13),
    proposerAddress: fields.bytes(14),
  };
}

function commitOf(message: Uint8Array): Commit {
  const fields = fieldsOf(message);
  return {
    height: fields.integer(1),
    round: fields.integer(2),
    blockId: blockIdOf(fields.bytes(3)),
    signatures: fields.all(4).map((signature) => {
      const parts = fieldsOf(signature);
      return {
        flag: parts.integer(1),
        validatorAddress: parts.bytes(2),
        timestamp: timestampOf(parts.bytes(3)),
        signature: parts.bytes(4),
      };
    }),
  };
}
