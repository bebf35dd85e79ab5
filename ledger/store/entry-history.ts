// Which entries covered a number when an older block was the newest.
//
// Nothing is kept for this beside what each block has changed. Of the entries that cover the number at a
// known block, those that no block since has touched were there before; of those that were touched, the
// last change up to the older block says what was. So the search goes back over the changes, past the
// older block only for as long as something is missing.

import { ENTRY_KINDS, type EntryChange, type RouteNumber } from '../entry.ts';
import { LedgerError } from '../ledger-error.ts';
import type { UeId } from '../number.ts';
import type { Route } from '../route.ts';
import { coveringChanges } from './change-codec.ts';
import type { EntryName } from './entry-origin.ts';
import type { LedgerStore } from './ledger-store.ts';
import type { RouteHistory } from './route-history.ts';

/** An entry that covers a number; the identity is the number's. */
export interface CoveringEntry extends Omit<EntryName, 'identity'> {
  route: RouteNumber;
}

/** What covered a number, the winner first, with the routes as they were. */
export interface NumberHistory {
  blockHash: Uint8Array;
  timeMs: number;
  entries: (CoveringEntry & { details: Route })[];
}

/** What is known of a number, of the block at `height`. */
export interface KnownEntries {
  height: number;
  entries: readonly CoveringEntry[];
}

/** All routes by number, as they are after the block at `height`, and how they came to be so. */
export interface KnownRoutes {
  height: number;
  routes: readonly Route[];
  history: RouteHistory;
}

/**
 * The entries that covered a number after the block at `height`, which is at least 1 and not above
 * `known.height`, nor that above `newest.height`.
 *
 * Errors: BCHF_STORE_PRUNED where a block is needed that is not kept; what the signal throws.
 */
export async function entriesAsOf(
  store: LedgerStore,
  number: UeId,
  height: number,
  known: KnownEntries,
  newest: KnownRoutes,
  signal: AbortSignal,
): Promise<NumberHistory> {
  const { routes } = newest;
  const first = await store.firstHeight();
  const summary = await store.blockSummary(height);
  // Entries that no kept block has touched are those of before the first kept block.
  if (!summary || height < first - 1) throw pruned(height);
  const entries = await entriesBefore(store, number, height, known, first, signal);
  const details = new Map(entries.map(({ route }) => [routes[route]!.id, routes[route]!]));
  await restoreRoutes(details, height, newest, first, signal);
  return {
    ...summary,
    entries: entries
      .map((entry) => ({ ...entry, details: details.get(routes[entry.route]!.id)! }))
      .sort(comparePrecedence),
  };
}

async function entriesBefore(
  store: LedgerStore,
  number: UeId,
  height: number,
  known: KnownEntries,
  first: number,
  signal: AbortSignal,
): Promise<CoveringEntry[]> {
  const entries = new Map(known.entries.map((entry) => [nameOf(entry), entry]));
  /** Entries that were changed since, and of which it is not known yet what they were. */
  const missing = new Set<string>();
  for await (const { height: at, value } of store.encodedChangesBackwards(known.height)) {
    signal.throwIfAborted();
    if (at <= height && missing.size === 0) break;
    // The last change of an entry in a block counts.
    for (const change of coveringChanges(value, number).toReversed()) {
      const name = nameOf(change);
      if (at > height) {
        entries.delete(name);
        missing.add(name);
      } else if (missing.delete(name) && change.route !== null) {
        const { entry, from, to, route } = change;
        entries.set(name, { entry, from, to, route });
      }
    }
  }
  // What no block has set was not there, unless that block is not kept.
  if (missing.size > 0 && first > 1) throw pruned(height);
  return [...entries.values()];
}

/** Gives the routes that were declared anew since the details that they had. */
async function restoreRoutes(
  routes: Map<string, Route>,
  height: number,
  { height: heightMax, history }: KnownRoutes,
  first: number,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set<string>();
  for (let at = heightMax; at >= first && (at > height || missing.size > 0); at--) {
    signal.throwIfAborted();
    for (const route of (await history.declaredAt(at)).toReversed()) {
      if (at > height && routes.has(route.id)) missing.add(route.id);
      else if (at <= height && missing.delete(route.id)) routes.set(route.id, route);
    }
  }
  if (missing.size > 0) throw pruned(height);
}

function nameOf({ entry, from, to }: Pick<EntryChange, 'entry' | 'from' | 'to'>): string {
  return `${entry} ${from} ${to}`;
}

/** Ported before fragmented before prefix; of each the one that holds fewer numbers first. */
function comparePrecedence(left: CoveringEntry, right: CoveringEntry): number {
  const kinds = ENTRY_KINDS.indexOf(right.entry) - ENTRY_KINDS.indexOf(left.entry);
  if (kinds !== 0) return kinds;
  return left.entry === 'prefix'
    ? right.from - left.from
    : left.to - left.from - (right.to - right.from);
}

function pruned(height: number): LedgerError {
  return new LedgerError('BCHF_STORE_PRUNED', `what block ${height} had is not kept`);
}
