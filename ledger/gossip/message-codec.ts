// The messages and requests of the ledger's network, as protocol buffers. Names carry the chain's id,
// so that nodes of two chains do not meet.
//
//     block         1: block, 2: commit                     a frame of an answer, or a message
//     announcement  2: commit, 3: head                      in place of a block that is too large
//     transaction   1: transaction, 2: round                round: how often it was sent before
//     range         1: height of the first, 2: how many     a request for blocks
//
// A head is the block without its transactions and its last commit: header and nothing else. The
// commit proves it as it proves the block.

import { decodeBlock, encodeBlock } from '../block/block-codec.ts';
import { ProtobufWriter, readProtobuf } from '../block/protobuf.ts';
import { type Block, type Header, NO_BLOCK_ID } from '../block/types.ts';

/** A block and the commit that proves it, both encoded. */
export interface EncodedBlock {
  block: Uint8Array;
  commit: Uint8Array;
}

/** A block's header and the commit that proves it. */
export interface EncodedAnnouncement {
  head: Uint8Array;
  commit: Uint8Array;
}

export type BlockMessage =
  | (EncodedBlock & { head?: undefined })
  | (EncodedAnnouncement & { block?: undefined });

export interface TransactionMessage {
  transaction: Uint8Array;
  round: number;
}

export interface RangeRequest {
  from: number;
  count: number;
}

/** A transaction is sent this often at most; its round is below this. */
export const TRANSACTION_ROUNDS_MAX = 8;

export function namesOf(chainId: string) {
  const name = (what: string): string => `/bchf/1/${chainId}/${what}`;
  return {
    blockTopic: name('blocks'),
    transactionTopic: name('transactions'),
    rangeProtocol: name('block-range'),
    tipProtocol: name('tip'),
  };
}

export function encodeBlockMessage({ block, head, commit }: BlockMessage): Uint8Array {
  const writer = new ProtobufWriter();
  if (block) writer.bytes(1, block);
  writer.bytes(2, commit);
  if (head) writer.bytes(3, head);
  return writer.finish();
}

/** `undefined` for bytes that are no such message in its one form. */
export function decodeBlockMessage(bytes: Uint8Array): BlockMessage | undefined {
  const fields = fieldsOf(bytes);
  const part = (field: number): Uint8Array | undefined => {
    const value = fields?.get(field);
    return value instanceof Uint8Array ? value : undefined;
  };
  const [block, commit, head] = [part(1), part(2), part(3)];
  if (!commit || fields?.size !== 2) return undefined;
  const message: BlockMessage | undefined = block ? { block, commit } : head && { head, commit };
  return message && isSame(encodeBlockMessage(message), bytes) ? message : undefined;
}

/** The head of a block with this header. */
export function encodeHead(header: Header): Uint8Array {
  return encodeBlock(headOf(header));
}

/** The header in a head; `undefined` for anything else. */
export function decodeHead(head: Uint8Array): Header | undefined {
  try {
    const { header } = decodeBlock(head);
    return isSame(encodeHead(header), head) ? header : undefined;
  } catch {
    return undefined;
  }
}

function headOf(header: Header): Block {
  return {
    header,
    transactions: [],
    lastCommit: { height: 0, round: 0, blockId: NO_BLOCK_ID, signatures: [] },
  };
}

export function encodeTransactionMessage({ transaction, round }: TransactionMessage): Uint8Array {
  return new ProtobufWriter().bytes(1, transaction).integer(2, round).finish();
}

/** `undefined` for bytes that are no such message in its one form. */
export function decodeTransactionMessage(bytes: Uint8Array): TransactionMessage | undefined {
  const fields = fieldsOf(bytes);
  const transaction = fields?.get(1);
  const round = fields?.get(2) ?? 0;
  if (!(transaction instanceof Uint8Array) || typeof round !== 'number') return undefined;
  if (round < 0 || round >= TRANSACTION_ROUNDS_MAX) return undefined;
  const message = { transaction, round };
  return isSame(encodeTransactionMessage(message), bytes) ? message : undefined;
}

export function encodeRange({ from, count }: RangeRequest): Uint8Array {
  return new ProtobufWriter().integer(1, from).integer(2, count).finish();
}

/** `undefined` for bytes that are no request for at least one block from height 1. */
export function decodeRange(bytes: Uint8Array): RangeRequest | undefined {
  const fields = fieldsOf(bytes);
  const from = fields?.get(1);
  const count = fields?.get(2);
  if (typeof from !== 'number' || typeof count !== 'number' || from < 1 || count < 1) {
    return undefined;
  }
  const range = { from, count };
  return isSame(encodeRange(range), bytes) ? range : undefined;
}

/** Fields by number; `undefined` where the bytes are no message or a field stands in it twice. */
function fieldsOf(bytes: Uint8Array): Map<number, number | Uint8Array> | undefined {
  const fields = new Map<number, number | Uint8Array>();
  try {
    for (const { field, integer, bytes: value } of readProtobuf(bytes)) {
      if (fields.has(field)) return undefined;
      fields.set(field, value ?? (integer as number));
    }
  } catch {
    return undefined;
  }
  return fields;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
