// The seal of an authenticated request of the UDP batch protocol: key id, time and tag at its end.
//
//     … request │ key id u32 │ 0 u32 │ time u64, µs since 1970 │ tag, 16 bytes │
//
// The request has OPERATION_SEALED in its operation. The tag is the first half of HMAC-SHA-256
// (RFC 2104, truncated as its section 5 allows) under the key of that id over everything before the tag.
// docs/udp-batch-protocol.md specifies it.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readU32, writeU32 } from './batch-format-codec.ts';

/** Set in the operation of a sealed request. */
export const OPERATION_SEALED = 0x80;
export const SEAL_BYTES = 32;
export const TAG_BYTES = 16;
const TWO_32 = 2 ** 32;

/** A key that requests are sealed with. */
export interface SealKey {
  /** u32. */
  id: number;
  /** At least 16 bytes. */
  secret: Uint8Array;
}

/** What a seal says, before anybody believes it. */
export interface Seal {
  keyId: number;
  timeUs: number;
}

/** Whether a datagram of at least a header's length says that it is sealed. */
export function isSealed(message: Uint8Array): boolean {
  return (message[3]! & OPERATION_SEALED) !== 0;
}

/** Seals the request in `out[0..bytes)` and returns its new length. */
export function seal(out: Uint8Array, bytes: number, key: SealKey, timeUs: number): number {
  const length = bytes + SEAL_BYTES;
  if (length > out.length) throw new RangeError(`${out.length} bytes for a request of ${length}`);
  out[3] = out[3]! | OPERATION_SEALED;
  writeU32(out, bytes, key.id);
  writeU32(out, bytes + 4, 0);
  writeU32(out, bytes + 8, timeUs % TWO_32);
  writeU32(out, bytes + 12, Math.floor(timeUs / TWO_32));
  out.set(tagOf(out.subarray(0, length - TAG_BYTES), key.secret), length - TAG_BYTES);
  return length;
}

/** Reads the seal of a message into `into`; false where there is no room for one, or it is none. */
export function readSeal(message: Uint8Array, into: Seal): boolean {
  const at = message.length - SEAL_BYTES;
  if (at < 0 || readU32(message, at + 4) !== 0) return false;
  into.keyId = readU32(message, at);
  into.timeUs = readU32(message, at + 12) * TWO_32 + readU32(message, at + 8);
  return Number.isSafeInteger(into.timeUs);
}

/** Whether the tag of a sealed message is that of a key's holder. */
export function isTagRight(message: Uint8Array, secret: Uint8Array): boolean {
  const at = message.length - TAG_BYTES;
  return timingSafeEqual(tagOf(message.subarray(0, at), secret), message.subarray(at));
}

function tagOf(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update(message).digest().subarray(0, TAG_BYTES);
}
