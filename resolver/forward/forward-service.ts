// A forwarder that serves: its listener, its upstreams, its metrics. One thread: it waits for others
// more than it works.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Configuration, flagName } from '../config.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import { listenHttp } from '../http/http-server.ts';
import { problem } from '../http/problem.ts';
import type { Log } from '../log.ts';
import { addTotalCounter } from '../metrics/total-counter.ts';
import { probeHttpPort } from '../probe-ports.ts';
import { ResolverError } from '../resolver-error.ts';
import { FORWARD_HEADERS, type ForwardServices, handleForward } from './forward-handler.ts';
import type { forwardOptions } from './forward-options.ts';
import { Forwarder } from './forwarder.ts';
import { UPSTREAM_OUTCOMES, Upstream } from './upstream.ts';

const NAME_BYTES = 8;
const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

export interface ForwardService {
  port: number;
  stop(): Promise<void>;
}

/** Throws BCHF_CONFIG_INVALID and BCHF_LISTEN_FAILED. */
export async function startForward(
  { values: config }: Configuration<typeof forwardOptions>,
  log: Log,
): Promise<ForwardService> {
  const { upstreams: urls, upstreamCa, timeoutMs, hedgeMs, httpTlsCert, httpTlsKey } = config;
  if (urls.length === 0) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${flagName('upstreams')}: none is given`);
  }
  await probeHttpPort(config);
  const ca = upstreamCa === '' ? undefined : await readFile(upstreamCa, 'utf8').catch(noCa);
  const upstreams = urls.map((url) => new Upstream(new URL(url), ca));
  const forwarder = new Forwarder({ upstreams, timeoutMs, hedgeMs });
  const { registry, answered } = createRegistry(forwarder, upstreams);
  const services: ForwardServices = {
    forwarder,
    name: randomBytes(NAME_BYTES).toString('hex'),
    isReady: () => upstreams.some(({ isUp }) => isUp),
    metrics: () => registry.metrics(),
  };
  const onError = (error: unknown): HttpAnswer => {
    log.error({ err: error }, 'a request could not be answered');
    return problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.');
  };
  const timed = (answer: HttpAnswer | Promise<HttpAnswer>) => {
    const startedMs = performance.now();
    const note = (late: HttpAnswer) => {
      answered(late.status, (performance.now() - startedMs) / 1000);
      return late;
    };
    return answer instanceof Promise ? answer.then(note) : note(answer);
  };
  const server = await listenHttp(
    config.host,
    config.httpPort,
    (request) => {
      const answer = handleForward(request, services);
      if (!('bytesMax' in answer)) return timed(answer);
      return { bytesMax: answer.bytesMax, answer: (body) => timed(answer.answer(body)) };
    },
    onError,
    {
      headerNames: () => FORWARD_HEADERS,
      tls: httpTlsCert === '' ? undefined : { certFile: httpTlsCert, keyFile: httpTlsKey },
    },
  );
  return {
    port: server.port,
    async stop() {
      server.close();
      for (const upstream of upstreams) upstream.close();
    },
  };
}

function noCa(cause: Error): never {
  throw new ResolverError('BCHF_CONFIG_INVALID', `${flagName('upstreamCa')}: ${cause.message}`, {
    cause,
  });
}

function createRegistry(forwarder: Forwarder, upstreams: readonly Upstream[]) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const latency = new Histogram({
    name: 'bchf_forward_seconds',
    help: 'Seconds from a request to its answer.',
    labelNames: ['status'],
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  new Counter({
    name: 'bchf_forward_upstream_requests_total',
    help: 'Requests to each upstream, by what came of them.',
    labelNames: ['upstream', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { url, counts } of upstreams) {
        for (const outcome of UPSTREAM_OUTCOMES) {
          this.inc({ upstream: url.origin, outcome }, counts[outcome]);
        }
      }
    },
  });
  new Gauge({
    name: 'bchf_forward_upstream_up',
    help: '1: the upstream is asked in its turn, 0: it has failed and is asked last.',
    labelNames: ['upstream'],
    registers,
    collect() {
      for (const { url, isUp } of upstreams) this.set({ upstream: url.origin }, isUp ? 1 : 0);
    },
  });
  const counter = (name: string, help: string, read: () => number) =>
    addTotalCounter(registry, name, help, read);
  counter(
    'bchf_forward_hedges_total',
    'Requests put to a second upstream because the first was slow.',
    () => forwarder.hedgeCount,
  );
  counter(
    'bchf_forward_failovers_total',
    'Requests put to another upstream because one failed.',
    () => forwarder.failoverCount,
  );
  return {
    registry,
    answered: (status: number, seconds: number) =>
      latency.observe({ status: String(status) }, seconds),
  };
}
