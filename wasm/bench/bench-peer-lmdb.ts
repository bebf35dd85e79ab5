// LMDB by the npm package `lmdb`, the way it is fastest and smallest here: keys are positions in the
// number space as integers of 32 bits, routes are two bytes read without a copy, entries are written
// in order, so that pages are full, and nothing is synced. All of the file is in memory.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { residentBytes } from './bench-memory.ts';
import { CHUNK, NO_ROUTE, type Peer } from './bench-peer.ts';
import { singleRate } from './bench-peer-loop.ts';
import type { BenchPopulation } from './bench-population.ts';
import type { Unavailable } from './bench-process.ts';

/** Address space for the file; more than the largest population takes. */
const MAP_BYTES = 16 * 2 ** 30;

export async function openLmdb({
  firstKey,
  portedChunks,
}: BenchPopulation): Promise<Peer | Unavailable> {
  let lmdb: typeof import('lmdb');
  try {
    lmdb = await import('lmdb');
  } catch (error) {
    return {
      unavailable: `lmdb cannot be loaded: ${error instanceof Error ? error.message : error}`,
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'bchf-bench-lmdb-'));
  const store = lmdb.open<Buffer, number>({
    path: folder,
    keyEncoding: 'uint32',
    encoding: 'binary',
    compression: false,
    noSync: true,
    overlappingSync: false,
    noMemInit: true,
    mapSize: MAP_BYTES,
  });
  const routeOf = (key: number): number => {
    // A view of a buffer that the next call overwrites.
    const value = store.getBinaryFast(key - firstKey);
    return value === undefined ? NO_ROUTE : value[0]! | (value[1]! << 8);
  };
  return {
    fill() {
      const value = Buffer.alloc(2);
      let count = 0;
      for (const { keys, routes } of portedChunks(CHUNK)) {
        store.transactionSync(() => {
          keys.forEach((key, at) => {
            value.writeUInt16LE(routes[at]!);
            store.putSync(key - firstKey, value, { append: true });
          });
        });
        count += keys.length;
      }
      // Pages come into memory as they are read, so all are read once.
      let read = 0;
      for (const _ of store.getKeys()) read++;
      if (read !== count) throw new Error(`lmdb has ${read} entries of ${count}`);
    },
    residentBytes,
    rates: (keys, loopMs) => ({ single: singleRate(keys, loopMs, routeOf) }),
    routesOf: (keys) => Int32Array.from(keys, routeOf),
    async end() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
