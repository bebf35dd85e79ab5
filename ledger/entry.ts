// Entries of the index as the ledger tells of them: what a number resolves to, and what changed.

import type { Identity, NumberKey } from './number.ts';

/** The three kinds of entry, in falling precedence: ported, fragmented, prefix. */
export const ENTRY_KINDS = ['prefix', 'fragmented', 'ported'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Position of a route in the ledger's route table, from 0 in the order of declaration. */
export type RouteNumber = number;

/**
 * One change of the index: the entry at `from` to `to` gets `route`, or disappears where `route` is
 * null.
 *
 * - prefix: `from` is the key of the leading digits and `to` equals it.
 * - fragmented: a closed range of numbers of one length; a change names the run exactly as it was
 *   set. Runs nest or are apart, they never cross.
 * - ported: one full number, `from` equal to `to`.
 */
export interface EntryChange {
  identity: Identity;
  entry: EntryKind;
  from: NumberKey;
  to: NumberKey;
  route: RouteNumber | null;
}
