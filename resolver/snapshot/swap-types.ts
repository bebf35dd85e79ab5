// What a swap is told, asks for, and tells. See snapshot-manager.

import type { Route } from '../../ledger/route.ts';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import type { NextGeneration } from '../served-content.ts';
import type { LedgerSide } from './ledger-side.ts';
import type { LoadStep } from './load-messages.ts';
import type { IndexPair } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { SnapshotDiff } from './swap-answers.ts';

/** The file that a content was loaded from, or was written to. */
export interface SnapshotOrigin {
  /** Null where there is none. */
  name: string | null;
  chainId?: string | undefined;
  /** Of the file as it was then. */
  manifestHash?: string | undefined;
}

export interface SnapshotSource {
  store: SnapshotStore;
  /** Where what is served at first comes from. */
  origin: SnapshotOrigin;
  /** Absent where a file and not a ledger says what is served. */
  ledger?: LedgerSide | undefined;
  /** How many of a ledger's snapshots stay on disk. */
  kept: number;
  /** Percent of the entries of a kind that a swap may change without being forced. */
  changePercentMax: number;
  /** Of the loading thread; `low`: it runs when no other does, see idle-thread. */
  loadPriority: 'low' | 'normal';
  /** How long the generation before stays in memory after a swap, 0 for not at all. */
  previousKeptS: number;
  /** After how many blocks, or minutes, a snapshot is written by itself; 0 for never. */
  everyBlocks: number;
  everyMinutes: number;
  /** Whose signature a snapshot must have, as hexadecimal ed25519 keys; none for anybody's or none. */
  signers: readonly string[];
  /** The program of the loading thread, for tests. */
  loadScript?: URL | undefined;
}

/** What serves. */
export interface SwapHost {
  indexes(): IndexPair;
  routes(): readonly Route[];
  swapTo(next: NextGeneration, bringUp?: () => Promise<void>): Promise<{ released: Promise<void> }>;
  memoryBytesMax: number;
  log: Log;
  now: () => number;
}

export interface SwapState {
  state: LoadStep | 'publishing' | 'comparing';
  file: string;
  /** ISO 8601. */
  since: string;
}

export interface SwapRequest {
  name: string;
  /** Also what changes too much, is older or of another chain. */
  force?: boolean | undefined;
  /** Only tell what would change. */
  dryRun?: boolean | undefined;
}

/** A swap that has to be forced, with what it would change. */
export class SwapRefusal extends ResolverError {
  readonly diff: SnapshotDiff | undefined;

  constructor(code: ResolverError['code'], message: string, diff?: SnapshotDiff) {
    super(code, message);
    this.diff = diff;
  }
}
