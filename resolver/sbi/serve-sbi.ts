// The service-based interfaces of one thread: brings together the listener, the router and what the
// router needs.

import type { HttpAnswer } from '../http/http-answer.ts';
import type { ReadCounts } from '../metrics/shared-counters.ts';
import type { NumberResolver } from '../resolve.ts';
import type { RouteTable } from '../route-table.ts';
import { startCongestionMeter } from './congestion-meter.ts';
import { createH2Counters } from './h2-counters.ts';
import { H2_LIMITS } from './h2-limits.ts';
import { type H2Server, listenH2 } from './h2-server.ts';
import { RouteGroups } from './route-groups.ts';
import { emptySearchResult, routeSbi, type SbiServices } from './sbi-router.ts';
import type { SbiSettings } from './sbi-settings.ts';

export interface ServeSbiOptions {
  host: string;
  port: number;
  settings: SbiSettings;
  resolver: NumberResolver;
  routes: RouteTable;
  onError: (error: unknown) => HttpAnswer;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface SbiServer extends H2Server {
  counters: ReadCounts;
}

/** Listens. Throws BCHF_LISTEN_FAILED. */
export async function serveSbi(options: ServeSbiOptions): Promise<SbiServer> {
  const { host, port, settings, resolver, routes, onError, now } = options;
  const groups = new RouteGroups(routes);
  const meter = startCongestionMeter();
  const counters = createH2Counters();
  const services: SbiServices = {
    resolver,
    siblingsOf: (route) => groups.siblingsOf(route),
    collocated: settings.collocated,
    scheme: settings.elementScheme,
    validitySeconds: settings.validitySeconds,
    askNrf: async () => emptySearchResult(settings.validitySeconds),
    authorise: () => undefined,
    congestion: meter.level,
    now,
  };
  const server = await listenH2({
    host,
    port,
    limits: H2_LIMITS,
    counters,
    handle: (request) => routeSbi(request, services),
    onError,
    now,
  });
  return {
    port: server.port,
    counters: counters.read,
    close() {
      meter.stop();
      return server.close();
    },
  };
}
