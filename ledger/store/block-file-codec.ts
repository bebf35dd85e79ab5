// Blocks of a chain in one file: what an export writes and an import, or a replay, reads.
//
//     head    ┌──────────┬───────────┬────────────────────────────────────┬──────────┐
//             │ BCHFBLK1 │ length u32│ JSON: chainId, authorityPublicKey, │ checksum │
//             │ 8 bytes  │           │ settings                           │ 8 bytes  │
//             └──────────┴───────────┴────────────────────────────────────┴──────────┘
//     frame   ┌──────────┬───────────┬────────────┬─────────────┬───────┬────────┬─────────┬──────────┐
//     one a   │ height   │ block     │ commit     │ results     │ block │ commit │ results │ checksum │
//     block   │ u64      │ bytes u32 │ bytes u32  │ bytes u32   │       │        │         │ 8 bytes  │
//             └──────────┴───────────┴────────────┴─────────────┴───────┴────────┴─────────┴──────────┘
//
// Integers are little-endian; heights rise by one from frame to frame. Block and commit are CometBFT's
// protobuf, results a u16 code number for each transaction. A checksum is the first 8 bytes of the
// sha-256 of all of its head or frame before it: it finds damage; what proves a block is its commit. A
// file that breaks off inside of a frame is one whose writing was interrupted.

import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, COMMIT_BYTES_MAX } from '../block/limits.ts';
import { sha256 } from '../sha256.ts';
import { numberOfCode, TRANSACTION_CODES, type TransactionCode } from '../transaction-code.ts';

const MAGIC = Buffer.from('BCHFBLK1', 'latin1');
export const CHECKSUM_BYTES = 8;
/** Bytes at the start that tell how long the head is. */
export const FILE_START_BYTES = 12;
export const FRAME_HEAD_BYTES = 20;
const HEAD_JSON_BYTES_MAX = 1_048_576;

/** What the blocks of a file belong to. */
export interface BlockFileHead {
  chainId: string;
  /** 64 hex digits. */
  authorityPublicKey: string;
  settings: Record<string, unknown>;
}

/** One block of the file. */
export interface BlockFrame {
  height: number;
  block: Uint8Array;
  commit: Uint8Array;
  codes: TransactionCode[];
}

export function encodeFileHead(head: BlockFileHead): Buffer {
  const { chainId, authorityPublicKey, settings } = head;
  const json = Buffer.from(JSON.stringify({ chainId, authorityPublicKey, settings }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return withChecksum(MAGIC, length, json);
}

/** All bytes of the head, checksum included; `undefined` where the start is that of no such file. */
export function fileHeadBytes(start: Uint8Array): number | undefined {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  if (bytes.length < FILE_START_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  const length = bytes.readUInt32LE(8);
  return length > HEAD_JSON_BYTES_MAX ? undefined : FILE_START_BYTES + length + CHECKSUM_BYTES;
}

/** Reads a whole head; `undefined` where it is damaged. */
export function decodeFileHead(bytes: Uint8Array): BlockFileHead | undefined {
  const content = withoutChecksum(bytes);
  if (!content) return undefined;
  try {
    const head = JSON.parse(Buffer.from(content.subarray(FILE_START_BYTES)).toString('utf8'));
    const { chainId, authorityPublicKey, settings } = head;
    const isRight =
      typeof chainId === 'string' &&
      /^[0-9a-f]{64}$/.test(authorityPublicKey) &&
      typeof settings === 'object' &&
      settings !== null;
    return isRight ? { chainId, authorityPublicKey, settings } : undefined;
  } catch {
    return undefined;
  }
}

export function encodeFrame({ height, block, commit, codes }: BlockFrame): Buffer {
  const results = Buffer.alloc(codes.length * 2);
  for (const [index, code] of codes.entries()) results.writeUInt16LE(numberOfCode(code), index * 2);
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeBigUInt64LE(BigInt(height), 0);
  head.writeUInt32LE(block.length, 8);
  head.writeUInt32LE(commit.length, 12);
  head.writeUInt32LE(results.length, 16);
  return withChecksum(head, block, commit, results);
}

/** All bytes of the frame that begins with this head; `undefined` where they pass a limit. */
export function frameBytes(head: Uint8Array): number | undefined {
  const { block, commit, results } = lengthsOf(head);
  if (block > BLOCK_BYTES_MAX || commit > COMMIT_BYTES_MAX) return undefined;
  if (results > 2 * BLOCK_TRANSACTIONS_MAX || results % 2 === 1) return undefined;
  return FRAME_HEAD_BYTES + block + commit + results + CHECKSUM_BYTES;
}

/** Reads a whole frame, as views; `undefined` where it is damaged. */
export function decodeFrame(bytes: Uint8Array): BlockFrame | undefined {
  const content = withoutChecksum(bytes);
  if (!content) return undefined;
  const { block, commit, results } = lengthsOf(content);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const atCommit = FRAME_HEAD_BYTES + block;
  const atResults = atCommit + commit;
  const codes: TransactionCode[] = [];
  for (let at = atResults; at < atResults + results; at += 2) {
    const code = TRANSACTION_CODES[view.getUint16(at, true)];
    if (!code) return undefined;
    codes.push(code);
  }
  return {
    height: Number(view.getBigUint64(0, true)),
    block: content.subarray(FRAME_HEAD_BYTES, atCommit),
    commit: content.subarray(atCommit, atResults),
    codes,
  };
}

function lengthsOf(head: Uint8Array): { block: number; commit: number; results: number } {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  return {
    block: view.getUint32(8, true),
    commit: view.getUint32(12, true),
    results: view.getUint32(16, true),
  };
}

function withChecksum(...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([content, sha256(content).subarray(0, CHECKSUM_BYTES)]);
}

function withoutChecksum(bytes: Uint8Array): Uint8Array | undefined {
  const content = bytes.subarray(0, -CHECKSUM_BYTES);
  const checksum = sha256(content).subarray(0, CHECKSUM_BYTES);
  return Buffer.compare(bytes.subarray(content.length), checksum) === 0 ? content : undefined;
}
