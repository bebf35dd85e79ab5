// As little of a Redis client as a bench needs: commands that are laid out beforehand go down a Unix
// socket many at a time, and their replies are read as numbers.
//
// Source: Redis serialization protocol specification, RESP2.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CR = 13;
const MINUS = 45;
const ZERO = 48;
const BULK = 36; // $
const FAILURE = MINUS;

const NOTHING = Buffer.alloc(0);

/** What a reply that is no number, or nothing, is read as. */
export const NO_VALUE = -1;

/** A command as it goes over the wire. */
export function encodeCommand(...words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** One connection. Commands are sent when all replies to those before them are there. */
export class RedisConnection {
  readonly #socket: Socket;
  #rest: Buffer = NOTHING;
  #values: Int32Array = new Int32Array(0);
  #valuesFrom = 0;
  #missing = 0;
  #text = '';
  #done: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('redis closed the connection')));
  }

  /** Rejects where nobody listens. */
  static async open(path: string): Promise<RedisConnection> {
    const socket = connect({ path });
    await once(socket, 'connect');
    return new RedisConnection(socket);
  }

  /**
   * Sends `count` commands, one or more; resolves when all replies are there. `values[from …]` get
   * what bulk replies say as decimal numbers, NO_VALUE for nothing. Rejects where one is an error.
   */
  request(commands: Buffer | string, count: number, values: Int32Array, from = 0): Promise<void> {
    this.#values = values;
    this.#valuesFrom = from;
    this.#missing = count;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      this.#socket.write(commands);
    });
  }

  /** Sends one command; resolves to its reply as text, where that is a bulk reply. */
  async ask(...words: readonly string[]): Promise<string> {
    await this.request(encodeCommand(...words), 1, new Int32Array(1));
    return this.#text;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (this.#missing > 0) {
      const end = this.#takeReply(bytes, at);
      if (end === 0) break;
      at = end;
      if (--this.#missing === 0) this.#done();
    }
    this.#rest = bytes.subarray(at);
  }

  /** Reads the reply at an offset; returns where it ends, 0 where that is not there yet. */
  #takeReply(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(CR, at);
    if (lineEnd === -1 || lineEnd + 2 > bytes.length) return 0;
    const from = lineEnd + 2;
    if (bytes[at] === FAILURE) {
      this.#failed(new Error(`redis: ${bytes.toString('latin1', at + 1, lineEnd)}`));
      return from;
    }
    if (bytes[at] !== BULK) return from;
    if (bytes[at + 1] === MINUS) {
      this.#values[this.#valuesFrom++] = NO_VALUE;
      return from;
    }
    const to = from + decimalAt(bytes, at + 1, lineEnd);
    if (to + 2 > bytes.length) return 0;
    if (this.#values.length === 1) this.#text = bytes.toString('latin1', from, to);
    this.#values[this.#valuesFrom++] = decimalAt(bytes, from, to);
    return to + 2;
  }
}

function decimalAt(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + bytes[at]! - ZERO;
  return value;
}
