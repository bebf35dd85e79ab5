// The root of a hash tree (hash-tree) over leaves that come by rising id: each level holds the one node
// that is not complete yet, so that neither leaves nor nodes are kept.
//
//     level 2      8 ─ …                    80104, 80155, 84217 came: node 801 was closed when 84217
//     level 1      842: 17 ─ …              came, and its hash became a child of node 8

import { HASH_BYTES, sha256Into } from '../sha256.ts';
import {
  LEAF_HEAD_BYTES,
  LEVELS,
  NODE_HEAD_BYTES,
  RADIX,
  writeLeafHead,
  writeNode,
} from './hash-tree.ts';

/** Most bytes of a row: a bucket of 1,000 intervals of 12 bytes. */
export const SORTED_ROW_BYTES_MAX = 12_000;
/** So that a row, which lies behind the head of its leaf, begins where words may lie. */
const LEAF_OFFSET = 6;

interface OpenNode {
  prefix: number;
  count: number;
  digits: Uint8Array;
  hashes: Buffer;
}

export class SortedTree {
  readonly #table: number;
  /** By level, from 1; a node without children is none. */
  readonly #open: OpenNode[] = Array.from({ length: LEVELS + 1 }, () => ({
    prefix: 0,
    count: 0,
    digits: new Uint8Array(RADIX),
    hashes: Buffer.alloc(RADIX * HASH_BYTES),
  }));
  readonly #leaf = Buffer.alloc(LEAF_OFFSET + LEAF_HEAD_BYTES + SORTED_ROW_BYTES_MAX).subarray(
    LEAF_OFFSET,
  );
  readonly #node = Buffer.alloc(NODE_HEAD_BYTES + RADIX * (1 + HASH_BYTES));
  #lastId = -1;

  /** `table`: the byte of {@link HashTree}'s. */
  constructor(table: number) {
    this.#table = table;
  }

  /** Where the row of the next leaf is to be written before {@link add}; begins at a word. */
  readonly row = this.#leaf.subarray(LEAF_HEAD_BYTES);

  /** Adds a leaf of the first bytes of `row`. Throws a `RangeError` where ids do not rise. */
  add(id: number, rowBytes: number): void {
    if (id <= this.#lastId) throw new RangeError(`leaf ${id} after ${this.#lastId}`);
    this.#lastId = id;
    writeLeafHead(this.#leaf, this.#table, id);
    const [node, at] = this.#place(1, id);
    sha256Into(this.#leaf.subarray(0, LEAF_HEAD_BYTES + rowBytes), node.hashes, at);
  }

  /** The root over all leaves, after which none may follow. 32 bytes. */
  root(): Uint8Array {
    for (let level = 1; level < LEVELS; level++) this.#close(level);
    const root = Buffer.alloc(HASH_BYTES);
    if (this.#open[LEVELS]!.count > 0) this.#hash(LEVELS, root, 0);
    return root;
  }

  /** The node that takes a child, and where in its hashes that child's belongs. */
  #place(level: number, child: number): [OpenNode, number] {
    const prefix = Math.floor(child / RADIX);
    const node = this.#open[level]!;
    if (node.prefix !== prefix) this.#close(level);
    node.prefix = prefix;
    node.digits[node.count] = child - prefix * RADIX;
    return [node, node.count++ * HASH_BYTES];
  }

  #close(level: number): void {
    const node = this.#open[level]!;
    if (node.count === 0) return;
    const [parent, at] = this.#place(level + 1, node.prefix);
    this.#hash(level, parent.hashes, at);
    node.count = 0;
  }

  #hash(level: number, target: Buffer, at: number): void {
    const { prefix, count, digits, hashes } = this.#open[level]!;
    if (count === 1) {
      hashes.copy(target, at, 0, HASH_BYTES);
      return;
    }
    const own = digits.subarray(0, count);
    sha256Into(writeNode(this.#node, this.#table, level, prefix, own, hashes), target, at);
  }
}
