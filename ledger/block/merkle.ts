// CometBFT's simple Merkle tree: the tree of RFC 6962 section 2.1 with sha-256.
//
// Leaves are hashed behind a byte 0, inner nodes behind a byte 1; n leaves split at the largest power
// of two below n; the root of nothing is the hash of nothing.

import { HASH_BYTES, sha256 } from '../sha256.ts';

const INNER_BYTES = 1 + 2 * HASH_BYTES;

/** Overwritten by every inner node. */
const inner = new Uint8Array(INNER_BYTES);

/** The root over items in order. 32 bytes. */
export function merkleRoot(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return sha256(new Uint8Array(0));
  const hashes = items.map(leafHash);
  // Pairs of neighbours, level by level, give that tree: what is left over alone goes up as it is.
  for (let count = hashes.length; count > 1; count = (count + 1) >> 1) {
    for (let at = 0; at + 1 < count; at += 2) {
      hashes[at >> 1] = innerHash(hashes[at]!, hashes[at + 1]!);
    }
    if (count % 2 === 1) hashes[(count - 1) >> 1] = hashes[count - 1]!;
  }
  return hashes[0]!;
}

function leafHash(item: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + item.length);
  bytes.set(item, 1);
  return sha256(bytes);
}

function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  inner[0] = 1;
  inner.set(left, 1);
  inner.set(right, 1 + HASH_BYTES);
  return sha256(inner);
}
