// The vocabulary of the UDP batch protocol: layouts, limits and codes that both directions share.
//
// The protocol is this project's own; docs/udp-batch-protocol.md specifies it for implementers and
// is the source of every number here. Everything is little-endian. A request and its response are
// one datagram each.
//
//     request   0        2    3    4          8        9       10         12             16
//               ┌────────┬────┬────┬──────────┬────────┬───────┬──────────┬──────────────┬─────────
//               │ "Bq"   │ver │ op │request id│identity│ count │ reserved │ route number │ body …
//               └────────┴────┴────┴──────────┴────────┴───────┴──────────┴──────────────┴─────────
//     body of a lookup: `count` numbers of 8 bytes; of a route request: padding of zeros
//
//     response  0        2    3    4          8      9     10       12     16     24      28   32
//               ┌────────┬────┬────┬──────────┬──────┬─────┬────────┬──────┬──────┬───────┬────┬────
//               │ "Ba"   │ver │ op │request id│status│count│reserved│lag ms│height│version│size│body…
//               └────────┴────┴────┴──────────┴──────┴─────┴────────┴──────┴──────┴───────┴────┴────
//     body of a lookup: `count` answers of 8 bytes; of route details: `size` bytes of JSON
//
// The two magics differ, so a response that is sent back to a server is dropped, and no version is
// above 127, so a response of DNS is: no two servers can be made to answer each other for ever, and
// none of this protocol answers a response.

import type { Identity } from '../../ledger/number.ts';
import { IDENTITIES } from '../../ledger/number.ts';

export const BATCH_VERSION = 1;
/** Highest version that there will ever be. */
export const VERSION_MAX = 127;

/** ASCII "Bq" and "Ba", read as little-endian u16. */
export const REQUEST_MAGIC = 0x7142;
export const RESPONSE_MAGIC = 0x6142;

export const OPERATION_LOOKUP = 1;
export const OPERATION_ROUTE = 2;

export const REQUEST_HEADER_BYTES = 16;
export const RESPONSE_HEADER_BYTES = 32;
/** What keeps its meaning at the head of a response in all versions: up to the status. */
export const RESPONSE_CONSTANT_BYTES = 9;
export const NUMBER_BYTES = 8;
export const ANSWER_BYTES = 8;

/** Most numbers in one request. */
export const NUMBERS_MAX = 128;

/**
 * Longest datagram in either direction: what IPv6 carries everywhere unfragmented, the minimum MTU
 * of 1280 less the headers of IPv6 (40) and UDP (8); RFC 8200 section 5.
 */
export const BATCH_DATAGRAM_BYTES_MAX = 1232;

/** Longest route details that a response can carry. */
export const ROUTE_JSON_BYTES_MAX = BATCH_DATAGRAM_BYTES_MAX - RESPONSE_HEADER_BYTES;

/** The lag of a resolver that does not know it. */
export const LAG_UNKNOWN = 0xffff_ffff;

export const STATUS_OK = 0;
export const STATUS_UNSUPPORTED_VERSION = 1;
export const STATUS_UNSUPPORTED_OPERATION = 2;
export const STATUS_IDENTITY_NOT_SERVED = 3;
export const STATUS_UNKNOWN_ROUTE = 4;
export const STATUS_REQUEST_TOO_SMALL = 5;
export const STATUS_ROUTE_TOO_LARGE = 6;
export const STATUS_NOT_AUTHENTICATED = 7;
export const STATUS_MAX = STATUS_NOT_AUTHENTICATED;

export const NUMBER_OK = 0;
export const NUMBER_MALFORMED = 1;

/** How new the answers are. */
export interface BatchFreshness {
  /** Height of the block that the index stands at, 0 to 2^53 − 1. */
  height: number;
  /** Milliseconds behind the newest committed block; `undefined` where that is not known. */
  lagMs: number | undefined;
  /** Changes whenever any route of the route table changes; u32. */
  routeTableVersion: number;
}

/** The code of an identity kind on the wire: 1 for IMSI, 2 for MSISDN. */
export function identityCode(identity: Identity): number {
  return IDENTITIES.indexOf(identity) + 1;
}

/** The identity kind of a code on the wire; `undefined` where there is none. */
export function identityOfCode(code: number): Identity | undefined {
  return IDENTITIES[code - 1];
}

/**
 * The longest response that a request of so many bytes can be answered with. Whoever forges a
 * sender's address gains no more than half of what he sends, plus 8 bytes.
 */
export function responseBytesMax(requestBytes: number): number {
  return Math.min(Math.floor(requestBytes * 1.5) + 8, BATCH_DATAGRAM_BYTES_MAX);
}

/** The shortest route request whose response may carry so many bytes of details. */
export function routeRequestBytes(jsonBytes: number): number {
  const bytes = Math.ceil(((RESPONSE_HEADER_BYTES + jsonBytes - 8) * 2) / 3);
  return Math.max(bytes, REQUEST_HEADER_BYTES);
}

// Byte by byte rather than through a DataView: a view would have to be allocated for each datagram.

export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
