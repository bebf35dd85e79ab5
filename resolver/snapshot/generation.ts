// Generations of what is served, and when their memory is given back.

import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { releaseMemory } from '../../wasm/release-memory.ts';
import { adoptIndex } from '../../wasm/wasm-index.ts';
import type { IndexPair } from './snapshot-file.ts';
import type { SnapshotOrigin } from './swap-types.ts';

export interface Generation {
  origin: SnapshotOrigin;
  indexes: IndexPair;
  routes: readonly Route[];
}

/** What a rollback leads to. */
export interface Previous extends Omit<Generation, 'indexes'> {
  /** Absent once its memory was given back: then the file is loaded again. */
  indexes?: IndexPair | undefined;
  /** Resolves when no thread reads it any more. */
  released: Promise<void>;
  expiring?: NodeJS.Timeout | undefined;
}

export function memoriesOf(indexes: IndexPair): Record<Identity, WebAssembly.Memory> {
  return { imsi: indexes.imsi.memory, msisdn: indexes.msisdn.memory };
}

/** Takes over the writer's role of memories whose thread has ended. */
export function adopt(memories: Record<Identity, WebAssembly.Memory>): IndexPair {
  return { imsi: adoptIndex(memories.imsi), msisdn: adoptIndex(memories.msisdn) };
}

export function release(memories: Record<Identity, WebAssembly.Memory>): void {
  for (const identity of IDENTITIES) releaseMemory(memories[identity]);
}

/** Gives a generation's memory back as soon as no thread reads it. */
export function forgetMemory(previous: Previous): void {
  const { indexes, released, expiring } = previous;
  clearTimeout(expiring);
  previous.indexes = undefined;
  if (indexes) released.then(() => release(memoriesOf(indexes)));
}
