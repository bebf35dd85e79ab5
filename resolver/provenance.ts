// What set an entry, asked of the ledger by whoever explains an answer.
//
//     serving thread ── origins-wanted ──▶ main thread ──▶ changes of the ledger, newest first
//                    ◀──── origins ───────
//
// Only explanations ask; a look-up without one pays nothing. Searches read old blocks from the disk and
// take turns, each at most SEARCH_MS_MAX, so that many of them neither crowd the main thread nor wait
// for each other without end: what is not found in time is not known.

import type { EntryName, EntryOrigin } from '../ledger/store/entry-origin.ts';

/** Block and transaction of an entry as answers name them; `null` where they are not known. */
export type Provenance = {
  height: number;
  /** Hash of the transaction in upper case; `null` where none of the block names the entry. */
  transaction: string | null;
} | null;

/** What set each of some entries, as of the block at a height. */
export type ProvenanceOf = (entries: readonly EntryName[], height: number) => Promise<Provenance[]>;

/** The ledger's side; ends early where the signal is aborted, with what it has. */
export type FindOrigins = (
  entries: readonly EntryName[],
  height: number,
  signal: AbortSignal,
) => Promise<(EntryOrigin | undefined)[]>;

export const SEARCH_MS_MAX = 1_000;
/** Searches that wait for their turn; whoever comes then is told nothing. */
export const SEARCHES_WAITING_MAX = 16;

/** Lets searches take turns. What it returns never fails. */
export function searchInTurn(find: FindOrigins): ProvenanceOf {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (entries, height) => {
    const unknown = entries.map(() => null);
    if (waiting >= SEARCHES_WAITING_MAX) return unknown;
    waiting++;
    const search = last.then(async () => {
      try {
        const found = await find(entries, height, AbortSignal.timeout(SEARCH_MS_MAX));
        return found.map(provenanceOf);
      } catch {
        return unknown;
      } finally {
        waiting--;
      }
    });
    last = search;
    return search;
  };
}

function provenanceOf(origin: EntryOrigin | undefined): Provenance {
  if (!origin) return null;
  const id = origin.transaction && Buffer.from(origin.transaction.id).toString('hex').toUpperCase();
  return { height: origin.height, transaction: id ?? null };
}

/** Questions of a serving thread to the main thread. */
export class ProvenanceRequests {
  readonly #post: (id: number, entries: readonly EntryName[], height: number) => void;
  readonly #waiting = new Map<number, (answer: Provenance[]) => void>();
  #lastId = 0;

  constructor(post: (id: number, entries: readonly EntryName[], height: number) => void) {
    this.#post = post;
  }

  readonly ask: ProvenanceOf = (entries, height) =>
    new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.#post(id, entries, height);
    });

  answered(id: number, answer: Provenance[]): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
