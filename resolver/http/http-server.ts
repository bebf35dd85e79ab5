// The HTTP/1.1 listener of one serving thread, on uWebSockets.js. It owns the sockets; one request and its
// response are in http-exchange, what is answered is decided in http-router.
//
// Requests go through one `any` handler and the project's own router, so that the native build and its
// slower JavaScript stand-in (used where no native build fits this Node) behave alike. The native build
// also answers at once what `quick` can: of one resource it needs neither method nor path to be told.

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { ResolverError } from '../resolver-error.ts';
import type { BatchRestriction } from './batch-answer.ts';
import { type HttpAnswer, JSON_TYPE, type StatusCode } from './http-answer.ts';
import { Exchange } from './http-exchange.ts';
import { defaultOpenFilesMax, watchOpenFiles } from './open-files.ts';
import { type BodyLimits, HTTP_BODY_LIMITS, ReceivingBodies } from './receiving-bodies.ts';
import { framingOf, hasBodyFields } from './request-framing.ts';
import { requestIdOf } from './request-id.ts';

type UWebSockets = typeof import('uWebSockets.js');

let loaded: { library: UWebSockets; isNative: boolean } | undefined;

/** Loads the library; its warning about a missing native build is replaced by `isNative`. */
export function loadUWebSockets(): { library: UWebSockets; isNative: boolean } {
  if (loaded) return loaded;
  const warn = console.warn;
  console.warn = () => {};
  try {
    const library = createRequire(import.meta.url)('uWebSockets.js') as UWebSockets;
    // The stand-in has no TLS, and that is the plainest way to tell the two apart.
    loaded = { library, isNative: 'SSLApp' in library };
    return loaded;
  } finally {
    console.warn = warn;
  }
}

/** What the router needs of a request: copied out, because uWS's object dies with the handler. */
export interface RequestHead {
  /** Lower case. */
  method: string;
  path: string;
  /** Without the question mark; empty where there is none. */
  query: string;
  /** Of a request with a body; empty where it has none or does not say. */
  contentType: string;
  /** Those that the listener was told to read, by lower-case name; missing ones are absent. */
  headers: Readonly<Record<string, string | undefined>>;
  /** What its sender's certificate calls it, where one was asked for and vouched for. */
  clientNames?: readonly string[];
  /** Is to be told what the audit log calls the request, where its sender has not named it. */
  onNamed?: ((requestId: string) => void) | undefined;
}

const NO_HEADERS: RequestHead['headers'] = Object.freeze({});
const NO_NAMES: readonly string[] = [];

export interface HttpServerOptions {
  /** Lower-case names of headers to read of a request for a path: each costs time, so none by default. */
  headerNames?: (path: string) => readonly string[];
  /** Paths of PEM files: TLS instead of clear text. Only the native build has it. */
  tls?: { certFile: string; keyFile: string } | undefined;
  limits?: BodyLimits;
  /**
   * With so many open files of the process no more connections are taken, until there are fewer; 0 and
   * undefined leave a tenth of what the system allows.
   */
  openFilesMax?: number | undefined;
  /** What is tried first; only the native build does. */
  quick?: QuickAnswers | undefined;
  /** Told when that begins. */
  onFull?: () => void;
  /** Told the status of every answer as it begins, for who counts. */
  onAnswer?: (status: StatusCode) => void;
  /** Told of each connection that was closed because a request could be read in two ways. */
  onBroken?: () => void;
}

/** Answers to the requests of one collection that are most frequent, short of all that others need. */
export interface QuickAnswers {
  /** What the paths of its members begin with, to the slash before their last segment. */
  collection: string;
  /**
   * The JSON body of a 200 for a GET without query and body, or another answer whole; `undefined` leaves the
   * request to the handler, and so does a throw, which the handler will then repeat. The bytes need to last
   * until the next call only.
   *
   * @param request of which header fields may be read, by lower-case name, and only until this returns
   */
  answer(
    segment: string,
    request: Pick<HttpRequest, 'getHeader'>,
  ): Uint8Array | HttpAnswer | undefined;
}

/** What a handler returns that needs the request's body before it can answer. */
export interface BodyWanted {
  /** A longer body is answered with 413, and its connection is closed. */
  bytesMax: number;
  answer: (body: Uint8Array, restriction?: BatchRestriction) => HttpAnswer | Promise<HttpAnswer>;
}

/** What a stream is written to. */
export interface StreamSink {
  /** Hands bytes over; where it returns false, the next ones are for when the stream has drained. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Closes the connection without more ado. */
  abort(): void;
}

/** Who is told what becomes of a stream. */
export interface StreamConsumer {
  /** The client has taken what waited for it. */
  onDrained(): void;
  /** The client has gone, or the server ends; nothing may be written any more. */
  onClosed(): void;
}

/** An answer without an end of its own, which is written as time goes by. */
export interface HttpStream extends Omit<HttpAnswer, 'body'> {
  begin(sink: StreamSink): StreamConsumer;
}

/** What a request comes to: known now or later, but for a body that is wanted first. */
export type Outcome = HttpAnswer | HttpStream | Promise<HttpAnswer | HttpStream>;

export type HttpHandler = (request: RequestHead) => Outcome | BodyWanted;

export interface HttpServer {
  port: number;
  /** Stops listening and closes every connection. */
  close(): void;
}

/** What answers where a handler fails; the id is the request's own. */
export type OnError = (error: unknown, requestId: string | undefined) => HttpAnswer;

/**
 * Listens. Several threads may listen on one port with the native build; with the stand-in only one.
 *
 * Throws BCHF_LISTEN_FAILED.
 */
export function listenHttp(
  host: string,
  port: number,
  handle: HttpHandler,
  onError: OnError,
  options: HttpServerOptions = {},
): Promise<HttpServer> {
  const { library, isNative } = loadUWebSockets();
  const { limits = HTTP_BODY_LIMITS, headerNames, tls, quick } = options;
  const { onAnswer = () => {}, onBroken = () => {}, onFull = () => {} } = options;
  const app = createApp(library, isNative, tls);
  const bodies = new ReceivingBodies(limits);
  const serve: Serve = (response, request, known) => {
    // Node's own parser, under the stand-in, has refused what can be read in two ways already.
    const framing = isNative ? framingOf(request) : 'plain';
    if (framing === 'broken') {
      // Without an answer: nobody knows which of the bytes that come belong to this request.
      onBroken();
      response.onAborted(() => {}).close();
      return;
    }
    const method = request.getMethod().toLowerCase();
    const closesConnection = framing !== 'plain';
    const common = { method, isNative, onError, onAnswer, closesConnection };
    const exchange = new Exchange(response, common);
    const givenId = () => requestIdOf((name) => request.getHeader(name));
    const onNamed = (requestId: string) => {
      exchange.requestId = requestId;
    };
    let wanted: ReturnType<HttpHandler>;
    try {
      wanted = known ?? handle(readHead(request, method, isNative, headerNames, onNamed));
    } catch (error) {
      wanted = onError(error, exchange.requestId ?? givenId());
    }
    // Not read of a request that is answered at once and well: it would only cost time.
    const isWell = !(wanted instanceof Promise) && 'status' in wanted && wanted.status < 400;
    if (!isWell) exchange.requestId ??= givenId();
    if (!('bytesMax' in wanted)) exchange.answer(wanted);
    else exchange.collect(wanted, Number(request.getHeader('content-length')), bodies);
  };
  app.any('/*', serve);
  if (isNative && quick) serveQuickly(app, quick, onAnswer, serve);
  return new Promise((resolve, reject) => {
    app.listen(host, port, (token) => {
      if (!token) {
        reject(new ResolverError('BCHF_LISTEN_FAILED', `HTTP cannot listen on ${host}:${port}`));
        return;
      }
      const listeningPort = library.us_socket_local_port(token);
      const openFilesMax = options.openFilesMax || defaultOpenFilesMax();
      if (!isNative) {
        const server = standInServer(token);
        // It counts its own connections, and one more than it may have is closed at once.
        if (openFilesMax) server.maxConnections = openFilesMax;
        server.on('drop', onFull);
        const close = () => {
          library.us_listen_socket_close(token);
          server.closeAllConnections();
        };
        resolve({ port: listeningPort, close });
        return;
      }
      let listening: typeof token | false = token;
      // This build tells nothing of a connection before its first request, so none can be closed by itself:
      // new ones are kept away by not listening.
      const stopWatching =
        openFilesMax &&
        watchOpenFiles(openFilesMax, {
          onFull() {
            if (listening) library.us_listen_socket_close(listening);
            listening = false;
            onFull();
          },
          onRoom() {
            app.listen(host, listeningPort, (again) => {
              listening = again;
            });
            return listening !== false;
          },
        });
      resolve({
        port: listeningPort,
        close: () => {
          if (stopWatching) stopWatching();
          if (listening) library.us_listen_socket_close(listening);
          // A thread that ends while uWS still has open handles takes the process down with it.
          (app as TemplatedApp & { close?: () => void }).close?.();
        },
      });
    });
  });
}

/** Answers a request, with what is `known` to be the answer where that is so. */
type Serve = (response: HttpResponse, request: HttpRequest, known?: HttpAnswer) => void;

/**
 * Each call into the library takes 50 to 80 ns (Node 20.20.2, Intel Xeon, 2026-11-29): the four to it that
 * a request needs are made here, and no object for a request that is over when the handler returns.
 */
function serveQuickly(
  app: TemplatedApp,
  { collection, answer }: QuickAnswers,
  onAnswer: (status: StatusCode) => void,
  serve: Serve,
): void {
  const answerTo = (request: HttpRequest): ReturnType<QuickAnswers['answer']> => {
    if (hasBodyFields(request) || request.getQuery()) return undefined;
    try {
      return answer(request.getParameter(0), request);
    } catch {
      return undefined;
    }
  };
  app.get(`${collection}:segment`, (response, request) => {
    const answered = answerTo(request);
    if (!(answered instanceof Uint8Array)) {
      serve(response, request, answered);
      return;
    }
    onAnswer(200);
    response.writeHeader('content-type', JSON_TYPE).end(answered);
  });
}

/**
 * Node's server under the stand-in, whose listen token is the object that has it. For each connection
 * the stand-in would leave a listener with the server, and the socket with that, for as long as the
 * server lives; all it does is to forget a socket that it never remembered.
 */
function standInServer(token: unknown): Server {
  const { http } = token as { http: Server };
  const [, remembering] = http.listeners('connection');
  if (remembering) http.off('connection', remembering as () => void);
  return http;
}

function createApp(
  library: UWebSockets,
  isNative: boolean,
  tls: HttpServerOptions['tls'],
): TemplatedApp {
  if (!tls) return library.App({});
  if (!isNative) {
    throw new ResolverError('BCHF_LISTEN_FAILED', 'TLS over HTTP/1.1 needs native uWebSockets.js');
  }
  try {
    return library.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile });
  } catch (cause) {
    const message = `${tls.certFile} and ${tls.keyFile} are no certificate with its key`;
    throw new ResolverError('BCHF_LISTEN_FAILED', message, { cause });
  }
}

function readHead(
  request: HttpRequest,
  method: string,
  isNative: boolean,
  headerNames: HttpServerOptions['headerNames'],
  onNamed: RequestHead['onNamed'],
): RequestHead {
  const url = request.getUrl();
  const contentType = method === 'post' ? request.getHeader('content-type') : '';
  // The stand-in leaves the query in the URL, and its getQuery throws.
  const mark = isNative ? -1 : url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = isNative ? (request.getQuery() ?? '') : mark < 0 ? '' : url.slice(mark + 1);
  const names = headerNames?.(path) ?? NO_NAMES;
  const headers = names.length === 0 ? NO_HEADERS : readHeaders(request, names);
  return { method, path, query, contentType, headers, onNamed };
}

function readHeaders(request: HttpRequest, names: readonly string[]): RequestHead['headers'] {
  let headers: Record<string, string> | undefined;
  for (const name of names) {
    const value = request.getHeader(name);
    if (value === '') continue;
    headers ??= {};
    headers[name] = value;
  }
  return headers ?? NO_HEADERS;
}
