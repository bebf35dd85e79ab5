// Asks with frames over one TCP connection for each address; see frame-codec.

import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameReader } from './frame-codec.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

/** Requests under way at one address. */
export const PENDING_MAX = 512;

/** Why there is no answer. */
export type NoAnswer = 'unreachable' | 'timed-out';

type Settle = (answer: WireAnswer | NoAnswer) => void;

interface Connection {
  socket: Socket;
  pending: Map<number, Settle>;
}

export class FrameClient {
  readonly #connections = new Map<string, Connection>();
  #nextId = 1;

  /** Resolves with an answer or with the reason why there is none; never rejects. */
  ask(
    address: string,
    { name, body }: WireRequest,
    timeoutMs: number,
  ): Promise<WireAnswer | NoAnswer> {
    return new Promise((resolve) => {
      const { socket, pending } = this.#connectionTo(address);
      if (pending.size >= PENDING_MAX) {
        resolve('unreachable');
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => settle('timed-out'), timeoutMs);
      const settle: Settle = (answer) => {
        clearTimeout(timer);
        pending.delete(id);
        resolve(answer);
      };
      pending.set(id, settle);
      socket.write(encodeFrame({ id, name, body }));
    });
  }

  close(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #connectionTo(address: string): Connection {
    const open = this.#connections.get(address);
    if (open) return open;
    const at = address.lastIndexOf(':');
    const socket = connect(Number(address.slice(at + 1)), address.slice(0, at));
    const pending = new Map<number, Settle>();
    const reader = new FrameReader();
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      const frames = reader.read(chunk);
      if (!frames) socket.destroy();
      for (const { id, status, text, message, body } of frames ?? []) {
        if (typeof status !== 'number' || typeof text !== 'string') continue;
        const called = typeof message === 'string' ? message : undefined;
        pending.get(id as number)?.({ status, text, message: called, body });
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections.delete(address);
      for (const settle of pending.values()) settle('unreachable');
    });
    const connection = { socket, pending };
    this.#connections.set(address, connection);
    return connection;
  }
}
