// The names and help texts of all metrics, for documents and for tests that look names up: from registries
// that measure nothing.

import type { Registry } from 'prom-client';
import { COUNTER_TABLE, HISTOGRAM_FORMS } from '../counter-table.ts';
import { createNodeRegistry } from '../node-metrics.ts';
import { createRegistry } from './registry.ts';
import { SharedCounters } from './shared-counters.ts';

export interface ListedMetric {
  name: string;
  help: string;
}

const zero = () => 0;

/** Of a serving process, those of its runtime (`process_…`, `nodejs_…`) among them. */
export function processMetrics(): ListedMetric[] {
  const registry = createRegistry(new SharedCounters(COUNTER_TABLE, 1), {
    ...{ ledgerHeight: zero, indexHeight: zero, lagMs: zero, workers: zero, httpNative: zero },
    ...{ routes: zero, generation: zero, workerDeaths: zero, indexFill: zero },
    adminWrongTokens: () => 0,
    snapshots: () => ({ swaps: 0, refusals: 0, saved: 0, saveFailures: 0 }),
    ...{ entries: () => [], indexBytes: () => [], udpMemory: () => [] },
    nrf: () => ({ instances: 0, subscriptions: 0, sentNotifications: 0, lostNotifications: 0 }),
  });
  return listed(registry);
}

/** Of a node's part in the ledger, on its ledger port. */
export function nodeMetrics(): ListedMetric[] {
  const none = { accepted: 0, ignored: 0, rejected: 0, overRate: 0, answered: 0, refused: 0 };
  const registry = createNodeRegistry({
    ...{ height: zero, newestHeight: zero, isHalted: () => false, peers: zero },
    ...{ pendingTransactions: zero, pendingBytes: zero },
    sync: () => ({ applied: 0, fetched: 0, forged: 0, conflicts: 0, fetchFailures: 0 }),
    transport: () => ({ ...none, penalised: 0 }),
  });
  return listed(registry);
}

export function histogramMetrics(): ListedMetric[] {
  return Object.values(HISTOGRAM_FORMS).map(({ metric, help }) => ({ name: metric, help }));
}

function listed(registry: Registry): ListedMetric[] {
  return registry.getMetricsAsArray().map(({ name, help }) => ({ name, help }));
}
