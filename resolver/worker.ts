// A serving thread of HTTP, of the service-based interfaces and of ENUM over TCP. What it has in common
// with the threads of UDP is in serving-thread.ts.

import { createPublicKey } from 'node:crypto';
// The global of that name is a getter, which costs as much again as the clock.
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { IndexError } from '../wasm/number-index.ts';
import { LATENCY_WORDS } from '../wasm/packet-layout.ts';
import { AUDITED_HEADERS, GATE_HEADERS, guardHttp } from './access/http-gate.ts';
import { QuickGate } from './access/quick-gate.ts';
import { guardSbi } from './access/sbi-gate.ts';
import { answeredCounter } from './counter-table.ts';
import { createEnumCounters } from './enum/enum-counters.ts';
import { EnumEndpoint } from './enum/enum-endpoint.ts';
import { enumLookupOf } from './enum/enum-lookup.ts';
import { listenEnumTcp } from './enum/enum-tcp.ts';
import { type BatchQuestion, resolveBatch } from './http/batch-answer.ts';
import { createBatchPool } from './http/batch-pool.ts';
import { ChangeStreams } from './http/change-streams.ts';
import { type HttpAnswer, STATUS_CODES, type StatusCode } from './http/http-answer.ts';
import type { HttpHandler, HttpStream, QuickAnswers } from './http/http-handler.ts';
import { headersReadAt, ROUTING_INFO_PATH, routeRequest } from './http/http-router.ts';
import { listenHttp } from './http/http-server.ts';
import { PreparedAnswers } from './http/prepared-answers.ts';
import { problem } from './http/problem.ts';
import { newRequestId, REQUEST_ID_HEADER } from './http/request-id.ts';
import { LedgerClient } from './ledger-questions.ts';
import { createLatencyWords } from './metrics/latency-words.ts';
import { createAuthoriser, tokenRefusal } from './sbi/authorise.ts';
import { createMainNrfClient } from './sbi/main-nrf-client.ts';
import { nbchfOverSbi } from './sbi/nbchf-resources.ts';
import { serveSbi } from './sbi/serve-sbi.ts';
import { createTokenReader } from './sbi/token-reader.ts';
import { ServingThread } from './serving-thread.ts';
import type { ListeningPorts } from './worker-messages.ts';

if (!parentPort) throw new Error('worker.ts is started as a worker thread');
const thread = new ServingThread(parentPort, workerData);
const { start, resolver, routes, counts, histograms, closers } = thread;

/** What the gate goes by, and the audit log with it: most requests share one list. */
const gateHeaders = start.access?.audit ? AUDITED_HEADERS : GATE_HEADERS;

function gatedHeaders(path: string): readonly string[] {
  const own = headersReadAt(path);
  return own.length === 0 ? gateHeaders : [...own, ...gateHeaders];
}

/** How often streams of changes are looked after. */
const CHANGES_TICK_MS = 1000;

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

const ledger = start.followsLedger
  ? new LedgerClient((posted) => thread.post({ type: 'ledger-question', posted }))
  : undefined;
let changes: ChangeStreams | undefined;

const { nfInstanceId, tokenPolicy, tokenPublicKey } = start.sbi;
const readToken = createTokenReader(createPublicKey(tokenPublicKey), Date.now);
const checkLatency = createLatencyWords(LATENCY_WORDS);
// Loaded only where it is used: rules are read with a library that costs a thread more than all else.
const access =
  start.access &&
  (await import('./access/thread-access.ts')).openThreadAccess(
    start.access,
    checkLatency.record,
    (event) => thread.post({ type: 'access', event }),
    resolver,
  );
if (access) {
  counts.access = access.counters;
  histograms.credentialCheck = checkLatency.read;
}

/** What a request gets whose handling failed. */
function answerFault(error: unknown, given: string | undefined): HttpAnswer {
  // One that its sender did not name gets a name here: the line in the log has it, and so has the answer.
  const requestId = given ?? newRequestId();
  if (error instanceof IndexError && error.code === 'BCHF_INDEX_TRAP') {
    // The instance must not be used again: this request gets its answer, then the thread ends.
    setImmediate(() => thread.fail(error));
  }
  const message = error instanceof Error ? error.message : String(error);
  thread.post({ type: 'fault', message, requestId });
  return problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.', {}, [
    [REQUEST_ID_HEADER, requestId],
  ]);
}

/** Streams of changes of a thread, which serves HTTP/1.1 or HTTP/2; they end before its sockets are closed. */
function openChanges({ ask }: LedgerClient, streamsMax: number): ChangeStreams {
  const streams = new ChangeStreams({
    ...{ ask, routes, servedHeight: resolver.height('msisdn'), streamsMax },
    now: () => performance.now(),
  });
  changes = streams;
  counts.changeStreams = () => streams.counters;
  const ticking = setInterval(() => streams.tick(), CHANGES_TICK_MS);
  closers.push(() => {
    clearInterval(ticking);
    streams.close();
  });
  return streams;
}

async function serveHttp(host: string, wantedPort: number): Promise<number> {
  const counters: Record<string, number> = { lookedUpNumbers: 0 };
  const answered: Partial<Record<StatusCode, number>> = {};
  counts.http = () => {
    for (const status of STATUS_CODES) counters[answeredCounter(status)] = answered[status] ?? 0;
    return counters;
  };
  const latency = createLatencyWords(LATENCY_WORDS);
  histograms.httpLatency = latency.read;
  type Answer = HttpAnswer | HttpStream;
  const timed = <Given extends Answer>(answer: Given, sinceMs: number): Given => {
    latency.record(performance.now() - sinceMs);
    return answer;
  };
  const measured = <Given extends Answer>(answer: Given | Promise<Given>, sinceMs: number) =>
    answer instanceof Promise
      ? answer.then((late) => timed(late, sinceMs))
      : timed(answer, sinceMs);
  const countNumbers = (numbers: number) => {
    counters.lookedUpNumbers! += numbers;
  };
  const batchPool = createBatchPool(() => thread.memories, start.newestBlock);
  thread.otherReaders.push(() => batchPool.settled());
  closers.push(() => batchPool.close());
  const services = {
    resolver,
    routes,
    metrics: requestMetrics,
    longBatches: batchPool.run,
    countNumbers,
    ...(ledger && {
      askLedger: ledger.ask,
      changes: openChanges(ledger, start.changeStreamsMax.http),
    }),
  };
  const route: HttpHandler = (request) => routeRequest(request, services);
  const answers = new PreparedAnswers(resolver);
  let handle = route;
  let answerQuickly: QuickAnswers['answer'] = (segment) => answers.answer(segment);
  if (access) {
    const { httpTokenPolicy: policy, audit } = start.access!;
    const authorise = createAuthoriser({ policy, readToken, nfInstanceId });
    const known = { readsTokens: policy !== 'off', readsRequestIds: audit !== undefined };
    const quickGate = new QuickGate({ gate: access.gate, answers, ...known });
    handle = guardHttp(route, access.gate, authorise, 'http', quickGate);
    answerQuickly = quickGate.answer;
  }
  const quick: QuickAnswers = {
    collection: ROUTING_INFO_PATH,
    answer(segment, request) {
      const sinceMs = performance.now();
      const answered = answerQuickly(segment, request);
      if (!answered) return undefined;
      countNumbers(1);
      latency.record(performance.now() - sinceMs);
      return answered;
    },
  };
  const server = await listenHttp(
    host,
    wantedPort,
    (request) => {
      const sinceMs = performance.now();
      const answer = handle(request);
      if ('bytesMax' in answer) {
        const { bytesMax, answer: late } = answer;
        // A body takes the time that its sender takes; what counts begins when it is there.
        const whole = (body: Uint8Array) => {
          const wholeMs = performance.now();
          return measured(late(body), wholeMs);
        };
        return { bytesMax, answer: whole };
      }
      if (request.path.startsWith(ROUTING_INFO_PATH)) countNumbers(1);
      return measured(answer, sinceMs);
    },
    answerFault,
    {
      headerNames: access ? gatedHeaders : headersReadAt,
      quick,
      tls: start.httpTls,
      onAnswer(status) {
        answered[status] = (answered[status] ?? 0) + 1;
      },
      onBroken() {
        counters.brokenRequests = (counters.brokenRequests ?? 0) + 1;
      },
      openFilesMax: start.httpOpenFilesMax,
      onFull() {
        counters.fullPauses = (counters.fullPauses ?? 0) + 1;
      },
    },
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
  const authorise = createAuthoriser({ policy: tokenPolicy, readToken, nfInstanceId });
  const latency = createLatencyWords(LATENCY_WORDS);
  histograms.sbiLatency = latency.read;
  const nbchfServices = {
    ...{ resolver, routes, metrics: requestMetrics },
    // Bodies are short here, so there is no pool: they are answered in a millisecond or two.
    longBatches: async (question: BatchQuestion) => resolveBatch(question, resolver),
    ...(ledger && {
      askLedger: ledger.ask,
      changes: openChanges(ledger, start.changeStreamsMax.sbi),
    }),
  };
  const routeNbchf: HttpHandler = (request) => routeRequest(request, nbchfServices);
  const server = await serveSbi({
    host,
    onAnswered: latency.record,
    port: wantedPort,
    settings: start.sbi,
    resolver,
    routes,
    askMinimalNrf: mainNrf.ask,
    authorise: access
      ? guardSbi(access.gate, authorise)
      : (service, request) => tokenRefusal(authorise(service, request)),
    nbchf: nbchfOverSbi(access ? guardHttp(routeNbchf, access.gate, authorise, 'sbi') : routeNbchf),
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
  // Closed after the sockets, whose last requests it may still note.
  closers.push(() => access?.close());
  return listening;
}

await thread.serve(listen, (request) => {
  if (request.type === 'enum-settings') enumEndpoint.apply(request.settings);
  if (request.type === 'ledger-answer') ledger?.answered(request.posted);
  if (request.type === 'block-served') changes?.served(request.height);
  if (request.type === 'access') access?.onRequest(request.request);
  if (request.type === 'nrf-answer') mainNrf.answered(request.question, request.answer);
  if (request.type === 'metrics') {
    metricsWanted?.answer(request.text);
    metricsWanted = undefined;
  }
});
