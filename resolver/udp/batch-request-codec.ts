// Requests of the UDP batch protocol: reading them on the server, writing them on the client.
//
// Owns the verdict on a datagram that claims to be a request. Leaves out what is answered
// (batch-response-codec.ts) and the layout's numbers (batch-format-codec.ts). Nothing here allocates
// or throws on any input from the network.

import type { Identity, NumberKey } from '../../ledger/number.ts';
import { DIGITS_MAX, KEY_MIN } from '../../ledger/number.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  BATCH_VERSION,
  identityCode,
  identityOfCode,
  NUMBER_BYTES,
  NUMBER_MALFORMED,
  NUMBER_OK,
  NUMBERS_MAX,
  OPERATION_EXPLAIN,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  REQUEST_HEADER_BYTES,
  REQUEST_MAGIC,
  readU16,
  readU32,
  VERSION_MAX,
  writeU16,
  writeU32,
} from './batch-format-codec.ts';

/**
 * Why a datagram is dropped without an answer:
 *
 * - too-short: below the 16 bytes of a header. too-long: above BATCH_DATAGRAM_BYTES_MAX.
 * - magic: not a request of this protocol; among these a DNS response, which has its QR bit where
 *   a version above VERSION_MAX has its highest one.
 * - identity, count: a value outside the table of the operation.
 * - size: a lookup whose length is not 16 + 8 × count; an explanation without a number.
 * - reserved: a reserved byte, the route number of a lookup or explanation, or padding is not zero.
 * - tag: a sealed request without a seal, or with another tag than the key gives.
 * - replay: a sealed request that was accepted before.
 */
export const DROP_REASONS = [
  'too-short',
  'too-long',
  'magic',
  'identity',
  'count',
  'size',
  'reserved',
  'tag',
  'replay',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** A request that is answered with a status instead of being served. */
export const REFUSALS = ['unsupported-version', 'unsupported-operation'] as const;
export type Refusal = (typeof REFUSALS)[number];

export type RequestVerdict = 'accepted' | Refusal | DropReason;

/** One request, reused from datagram to datagram. */
export interface BatchRequest {
  /** An OPERATION_… of the protocol; any byte where the verdict is a refusal. */
  operation: number;
  requestId: number;
  /** Length of the datagram, which bounds the response. */
  bytes: number;
  /** Of a lookup or explanation; msisdn of anything else. */
  identity: Identity;
  /** Numbers of a lookup, 1 to NUMBERS_MAX. */
  count: number;
  /** Of a route request; u32. */
  routeNumber: number;
  /**
   * Number keys of a lookup, where a malformed number has KEY_MIN, so that all can be looked up; or the
   * one of an explanation, 0 where it is malformed.
   */
  keys: Float64Array;
  /** NUMBER_OK or NUMBER_MALFORMED for each number of a lookup. */
  numberStatus: Uint8Array;
  /** How many numbers of a lookup are malformed. */
  malformedCount: number;
}

const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => 10 ** digits);
const TWO_32 = 2 ** 32;

export function createBatchRequest(): BatchRequest {
  return {
    operation: 0,
    requestId: 0,
    bytes: 0,
    identity: 'msisdn',
    count: 0,
    routeNumber: 0,
    keys: new Float64Array(NUMBERS_MAX),
    numberStatus: new Uint8Array(NUMBERS_MAX),
    malformedCount: 0,
  };
}

/**
 * Reads a datagram into `request`. On a drop the request's fields mean nothing; on a refusal only
 * operation, requestId, identity and bytes do.
 */
export function readRequest(message: Uint8Array, request: BatchRequest): RequestVerdict {
  if (message.length < REQUEST_HEADER_BYTES) return 'too-short';
  if (message.length > BATCH_DATAGRAM_BYTES_MAX) return 'too-long';
  if (readU16(message, 0) !== REQUEST_MAGIC || message[2]! > VERSION_MAX) return 'magic';
  request.identity = 'msisdn';
  request.operation = message[3]!;
  request.requestId = readU32(message, 4);
  request.bytes = message.length;
  if (message[2] !== BATCH_VERSION) return 'unsupported-version';
  if (request.operation === OPERATION_LOOKUP) return readLookup(message, request);
  if (request.operation === OPERATION_ROUTE) return readRouteRequest(message, request);
  if (request.operation === OPERATION_EXPLAIN) return readExplainRequest(message, request);
  return 'unsupported-operation';
}

function readLookup(message: Uint8Array, request: BatchRequest): RequestVerdict {
  const identity = identityOfCode(message[8]!);
  if (identity === undefined) return 'identity';
  const count = message[9]!;
  if (count < 1 || count > NUMBERS_MAX) return 'count';
  if (message.length !== REQUEST_HEADER_BYTES + NUMBER_BYTES * count) return 'size';
  if (readU16(message, 10) !== 0 || readU32(message, 12) !== 0) return 'reserved';
  request.identity = identity;
  request.count = count;
  request.routeNumber = 0;
  request.malformedCount = 0;
  for (let index = 0; index < count; index++) {
    const key = readNumber(message, REQUEST_HEADER_BYTES + NUMBER_BYTES * index);
    request.keys[index] = key === 0 ? KEY_MIN : key;
    request.numberStatus[index] = key === 0 ? NUMBER_MALFORMED : NUMBER_OK;
    if (key === 0) request.malformedCount++;
  }
  return 'accepted';
}

/**
 * The key of the number at `at`, or 0 where it is malformed: no digits at all, or a value that does
 * not fit into its digits.
 *
 *     63     60 59                                0
 *     ┌────────┬──────────────────────────────────┐
 *     │ digits │ value of the digits              │
 *     └────────┴──────────────────────────────────┘
 *
 * Values from 2^53 up are rounded here, but stay far above the 10^15 at which they are refused.
 */
export function readNumber(message: Uint8Array, at: number): NumberKey | 0 {
  const high = readU32(message, at + 4);
  const power = POWERS[high >>> 28]!;
  const value = (high & 0x0fff_ffff) * TWO_32 + readU32(message, at);
  return power === 1 || value >= power ? 0 : power + value;
}

function readExplainRequest(message: Uint8Array, request: BatchRequest): RequestVerdict {
  const identity = identityOfCode(message[8]!);
  if (identity === undefined) return 'identity';
  if (message[9] !== 1) return 'count';
  const numberEnd = REQUEST_HEADER_BYTES + NUMBER_BYTES;
  if (message.length < numberEnd) return 'size';
  if (readU16(message, 10) !== 0 || readU32(message, 12) !== 0) return 'reserved';
  if (!isZeroFrom(message, numberEnd)) return 'reserved';
  const key = readNumber(message, REQUEST_HEADER_BYTES);
  request.identity = identity;
  request.count = 1;
  request.routeNumber = 0;
  request.malformedCount = key === 0 ? 1 : 0;
  request.keys[0] = key;
  return 'accepted';
}

function isZeroFrom(message: Uint8Array, from: number): boolean {
  for (let at = from; at < message.length; at++) if (message[at] !== 0) return false;
  return true;
}

function readRouteRequest(message: Uint8Array, request: BatchRequest): RequestVerdict {
  if (message[8] !== 0) return 'identity';
  if (message[9] !== 0) return 'count';
  if (readU16(message, 10) !== 0) return 'reserved';
  if (!isZeroFrom(message, REQUEST_HEADER_BYTES)) return 'reserved';
  request.routeNumber = readU32(message, 12);
  request.count = 0;
  request.malformedCount = 0;
  return 'accepted';
}

/**
 * Writes a lookup of `keys[0..count)` and returns its length, 16 + 8 × count bytes. Every key must
 * be a number key.
 *
 * @throws RangeError for a count outside 1 to NUMBERS_MAX or a buffer that is too short.
 */
export function writeLookupRequest(
  out: Uint8Array,
  requestId: number,
  identity: Identity,
  keys: ArrayLike<NumberKey>,
  count: number,
): number {
  if (!(count >= 1 && count <= NUMBERS_MAX)) throw new RangeError(`count ${count}`);
  const bytes = REQUEST_HEADER_BYTES + NUMBER_BYTES * count;
  writeHeader(out, bytes, OPERATION_LOOKUP, requestId);
  out[8] = identityCode(identity);
  out[9] = count;
  writeU32(out, 12, 0);
  for (let index = 0; index < count; index++) {
    writeNumber(out, REQUEST_HEADER_BYTES + NUMBER_BYTES * index, keys[index]!);
  }
  return bytes;
}

/** Writes a number key as the protocol's 8 bytes: the inverse of {@link readNumber}. */
export function writeNumber(out: Uint8Array, at: number, key: NumberKey): void {
  let digits = DIGITS_MAX;
  while (POWERS[digits]! > key) digits--;
  const value = key - POWERS[digits]!;
  writeU32(out, at, value % TWO_32);
  writeU32(out, at + 4, (digits << 28) | Math.floor(value / TWO_32));
}

/**
 * Writes a request for the details of a route, padded with zeros to `bytes`, which it returns. The
 * response may be as long as `responseBytesMax(bytes)`.
 *
 * @throws RangeError for a length outside 16 to BATCH_DATAGRAM_BYTES_MAX or a buffer that is too
 * short.
 */
export function writeRouteRequest(
  out: Uint8Array,
  requestId: number,
  routeNumber: number,
  bytes: number,
): number {
  if (!(bytes >= REQUEST_HEADER_BYTES && bytes <= BATCH_DATAGRAM_BYTES_MAX)) {
    throw new RangeError(`a route request of ${bytes} bytes`);
  }
  writeHeader(out, bytes, OPERATION_ROUTE, requestId);
  out[8] = 0;
  out[9] = 0;
  writeU32(out, 12, routeNumber);
  out.fill(0, REQUEST_HEADER_BYTES, bytes);
  return bytes;
}

/**
 * Writes a request for the explanation of one number, padded with zeros to `bytes`, which it returns.
 *
 * @throws RangeError for a length outside 24 to BATCH_DATAGRAM_BYTES_MAX or a buffer that is too
 * short.
 */
export function writeExplainRequest(
  out: Uint8Array,
  requestId: number,
  identity: Identity,
  key: NumberKey,
  bytes: number,
): number {
  const numberEnd = REQUEST_HEADER_BYTES + NUMBER_BYTES;
  if (!(bytes >= numberEnd && bytes <= BATCH_DATAGRAM_BYTES_MAX)) {
    throw new RangeError(`an explain request of ${bytes} bytes`);
  }
  writeHeader(out, bytes, OPERATION_EXPLAIN, requestId);
  out[8] = identityCode(identity);
  out[9] = 1;
  writeU32(out, 12, 0);
  writeNumber(out, REQUEST_HEADER_BYTES, key);
  out.fill(0, numberEnd, bytes);
  return bytes;
}

function writeHeader(out: Uint8Array, bytes: number, operation: number, requestId: number): void {
  if (out.length < bytes) throw new RangeError(`${out.length} bytes for a request of ${bytes}`);
  writeU16(out, 0, REQUEST_MAGIC);
  out[2] = BATCH_VERSION;
  out[3] = operation;
  writeU32(out, 4, requestId);
  writeU16(out, 10, 0);
}
