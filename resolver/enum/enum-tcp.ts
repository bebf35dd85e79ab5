// DNS over TCP (RFC 7766, RFC 1035 section 4.2.2): framing, pipelining and the limits of connections.
// What a message means is the handler's.
//
//      0        2
//     ┌────────┬─────────────────┐┌────────┬──────────┐
//     │ length │ message         ││ length │ message  │ …
//     └────────┴─────────────────┘└────────┴──────────┘
//
// A client may send queries without waiting; each is answered at once, so responses come in the order
// of the queries, which RFC 7766 section 6.2.1.1 allows but does not ask for. A peer that does not read
// its answers is not read from either: what is held for a connection is one read of the socket and the
// answers to part of it.

import {
  type AddressInfo,
  createServer,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { parseAddress } from '../udp/client-address-codec.ts';
import { MESSAGE_BYTES_MAX } from './dns-codec.ts';
import type { EnumHandler } from './enum-answer.ts';
import type { EnumCounters } from './enum-counters.ts';

const LENGTH_BYTES = 2;

/** The limits of the service; what is left out has the default of {@link ENUM_TCP_LIMITS}. */
export interface EnumTcpLimits {
  /** Most connections at a time; one more is closed at once. */
  connectionsMax: number;
  /** Most connections of one address at a time, so that one client cannot have them all. */
  connectionsPerClientMax: number;
  /** A connection is closed when for so long no query came and no answer was taken. */
  idleTimeoutMs: number;
  /**
   * A connection is closed when a query that has begun is not whole after so long: bytes alone do not
   * count as life, since a query may be sent one byte at a time for ever.
   */
  messageTimeoutMs: number;
  /** Longest query; a longer one closes the connection. */
  queryBytesMax: number;
  /** How long {@link EnumTcpServer.close} waits for peers to take their answers. */
  drainTimeoutMs: number;
}

/** RFC 7766 section 6.2.3 asks for an idle time-out of the order of a few seconds. */
export const ENUM_TCP_LIMITS: Readonly<EnumTcpLimits> = {
  connectionsMax: 1024,
  connectionsPerClientMax: 128,
  idleTimeoutMs: 10_000,
  messageTimeoutMs: 3000,
  queryBytesMax: 1024,
  drainTimeoutMs: 1000,
};

export interface EnumTcpOptions {
  /** Address to listen on. */
  host: string;
  /** Port to listen on; 0 takes a free one. */
  port: number;
  /**
   * Share the port with the sockets of other threads, SO_REUSEPORT. Node can from 22.12 and 23.1 on,
   * on Linux and the BSDs; elsewhere it fails.
   */
  reusePort?: boolean;
  /** Answers one message; for 0, the connection is closed after the answers before. */
  answer: EnumHandler;
  limits?: Partial<EnumTcpLimits>;
  counters: EnumCounters;
}

export interface EnumTcpServer {
  /** The port that it listens on. */
  readonly port: number;
  /**
   * Takes no more connections and queries, lets answers that are on their way go out, and resolves
   * when every connection is closed, at the latest after `drainTimeoutMs`.
   */
  close(): Promise<void>;
}

/** The service could not listen; the cause tells why (EADDRINUSE, EACCES …). */
export class EnumListenError extends Error {
  readonly code = 'BCHF_ENUM_LISTEN_FAILED';

  constructor(message: string, options: { cause: unknown }) {
    super(message, options);
    this.name = 'EnumListenError';
  }
}

/** Starts the service. Rejects with an {@link EnumListenError} where it cannot listen. */
export async function listenEnumTcp(options: EnumTcpOptions): Promise<EnumTcpServer> {
  const { host, port, reusePort = false, answer, counters } = options;
  const limits = { ...ENUM_TCP_LIMITS, ...options.limits };
  const connections = new Set<Connection>();
  const countsByClient = new Map<string, number>();
  // One for all connections: an answer is written, then copied to its socket, before the next.
  const response = new Uint8Array(MESSAGE_BYTES_MAX);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const { remoteAddress } = socket;
    const client = remoteAddress === undefined ? undefined : parseAddress(remoteAddress);
    if (remoteAddress === undefined || client === undefined) {
      // The peer has gone before it was looked at.
      counters.tcpFailed++;
      socket.destroy();
      return;
    }
    const count = countsByClient.get(remoteAddress) ?? 0;
    if (count >= limits.connectionsPerClientMax) {
      counters.tcpOverClientLimit++;
      socket.destroy();
      return;
    }
    counters.tcpAccepted++;
    countsByClient.set(remoteAddress, count + 1);
    const connection = new Connection(socket, { answer, client, response, limits, counters });
    connections.add(connection);
    socket.once('close', () => {
      connections.delete(connection);
      const left = countsByClient.get(remoteAddress)! - 1;
      if (left === 0) countsByClient.delete(remoteAddress);
      else countsByClient.set(remoteAddress, left);
    });
  });
  server.maxConnections = limits.connectionsMax;
  server.on('drop', () => {
    counters.tcpOverLimit++;
  });
  await listen(server, { host, port, ...(reusePort && { reusePort }) });
  // Later errors are failed accepts, for want of file descriptors: the next accept tries again.
  server.on('error', () => {
    counters.tcpFailed++;
  });
  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      closed ??= closeAll(server, connections, limits.drainTimeoutMs);
      return closed;
    },
  };
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => {
      reject(new EnumListenError(`ENUM cannot listen on ${host} port ${port} (TCP)`, { cause }));
    };
    server.once('error', onError);
    server.listen(options, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function closeAll(server: Server, connections: Set<Connection>, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const connection of connections) connection.abandon();
    }, drainMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const connection of connections) connection.finish();
  });
}

interface ConnectionContext {
  answer: EnumHandler;
  /** The peer's address, in the common form. */
  client: Uint8Array;
  response: Uint8Array;
  limits: EnumTcpLimits;
  counters: EnumCounters;
}

/** One connection: reads frames, writes answers, and is done when it has sent its end. */
class Connection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  #timer: NodeJS.Timeout;
  /** A query has begun to come and is not whole: that is what the timer is about. */
  #isWaitingForRest = false;
  /** Bytes received and not yet answered. */
  #pending: Uint8Array = new Uint8Array(0);
  /** The peer does not read: answers wait in the socket. */
  #isBlocked = false;
  /** The peer has sent its end. */
  #isPeerDone = false;
  /** Our end is sent or about to be: nothing is read or answered any more. */
  #isDone = false;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#timer = setTimeout(() => this.#onTimeout(), context.limits.idleTimeoutMs);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => {
      context.counters.tcpFailed++;
    });
    socket.on('close', () => clearTimeout(this.#timer));
  }

  /** Sends what is answered, then the end. What the peer still sends is not looked at. */
  finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#pending = new Uint8Array(0);
    this.#socket.end();
    // The peer's own end can only be seen by reading on.
    this.#socket.resume();
  }

  abandon(): void {
    this.#isDone = true;
    this.#socket.destroy();
  }

  #onTimeout(): void {
    if (!this.#isDone) this.#context.counters[this.#isWaitingForRest ? 'tcpSlow' : 'tcpIdle']++;
    this.abandon();
  }

  /** Something was finished: the time for the next thing begins. */
  #restartTimer(): void {
    if (!this.#isWaitingForRest) {
      this.#timer.refresh();
      return;
    }
    this.#isWaitingForRest = false;
    this.#setTimer(this.#context.limits.idleTimeoutMs);
  }

  #setTimer(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimeout(), ms);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isDone) return;
    this.#pending = this.#pending.length === 0 ? chunk : concat(this.#pending, chunk);
    this.#answerPending();
  }

  #onDrain(): void {
    if (this.#isDone) return;
    this.#isBlocked = false;
    this.#restartTimer();
    this.#answerPending();
    if (!this.#isBlocked) this.#socket.resume();
  }

  #onEnd(): void {
    this.#isPeerDone = true;
    this.#finishIfPeerDone();
  }

  #finishIfPeerDone(): void {
    if (!this.#isPeerDone || this.#isBlocked || this.#isDone) return;
    if (this.#pending.length > 0) this.#context.counters.tcpUnfinished++;
    this.finish();
  }

  /** Answers the whole queries among the pending bytes, until the peer does not take answers. */
  #answerPending(): void {
    const { answer, client, response, limits, counters } = this.#context;
    const socket = this.#socket;
    let at = 0;
    socket.cork();
    while (!this.#isBlocked && !this.#isDone && this.#pending.length - at >= LENGTH_BYTES) {
      const pending = this.#pending;
      const length = (pending[at]! << 8) | pending[at + 1]!;
      if (length > limits.queryBytesMax) {
        counters.tcpOversized++;
        this.finish();
        break;
      }
      const end = at + LENGTH_BYTES + length;
      if (end > pending.length) break;
      const responseBytes = answer(pending.subarray(at + LENGTH_BYTES, end), response, client);
      at = end;
      this.#restartTimer();
      if (responseBytes === 0) {
        // Whoever sends what is no query is no DNS client, and would wait for an answer in vain.
        this.finish();
        break;
      }
      const frame = Buffer.allocUnsafe(LENGTH_BYTES + responseBytes);
      frame.writeUInt16BE(responseBytes, 0);
      frame.set(response.subarray(0, responseBytes), LENGTH_BYTES);
      this.#isBlocked = !socket.write(frame);
    }
    const rest = this.#pending.subarray(at);
    // A copy of half a query lets go of the whole read that it came in.
    this.#pending = this.#isBlocked ? rest : new Uint8Array(rest);
    socket.uncork();
    if (this.#isBlocked) {
      socket.pause();
    } else if (this.#pending.length > 0 && !this.#isWaitingForRest) {
      this.#isWaitingForRest = true;
      this.#setTimer(limits.messageTimeoutMs);
    }
    this.#finishIfPeerDone();
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
