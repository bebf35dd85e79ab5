// Where an entry comes from: the block, and in it the transaction, that set it as it is.
//
// Nothing is kept for this beside what a block has changed: a reverse index of entries alive would
// cost some 30 bytes of disk a ported number and a write for each change. The changes are searched
// from the newest block back, 0.016 µs a change (docs/ledger-proofs.md has the measurement), and the
// transaction is then found in that one block.

import { decodeBlock } from '../block/block-codec.ts';
import type { EntryChange } from '../entry.ts';
import { decodeTransaction, transactionId } from '../transaction-codec.ts';
import { lastChangeOf } from './change-codec.ts';
import type { LedgerStore } from './ledger-store.ts';

/** An entry by its name: kind, identity and ends. */
export type EntryName = Pick<EntryChange, 'identity' | 'entry' | 'from' | 'to'>;

export interface EntryOrigin {
  height: number;
  /** The newest transaction of the block that names numbers of the entry; `undefined` if none does. */
  transaction: { id: Uint8Array; index: number } | undefined;
}

export interface OriginOptions {
  /** The block from which on is searched backwards; the newest if not given. */
  heightMax?: number;
  /** Ends the search with what was found. */
  signal?: AbortSignal;
}

/**
 * The block that last changed an entry; `undefined` where no kept block did. An entry that a later block
 * has removed comes back with that block.
 */
export async function findEntryOrigin(
  store: LedgerStore,
  entry: EntryName,
): Promise<EntryOrigin | undefined> {
  return (await findEntryOrigins(store, [entry]))[0];
}

/** The same for several entries, in one pass over the changes. */
export async function findEntryOrigins(
  store: LedgerStore,
  entries: readonly EntryName[],
  { heightMax, signal }: OriginOptions = {},
): Promise<(EntryOrigin | undefined)[]> {
  const origins: (EntryOrigin | undefined)[] = entries.map(() => undefined);
  const missing = new Set(entries.keys());
  for await (const { height, value } of store.encodedChangesBackwards(heightMax)) {
    if (missing.size === 0 || signal?.aborted) break;
    for (const at of missing) {
      const entry = entries[at]!;
      if (!lastChangeOf(value, entry)) continue;
      origins[at] = { height, transaction: await transactionOf(store, height, entry) };
      missing.delete(at);
    }
  }
  return origins;
}

async function transactionOf(
  store: LedgerStore,
  height: number,
  entry: EntryName,
): Promise<EntryOrigin['transaction']> {
  const [block, codes] = await Promise.all([store.block(height), store.codes(height)]);
  if (!block || !codes) return undefined;
  const { transactions } = decodeBlock(block);
  for (let index = transactions.length - 1; index >= 0; index--) {
    const bytes = transactions[index]!;
    const { transaction } = decodeTransaction(bytes);
    if (codes[index] !== 'OK' || !transaction) continue;
    const body = transaction.body as { identity?: string };
    if (body.identity === entry.identity && names(body, entry)) {
      return { id: transactionId(bytes), index };
    }
  }
  return undefined;
}

/** Whether a body has a number or range that meets the entry, in whatever field. */
function names(value: unknown, entry: EntryName): boolean {
  if (typeof value === 'number') return value >= entry.from && value <= entry.to;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((one) => names(one, entry));
  const { from, to } = value as { from?: unknown; to?: unknown };
  if (typeof from === 'number' && typeof to === 'number')
    return from <= entry.to && to >= entry.from;
  return Object.values(value).some((one) => names(one, entry));
}
