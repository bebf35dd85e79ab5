// Entry records, the one form of an entry in memory; drawn in layout.ts.

import { RECORD_FROM, RECORD_ROUTE, RECORD_TAIL, RECORD_TO, RECORD_USER_DATA } from './layout';

/** Writes an entry record; the tail is the kind, or in a run table the index of the parent run. */
export function writeEntry(record: u32, from: f64, to: f64, route: u32, userData: f64, tail: u32): void {
  store<f64>(record + RECORD_FROM, from);
  store<f64>(record + RECORD_TO, to);
  store<u32>(record + RECORD_ROUTE, route);
  store<u32>(record + RECORD_TAIL, tail);
  store<f64>(record + RECORD_USER_DATA, userData);
}
