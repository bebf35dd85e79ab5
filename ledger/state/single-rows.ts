// Rows of numbers that were transferred alone. To the index they are ported numbers, so the table of
// ported numbers holds them as the index does, and a table of their own says which they are:
//
//                                 ported (routing)     singles
//     ported by a port            its route            –
//     transferred alone           its route            its route
//     transferred, then ported    that of the port     that of the transfer
//
// Whoever reads both back knows them apart: nobody ports a number to the member that it is at home with,
// so a ported number with the route of its single is that single.
//
// A row of either has a word of 4 bytes for each number, as ported-map draws it.

import type { NumberKey } from '../number.ts';
import { BUCKET_KEYS, type IntervalMap } from './interval-map.ts';
import type { NumberSpace } from './number-space.ts';
import { NOT_PORTED, PortedMap } from './ported-map.ts';

/** The row of a bucket of `singles`; `undefined` where there is none. */
export function singlesRow({ transferred }: NumberSpace, bucket: number): Uint8Array | undefined {
  const singles = new PortedMap();
  for (const { key, route } of singlesOf(transferred, bucket)) singles.set(key, route);
  return singles.row(bucket);
}

/** The row of a bucket of `ported`: a view, or bytes of its own where singles lie in it. */
export function portedRow(space: NumberSpace, bucket: number): Uint8Array | undefined {
  const { ported, transferred } = space;
  const own = ported.row(bucket);
  if (transferred.size === 0) return own;
  const visible = [...singlesOf(transferred, bucket)].filter(
    ({ key }) => ported.get(key) === NOT_PORTED,
  );
  if (visible.length === 0) return own;
  const all = new PortedMap();
  if (own) all.loadRow(bucket, own);
  for (const { key, route } of visible) all.set(key, route);
  return all.row(bucket);
}

/**
 * Takes over a row of `singles`, once those of `ported` and `transferred` are there. Throws a
 * `RangeError` where it is none.
 */
export function loadSinglesRow(space: NumberSpace, bucket: number, row: Uint8Array): void {
  const singles = new PortedMap();
  singles.loadRow(bucket, row);
  for (const { key, route } of singles.entries()) {
    if (space.transferred.intersects(key, key)) throw new RangeError('a single inside of a part');
    space.transferred.insert(key, key, route);
    if (space.ported.get(key) === route) space.ported.delete(key);
  }
}

function* singlesOf(
  transferred: IntervalMap,
  bucket: number,
): Generator<{ key: NumberKey; route: number }> {
  const base = bucket * BUCKET_KEYS;
  for (const { start, end, value } of transferred.between(base, base + BUCKET_KEYS - 1)) {
    if (start === end) yield { key: start, route: value };
  }
}
