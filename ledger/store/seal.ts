// Seals: what tells that a stored value is the one that was written under its key.
//
// LevelDB does not compare its own checksums when classic-level reads, so that a changed byte on the
// disk may come back as a value.
//
//     0                       n                  n + 8
//     ┌───────────────────────┬──────────────────┐
//     │ value                 │ seal             │   seal: the first 8 bytes of
//     └───────────────────────┴──────────────────┘   sha-256(value ‖ key)

import { sha256 } from '../sha256.ts';

const SEAL_BYTES = 8;

/** The value with its seal behind it. */
export function seal(key: Uint8Array, value: Uint8Array): Uint8Array {
  return Buffer.concat([value, sealOf(key, value)]);
}

/** A view of the value that was sealed under this key; `undefined` when anything has changed. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const value = sealed.subarray(0, -SEAL_BYTES);
  const isWhole = Buffer.compare(sealed.subarray(-SEAL_BYTES), sealOf(key, value)) === 0;
  return isWhole ? value : undefined;
}

function sealOf(key: Uint8Array, value: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([value, key])).subarray(0, SEAL_BYTES);
}
