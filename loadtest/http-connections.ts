// An HTTP/1.1 client for load: GET over kept connections, one request at a time on each, and nothing else of
// HTTP. Node's own client takes a tenth of a millisecond of processor time for a request, several times what
// the resolver takes for its answer, so at some 8,000 a second it measures itself.
//
// Answers must have a Content-Length, as all of the resolver's answers to single lookups have (RFC 9112
// section 6.3); one without is a failure of its connection.

import net from 'node:net';

const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.1 ([0-9]{3})/;
const CONTENT_LENGTH = /\r\ncontent-length: ?([0-9]{1,9})\r\n/i;
const ANSWER_BYTES_MAX = 65_536;

export interface HttpAnswered {
  status: number;
  body: Buffer;
}

/** Why there is no answer: nobody listens, a connection broke or brought no HTTP; or the time was over. */
export type HttpUnanswered = 'unreachable' | 'timed-out';

interface Asked {
  bytes: string;
  settle: (result: HttpAnswered | HttpUnanswered) => void;
  isSettled: boolean;
}

interface Connection {
  socket: net.Socket;
  asked: Asked | undefined;
  /** What has come of the answer so far. */
  received: Buffer | undefined;
}

export class HttpConnections {
  readonly #host: string;
  readonly #port: number;
  readonly #connectionsMax: number;
  readonly #open = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #waiting: Asked[] = [];

  constructor(options: { host: string; port: number; connectionsMax: number }) {
    this.#host = options.host;
    this.#port = options.port;
    this.#connectionsMax = options.connectionsMax;
  }

  /**
   * Asks for a path; never rejects. The time counts from now, also while every connection is busy.
   *
   * @param headers whole lines, each with its end
   */
  get(path: string, headers: string, timeoutMs: number): Promise<HttpAnswered | HttpUnanswered> {
    return new Promise((resolve) => {
      const bytes = `GET ${path} HTTP/1.1\r\nhost: ${this.#host}:${this.#port}\r\n${headers}\r\n`;
      const timer = setTimeout(() => asked.settle('timed-out'), timeoutMs);
      const asked: Asked = {
        bytes,
        isSettled: false,
        settle: (result) => {
          if (asked.isSettled) return;
          asked.isSettled = true;
          clearTimeout(timer);
          resolve(result);
          if (result === 'timed-out') this.#giveUp(asked);
        },
      };
      const connection = this.#idle.pop() ?? this.#connect();
      if (connection) this.#send(connection, asked);
      else this.#waiting.push(asked);
    });
  }

  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { settle } of waiting) settle('unreachable');
    for (const { socket } of this.#open) socket.destroy();
  }

  #connect(): Connection | undefined {
    if (this.#open.size >= this.#connectionsMax) return undefined;
    const socket = net.connect({ host: this.#host, port: this.#port, noDelay: true });
    const connection: Connection = { socket, asked: undefined, received: undefined };
    this.#open.add(connection);
    socket.on('data', (chunk: Buffer) => this.#take(connection, chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#closed(connection));
    return connection;
  }

  #send(connection: Connection, asked: Asked): void {
    connection.asked = asked;
    connection.socket.write(asked.bytes);
  }

  /** Its answer may still come, and must not be taken for another's. */
  #giveUp(asked: Asked): void {
    for (const connection of this.#open) {
      if (connection.asked === asked) connection.socket.destroy();
    }
  }

  #closed(connection: Connection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    connection.asked?.settle('unreachable');
    const next = this.#nextWaiting();
    const other = next && this.#connect();
    if (other) this.#send(other, next);
  }

  #take(connection: Connection, chunk: Buffer): void {
    const { asked, received } = connection;
    const bytes = received ? Buffer.concat([received, chunk]) : chunk;
    const answer = asked && readAnswer(bytes);
    if (answer === 'incomplete') {
      connection.received = bytes;
    } else if (!answer) {
      connection.socket.destroy();
    } else {
      connection.received = undefined;
      connection.asked = undefined;
      const next = this.#nextWaiting();
      if (next) this.#send(connection, next);
      else this.#idle.push(connection);
      asked.settle(answer);
    }
  }

  #nextWaiting(): Asked | undefined {
    let next = this.#waiting.shift();
    while (next?.isSettled) next = this.#waiting.shift();
    return next;
  }
}

/** One whole answer and nothing behind it; `undefined` where it is none. */
function readAnswer(bytes: Buffer): HttpAnswered | 'incomplete' | undefined {
  if (bytes.length > ANSWER_BYTES_MAX) return undefined;
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return 'incomplete';
  const bodyAt = headEnd + HEAD_END.length;
  const head = bytes.toString('latin1', 0, bodyAt);
  const status = STATUS_LINE.exec(head)?.[1];
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (status === undefined || length === undefined) return undefined;
  const end = bodyAt + Number(length);
  if (bytes.length < end) return end > ANSWER_BYTES_MAX ? undefined : 'incomplete';
  return bytes.length > end ? undefined : { status: Number(status), body: bytes.subarray(bodyAt) };
}
