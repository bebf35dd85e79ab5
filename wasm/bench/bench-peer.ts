// What those that `index-peers` compares have in common. Each is a file bench-peer-NAME.ts.

import { type BenchPopulation, createBenchPopulation } from './bench-population.ts';
import type { Figures } from './bench-process.ts';

/** What every peer can do with numbers of the space. All are given the same keys. */
export interface Peer {
  /** Takes the ported numbers in, all that a lookup needs into memory. */
  fill(): void | Promise<void>;
  /** Bytes in memory, of whichever process holds the numbers. */
  residentBytes(): number | Promise<number>;
  /** Lookups a second, by the way of asking, each measured for `loopMs`, going round the keys. */
  rates(keys: Float64Array, loopMs: number): Figures | Promise<Figures>;
  /** The route of each key; NO_ROUTE for one that is not ported. */
  routesOf(keys: Float64Array): Int32Array | Promise<Int32Array>;
  end?(): void | Promise<void>;
}

export const NO_ROUTE = -1;

/** Ported numbers handed over at a time. */
export const CHUNK = 20_000;

export type PeerName = 'index' | 'map' | 'lmdb' | 'redis';

export interface PeerTask {
  peer: PeerName;
  entries: number;
  seed: number;
  keyCount: number;
  loopMs: number;
}

/** The population that peers are compared on: they know no prefixes and no runs. */
export function peerPopulation(entries: number, seed: number): BenchPopulation {
  return createBenchPopulation(entries, seed, { hasRuns: false, prefixes: 'none' });
}
