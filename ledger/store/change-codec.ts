// The stored form of a block's entry changes: one after the other, little-endian.
//
//     0       1            9                    17
//     ┌───────┬────────────┬────────────────────┬──────────────────────────┐
//     │ flags │ from       │ to                 │ route u32                │
//     │ u8    │ float64    │ float64            │                          │
//     └───────┴────────────┴────────────────────┴──────────────────────────┘
//                           only if fragmented   unless the entry disappears
//
// flags: bits 0 and 1 the kind of entry (position in ENTRY_KINDS), bit 2 the identity (position in
// IDENTITIES), bit 3 set where the entry disappears. Number keys are exact as float64.

import { ENTRY_KINDS, type EntryChange } from '../entry.ts';
import { IDENTITIES } from '../number.ts';

const CHANGE_BYTES_MAX = 21;
const FRAGMENTED = ENTRY_KINDS.indexOf('fragmented');

export function encodeChanges(changes: readonly EntryChange[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(changes.length * CHANGE_BYTES_MAX);
  let at = 0;
  for (const { identity, entry, from, to, route } of changes) {
    const kind = ENTRY_KINDS.indexOf(entry);
    bytes[at] = kind | (IDENTITIES.indexOf(identity) << 2) | (route === null ? 8 : 0);
    at = bytes.writeDoubleLE(from, at + 1);
    if (kind === FRAGMENTED) at = bytes.writeDoubleLE(to, at);
    if (route !== null) at = bytes.writeUInt32LE(route, at);
  }
  return bytes.subarray(0, at);
}

/** Reads what {@link encodeChanges} wrote. Throws a `RangeError` where the bytes break off. */
export function decodeChanges(stored: Uint8Array): EntryChange[] {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  const changes: EntryChange[] = [];
  for (let at = 0; at < bytes.length; ) {
    const flags = bytes[at]!;
    const entry = ENTRY_KINDS[flags & 3];
    if (!entry || flags > 15) throw new RangeError('no kind of entry');
    const from = bytes.readDoubleLE(at + 1);
    at += 9;
    let to = from;
    if (entry === 'fragmented') {
      to = bytes.readDoubleLE(at);
      at += 8;
    }
    let route: number | null = null;
    if ((flags & 8) === 0) {
      route = bytes.readUInt32LE(at);
      at += 4;
    }
    changes.push({ identity: IDENTITIES[(flags >> 2) & 1]!, entry, from, to, route });
  }
  return changes;
}
