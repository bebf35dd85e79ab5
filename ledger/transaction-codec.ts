// The bytes of a signed transaction.
//
//     0      1                                  end − 64 n         end
//     ┌──────┬──────────────────────────────────┬──────────────────┐
//     │ kind │ SSZ container: sequence u64,     │ n signatures,    │
//     │ u8   │ then the fields of the body      │ 64 bytes each    │
//     └──────┴──────────────────────────────────┴──────────────────┘
//      ◄──────────── what is signed ───────────►
//
// n follows from the kind: 2 (donor, recipient) for a port, otherwise 1. Each signer signs
//
//     "bchf transaction 1" ‖ 0 ‖ u8 length of chain id ‖ chain id ‖ kind ‖ SSZ container
//
// so that a signature counts on one chain and for nothing else. One transaction has one byte form:
// decoding refuses bytes that encoding would not give. Whether what is said makes sense is checked
// elsewhere (transaction-check, state machine).

import type { KeyObject } from 'node:crypto';
import {
  type CompositeType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
} from '@chainsafe/ssz';
import { SIGNATURE_BYTES, signMessage } from './ed25519.ts';
import { IDENTITIES, type Identity } from './number.ts';
import {
  bytesOf,
  idType,
  memberOf,
  memberType,
  memberValue,
  routeOf,
  routeType,
  routeValue,
  textOf,
  uint8,
  uint64,
} from './record-codec.ts';
import { sha256 } from './sha256.ts';
import { ITEMS_MAX, signersOf, type TransactionBody } from './transaction-body.ts';
import type { RejectionCode } from './transaction-code.ts';

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
  /** In the order of `signersOf(body)`, 64 bytes each; views of the bytes. */
  signatures: Uint8Array[];
}

/** What decoding gives: a transaction, or why the bytes are none. */
export type DecodedTransaction =
  | { transaction: Transaction; code?: undefined }
  | { transaction?: undefined; code: RejectionCode };

const numbersType = new ListBasicType(uint64, ITEMS_MAX);
const rangesType = new ListCompositeType(
  new ContainerType({ from: uint64, to: uint64 }),
  ITEMS_MAX,
);

const admitMembersType = new ContainerType({
  sequence: uint64,
  members: new ListCompositeType(memberType, ITEMS_MAX),
});
const declareRoutesType = new ContainerType({
  sequence: uint64,
  member: idType,
  routes: new ListCompositeType(routeType, ITEMS_MAX),
});
const assignPrefixesType = new ContainerType({
  sequence: uint64,
  identity: uint8,
  assignments: new ListCompositeType(
    new ContainerType({ route: idType, prefixes: numbersType }),
    ITEMS_MAX,
  ),
});
const injectPoolType = new ContainerType({
  sequence: uint64,
  member: idType,
  identity: uint8,
  ranges: rangesType,
});
const allocateType = new ContainerType({
  sequence: uint64,
  member: idType,
  identity: uint8,
  ranges: rangesType,
  route: idType,
});
const portType = new ContainerType({
  sequence: uint64,
  identity: uint8,
  numbers: numbersType,
  donor: idType,
  recipient: idType,
  route: idType,
});

type BodyOf<K extends TransactionBody['kind']> = Extract<TransactionBody, { kind: K }>;

/** One kind of transaction: its kind byte, its container and the way between value and body. */
interface KindCodec {
  kind: TransactionBody['kind'];
  byte: number;
  signatures: number;
  encode(body: TransactionBody, sequence: number): Uint8Array;
  decode(bytes: Uint8Array): { body: TransactionBody; sequence: number };
}

function kindCodec<K extends TransactionBody['kind'], V extends { sequence: number }>(
  kind: K,
  byte: number,
  signatures: number,
  // biome-ignore lint/suspicious/noExplicitAny: the two view types of a container do not matter here
  type: CompositeType<V, any, any>,
  toValue: (body: BodyOf<K>) => Omit<V, 'sequence'>,
  toBody: (value: V) => BodyOf<K>,
): KindCodec {
  return {
    kind,
    byte,
    signatures,
    encode: (body, sequence) =>
      type.serialize({ sequence, ...toValue(body as BodyOf<K>) } as unknown as V),
    decode: (bytes) => {
      const value = type.deserialize(bytes);
      return { body: toBody(value), sequence: value.sequence };
    },
  };
}

function identityByte(identity: Identity): number {
  return IDENTITIES.indexOf(identity);
}

function identityOf(byte: number): Identity {
  const identity = IDENTITIES[byte];
  if (!identity) throw new RangeError(`no identity kind ${byte}`);
  return identity;
}

const KINDS: KindCodec[] = [
  kindCodec(
    'admit-members',
    1,
    1,
    admitMembersType,
    (body) => ({ members: body.members.map(memberValue) }),
    (value) => ({ kind: 'admit-members', members: value.members.map(memberOf) }),
  ),
  kindCodec(
    'declare-routes',
    2,
    1,
    declareRoutesType,
    (body) => ({ member: bytesOf(body.member), routes: body.routes.map(routeValue) }),
    (value) => ({
      kind: 'declare-routes',
      member: textOf(value.member),
      routes: value.routes.map(routeOf),
    }),
  ),
  kindCodec(
    'assign-prefixes',
    3,
    1,
    assignPrefixesType,
    (body) => ({
      identity: identityByte(body.identity),
      assignments: body.assignments.map(({ route, prefixes }) => ({
        route: bytesOf(route),
        prefixes,
      })),
    }),
    (value) => ({
      kind: 'assign-prefixes',
      identity: identityOf(value.identity),
      assignments: value.assignments.map(({ route, prefixes }) => ({
        route: textOf(route),
        prefixes,
      })),
    }),
  ),
  kindCodec(
    'inject-pool',
    4,
    1,
    injectPoolType,
    (body) => ({
      member: bytesOf(body.member),
      identity: identityByte(body.identity),
      ranges: body.ranges,
    }),
    (value) => ({
      kind: 'inject-pool',
      member: textOf(value.member),
      identity: identityOf(value.identity),
      ranges: value.ranges,
    }),
  ),
  kindCodec(
    'allocate',
    5,
    1,
    allocateType,
    (body) => ({
      member: bytesOf(body.member),
      identity: identityByte(body.identity),
      ranges: body.ranges,
      route: bytesOf(body.route),
    }),
    (value) => ({
      kind: 'allocate',
      member: textOf(value.member),
      identity: identityOf(value.identity),
      ranges: value.ranges,
      route: textOf(value.route),
    }),
  ),
  kindCodec(
    'port',
    6,
    2,
    portType,
    (body) => ({
      identity: identityByte(body.identity),
      numbers: body.numbers,
      donor: bytesOf(body.donor),
      recipient: bytesOf(body.recipient),
      route: bytesOf(body.route),
    }),
    (value) => ({
      kind: 'port',
      identity: identityOf(value.identity),
      numbers: value.numbers,
      donor: textOf(value.donor),
      recipient: textOf(value.recipient),
      route: textOf(value.route),
    }),
  ),
];

const byByte = new Map(KINDS.map((codec) => [codec.byte, codec]));
const byKind = new Map(KINDS.map((codec) => [codec.kind, codec]));

/** Kind byte and container: the part that is signed. */
function encodeUnsigned(body: TransactionBody, sequence: number): Uint8Array {
  const codec = byKind.get(body.kind);
  if (!codec) throw new TypeError(`no transaction kind ${body.kind}`);
  return Buffer.concat([Uint8Array.of(codec.byte), codec.encode(body, sequence)]);
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
 * Throws a `RangeError` where the keys do not fit the body, the sequence is no integer of 0 to
 * 2^53 − 1, or the body has no byte form (more items than ITEMS_MAX, more than 1 MiB).
 */
export function signTransaction(
  body: TransactionBody,
  sequence: number,
  chainId: string,
  privateKeys: readonly KeyObject[],
): Uint8Array {
  if (privateKeys.length !== signersOf(body).length) {
    throw new RangeError('one private key is needed for each signer');
  }
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new RangeError('a sequence is an integer of 0 to 2^53 − 1');
  }
  const unsigned = encodeUnsigned(body, sequence);
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
    const { body, sequence } = codec.decode(container);
    // Above 2^53 some integers still have one byte form, and the next sequence would not be above.
    if (!Number.isSafeInteger(sequence)) return { code: 'BCHF_TX_MALFORMED' };
    if (Buffer.compare(codec.encode(body, sequence), container) !== 0) {
      return { code: 'BCHF_TX_MALFORMED' };
    }
    const signatures = Array.from({ length: codec.signatures }, (_, index) =>
      bytes.subarray(end + index * SIGNATURE_BYTES, end + (index + 1) * SIGNATURE_BYTES),
    );
    return { transaction: { body, sequence, signatures } };
  } catch {
    return { code: 'BCHF_TX_MALFORMED' };
  }
}

/** The id of a transaction: the sha-256 of its bytes, as CometBFT's. 32 bytes. */
export function transactionId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
