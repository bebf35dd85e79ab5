// The rows of a number space: what its layers give to the state's tables, and take back from them.

import type { RouteNumber } from '../entry.ts';
import { loadSinglesRow, partsRow, portedRow, singlesRow } from './number-rows.ts';
import type { NumberSpace } from './number-space.ts';
import { intervalRow, loadIntervalRow, type Table, tableOf } from './tables.ts';

/** Takes the rows of a table whose ids are in `dirty`, and empties that. */
export type TakeRows = (
  table: Table,
  dirty: Set<number>,
  bytesOf: (id: number) => Uint8Array | undefined,
) => void;

/** Gives the rows that have changed since the last call. */
export function takeSpaceRows(space: NumberSpace, take: TakeRows): void {
  const { identity, prefixes, ported, transferred } = space;
  take(tableOf('prefixes', identity), prefixes.dirty, (id) => prefixRow(prefixes.get(id)!));
  for (const layer of ['free', 'runs', 'priced'] as const) {
    const intervals = space[layer];
    take(tableOf(layer, identity), intervals.dirty, (id) => intervalRow(intervals, id));
  }
  // A number transferred alone is in the row of ported numbers, and says whether it was ported on.
  const singles = new Set(transferred.dirty);
  for (const id of ported.dirty) if (singlesRow(space, id)) singles.add(id);
  for (const id of transferred.dirty) ported.dirty.add(id);
  take(tableOf('transferred', identity), transferred.dirty, (id) => partsRow(space, id));
  take(tableOf('ported', identity), ported.dirty, (id) => portedRow(space, id));
  take(tableOf('singles', identity), singles, (id) => singlesRow(space, id));
}

/**
 * Takes over a stored row of one of the tables of a number space; false where `table`, its name without
 * the identity kind, is none of them. Throws a `RangeError` where the bytes are no row of it.
 */
export function loadSpaceRow(
  space: NumberSpace,
  table: string,
  id: number,
  bytes: Uint8Array,
): boolean {
  switch (table) {
    case 'prefixes':
      space.prefixes.set(id, Buffer.from(bytes).readUInt32LE(0));
      space.prefixes.dirty.clear();
      return true;
    case 'free':
    case 'runs':
    case 'transferred':
    case 'priced':
      loadIntervalRow(space[table], id, bytes);
      space[table].dirty.clear();
      return true;
    case 'ported':
      space.ported.loadRow(id, bytes);
      return true;
    case 'singles':
      loadSinglesRow(space, id, bytes);
      space.ported.dirty.clear();
      space.transferred.dirty.clear();
      return true;
    default:
      return false;
  }
}

function prefixRow(route: RouteNumber): Uint8Array {
  const row = Buffer.alloc(4);
  row.writeUInt32LE(route);
  return row;
}
