// The metrics of a serving process: what its threads count in shared memory, and gauges over what is served.

import type { Registry } from 'prom-client';
import { IDENTITIES } from '../ledger/number.ts';
import type { AdminServer } from './admin/admin-server.ts';
import { COUNTER_TABLE, HISTOGRAM_TABLE } from './counter-table.ts';
import type { NewestBlock } from './freshness.ts';
import { histogramText } from './metrics/histograms.ts';
import { createRegistry } from './metrics/registry.ts';
import { SharedCounters } from './metrics/shared-counters.ts';
import type { NrfHost } from './sbi/nrf/nrf-host.ts';
import type { ServedContent } from './served-content.ts';
import type { SnapshotManager } from './snapshot/snapshot-manager.ts';
import type { UdpPlan } from './udp/udp-plan.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What is measured. Functions are asked at each scrape: what they tell is opened later, or never. */
export interface ServiceParts {
  content: ServedContent;
  newestBlock: NewestBlock;
  udp: UdpPlan;
  /** The minimal NRF, where there is one. */
  nrfHost: NrfHost | undefined;
  threads: () => WorkerPool | undefined;
  snapshots: () => SnapshotManager | undefined;
  admin: () => AdminServer | undefined;
  workerCount: number;
  /** Whether HTTP runs on the native build of uWebSockets.js. */
  httpNative: boolean;
  /** Limit of one index's memory, in bytes. */
  indexBytesMax: number;
  now: () => number;
}

export interface ServiceMetrics {
  counters: SharedCounters;
  histograms: SharedCounters;
  registry: Registry;
  /** All of it in Prometheus' text form. */
  text: () => Promise<string>;
}

export function createServiceMetrics(parts: ServiceParts): ServiceMetrics {
  const { content, newestBlock, nrfHost, indexBytesMax } = parts;
  const counters = new SharedCounters(COUNTER_TABLE, parts.workerCount);
  const histograms = new SharedCounters(HISTOGRAM_TABLE, parts.workerCount);
  const registry = createRegistry(counters, {
    ledgerHeight: () => newestBlock.height ?? content.block.height,
    indexHeight: () => content.block.height,
    lagMs: () => newestBlock.lagMs(content.block.height, parts.now()),
    workers: () => parts.threads()?.count ?? 0,
    httpNative: () => (parts.httpNative ? 1 : 0),
    routes: () => content.routes.count,
    nrf: nrfHost && (() => nrfHost.counts()),
    generation: () => content.generation,
    workerDeaths: () => parts.threads()?.deaths ?? 0,
    indexFill: () => Math.max(...memoryBytes(content)) / indexBytesMax,
    snapshots: () => parts.snapshots()?.counts ?? NO_SNAPSHOTS,
    adminWrongTokens: () => parts.admin()?.wrongTokens() ?? 0,
    udpMemory: () => parts.udp.memory(),
    entries: () =>
      IDENTITIES.flatMap((identity) =>
        Object.entries(content.indexes[identity].counts()).map(([entry, count]) => ({
          identity,
          entry,
          count,
        })),
      ),
    indexBytes: () =>
      IDENTITIES.map((identity) => ({ identity, bytes: content.indexes[identity].imageBytes() })),
  });
  return {
    counters,
    histograms,
    registry,
    text: async () => (await registry.metrics()) + histogramText(histograms),
  };
}

const NO_SNAPSHOTS = { swaps: 0, refusals: 0, saved: 0, saveFailures: 0 };

function memoryBytes(content: ServedContent): number[] {
  return IDENTITIES.map((identity) => content.indexes[identity].memory.buffer.byteLength);
}
