// A client of the UDP batch protocol.
//
// Owns request ids, time-outs and repeats. Leaves out the bytes (batch-codec.ts), splitting of more
// numbers than a request holds, and caching of routes.
//
// A repeat carries the id of the first try, so that a late answer to either serves; whatever comes
// after that matches nothing and is counted. The socket is connected: the system passes on only
// datagrams from the server's own address.

import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Identity, NumberKey } from '../../ledger/number.ts';
import { isNumberKey } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { routeSchema } from '../../ledger/route.ts';
import type { EntryKind } from '../../wasm/number-index.ts';
import { kindOfAnswer, lengthOfAnswer, routeOfAnswer } from '../../wasm/number-index.ts';
import type { BatchResponse } from './batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  LAG_UNKNOWN,
  NUMBER_MALFORMED,
  NUMBERS_MAX,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  RESPONSE_HEADER_BYTES,
  readResponse,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  STATUS_UNKNOWN_ROUTE,
  writeLookupRequest,
  writeRouteRequest,
} from './batch-codec.ts';
import { UdpError } from './udp-transport.ts';

/** Enough for the details of nearly every route; a longer one costs a second request. */
const ROUTE_REQUEST_BYTES = 512;
const PENDING_MAX = 4096;

export interface BatchClientOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to an IPv4 one. */
  host: string;
  port: number;
  /** How long one try waits. Default 500. */
  timeoutMs?: number | undefined;
  /** How many times a request is repeated after its first try. Default 2. */
  retries?: number | undefined;
}

/** How new an answer is. */
export interface AnswerFreshness {
  height: number;
  /** Milliseconds; `undefined` where the resolver does not know. */
  lagMs: number | undefined;
  /** When it differs from the one before, routes fetched earlier may have changed. */
  routeTableVersion: number;
}

/** The answer for one number. */
export type BatchAnswer =
  | { status: 'found'; entry: EntryKind; matchedLength: number; routeNumber: number }
  | { status: 'not-found' }
  | { status: 'malformed' };

export interface BatchAnswers extends AnswerFreshness {
  /** In the order of the request. */
  answers: BatchAnswer[];
}

export interface BatchRoute extends AnswerFreshness {
  /** `undefined` where the resolver has no such route. */
  route: Route | undefined;
}

/** What a client counted since it was opened. */
export interface BatchClientCounters {
  sentDatagrams: number;
  repeatedDatagrams: number;
  /** Responses that no request waits for: late, repeated, or of another id or operation. */
  unmatchedResponses: number;
  /** Datagrams that are no response. */
  malformedResponses: number;
  /** Errors that the socket reported, such as a port where nobody listens. */
  socketErrors: number;
}

/**
 * A connected client. Each request rejects with a `UdpError`: BCHF_UDP_TIMEOUT when no try was
 * answered, BCHF_UDP_SEND when the last could not be sent, BCHF_UDP_BUSY beyond 4096 requests
 * under way, BCHF_UDP_CLOSED, BCHF_UDP_REFUSED when the server answers with a status (its number is
 * in the message), BCHF_UDP_RESPONSE_INVALID when the details of a route are not those of a route.
 */
export interface BatchClient {
  /** Looks up 1 to 128 number keys; a RangeError for anything else. */
  lookup(identity: Identity, keys: readonly NumberKey[]): Promise<BatchAnswers>;
  /** Fetches the details of a route. */
  route(routeNumber: number): Promise<BatchRoute>;
  counters(): BatchClientCounters;
  /** Rejects what is under way and closes the socket. */
  close(): Promise<void>;
}

interface Pending {
  operation: number;
  /** Answers that the response must have; 0 for a route. */
  count: number;
  datagram: Uint8Array;
  triesLeft: number;
  timer: NodeJS.Timeout | undefined;
  settle(message: Uint8Array, response: BatchResponse): void;
  fail(error: UdpError): void;
}

/** Opens a client; rejects with BCHF_UDP_SEND where the host has no address. */
export async function openBatchClient(options: BatchClientOptions): Promise<BatchClient> {
  const timeoutMs = options.timeoutMs ?? 500;
  const tries = (options.retries ?? 2) + 1;
  const socket = dgram.createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
  try {
    await connect(socket, options.host, options.port);
  } catch (cause) {
    socket.close();
    throw new UdpError('BCHF_UDP_SEND', `UDP ${options.host} port ${options.port}`, { cause });
  }

  const counters: BatchClientCounters = {
    sentDatagrams: 0,
    repeatedDatagrams: 0,
    unmatchedResponses: 0,
    malformedResponses: 0,
    socketErrors: 0,
  };
  const pendingById = new Map<number, Pending>();
  const response = createBatchResponse();
  // A first id that nobody can guess, so that a forged response has to hit it as well as the port.
  let nextRequestId = randomInt(2 ** 32);
  let closing: Promise<void> | undefined;

  socket.on('error', () => {
    counters.socketErrors++;
  });
  socket.on('message', (message) => {
    if (!readResponse(message, response)) {
      counters.malformedResponses++;
      return;
    }
    const pending = pendingById.get(response.requestId);
    if (pending === undefined || !isAnswerTo(pending, response)) {
      counters.unmatchedResponses++;
      return;
    }
    forget(response.requestId, pending);
    pending.settle(message, response);
  });

  function forget(requestId: number, pending: Pending): void {
    clearTimeout(pending.timer);
    pendingById.delete(requestId);
  }

  function takeRequestId(): number {
    while (pendingById.has(nextRequestId)) nextRequestId = (nextRequestId + 1) >>> 0;
    const requestId = nextRequestId;
    nextRequestId = (nextRequestId + 1) >>> 0;
    return requestId;
  }

  function attempt(requestId: number, pending: Pending): void {
    pending.triesLeft--;
    let sendError: Error | undefined;
    socket.send(pending.datagram, (error) => {
      if (error) sendError = error;
      else counters.sentDatagrams++;
    });
    pending.timer = setTimeout(() => {
      if (pending.triesLeft > 0) {
        counters.repeatedDatagrams++;
        attempt(requestId, pending);
        return;
      }
      forget(requestId, pending);
      const code = sendError === undefined ? 'BCHF_UDP_TIMEOUT' : 'BCHF_UDP_SEND';
      pending.fail(
        new UdpError(code, `no answer after ${tries} tries of ${timeoutMs} ms`, {
          cause: sendError,
        }),
      );
    }, timeoutMs);
  }

  /** Sends what `write` makes and resolves with what `read` makes of the response. */
  function request<Result>(
    operation: number,
    count: number,
    write: (out: Uint8Array, requestId: number) => number,
    read: (message: Uint8Array, response: BatchResponse) => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (closing !== undefined) throw new UdpError('BCHF_UDP_CLOSED', 'the client is closed');
      if (pendingById.size >= PENDING_MAX) {
        throw new UdpError('BCHF_UDP_BUSY', `${PENDING_MAX} requests are under way`);
      }
      const requestId = takeRequestId();
      const buffer = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
      const pending: Pending = {
        operation,
        count,
        datagram: buffer.subarray(0, write(buffer, requestId)),
        triesLeft: tries,
        timer: undefined,
        settle(message, received) {
          try {
            resolve(read(message, received));
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
      };
      pendingById.set(requestId, pending);
      attempt(requestId, pending);
    });
  }

  function lookup(identity: Identity, keys: readonly NumberKey[]): Promise<BatchAnswers> {
    if (keys.length < 1 || keys.length > NUMBERS_MAX)
      throw new RangeError(`${keys.length} numbers`);
    for (const key of keys) if (!isNumberKey(key)) throw new RangeError(`number key ${key}`);
    return request(
      OPERATION_LOOKUP,
      keys.length,
      (out, requestId) => writeLookupRequest(out, requestId, identity, keys, keys.length),
      (_, received) => {
        if (received.status !== STATUS_OK) throw refused(received.status);
        return { ...freshnessOf(received), answers: answersOf(received) };
      },
    );
  }

  /** Asks with a request of `bytes`; a number is the length that the server says it needs. */
  function askRoute(routeNumber: number, bytes: number): Promise<BatchRoute | number> {
    return request(
      OPERATION_ROUTE,
      0,
      (out, requestId) => writeRouteRequest(out, requestId, routeNumber, bytes),
      (message, received) => {
        if (received.status === STATUS_REQUEST_TOO_SMALL) return received.size;
        const freshness = freshnessOf(received);
        if (received.status === STATUS_UNKNOWN_ROUTE) return { ...freshness, route: undefined };
        if (received.status !== STATUS_OK) throw refused(received.status);
        return { ...freshness, route: parseRoute(message.subarray(RESPONSE_HEADER_BYTES)) };
      },
    );
  }

  async function route(routeNumber: number): Promise<BatchRoute> {
    if (!Number.isInteger(routeNumber) || routeNumber < 0 || routeNumber >= 2 ** 32) {
      throw new RangeError(`route number ${routeNumber}`);
    }
    const first = await askRoute(routeNumber, ROUTE_REQUEST_BYTES);
    if (typeof first !== 'number') return first;
    const isPossible = first > ROUTE_REQUEST_BYTES && first <= BATCH_DATAGRAM_BYTES_MAX;
    // The details may grow between the two requests, but hardly twice: then it is left to the caller.
    const second = isPossible ? await askRoute(routeNumber, first) : first;
    if (typeof second !== 'number') return second;
    throw new UdpError('BCHF_UDP_RESPONSE_INVALID', `the server asks for ${second} bytes`);
  }

  async function shutDown(): Promise<void> {
    for (const [requestId, pending] of pendingById) {
      forget(requestId, pending);
      pending.fail(new UdpError('BCHF_UDP_CLOSED', 'the client was closed'));
    }
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
  }

  return {
    async lookup(identity, keys) {
      return lookup(identity, keys);
    },
    route,
    counters: () => ({ ...counters }),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

function connect(socket: dgram.Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Node hands a failure to this callback, which its types do not say.
    socket.connect(port, host, ((error?: Error | null) => {
      if (error) reject(error);
      else resolve();
    }) as () => void);
  });
}

function isAnswerTo(pending: Pending, response: BatchResponse): boolean {
  if (response.operation !== pending.operation) return false;
  return response.status !== STATUS_OK || response.count === pending.count;
}

function freshnessOf({ height, lagMs, routeTableVersion }: BatchResponse): AnswerFreshness {
  return { height, lagMs: lagMs === LAG_UNKNOWN ? undefined : lagMs, routeTableVersion };
}

function answersOf({ count, answers, numberStatus }: BatchResponse): BatchAnswer[] {
  return Array.from({ length: count }, (_, index) => {
    if (numberStatus[index] === NUMBER_MALFORMED) return { status: 'malformed' };
    const answer = answers[index]!;
    const entry = kindOfAnswer(answer);
    if (entry === undefined) return { status: 'not-found' };
    const matchedLength = lengthOfAnswer(answer);
    return { status: 'found', entry, matchedLength, routeNumber: routeOfAnswer(answer) };
  });
}

function refused(status: number): UdpError {
  return new UdpError('BCHF_UDP_REFUSED', `the server refuses with status ${status}`);
}

function parseRoute(json: Uint8Array): Route {
  try {
    return routeSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)));
  } catch (cause) {
    throw new UdpError('BCHF_UDP_RESPONSE_INVALID', 'the details are not those of a route', {
      cause,
    });
  }
}
