// The bytes of a signed transaction.
//
//     0      1                                  end − 64 n         end
//     ┌──────┬──────────────────────────────────┬──────────────────┐
//     │ kind │ SSZ container: sequence u64,     │ n signatures,    │
//     │ u8   │ validUntilMs u64, then the body  │ 64 bytes each    │
//     └──────┴──────────────────────────────────┴──────────────────┘
//      ◄──────────── what is signed ───────────►
//
// n follows from the kind (transaction-kinds). Each signer signs
//
//     "bchf transaction 1" ‖ 0 ‖ u8 length of chain id ‖ chain id ‖ kind ‖ SSZ container
//
// A proposal (transaction-proposal) has the count of its approvers, u16 little-endian, behind its kind,
// and their ids as the last field of its container; where it brings in a key, the signature with that
// one stands behind theirs. What each of them signs leaves the others out:
//
//     "bchf proposal 1" ‖ 0 ‖ u8 length of chain id ‖ chain id ‖ kind ‖ SSZ container, no approvers
//
// so that a signature counts on one chain and for nothing else. One transaction has one byte form:
// decoding refuses bytes that encoding would not give. Whether what is said makes sense is checked
// elsewhere (transaction-check, state machine).

import type { KeyObject } from 'node:crypto';
import { SIGNATURE_BYTES, signMessage } from './ed25519.ts';
import { bytesOf } from './record-codec.ts';
import { sha256 } from './sha256.ts';
import { signatureCount, signersOf, type TransactionBody } from './transaction-body.ts';
import type { RejectionCode } from './transaction-code.ts';
import { KINDS, type KindCodec, type TransactionHead } from './transaction-kinds.ts';
import type { ProposalBody } from './transaction-proposal.ts';

/** Most bytes of one transaction, signatures included. */
export const TRANSACTION_BYTES_MAX = 1 << 20;
/**
 * How far a sequence may be above the last one. Whoever gets hold of a key could otherwise use up all
 * sequences at once, and the member could sign nothing more with another key either.
 */
export const SEQUENCE_GAP_MAX = 1 << 20;
/** Most bytes of a chain id (CometBFT's `MaxChainIDLen`). */
export const CHAIN_ID_BYTES_MAX = 50;

const SIGN_DOMAIN = bytesOf('bchf transaction 1\0');
const PROPOSAL_DOMAIN = bytesOf('bchf proposal 1\0');

/** A transaction as its bytes say it. */
export interface Transaction {
  body: TransactionBody;
  /** Replay guard: strictly increasing for each first signer. 0 to 2^53 − 1. */
  sequence: number;
  /** Milliseconds since 1970: no later block may hold it. Without an end where it is 0 or absent. */
  validUntilMs?: number;
  /** In the order of `signersOf(body)`, then of a new key; 64 bytes each; views of the bytes. */
  signatures: Uint8Array[];
}

/** What decoding gives: a transaction, or why the bytes are none. */
export type DecodedTransaction =
  | { transaction: Transaction; code?: undefined }
  | { transaction?: undefined; code: RejectionCode };

const byByte = new Map(KINDS.map((codec) => [codec.byte, codec]));
const byKind = new Map(KINDS.map((codec) => [codec.kind, codec]));

function codecOf(kind: TransactionBody['kind']): KindCodec {
  const codec = byKind.get(kind);
  if (!codec) throw new TypeError(`no transaction kind ${kind}`);
  return codec;
}

function isProposal({ signatures }: KindCodec): boolean {
  return typeof signatures !== 'number';
}

/** Everything but the signatures. */
function encodeUnsigned(body: TransactionBody, head: TransactionHead): Uint8Array {
  const codec = codecOf(body.kind);
  const kind = [codec.byte];
  if (isProposal(codec)) {
    const { length } = signersOf(body);
    kind.push(length & 0xff, length >> 8);
  }
  return Buffer.concat([Uint8Array.from(kind), codec.encode(body, head)]);
}

/** The part of a transaction that is signed; `unsigned` is all of it but the signatures. */
function signedPart(
  body: TransactionBody,
  head: TransactionHead,
  unsigned: Uint8Array,
): Uint8Array {
  const codec = codecOf(body.kind);
  if (!isProposal(codec)) return unsigned;
  const proposal = { ...body, approvers: [] } as TransactionBody;
  return Buffer.concat([Uint8Array.of(codec.byte), codec.encode(proposal, head)]);
}

function checkHead(head: TransactionHead): void {
  for (const [name, value] of Object.entries(head)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${name} is an integer of 0 to 2^53 − 1`);
    }
  }
}

function signBytesOf(
  body: TransactionBody,
  head: TransactionHead,
  unsigned: Uint8Array,
  chainId: string,
): Uint8Array {
  const chain = bytesOf(chainId);
  if (chain.length < 1 || chain.length > CHAIN_ID_BYTES_MAX) {
    throw new RangeError(`a chain id has 1 to ${CHAIN_ID_BYTES_MAX} bytes`);
  }
  const domain = isProposal(codecOf(body.kind)) ? PROPOSAL_DOMAIN : SIGN_DOMAIN;
  const part = signedPart(body, head, unsigned);
  return Buffer.concat([domain, Uint8Array.of(chain.length), chain, part]);
}

/** What the signers of a decoded transaction's bytes have signed. */
export function signBytes(
  bytes: Uint8Array,
  { body, sequence, validUntilMs = 0, signatures }: Transaction,
  chainId: string,
): Uint8Array {
  const end = bytes.length - signatures.length * SIGNATURE_BYTES;
  return signBytesOf(body, { sequence, validUntilMs }, bytes.subarray(0, end), chainId);
}

/**
 * The signature of one member, or of a new key, under a proposal, whoever else signs: 64 bytes.
 * Throws a `RangeError` as {@link signTransaction} does.
 */
export function signProposal(
  body: ProposalBody,
  sequence: number,
  chainId: string,
  privateKey: KeyObject,
  validUntilMs = 0,
): Uint8Array {
  const head = { sequence, validUntilMs };
  checkHead(head);
  return signMessage(signBytesOf(body, head, new Uint8Array(0), chainId), privateKey);
}

/**
 * The bytes of a transaction with signatures made elsewhere, in the order of `signersOf(body)`, then of
 * a new key. Throws a `RangeError` as {@link signTransaction} does.
 */
export function assembleTransaction(
  body: TransactionBody,
  sequence: number,
  signatures: readonly Uint8Array[],
  validUntilMs = 0,
): Uint8Array {
  const head = { sequence, validUntilMs };
  checkHead(head);
  if (signatures.length !== signatureCount(body)) {
    throw new RangeError('one signature is needed for each signer and new key');
  }
  const bytes = Buffer.concat([encodeUnsigned(body, head), ...signatures]);
  // SSZ writes longer lists than it reads: what nobody could decode must not leave here.
  const { code } = decodeTransaction(bytes);
  if (code) throw new RangeError(`the transaction has no byte form: ${code}`);
  return bytes;
}

/**
 * The bytes of a transaction, signed by each of `privateKeys`, which stand in the order of
 * `signersOf(body)`, the key that the body brings in behind them.
 *
 * Throws a `RangeError` where the keys do not fit the body, sequence or `validUntilMs` is no integer
 * of 0 to 2^53 − 1, or the body has no byte form (more items than ITEMS_MAX, more than 1 MiB).
 */
export function signTransaction(
  body: TransactionBody,
  sequence: number,
  chainId: string,
  privateKeys: readonly KeyObject[],
  validUntilMs = 0,
): Uint8Array {
  if (privateKeys.length !== signatureCount(body)) {
    throw new RangeError('one private key is needed for each signer and new key');
  }
  const head = { sequence, validUntilMs };
  checkHead(head);
  const message = signBytesOf(body, head, encodeUnsigned(body, head), chainId);
  const signatures = privateKeys.map((key) => signMessage(message, key));
  return assembleTransaction(body, sequence, signatures, validUntilMs);
}

/**
 * Reads a signed transaction. BCHF_TX_TOO_LARGE and BCHF_TX_MALFORMED are the verdicts on bytes that
 * are none; it never throws.
 */
export function decodeTransaction(bytes: Uint8Array): DecodedTransaction {
  if (bytes.length > TRANSACTION_BYTES_MAX) return { code: 'BCHF_TX_TOO_LARGE' };
  const codec = bytes.length === 0 ? undefined : byByte.get(bytes[0]!);
  if (!codec) return { code: 'BCHF_TX_MALFORMED' };
  const { signatures: signed } = codec;
  const start = isProposal(codec) ? 3 : 1;
  if (bytes.length < start) return { code: 'BCHF_TX_MALFORMED' };
  const approvers = isProposal(codec) ? bytes[1]! | (bytes[2]! << 8) : 0;
  const newKeys = signed === 'approvers and new key' ? 1 : 0;
  const count = typeof signed === 'number' ? signed : approvers + newKeys;
  const end = bytes.length - count * SIGNATURE_BYTES;
  if (end < start) return { code: 'BCHF_TX_MALFORMED' };
  try {
    const container = bytes.subarray(start, end);
    const { body, sequence, validUntilMs } = codec.decode(container);
    if (signatureCount(body) !== count) return { code: 'BCHF_TX_MALFORMED' };
    // Above 2^53 some integers still have one byte form, and the next sequence would not be above.
    if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(validUntilMs)) {
      return { code: 'BCHF_TX_MALFORMED' };
    }
    if (Buffer.compare(codec.encode(body, { sequence, validUntilMs }), container) !== 0) {
      return { code: 'BCHF_TX_MALFORMED' };
    }
    const signatures = Array.from({ length: count }, (_, index) =>
      bytes.subarray(end + index * SIGNATURE_BYTES, end + (index + 1) * SIGNATURE_BYTES),
    );
    return { transaction: { body, sequence, validUntilMs, signatures } };
  } catch {
    return { code: 'BCHF_TX_MALFORMED' };
  }
}

/** A body as its bytes say it. Throws where it has no bytes. */
export function formOfBody(body: TransactionBody): TransactionBody {
  const codec = codecOf(body.kind);
  return codec.decode(codec.encode(body, { sequence: 0, validUntilMs: 0 })).body;
}

/** The id of a transaction: the sha-256 of its bytes, as CometBFT's. 32 bytes. */
export function transactionId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
