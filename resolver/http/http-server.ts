// The HTTP/1.1 listener of one serving thread, on uWebSockets.js. It owns sockets and the response
// object's lifetime; what is answered is decided in http-router.
//
// Every request goes through one `any` handler and the project's own router, so that the native
// build and its slower JavaScript stand-in (used where no native build fits this Node) behave alike.

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { ResolverError } from '../resolver-error.ts';
import { type HttpAnswer, STATUS_TITLES } from './http-answer.ts';
import { problem } from './problem.ts';

type UWebSockets = typeof import('uWebSockets.js');

/** A longer body is sent in pieces of so many bytes. */
const PIECE_BYTES = 256 * 1024;

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
}

const NO_HEADERS: RequestHead['headers'] = Object.freeze({});

export interface HttpServerOptions {
  /** Lower-case names of headers to read of every request: each costs time, so none by default. */
  headerNames?: readonly string[];
  /** Paths of PEM files: TLS instead of clear text. Only the native build has it. */
  tls?: { certFile: string; keyFile: string } | undefined;
}

/** What a handler returns that needs the request's body before it can answer. */
export interface BodyWanted {
  /** A longer body is answered with 413, and its connection is closed. */
  bytesMax: number;
  answer: (body: Uint8Array) => HttpAnswer | Promise<HttpAnswer>;
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
  { headerNames = [], tls }: HttpServerOptions = {},
): Promise<HttpServer> {
  const { library, isNative } = loadUWebSockets();
  const app = createApp(library, isNative, tls);
  app.any('/*', (response, request) => {
    const head = readHead(request, isNative, headerNames);
    const exchange = new Exchange(response, head, isNative, onError);
    let wanted: ReturnType<HttpHandler>;
    try {
      wanted = handle(exchange.head);
    } catch (error) {
      wanted = onError(error);
    }
    if ('bytesMax' in wanted) exchange.collect(wanted, Number(request.getHeader('content-length')));
    else exchange.answer(wanted);
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
  isNative: boolean,
  headerNames: readonly string[],
): RequestHead {
  const url = request.getUrl();
  const method = request.getMethod().toLowerCase();
  const contentType = method === 'post' ? request.getHeader('content-type') : '';
  const headers = headerNames.length === 0 ? NO_HEADERS : readHeaders(request, headerNames);
  if (isNative) return { method, path: url, query: request.getQuery() ?? '', contentType, headers };
  // The stand-in leaves the query in the URL, and its getQuery throws.
  const mark = url.indexOf('?');
  return mark < 0
    ? { method, path: url, query: '', contentType, headers }
    : { method, path: url.slice(0, mark), query: url.slice(mark + 1), contentType, headers };
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

/** One request and its response, from the head to the last byte, or to the client's going away. */
class Exchange {
  readonly head: RequestHead;
  readonly #response: HttpResponse;
  readonly #isNative: boolean;
  readonly #onError: (error: unknown) => HttpAnswer;
  #isOver = false;
  #isWatched = false;
  #consumer: StreamConsumer | undefined;

  constructor(
    response: HttpResponse,
    head: RequestHead,
    isNative: boolean,
    onError: (error: unknown) => HttpAnswer,
  ) {
    this.#response = response;
    this.head = head;
    this.#isNative = isNative;
    this.#onError = onError;
  }

  /** Needed before the handler of a request returns without having answered it. */
  #watchAbort(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#response.onAborted(() => {
      this.#isOver = true;
      this.#consumer?.onClosed();
    });
  }

  /** Answers now, or when the promise is kept. */
  answer(answer: Outcome): void {
    if (!(answer instanceof Promise)) {
      this.#begin(answer);
      return;
    }
    this.#watchAbort();
    answer.catch(this.#onError).then((late) => {
      if (!this.#isOver) this.#response.cork(() => this.#begin(late));
    });
  }

  #begin(answer: HttpAnswer | HttpStream): void {
    if ('begin' in answer) this.#stream(answer);
    else this.#send(answer);
  }

  #stream(stream: HttpStream): void {
    this.#watchAbort();
    const response = this.#response;
    this.#writeHead(stream);
    const onDrained = () => {
      if (!this.#isOver) this.#consumer?.onDrained();
    };
    if (this.#isNative) {
      response.onWritable(() => {
        onDrained();
        return true;
      });
    } else {
      // The stand-in passes no such event on; its response is one of Node's.
      (response as HttpResponse & { response: ServerResponse }).response.on('drain', onDrained);
    }
    const ending = (end: () => void) => () => {
      if (this.#isOver) return;
      this.#isOver = true;
      end();
    };
    this.#consumer = stream.begin({
      write: (bytes) => {
        if (this.#isOver) return false;
        let isTaken = false;
        response.cork(() => {
          isTaken = response.write(bytes);
        });
        return isTaken;
      },
      end: ending(() => response.cork(() => response.end())),
      abort: ending(() => response.close()),
    });
  }

  /** Collects the body, then answers. `announcedBytes` is NaN where the client did not say. */
  collect({ bytesMax, answer }: BodyWanted, announcedBytes: number): void {
    if (announcedBytes > bytesMax) {
      this.#refuseBody(bytesMax);
      return;
    }
    this.#watchAbort();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    this.#response.onData((chunk, isLast) => {
      if (this.#isOver) return;
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        this.#refuseBody(bytesMax);
        return;
      }
      // The native build takes its memory back when this function returns.
      if (!isLast) chunks.push(new Uint8Array(chunk).slice());
      else {
        const last = new Uint8Array(chunk);
        let answered: Outcome;
        try {
          answered = answer(chunks.length === 0 ? last.slice() : Buffer.concat([...chunks, last]));
        } catch (error) {
          answered = this.#onError(error);
        }
        this.answer(answered);
      }
    });
  }

  #refuseBody(bytesMax: number): void {
    this.#send(
      problem(413, 'MANDATORY_IE_INCORRECT', `The body is longer than ${bytesMax} bytes.`),
      true,
    );
  }

  #writeHead({ status, contentType, headers = [] }: Omit<HttpAnswer, 'body'>): void {
    const response = this.#response;
    response.writeStatus(`${status} ${STATUS_TITLES[status]}`);
    response.writeHeader('content-type', contentType);
    for (const [name, value] of headers) response.writeHeader(name, value);
  }

  #send(answer: HttpAnswer, closeConnection = false): void {
    const response = this.#response;
    this.#writeHead(answer);
    if (this.head.method === 'head' && this.#isNative) {
      // For uWebSockets.js this is no answer yet: without a handler it would end the process.
      this.#watchAbort();
      this.#isOver = true;
      response.endWithoutBody(Buffer.byteLength(answer.body), closeConnection);
    } else if (this.#isNative && answer.body.length > PIECE_BYTES) {
      this.#sendPieces(answer.body);
    } else {
      this.#isOver = true;
      response.end(answer.body, closeConnection);
    }
  }

  /** A long body goes out as fast as the client takes it, never all of it into the send buffer. */
  #sendPieces(body: string | Uint8Array): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const response = this.#response;
    this.#watchAbort();
    const sendFrom = (offset: number): boolean => {
      let at = offset;
      while (!this.#isOver) {
        const [isTaken, isDone] = response.tryEnd(
          bytes.subarray(at, at + PIECE_BYTES),
          bytes.length,
        );
        if (isDone) this.#isOver = true;
        if (isDone || !isTaken) return isDone;
        at = response.getWriteOffset();
      }
      return true;
    };
    response.onWritable((offset) => sendFrom(offset));
    sendFrom(0);
  }
}
