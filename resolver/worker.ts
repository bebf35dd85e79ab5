// A serving thread of HTTP, of the service-based interfaces and of ENUM over TCP. What it has in common
// with the threads of UDP is in serving-thread.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { IndexError } from '../wasm/number-index.ts';
import { answeredCounter } from './counter-table.ts';
import { createEnumCounters } from './enum/enum-counters.ts';
import { EnumEndpoint } from './enum/enum-endpoint.ts';
import { enumLookupOf } from './enum/enum-lookup.ts';
import { listenEnumTcp } from './enum/enum-tcp.ts';
import { createBatchPool } from './http/batch-pool.ts';
import type { HttpAnswer } from './http/http-answer.ts';
import { routeRequest } from './http/http-router.ts';
import { type HttpServer, listenHttp } from './http/http-server.ts';
import { problem } from './http/problem.ts';
import { ProvenanceRequests } from './provenance.ts';
import { createMainNrfClient } from './sbi/main-nrf-client.ts';
import { serveSbi } from './sbi/serve-sbi.ts';
import { ServingThread } from './serving-thread.ts';
import type { ListeningPorts } from './worker-messages.ts';

if (!parentPort) throw new Error('worker.ts is started as a worker thread');
const thread = new ServingThread(parentPort, workerData);
const { start, resolver, routes, counts, closers } = thread;

/** One request at a time is under way: all scrapes that come meanwhile share its answer. */
let metricsWanted: { text: Promise<string>; answer: (text: string) => void } | undefined;

function requestMetrics(): Promise<string> {
  if (!metricsWanted) {
    let answer: (text: string) => void = () => {};
    const text = new Promise<string>((resolve) => {
      answer = resolve;
    });
    metricsWanted = { text, answer };
    thread.post({ type: 'metrics-wanted' });
  }
  return metricsWanted.text;
}

const provenance = new ProvenanceRequests((id, entries, height) =>
  thread.post({ type: 'origins-wanted', id, entries, height }),
);

/** What a request gets whose handling failed. */
function answerFault(error: unknown): HttpAnswer {
  if (error instanceof IndexError && error.code === 'BCHF_INDEX_TRAP') {
    // The instance must not be used again: this request gets its answer, then the thread ends.
    setImmediate(() => thread.fail(error));
  } else {
    const message = error instanceof Error ? error.message : String(error);
    thread.post({ type: 'fault', message });
  }
  return problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.');
}

async function serveHttp(host: string, wantedPort: number): Promise<number> {
  const counters: Record<string, number> = {};
  counts.http = () => counters;
  const count = (answer: HttpAnswer): HttpAnswer => {
    const name = answeredCounter(answer.status);
    counters[name] = (counters[name] ?? 0) + 1;
    return answer;
  };
  const counted = (answer: HttpAnswer | Promise<HttpAnswer>) =>
    answer instanceof Promise ? answer.then(count) : count(answer);
  const batchPool = createBatchPool(() => thread.memories, start.newestBlock);
  thread.otherReaders.push(() => batchPool.settled());
  closers.push(() => batchPool.close());
  const services = {
    resolver,
    routes,
    metrics: requestMetrics,
    longBatches: batchPool.run,
    ...(start.hasOrigins && { provenanceOf: provenance.ask }),
  };
  const server: HttpServer = await listenHttp(
    host,
    wantedPort,
    (request) => {
      const answer = routeRequest(request, services);
      if ('bytesMax' in answer) {
        const { bytesMax, answer: late } = answer;
        return { bytesMax, answer: (body) => counted(late(body)) };
      }
      return counted(answer);
    },
    (error) => count(answerFault(error)),
  );
  closers.push(() => server.close());
  return server.port;
}

const enumCounters = createEnumCounters();
counts.enum = () => enumCounters;
const enumEndpoint = new EnumEndpoint({
  settings: start.enumSettings,
  lookup: enumLookupOf(resolver),
  counters: enumCounters,
  nowMs: Date.now,
});

async function serveEnumTcp(host: string, wantedPort: number, reusePort: boolean): Promise<void> {
  const server = await listenEnumTcp({
    host,
    port: wantedPort,
    reusePort,
    answer: enumEndpoint.handler('tcp'),
    limits: start.enumSettings.tcp,
    counters: enumCounters,
  });
  closers.push(() => server.close());
}

const mainNrf = createMainNrfClient((question, request) =>
  thread.post({ type: 'nrf-question', question, request }),
);

async function serveSbiSockets(host: string, wantedPort: number): Promise<number> {
  const server = await serveSbi({
    host,
    port: wantedPort,
    settings: start.sbi,
    resolver,
    routes,
    askMinimalNrf: mainNrf.ask,
    onError: answerFault,
    now: Date.now,
  });
  counts.sbi = server.counters;
  closers.push(() => server.close());
  return server.port;
}

async function listen(): Promise<ListeningPorts> {
  const { host, sockets, ports, reuseTcpPort } = start;
  const listening: ListeningPorts = { ...ports };
  if (sockets.http) listening.http = await serveHttp(host, ports.http);
  if (sockets.enumTcp) await serveEnumTcp(host, ports.enum, reuseTcpPort);
  if (sockets.sbi) listening.sbi = await serveSbiSockets(host, ports.sbi);
  return listening;
}

await thread.serve(listen, (request) => {
  if (request.type === 'enum-settings') enumEndpoint.apply(request.settings);
  if (request.type === 'origins') provenance.answered(request.id, request.origins);
  if (request.type === 'nrf-answer') mainNrf.answered(request.question, request.answer);
  if (request.type === 'metrics') {
    metricsWanted?.answer(request.text);
    metricsWanted = undefined;
  }
});
