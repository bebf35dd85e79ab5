// Nbchf_Routing: GET /nbchf-routing/v1/changes, the changes of the index as server-sent events (WHATWG
// HTML, section 9.2), one event a block, for caches that follow it.
//
// A stream pulls: its next block is asked for when its client has taken the one before. So a client that is
// behind costs no memory, and one that takes nothing is cut off after a while. Blocks come from the
// ledger-desk, which keeps the newest ones and has the others from the disk; their text is made once for
// all streams of a thread that are at about the same block (kept-events).
//
//     stream at block n ─▶ text of n + 1 kept here? ─▶ ask the desk for blocks after n ─▶ made and kept
//                            └─▶ written in pieces, as the client takes them

import { type AskLedger, LedgerBusy } from '../ledger-questions.ts';
import type { RouteTable } from '../route-table.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { HttpStream, StreamConsumer, StreamSink } from './http-handler.ts';
import { KeptEvents } from './kept-events.ts';
import { answerAsked, congestion, notKept } from './ledger-answers.ts';
import { incorrectParameter, isQueryFault, parseQuery } from './query-parameters.ts';

export const EVENT_STREAM_TYPE = 'text/event-stream';

/** A silent stream gets a comment so often; proxies commonly give up after 30 or 60 s. */
export const HEARTBEAT_MS = 15_000;
/** A client that takes nothing for so long while something waits for it is cut off. */
export const SLOW_MS_MAX = 8_000;
/** What is handed to a socket at once: all that waits for a client in the server's own memory. */
export const PIECE_BYTES = 64 * 1024;
/** Blocks and the text of events that are kept for all streams, besides the last answer of the desk. */
export const KEPT_BYTES_MAX = 32 << 20;

/** The names of what is counted; help texts are in the counter table. */
export const STREAM_COUNTERS = {
  opened: 'Streams of changes begun.',
  ended: 'Streams of changes ended, for whatever reason.',
  refused: 'Streams of changes refused because there were as many as allowed.',
  cutOff: 'Streams of changes cut off because their clients took nothing.',
  sentBlocks: 'Blocks written to streams of changes.',
};

export interface StreamOptions {
  ask: AskLedger;
  routes: Pick<RouteTable, 'json'>;
  /** The height of the block that is served when the first stream may begin. */
  servedHeight: number;
  /** Streams of this thread. */
  streamsMax: number;
  /** KEPT_BYTES_MAX if not given. */
  keptBytesMax?: number;
  /** Milliseconds, of any clock that only goes forward. */
  now: () => number;
}

class ChangeStream {
  readonly sink: StreamSink;
  /** The last block that was written or is being written. */
  height: number;
  /** What is left to write of an event. */
  rest: Uint8Array | undefined;
  /** Since when the client has not taken what waits for it. */
  blockedSinceMs: number | undefined;
  lastWriteMs: number;

  constructor(sink: StreamSink, height: number, nowMs: number) {
    this.sink = sink;
    this.height = height;
    this.lastWriteMs = nowMs;
  }
}

export class ChangeStreams {
  readonly counters: Record<keyof typeof STREAM_COUNTERS, number>;
  readonly #options: StreamOptions;
  readonly #streams = new Set<ChangeStream>();
  /** Streams that are being opened, so that the limit holds for them too. */
  #opening = 0;
  #servedHeight: number;
  readonly #kept: KeptEvents;
  /** Questions under way, by the height that they ask from. */
  readonly #asking = new Set<number>();

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#servedHeight = options.servedHeight;
    const { routes, keptBytesMax = KEPT_BYTES_MAX } = options;
    this.#kept = new KeptEvents(routes, keptBytesMax, (height) => this.#cutOffAt(height));
    this.counters = { opened: 0, ended: 0, refused: 0, cutOff: 0, sentBlocks: 0 };
  }

  get count(): number {
    return this.#streams.size;
  }

  /**
   * Answers a request for a stream. `lastEventId` is the header of that name, which comes before `since`:
   * whoever connects again repeats the URL that it began with.
   *
   * 400 for a height that is none; 410 HEIGHT_NOT_KEPT where a block after it is not kept; 503
   * NF_CONGESTION where there are as many streams as allowed.
   */
  answer(
    query: string,
    lastEventId: string,
  ): HttpAnswer | Promise<HttpAnswer | HttpStream> | HttpStream {
    const parameters = parseQuery(query);
    if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
    let since = this.#servedHeight;
    for (const [param, text] of [
      ['since', parameters.get('since')],
      ['Last-Event-ID', lastEventId || undefined],
    ] as const) {
      if (text === undefined) continue;
      const height = heightOf(text);
      if (height === undefined) {
        const reason = 'must be the height of a block: 0 or more, in digits';
        return incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param, reason });
      }
      since = height;
    }
    if (this.#streams.size + this.#opening >= this.#options.streamsMax) {
      this.counters.refused++;
      return congestion('There are as many streams of changes as allowed.');
    }
    if (since >= this.#servedHeight || this.#kept.has(since + 1)) return this.#streamFrom(since);
    this.#opening++;
    const asked = this.#options.ask('changes', { since }).finally(() => {
      this.#opening--;
    });
    return answerAsked(asked, (answer) => {
      if ('refusal' in answer)
        return notKept(`What changed after block ${since} is not kept: load anew.`);
      this.#kept.keep(answer.blocks);
      return this.#streamFrom(since);
    });
  }

  /** A block and all before it are visible in the index. */
  served(height: number): void {
    this.#servedHeight = height;
    for (const stream of this.#streams) this.#pump(stream);
  }

  /** Sends heart-beats and cuts slow clients off; to be called about once a second. */
  tick(): void {
    const nowMs = this.#options.now();
    for (const stream of [...this.#streams]) {
      const { blockedSinceMs, lastWriteMs } = stream;
      if (blockedSinceMs !== undefined) {
        if (nowMs - blockedSinceMs >= SLOW_MS_MAX) this.#cutOff(stream);
      } else {
        // Also after a question that could not be answered.
        this.#pump(stream);
        if (nowMs - lastWriteMs >= HEARTBEAT_MS) this.#write(stream, Buffer.from(':\n\n'));
      }
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of [...this.#streams]) this.#end(stream);
  }

  #streamFrom(since: number): HttpStream {
    return {
      status: 200,
      contentType: EVENT_STREAM_TYPE,
      headers: [['cache-control', 'no-store']],
      begin: (sink) => this.#begin(new ChangeStream(sink, since, this.#options.now())),
    };
  }

  #begin(stream: ChangeStream): StreamConsumer {
    this.#streams.add(stream);
    this.counters.opened++;
    // The head goes out with it, so the client knows at once that it is connected.
    this.#write(stream, Buffer.from('retry: 1000\n\n'));
    this.#pump(stream);
    return {
      onDrained: () => {
        stream.blockedSinceMs = undefined;
        this.#pump(stream);
      },
      onClosed: () => this.#forget(stream),
    };
  }

  /** Writes what there is until the client takes no more. */
  #pump(stream: ChangeStream): void {
    while (stream.blockedSinceMs === undefined && this.#streams.has(stream)) {
      if (!stream.rest) {
        const next = stream.height + 1;
        if (next > this.#servedHeight) return;
        stream.rest = this.#kept.textOf(next);
        if (!stream.rest) {
          this.#askFrom(stream.height);
          return;
        }
        stream.height = next;
      }
      const piece = stream.rest.subarray(0, PIECE_BYTES);
      stream.rest =
        piece.length < stream.rest.length ? stream.rest.subarray(PIECE_BYTES) : undefined;
      if (!stream.rest) this.counters.sentBlocks++;
      this.#write(stream, piece);
    }
  }

  #write(stream: ChangeStream, bytes: Uint8Array): void {
    const nowMs = this.#options.now();
    stream.lastWriteMs = nowMs;
    if (!stream.sink.write(bytes)) stream.blockedSinceMs = nowMs;
  }

  /** Asks for the blocks above a height, for all streams that need them. */
  #askFrom(height: number): void {
    if (this.#asking.has(height)) return;
    this.#asking.add(height);
    this.#options
      .ask('changes', { since: height })
      .then(
        (answer) => {
          if ('blocks' in answer) this.#kept.keep(answer.blocks);
          else this.#endAt(height, 'event: reload\ndata: {"cause":"HEIGHT_NOT_KEPT"}\n\n');
        },
        (error: unknown) => {
          // The next tick asks again; after a fault their clients come again.
          if (!(error instanceof LedgerBusy)) this.#endAt(height, ':\n\n');
        },
      )
      .finally(() => {
        this.#asking.delete(height);
        if (!this.#kept.has(height + 1)) return;
        for (const stream of this.#streams) this.#pump(stream);
      });
  }

  /** Ends the streams that cannot go on behind a block, with a last word. */
  #endAt(height: number, farewell: string): void {
    for (const stream of [...this.#streams]) {
      if (stream.height !== height || stream.rest) continue;
      this.#write(stream, Buffer.from(farewell));
      this.#end(stream);
    }
  }

  #end(stream: ChangeStream): void {
    if (!this.#forget(stream)) return;
    stream.sink.end();
  }

  #cutOff(stream: ChangeStream): void {
    if (!this.#forget(stream)) return;
    this.counters.cutOff++;
    stream.sink.abort();
  }

  /**
   * A text that a client has not taken yet stays in memory although it is kept no longer, so such a client is
   * cut off.
   */
  #cutOffAt(height: number): void {
    for (const stream of [...this.#streams]) {
      if (stream.height === height && stream.rest) this.#cutOff(stream);
    }
  }

  #forget(stream: ChangeStream): boolean {
    if (!this.#streams.delete(stream)) return false;
    this.counters.ended++;
    return true;
  }
}

function heightOf(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
