// Searches in a hash tree that see of it only the nodes and leaves they open.
//
// A search asks for what lies at one place after the other and is told by its driver: the prover's
// looks into the tree and notes what was asked for, the verifier's takes the noted bytes in turn and
// compares their hash with the one that the node above has named. So both take the same steps, and what
// a search concludes from a digit that is missing in a node holds for everything below it.

import { HASH_BYTES } from '../sha256.ts';
import { LEAF_HEAD_BYTES, LEVELS, NODE_HEAD_BYTES, RADIX } from '../state/hash-tree.ts';
import { TABLES, type Table } from '../state/tables.ts';

/** Where a hash stands: everything below it has an id that begins with `prefix`. */
export interface Place {
  table: Table;
  level: number;
  prefix: number;
  /** 32 bytes. */
  hash: Uint8Array;
}

/** What lies at a place: a leaf, or a node with two children or more, at the place or alone below it. */
export type TreeItem =
  | { id: number; row: Uint8Array; digits?: undefined }
  | { level: number; prefix: number; digits: Uint8Array; hashes: Uint8Array };

/** Yields the places that it needs to know, and returns what it has found. */
export type Search<T> = Generator<Place, T, TreeItem>;

/** The row with an id; `undefined` where there is none. `root` is the table's root hash. */
export function* findRow(
  table: Table,
  root: Uint8Array,
  id: number,
): Search<Uint8Array | undefined> {
  if (isEmpty(root)) return undefined;
  let item = yield top(table, root);
  while (item.digits) {
    const { level, prefix, digits } = item;
    const span = RADIX ** (level - 1);
    const child = Math.floor(id / span);
    const digit = child - prefix * RADIX;
    const at = digit < 0 || digit >= RADIX ? -1 : digits.indexOf(digit);
    if (at < 0) return undefined;
    item = yield childOf(table, item, at);
  }
  return item.id === id ? item.row : undefined;
}

/** The row with the greatest id that is at most `idMax`; `undefined` where there is none. */
export function* findRowAtMost(
  table: Table,
  root: Uint8Array,
  idMax: number,
): Search<{ id: number; row: Uint8Array } | undefined> {
  if (isEmpty(root)) return undefined;
  return yield* lastAtMost(table, top(table, root), idMax);
}

function* lastAtMost(
  table: Table,
  place: Place,
  idMax: number,
): Search<{ id: number; row: Uint8Array } | undefined> {
  const item = yield place;
  if (!item.digits) return item.id <= idMax ? item : undefined;
  const span = RADIX ** (item.level - 1);
  for (let at = item.digits.length - 1; at >= 0; at--) {
    const child = childOf(table, item, at);
    if (child.prefix * span > idMax) continue;
    // Only the first child that begins in time can hold nothing in time; the next one ends before it.
    const found = yield* lastAtMost(table, child, idMax);
    if (found) return found;
  }
  return undefined;
}

/** A place is opened once, whichever searches come by. */
export function nameOf({ table, level, prefix }: Place): string {
  return `${table} ${level} ${prefix}`;
}

function top(table: Table, hash: Uint8Array): Place {
  return { table, level: LEVELS, prefix: 0, hash };
}

function childOf(table: Table, { level, prefix, digits, hashes }: TreeNode, at: number): Place {
  return {
    table,
    level: level - 1,
    prefix: prefix * RADIX + digits[at]!,
    hash: hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  };
}

type TreeNode = Extract<TreeItem, { digits: Uint8Array }>;

/** The root of a tree without leaves is zeros. */
function isEmpty(root: Uint8Array): boolean {
  return root.every((byte) => byte === 0);
}

/** Reads the bytes of a leaf or a node; `undefined` where they are none that can lie at the place. */
export function readTreeItem(bytes: Uint8Array, place: Place): TreeItem | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < LEAF_HEAD_BYTES || bytes[1] !== TABLES.indexOf(place.table)) return undefined;
  if (bytes[0] === 0) {
    const id = uint64(view, 2);
    if (Math.floor(id / RADIX ** place.level) !== place.prefix) return undefined;
    return { id, row: bytes.subarray(LEAF_HEAD_BYTES) };
  }
  const count = (bytes.length - NODE_HEAD_BYTES) / (1 + HASH_BYTES);
  if (bytes[0] !== 1 || !Number.isInteger(count) || count < 2) return undefined;
  const level = bytes[2]!;
  const prefix = uint64(view, 3);
  if (level < 1 || level > place.level) return undefined;
  if (Math.floor(prefix / RADIX ** (place.level - level)) !== place.prefix) return undefined;
  const digits = bytes.subarray(NODE_HEAD_BYTES, NODE_HEAD_BYTES + count);
  const isRising = digits.every(
    (digit, at) => digit < RADIX && (at === 0 || digit > digits[at - 1]!),
  );
  if (!isRising) return undefined;
  return { level, prefix, digits, hashes: bytes.subarray(NODE_HEAD_BYTES + count) };
}

function uint64(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}
