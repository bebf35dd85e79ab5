// What stands between the HTTP/1.1 listener and whoever answers: shapes alone, so that what decides on answers
// knows no sockets.

import type { BatchRestriction } from './batch-answer.ts';
import type { HttpAnswer } from './http-answer.ts';

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

/** What answers where a handler fails; the id is the request's own. */
export type OnError = (error: unknown, requestId: string | undefined) => HttpAnswer;

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
    request: { getHeader(name: string): string },
  ): Uint8Array | HttpAnswer | undefined;
}
