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

const SPARE_MAX = 2;

/**
 * Memories that nobody reads any more: their pages are given back at once, and they are kept to load the
 * next snapshot into. A memory has ten gigabytes of addresses, whatever it holds, until every thread has
 * collected its last reference; taken anew for each swap, a process would run out of addresses one day.
 */
export class SpareMemories {
  readonly #spare: Record<Identity, WebAssembly.Memory>[] = [];

  take(): Record<Identity, WebAssembly.Memory> | undefined {
    return this.#spare.pop();
  }

  /** Gives pages back; nobody may be reading them. */
  release(memories: Record<Identity, WebAssembly.Memory>): void {
    const isZero = IDENTITIES.map((identity) => releaseMemory(memories[identity]));
    if (isZero.every(Boolean) && this.#spare.length < SPARE_MAX) this.#spare.push(memories);
  }

  /** Gives pages back of memories that a thread may have filled and grown: they are not used again. */
  discard(memories: Record<Identity, WebAssembly.Memory>): void {
    for (const identity of IDENTITIES) releaseMemory(memories[identity]);
  }

  /** Gives a generation's memory back as soon as no thread reads it. */
  forget(previous: Previous): void {
    const { indexes, released, expiring } = previous;
    clearTimeout(expiring);
    previous.indexes = undefined;
    if (indexes) released.then(() => this.release(memoriesOf(indexes)));
  }
}
