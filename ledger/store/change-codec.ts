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
import { IDENTITIES, lengthOf, type NumberKey, type UeId } from '../number.ts';

const CHANGE_BYTES_MAX = 21;
const PREFIX = ENTRY_KINDS.indexOf('prefix');
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

/**
 * Whether one of the stored changes is of an entry, found without decoding the others; the last of them
 * counts: `set` where it gives the entry a route, `gone` where the entry disappears.
 */
export function lastChangeOf(
  stored: Uint8Array,
  { identity, entry, from, to }: Pick<EntryChange, 'identity' | 'entry' | 'from' | 'to'>,
): 'set' | 'gone' | undefined {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  const wanted = ENTRY_KINDS.indexOf(entry) | (IDENTITIES.indexOf(identity) << 2);
  let found: 'set' | 'gone' | undefined;
  for (let at = 0; at < stored.length; ) {
    const flags = stored[at]!;
    const isFragmented = (flags & 3) === FRAGMENTED;
    const isGone = (flags & 8) !== 0;
    if ((flags & 7) === wanted && view.getFloat64(at + 1, true) === from) {
      const end = isFragmented ? view.getFloat64(at + 9, true) : from;
      if (end === to) found = isGone ? 'gone' : 'set';
    }
    at += 9 + (isFragmented ? 8 : 0) + (isGone ? 0 : 4);
  }
  return found;
}

/** The stored changes of entries that cover a number, in order, found without decoding the others. */
export function coveringChanges(stored: Uint8Array, { identity, key }: UeId): EntryChange[] {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  const wanted = IDENTITIES.indexOf(identity) << 2;
  const prefixes = prefixesOf(key);
  const covering: EntryChange[] = [];
  for (let at = 0; at < bytes.length; ) {
    const flags = bytes[at]!;
    const kind = flags & 3;
    const length = 9 + (kind === FRAGMENTED ? 8 : 0) + ((flags & 8) !== 0 ? 0 : 4);
    if ((flags & 4) === wanted) {
      const from = bytes.readDoubleLE(at + 1);
      const to = kind === FRAGMENTED ? bytes.readDoubleLE(at + 9) : from;
      const isCovering = kind === PREFIX ? prefixes.has(from) : from <= key && key <= to;
      if (isCovering) covering.push(...decodeChanges(bytes.subarray(at, at + length)));
    }
    at += length;
  }
  return covering;
}

/** The keys of a number and of all that it begins with. */
function prefixesOf(key: NumberKey): ReadonlySet<NumberKey> {
  const keys = new Set<NumberKey>();
  for (let at = key, length = lengthOf(key); length > 0; length--) {
    keys.add(at);
    at = Math.floor(at / 10);
  }
  return keys;
}
