// A JavaScript Map. Its keys are positions in the number space, below 2^31, which V8 keeps in the
// table itself: whole numbers of 13 digits would each be an object of 16 bytes besides.

import { residentBytes } from './bench-memory.ts';
import { CHUNK, NO_ROUTE, type Peer } from './bench-peer.ts';
import { singleRate } from './bench-peer-loop.ts';
import type { BenchPopulation } from './bench-population.ts';

export function openMap({ firstKey, portedChunks }: BenchPopulation): Peer {
  const routes = new Map<number, number>();
  const routeOf = (key: number): number => routes.get(key - firstKey) ?? NO_ROUTE;
  return {
    fill() {
      for (const chunk of portedChunks(CHUNK)) {
        chunk.keys.forEach((key, at) => {
          routes.set(key - firstKey, chunk.routes[at]!);
        });
      }
    },
    residentBytes,
    rates: (keys, loopMs) => ({ single: singleRate(keys, loopMs, routeOf) }),
    routesOf: (keys) => Int32Array.from(keys, routeOf),
  };
}
