// An HTTP/2 client for one origin, with limits on everything: one session that is opened when it is
// wanted and anew when it is gone, so many requests at a time, so long each, so large an answer.

import http2 from 'node:http2';

export interface H2ClientLimits {
  connectMsMax: number;
  requestsMax: number;
  bodyBytesMax: number;
  /** A session without requests is closed. */
  idleMsMax: number;
}

export const H2_CLIENT_LIMITS: H2ClientLimits = {
  connectMsMax: 2000,
  requestsMax: 512,
  bodyBytesMax: 4 * 1024 * 1024,
  idleMsMax: 60_000,
};

/** Why there is no answer. */
export type H2Failure = 'unreachable' | 'timed-out' | 'busy' | 'answer-too-large';

export interface H2Response {
  status: number;
  headers: http2.IncomingHttpHeaders;
  body: Buffer;
}

export interface H2Outgoing {
  method: string;
  /** With the query. */
  path: string;
  /** Without pseudo-header fields. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/** Methods that may be sent again where nobody knows whether they came through. */
const REPEATABLE = ['GET', 'HEAD', 'PUT', 'DELETE'];

export class H2Client {
  readonly #origin: string;
  readonly #ca: string | undefined;
  readonly #limits: H2ClientLimits;
  #session: http2.ClientHttp2Session | undefined;
  #underWay = 0;

  /**
   * @param origin `http://host:port`, h2c by prior knowledge, or `https://host:port`
   * @param ca PEM of who vouches for the other side; without it, those that Node knows
   */
  constructor(origin: string, ca?: string, limits: H2ClientLimits = H2_CLIENT_LIMITS) {
    this.#origin = origin;
    this.#ca = ca;
    this.#limits = limits;
  }

  /** Resolves with an answer or with the reason why there is none; never rejects. */
  async request(outgoing: H2Outgoing, timeoutMs: number): Promise<H2Response | H2Failure> {
    if (this.#underWay >= this.#limits.requestsMax) return 'busy';
    this.#underWay++;
    try {
      const isFresh = this.#session === undefined;
      const startedMs = performance.now();
      const first = await this.#try(outgoing, timeoutMs);
      if (first !== 'unreachable' || isFresh || !REPEATABLE.includes(outgoing.method)) return first;
      // The session may have been closed by the other side just then: once more over a new one.
      return await this.#try(outgoing, timeoutMs - (performance.now() - startedMs));
    } finally {
      this.#underWay--;
    }
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #try(outgoing: H2Outgoing, timeoutMs: number): Promise<H2Response | H2Failure> {
    const { method, path, headers, body } = outgoing;
    return new Promise((resolve) => {
      let stream: http2.ClientHttp2Stream;
      const finish = (result: H2Response | H2Failure) => {
        clearTimeout(timer);
        resolve(result);
        stream?.close(http2.constants.NGHTTP2_CANCEL);
      };
      const timer = setTimeout(() => finish('timed-out'), Math.max(1, timeoutMs));
      try {
        stream = this.#open().request(
          { ...headers, ':method': method, ':path': path },
          { endStream: body.length === 0 },
        );
      } catch {
        this.close();
        finish('unreachable');
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      let responseHeaders: http2.IncomingHttpHeaders | undefined;
      stream.on('response', (received) => {
        responseHeaders = received;
      });
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > this.#limits.bodyBytesMax) finish('answer-too-large');
        else chunks.push(chunk);
      });
      stream.on('error', () => finish('unreachable'));
      // Also where the session ends under it: then there was no 'end'.
      stream.on('close', () => finish('unreachable'));
      stream.on('end', () => {
        const status = responseHeaders?.[':status'] as number | undefined;
        if (status === undefined || stream.rstCode !== 0) return;
        finish({ status, headers: responseHeaders ?? {}, body: Buffer.concat(chunks) });
      });
      if (body.length > 0) stream.end(body);
    });
  }

  #open(): http2.ClientHttp2Session {
    const open = this.#session;
    if (open && !open.closed && !open.destroyed) return open;
    const session = http2.connect(this.#origin, {
      settings: { enablePush: false },
      maxSessionMemory: 16,
      ...(this.#ca !== undefined && { ca: this.#ca }),
    });
    const connecting = setTimeout(() => session.destroy(), this.#limits.connectMsMax);
    session.once('connect', () => clearTimeout(connecting));
    const forget = () => {
      clearTimeout(connecting);
      if (this.#session === session) this.#session = undefined;
    };
    session.on('error', forget);
    session.on('goaway', forget);
    session.on('close', forget);
    session.setTimeout(this.#limits.idleMsMax, () => session.close());
    // A session alone keeps no process alive.
    session.unref();
    this.#session = session;
    return session;
  }
}
