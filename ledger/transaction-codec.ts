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
// so that a signature counts on one chain and for nothing else. One transaction has one byte form:
// decoding refuses bytes that encoding would not give. Whether what is said makes sense is checked
// elsewhere (transaction-check, state machine).

import type { KeyObject } from 'node:crypto';
import { SIGNATURE_BYTES, signMessage } from './ed25519.ts';
import { bytesOf } from './record-codec.ts';
import { sha256 } from './sha256.ts';
import { signersOf, type TransactionBody } from './transaction-body.ts';
import type { RejectionCode } from './transaction-code.ts';
import { KINDS, type TransactionHead } from './transaction-kinds.ts';

/** Most bytes of one transaction, signatures included. */
export const TRANSACTION_BYTES_MAX = 1 << 20;
/** Most bytes of a chain id (CometBFT's `MaxChainIDLen`). */
export const CHAIN_ID_BYTES_MAX = 50;

const SIGN_DOMAIN = bytesOf('bchf transaction 1\0');

/** A transaction as its bytes say it. */
export interface Transaction {
  body: TransactionBody;
  /** Replay guard: strictly increasing for each first signer. 0 to 2^53 − 1. */
  sequence: number;
  /** Milliseconds since 1970: no later block may hold it. Without an end where it is 0 or absent. */
  validUntilMs?: number;
  /** In the order of `signersOf(body)`, 64 bytes each; views of the bytes. */
  signatures: Uint8Array[];
}

/** What decoding gives: a transaction, or why the bytes are none. */
export type DecodedTransaction =
  | { transaction: Transaction; code?: undefined }
  | { transaction?: undefined; code: RejectionCode };

const byByte = new Map(KINDS.map((codec) => [codec.byte, codec]));
const byKind = new Map(KINDS.map((codec) => [codec.kind, codec]));

/** Kind byte and container: the part that is signed. */
function encodeUnsigned(body: TransactionBody, head: TransactionHead): Uint8Array {
  const codec = byKind.get(body.kind);
  if (!codec) throw new TypeError(`no transaction kind ${body.kind}`);
  return Buffer.concat([Uint8Array.of(codec.byte), codec.encode(body, head)]);
}

function checkHead(head: TransactionHead): void {
  for (const [name, value] of Object.entries(head)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${name} is an integer of 0 to 2^53 − 1`);
    }
  }
}

function signBytesOf(unsigned: Uint8Array, chainId: string): Uint8Array {
  const chain = bytesOf(chainId);
  if (chain.length < 1 || chain.length > CHAIN_ID_BYTES_MAX) {
    throw new RangeError(`a chain id has 1 to ${CHAIN_ID_BYTES_MAX} bytes`);
  }
  return Buffer.concat([SIGN_DOMAIN, Uint8Array.of(chain.length), chain, unsigned]);
}

/** What the signers of a decoded transaction's bytes have signed. */
export function signBytes(
  bytes: Uint8Array,
  transaction: Transaction,
  chainId: string,
): Uint8Array {
  const end = bytes.length - transaction.signatures.length * SIGNATURE_BYTES;
  return signBytesOf(bytes.subarray(0, end), chainId);
}

/**
 * The bytes of a transaction, signed by each of `privateKeys`, which stand in the order of
 * `signersOf(body)`.
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
  if (privateKeys.length !== signersOf(body).length) {
    throw new RangeError('one private key is needed for each signer');
  }
  checkHead({ sequence, validUntilMs });
  const unsigned = encodeUnsigned(body, { sequence, validUntilMs });
  const message = signBytesOf(unsigned, chainId);
  const signatures = privateKeys.map((key) => signMessage(message, key));
  const bytes = Buffer.concat([unsigned, ...signatures]);
  // SSZ writes longer lists than it reads: what nobody could decode must not leave here.
  const { code } = decodeTransaction(bytes);
  if (code) throw new RangeError(`the transaction has no byte form: ${code}`);
  return bytes;
}

/**
 * Reads a signed transaction. BCHF_TX_TOO_LARGE and BCHF_TX_MALFORMED are the verdicts on bytes that
 * are none; it never throws.
 */
export function decodeTransaction(bytes: Uint8Array): DecodedTransaction {
  if (bytes.length > TRANSACTION_BYTES_MAX) return { code: 'BCHF_TX_TOO_LARGE' };
  const codec = bytes.length === 0 ? undefined : byByte.get(bytes[0]!);
  if (!codec) return { code: 'BCHF_TX_MALFORMED' };
  const end = bytes.length - codec.signatures * SIGNATURE_BYTES;
  if (end < 1) return { code: 'BCHF_TX_MALFORMED' };
  try {
    const container = bytes.subarray(1, end);
    const { body, sequence, validUntilMs } = codec.decode(container);
    // Above 2^53 some integers still have one byte form, and the next sequence would not be above.
    if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(validUntilMs)) {
      return { code: 'BCHF_TX_MALFORMED' };
    }
    if (Buffer.compare(codec.encode(body, { sequence, validUntilMs }), container) !== 0) {
      return { code: 'BCHF_TX_MALFORMED' };
    }
    const signatures = Array.from({ length: codec.signatures }, (_, index) =>
      bytes.subarray(end + index * SIGNATURE_BYTES, end + (index + 1) * SIGNATURE_BYTES),
    );
    return { transaction: { body, sequence, validUntilMs, signatures } };
  } catch {
    return { code: 'BCHF_TX_MALFORMED' };
  }
}

/** The id of a transaction: the sha-256 of its bytes, as CometBFT's. 32 bytes. */
export function transactionId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
