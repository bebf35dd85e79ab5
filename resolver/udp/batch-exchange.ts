// Requests and responses over one connected UDP socket, for a client of the UDP batch protocol.
//
// Owns request ids, time-outs and repeats. Leaves out what is asked (batch-client.ts) and the bytes
// (batch-codec.ts).
//
// A repeat carries the id of the first try, so that a late answer to either serves; whatever comes
// after that matches nothing and is counted. A try has timed out when its time is over and what has
// arrived by then is read.

import { randomInt } from 'node:crypto';
import type dgram from 'node:dgram';
import { build, type Histogram } from 'hdr-histogram-js';
import { createAfterArrivals } from './after-arrivals.ts';
import type { BatchResponse } from './batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  readResponse,
  STATUS_OK,
} from './batch-codec.ts';
import { OPERATION_SEALED, SEAL_BYTES, type SealKey, seal } from './batch-seal-codec.ts';
import { openClientSocket } from './socket-client.ts';
import { UdpError } from './udp-transport.ts';

/** A minute: longer than any number of tries takes that makes sense. */
const LATENCY_US_MAX = 60_000_000;
/** Most requests under way at once. */
const PENDING_MAX = 4096;

export interface BatchClientOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to an IPv4 one. */
  host: string;
  port: number;
  /** How long one try waits. Default 500. */
  timeoutMs?: number | undefined;
  /** How many times a request is repeated after its first try. Default 2. */
  retries?: number | undefined;
  /** Seals every request; see the protocol's authentication. */
  key?: SealKey | undefined;
}

/** In place of a count of answers: as many as there are. */
export const ANY_COUNT = -1;

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

interface Pending {
  operation: number;
  /** Answers that the response must have; 0 for a route, ANY_COUNT for an explanation. */
  count: number;
  /** Room for the request and its seal; the first `bytes` are the request. */
  buffer: Uint8Array;
  bytes: number;
  startedMs: number;
  triesLeft: number;
  timer: NodeJS.Timeout | undefined;
  settle(message: Uint8Array, response: BatchResponse): void;
  fail(error: UdpError): void;
}

/** A connected socket on which requests are matched with their responses. */
export interface BatchExchange {
  /**
   * Sends what `write` makes with the given id, and resolves with what `read` makes of the response:
   * one to the same operation that has a status, or `count` answers. `read` runs before the next
   * datagram is looked at and keeps neither argument. The errors are those of a `BatchClient`.
   */
  request<Result>(
    operation: number,
    count: number,
    write: (out: Uint8Array, requestId: number) => number,
    read: (message: Uint8Array, response: BatchResponse) => Result,
  ): Promise<Result>;
  counters(): BatchClientCounters;
  /** Microseconds from the first try of each answered request to its answer. */
  latency(): Histogram;
  /** Rejects what is under way and closes the socket. */
  close(): Promise<void>;
}

/** Opens an exchange; rejects with BCHF_UDP_SEND where the host has no address. */
export async function openBatchExchange(options: BatchClientOptions): Promise<BatchExchange> {
  const timeoutMs = options.timeoutMs ?? 500;
  const tries = (options.retries ?? 2) + 1;
  let socket: dgram.Socket;
  try {
    socket = await openClientSocket(options.host, options.port);
  } catch (cause) {
    throw new UdpError('BCHF_UDP_SEND', `UDP ${options.host} port ${options.port}`, { cause });
  }

  const counters: BatchClientCounters = {
    sentDatagrams: 0,
    repeatedDatagrams: 0,
    unmatchedResponses: 0,
    malformedResponses: 0,
    socketErrors: 0,
  };
  const latency = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
  const pendingById = new Map<number, Pending>();
  const response = createBatchResponse();
  const afterArrivals = createAfterArrivals();
  // A first id that nobody can guess, so that a forged response has to hit it as well as the port.
  let nextRequestId = randomInt(2 ** 32);
  let closing: Promise<void> | undefined;

  socket.on('error', () => {
    counters.socketErrors++;
  });
  socket.on('message', (message) => {
    afterArrivals.arrived();
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
    latency.recordValue(Math.max(1, Math.round((performance.now() - pending.startedMs) * 1000)));
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

  let lastSealUs = 0;

  function sealedOf({ buffer, bytes }: Pending): Uint8Array {
    if (options.key === undefined) return buffer.subarray(0, bytes);
    // No two seals have one time, so that equal requests have different tags.
    lastSealUs = Math.max(lastSealUs + 1, Math.floor(Date.now() * 1000));
    return buffer.slice(0, seal(buffer, bytes, options.key, lastSealUs));
  }

  function attempt(requestId: number, pending: Pending): void {
    pending.triesLeft--;
    let sendError: Error | undefined;
    // Sealed anew for each try, because a seal is accepted once.
    const datagram = sealedOf(pending);
    socket.send(datagram, (error) => {
      if (error) sendError = error;
      else counters.sentDatagrams++;
    });
    pending.timer = setTimeout(() => {
      afterArrivals.callBack(() => {
        // What answered it, or ended it, has come in the meantime.
        if (pendingById.get(requestId) !== pending) return;
        if (pending.triesLeft > 0) {
          counters.repeatedDatagrams++;
          attempt(requestId, pending);
        } else {
          forget(requestId, pending);
          pending.fail(noAnswer(sendError));
        }
      });
    }, timeoutMs);
  }

  function noAnswer(cause: Error | undefined): UdpError {
    const code = cause === undefined ? 'BCHF_UDP_TIMEOUT' : 'BCHF_UDP_SEND';
    return new UdpError(code, `no answer after ${tries} tries of ${timeoutMs} ms`, { cause });
  }

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
      const roomMax = BATCH_DATAGRAM_BYTES_MAX - (options.key === undefined ? 0 : SEAL_BYTES);
      const pending: Pending = {
        operation,
        count,
        buffer,
        bytes: write(buffer.subarray(0, roomMax), requestId),
        startedMs: performance.now(),
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
    request,
    counters: () => ({ ...counters }),
    latency: () => latency,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

function isAnswerTo(pending: Pending, response: BatchResponse): boolean {
  // A server without keys takes a sealed request for an unknown operation and returns it as it came.
  if ((response.operation & ~OPERATION_SEALED) !== pending.operation) return false;
  const isCounted = pending.count !== ANY_COUNT;
  return response.status !== STATUS_OK || !isCounted || response.count === pending.count;
}
