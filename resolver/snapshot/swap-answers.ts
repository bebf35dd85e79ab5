// What is told of a swap and of a comparison: shapes alone, which the console reads too.

import type { Identity } from '../../ledger/number.ts';
import type { EntryKind } from '../../wasm/number-index.ts';

export interface DiffAmount {
  entries: number;
  numbers: number;
}

/** What a member, or a route, gains and loses: numbers, and how many of its prefixes differ. */
export interface DiffShare {
  added: number;
  removed: number;
  movedIn: number;
  movedOut: number;
  prefixes: number;
}

/** Numbers that move from one route to another; `from` and `to` are the first and the last of them. */
export interface DiffMove {
  identity: Identity;
  from: string;
  to: string;
  fromRoute: string;
  toRoute: string;
  numbers: number;
}

export interface DiffSample {
  identity: Identity;
  entry: EntryKind;
  from: string;
  to: string;
  change: 'added' | 'removed' | 'changed';
  fromRoute: string | null;
  toRoute: string | null;
}

export interface SnapshotDiff {
  added: DiffAmount;
  removed: DiffAmount;
  changed: DiffAmount;
  /**
   * The largest share, 0 to 1, of entries of one kind and identity kind that differ, of those that the
   * left side has: so that what is lost of a few prefixes does not hide behind millions of numbers.
   */
  largestShare: number;
  /** Those with the most numbers first, at most 100; the counts say how many there are. */
  byMember: (DiffShare & { member: string })[];
  memberCount: number;
  byRoute: (DiffShare & { route: string })[];
  routeCount: number;
  largestMoves: DiffMove[];
  samples: DiffSample[];
  /** Routes with other details under the same id, at most 100. */
  changedRoutes: string[];
}

/** The answer to a swap or a rollback. */
export interface SwapResult {
  serving: string | null;
  previous: string | null;
  height: number;
  dryRun: boolean;
  /** What changed, or would; null with a ledger, where a swap changes nothing. */
  diff: SnapshotDiff | null;
  /** Whether such a swap is refused where it is not forced, by its code. */
  refusedUnlessForced: string | null;
  /** Numbers that the canary looked up. */
  canaryLookups: number;
  loadMs: number;
  publishMs: number;
}
