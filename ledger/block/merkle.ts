// CometBFT's simple Merkle tree: the tree of RFC 6962 section 2.1 with sha-256.
//
// Leaves are hashed behind a byte 0, inner nodes behind a byte 1; n leaves split at the largest power
// of two below n; the root of nothing is the hash of nothing.

import { sha256 } from '../sha256.ts';

/** The root over items in order. 32 bytes. */
export function merkleRoot(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return sha256(new Uint8Array(0));
  return rootOf(items, 0, items.length);
}

function rootOf(items: readonly Uint8Array[], from: number, to: number): Uint8Array {
  if (to - from === 1) {
    return sha256(Buffer.concat([Uint8Array.of(0), items[from]!]));
  }
  let split = 1;
  while (split * 2 < to - from) split *= 2;
  const left = rootOf(items, from, from + split);
  const right = rootOf(items, from + split, to);
  return sha256(Buffer.concat([Uint8Array.of(1), left, right]));
}
