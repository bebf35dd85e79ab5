// What a loading thread is told, and what it tells. See load-thread.

import type { Identity } from '../../ledger/number.ts';
import type { VouchedState } from '../../ledger/proof/state-proof.ts';
import type { Route } from '../../ledger/route.ts';
import type { SnapshotManifest } from './snapshot-file.ts';
import type { SnapshotDiff } from './swap-answers.ts';

/** A content: of a file, or of memories that no writer changes while the thread runs. */
export type LoadSource =
  | { path: string }
  | { memories: Record<Identity, WebAssembly.Memory>; routes: readonly Route[] };

export interface LoadTask {
  right: LoadSource;
  /** What the right side is compared with, if anything. */
  left?: LoadSource | undefined;
  /** What the chain says of the right side's block, where it is to be proven. */
  vouched?: VouchedState | undefined;
  /** Seed of the canary's lookups; absent where none are wanted. */
  canarySeed?: number | undefined;
  /** How the right side's file is checked, see LoadOptions. */
  check: 'full' | 'fast';
  /** Of the thread, see SnapshotSource. */
  priority: 'low' | 'normal';
  memoryBytesMax: number;
  /** Memories for the right side's file, see LoadOptions. */
  spare?: Record<Identity, WebAssembly.Memory> | undefined;
}

export type LoadStep = 'loading' | 'verifying' | 'canary';

export type LoadEvent =
  | { type: 'step'; step: LoadStep }
  /** The thread runs only when no other does, see idle-thread; its number in the system. */
  | { type: 'idle'; thread: number }
  /** The thread's place among the readers of memories that it was given, should it die. */
  | { type: 'reading'; readerNumbers: Record<Identity, number> }
  | {
      type: 'loaded';
      /** Of the right side, where it is a file. */
      manifest: SnapshotManifest | undefined;
      memories: Record<Identity, WebAssembly.Memory>;
      routes: readonly Route[];
      diff: SnapshotDiff | undefined;
      /** Numbers that the canary looked up. */
      tried: number;
    }
  | { type: 'refused'; code: string; message: string };
