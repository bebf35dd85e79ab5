// Rows of the state that one block has changed, in one value: what the store keeps of the newest block
// beside the state before it. One after the other, integers big-endian:
//
//     0        1          9          13
//     ┌────────┬──────────┬──────────┬───────────┐
//     │ table  │ id u64   │ length   │ row       │   length 0xffffffff, and no row, where it is gone
//     │ u8     │          │ u32      │           │
//     └────────┴──────────┴──────────┴───────────┘

import { writeUint64 } from '../state/hash-tree.ts';
import { type Row, TABLES, type Table } from '../state/tables.ts';

const HEAD_BYTES = 13;
const GONE = 0xffff_ffff;

/** The byte of each table in keys and rows. */
export const TABLE_BYTES = new Map<Table, number>(TABLES.map((table, byte) => [table, byte]));

/** The bytes are copied: they may be views that the next change of the state overwrites. */
export function encodeRows(rows: readonly Row[]): Buffer {
  let length = 0;
  for (const { bytes } of rows) length += HEAD_BYTES + (bytes?.length ?? 0);
  const encoded = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { table, id, bytes } of rows) {
    encoded[at] = TABLE_BYTES.get(table)!;
    writeUint64(encoded, id, at + 1);
    encoded.writeUInt32BE(bytes?.length ?? GONE, at + 9);
    at += HEAD_BYTES;
    if (!bytes) continue;
    encoded.set(bytes, at);
    at += bytes.length;
  }
  return encoded;
}

/** Reads what {@link encodeRows} wrote, as views. Throws a `RangeError` where the bytes break off. */
export function decodeRows(stored: Uint8Array): Row[] {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length; ) {
    const table = TABLES[bytes[at]!];
    const id = bytes.readUInt32BE(at + 1) * 0x1_0000_0000 + bytes.readUInt32BE(at + 5);
    const length = bytes.readUInt32BE(at + 9);
    at += HEAD_BYTES;
    if (!table || (length !== GONE && length > bytes.length - at)) throw new RangeError('no row');
    rows.push({ table, id, bytes: length === GONE ? undefined : bytes.subarray(at, at + length) });
    if (length !== GONE) at += length;
  }
  return rows;
}

/** The order of the store: tables as in `TABLES`, rows of a table by rising id. */
export function compareRows(
  one: Pick<Row, 'table' | 'id'>,
  other: Pick<Row, 'table' | 'id'>,
): number {
  return TABLE_BYTES.get(one.table)! - TABLE_BYTES.get(other.table)! || one.id - other.id;
}
