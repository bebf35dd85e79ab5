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
import { ProtobufReader, ProtobufWriter } from '../block/protobuf.ts';
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
  const [block, commit, head] = read(bytes, (reader) => [
    reader.bytes(1),
    reader.bytes(2),
    reader.bytes(3),
  ]) ?? [EMPTY, EMPTY, EMPTY];
  if (commit!.length === 0 || block!.length > 0 === head!.length > 0) return undefined;
  return block!.length > 0 ? { block: block!, commit: commit! } : { head: head!, commit: commit! };
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
  const message = read(bytes, (reader) => ({
    transaction: reader.bytes(1),
    round: reader.integer(2),
  }));
  if (!message || message.transaction.length === 0) return undefined;
  return message.round < 0 || message.round >= TRANSACTION_ROUNDS_MAX ? undefined : message;
}

export function encodeRange({ from, count }: RangeRequest): Uint8Array {
  return new ProtobufWriter().integer(1, from).integer(2, count).finish();
}

/** `undefined` for bytes that are no request for at least one block from height 1. */
export function decodeRange(bytes: Uint8Array): RangeRequest | undefined {
  const range = read(bytes, (reader) => ({ from: reader.integer(1), count: reader.integer(2) }));
  return range && range.from >= 1 && range.count >= 1 ? range : undefined;
}

const EMPTY = new Uint8Array(0);

/** What a message says, read to its end; `undefined` where it is not in the one form of its content. */
function read<T>(bytes: Uint8Array, fields: (reader: ProtobufReader) => T): T | undefined {
  try {
    const reader = new ProtobufReader(bytes);
    const message = fields(reader);
    reader.end();
    return message;
  } catch {
    return undefined;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
