// Learns which route ids stand behind route numbers, over UDP as every client would: once each, with
// the protocol's second operation.

import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  OPERATION_ROUTE,
  RESPONSE_HEADER_BYTES,
  readResponse,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  writeRouteRequest,
} from '../resolver/udp/batch-codec.ts';

const FIRST_REQUEST_BYTES = 512;
const TRIES_MAX = 5;
/** Requests under way at once: route tables have thousands of entries, socket buffers do not. */
const UNDER_WAY_MAX = 64;

export interface RouteNames {
  /** The id of a route, or `undefined` while it is not known; then it is asked for. */
  idOf(routeNumber: number): string | undefined;
  /** Settles when everything asked for is known or was given up. */
  settled(): Promise<void>;
  /** Forgets all ids: the route table has changed. */
  forget(): void;
  close(): void;
}

interface Asked {
  bytes: number;
  triesLeft: number;
  timer: NodeJS.Timeout | undefined;
}

/** Creates the names of one server; `timeoutMs` is how long each of five tries waits. */
export function createRouteNames(host: string, port: number, timeoutMs: number): RouteNames {
  const socket = dgram.createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const buffer = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  const response = createBatchResponse();
  const ids: (string | undefined)[] = [];
  const underWay = new Map<number, Asked>();
  const waiting = new Set<number>();
  const givenUp = new Set<number>();
  let onSettled: (() => void) | undefined;

  socket.on('error', () => {
    // Nobody listens: the tries run out, and the names count as unknown.
  });
  socket.on('message', (message) => {
    if (!readResponse(message, response) || response.operation !== OPERATION_ROUTE) return;
    // The request id is the route number: there is one request for each at a time.
    const routeNumber = response.requestId;
    const asked = underWay.get(routeNumber);
    if (asked === undefined) return;
    clearTimeout(asked.timer);
    const needsMore = response.status === STATUS_REQUEST_TOO_SMALL && response.size > asked.bytes;
    if (needsMore && response.size <= BATCH_DATAGRAM_BYTES_MAX) {
      asked.bytes = response.size;
      attempt(routeNumber, asked);
      return;
    }
    const id = response.status === STATUS_OK ? idIn(message.subarray(RESPONSE_HEADER_BYTES)) : null;
    if (id === null) givenUp.add(routeNumber);
    else ids[routeNumber] = id;
    finish(routeNumber);
  });

  function attempt(routeNumber: number, asked: Asked): void {
    if (asked.triesLeft === 0) {
      givenUp.add(routeNumber);
      finish(routeNumber);
      return;
    }
    asked.triesLeft--;
    const bytes = writeRouteRequest(buffer, routeNumber, routeNumber, asked.bytes);
    socket.send(buffer.slice(0, bytes), port, host, () => {});
    asked.timer = setTimeout(() => attempt(routeNumber, asked), timeoutMs);
  }

  function finish(routeNumber: number): void {
    underWay.delete(routeNumber);
    const [next] = waiting;
    if (next !== undefined) {
      waiting.delete(next);
      ask(next);
    } else if (underWay.size === 0) {
      onSettled?.();
    }
  }

  function ask(routeNumber: number): void {
    if (underWay.size >= UNDER_WAY_MAX) {
      waiting.add(routeNumber);
      return;
    }
    const asked = { bytes: FIRST_REQUEST_BYTES, triesLeft: TRIES_MAX, timer: undefined };
    underWay.set(routeNumber, asked);
    attempt(routeNumber, asked);
  }

  return {
    idOf(routeNumber) {
      const id = ids[routeNumber];
      const isAsked = underWay.has(routeNumber) || waiting.has(routeNumber);
      if (id === undefined && !isAsked && !givenUp.has(routeNumber)) ask(routeNumber);
      return id;
    },
    settled() {
      if (underWay.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onSettled = resolve;
      });
    },
    forget() {
      ids.length = 0;
      givenUp.clear();
    },
    close() {
      for (const { timer } of underWay.values()) clearTimeout(timer);
      socket.close();
    },
  };
}

function idIn(json: Uint8Array): string | null {
  try {
    const { id } = JSON.parse(new TextDecoder().decode(json));
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
