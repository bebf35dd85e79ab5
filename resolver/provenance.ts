// What set an entry, as explanations tell it, and the turns in which old blocks are searched for it.
//
// Only explanations and answers as of an older block search; a plain lookup pays nothing. Searches read
// old blocks from the disk and take turns, each at most SEARCH_MS_MAX, so that many of them neither crowd
// the main thread nor wait for each other without end: what is not found in time is not known.

import type { EntryOrigin } from '../ledger/store/entry-origin.ts';

/** Block and transaction of an entry as answers name them; `null` where they are not known. */
export type Provenance = {
  height: number;
  /** Hash of the transaction in upper case; `null` where none of the block names the entry. */
  transaction: string | null;
} | null;

export const SEARCH_MS_MAX = 1_000;
/** Searches that wait for their turn, the one under way among them; more are not made. */
export const SEARCHES_WAITING_MAX = 16;

/** Lets searches take turns. */
export class SearchTurns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /**
   * The result of a search, which is to end when its signal is aborted; `undefined` where too many wait.
   * Fails as the search does.
   */
  take<Result>(search: (signal: AbortSignal) => Promise<Result>): Promise<Result | undefined> {
    if (this.#waiting >= SEARCHES_WAITING_MAX) return Promise.resolve(undefined);
    this.#waiting++;
    const result = this.#last
      .then(() => search(AbortSignal.timeout(SEARCH_MS_MAX)))
      .finally(() => {
        this.#waiting--;
      });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

export function provenanceOf(origin: EntryOrigin | undefined): Provenance {
  if (!origin) return null;
  const id = origin.transaction && Buffer.from(origin.transaction.id).toString('hex').toUpperCase();
  return { height: origin.height, transaction: id ?? null };
}
