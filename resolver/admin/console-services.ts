// What the console asks of the process, besides what the admin port has for everybody: the last
// minutes, and look-ups that the main thread answers, so that they work when serving threads do not.

import { heightOfLabel, type NewestBlock } from '../freshness.ts';
import { answerRoutingInfo } from '../http/routing-info.ts';
import type { AskLedger } from '../ledger-questions.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import { NumberResolver } from '../resolve.ts';
import type { RouteTable } from '../route-table.ts';
import type { IndexPair } from '../snapshot/snapshot-file.ts';
import { json } from './admin-answer.ts';
import type { AdminServices } from './admin-server.ts';
import { readConsoleFiles } from './console-files.ts';
import { counterReader } from './interface-figures.ts';
import { INTERVAL_MS, LiveFigures } from './live-figures.ts';

export interface ConsoleSources {
  counters: SharedCounters;
  histograms: SharedCounters;
  /** Those that are served now. */
  indexes: () => IndexPair;
  routes: RouteTable;
  newestBlock: NewestBlock;
  threads: () => number;
  /** Absent where no ledger is followed. */
  askLedger: AskLedger | undefined;
  now: () => number;
}

export interface OperatorConsole {
  services: Pick<AdminServices, 'consoleFiles' | 'readings' | 'routingInfo'>;
  close(): void;
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
  const sampling = setInterval(() => figures.sample(), INTERVAL_MS);
  sampling.unref();
  return {
    services: {
      consoleFiles: readConsoleFiles(),
      readings: {
        '/admin/v1/figures': (query) => json(figures.since(Number(query.get('sinceMs') ?? 0))),
      },
      routingInfo: (ueId, query) =>
        answerRoutingInfo(ueId, query, currentResolver(), sources.askLedger),
    },
    close: () => clearInterval(sampling),
  };
}
