// A load test over a thousand million numbers, against a server that computes its answers as the generator
// computes what it expects: neither holds a number of the population but those that are asked for.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type NumberingData, readNumberingData } from '../../ledger/population/numbering-data.ts';
import {
  createPopulation,
  PORTED_MAX,
  type Population,
} from '../../ledger/population/population.ts';
import { testSeed } from '../../ledger/population/test/seed.ts';
import { createReport } from '../load-report.ts';
import { drawPool } from '../number-source.ts';
import { createPopulationSource, MIX_DEFAULT } from '../population-source.ts';
import { runUdpLoad } from '../udp-load.ts';
import { computedHandler, type Server, serveUdp } from './load-fixtures.ts';

const LOOKUPS = 20_000;
/** What one population may hold more than another: a thousand million numbers in bits are 120 MiB. */
const DIFFERENCE_BYTES_MAX = 8 * 2 ** 20;

describe('a load test of a thousand million numbers', () => {
  const seed = testSeed();
  let data: NumberingData;
  let server: Server | undefined;
  before(() => {
    data = readNumberingData();
  });
  after(() => server?.close());

  const populationOf = (ported: number) => createPopulation({ data, ported, profile: 25, seed });
  const poolOf = (population: Population) =>
    drawPool(createPopulationSource(population, MIX_DEFAULT, undefined, seed), LOOKUPS);

  test('has every answer checked', async () => {
    const population = populationOf(PORTED_MAX);
    const numbers = new Map(population.routes.map(({ id }, at) => [id, at]));
    const handler = computedHandler(
      population.expected,
      (route) => numbers.get(route)!,
      (routeNumber) => population.routes[routeNumber],
    );
    server = await serveUdp(undefined, handler);
    const report = createReport(
      await runUdpLoad({
        host: '127.0.0.1',
        port: server.port,
        pool: poolOf(population),
        durationMs: 120_000,
        lookupsMax: LOOKUPS,
        plan: undefined,
        connections: 1,
        batch: 100,
        inFlight: 2,
        timeoutMs: 60_000,
        signal: new AbortController().signal,
      }),
    );
    assert.deepEqual(report.examples, []);
    const { answered, wrong, unverified, lost } = report.counts;
    assert.deepEqual([answered, wrong, unverified, lost], [LOOKUPS, 0, 0, 0]);
  });

  test('takes as much memory as one of a thousand', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heldBy = (ported: number) => {
      collect();
      const before = heldBytes();
      const held = populationOf(ported);
      const pool = poolOf(held);
      collect();
      const bytes = heldBytes() - before;
      assert.equal(pool.length, LOOKUPS);
      assert.equal(held.portedCount, ported);
      return bytes;
    };
    heldBy(1000); // What the first one leaves behind, such as compiled patterns, is no one's.
    const small = heldBy(1000);
    const large = heldBy(PORTED_MAX);
    assert.ok(large - small < DIFFERENCE_BYTES_MAX, `${large} bytes, ${small} for a thousand`);
  });
});

function heldBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
