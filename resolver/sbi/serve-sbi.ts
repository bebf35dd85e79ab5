// The service-based interfaces of one thread: brings together the listener, the router and what the
// router needs.

// The global of that name is a getter, which costs as much again as the clock.
import { performance } from 'node:perf_hooks';
import type { HttpAnswer } from '../http/http-answer.ts';
import type { OnError } from '../http/http-handler.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { ReadCounts } from '../metrics/shared-counters.ts';
import type { NumberResolver } from '../resolve.ts';
import type { RouteTable } from '../route-table.ts';
import { startCongestionMeter } from './congestion-meter.ts';
import { H2Client } from './h2-client.ts';
import { createH2Counters } from './h2-counters.ts';
import { H2_LIMITS } from './h2-limits.ts';
import { type H2Server, listenH2 } from './h2-server.ts';
import { createNrfRelay } from './nrf/nrf-relay.ts';
import { PreparedDiscoveries } from './prepared-discovery.ts';
import { RouteGroups } from './route-groups.ts';
import type { SbiRequest } from './sbi-message.ts';
import { routeSbi, type SbiServices } from './sbi-router.ts';
import type { SbiSettings } from './sbi-settings.ts';

export interface ServeSbiOptions {
  host: string;
  port: number;
  settings: SbiSettings;
  resolver: NumberResolver;
  routes: RouteTable;
  /** The minimal NRF, for where the settings name no real one. */
  askMinimalNrf: (request: SbiRequest) => Promise<HttpAnswer>;
  authorise: SbiServices['authorise'];
  nbchf?: SbiServices['nbchf'];
  onError: OnError;
  /** Told how many milliseconds it took to decide what a request is answered. */
  onAnswered?: (milliseconds: number) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface SbiServer extends H2Server {
  counters: ReadCounts;
}

/** Listens. Throws BCHF_LISTEN_FAILED. */
export async function serveSbi(options: ServeSbiOptions): Promise<SbiServer> {
  const { host, port, settings, resolver, routes, onError, now } = options;
  const { nfInstanceId, tls, nrf } = settings;
  const timed = <T>(answer: T | Promise<T>, sinceMs: number): T | Promise<T> => {
    if (answer instanceof Promise) return answer.then((late) => timed(late, sinceMs));
    options.onAnswered?.(performance.now() - sinceMs);
    return answer;
  };
  const groups = new RouteGroups(routes);
  const meter = startCongestionMeter();
  const counters = createH2Counters();
  const client = nrf && new H2Client(nrf.origin, nrf.ca);
  const services: SbiServices = {
    resolver,
    siblingsOf: (route) => groups.siblingsOf(route),
    routesVersion: () => groups.version,
    prepared: new PreparedDiscoveries(),
    collocated: settings.collocated,
    scheme: settings.elementScheme,
    validitySeconds: settings.validitySeconds,
    askNrf:
      client === undefined || nrf === undefined
        ? options.askMinimalNrf
        : createNrfRelay({
            client,
            origin: nrf.origin,
            pseudonym: `bchf-${nfInstanceId}`,
            scheme: tls ? 'https' : 'http',
            timeoutMs: nrf.timeoutMs,
            now,
          }),
    authorise: options.authorise,
    nbchf: options.nbchf,
    congestion: meter.level,
    now,
  };
  try {
    const server = await listenH2({
      host,
      port,
      tls,
      limits: { ...H2_LIMITS, ...settings.limits, connectionsMax: settings.connectionsMax },
      counters,
      handle: (request) => {
        const sinceMs = performance.now();
        const failed = (error: unknown) =>
          onError(error, requestIdOf((name) => request.headers[name]) ?? request.nameInAudit);
        try {
          const answer = routeSbi(request, services);
          return timed(answer instanceof Promise ? answer.catch(failed) : answer, sinceMs);
        } catch (error) {
          return timed(failed(error), sinceMs);
        }
      },
      onError: (error) => onError(error, undefined),
      now,
    });
    return {
      port: server.port,
      counters: counters.read,
      async close() {
        await server.close();
        meter.stop();
        client?.close();
      },
    };
  } catch (error) {
    meter.stop();
    throw error;
  }
}
