// One serving thread: it owns its sockets and its readers of the shared index memories, and answers
// until it is told to stop. Started by worker-pool; its messages are in worker-messages.

import { parentPort, workerData } from 'node:worker_threads';
import { IDENTITIES, type Identity } from '../ledger/number.ts';
import { IndexError } from '../wasm/number-index.ts';
import { openReader, type WasmReader } from '../wasm/wasm-reader.ts';
import { answeredCounter, COUNTER_TABLE, droppedCounter } from './counter-table.ts';
import { createEnumHandler } from './enum/enum-answer.ts';
import { createEnumCounters } from './enum/enum-counters.ts';
import { listenEnumTcp } from './enum/enum-tcp.ts';
import { createEnumZone, type EnumZone } from './enum/enum-zone.ts';
import { NewestBlock } from './freshness.ts';
import { createBatchPool } from './http/batch-pool.ts';
import type { HttpAnswer } from './http/http-answer.ts';
import { routeRequest } from './http/http-router.ts';
import { type HttpServer, listenHttp } from './http/http-server.ts';
import { problem } from './http/problem.ts';
import { type ReadCounts, SharedCounters } from './metrics/shared-counters.ts';
import { NumberResolver } from './resolve.ts';
import { RouteTable } from './route-table.ts';
import { createMainNrfClient } from './sbi/main-nrf-client.ts';
import { serveSbi } from './sbi/serve-sbi.ts';
import { createBatchHandler } from './udp/batch-handler.ts';
import { createDgramTransport } from './udp/dgram-transport.ts';
import type { UdpTransport } from './udp/udp-transport.ts';
import type { ListeningPorts, WorkerEvent, WorkerRequest, WorkerStart } from './worker-messages.ts';

const COUNTERS_INTERVAL_MS = 250;
/** Longest time that a thread takes to close its sockets after a fault. */
const CLOSING_MAX_MS = 2000;

if (!parentPort) throw new Error('worker.ts is started as a worker thread');
const port = parentPort;
const start = workerData as WorkerStart;
const post = (event: WorkerEvent) => port.postMessage(event);

const readers = Object.fromEntries(
  IDENTITIES.map((identity) => [identity, openReader(start.memories[identity])]),
) as Record<Identity, WasmReader>;
post({
  type: 'reading',
  readerNumbers: { imsi: readers.imsi.readerNumber, msisdn: readers.msisdn.readerNumber },
});
const routes = new RouteTable();
routes.apply(start.routes);
const newest = new NewestBlock(start.newestBlock);
const resolver = new NumberResolver(readers, routes, newest, Date.now);

/** Closes in the order in which they were opened. */
const closers: (() => void | Promise<void>)[] = [];
const counts: Record<string, ReadCounts> = {};

/** One request at a time is under way: all scrapes that come meanwhile share its answer. */
let metricsWanted: { text: Promise<string>; answer: (text: string) => void } | undefined;

function requestMetrics(): Promise<string> {
  if (!metricsWanted) {
    let answer: (text: string) => void = () => {};
    const text = new Promise<string>((resolve) => {
      answer = resolve;
    });
    metricsWanted = { text, answer };
    post({ type: 'metrics-wanted' });
  }
  return metricsWanted.text;
}

/** What a request gets whose handling failed. */
function answerFault(error: unknown): HttpAnswer {
  if (error instanceof IndexError && error.code === 'BCHF_INDEX_TRAP') {
    // The instance must not be used again: this request gets its answer, then the thread ends.
    setImmediate(fail, error);
  } else {
    post({ type: 'fault', message: error instanceof Error ? error.message : String(error) });
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
  const batchPool = createBatchPool(() => start.memories, start.newestBlock);
  closers.push(() => batchPool.close());
  const services = { resolver, routes, metrics: requestMetrics, longBatches: batchPool.run };
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

async function serveBatch(host: string, wantedPort: number, reusePort: boolean): Promise<number> {
  const handler = createBatchHandler({
    readerOf: (identity) => readers[identity],
    freshness: (identity) => {
      const height = resolver.height(identity);
      return {
        height,
        lagMs: newest.lagMs(height, Date.now()),
        routeTableVersion: routes.version,
      };
    },
    routeJson: (number) => {
      const json = routes.json(number);
      return json === undefined ? undefined : Buffer.from(json);
    },
  });
  const transport = createDgramTransport({ host, port: wantedPort, reusePort });
  transport.handle(handler.handle);
  counts.batch = () => {
    const { dropped, ...rest } = handler.counters();
    for (const [reason, total] of Object.entries(dropped)) {
      Object.assign(rest, { [droppedCounter(reason)]: total });
    }
    return rest;
  };
  return openTransport(transport, 'batchUdp');
}

async function openTransport(transport: UdpTransport, group: string): Promise<number> {
  counts[group] = () => ({ ...transport.counters() });
  const { port: actualPort } = await transport.open();
  closers.push(() => transport.close());
  return actualPort;
}

const enumCounters = createEnumCounters();
counts.enum = () => enumCounters;
const enumLookup = {
  find: (key: number) => {
    const found = resolver.find({ identity: 'msisdn', key });
    return found && { entry: found.entry.entry, route: found.route };
  },
  hasBelow: (key: number) => resolver.hasBelow({ identity: 'msisdn', key }),
};

function serveEnumUdp(
  host: string,
  wantedPort: number,
  reusePort: boolean,
  zone: EnumZone,
): Promise<number> {
  const transport = createDgramTransport({ host, port: wantedPort, reusePort });
  transport.handle(
    createEnumHandler({ transport: 'udp', zone, lookup: enumLookup, counters: enumCounters }),
  );
  return openTransport(transport, 'enumUdp');
}

async function serveEnumTcp(host: string, wantedPort: number, zone: EnumZone): Promise<number> {
  const server = await listenEnumTcp({
    host,
    port: wantedPort,
    answer: createEnumHandler({
      transport: 'tcp',
      zone,
      lookup: enumLookup,
      counters: enumCounters,
    }),
    counters: enumCounters,
  });
  closers.push(() => server.close());
  return server.port;
}

const mainNrf = createMainNrfClient((question, request) =>
  post({ type: 'nrf-question', question, request }),
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
  const { host, sockets, ports, reusePort } = start;
  const zone = createEnumZone(start.enumZone);
  const listening: ListeningPorts = { ...ports };
  if (sockets.http) listening.http = await serveHttp(host, ports.http);
  if (sockets.batch) listening.batch = await serveBatch(host, ports.batch, reusePort);
  if (sockets.enumUdp) listening.enum = await serveEnumUdp(host, ports.enum, reusePort, zone);
  if (sockets.enumTcp) await serveEnumTcp(host, listening.enum, zone);
  if (sockets.sbi) listening.sbi = await serveSbiSockets(host, ports.sbi);
  return listening;
}

const counters = new SharedCounters(COUNTER_TABLE, start.workerCount, start.counters);
const copyCounters = counters.mirror(start.worker, counts);
const copying = setInterval(copyCounters, COUNTERS_INTERVAL_MS);

const listening = listen();

async function closeSockets(): Promise<void> {
  clearInterval(copying);
  // A socket that is being opened could not be closed yet, and would keep the thread alive.
  await listening.catch(() => {});
  for (const close of closers) await close();
  copyCounters();
}

async function stop(): Promise<void> {
  await closeSockets();
  for (const identity of IDENTITIES) readers[identity].close();
  port.close();
}

let isFailing = false;

/**
 * Ends the thread after a fault; the pool starts another in its place.
 *
 * uWebSockets.js takes the process down when its thread ends with open handles, so they are closed
 * first. The places among the readers are left to the main thread: given back here, one could be
 * another thread's when the main thread hears of this one's end and takes it away.
 */
async function fail(error: Error): Promise<void> {
  post({ type: 'fault', message: error.stack ?? String(error) });
  if (isFailing) return;
  isFailing = true;
  setTimeout(() => process.exit(1), CLOSING_MAX_MS);
  await closeSockets().finally(() => process.exit(1));
}

port.on('message', (request: WorkerRequest) => {
  switch (request.type) {
    case 'routes':
      routes.apply(request.changes);
      post({ type: 'routes-applied', version: request.changes.version });
      break;
    case 'metrics':
      metricsWanted?.answer(request.text);
      metricsWanted = undefined;
      break;
    case 'nrf-answer':
      mainNrf.answered(request.question, request.answer);
      break;
    case 'stop':
      stop();
      break;
  }
});

process.on('uncaughtException', fail);

try {
  post({ type: 'listening', ports: await listening });
} catch (error) {
  post({ type: 'refused', message: error instanceof Error ? error.message : String(error) });
  await stop();
}
