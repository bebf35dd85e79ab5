// One upstream: the HTTP interface of another resolver, asked over kept connections, within limits; and
// what is known of its health.
//
// After so many failures in a row, or answers that came too late, it counts as down and is asked last, until
// it says at `/health/ready` that it answers again; that is asked once a second, and only of those that are
// down. So of a slow one that is ready no more than a few requests a second have to wait.

import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { UpstreamResponse, UpstreamVerdict } from './upstream-answer-codec.ts';

const CONNECTIONS_MAX = 128;
const HEADER_BYTES_MAX = 16 * 1024;
const FAILURES_UNTIL_DOWN = 3;
const PROBE_INTERVAL_MS = 1000;
const PROBE_TIMEOUT_MS = 1000;
const PROBE_BYTES_MAX = 4096;

/** What came of one request to one upstream. */
export type UpstreamOutcome =
  | 'answered'
  | 'declined'
  | 'invalid'
  | 'unreachable'
  | 'timed-out'
  | 'abandoned';
export const UPSTREAM_OUTCOMES: readonly UpstreamOutcome[] = [
  'answered',
  'declined',
  'invalid',
  'unreachable',
  'timed-out',
  'abandoned',
];

export interface UpstreamRequest {
  method: 'GET' | 'POST';
  /** With the query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | undefined;
  /** A longer answer is a failure. */
  answerBytesMax: number;
  judge: (response: UpstreamResponse) => UpstreamVerdict;
}

export type UpstreamAnswer = UpstreamResponse & { headers: IncomingHttpHeaders };
export type UpstreamResult =
  | { outcome: 'answered' | 'declined'; answer: UpstreamAnswer }
  | { outcome: Exclude<UpstreamOutcome, 'answered' | 'declined'> };

export class Upstream {
  readonly url: URL;
  readonly counts: Record<UpstreamOutcome, number> = {
    answered: 0,
    declined: 0,
    invalid: 0,
    unreachable: 0,
    'timed-out': 0,
    abandoned: 0,
  };
  readonly #agent: http.Agent;
  readonly #library: typeof http | typeof https;
  #failures = 0;
  #probing: NodeJS.Timeout | undefined;

  /** @param ca PEM of who vouches for it over https; without it, those that Node knows */
  constructor(url: URL, ca: string | undefined) {
    this.url = url;
    this.#library = url.protocol === 'https:' ? https : http;
    this.#agent = new this.#library.Agent({
      keepAlive: true,
      maxSockets: CONNECTIONS_MAX,
      ...(ca !== undefined && { ca }),
    });
  }

  get isUp(): boolean {
    return this.#failures < FAILURES_UNTIL_DOWN;
  }

  /**
   * Asks; never rejects. A signal that aborts because the time is over has the reason `timed-out`; any
   * other reason is that nobody waits any more, which says nothing of the upstream.
   */
  async ask(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResult> {
    const result = await this.#exchange(request, signal);
    this.counts[result.outcome]++;
    if ('answer' in result) this.#failures = 0;
    else if (result.outcome !== 'abandoned') this.#failed();
    return result;
  }

  /** One that was asked later has answered first: that it is slow counts like a failure. */
  outrun(): void {
    this.#failed();
  }

  close(): void {
    clearInterval(this.#probing);
    this.#agent.destroy();
  }

  #failed(): void {
    this.#failures++;
    if (this.isUp || this.#probing) return;
    this.#probing = setInterval(() => this.#probe(), PROBE_INTERVAL_MS);
    this.#probing.unref();
  }

  async #probe(): Promise<void> {
    const isReady = await this.#exchange(
      {
        method: 'GET',
        path: '/health/ready',
        headers: {},
        body: undefined,
        answerBytesMax: PROBE_BYTES_MAX,
        judge: ({ status }) => (status === 200 ? 'pass' : 'fail'),
      },
      AbortSignal.timeout(PROBE_TIMEOUT_MS),
    );
    if (isReady.outcome !== 'answered') return;
    this.#failures = 0;
    clearInterval(this.#probing);
    this.#probing = undefined;
  }

  #exchange(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResult> {
    const { method, path, headers, body, answerBytesMax, judge } = request;
    return new Promise((resolve) => {
      const fail = () =>
        resolve({
          outcome: !signal.aborted
            ? 'unreachable'
            : isTimeout(signal.reason)
              ? 'timed-out'
              : 'abandoned',
        });
      const outgoing = this.#library.request(
        {
          host: this.url.hostname.replace(/^\[|\]$/g, ''),
          port: this.url.port || undefined,
          agent: this.#agent,
          maxHeaderSize: HEADER_BYTES_MAX,
          method,
          path,
          headers: {
            host: this.url.host,
            ...headers,
            ...(body && { 'content-length': body.length }),
          },
          signal,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          incoming.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes <= answerBytesMax) {
              chunks.push(chunk);
            } else {
              resolve({ outcome: 'invalid' });
              outgoing.destroy();
            }
          });
          incoming.on('error', fail);
          incoming.on('end', () => {
            const answer: UpstreamAnswer = {
              status: incoming.statusCode ?? 0,
              contentType: incoming.headers['content-type'] ?? '',
              body: Buffer.concat(chunks),
              headers: incoming.headers,
            };
            switch (judge(answer)) {
              case 'pass':
                return resolve({ outcome: 'answered', answer });
              case 'decline':
                return resolve({ outcome: 'declined', answer });
              case 'fail':
                return resolve({ outcome: 'invalid' });
            }
          });
        },
      );
      outgoing.on('error', fail);
      outgoing.end(body);
    });
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
