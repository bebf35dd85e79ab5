// The HTTP/2 listener of one thread, on `node:http2`: h2c by prior knowledge, or TLS with ALPN `h2`.
// It owns the listener and what all connections share; what one may do is in h2-connection, one request and its
// answer in h2-exchange, and what is answered is decided in sbi-router.
//
// What floods meet (RFC 9113 section 10.5):
//
// - more streams than allowed, malformed requests, header blocks without end (CONTINUATION), pings and
//   settings whose answers are not taken: nghttp2 and Node's session refuse or end the session; Node
//   20.19 and newer have the versions that do.
// - streams opened and reset without end, whoever is made to reset them: counted by h2-connection.
// - pings, settings, window updates and whatever else asks for nothing: what a connection sends besides
//   header fields and bodies is counted in bytes by its sweep, because not every frame can be seen.
// - a client that sends slowly, or nothing, or does not take its answers: the sweep, once a second,
//   ends the stream or the session that is over its time. Bytes do not count as progress, whole
//   requests and answers do, so a drip does not keep anything open.
// - large bodies: counted over all connections, and refused beyond the limit.

import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { problem } from '../http/problem.ts';
import { ResolverError } from '../resolver-error.ts';
import { certificateNames } from './certificate-names.ts';
import { DRAIN_MS_MAX, H2Connection } from './h2-connection.ts';
import type { H2Counters } from './h2-counters.ts';
import { H2Exchange, type H2ExchangeContext } from './h2-exchange.ts';
import type { H2Limits } from './h2-limits.ts';
import type { SbiAnswer, SbiReply, SbiRequest } from './sbi-message.ts';
import { listenOnSharedPort } from './shared-tcp-port.ts';

const SWEEP_INTERVAL_MS = 1000;
/** Memory of one session beyond its streams' bodies, in MiB: the least that Node takes. */
const SESSION_MEMORY_MIB_MAX = 1;
/** Frames that make no sense, and streams refused over the limit, until a session is ended. */
const INVALID_FRAMES_MAX = 64;
const REJECTED_STREAMS_MAX = 64;
/** What each header field counts for beside its bytes (RFC 9113 section 6.5.2). */
const FIELD_OVERHEAD_BYTES = 32;
const NO_BODY = new Uint8Array(0);

const { NGHTTP2_FLAG_END_STREAM } = http2.constants;

export interface H2TlsSettings {
  /** PEM. */
  cert: string;
  key: string;
  /** PEM: whoever connects must have a certificate that one of these vouches for. */
  clientCa?: string | undefined;
}

export interface H2ServerOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  tls?: H2TlsSettings | undefined;
  limits: H2Limits;
  counters: H2Counters;
  handle: (request: SbiRequest) => SbiReply | Promise<SbiReply>;
  /** Called with what `handle` threw; its answer is sent. */
  onError: (error: unknown) => SbiAnswer;
  /** Milliseconds since 1970. */
  now: () => number;
  /** How often what is over its time is looked for. */
  sweepIntervalMs?: number;
}

export interface H2Server {
  port: number;
  /** Stops listening, lets answers under way go out, and closes every connection. */
  close(): Promise<void>;
}

type StreamEvent = [
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
];

/** Listens. Throws BCHF_LISTEN_FAILED. */
export async function listenH2(options: H2ServerOptions): Promise<H2Server> {
  const { host, port, limits, counters, now, sweepIntervalMs = SWEEP_INTERVAL_MS } = options;
  const server = createServer(options);
  const connections = new Set<H2Connection>();
  const { handle, onError } = options;
  const context: H2ExchangeContext = { limits, counters, now, handle, onError };
  let bodiesBytes = 0;

  server.maxConnections = limits.connectionsMax;
  server.on('drop', () => counters.refusedConnections++);
  let arriving: Socket;
  // Told just before the session, which shows its socket only through a proxy that cannot close it.
  server.prependListener(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    arriving = socket;
  });
  server.on('session', (session: http2.ServerHttp2Session) => {
    counters.connections++;
    const client =
      options.tls?.clientCa === undefined
        ? {}
        : { clientNames: certificateNames((arriving as TLSSocket).getPeerCertificate()) };
    const connection = new H2Connection(session, arriving, client, context);
    connections.add(connection);
    session.on('close', () => connections.delete(connection));
    // The types of the oldest Node leave the last argument out.
    session.on('stream', ((...[stream, headers, flags, rawHeaders]: StreamEvent) => {
      onStream(connection, stream, headers, flags, rawHeaders);
    }) as () => void);
  });
  server.on('sessionError', () => counters.sessionErrors++);
  // Also a failed handshake of TLS, and a client that speaks HTTP/1.1 over it.
  server.on('tlsClientError', () => counters.sessionErrors++);
  server.on('unknownProtocol', (socket: TLSSocket) => {
    counters.sessionErrors++;
    socket.destroy();
  });

  function onStream(
    connection: H2Connection,
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    flags: number,
    rawHeaders: string[],
  ): void {
    const isBodyComplete = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    const exchange = new H2Exchange(stream, now(), isBodyComplete, context);
    connection.begin(exchange);
    const headerBytes = headerBytesOf(rawHeaders);
    connection.noteUseful(headerBytes);
    if (headerBytes > limits.headerBytesMax) {
      counters.oversizedHeaders++;
      exchange.refuse(problem(431, 'INVALID_MSG_FORMAT', 'The header fields are too long.'));
      return;
    }
    const target = headers[':path'] ?? '';
    if (!target.startsWith('/')) {
      exchange.refuse(problem(400, 'INVALID_API', 'The request has no path.'));
      return;
    }
    const mark = target.indexOf('?');
    const request: SbiRequest = {
      method: headers[':method'] ?? '',
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      headers: headers as SbiRequest['headers'],
      body: NO_BODY,
      receivedMs: exchange.startedMs,
      ...connection.client,
    };
    if (isBodyComplete) exchange.respond(request);
    else receiveBody(connection, exchange, request);
  }

  function receiveBody(connection: H2Connection, exchange: H2Exchange, request: SbiRequest): void {
    const { stream } = exchange;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const tooLarge = () => {
      counters.oversizedBodies++;
      exchange.refuse(problem(413, 'INVALID_MSG_FORMAT', 'The body is too long.'));
    };
    if (Number(request.headers['content-length'] ?? 0) > limits.bodyBytesMax) {
      tooLarge();
      return;
    }
    stream.on('close', () => {
      bodiesBytes -= bytes;
    });
    stream.on('data', (chunk: Buffer) => {
      connection.noteUseful(chunk.length);
      if (exchange.isAnswered) return;
      bytes += chunk.length;
      bodiesBytes += chunk.length;
      if (bytes > limits.bodyBytesMax) {
        tooLarge();
      } else if (bodiesBytes > limits.bodiesBytesMax) {
        counters.refusedBodies++;
        exchange.refuse(problem(503, 'NF_CONGESTION', 'Too many bodies are being received.'));
      } else {
        chunks.push(chunk);
      }
    });
    stream.on('end', () => {
      exchange.isBodyComplete = true;
      if (exchange.isAnswered || stream.destroyed) return;
      const whole = { ...request, body: Buffer.concat(chunks), receivedMs: now() };
      exchange.respond(whole);
    });
  }

  const sweep = () => {
    const nowMs = now();
    for (const connection of connections) connection.sweep(nowMs);
  };
  const sweeping = setInterval(sweep, sweepIntervalMs);
  sweeping.unref();
  try {
    await listenOnSharedPort(server, host, port);
  } catch (cause) {
    clearInterval(sweeping);
    const message = `HTTP/2 cannot listen on ${host}:${port}: ${(cause as Error).message}`;
    throw new ResolverError('BCHF_LISTEN_FAILED', message, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      clearInterval(sweeping);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { session } of connections) session.close();
      const forcing = setTimeout(() => {
        for (const { socket } of connections) socket.destroy();
      }, DRAIN_MS_MAX);
      await closed;
      clearTimeout(forcing);
    },
  };
}

function createServer({
  tls,
  limits,
}: H2ServerOptions): http2.Http2Server | http2.Http2SecureServer {
  const options: http2.ServerOptions = {
    maxSessionMemory: SESSION_MEMORY_MIB_MAX,
    maxSessionInvalidFrames: INVALID_FRAMES_MAX,
    maxSessionRejectedStreams: REJECTED_STREAMS_MAX,
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
    },
  };
  if (!tls) return http2.createServer(options);
  return http2.createSecureServer({
    ...options,
    allowHTTP1: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.greetingMsMax,
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa !== undefined && {
      ca: tls.clientCa,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  });
}

/** The size of a header list as HTTP/2 counts it, from alternating names and values. */
function headerBytesOf(rawHeaders: readonly string[]): number {
  let bytes = (rawHeaders.length / 2) * FIELD_OVERHEAD_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
