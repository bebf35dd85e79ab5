// One of those that `index-peers` compares, in a process of its own: filled with the ported numbers of
// a population, its answers checked, its lookups timed.

import { NO_ROUTE, type Peer, type PeerName, type PeerTask, peerPopulation } from './bench-peer.ts';
import { openIndex } from './bench-peer-index.ts';
import { openLmdb } from './bench-peer-lmdb.ts';
import { openMap } from './bench-peer-map.ts';
import { openRedis } from './bench-peer-redis.ts';
import type { BenchPopulation } from './bench-population.ts';
import { serveMeasurements, type Unavailable } from './bench-process.ts';

const OPEN: Record<
  PeerName,
  (population: BenchPopulation) => Peer | Unavailable | Promise<Peer | Unavailable>
> = { index: openIndex, map: openMap, lmdb: openLmdb, redis: openRedis };

/** Answers of a drawing that are held against the population. */
const CHECKED_KEYS = 16_384;

await serveMeasurements(async ({ peer: name, entries, seed, keyCount, loopMs }: PeerTask) => {
  const population = peerPopulation(entries, seed);
  const peer = await OPEN[name](population);
  if ('unavailable' in peer) return peer;
  const keys = new Float64Array(keyCount);
  population.drawUniform(keys, 0);
  const residentBefore = await peer.residentBytes();
  await peer.fill();
  const resident = (await peer.residentBytes()) - residentBefore;
  return {
    figures: { resident },
    async measure(run) {
      population.drawUniform(keys, run);
      const rates = await peer.rates(keys, loopMs);
      const checked = keys.subarray(0, CHECKED_KEYS);
      check(population, checked, await peer.routesOf(checked));
      return rates;
    },
    end: () => peer.end?.(),
  };
});

/** Throws for the first wrong route. */
function check(population: BenchPopulation, keys: Float64Array, routes: Int32Array): void {
  keys.forEach((key, at) => {
    const right = population.portedRouteOf(key) ?? NO_ROUTE;
    if (routes[at] !== right) throw new Error(`key ${key}: route ${routes[at]}, not ${right}`);
  });
}
