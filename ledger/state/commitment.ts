// The state commitment: one hash over everything the ledger holds, the app hash of CometBFT.
//
//                         app hash
//        ┌─────────┬──────────┼──────────┬───────────┬───────────────┐
//     members  sequences   routes    free imsi  free msisdn  …    routing
//                                                                   │
//              prefixes, runs, ported, transferred of imsi and of msisdn
//
//     inner: sha-256(0x02 ‖ label ‖ 0x00 ‖ the hashes below it, 32 bytes each, in this order)
//
// The roots below are those of the tables (hash-tree), in the order of `TABLES`; a table that is new
// there joins by itself. The *routing* hash covers exactly what the index holds, so that it can be
// recomputed from an index alone (routing-roots).

import { HASH_BYTES, sha256 } from '../sha256.ts';
import { HashTree, type ReadableTree } from './hash-tree.ts';
import { type Row, TABLES, type Table } from './tables.ts';

const ROUTING_TABLES = TABLES.filter((table) => /^(prefixes|runs|ported|transferred) /.test(table));
const OTHER_TABLES = TABLES.filter((table) => !ROUTING_TABLES.includes(table));

/** What the two inner hashes are made of: the app hash is the sha-256 of `state`. */
export interface CommitmentBytes {
  /** Roots of the other tables, then the routing hash. */
  state: Uint8Array;
  /** Roots of the tables that the index holds. */
  routing: Uint8Array;
}

/** The trees of a state and the bytes behind its hash, as a prover reads them. */
export interface ReadableCommitment {
  tree(table: Table): ReadableTree;
  bytes(): CommitmentBytes;
}

export class Commitment implements ReadableCommitment {
  readonly #trees = new Map<Table, HashTree>(
    TABLES.map((table, byte) => [table, new HashTree(byte)]),
  );

  /** Takes a changed row into account. */
  set({ table, id, bytes }: Row): void {
    this.tree(table).set(id, bytes);
  }

  tree(table: Table): HashTree {
    return this.#trees.get(table)!;
  }

  /** The hash over the whole state. 32 bytes. */
  appHash(): Uint8Array {
    return sha256(this.bytes().state);
  }

  bytes(): CommitmentBytes {
    return bytesOf((table) => this.tree(table).root());
  }

  /** From now on, what changes take away is kept, so that {@link before} gives the state of now. */
  mark(): void {
    for (const tree of this.#trees.values()) tree.mark();
  }

  /** As it was at the last {@link mark}; `undefined` where there was none. Dies with the next change. */
  before(): ReadableCommitment | undefined {
    const trees = new Map<Table, ReadableTree>();
    for (const [table, tree] of this.#trees) {
      const before = tree.before();
      if (!before) return undefined;
      trees.set(table, before);
    }
    return {
      tree: (table) => trees.get(table)!,
      bytes: () => bytesOf((table) => trees.get(table)!.root()),
    };
  }
}

function bytesOf(rootOf: (table: Table) => Uint8Array): CommitmentBytes {
  const inner = (label: string, tables: readonly Table[], ...more: Uint8Array[]): Uint8Array =>
    Buffer.concat([headOf(label), ...tables.map(rootOf), ...more]);
  const routing = inner('routing', ROUTING_TABLES);
  return { routing, state: inner('state', OTHER_TABLES, sha256(routing)) };
}

/** What the routing hash is the sha-256 of, from the roots of the tables that an index holds. */
export function routingBytes(roots: ReadonlyMap<Table, Uint8Array>): Uint8Array {
  return Buffer.concat([headOf('routing'), ...ROUTING_TABLES.map((table) => roots.get(table)!)]);
}

/**
 * The roots of all tables; `undefined` where the bytes are not of the form drawn above. Whether they
 * are the right ones is for the app hash to tell.
 */
export function rootsOf({ state, routing }: CommitmentBytes): Map<Table, Uint8Array> | undefined {
  const routingRoots = hashesOf(routing, 'routing', ROUTING_TABLES.length);
  const stateRoots = hashesOf(state, 'state', OTHER_TABLES.length + 1);
  if (!routingRoots || !stateRoots) return undefined;
  if (Buffer.compare(sha256(routing), stateRoots.at(-1)!) !== 0) return undefined;
  return new Map([
    ...OTHER_TABLES.map((table, index): [Table, Uint8Array] => [table, stateRoots[index]!]),
    ...ROUTING_TABLES.map((table, index): [Table, Uint8Array] => [table, routingRoots[index]!]),
  ]);
}

function hashesOf(bytes: Uint8Array, label: string, count: number): Uint8Array[] | undefined {
  const head = headOf(label);
  if (bytes.length !== head.length + count * HASH_BYTES) return undefined;
  if (Buffer.compare(bytes.subarray(0, head.length), head) !== 0) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const from = head.length + index * HASH_BYTES;
    return bytes.subarray(from, from + HASH_BYTES);
  });
}

function headOf(label: string): Buffer {
  return Buffer.from(`\x02${label}\0`, 'latin1');
}
