// Entry records, the one form of an entry in memory; drawn in layout.ts.

import {
  NO_USER_DATA,
  RECORD_FROM,
  RECORD_ROUTE,
  RECORD_TAIL,
  RECORD_TO,
  RECORD_USER_DATA,
} from './layout';

/** Writes an entry record; the tail is the kind. */
export function writeEntry(
  record: u32,
  from: f64,
  to: f64,
  route: u32,
  tail: u32,
  userData: f64 = NO_USER_DATA,
): void {
  store<f64>(record + RECORD_FROM, from);
  store<f64>(record + RECORD_TO, to);
  store<u32>(record + RECORD_ROUTE, route);
  store<u32>(record + RECORD_TAIL, tail);
  store<f64>(record + RECORD_USER_DATA, userData);
}
