// HTTP load in a closed loop: autocannon keeps every connection busy, this file tells it what to ask
// and checks what comes back.
//
// autocannon hands over a response without its request. HTTP/1.1 answers a connection's requests in
// their order (RFC 9112 section 9.3.2), so each connection has a queue here. More than `pipelining`
// requests in it mean that the connection was replaced and the first ones went with the old one.
// autocannon's own latencies are whole milliseconds and are not used.

import autocannon from 'autocannon';
import type { Histogram } from 'hdr-histogram-js';
import { measureUsage } from './generator-usage.ts';
import { pathOf } from './http-answers.ts';
import { createHttpTally } from './http-tally.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import type { PooledNumber } from './number-source.ts';

/** After so many failed connections and time-outs there is no server worth asking. */
const TRANSPORT_ERRORS_MAX = 100;
/** The shortest time-out that autocannon takes. */
const TIMEOUT_S_MIN = 1;
/** How often autocannon looks whether it is over. */
const SAMPLE_MS = 50;

interface Asked {
  number: PooledNumber;
  sentMs: number;
}

interface Connection {
  queue: Asked[];
  latencies: Histogram;
}

/** The client as autocannon makes it; its types leave out the event before each request. */
type Client = autocannon.Client & NodeJS.EventEmitter;

/** Runs a closed loop; `pipelining` is the requests under way on each connection. */
export async function runHttpClosedLoad(
  options: LoadOptions & { pipelining: number },
): Promise<LoadResult> {
  const { host, port, pool, signal, pipelining } = options;
  const tally = createHttpTally();
  const { counts } = tally;
  const nowMs = () => performance.now();
  const latencies: Histogram[] = [];
  const connections: Connection[] = [];
  let nextNumber = 0;
  /** The number of the request built last, and the connection that the next one is built for. */
  let built = pool[0]!;
  let building: Connection | undefined;
  let received = { status: 0, body: '' };

  function push(connection: Connection, number: PooledNumber): void {
    counts.sent++;
    connection.queue.push({ number, sentMs: nowMs() });
    if (connection.queue.length > pipelining) {
      connection.queue.shift();
      counts.lost++;
    }
  }

  function setupRequest(request: autocannon.Request): autocannon.Request {
    built = pool[nextNumber]!;
    nextNumber = (nextNumber + 1) % pool.length;
    if (building !== undefined) push(building, built);
    building = undefined;
    return { ...request, path: pathOf(built) };
  }

  function setupClient(client: Client): void {
    const connection: Connection = { queue: [], latencies: createLatencyHistogram() };
    connections.push(connection);
    latencies.push(connection.latencies);
    // A client builds its first request before this call and every other one after the event.
    const first = built;
    let isFirst = true;
    client.on('request', () => {
      if (isFirst) push(connection, first);
      else building = connection;
      isFirst = false;
    });
    client.on('response', () => {
      const asked = connection.queue.shift();
      if (asked === undefined) return;
      lastMs = nowMs();
      recordMs(connection.latencies, lastMs - asked.sentMs);
      tally.answer(asked.number, received.status, received.body);
    });
  }

  const isBounded = Number.isFinite(options.lookupsMax);
  const startMs = nowMs();
  let lastMs = startMs;
  const usageSince = measureUsage();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const timer = setTimeout(() => instance.stop(), options.durationMs);
    const stop = () => instance.stop();
    const instance = autocannon(
      {
        url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
        connections: Math.min(options.connections, options.lookupsMax),
        pipelining,
        duration: options.durationMs / 1000,
        ...(isBounded && { amount: options.lookupsMax }),
        timeout: Math.max(options.timeoutMs / 1000, TIMEOUT_S_MIN),
        bailout: TRANSPORT_ERRORS_MAX,
        sampleInt: SAMPLE_MS,
        setupClient: setupClient as (client: autocannon.Client) => void,
        requests: [
          {
            setupRequest,
            onResponse(status, body) {
              received = { status, body };
            },
          },
        ],
      },
      (error, finished) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        if (error) reject(error);
        else resolve(finished);
      },
    );
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  // With a bounded count autocannon notices only at its next look that all is answered.
  const elapsedMs = (isBounded && counts.answered > 0 ? lastMs : nowMs()) - startMs;
  const usage = usageSince();
  counts.transportErrors = result.errors;
  counts.unfinished = connections.reduce((sum, { queue }) => sum + queue.length, 0);
  return {
    protocol: 'http',
    counts,
    elapsedMs,
    offeredPerSecond: undefined,
    latencies,
    sendDelays: undefined,
    usage,
    examples: tally.examples,
    isInterrupted: signal.aborted,
  };
}
