// One request over HTTP/2 and its answer, from the header fields to when the stream is closed. What the
// connection that it came on may do is in h2-connection.

import http2 from 'node:http2';
import type { HttpStream, StreamConsumer } from '../http/http-handler.ts';
import type { H2Counters } from './h2-counters.ts';
import type { H2Limits } from './h2-limits.ts';
import type { SbiAnswer, SbiReply, SbiRequest } from './sbi-message.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL } = http2.constants;

/** What the exchanges of a listener have in common. */
export interface H2ExchangeContext {
  limits: H2Limits;
  counters: H2Counters;
  /** Milliseconds since 1970. */
  now: () => number;
  handle: (request: SbiRequest) => SbiReply | Promise<SbiReply>;
  /** Called with what a handler threw; its answer is sent. */
  onError: (error: unknown) => SbiAnswer;
}

export class H2Exchange {
  readonly stream: http2.ServerHttp2Stream;
  readonly startedMs: number;
  isBodyComplete: boolean;
  readonly #context: H2ExchangeContext;
  /** When the answer was given, or the last of a stream of events; `undefined` before. */
  #answeredMs: number | undefined;
  /** Whether its client has not taken the answer in time. */
  #isGivenUp = false;
  /** Whether the answer has no end of its own and still goes on. */
  #isFollowed = false;
  #consumer: StreamConsumer | undefined;

  constructor(
    stream: http2.ServerHttp2Stream,
    startedMs: number,
    isBodyComplete: boolean,
    context: H2ExchangeContext,
  ) {
    this.stream = stream;
    this.startedMs = startedMs;
    this.isBodyComplete = isBodyComplete;
    this.#context = context;
  }

  get isAnswered(): boolean {
    return this.#answeredMs !== undefined || this.#isFollowed;
  }

  /** Answers by what the handler gives, now or when its promise is kept. */
  respond(request: SbiRequest): void {
    let reply: SbiReply | Promise<SbiReply>;
    try {
      reply = this.#context.handle(request);
    } catch (error) {
      reply = this.#context.onError(error);
    }
    if (reply instanceof Promise) {
      reply.catch(this.#context.onError).then((late) => this.#begin(late));
    } else {
      this.#begin(reply);
    }
  }

  /** Answers before the request is read, and reads no more of it. */
  refuse(answer: SbiAnswer): void {
    this.#begin(answer);
    // RFC 9113 section 8.1: NO_ERROR after a whole answer tells the client to stop sending.
    if (!this.isBodyComplete) this.stream.close(NGHTTP2_NO_ERROR);
  }

  #begin(reply: SbiReply): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed || this.isAnswered) return;
    this.#context.counters.answered(reply.status);
    if ('begin' in reply) this.#follow(reply);
    else this.#send(reply);
  }

  #send(answer: SbiAnswer): void {
    const { stream } = this;
    this.#answeredMs = this.#context.now();
    const { body } = answer;
    if (body.length === 0) {
      stream.respond(fieldsOf(answer), { endStream: true });
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    stream.respond(fieldsOf(answer, bytes));
    // A stream that answers HEAD has been ended by `respond`.
    if (stream.writableEnded) return;
    // Text of ASCII alone goes as it is; a copy in a buffer of its own would be garbage at once.
    if (typeof body !== 'string') stream.end(body);
    else stream.end(body, bytes === body.length ? 'latin1' : 'utf8');
  }

  /** Lets events be written; how long their client may take nothing is for their writer to say. */
  #follow(events: HttpStream): void {
    const { stream } = this;
    this.#isFollowed = true;
    stream.respond(fieldsOf(events));
    const ending = (end: () => void) => () => {
      if (!this.#isFollowed) return;
      this.#isFollowed = false;
      this.#answeredMs = this.#context.now();
      end();
    };
    this.#consumer = events.begin({
      // What does not go out at once waits in the stream, and false is returned until it has drained.
      write: (bytes) => !stream.destroyed && stream.write(bytes),
      end: ending(() => stream.end()),
      abort: ending(() => {
        stream.close(NGHTTP2_CANCEL);
        // A client whose window stays shut does not let the stream close: what waits for it goes with it.
        stream.destroy();
      }),
    });
    stream.on('drain', () => {
      if (this.#isFollowed) this.#consumer?.onDrained();
    });
  }

  /** The stream is closed. Returns whether it counts as a reset. */
  closed(): boolean {
    // A request without an answer is a reset too, whatever code it has.
    const isReset = this.stream.rstCode !== NGHTTP2_NO_ERROR || !this.isAnswered;
    if (this.#isFollowed) this.#consumer?.onClosed();
    this.#isFollowed = false;
    return isReset;
  }

  /** Ends what takes longer than it may; `refusal` is what a body is told that does not come. */
  sweep(nowMs: number, refusal: () => SbiAnswer): void {
    const { limits, counters } = this.#context;
    if (this.#isFollowed) return;
    if (this.#answeredMs === undefined) {
      if (this.isBodyComplete || nowMs - this.startedMs <= limits.requestMsMax) return;
      counters.timedOutRequests++;
      this.refuse(refusal());
      return;
    }
    const waitedMs = nowMs - this.#answeredMs;
    if (waitedMs <= limits.answerMsMax) return;
    if (!this.#isGivenUp) counters.timedOutAnswers++;
    this.#isGivenUp = true;
    this.stream.close(NGHTTP2_CANCEL);
    // A client whose window stays shut does not let even the stream close.
    if (waitedMs > 2 * limits.answerMsMax) this.stream.destroy();
  }
}

function fieldsOf(
  { status, contentType, headers = [] }: Pick<SbiReply, 'status' | 'contentType' | 'headers'>,
  bodyBytes?: number,
): http2.OutgoingHttpHeaders {
  const fields: http2.OutgoingHttpHeaders = { ':status': status };
  if (contentType !== '') fields['content-type'] = contentType;
  for (const [name, value] of headers) fields[name] = value;
  if (bodyBytes !== undefined) fields['content-length'] = bodyBytes;
  return fields;
}
