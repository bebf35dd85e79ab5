// This project's index, as `index-peers` asks it: in batches, and for one number at a time.

import { kindOfAnswer, routeOfAnswer } from '../number-index.ts';
import type { WasmIndex } from '../wasm-index.ts';
import { buildIndex } from './bench-build.ts';
import { BATCH, lookUp, lookupRate } from './bench-lookups.ts';
import { residentBytes } from './bench-memory.ts';
import { NO_ROUTE, type Peer, peerPopulation } from './bench-peer.ts';
import { singleRate } from './bench-peer-loop.ts';
import { type BenchPopulation, PORTED_MIN } from './bench-population.ts';

export function openIndex(population: BenchPopulation): Peer {
  // What building needs besides the index, compiled code above all, is not to count as the index's.
  buildIndex(peerPopulation(PORTED_MIN, 0));
  let index: WasmIndex;
  return {
    fill() {
      index = buildIndex(population).index;
    },
    residentBytes,
    rates(keys, loopMs) {
      const { keys: one, answers } = index;
      const batch = lookupRate(index, keys, loopMs);
      const single = singleRate(keys, loopMs, (key) => {
        one[0] = key;
        index.lookup(one, answers, 1);
        return answers[0]!;
      });
      return { batch, single };
    },
    routesOf(keys) {
      const routes = new Int32Array(keys.length);
      for (let batch = 0; batch * BATCH < keys.length; batch++) {
        lookUp(index, keys, batch);
        for (let at = 0; at < BATCH; at++) {
          const answer = index.answers[at]!;
          const isPorted = kindOfAnswer(answer) === 'ported';
          routes[batch * BATCH + at] = isPorted ? routeOfAnswer(answer) : NO_ROUTE;
        }
      }
      return routes;
    },
  };
}
