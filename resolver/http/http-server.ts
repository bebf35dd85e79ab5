// The HTTP/1.1 listener of one serving thread, on uWebSockets.js. It owns sockets and the response
// object's lifetime; what is answered is decided in http-router.
//
// Every request goes through one `any` handler and the project's own router, so that the native
// build and its slower JavaScript stand-in (used where no native build fits this Node) behave alike.

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { ResolverError } from '../resolver-error.ts';
import { type HttpAnswer, STATUS_TITLES } from './http-answer.ts';

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
}

export type HttpHandler = (request: RequestHead) => HttpAnswer | Promise<HttpAnswer>;

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
  onError: (error: unknown) => HttpAnswer,
): Promise<HttpServer> {
  const { library, isNative } = loadUWebSockets();
  const app = library.App({});
  app.any('/*', (response, request) => {
    const head = readHead(request, isNative);
    let isAborted = false;
    response.onAborted(() => {
      isAborted = true;
    });
    let answer: HttpAnswer | Promise<HttpAnswer>;
    try {
      answer = handle(head);
    } catch (error) {
      answer = onError(error);
    }
    if (!(answer instanceof Promise)) {
      send(response, head, answer, isNative);
      return;
    }
    answer.catch(onError).then((late) => {
      if (!isAborted) response.cork(() => send(response, head, late, isNative));
    });
  });
  return new Promise((resolve, reject) => {
    app.listen(host, port, (token) => {
      if (!token) {
        reject(new ResolverError('BCHF_LISTEN_FAILED', `HTTP cannot listen on ${host}:${port}`));
        return;
      }
      const listeningPort = library.us_socket_local_port(token);
      const standIn = isNative ? undefined : standInServer(token);
      resolve({
        port: listeningPort,
        close: () => {
          library.us_listen_socket_close(token);
          // A thread that ends while uWS still has open handles takes the process down with it.
          (app as TemplatedApp & { close?: () => void }).close?.();
          standIn?.closeAllConnections();
        },
      });
    });
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

function readHead(request: HttpRequest, isNative: boolean): RequestHead {
  const url = request.getUrl();
  const method = request.getMethod().toLowerCase();
  if (isNative) return { method, path: url, query: request.getQuery() ?? '' };
  // The stand-in leaves the query in the URL, and its getQuery throws.
  const mark = url.indexOf('?');
  return mark < 0
    ? { method, path: url, query: '' }
    : { method, path: url.slice(0, mark), query: url.slice(mark + 1) };
}

function send(
  response: HttpResponse,
  head: RequestHead,
  answer: HttpAnswer,
  isNative: boolean,
): void {
  response.writeStatus(`${answer.status} ${STATUS_TITLES[answer.status]}`);
  response.writeHeader('content-type', answer.contentType);
  for (const [name, value] of answer.headers ?? []) response.writeHeader(name, value);
  if (head.method === 'head' && isNative) {
    response.endWithoutBody(Buffer.byteLength(answer.body));
  } else {
    response.end(answer.body);
  }
}
