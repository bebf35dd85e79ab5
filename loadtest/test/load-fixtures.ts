// A small population with servers for it that answer rightly, or wrongly where a test says so.

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Identity } from '../../ledger/number.ts';
import { digitsOf, formatUeId, lengthOf, parseUeId } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { exampleRoute } from '../../resolver/test/example-route.ts';
import { type BatchHandler, createBatchHandler } from '../../resolver/udp/batch-handler.ts';
import { createDgramTransport } from '../../resolver/udp/dgram-transport.ts';
import type { UdpHandler } from '../../resolver/udp/udp-transport.ts';
import type { IndexReader } from '../../wasm/number-index.ts';
import type { LoadOptions } from '../load-options.ts';
import type { ExpectedMatch, NumberSource } from '../number-source.ts';
import { drawPool } from '../number-source.ts';

const ROUTES = 100;
const KIND_CODES = { prefix: 1, fragmented: 2, ported: 3 } as const;

/** Decides by the last digits of a number what it is; both identities alike. */
export const source: NumberSource & { reset(): void } = (() => {
  let drawn = 0;
  return {
    reset() {
      drawn = 0;
    },
    draw() {
      const key = 18613900000000 + (drawn++ % 1000);
      return { identity: drawn % 3 === 0 ? ('imsi' as const) : ('msisdn' as const), key };
    },
    expected(_: Identity, key: number): ExpectedMatch | undefined {
      const route = `udm-${key % ROUTES}`;
      switch (key % 4) {
        case 0:
          return { entry: 'ported', from: key, to: key, route };
        case 1:
          return { entry: 'fragmented', from: key, to: key + 1, route };
        case 2:
          return { entry: 'prefix', from: 186139, to: 186139, route };
        default:
          return undefined;
      }
    },
  };
})();

/** A reader that computes its answers. */
function readerOf(
  identity: Identity,
  expected: NumberSource['expected'],
  routeNumberOf: (route: string) => number,
): IndexReader {
  return {
    batchMax: 128,
    lookup(keys, answers, count) {
      for (let index = 0; index < count; index++) {
        const key = keys[index]!;
        const match = expected(identity, key);
        answers[index] =
          match === undefined
            ? 0
            : (KIND_CODES[match.entry] << 30) |
              (lengthOf(match.entry === 'prefix' ? match.from : key) << 26) |
              routeNumberOf(match.route);
      }
    },
    lookupNames() {
      throw new Error('the batch protocol has no names');
    },
    find: () => undefined,
    explain: () => [],
    explainWithin: () => ({ entries: [], runsLeftOut: 0 }),
    hasBelow: () => false,
    label: () => new Uint8Array(0),
  };
}

/** Every tenth is so long that its details need the second, longer request. */
function routeOf(routeNumber: number): Route {
  const id = `udm-${routeNumber}`;
  if (routeNumber % 10 !== 0) return exampleRoute(id);
  return exampleRoute(id, {
    member: 'm'.repeat(64),
    fqdn: new Array(4).fill('x'.repeat(60)).join('.'),
    ipv4Addresses: new Array(8).fill('203.0.113.100'),
    groupId: 'g'.repeat(64),
    contractAddress: `0x${'0'.repeat(40)}`,
  });
}

/** What answers the batch protocol by computing: nothing is stored for a number. */
export function computedHandler(
  expected: NumberSource['expected'],
  routeNumberOf: (route: string) => number,
  routeAt: (routeNumber: number) => Route | undefined,
): BatchHandler['handle'] {
  const readers = {
    imsi: readerOf('imsi', expected, routeNumberOf),
    msisdn: readerOf('msisdn', expected, routeNumberOf),
  };
  return createBatchHandler({
    readerOf: (identity) => readers[identity],
    freshness: () => ({ height: 1, lagMs: 0, routeTableVersion: 1 }),
    routeJson: (routeNumber) => {
      const route = routeAt(routeNumber);
      return route && new TextEncoder().encode(JSON.stringify(route));
    },
  }).handle;
}

const smallHandler = computedHandler(
  source.expected,
  (route) => Number(route.slice('udm-'.length)),
  (routeNumber) => (routeNumber < ROUTES ? routeOf(routeNumber) : undefined),
);

export interface Server {
  port: number;
  close(): Promise<void>;
}

/** Serves UDP; `change` sees each request with its response and may change or drop it (0). */
export async function serveUdp(
  change: (message: Uint8Array, response: Uint8Array, bytes: number) => number = (_, __, bytes) =>
    bytes,
  handle = smallHandler,
): Promise<Server> {
  const transport = createDgramTransport({ host: '127.0.0.1', port: 0 });
  const handler: UdpHandler = (message, response) =>
    change(message, response, handle(message, response));
  transport.handle(handler);
  const { port } = await transport.open();
  return { port, close: () => transport.close() };
}

export interface HttpAnswer {
  status: number;
  body: string;
}

/** The answer of the interface for a path. */
function httpAnswerOf(path: string): HttpAnswer {
  const ueId = parseUeId(path.slice(path.lastIndexOf('/') + 1));
  const isPath = path.startsWith('/nbchf-routing/v1/routing-info/') && ueId !== undefined;
  if (!isPath) return { status: 400, body: '{"status":400,"cause":"MANDATORY_IE_INCORRECT"}' };
  const expected = source.expected(ueId.identity, ueId.key);
  if (expected === undefined) return { status: 404, body: '{"cause":"USER_NOT_FOUND"}' };
  const { entry, from, to, route } = expected;
  const match =
    entry === 'prefix'
      ? { entry, prefix: digitsOf(from) }
      : { entry, from: digitsOf(from), to: digitsOf(to) };
  return {
    status: 200,
    body: JSON.stringify({ ueId: formatUeId(ueId), match, route: { id: route } }),
  };
}

/**
 * Serves HTTP; `change` sees each answer with its number, from 0, and may change it, or return
 * `hang` to leave the request unanswered and `break` to end its connection.
 */
export async function serveHttp(
  change: (answer: HttpAnswer, count: number) => HttpAnswer | 'hang' | 'break' = (answer) => answer,
): Promise<Server> {
  let count = 0;
  const server = http.createServer((request, response) => {
    const answer = change(httpAnswerOf(request.url ?? ''), count++);
    if (answer === 'hang') return;
    if (answer === 'break') request.socket.destroy();
    else {
      // As the resolver does; written behind its head, a body would come in chunks.
      response.statusCode = answer.status;
      response.end(answer.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Stops this thread, and with it server and generator. */
export function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Options for a short run of `lookups` numbers. */
export function optionsOf(port: number, lookups: number): LoadOptions {
  source.reset();
  return {
    host: '127.0.0.1',
    port,
    pool: drawPool(source, lookups),
    durationMs: 10_000,
    lookupsMax: lookups,
    plan: undefined,
    connections: 2,
    timeoutMs: 1000,
    signal: new AbortController().signal,
  };
}
