// What the changes of one block took away from a hash tree, so that the tree before the block can still
// be read: the chain vouches for a state only with the next block, when the tree is that of this one.
//
// A note a changed child: which node, which digit, and the hash that was there. 10,000 changed rows leave
// some 40,000 notes, which cost a few milliseconds and are dropped with the next block. Nodes of the tree
// before are put together only where somebody reads them.

import { HASH_BYTES } from '../sha256.ts';

/** A node with its children. */
export interface TreeNode {
  /** Digits of the children, ascending. */
  digits: number[];
  /** Hashes of the children, 32 bytes each, in the same order. */
  hashes: Buffer;
}

interface Note {
  level: number;
  prefix: number;
  digit: number;
  /** `undefined` where there was no such child. */
  hash: Uint8Array | undefined;
}

export class TreeUndo {
  /** The root before the changes. 32 bytes. */
  readonly root: Uint8Array;
  readonly #notes: Note[] = [];
  /** By node: the children that changed, as they were. Made of the first `#sortedCount` notes. */
  readonly #byNode = new Map<string, Map<number, Uint8Array | undefined>>();
  #sortedCount = 0;

  constructor(root: Uint8Array) {
    this.root = root;
  }

  /** Called before a child of a node changes. */
  note(node: TreeNode | undefined, level: number, prefix: number, digit: number): void {
    const at = node ? node.digits.indexOf(digit) : -1;
    const hash = at < 0 ? undefined : hashAt(node!, at);
    this.#notes.push({ level, prefix, digit, hash });
  }

  /** A node as it was, from what it is now; `undefined` where there was none. */
  nodeBefore(node: TreeNode | undefined, level: number, prefix: number): TreeNode | undefined {
    this.#sort();
    const changed = this.#byNode.get(nameOf(level, prefix));
    if (!changed) return node;
    const children = new Map<number, Uint8Array | undefined>();
    for (const [at, digit] of node?.digits.entries() ?? []) children.set(digit, hashAt(node!, at));
    for (const [digit, hash] of changed) children.set(digit, hash);
    const digits = [...children.keys()].filter((digit) => children.get(digit));
    if (digits.length === 0) return undefined;
    digits.sort((one, other) => one - other);
    return { digits, hashes: Buffer.concat(digits.map((digit) => children.get(digit)!)) };
  }

  /** Of several notes of one child the first tells what was there before all changes. */
  #sort(): void {
    for (; this.#sortedCount < this.#notes.length; this.#sortedCount++) {
      const { level, prefix, digit, hash } = this.#notes[this.#sortedCount]!;
      const name = nameOf(level, prefix);
      let children = this.#byNode.get(name);
      if (!children) {
        children = new Map();
        this.#byNode.set(name, children);
      }
      if (!children.has(digit)) children.set(digit, hash);
    }
  }
}

function nameOf(level: number, prefix: number): string {
  return `${level} ${prefix}`;
}

function hashAt({ hashes }: TreeNode, at: number): Uint8Array {
  return Uint8Array.from(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}
