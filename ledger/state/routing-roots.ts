// What the index holds, hashed as the state hashes it, from the entries of an index alone: so an image
// is checked against the app hash without a ledger, without a replay and without holding the state.
//
// The state keeps the entries of an index in rows and the rows in trees (tables, hash-tree). Entries in
// the order of an index fill one row after the other, each complete before the next begins, so that
// there is never more than one row a table in memory:
//
//     prefix        prefixes      a row each
//     fragmented    runs          what begins behind the end of the run before it
//                   transferred   what lies inside of that run
//     ported        ported        buckets of 1,000 numbers

import type { EntryKind } from '../entry.ts';
import { IDENTITIES, type Identity, type NumberKey } from '../number.ts';
import { routeType, routeValue } from '../record-codec.ts';
import { ROUTES_MAX, type Route } from '../route.ts';
import { BUCKET_KEYS } from './interval-map.ts';
import { SortedTree } from './sorted-tree.ts';
import { INTERVAL_BYTES, TABLES, type Table, tableOf, VALUE_BITS } from './tables.ts';

/** Some entries of one kind, column by column, rising by `from`, an outer run before those inside. */
export interface EntryColumns {
  readonly count: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly routes: Uint32Array;
}

/** The trees of one identity kind. */
class IdentityTrees {
  readonly prefixes: SortedTree;
  readonly runs: IntervalTree;
  readonly transferred: IntervalTree;
  readonly ported: PortedTree;
  #runStart = -1;
  #runEnd = -1;
  #partEnd = -1;

  constructor(identity: Identity) {
    const tree = (name: Parameters<typeof tableOf>[0]) => treeOf(tableOf(name, identity));
    this.prefixes = tree('prefixes');
    this.runs = new IntervalTree(tree('runs'));
    this.transferred = new IntervalTree(tree('transferred'));
    this.ported = new PortedTree(tree('ported'));
  }

  addPrefix(prefix: NumberKey, route: number): void {
    this.prefixes.row.writeUInt32LE(route);
    this.prefixes.add(prefix, 4);
  }

  addRun(from: NumberKey, to: NumberKey, route: number): void {
    if (from > this.#runEnd) {
      this.runs.add(from, to, route);
      this.#runStart = from;
      this.#runEnd = to;
      return;
    }
    // Parts of a run lie side by side and never cover the whole of it; an index could nest further.
    const isWhole = from === this.#runStart && to === this.#runEnd;
    const isInside = from >= this.#runStart && to <= this.#runEnd && !isWhole;
    if (!isInside || from <= this.#partEnd) {
      throw new RangeError(`a run from ${from} to ${to} that no ledger has`);
    }
    this.transferred.add(from, to, route);
    this.#partEnd = to;
  }
}

/** Intervals by rising start, in rows of the buckets that they start in. */
class IntervalTree {
  readonly #tree: SortedTree;
  #bucket = -1;
  #bytes = 0;
  #lastStart = -1;

  constructor(tree: SortedTree) {
    this.#tree = tree;
  }

  add(start: NumberKey, end: NumberKey, value: number): void {
    if (start <= this.#lastStart || end < start) throw new RangeError(`${start} out of order`);
    this.#lastStart = start;
    const bucket = Math.floor(start / BUCKET_KEYS);
    if (bucket !== this.#bucket) this.#flush();
    this.#bucket = bucket;
    const { row } = this.#tree;
    row.writeUInt32LE((start - bucket * BUCKET_KEYS) * 2 ** VALUE_BITS + value, this.#bytes);
    row.writeBigUInt64LE(BigInt(end - start + 1), this.#bytes + 4);
    this.#bytes += INTERVAL_BYTES;
  }

  root(): Uint8Array {
    this.#flush();
    return this.#tree.root();
  }

  #flush(): void {
    if (this.#bytes > 0) this.#tree.add(this.#bucket, this.#bytes);
    this.#bytes = 0;
  }
}

/** Ported numbers by rising key, in rows of their buckets. */
class PortedTree {
  readonly #tree: SortedTree;
  readonly #words: Uint32Array;
  #bucket = -1;
  #count = 0;
  #lastKey = -1;

  constructor(tree: SortedTree) {
    this.#tree = tree;
    const { buffer, byteOffset } = tree.row;
    this.#words = new Uint32Array(buffer, byteOffset, BUCKET_KEYS);
  }

  /** One loop for all, because there are as many as a country has of numbers. */
  addAll({ count, from, routes }: EntryColumns): void {
    const words = this.#words;
    let base = this.#bucket * BUCKET_KEYS;
    let lastKey = this.#lastKey;
    let filled = this.#count;
    for (let at = 0; at < count; at++) {
      const key = from[at]!;
      const route = routes[at]!;
      if (!(key > lastKey) || route >= ROUTES_MAX) throw new RangeError(`${key} out of order`);
      lastKey = key;
      if (key >= base + BUCKET_KEYS) {
        if (filled > 0) this.#tree.add(this.#bucket, filled * 4);
        filled = 0;
        this.#bucket = Math.floor(key / BUCKET_KEYS);
        base = this.#bucket * BUCKET_KEYS;
      }
      words[filled++] = ((key - base) << VALUE_BITS) | route;
    }
    this.#lastKey = lastKey;
    this.#count = filled;
  }

  root(): Uint8Array {
    if (this.#count > 0) this.#tree.add(this.#bucket, this.#count * 4);
    this.#count = 0;
    return this.#tree.root();
  }
}

export class RoutingRoots {
  readonly #trees: Readonly<Record<Identity, IdentityTrees>> = {
    imsi: new IdentityTrees('imsi'),
    msisdn: new IdentityTrees('msisdn'),
  };

  /**
   * Takes the next entries of one identity and kind, in the order of an index. Throws a `RangeError`
   * where they are out of order, or are none that a ledger can have.
   */
  add(identity: Identity, kind: EntryKind, entries: EntryColumns): void {
    const trees = this.#trees[identity];
    if (kind === 'ported') {
      trees.ported.addAll(entries);
      return;
    }
    const { count, from, to, routes } = entries;
    for (let at = 0; at < count; at++) {
      if (!(routes[at]! < ROUTES_MAX)) throw new RangeError(`route ${routes[at]}`);
      if (kind === 'prefix') trees.addPrefix(from[at]!, routes[at]!);
      else trees.addRun(from[at]!, to[at]!, routes[at]!);
    }
  }

  /** The roots of the tables that an index holds, once all entries were taken. */
  roots(): Map<Table, Uint8Array> {
    return new Map(
      IDENTITIES.flatMap((identity) => {
        const { prefixes, runs, transferred, ported } = this.#trees[identity];
        return Object.entries({ prefixes, runs, transferred, ported }).map(
          ([name, tree]): [Table, Uint8Array] => [
            tableOf(name as 'prefixes', identity),
            tree.root(),
          ],
        );
      }),
    );
  }
}

/** The root of the table of routes, each at its number. */
export function routesRoot(routes: readonly Route[]): Uint8Array {
  const tree = treeOf('routes');
  for (const [number, route] of routes.entries()) {
    const row = routeType.serialize(routeValue(route));
    tree.row.set(row);
    tree.add(number, row.length);
  }
  return tree.root();
}

function treeOf(table: Table): SortedTree {
  return new SortedTree(TABLES.indexOf(table));
}
