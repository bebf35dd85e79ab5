// Answers datagrams of the UDP batch protocol from the indexes.
//
// Owns the way from a request to its response and the counters of what was asked. Leaves out the
// bytes (batch-codec.ts), the socket (a UdpTransport) and where freshness and routes come from.

import type { Identity } from '../../ledger/number.ts';
import { IDENTITIES } from '../../ledger/number.ts';
import type { IndexReader } from '../../wasm/number-index.ts';
import type { BatchAuthenticator } from './batch-authentication.ts';
import type { BatchFreshness, DropReason } from './batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  BATCH_VERSION,
  createBatchRequest,
  DROP_REASONS,
  ENTRIES_MAX,
  NUMBERS_MAX,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  REQUEST_HEADER_BYTES,
  REQUEST_MAGIC,
  readRequest,
  readU16,
  readU32,
  STATUS_IDENTITY_NOT_SERVED,
  STATUS_NOT_AUTHENTICATED,
  STATUS_UNKNOWN_ROUTE,
  STATUS_UNSUPPORTED_OPERATION,
  STATUS_UNSUPPORTED_VERSION,
  writeExplainResponse,
  writeLookupResponse,
  writeRouteResponse,
  writeStatusResponse,
} from './batch-codec.ts';
import { isSealed, OPERATION_SEALED, SEAL_BYTES } from './batch-seal-codec.ts';

/** What the handler answers from. Each function is asked once per datagram, so a swap shows. */
export interface BatchSources {
  /** The index of an identity kind; `undefined` where it is not served. */
  readerOf(identity: Identity): IndexReader | undefined;
  /**
   * How new the index is. It is asked before the lookup: an update in between then makes answers
   * newer than they claim to be, never older.
   */
  freshness(identity: Identity): BatchFreshness;
  /** Who judges sealed requests; left out, they are an unknown operation. */
  authenticator?: BatchAuthenticator | undefined;
  /** Details of a route as UTF-8 JSON in the form of `routes.json`; `undefined` for no such route. */
  routeJson(routeNumber: number): Uint8Array | undefined;
}

/** What a batch handler counted since it was made. */
export interface BatchCounters {
  lookupRequests: number;
  lookedUpNumbers: number;
  malformedNumbers: number;
  routeRequests: number;
  explainRequests: number;
  /** Requests answered with a status for want of version, operation or identity kind. */
  refusedRequests: number;
  /** Datagrams without an answer, by reason. */
  dropped: Record<DropReason, number>;
}

/** A handler with its counters. */
export interface BatchHandler {
  /** Needs a response buffer of BATCH_DATAGRAM_BYTES_MAX; throws a RangeError for a shorter one. */
  handle(message: Uint8Array, response: Uint8Array): number;
  /** The counters as they stand; a copy. */
  counters(): BatchCounters;
}

/**
 * Creates a handler for one thread.
 *
 * @throws RangeError where a reader's `batchMax` is below NUMBERS_MAX: a request is one batch, so
 * that all its answers are of one version of the index.
 */
export function createBatchHandler(sources: BatchSources): BatchHandler {
  for (const identity of IDENTITIES) {
    const batchMax = sources.readerOf(identity)?.batchMax ?? NUMBERS_MAX;
    if (batchMax < NUMBERS_MAX)
      throw new RangeError(`batchMax ${batchMax} is below ${NUMBERS_MAX}`);
  }
  const request = createBatchRequest();
  const answers = new Uint32Array(NUMBERS_MAX);
  const counters: BatchCounters = {
    lookupRequests: 0,
    lookedUpNumbers: 0,
    malformedNumbers: 0,
    routeRequests: 0,
    explainRequests: 0,
    refusedRequests: 0,
    dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
      DropReason,
      number
    >,
  };

  function refuse(response: Uint8Array, status: number): number {
    counters.refusedRequests++;
    return writeStatusResponse(response, request, status, sources.freshness(request.identity));
  }

  function answerLookup(response: Uint8Array): number {
    const reader = sources.readerOf(request.identity);
    if (reader === undefined) return refuse(response, STATUS_IDENTITY_NOT_SERVED);
    const freshness = sources.freshness(request.identity);
    reader.lookup(request.keys, answers, request.count);
    counters.lookupRequests++;
    counters.lookedUpNumbers += request.count;
    counters.malformedNumbers += request.malformedCount;
    return writeLookupResponse(response, request, answers, freshness);
  }

  function answerRoute(response: Uint8Array): number {
    counters.routeRequests++;
    const freshness = sources.freshness(request.identity);
    const json = sources.routeJson(request.routeNumber);
    if (json === undefined) {
      return writeStatusResponse(response, request, STATUS_UNKNOWN_ROUTE, freshness);
    }
    return writeRouteResponse(response, request, json, freshness);
  }

  function explain(response: Uint8Array): number {
    const reader = sources.readerOf(request.identity);
    if (reader === undefined) return refuse(response, STATUS_IDENTITY_NOT_SERVED);
    counters.explainRequests++;
    const freshness = sources.freshness(request.identity);
    // The response has no room for a count of what it leaves out, so nothing beyond it is visited.
    const covering =
      request.malformedCount === 0
        ? reader.explainWithin(request.keys[0]!, ENTRIES_MAX, 0).entries
        : [];
    return writeExplainResponse(response, request, covering, freshness);
  }

  function handle(message: Uint8Array, response: Uint8Array): number {
    if (response.length < BATCH_DATAGRAM_BYTES_MAX) {
      throw new RangeError(`a response buffer of ${response.length} bytes`);
    }
    const { authenticator } = sources;
    if (authenticator === undefined || !isOurs(message)) return answer(message, response);
    if (!isSealed(message)) {
      return authenticator.isRequired
        ? refuseStranger(message, response)
        : answer(message, response);
    }
    const verdict = authenticator.judge(message);
    if (verdict === 'refused') return refuseStranger(message, response);
    if (verdict !== 'accepted') return drop(verdict);
    // Behind the seal is a request like any other.
    message[3] = message[3]! & ~OPERATION_SEALED;
    return answer(message.subarray(0, message.length - SEAL_BYTES), response);
  }

  function refuseStranger(message: Uint8Array, response: Uint8Array): number {
    request.operation = message[3]! & ~OPERATION_SEALED;
    request.requestId = readU32(message, 4);
    request.identity = 'msisdn';
    return refuse(response, STATUS_NOT_AUTHENTICATED);
  }

  function drop(reason: DropReason): number {
    counters.dropped[reason]++;
    return 0;
  }

  function answer(message: Uint8Array, response: Uint8Array): number {
    const verdict = readRequest(message, request);
    if (verdict === 'accepted') {
      if (request.operation === OPERATION_LOOKUP) return answerLookup(response);
      return request.operation === OPERATION_ROUTE ? answerRoute(response) : explain(response);
    }
    if (verdict === 'unsupported-version') return refuse(response, STATUS_UNSUPPORTED_VERSION);
    if (verdict === 'unsupported-operation') return refuse(response, STATUS_UNSUPPORTED_OPERATION);
    return drop(verdict);
  }

  return {
    handle,
    counters: () => ({ ...counters, dropped: { ...counters.dropped } }),
  };
}

/** Whether a datagram is a request of this protocol in this version, whatever else is wrong with it. */
function isOurs(message: Uint8Array): boolean {
  const isLongEnough = message.length >= REQUEST_HEADER_BYTES;
  const isShortEnough = message.length <= BATCH_DATAGRAM_BYTES_MAX;
  if (!isLongEnough || !isShortEnough) return false;
  return readU16(message, 0) === REQUEST_MAGIC && message[2] === BATCH_VERSION;
}
