// Columns: entries of ported numbers in their plain form, for patches and for lines that are foreign.
//
//      0       4       8          12          16            16 + 4 × capacity
//     ┌───────┬───────┬──────────┬───────────┬─────────────┬────────────┬──────────────────┐
//     │ bytes │ count │ capacity │ has user  │ numbers u32 │ routes u32 │ user data f64    │
//     │ u32   │ u32   │ u32      │ data u32  │ rising      │            │ if it has any    │
//     └───────┴───────┴──────────┴───────────┴─────────────┴────────────┴──────────────────┘
//
// The numbers are those of a line: 0 is the first that the line spans.

import { NO_ROUTE, NO_USER_DATA } from './layout';

export const COLUMNS_BYTES: u32 = 0;
export const COLUMNS_COUNT: u32 = 4;
export const COLUMNS_CAPACITY: u32 = 8;
export const COLUMNS_HAS_USER_DATA: u32 = 12;
export const COLUMNS_NUMBERS: u32 = 16;

/** Bytes of columns for so many entries. */
export function columnsBytes(capacity: u64, hasUserData: bool): u64 {
  return COLUMNS_NUMBERS + capacity * (hasUserData ? 16 : 8);
}

export function routesOf(columns: u32): u32 {
  return columns + COLUMNS_NUMBERS + (load<u32>(columns + COLUMNS_CAPACITY) << 2);
}

export function userDataOf(columns: u32): u32 {
  return columns + COLUMNS_NUMBERS + (load<u32>(columns + COLUMNS_CAPACITY) << 3);
}

/** Begins empty columns in a block of `bytes` bytes. */
export function initialiseColumns(block: u32, bytes: u32, capacity: u32, hasUserData: bool): void {
  store<u32>(block + COLUMNS_BYTES, bytes);
  store<u32>(block + COLUMNS_COUNT, 0);
  store<u32>(block + COLUMNS_CAPACITY, capacity);
  store<u32>(block + COLUMNS_HAS_USER_DATA, <u32>hasUserData);
}

/** Position of the first entry whose number is not below `number`. */
export function firstEntryFrom(columns: u32, number: u32): u32 {
  let low: u32 = 0;
  let high = load<u32>(columns + COLUMNS_COUNT);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(columns + COLUMNS_NUMBERS + (middle << 2)) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What {@link routeInColumns} found besides. */
export let foundUserData: f64 = NO_USER_DATA;

/** The route of a number, its user data in `foundUserData`; NO_ROUTE where it has no entry. */
export function routeInColumns(columns: u32, number: u32): u32 {
  const at = firstEntryFrom(columns, number);
  if (at == load<u32>(columns + COLUMNS_COUNT)) return NO_ROUTE;
  if (load<u32>(columns + COLUMNS_NUMBERS + (at << 2)) != number) return NO_ROUTE;
  foundUserData =
    load<u32>(columns + COLUMNS_HAS_USER_DATA) != 0
      ? load<f64>(userDataOf(columns) + (at << 3))
      : NO_USER_DATA;
  return load<u32>(routesOf(columns) + (at << 2));
}
