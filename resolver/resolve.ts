// From one number to what is known of it: the winning entry, its route, the index of the user data
// and how fresh the answer is. Every interface that answers single numbers stands on this.

import {
  digitsOf,
  IDENTITIES,
  type Identity,
  type NumberKey,
  type UeId,
} from '../ledger/number.ts';
import type { Route } from '../ledger/route.ts';
import type { EntryPlace, ListingReader } from '../wasm/entry-list.ts';
import type { BoundedExplanation, IndexEntry, IndexReader } from '../wasm/number-index.ts';
import { RUNS_EXPLAINED_MAX, type Standing, standingsOf } from './explain.ts';
import {
  type BlockLabel,
  heightOfLabel,
  isSameLabel,
  LabelReader,
  type NewestBlock,
} from './freshness.ts';
import type { RouteTable } from './route-table.ts';

/** The readers of one serving thread, one for each identity kind. */
export type IndexReaders = Record<Identity, IndexReader & ListingReader>;

/** A found entry with its route. */
export interface Resolved {
  entry: IndexEntry;
  route: Route;
  routeJson: string;
  /** Where in the data management element's database the record lies, if entry or route tell. */
  userDataIndex: number | undefined;
}

/** One of the entries that cover a number, and what it counts for against the others. */
export type Considered = Resolved & Standing;

export interface Resolution {
  /** `undefined` where no entry covers the number. */
  found: Resolved | undefined;
  /** The block whose state the answer comes from. */
  block: BlockLabel;
  /** How long a newer block has been waiting; `undefined` where no ledger is followed. */
  lagMs: number | undefined;
}

export class NumberResolver {
  #readers: IndexReaders;
  readonly #routes: RouteTable;
  readonly #newest: NewestBlock;
  readonly #now: () => number;
  readonly #labels = new LabelReader();
  /** Room for a part of a batch: places in the batch, keys, answers. */
  readonly #places: Uint32Array;
  readonly #partKeys: Float64Array;
  readonly #partAnswers: Uint32Array;

  /** @param now milliseconds since 1970 */
  constructor(readers: IndexReaders, routes: RouteTable, newest: NewestBlock, now: () => number) {
    this.#readers = readers;
    this.#routes = routes;
    this.#newest = newest;
    this.#now = now;
    const partMax = Math.min(...IDENTITIES.map((identity) => readers[identity].batchMax));
    this.#places = new Uint32Array(partMax);
    this.#partKeys = new Float64Array(partMax);
    this.#partAnswers = new Uint32Array(partMax);
  }

  /** Answers from other indexes from now on; the route table gets their routes at the same time. */
  use(readers: IndexReaders): void {
    this.#readers = readers;
  }

  resolve({ identity, key }: UeId): Resolution {
    const { value, block } = this.#readOneVersion(identity, (reader) => reader.find(key));
    const found = value && this.#withRoute(value, key);
    return { found, block, lagMs: this.#newest.lagMs(block.height, this.#now) };
  }

  /**
   * What `resolve` tells, and every entry that covers the number, the winner first; of runs only the
   * RUNS_EXPLAINED_MAX innermost.
   */
  explain(ueId: UeId): Resolution & { considered: Considered[]; runsLeftOut: number } {
    const { entries, runsLeftOut, block } = this.covering(ueId, RUNS_EXPLAINED_MAX);
    const considered = standingsOf(ueId.key, entries, runsLeftOut).map((standing, position) => ({
      ...this.#withRoute(entries[position]!, ueId.key),
      ...standing,
    }));
    const lagMs = this.#newest.lagMs(block.height, this.#now);
    return { found: considered[0], considered, runsLeftOut, block, lagMs };
  }

  /** The entries that cover a number, of runs only the `runsMax` innermost, and their block. */
  covering({ identity, key }: UeId, runsMax: number): BoundedExplanation & { block: BlockLabel } {
    const { value, block } = this.#readOneVersion(identity, (reader) =>
      reader.explainWithin(key, runsMax),
    );
    return { ...value, block };
  }

  /**
   * Looks up `keys[0..count)`, each in the index of the identity kind at its position of IDENTITIES,
   * and writes `answers[0..count)`, all from one block. What is no key is not found.
   */
  lookupBatch(
    keys: Float64Array,
    identities: Uint8Array,
    answers: Uint32Array,
    count: number,
  ): { block: BlockLabel; lagMs: number | undefined } {
    for (;;) {
      const labels = IDENTITIES.map((identity) => this.#readers[identity].label());
      IDENTITIES.forEach((identity, position) => {
        this.#lookupOf(identity, position, keys, identities, answers, count);
      });
      const [label, ...others] = [
        ...labels,
        ...IDENTITIES.map((identity) => this.#readers[identity].label()),
      ] as [Uint8Array, ...Uint8Array[]];
      // The indexes get a block one after the other, and many numbers take several lookups.
      if (!others.every((other) => isSameLabel(label, other))) continue;
      const block = this.#labels.read(label);
      return { block, lagMs: this.#newest.lagMs(block.height, this.#now) };
    }
  }

  /** The part of a batch that is of one identity kind. */
  #lookupOf(
    identity: Identity,
    position: number,
    keys: Float64Array,
    identities: Uint8Array,
    answers: Uint32Array,
    count: number,
  ): void {
    const reader = this.#readers[identity];
    let gathered = 0;
    for (let at = 0; at < count; at++) {
      if (identities[at] === position) {
        this.#places[gathered] = at;
        this.#partKeys[gathered++] = keys[at]!;
      }
      const isPart = gathered === this.#places.length || at === count - 1;
      if (!isPart || gathered === 0) continue;
      reader.lookup(this.#partKeys, this.#partAnswers, gathered);
      for (let one = 0; one < gathered; one++) {
        answers[this.#places[one]!] = this.#partAnswers[one]!;
      }
      gathered = 0;
    }
  }

  /**
   * Up to `countMax` entries with numbers that begin with the digits, in the order of the index, those
   * that come after a place.
   */
  list(
    { identity, key }: UeId,
    after: EntryPlace | undefined,
    countMax: number,
  ): { entries: Resolved[]; block: BlockLabel; lagMs: number | undefined } {
    const { value, block } = this.#readOneVersion(identity, (reader) =>
      reader.entriesWith(key, after, countMax),
    );
    const entries = value.map((entry) => this.#withRoute(entry, entry.from));
    return { entries, block, lagMs: this.#newest.lagMs(block.height, this.#now) };
  }

  /** Whether a longer prefix or number begins with these digits. */
  hasBelow({ identity, key }: UeId): boolean {
    return this.#readers[identity].hasBelow(key);
  }

  /** The winning entry alone, for who does not tell the block that it comes from. */
  find({ identity, key }: UeId): Resolved | undefined {
    const entry = this.#readers[identity].find(key);
    return entry && this.#withRoute(entry, key);
  }

  /** The height that the index of an identity kind stands at. */
  height(identity: Identity): number {
    return heightOfLabel(this.#readers[identity].label());
  }

  /**
   * The writer may publish another version between two calls of a reader. An answer must not carry
   * the height of one version and the entry of another, so it is read again where that happened.
   */
  #readOneVersion<T>(
    identity: Identity,
    read: (reader: IndexReader & ListingReader) => T,
  ): { value: T; block: BlockLabel } {
    const reader = this.#readers[identity];
    for (;;) {
      const label = reader.label();
      const value = read(reader);
      if (isSameLabel(reader.label(), label)) return { value, block: this.#labels.read(label) };
    }
  }

  #withRoute(entry: IndexEntry, key: NumberKey): Resolved {
    const route = this.#routes.get(entry.route);
    const routeJson = this.#routes.json(entry.route);
    if (!route || routeJson === undefined) {
      // The pool publishes a route to every thread before an entry may point to it.
      throw new Error(`route ${entry.route} is not in this thread's route table`);
    }
    return { entry, route, routeJson, userDataIndex: userDataIndexOf(entry, route, key) };
  }
}

/**
 * The index of a number's user data: the entry's own, or else the route's base, plus the number's
 * offset in the entry. A prefix has none: it says nothing of single numbers.
 */
export function userDataIndexOf(
  entry: IndexEntry,
  route: Route,
  key: NumberKey,
): number | undefined {
  const base = entry.userData ?? route.userDataIndexBase;
  if (base === undefined || entry.entry === 'prefix') return undefined;
  return base + (key - entry.from);
}

/** How an entry is written for people and in JSON: digits, without the key's leading 1. */
export function describeEntry(entry: IndexEntry): {
  entry: IndexEntry['entry'];
  from?: string;
  to?: string;
  prefix?: string;
} {
  if (entry.entry === 'prefix') return { entry: 'prefix', prefix: digitsOf(entry.from) };
  return { entry: entry.entry, from: digitsOf(entry.from), to: digitsOf(entry.to) };
}
