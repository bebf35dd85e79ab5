// Responses of the UDP batch protocol: writing them on the server, reading them on the client.
//
// Owns the response's two forms (answers, route details) and the bound on its length. Leaves out
// where answers and details come from (batch-handler.ts) and the layout's numbers
// (batch-format-codec.ts). Nothing here allocates or throws on any input from the network.

import { ROUTES_MAX } from '../../wasm/number-index.ts';
import type { BatchFreshness } from './batch-format-codec.ts';
import {
  ANSWER_BYTES,
  BATCH_DATAGRAM_BYTES_MAX,
  BATCH_VERSION,
  ENTRY_BYTES,
  LAG_UNKNOWN,
  NUMBER_MALFORMED,
  NUMBER_OK,
  NUMBERS_MAX,
  OPERATION_EXPLAIN,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  RESPONSE_CONSTANT_BYTES,
  RESPONSE_HEADER_BYTES,
  RESPONSE_MAGIC,
  ROUTE_JSON_BYTES_MAX,
  readU16,
  readU32,
  responseBytesMax,
  routeRequestBytes,
  STATUS_MAX,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  STATUS_ROUTE_TOO_LARGE,
  STATUS_UNSUPPORTED_VERSION,
  writeU16,
  writeU32,
} from './batch-format-codec.ts';
import type { BatchRequest } from './batch-request-codec.ts';

const TWO_32 = 2 ** 32;

/**
 * Writes the answers to a lookup, 32 + 8 × count bytes, and returns that length. `answers` has the
 * bit layout of wasm/number-index.ts; a malformed number gets its status whatever its answer says.
 *
 *     0        1       2        3          4                 8
 *     ┌────────┬───────┬────────┬──────────┬─────────────────┐
 *     │ status │ match │ length │ reserved │ route number    │
 *     └────────┴───────┴────────┴──────────┴─────────────────┘
 */
export function writeLookupResponse(
  out: Uint8Array,
  request: BatchRequest,
  answers: Uint32Array,
  freshness: BatchFreshness,
): number {
  const { count, numberStatus } = request;
  writeResponseHeader(out, request, STATUS_OK, count, 0, freshness);
  for (let index = 0; index < count; index++) {
    const at = RESPONSE_HEADER_BYTES + ANSWER_BYTES * index;
    const isMalformed = numberStatus[index] !== NUMBER_OK;
    const answer = isMalformed ? 0 : answers[index]!;
    out[at] = isMalformed ? NUMBER_MALFORMED : NUMBER_OK;
    out[at + 1] = answer >>> 30;
    out[at + 2] = (answer >>> 26) & 15;
    out[at + 3] = 0;
    writeU32(out, at + 4, answer & (ROUTES_MAX - 1));
  }
  return RESPONSE_HEADER_BYTES + ANSWER_BYTES * count;
}

/**
 * Writes the details of a route and returns the response's length. Details that the request is too
 * small for, or that no datagram carries, become a status of 32 bytes.
 */
export function writeRouteResponse(
  out: Uint8Array,
  request: BatchRequest,
  json: Uint8Array,
  freshness: BatchFreshness,
): number {
  if (json.length > ROUTE_JSON_BYTES_MAX) {
    return writeStatusResponse(out, request, STATUS_ROUTE_TOO_LARGE, freshness);
  }
  const bytes = RESPONSE_HEADER_BYTES + json.length;
  if (bytes > responseBytesMax(request.bytes)) {
    const needed = routeRequestBytes(json.length);
    writeResponseHeader(out, request, STATUS_REQUEST_TOO_SMALL, 0, needed, freshness);
    return RESPONSE_HEADER_BYTES;
  }
  writeResponseHeader(out, request, STATUS_OK, 0, json.length, freshness);
  out.set(json, RESPONSE_HEADER_BYTES);
  return bytes;
}

/** Writes a response that is a status only, 32 bytes, and returns that length. */
export function writeStatusResponse(
  out: Uint8Array,
  request: BatchRequest,
  status: number,
  freshness: BatchFreshness,
): number {
  writeResponseHeader(out, request, status, 0, 0, freshness);
  return RESPONSE_HEADER_BYTES;
}

/** Writes the 32 bytes that every response begins with. */
export function writeResponseHeader(
  out: Uint8Array,
  request: BatchRequest,
  status: number,
  count: number,
  size: number,
  { height, lagMs, routeTableVersion }: BatchFreshness,
): void {
  writeU16(out, 0, RESPONSE_MAGIC);
  out[2] = BATCH_VERSION;
  out[3] = request.operation;
  writeU32(out, 4, request.requestId);
  out[8] = status;
  out[9] = count;
  writeU16(out, 10, 0);
  writeU32(out, 12, lagField(lagMs));
  writeU32(out, 16, height % TWO_32);
  writeU32(out, 20, Math.floor(height / TWO_32));
  writeU32(out, 24, routeTableVersion);
  writeU32(out, 28, size);
}

/** A lag beyond the field is told as the largest known one, a clock that runs ahead as none. */
function lagField(lagMs: number | undefined): number {
  if (lagMs === undefined) return LAG_UNKNOWN;
  return Math.floor(Math.min(Math.max(lagMs, 0), LAG_UNKNOWN - 1));
}

/** One response, reused from datagram to datagram. */
export interface BatchResponse {
  operation: number;
  requestId: number;
  /** STATUS_OK to STATUS_MAX. */
  status: number;
  /** Answers that follow, 0 to NUMBERS_MAX. */
  count: number;
  /** Milliseconds; LAG_UNKNOWN where the resolver does not know. */
  lagMs: number;
  height: number;
  routeTableVersion: number;
  /** Bytes of details; with STATUS_REQUEST_TOO_SMALL the needed length of the request; else 0. */
  size: number;
  /** NUMBER_OK or NUMBER_MALFORMED for each answer. */
  numberStatus: Uint8Array;
  /** For each answer, in the bit layout of wasm/number-index.ts. */
  answers: Uint32Array;
}

export function createBatchResponse(): BatchResponse {
  return {
    operation: 0,
    requestId: 0,
    status: 0,
    count: 0,
    lagMs: 0,
    height: 0,
    routeTableVersion: 0,
    size: 0,
    numberStatus: new Uint8Array(NUMBERS_MAX),
    answers: new Uint32Array(NUMBERS_MAX),
  };
}

/**
 * Reads a datagram into `response` and tells whether it is a well-formed response; where it is not,
 * the fields mean nothing. The details of a route are the `size` bytes from RESPONSE_HEADER_BYTES
 * on. Reserved bytes are ignored, so that a later server may use them.
 */
export function readResponse(message: Uint8Array, response: BatchResponse): boolean {
  if (message.length < RESPONSE_CONSTANT_BYTES) return false;
  if (message.length > BATCH_DATAGRAM_BYTES_MAX) return false;
  if (readU16(message, 0) !== RESPONSE_MAGIC) return false;
  response.operation = message[3]!;
  response.requestId = readU32(message, 4);
  response.status = message[8]!;
  if (message[2] !== BATCH_VERSION) return readOtherVersion(response);
  if (message.length < RESPONSE_HEADER_BYTES) return false;
  response.count = message[9]!;
  response.lagMs = readU32(message, 12);
  response.height = readU32(message, 20) * TWO_32 + readU32(message, 16);
  response.routeTableVersion = readU32(message, 24);
  response.size = readU32(message, 28);
  if (response.status > STATUS_MAX || !Number.isSafeInteger(response.height)) return false;
  const bodyBytes = message.length - RESPONSE_HEADER_BYTES;
  if (response.status !== STATUS_OK) return response.count === 0 && bodyBytes === 0;
  if (response.operation === OPERATION_ROUTE) {
    return response.count === 0 && response.size === bodyBytes;
  }
  // What its entries say is for batch-explain-codec.ts.
  if (response.operation === OPERATION_EXPLAIN) return bodyBytes === ENTRY_BYTES * response.count;
  if (response.operation !== OPERATION_LOOKUP) return false;
  return readAnswers(message, bodyBytes, response);
}

/** A server that speaks only other versions says so in its own; nothing more can be read of it. */
function readOtherVersion(response: BatchResponse): boolean {
  response.count = 0;
  response.lagMs = LAG_UNKNOWN;
  response.height = 0;
  response.routeTableVersion = 0;
  response.size = 0;
  return response.status === STATUS_UNSUPPORTED_VERSION;
}

function readAnswers(message: Uint8Array, bodyBytes: number, response: BatchResponse): boolean {
  const { count } = response;
  if (count < 1 || count > NUMBERS_MAX || bodyBytes !== ANSWER_BYTES * count) return false;
  for (let index = 0; index < count; index++) {
    const at = RESPONSE_HEADER_BYTES + ANSWER_BYTES * index;
    const status = message[at]!;
    const match = message[at + 1]!;
    const length = message[at + 2]!;
    const route = readU32(message, at + 4);
    if (status > NUMBER_MALFORMED || match > 3 || length > 15 || route >= ROUTES_MAX) return false;
    response.numberStatus[index] = status;
    response.answers[index] = (match << 30) | (length << 26) | route;
  }
  return true;
}
