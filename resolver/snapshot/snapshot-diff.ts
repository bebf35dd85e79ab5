// What a swap would change, for people: numbers by member and by route, the largest moves, samples.
//
// Owns the counting; which entries differ is told by wasm/index-diff. Routes are the same when their
// ids are, whatever their places in the two tables. A *number* is one that an entry names as a whole:
// a ported one, or one of a fragmented run. Prefixes leave open how many numbers they are, so they are
// counted as prefixes.

import { digitsOf, IDENTITIES, type Identity } from '../../ledger/number.ts';
import { createRandom, type Random } from '../../ledger/population/random.ts';
import type { Route } from '../../ledger/route.ts';
import { KINDS_IN_ORDER, type PagedIndex } from '../../wasm/entry-pages.ts';
import { diffIndexes, type IndexDifference } from '../../wasm/index-diff.ts';
import type { EntryKind, IndexCounts } from '../../wasm/number-index.ts';
import type { DiffMove, DiffSample, DiffShare, SnapshotDiff } from './swap-answers.ts';

const LISTED_MAX = 100;
const MOVES_MAX = 20;
/** Pairs of routes that moves are counted by; pairs that come later are in the sums alone. */
const PAIRS_MAX = 65_536;
const SAMPLES_MAX = 20;

/** One side: its indexes and the routes that they lead to. */
export interface DiffSide {
  indexes: Record<Identity, PagedIndex & { counts(): IndexCounts }>;
  routes: readonly Route[];
}

/** Compares two contents; both are walked once. @param seed of the samples */
export function diffSnapshots(left: DiffSide, right: DiffSide, seed = 1): SnapshotDiff {
  const numbering = commonNumbering(left.routes, right.routes);
  const tally = new Tally(numbering.routes, seed);
  let largestShare = 0;
  for (const identity of IDENTITIES) {
    const entriesBefore = left.indexes[identity].counts();
    tally.begin(identity);
    const renumbered = renumber(left.indexes[identity], numbering.ofLeft);
    for (const one of diffIndexes(renumbered, right.indexes[identity])) tally.add(one);
    for (const kind of KINDS_IN_ORDER) {
      const different = tally.entriesOf(kind);
      if (different === 0) continue;
      largestShare = Math.max(largestShare, Math.min(1, different / (entriesBefore[kind] || 1)));
    }
  }
  return { ...tally.report(), largestShare, changedRoutes: changedRoutes(left, right) };
}

/** The right side's route numbers, continued by the routes that only the left side has. */
function commonNumbering(
  left: readonly Route[],
  right: readonly Route[],
): { routes: readonly Route[]; ofLeft: Uint32Array | undefined } {
  const numberOf = new Map(right.map((route, number) => [route.id, number]));
  const routes = [...right];
  const ofLeft = Uint32Array.from(left, (route) => {
    const number = numberOf.get(route.id);
    return number ?? routes.push(route) - 1;
  });
  const isSame = ofLeft.every((number, at) => number === at);
  return { routes, ofLeft: isSame ? undefined : ofLeft };
}

function renumber(index: PagedIndex, numbers: Uint32Array | undefined): PagedIndex {
  if (!numbers) return index;
  return {
    *entryPages(kind) {
      for (const page of index.entryPages(kind)) {
        const routes = page.routes.slice(0, page.count).map((route) => numbers[route]!);
        yield { ...page, routes };
      }
    },
  };
}

function changedRoutes(left: DiffSide, right: DiffSide): string[] {
  const before = new Map(left.routes.map((route) => [route.id, JSON.stringify(route)]));
  const changed: string[] = [];
  for (const route of right.routes) {
    const known = before.get(route.id);
    if (known === undefined || known === JSON.stringify(route)) continue;
    if (changed.push(route.id) === LISTED_MAX) break;
  }
  return changed;
}

const noShare = (): DiffShare => ({ added: 0, removed: 0, movedIn: 0, movedOut: 0, prefixes: 0 });

interface Moved {
  identity: Identity;
  from: number;
  to: number;
  leftRoute: number;
  rightRoute: number;
  numbers: number;
}

class Tally {
  readonly #routes: readonly Route[];
  readonly #random: Random;
  readonly #amounts = {
    added: { entries: 0, numbers: 0 },
    removed: { entries: 0, numbers: 0 },
    changed: { entries: 0, numbers: 0 },
  };
  readonly #byRoute = new Map<number, DiffShare>();
  readonly #byMember = new Map<string, DiffShare>();
  readonly #moves = new Map<string, Moved>();
  readonly #samples: DiffSample[] = [];
  #identity: Identity = 'msisdn';
  #entries: Record<EntryKind, number> = { prefix: 0, fragmented: 0, ported: 0 };
  #seen = 0;

  constructor(routes: readonly Route[], seed: number) {
    this.#routes = routes;
    this.#random = createRandom(seed);
  }

  begin(identity: Identity): void {
    this.#identity = identity;
    this.#entries = { prefix: 0, fragmented: 0, ported: 0 };
  }

  entriesOf(kind: EntryKind): number {
    return this.#entries[kind];
  }

  add(one: IndexDifference): void {
    const { entry, from, to, change, leftRoute, rightRoute } = one;
    const span = to - from + 1;
    // Only a range of ported numbers or prefixes joins entries.
    const entries = entry === 'fragmented' ? 1 : span;
    const numbers = entry === 'prefix' ? 0 : span;
    this.#entries[entry] += entries;
    this.#amounts[change].entries += entries;
    this.#amounts[change].numbers += numbers;
    this.#share(leftRoute, rightRoute, numbers, entry === 'prefix' ? span : 0);
    this.#noteMove(one, numbers);
    this.#noteSample(one);
  }

  #share(
    left: number | undefined,
    right: number | undefined,
    numbers: number,
    prefixes: number,
  ): void {
    const leftRoute = left === undefined ? undefined : this.#routes[left]!;
    const rightRoute = right === undefined ? undefined : this.#routes[right]!;
    if (left !== right) {
      give(left === undefined ? undefined : shareOf(this.#byRoute, left), right, numbers, 'out');
      give(right === undefined ? undefined : shareOf(this.#byRoute, right), left, numbers, 'in');
    }
    for (const route of new Set([left, right])) {
      if (route !== undefined) shareOf(this.#byRoute, route).prefixes += prefixes;
    }
    const [leftMember, rightMember] = [leftRoute?.member, rightRoute?.member];
    if (leftMember !== rightMember) {
      if (leftMember) give(shareOf(this.#byMember, leftMember), rightMember, numbers, 'out');
      if (rightMember) give(shareOf(this.#byMember, rightMember), leftMember, numbers, 'in');
    }
    for (const member of new Set([leftMember, rightMember])) {
      if (member !== undefined) shareOf(this.#byMember, member).prefixes += prefixes;
    }
  }

  #noteMove({ from, to, leftRoute, rightRoute }: IndexDifference, numbers: number): void {
    if (leftRoute === undefined || rightRoute === undefined || leftRoute === rightRoute) return;
    if (numbers === 0) return;
    const pair = `${this.#identity} ${leftRoute} ${rightRoute}`;
    const known = this.#moves.get(pair);
    if (known) {
      known.from = Math.min(known.from, from);
      known.to = Math.max(known.to, to);
      known.numbers += numbers;
    } else if (this.#moves.size < PAIRS_MAX) {
      const identity = this.#identity;
      this.#moves.set(pair, { identity, from, to, leftRoute, rightRoute, numbers });
    }
  }

  #largestMoves(): DiffMove[] {
    const moves = [...this.#moves.values()].sort((one, other) => other.numbers - one.numbers);
    return moves
      .slice(0, MOVES_MAX)
      .map(({ identity, from, to, leftRoute, rightRoute, numbers }) => ({
        identity,
        from: digitsOf(from),
        to: digitsOf(to),
        fromRoute: this.#routes[leftRoute]!.id,
        toRoute: this.#routes[rightRoute]!.id,
        numbers,
      }));
  }

  /** Each difference has the same chance to be among the samples (reservoir sampling, Vitter 1985). */
  #noteSample({ entry, from, to, change, leftRoute, rightRoute }: IndexDifference): void {
    const isFilling = this.#seen < SAMPLES_MAX;
    const place = isFilling ? this.#seen : this.#random.below(this.#seen + 1);
    this.#seen++;
    if (place >= SAMPLES_MAX) return;
    const idOf = (route: number | undefined) =>
      route === undefined ? null : this.#routes[route]!.id;
    this.#samples[place] = {
      identity: this.#identity,
      entry,
      from: digitsOf(from),
      to: digitsOf(to),
      change,
      fromRoute: idOf(leftRoute),
      toRoute: idOf(rightRoute),
    };
  }

  report(): Omit<SnapshotDiff, 'largestShare' | 'changedRoutes'> {
    const members = [...this.#byMember].map(([member, share]) => ({ member, ...share }));
    const routes = [...this.#byRoute].map(([number, share]) => ({
      route: this.#routes[number]!.id,
      ...share,
    }));
    return {
      ...this.#amounts,
      byMember: members.sort(byVolume).slice(0, LISTED_MAX),
      memberCount: members.length,
      byRoute: routes.sort(byVolume).slice(0, LISTED_MAX),
      routeCount: routes.length,
      largestMoves: this.#largestMoves(),
      samples: this.#samples,
    };
  }
}

function shareOf<Key>(shares: Map<Key, DiffShare>, key: Key): DiffShare {
  let share = shares.get(key);
  if (!share) {
    share = noShare();
    shares.set(key, share);
  }
  return share;
}

/** Notes numbers that come from, or go to, the other side; or appear and disappear where it is none. */
function give(
  share: DiffShare | undefined,
  other: unknown,
  numbers: number,
  way: 'in' | 'out',
): void {
  if (!share) return;
  if (way === 'in') share[other === undefined ? 'added' : 'movedIn'] += numbers;
  else share[other === undefined ? 'removed' : 'movedOut'] += numbers;
}

const volumeOf = (one: DiffShare) => one.added + one.removed + one.movedIn + one.movedOut;
const byVolume = (one: DiffShare, other: DiffShare) =>
  volumeOf(other) - volumeOf(one) || other.prefixes - one.prefixes;
