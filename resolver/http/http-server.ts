// The HTTP/1.1 listener of one serving thread, on uWebSockets.js. It owns the sockets; one request and its
// response are in http-exchange, what is answered is decided in http-router.
//
// Requests go through one `any` handler and the project's own router, so that the native build and its
// slower JavaScript stand-in (used where no native build fits this Node) behave alike. The native build
// also answers at once what `quick` can: of one resource it needs neither method nor path to be told.

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { ResolverError } from '../resolver-error.ts';
import { type HttpAnswer, JSON_TYPE, type StatusCode } from './http-answer.ts';
import { Exchange } from './http-exchange.ts';
import type { HttpHandler, OnError, QuickAnswers, RequestHead } from './http-handler.ts';
import { defaultOpenFilesMax, watchOpenFiles } from './open-files.ts';
import { type BodyLimits, HTTP_BODY_LIMITS, ReceivingBodies } from './receiving-bodies.ts';
import { framingOf, hasBodyFields } from './request-framing.ts';
import { requestIdOf } from './request-id.ts';
import { createApp, loadUWebSockets, standInServer, type TlsFiles } from './uwebsockets.ts';

const NO_HEADERS: RequestHead['headers'] = Object.freeze({});
const NO_NAMES: readonly string[] = [];

export interface HttpServerOptions {
  /** Lower-case names of headers to read of a request for a path: each costs time, so none by default. */
  headerNames?: (path: string) => readonly string[];
  /** TLS instead of clear text. Only the native build has it. */
  tls?: TlsFiles | undefined;
  limits?: BodyLimits;
  /**
   * With so many open files of the process no more connections are taken, until there are fewer; 0 and
   * undefined leave a tenth of what the system allows.
   */
  openFilesMax?: number | undefined;
  /** Told when that begins. */
  onFull?: () => void;
  /** What is tried first; only the native build does. */
  quick?: QuickAnswers | undefined;
  /** Told the status of every answer as it begins, for who counts. */
  onAnswer?: (status: StatusCode) => void;
  /** Told of each connection that was closed because a request could be read in two ways. */
  onBroken?: () => void;
}

export interface HttpServer {
  port: number;
  /** Stops listening and closes every connection. */
  close(): void;
}

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
  const loaded = loadUWebSockets();
  const { library, isNative } = loaded;
  const { limits = HTTP_BODY_LIMITS, headerNames, tls, quick } = options;
  const { onAnswer = () => {}, onBroken = () => {}, onFull = () => {} } = options;
  const app = createApp(loaded, tls);
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
