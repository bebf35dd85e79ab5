// How an element asks others: over HTTP/2 or with frames, as the message wants, and what it was told goes
// to the trace.

import http1 from 'node:http';
import { H2Client } from '../../resolver/sbi/h2-client.ts';
import { FrameClient, type NoAnswer } from './frame-client.ts';
import { type Operation, type Result, refused } from './operations.ts';
import { type Judged, nowMs, type Trace } from './trace.ts';
import { labelOf, type Wire, type WireAnswer, type WireRequest } from './wire.ts';

const NO_BODY = new Uint8Array(0);

/** Who is asked. */
export interface Peer {
  /** For people. */
  name: string;
  /** `host:port`. */
  address: string;
  /** Asked over HTTP/1.1, not HTTP/2. */
  isHttp1?: boolean;
}

/** Connections that are kept to one BCHF. */
const HTTP1_CONNECTIONS_MAX = 64;
const HTTP1_BODY_BYTES_MAX = 64 * 1024;

export class Peers {
  readonly #self: string;
  readonly #timeoutMs: number;
  readonly #trace: Trace;
  readonly #frames = new FrameClient();
  readonly #h2 = new Map<string, H2Client>();
  readonly #agent = new http1.Agent({ keepAlive: true, maxSockets: HTTP1_CONNECTIONS_MAX });

  /** @param self the name of the element that asks */
  constructor(self: string, timeoutMs: number, trace: Trace) {
    this.#self = self;
    this.#timeoutMs = timeoutMs;
    this.#trace = trace;
  }

  /**
   * Sends one message; never rejects.
   *
   * @param judge what an answer comes to
   */
  async ask(
    peer: Peer,
    request: WireRequest,
    judge: (answer: WireAnswer) => Judged,
    timeoutMs = this.#timeoutMs,
  ): Promise<WireAnswer | NoAnswer> {
    const { name: to, address, isHttp1 } = peer;
    const sentMs = nowMs();
    const ask = () => {
      if (!request.http) return this.#frames.ask(address, request, timeoutMs);
      if (isHttp1) return this.#askHttp1(address, request.http, timeoutMs);
      return this.#askHttp2(address, request, timeoutMs);
    };
    const answer = await ask();
    const { label, outcome } =
      typeof answer === 'string' ? { label: answer, outcome: answer } : judge(answer);
    this.#trace({
      kind: 'exchange',
      from: this.#self,
      to,
      request: request.name,
      answer: label,
      outcome,
      sentMs,
      answeredMs: nowMs(),
    });
    return answer;
  }

  /** Asks for an operation: all of its messages in turn, until one is refused. */
  async perform(
    peer: Peer,
    operation: Operation,
    wire: Wire,
    timeoutMs = this.#timeoutMs,
  ): Promise<Result> {
    let data = {};
    for (const request of wire.requestsOf(operation)) {
      const judge = (told: WireAnswer) => {
        const result = wire.resultOf(operation, told);
        return { label: labelOf(told), outcome: result.ok ? 'ok' : result.cause };
      };
      const answer = await this.ask(peer, request, judge, timeoutMs);
      if (typeof answer === 'string') return refused(answer);
      const result = wire.resultOf(operation, answer);
      if (!result.ok) return result;
      data = { ...data, ...result.data };
    }
    return { ok: true, data };
  }

  close(): void {
    this.#frames.close();
    this.#agent.destroy();
    for (const client of this.#h2.values()) client.close();
  }

  async #askHttp2(
    address: string,
    { http, body }: WireRequest,
    timeoutMs: number,
  ): Promise<WireAnswer | NoAnswer> {
    const { method, path, headers } = http!;
    const client = this.#h2.get(address) ?? new H2Client(`http://${address}`);
    this.#h2.set(address, client);
    const bytes = body === undefined ? NO_BODY : Buffer.from(JSON.stringify(body));
    const sent = { method, path, headers: headers as Record<string, string>, body: bytes };
    const answer = await client.request(sent, timeoutMs);
    if (answer === 'timed-out') return answer;
    if (typeof answer === 'string') return 'unreachable';
    return httpAnswer(answer.status, answer.body, answer.headers['retry-after']);
  }

  #askHttp1(
    address: string,
    { method, path, headers }: NonNullable<WireRequest['http']>,
    timeoutMs: number,
  ): Promise<WireAnswer | NoAnswer> {
    return new Promise((resolve) => {
      const [host, port] = address.split(':');
      const finish = (answer: WireAnswer | NoAnswer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const options = { host, port, method, path, headers: { ...headers }, agent: this.#agent };
      const request = http1.request(options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > HTTP1_BODY_BYTES_MAX) request.destroy();
        });
        response.on('error', () => finish('unreachable'));
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          finish(httpAnswer(statusCode, Buffer.concat(chunks), headers['retry-after']));
        });
      });
      const timer = setTimeout(() => {
        finish('timed-out');
        request.destroy();
      }, timeoutMs);
      request.on('error', () => finish('unreachable'));
      request.end();
    });
  }
}

/** An answer over HTTP: what it is called is in its body where it is a problem. */
export function httpAnswer(status: number, bytes: Buffer, retryAfter?: string): WireAnswer {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    // An answer without a body, or with one that says nothing.
  }
  const cause = (body as { cause?: unknown } | undefined)?.cause;
  const titles: Record<number, string> = { 200: 'OK', 201: 'Created', 204: 'No Content' };
  const text = typeof cause === 'string' ? cause : (titles[status] ?? '');
  // A date is as good in RFC 9110; the BCHF tells seconds.
  const retryAfterS = /^[0-9]{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return { status, text, body, ...(retryAfterS !== undefined && { retryAfterS }) };
}
