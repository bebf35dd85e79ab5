// CometBFT's simple Merkle tree: the tree of RFC 6962 section 2.1 with sha-256.
//
// Leaves are hashed behind a byte 0, inner nodes behind a byte 1; n leaves split at the largest power
// of two below n; the root of nothing is the hash of nothing.

import { HASH_BYTES, sha256 } from '../sha256.ts';

/** Leaves up to this length are hashed without allocating anything. */
const SHORT_BYTES = 64;

/** Overwritten by every leaf and every inner node. */
const leaf = new Uint8Array(1 + SHORT_BYTES);
const inner = new Uint8Array(1 + 2 * HASH_BYTES);

/** The root over items in order. 32 bytes. */
export function merkleRoot(items: readonly Uint8Array[]): Uint8Array {
  return merkleRootOfLeaves(items.map(leafHash));
}

/** The root over leaves that are hashed already (by {@link leafHash}). Overwrites the array. */
export function merkleRootOfLeaves(hashes: Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0));
  let [left, right, parent]: (Uint8Array | undefined)[] = [];
  // Pairs of neighbours, level by level, give that tree: what is left over alone goes up as it is.
  for (let count = hashes.length; count > 1; count = (count + 1) >> 1) {
    for (let at = 0; at + 1 < count; at += 2) {
      // The same two objects as before: most results of a block are equal, and so are their leaves.
      if (!parent || hashes[at] !== left || hashes[at + 1] !== right) {
        left = hashes[at]!;
        right = hashes[at + 1]!;
        parent = innerHash(left, right);
      }
      hashes[at >> 1] = parent;
    }
    if (count % 2 === 1) hashes[(count - 1) >> 1] = hashes[count - 1]!;
  }
  return hashes[0]!;
}

/** The hash of one item as a leaf. 32 bytes. */
export function leafHash(item: Uint8Array): Uint8Array {
  const { length } = item;
  const bytes = length <= SHORT_BYTES ? leaf : new Uint8Array(1 + length);
  bytes[0] = 0;
  bytes.set(item, 1);
  return sha256(length <= SHORT_BYTES ? bytes.subarray(0, 1 + length) : bytes);
}

function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  inner[0] = 1;
  inner.set(left, 1);
  inner.set(right, 1 + HASH_BYTES);
  return sha256(inner);
}
