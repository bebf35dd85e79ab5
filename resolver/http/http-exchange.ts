// One request and its response, from the head to the last byte or to the client's going away. It owns the
// response object's lifetime: uWebSockets.js ends the process where a response is used after its end.

import type { HttpResponse } from 'uWebSockets.js';
import type { ServerResponse } from 'node:http';
import { type HttpAnswer, STATUS_TITLES, type StatusCode } from './http-answer.ts';
import type { BodyWanted, HttpStream, OnError, Outcome, StreamConsumer } from './http-handler.ts';
import { problem } from './problem.ts';
import type { BodyEnd, ReceivingBodies } from './receiving-bodies.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

/** A longer body is sent in pieces of so many bytes. */
const PIECE_BYTES = 256 * 1024;

export interface ExchangeOptions {
  /** Lower case. */
  method: string;
  isNative: boolean;
  onError: OnError;
  /** Told the status of the answer as it begins. */
  onAnswer: (status: StatusCode) => void;
  /** Whether what the client sends behind this request must not be read. */
  closesConnection: boolean;
}

export class Exchange {
  readonly method: string;
  /** What the client calls the request, where that was read. */
  requestId: string | undefined;
  readonly #response: HttpResponse;
  readonly #isNative: boolean;
  readonly #onError: OnError;
  readonly #onAnswer: (status: StatusCode) => void;
  #closesConnection: boolean;
  #isOver = false;
  #isWatched = false;
  #consumer: StreamConsumer | undefined;
  #body: { end(): void } | undefined;

  constructor(response: HttpResponse, options: ExchangeOptions) {
    this.#response = response;
    this.method = options.method;
    this.#isNative = options.isNative;
    this.#onError = options.onError;
    this.#onAnswer = options.onAnswer;
    this.#closesConnection = options.closesConnection;
  }

  /** Needed before the handler of a request returns without having answered it. */
  #watchAbort(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#response.onAborted(() => {
      this.#isOver = true;
      this.#body?.end();
      this.#consumer?.onClosed();
    });
  }

  /** Answers now, or when the promise is kept. */
  answer(outcome: Outcome): void {
    let answer = outcome;
    // What has come behind a request is read before its connection can be closed, but not while an answer
    // is pending: then uWebSockets.js drops the connection.
    if (this.#closesConnection && !(answer instanceof Promise)) {
      answer = new Promise((resolve) => setImmediate(resolve, outcome));
    }
    if (!(answer instanceof Promise)) {
      this.#begin(answer);
      return;
    }
    this.#watchAbort();
    answer
      .catch((error) => this.#onError(error, this.requestId))
      .then((late) => {
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
  collect({ bytesMax, answer }: BodyWanted, announcedBytes: number, bodies: ReceivingBodies): void {
    this.#watchAbort();
    const body = bodies.begin(bytesMax, announcedBytes, (end) => this.#refuseBody(end, bytesMax));
    this.#body = body;
    if (body.isOver) return;
    this.#response.onData((chunk, isLast) => {
      const whole = body.take(chunk, isLast);
      if (!whole) return;
      let answered: Outcome;
      try {
        answered = answer(whole);
      } catch (error) {
        answered = this.#onError(error, this.requestId);
      }
      this.answer(answered);
    });
  }

  #refuseBody(end: BodyEnd, bytesMax: number): void {
    if (this.#isOver) return;
    const refusal = {
      'too-long': () =>
        problem(413, 'MANDATORY_IE_INCORRECT', `The body is longer than ${bytesMax} bytes.`),
      'too-slow': () => problem(408, 'TIMED_OUT_REQUEST', 'The body took too long to come.'),
      'too-many': () => problem(503, 'NF_CONGESTION', 'Too many bodies are being received.'),
    }[end]();
    this.#closesConnection = true;
    this.#response.cork(() => this.#send(refusal));
  }

  #writeHead({ status, contentType, headers = [] }: Omit<HttpAnswer, 'body'>): void {
    const response = this.#response;
    this.#onAnswer(status);
    // Without a status line uWebSockets.js says 200 OK.
    if (status !== 200 || !this.#isNative) {
      response.writeStatus(`${status} ${STATUS_TITLES[status]}`);
    }
    response.writeHeader('content-type', contentType);
    for (const [name, value] of headers) response.writeHeader(name, value);
    if (status < 400 || this.requestId === undefined) return;
    if (headers.some(([name]) => name === REQUEST_ID_HEADER)) return;
    response.writeHeader(REQUEST_ID_HEADER, this.requestId);
  }

  #send(answer: HttpAnswer): void {
    const response = this.#response;
    this.#writeHead(answer);
    if (this.method === 'head' && this.#isNative) {
      this.#isOver = true;
      const bodyBytes = Buffer.byteLength(answer.body);
      if (this.#closesConnection) {
        // Told a length, uWebSockets.js waits for a body: without a handler it would end the process, and what
        // the client sends behind this request ends the connection.
        this.#watchAbort();
        response.endWithoutBody(bodyBytes, true);
      } else {
        response.writeHeader('content-length', String(bodyBytes));
        response.endWithoutBody();
      }
    } else if (this.#isNative && answer.body.length > PIECE_BYTES) {
      const { body } = answer;
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      // `tryEnd` cannot close a connection, and `end` behind `write` would put a header field for it into the
      // body. So its client is told to close it, as every proxy does: nothing behind the request is anybody's.
      if (this.#closesConnection) response.writeHeader('connection', 'close');
      this.#sendPieces(bytes);
    } else {
      this.#isOver = true;
      response.end(answer.body, this.#closesConnection);
    }
  }

  /** A long body goes out as fast as the client takes it, never all of it into the send buffer. */
  #sendPieces(bytes: Uint8Array): void {
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
