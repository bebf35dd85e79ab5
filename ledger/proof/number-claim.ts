// What the state says about one number, found by searches in the hash trees of its tables.
//
// The order is that of the rules: a number ported or transferred alone, then the transferred part of a
// run, then the run, then the free interval of the pool, then the longest prefix. Each layer that counts
// for more is searched first, so whoever
// repeats the searches has seen that it holds nothing. A bucket's leaf holds all of its numbers; the run
// or interval that holds a number is the last one that begins at or before it, wherever its bucket lies.

import type { EntryKind } from '../entry.ts';
import { digitsOf, formatUeId, lengthOf, type NumberKey, type UeId } from '../number.ts';
import { memberOf, memberType, routeOf, routeType } from '../record-codec.ts';
import type { Route } from '../route.ts';
import { bucketOf, type Interval, IntervalMap } from '../state/interval-map.ts';
import { NOT_PORTED, PortedMap } from '../state/ported-map.ts';
import { loadIntervalRow, type NumberTable, type Table, tableOf } from '../state/tables.ts';
import { findRow, findRowAtMost, type Search } from './tree-search.ts';

/** What is so about a number. */
export interface NumberClaim {
  /** As in {@link formatUeId}. */
  number: string;
  /** The entry that answers for it in the index; `null` where none does. */
  entry: { kind: EntryKind; from: string; to: string; route: Route } | null;
  /** Whose it is: a member's, the pool's (and who has put it there), or nobody's. */
  holder: { member: string } | { pool: true; injectedBy: string } | null;
}

/** Root hashes by table. */
export type TableRoots = ReadonlyMap<Table, Uint8Array>;

/** Finds out what is so about a number. Throws what reading rows throws, where these are none. */
export function* searchNumber(ueId: UeId, roots: TableRoots): Search<NumberClaim> {
  const { identity, key } = ueId;
  const number = formatUeId(ueId);
  const layer = (name: NumberTable): [Table, Uint8Array] => {
    const table = tableOf(name, identity);
    return [table, roots.get(table)!];
  };
  const claim = function* (
    kind: EntryKind,
    from: NumberKey,
    to: NumberKey,
    route: number,
  ): Search<NumberClaim> {
    const found = yield* searchRoute(route, roots);
    const entry = { kind, from: digitsOf(from), to: digitsOf(to), route: found };
    return { number, entry, holder: { member: found.member } };
  };

  const bucket = yield* findRow(...layer('ported'), bucketOf(key));
  const ported = bucket ? portedIn(bucket, key) : NOT_PORTED;
  if (ported !== NOT_PORTED) return yield* claim('ported', key, key, ported);
  const part = yield* searchInterval(...layer('transferred'), key);
  if (part) return yield* claim('fragmented', part.start, part.end, part.value);
  const run = yield* searchInterval(...layer('runs'), key);
  if (run) return yield* claim('fragmented', run.start, run.end, run.value);
  const free = yield* searchInterval(...layer('free'), key);
  const prefix = yield* searchPrefix(...layer('prefixes'), key);
  const below = prefix
    ? yield* claim('prefix', prefix.key, prefix.key, prefix.route)
    : { number, entry: null, holder: null };
  if (!free) return below;
  const injectedBy = yield* searchMember(free.value, roots);
  return { ...below, holder: { pool: true, injectedBy } };
}

function* searchInterval(
  table: Table,
  root: Uint8Array,
  key: NumberKey,
): Search<Interval | undefined> {
  // In the number's own bucket all may begin behind it; then the last one before that bucket counts.
  for (let idMax = bucketOf(key); ; ) {
    const found = yield* findRowAtMost(table, root, idMax);
    if (!found) return undefined;
    const intervals = new IntervalMap();
    loadIntervalRow(intervals, found.id, found.row);
    const [first] = intervals.between(0, key);
    if (first) return intervals.find(key);
    idMax = found.id - 1;
  }
}

function* searchPrefix(
  table: Table,
  root: Uint8Array,
  key: NumberKey,
): Search<{ key: NumberKey; route: number } | undefined> {
  for (let [prefix, length] = [key, lengthOf(key)]; length > 0; length--) {
    const row = yield* findRow(table, root, prefix);
    if (row) return { key: prefix, route: Buffer.from(row).readUInt32LE(0) };
    prefix = Math.floor(prefix / 10);
  }
  return undefined;
}

function* searchRoute(route: number, roots: TableRoots): Search<Route> {
  return routeOf(routeType.deserialize(yield* searchRecord('routes', route, roots)));
}

function* searchMember(member: number, roots: TableRoots): Search<string> {
  return memberOf(memberType.deserialize(yield* searchRecord('members', member, roots))).id;
}

function* searchRecord(table: Table, id: number, roots: TableRoots): Search<Uint8Array> {
  const row = yield* findRow(table, roots.get(table)!, id);
  if (!row) throw new RangeError(`no row ${id} of ${table}`);
  return row;
}

function portedIn(bucket: Uint8Array, key: NumberKey): number {
  const ported = new PortedMap();
  ported.loadRow(bucketOf(key), bucket);
  return ported.get(key);
}
