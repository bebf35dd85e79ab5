// A Merkle tree over leaves with integer ids, kept up to date leaf by leaf.
//
// A radix tree with 100 children a node, two decimal digits of the id at each level, so that the
// leaves of a range of numbers lie below few nodes and one changed leaf rehashes few bytes:
//
//     level 2          ┌── prefix 8 ──┐              id 80104 = 8 | 01 | 04
//     level 1      prefix 801      prefix 842
//     leaves    80104  80155          84217          a node with one child has that child's hash
//
//     leaf:  sha-256(0x00 ‖ table u8 ‖ id u64 ‖ row)
//     node:  sha-256(0x01 ‖ table u8 ‖ level u8 ‖ prefix u64 ‖ digits, 1 byte a child ‖ hashes)
//     empty: 32 zero bytes; integers big-endian
//
// Leaves and nodes begin with different bytes and both name their place, so no set of leaves has two
// trees, and a missing digit in a node proves that nothing lies there.

import { HASH_BYTES, sha256 } from '../sha256.ts';
import { type TreeNode, TreeUndo } from './tree-undo.ts';

/** 100^8 is above every id: the longest number key has 16 digits. */
export const LEVELS = 8;
export const RADIX = 100;
export const LEAF_HEAD_BYTES = 10;
export const NODE_HEAD_BYTES = 11;

/** What the hash at a place is made of. */
export type TreeItem = { node: Uint8Array } | { leaf: number };

/** A tree as a prover reads it. */
export interface ReadableTree {
  root(): Uint8Array;
  at(level: number, prefix: number): TreeItem | undefined;
}

export class HashTree implements ReadableTree {
  readonly #table: number;
  /** By level: nodes by prefix. Level 0 has no nodes, its children are leaves. */
  readonly #levels = Array.from({ length: LEVELS + 1 }, () => new Map<number, TreeNode>());
  readonly #dirty = new Set<number>();
  #scratch = Buffer.alloc(4_096);
  #root: Uint8Array = new Uint8Array(HASH_BYTES);
  #undo: TreeUndo | undefined;

  /** `table`: a byte that keeps the leaves of one tree apart from those of another. */
  constructor(table: number) {
    this.#table = table;
  }

  /** Sets the row of a leaf; `undefined` takes it away. */
  set(id: number, row: Uint8Array | undefined): void {
    const prefix = Math.floor(id / RADIX);
    this.#setChild(1, prefix, id - prefix * RADIX, row && this.#leafHash(id, row));
    this.#dirty.add(prefix);
  }

  /** The root over all leaves. 32 bytes. */
  root(): Uint8Array {
    if (this.#dirty.size === 0) return this.#root;
    let prefixes: Iterable<number> = this.#dirty;
    for (let level = 1; level < LEVELS; level++) {
      const parents = new Set<number>();
      for (const prefix of prefixes) {
        const parent = Math.floor(prefix / RADIX);
        parents.add(parent);
        this.#setChild(level + 1, parent, prefix - parent * RADIX, this.#nodeHash(level, prefix));
      }
      prefixes = parents;
    }
    this.#root = Uint8Array.from(this.#nodeHash(LEVELS, 0) ?? new Uint8Array(HASH_BYTES));
    this.#dirty.clear();
    return this.#root;
  }

  /** From now on, what changes take away is kept, so that {@link before} gives the tree of now. */
  mark(): void {
    this.#undo = new TreeUndo(this.root());
  }

  /**
   * The tree as it was at the last {@link mark}, of the last {@link root}; valid until the next change.
   * `undefined` where there was no mark.
   */
  before(): ReadableTree | undefined {
    const undo = this.#undo;
    if (!undo) return undefined;
    const nodeOf = (level: number, prefix: number) =>
      undo.nodeBefore(this.#levels[level]!.get(prefix), level, prefix);
    return {
      root: () => undo.root,
      at: (level, prefix) => this.#itemAt(level, prefix, nodeOf),
    };
  }

  #setChild(level: number, prefix: number, digit: number, childHash: Uint8Array | undefined): void {
    const nodes = this.#levels[level]!;
    const node = nodes.get(prefix);
    this.#undo?.note(node, level, prefix, digit);
    if (!node) {
      if (childHash) nodes.set(prefix, { digits: [digit], hashes: Buffer.from(childHash) });
      return;
    }
    const { digits } = node;
    let at = digits.length;
    while (at > 0 && digits[at - 1]! >= digit) at--;
    const exists = digits[at] === digit;
    if (!childHash) {
      if (!exists) return;
      node.hashes.copy(node.hashes, at * HASH_BYTES, (at + 1) * HASH_BYTES);
      digits.splice(at, 1);
      if (digits.length === 0) nodes.delete(prefix);
      return;
    }
    if (!exists) {
      if (node.hashes.length < (digits.length + 1) * HASH_BYTES) {
        const grown = Buffer.alloc(Math.min(node.hashes.length * 2, RADIX * HASH_BYTES));
        node.hashes.copy(grown);
        node.hashes = grown;
      }
      node.hashes.copyWithin((at + 1) * HASH_BYTES, at * HASH_BYTES, digits.length * HASH_BYTES);
      digits.splice(at, 0, digit);
    }
    node.hashes.set(childHash, at * HASH_BYTES);
  }

  /**
   * What the hash at a place is made of, as of the last {@link root}: the bytes of a node, or the id of
   * the leaf that lies alone below; `undefined` where nothing does. Level 0 are the leaves, the root is
   * prefix 0 of level 8. The bytes are the caller's.
   */
  at(level: number, prefix: number): TreeItem | undefined {
    return this.#itemAt(level, prefix, (at, below) => this.#levels[at]!.get(below));
  }

  #itemAt(
    level: number,
    prefix: number,
    nodeOf: (level: number, prefix: number) => TreeNode | undefined,
  ): TreeItem | undefined {
    if (level === 0) return { leaf: prefix };
    const node = nodeOf(level, prefix);
    if (!node) return undefined;
    const [digit] = node.digits;
    if (node.digits.length === 1) return this.#itemAt(level - 1, prefix * RADIX + digit!, nodeOf);
    return { node: Uint8Array.from(this.#nodeBytes(level, prefix, node)) };
  }

  #nodeHash(level: number, prefix: number): Uint8Array | undefined {
    const node = this.#levels[level]!.get(prefix);
    if (!node) return undefined;
    if (node.digits.length === 1) return node.hashes.subarray(0, HASH_BYTES);
    return sha256(this.#nodeBytes(level, prefix, node));
  }

  /** A view that the next one overwrites. */
  #nodeBytes(level: number, prefix: number, { digits, hashes }: TreeNode): Uint8Array {
    const buffer = this.#room(NODE_HEAD_BYTES + digits.length * (1 + HASH_BYTES));
    return writeNode(buffer, this.#table, level, prefix, digits, hashes);
  }

  #leafHash(id: number, row: Uint8Array): Uint8Array {
    return sha256(writeLeaf(this.#room(LEAF_HEAD_BYTES + row.length), this.#table, id, row));
  }

  #room(bytes: number): Buffer {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.alloc(bytes * 2);
    return this.#scratch;
  }
}

/** The bytes that a leaf hashes. */
export function leafBytes(table: number, id: number, row: Uint8Array): Uint8Array {
  return writeLeaf(Buffer.alloc(LEAF_HEAD_BYTES + row.length), table, id, row);
}

/** Writes the bytes that a node hashes, and gives them as a view. */
export function writeNode(
  buffer: Buffer,
  table: number,
  level: number,
  prefix: number,
  digits: ArrayLike<number>,
  hashes: Buffer,
): Uint8Array {
  const count = digits.length;
  buffer[0] = 1;
  buffer[1] = table;
  buffer[2] = level;
  writeUint64(buffer, prefix, 3);
  buffer.set(digits, NODE_HEAD_BYTES);
  hashes.copy(buffer, NODE_HEAD_BYTES + count, 0, count * HASH_BYTES);
  return buffer.subarray(0, NODE_HEAD_BYTES + count * (1 + HASH_BYTES));
}

function writeLeaf(buffer: Buffer, table: number, id: number, row: Uint8Array): Uint8Array {
  writeLeafHead(buffer, table, id);
  buffer.set(row, LEAF_HEAD_BYTES);
  return buffer.subarray(0, LEAF_HEAD_BYTES + row.length);
}

/** Writes what stands before the row in the bytes that a leaf hashes. */
export function writeLeafHead(buffer: Buffer, table: number, id: number): void {
  buffer[0] = 0;
  buffer[1] = table;
  writeUint64(buffer, id, 2);
}

/** Writes a safe integer as 8 bytes, big-endian. */
export function writeUint64(buffer: Buffer, value: number, offset: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeUInt32BE(high, offset);
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, offset + 4);
}
