// A client of the UDP batch protocol.
//
// Owns what is asked and what the answers mean. Leaves out ids and repeats (batch-exchange.ts), the
// bytes (batch-codec.ts), splitting of more numbers than a request holds, and caching of routes.

import type { Histogram } from 'hdr-histogram-js';
import type { Identity, NumberKey } from '../../ledger/number.ts';
import { isNumberKey } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { routeSchema } from '../../ledger/route-schema.ts';
import type { EntryKind } from '../../wasm/number-index.ts';
import { kindOfAnswer, lengthOfAnswer, routeOfAnswer } from '../../wasm/number-index.ts';
import type { BatchResponse, ExplainedEntry } from './batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  LAG_UNKNOWN,
  NUMBER_MALFORMED,
  NUMBERS_MAX,
  OPERATION_EXPLAIN,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  RESPONSE_HEADER_BYTES,
  readEntries,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  STATUS_UNKNOWN_ROUTE,
  writeExplainRequest,
  writeLookupRequest,
  writeRouteRequest,
} from './batch-codec.ts';
import type { BatchClientCounters, BatchClientOptions } from './batch-exchange.ts';
import { ANY_COUNT, openBatchExchange } from './batch-exchange.ts';
import { UdpError } from './udp-transport.ts';

export type { BatchClientCounters, BatchClientOptions } from './batch-exchange.ts';
export type { SealKey } from './batch-seal-codec.ts';

/** Enough for the details of nearly every route; a longer one costs a second request. */
const ROUTE_REQUEST_BYTES = 512;
/** Enough for ten entries, which is more than nearly every number has. */
const EXPLAIN_REQUEST_BYTES = 240;

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

/** Every entry that covers a number, the winner first; each shadows those behind it. */
export interface BatchExplanation extends AnswerFreshness {
  entries: ExplainedEntry[];
}

export interface BatchRoute extends AnswerFreshness {
  /** `undefined` where the resolver has no such route. */
  route: Route | undefined;
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
  /** Tells every entry that covers a number; a RangeError for what is no number key. */
  explain(identity: Identity, key: NumberKey): Promise<BatchExplanation>;
  counters(): BatchClientCounters;
  /** Microseconds from the first try of each answered request to its answer, as they are counted. */
  latency(): Histogram;
  /** Rejects what is under way and closes the socket. */
  close(): Promise<void>;
}

/** Opens a client; rejects with BCHF_UDP_SEND where the host has no address. */
export async function openBatchClient(options: BatchClientOptions): Promise<BatchClient> {
  const exchange = await openBatchExchange(options);

  async function lookup(identity: Identity, keys: readonly NumberKey[]): Promise<BatchAnswers> {
    const count = keys.length;
    if (count < 1 || count > NUMBERS_MAX) throw new RangeError(`${count} numbers`);
    for (const key of keys) if (!isNumberKey(key)) throw new RangeError(`number key ${key}`);
    return exchange.request(
      OPERATION_LOOKUP,
      count,
      (out, requestId) => writeLookupRequest(out, requestId, identity, keys, count),
      (_, received) => {
        if (received.status !== STATUS_OK) throw refused(received.status);
        return { ...freshnessOf(received), answers: answersOf(received) };
      },
    );
  }

  /** Asks with a request of `bytes`; a number is the length that the server says it needs. */
  function askRoute(routeNumber: number, bytes: number): Promise<BatchRoute | number> {
    return exchange.request(
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

  /** Asks with a request of `bytes`; a number is the length that the server says it needs. */
  function askExplain(
    identity: Identity,
    key: NumberKey,
    bytes: number,
  ): Promise<BatchExplanation | number> {
    return exchange.request(
      OPERATION_EXPLAIN,
      ANY_COUNT,
      (out, requestId) => writeExplainRequest(out, requestId, identity, key, bytes),
      (message, received) => {
        if (received.status === STATUS_REQUEST_TOO_SMALL) return received.size;
        if (received.status !== STATUS_OK) throw refused(received.status);
        const entries = readEntries(message, received.count);
        if (entries !== undefined) return { ...freshnessOf(received), entries };
        throw new UdpError('BCHF_UDP_RESPONSE_INVALID', 'an entry is none');
      },
    );
  }

  async function explain(identity: Identity, key: NumberKey): Promise<BatchExplanation> {
    if (!isNumberKey(key)) throw new RangeError(`number key ${key}`);
    const first = await askExplain(identity, key, EXPLAIN_REQUEST_BYTES);
    if (typeof first !== 'number') return first;
    const isPossible = first > EXPLAIN_REQUEST_BYTES && first <= BATCH_DATAGRAM_BYTES_MAX;
    const second = isPossible ? await askExplain(identity, key, first) : first;
    if (typeof second !== 'number') return second;
    throw new UdpError('BCHF_UDP_RESPONSE_INVALID', `the server asks for ${second} bytes`);
  }

  const { counters, latency, close } = exchange;
  return { lookup, route, explain, counters, latency, close };
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
