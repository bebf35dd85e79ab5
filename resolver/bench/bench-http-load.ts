// A load of HTTP/1.1 requests over raw sockets, for benches: prepared bytes out, whole responses
// counted. A client library would cost several times what the server does.

import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH_NAME = 'content-length: ';
/** A head that is longer is no answer of a server under test. */
const HEAD_BYTES_MAX = 4096;

/** Cuts a stream of responses, each with a content length, at their ends. */
export class ResponseCounter {
  /** Responses so far whose status is the one that is wanted. */
  count = 0;
  readonly #statusLine: string;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the body under way that have not come yet. */
  #missing = 0;

  constructor(status = 200) {
    this.#statusLine = `http/1.1 ${status}`;
  }

  /** Takes what arrived; returns how many responses ended in it. Throws on any other status. */
  take(chunk: Buffer): number {
    const countBefore = this.count;
    let at = 0;
    if (this.#missing > chunk.length) {
      this.#missing -= chunk.length;
      return 0;
    }
    if (this.#missing > 0) {
      at = this.#missing;
      this.#missing = 0;
      this.count++;
    }
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const headEnd = bytes.indexOf(HEAD_END, at);
      if (headEnd < 0) {
        if (bytes.length - at > HEAD_BYTES_MAX)
          throw new Error('a response without an end of head');
        this.#rest = bytes.subarray(at);
        break;
      }
      const head = bytes.toString('latin1', at, headEnd).toLowerCase();
      if (!head.startsWith(this.#statusLine)) throw new Error(`answered with ${head.slice(0, 40)}`);
      const length = Number.parseInt(
        head.slice(head.indexOf(LENGTH_NAME) + LENGTH_NAME.length),
        10,
      );
      const end = headEnd + HEAD_END.length + length;
      if (end > bytes.length) {
        this.#missing = end - bytes.length;
        this.#rest = Buffer.alloc(0);
        break;
      }
      this.count++;
      at = end;
    }
    return this.count - countBefore;
  }
}

export interface HttpLoad {
  port: number;
  connections: number;
  /** Requests under way on each connection. */
  pipelining: number;
  /** Whole requests, sent round and round. */
  requests: readonly Buffer[];
  /** When it ends: after a time, or after so many responses of each connection. */
  durationMs?: number;
  responses?: number;
  /** Of every response; 200 where it is not given. */
  status?: number | undefined;
  /** Told how long each response took, with one request under way. */
  onResponse?: (us: number) => void;
}

/** Keeps every connection busy for a time; returns responses a second. */
export async function loadHttp({
  port,
  connections,
  pipelining,
  durationMs,
  responses = Number.POSITIVE_INFINITY,
  requests,
  status,
  onResponse,
}: HttpLoad): Promise<number> {
  let next = 0;
  const take = (count: number): Buffer => {
    const some: Buffer[] = [];
    for (let one = 0; one < count; one++) {
      some.push(requests[next]!);
      next = (next + 1) % requests.length;
    }
    return count === 1 ? some[0]! : Buffer.concat(some);
  };
  const counters: ResponseCounter[] = [];
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      return socket;
    }),
  );
  const startedMs = performance.now();
  const elapsedMs = await new Promise<number>((resolve, reject) => {
    for (const socket of sockets) {
      const counter = new ResponseCounter(status);
      let sentMs = performance.now();
      counters.push(counter);
      socket.on('data', (chunk: Buffer) => {
        try {
          const ended = counter.take(chunk);
          if (ended === 0) return;
          onResponse?.((performance.now() - sentMs) * 1000);
          if (counter.count >= responses) {
            if (counters.every(({ count }) => count >= responses)) {
              resolve(performance.now() - startedMs);
            }
            return;
          }
          sentMs = performance.now();
          socket.write(take(ended));
        } catch (error) {
          reject(error);
        }
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
      socket.write(take(pipelining));
    }
    if (durationMs !== undefined) {
      setTimeout(() => resolve(performance.now() - startedMs), durationMs);
    }
  }).finally(() => {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
  });
  const total = counters.reduce((sum, counter) => sum + counter.count, 0);
  return (total / elapsedMs) * 1000;
}
