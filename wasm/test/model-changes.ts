// Random batches of changes of all kinds, for the model test: which entries, which routes, how many.
//
// Growing, steady and shrinking phases follow each other, so that whatever holds a place changes its
// form again and again. Runs come from a random partition of number space: of any length and
// alignment, inside each other or apart, and only crossing where that is asked for.

import { lengthOfKey } from '../key.ts';
import { type EntryKind, type IndexChange, ROUTES_MAX } from '../number-index.ts';
import type { KeyLayout } from './model-shapes.ts';
import type { Random } from './random.ts';

/** A change that may say where the user data lies. */
export type ModelChange = IndexChange & { userData?: number };

export interface ChangeOptions {
  /** Kinds of entries that may say where the user data lies; none if not given. */
  userDataOf?: readonly EntryKind[];
  /** Most changes in one batch, and to begin with. */
  changesMax?: number;
}

export const BATCH_CHANGES_MAX = 5000;
const ROUTE_COUNTS = [1, 2, 64, 65, 300, 70_000];
const KNOWN_MAX = 50_000;
const PHASE_BATCHES = 12;
/** How likely a change is a deletion, and how likely it is of an entry that was set before. */
const PHASES = [
  { deletes: 0.1, known: 0.3 },
  { deletes: 0.45, known: 0.5 },
  { deletes: 0.85, known: 0.9 },
  { deletes: 0.3, known: 0.5 },
];
const KINDS: readonly EntryKind[] = [
  'prefix',
  ...(['fragmented', 'fragmented'] as const),
  ...(['ported', 'ported', 'ported', 'ported'] as const),
];
const STRIDES = [1, 1, 1, 2, 3, 7, 10, 64, 250, 1000];
const USER_DATA_HALF = 2 ** 24;

export class ChangeSource {
  readonly #random: Random;
  readonly #layout: KeyLayout;
  readonly #userDataOf: readonly EntryKind[];
  readonly #sizeMax: number;
  readonly #initialMax: number;
  readonly #routes: readonly number[];
  /** Entries that were set at some time. */
  readonly #known: IndexChange[] = [];
  /** The widest runs: cells of so many keys, which the partition divides further. */
  readonly #cellKeys: number;
  readonly #salt: number;
  #batches = 0;

  constructor(random: Random, layout: KeyLayout, options: ChangeOptions) {
    this.#random = random;
    this.#layout = layout;
    this.#userDataOf = options.userDataOf ?? [];
    this.#sizeMax = options.changesMax ?? BATCH_CHANGES_MAX;
    this.#initialMax = options.changesMax ?? Number.POSITIVE_INFINITY;
    const routeCount = random.pick(ROUTE_COUNTS);
    // An odd step meets every route number once before it meets one again.
    const step = random.below(ROUTES_MAX / 2) * 2 + 1;
    this.#routes = Array.from(
      { length: routeCount },
      (_, at) => (ROUTES_MAX - 1 + at * step) % ROUTES_MAX,
    );
    this.#cellKeys = random.pick([100, 1000, 3 * 2 ** 16, 2 ** 25]);
    this.#salt = random.below(2 ** 32);
  }

  get routeCount(): number {
    return this.#routes.length;
  }

  /** The batches to begin with. */
  *initial(): Generator<ModelChange[]> {
    const initial = this.#layout.initial.slice(0, this.#initialMax);
    for (let at = 0; at < initial.length; at += BATCH_CHANGES_MAX) {
      yield initial
        .slice(at, at + BATCH_CHANGES_MAX)
        .map((key) => this.#change('ported', key, key, false));
    }
  }

  /** The next batch: 1 to 5,000 changes, small batches as often as large ones. */
  batch(): ModelChange[] {
    const random = this.#random;
    const size = Math.floor(this.#sizeMax ** (random.below(1001) / 1000));
    const phase = PHASES[Math.floor(this.#batches++ / PHASE_BATCHES) % PHASES.length]!;
    const batch: ModelChange[] = [];
    // A sweep is so many changes that there would be little else, if every batch had some.
    const sweeps = random.chance(0.3) ? 0.02 : 0;
    while (batch.length < size) {
      const deletes = random.chance(phase.deletes);
      if (random.chance(sweeps)) this.#addSweep(batch, size, deletes);
      else if (batch.length > 0 && random.chance(0.05)) {
        const { entry, from, to } = random.pick(batch);
        batch.push(this.#change(entry, from, to, deletes));
      } else if (this.#known.length > 0 && random.chance(phase.known)) {
        const { entry, from, to } = random.pick(this.#known);
        batch.push(this.#change(entry, from, to, deletes));
      } else batch.push(this.#newChange(deletes));
    }
    if (random.chance(0.06)) batch[random.below(batch.length)] = this.#crossingRun();
    return batch;
  }

  /** Ported numbers one after the other: set, given another route or deleted. */
  #addSweep(batch: ModelChange[], size: number, deletes: boolean): void {
    const random = this.#random;
    const stride = random.pick(STRIDES);
    const count = Math.min(size - batch.length, random.between(1, 2000));
    const first = this.#layout.key();
    const length = lengthOfKey(first);
    const shared = random.chance(0.3) ? this.#route() : undefined;
    for (let at = 0; at < count; at++) {
      const key = first + at * stride;
      if (lengthOfKey(key) !== length) break;
      const change = this.#change('ported', key, key, deletes);
      if (shared !== undefined && !deletes) change.route = shared;
      batch.push(change);
    }
  }

  #newChange(deletes: boolean): ModelChange {
    const entry = this.#random.pick(KINDS);
    const key = this.#layout.key();
    const { from, to } = entry === 'fragmented' ? this.#cellOf(key) : { from: key, to: key };
    const change = this.#change(entry, from, to, deletes);
    if (!deletes) {
      if (this.#known.length < KNOWN_MAX) this.#known.push(change);
      else this.#known[this.#random.below(KNOWN_MAX)] = change;
    }
    return change;
  }

  #change(entry: EntryKind, from: number, to: number, deletes: boolean): ModelChange {
    if (deletes) return { entry, from, to, route: null };
    const change: ModelChange = { entry, from, to, route: this.#route() };
    if (this.#userDataOf.includes(entry) && this.#random.chance(0.3)) {
      const [high, low] = [this.#random.below(USER_DATA_HALF), this.#random.below(USER_DATA_HALF)];
      change.userData = high * USER_DATA_HALF + low;
    }
    return change;
  }

  /** Half of the entries share a few routes. */
  #route(): number {
    const count = this.#random.chance(0.5) ? Math.min(4, this.#routes.length) : this.#routes.length;
    return this.#routes[this.#random.below(count)]!;
  }

  /**
   * A run around a key. Each cell is divided in two at a place that depends on the cell alone, so two
   * runs are apart or inside each other, whichever keys they were made for.
   */
  #cellOf(key: number): { from: number; to: number } {
    const first = 10 ** lengthOfKey(key);
    let from = Math.max(first, key - ((key - first) % this.#cellKeys));
    let end = Math.min(from + this.#cellKeys, first * 2);
    for (let depth = this.#random.below(28); depth > 0 && end - from > 1; depth--) {
      const cut = from + 1 + (hash(from, end, this.#salt) % (end - from - 1));
      if (key < cut) end = cut;
      else from = cut;
    }
    return { from, to: end - 1 };
  }

  /** A run that likely crosses another: from inside one that was set to some way beyond its end. */
  #crossingRun(): ModelChange {
    const random = this.#random;
    let run: { from: number; to: number } = this.#cellOf(this.#layout.key());
    for (let tries = 0; tries < 8 && this.#known.length > 0; tries++) {
      const known = random.pick(this.#known);
      if (known.entry === 'fragmented') run = known;
    }
    const last = 10 ** lengthOfKey(run.from) * 2 - 1;
    const from = random.between(run.from, run.to);
    const to = Math.min(run.to + random.below(2000), last);
    return this.#change('fragmented', from, to, random.chance(0.2));
  }
}

/** An integer below 2^32 that looks random, of three. */
function hash(from: number, end: number, salt: number): number {
  let mixed = salt;
  for (const word of [from % 2 ** 32, Math.floor(from / 2 ** 32), end % 2 ** 32]) {
    mixed = Math.imul(mixed ^ word, 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed >>> 0;
}
