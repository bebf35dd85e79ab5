// One connection of the HTTP/2 listener and what it may do over time: how many resets, how much that asks for
// nothing, how long it may be silent or closing. h2-server has the listener and the requests; the floods that
// this is for are listed there.

import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { problem } from '../http/problem.ts';
import type { H2Exchange, H2ExchangeContext } from './h2-exchange.ts';
import { LeakyBucket } from './leaky-bucket.ts';
import type { SbiAnswer, SbiRequest } from './sbi-message.ts';

/** How long `close` waits for answers under way, and an ended connection for its client to end it too. */
export const DRAIN_MS_MAX = 1000;

const { NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;

export class H2Connection {
  readonly session: http2.ServerHttp2Session;
  /** The session lets go of it when it is over, and leaves it open until the client closes it too. */
  readonly socket: Socket;
  /** Spread into each request. */
  readonly client: Pick<SbiRequest, 'clientNames'>;
  readonly #context: Pick<H2ExchangeContext, 'limits' | 'counters' | 'now'>;
  readonly #exchanges = new Set<H2Exchange>();
  readonly #resets: LeakyBucket;
  readonly #overhead: LeakyBucket;
  /** When the last request was done with, or when it connected. */
  #lastActiveMs: number;
  /** All that was read when the sweep came round last, and what header fields and bodies came since. */
  #readBytes = 0;
  #usefulBytes = 0;
  #isGreeted = false;
  /** Since when it takes no more requests and has none under way; `undefined` before. */
  #closingSinceMs: number | undefined;

  constructor(
    session: http2.ServerHttp2Session,
    socket: Socket,
    client: Pick<SbiRequest, 'clientNames'>,
    context: Pick<H2ExchangeContext, 'limits' | 'counters' | 'now'>,
  ) {
    this.session = session;
    this.socket = socket;
    this.client = client;
    this.#context = context;
    const { limits, now } = context;
    this.#resets = new LeakyBucket(limits.resetsPerSecondMax, now());
    this.#overhead = new LeakyBucket(limits.overheadBytesPerSecondMax, now());
    this.#lastActiveMs = now();
    session.once('remoteSettings', () => {
      this.#isGreeted = true;
    });
  }

  /** A request has begun: it is swept until its stream is closed. */
  begin(exchange: H2Exchange): void {
    this.#exchanges.add(exchange);
    const { stream } = exchange;
    // A reset by the client is no fault of anybody here; without a listener it would be thrown.
    stream.on('error', ignore);
    stream.on('close', () => {
      const nowMs = this.#context.now();
      this.#exchanges.delete(exchange);
      this.#lastActiveMs = nowMs;
      if (exchange.closed() && this.#resets.add(1, nowMs)) this.#calm();
    });
  }

  /** Counts header fields and bodies, which are no overhead. */
  noteUseful(bytes: number): void {
    this.#usefulBytes += bytes;
  }

  /** Ends what is over its time or its limit. */
  sweep(nowMs: number): void {
    const { session } = this;
    const { limits, counters } = this.#context;
    const idleMs = nowMs - this.#lastActiveMs;
    if (session.closed || session.destroyed) {
      if (this.#exchanges.size === 0) this.#sweepClosing(nowMs);
    } else if (!this.#isGreeted && idleMs > limits.greetingMsMax) {
      counters.timedOutConnections++;
      session.destroy();
    } else if (this.#exchanges.size === 0 && idleMs > limits.idleMsMax) {
      counters.timedOutConnections++;
      session.close();
    }
    for (const exchange of this.#exchanges) exchange.sweep(nowMs, tooSlow);
    if (this.#hasTooMuchOverhead(nowMs)) this.#calm();
  }

  /**
   * A session that said or was told GOAWAY and has no request left ends by itself once all is written, and
   * ends its side of the connection. The client may keep its own side open, or take nothing.
   */
  #sweepClosing(nowMs: number): void {
    const { session, socket } = this;
    this.#closingSinceMs ??= nowMs;
    const closingMs = nowMs - this.#closingSinceMs;
    const isWritten = session.destroyed && socket.writableFinished;
    // Closed at once, the socket would answer what still comes with a reset, at which a client may drop what
    // it has not read yet.
    const closingMsMax = isWritten ? DRAIN_MS_MAX : this.#context.limits.answerMsMax;
    if (closingMs > closingMsMax) socket.destroy();
  }

  #hasTooMuchOverhead(nowMs: number): boolean {
    const { session } = this;
    if (session.destroyed) return false;
    const { bytesRead } = session.socket;
    const beside = bytesRead - this.#readBytes - this.#usefulBytes;
    this.#readBytes = bytesRead;
    this.#usefulBytes = 0;
    return this.#overhead.add(Math.max(0, beside), nowMs);
  }

  /** Ends a session that floods. */
  #calm(): void {
    if (this.session.destroyed) return;
    this.#context.counters.sessionErrors++;
    this.session.destroy(undefined, NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

function tooSlow(): SbiAnswer {
  return problem(408, 'UNSPECIFIED_MSG_FAILURE', 'The body took too long to come.');
}

function ignore(): void {}
