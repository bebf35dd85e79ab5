// What the console asks of the process, besides what the admin port has for everybody: the last
// minutes, and lookups that the main thread answers, so that they work when serving threads do not.

import type { Registry } from 'prom-client';
import { heightOfLabel, type NewestBlock } from '../freshness.ts';
import { answerRoutingInfo } from '../http/routing-info.ts';
import type { AskLedger } from '../ledger-questions.ts';
import type { Log } from '../log.ts';
import { bucketsOf } from '../metrics/histograms.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import { NumberResolver } from '../resolve.ts';
import type { RouteTable } from '../route-table.ts';
import type { IndexPair } from '../snapshot/snapshot-file.ts';
import { json } from './admin-answer.ts';
import type { AdminServices } from './admin-server.ts';
import { Alarms, READING_INTERVAL_MS } from './alarms.ts';
import { readConsoleFiles } from './console-files.ts';
import type { Network } from './console-model.ts';
import { counterReader } from './interface-figures.ts';
import { INTERVAL_MS, LiveFigures } from './live-figures.ts';
import { NumberSpaceHost } from './number-space.ts';

export interface ConsoleSources {
  registry: Registry;
  counters: SharedCounters;
  histograms: SharedCounters;
  /** Those that are served now. */
  indexes: () => IndexPair;
  routes: RouteTable;
  newestBlock: NewestBlock;
  threads: () => number;
  log: Log;
  /** Absent where no ledger is followed. */
  askLedger: AskLedger | undefined;
  now: () => number;
}

export interface OperatorConsole {
  services: Pick<AdminServices, 'consoleFiles' | 'readings' | 'routingInfo'>;
  /** Shows a node's part in the network, and judges its metrics. */
  watchNetwork(node: () => Network['node'], registry: Registry): void;
  /** Resolves when the console reads none of the indexes that were served before. */
  leaveIndexes(): Promise<void>;
  close(): Promise<void>;
}

export function openConsole(sources: ConsoleSources): OperatorConsole {
  const { counters, histograms, indexes, routes, newestBlock, threads, now } = sources;
  let resolver = new NumberResolver(indexes(), routes, newestBlock, now);
  let resolved = indexes();
  /** Over the indexes that are served now. */
  const currentResolver = () => {
    if (resolved === indexes()) return resolver;
    resolved = indexes();
    resolver = new NumberResolver(resolved, routes, newestBlock, now);
    return resolver;
  };
  const height = () => heightOfLabel(indexes().msisdn.label());
  const figures = new LiveFigures(
    {
      read: counterReader(counters, histograms),
      height,
      lagMs: () => newestBlock.lagMs(height(), now()),
      threads,
      cpuSeconds: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
      residentBytes: () => process.memoryUsage.rss(),
    },
    now,
  );
  const sample = () => {
    try {
      figures.sample();
    } catch (err) {
      // An index that traps is answered with errors, and has no height: a picture without a point is no
      // reason to end the process.
      sources.log.error({ err }, 'the console has no sample of this second');
    }
  };
  const sampling = setInterval(sample, INTERVAL_MS);
  sampling.unref();
  const alarms = new Alarms(sources.registry, () => bucketsOf(histograms), now);
  const judge = () => alarms.read().catch((err) => sources.log.error({ err }, 'alarms failed'));
  const judging = setInterval(judge, READING_INTERVAL_MS);
  judging.unref();
  let node: () => Network['node'] = () => null;
  const numberSpace = new NumberSpaceHost({
    indexes,
    routes: () => routes.all(),
    log: sources.log,
  });
  return {
    services: {
      consoleFiles: readConsoleFiles(),
      readings: {
        '/admin/v1/number-space': (query) => numberSpace.answer(query),
        '/admin/v1/alarms': () => json(alarms.all()),
        '/admin/v1/network': () => json({ node: node() } satisfies Network),
        '/admin/v1/figures': (query) => json(figures.since(Number(query.get('sinceMs') ?? 0))),
      },
      routingInfo: (ueId, query) =>
        answerRoutingInfo(ueId, query, currentResolver(), sources.askLedger),
    },
    watchNetwork(describe, registry) {
      node = describe;
      alarms.watch(registry);
    },
    leaveIndexes: () => numberSpace.leave(),
    close() {
      clearInterval(sampling);
      clearInterval(judging);
      return numberSpace.leave();
    },
  };
}
