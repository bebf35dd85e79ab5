// Turns at being judged: a few of each peer's messages at a time, so that whoever sends much waits for
// its own messages and others do not, and what waits has a limit.

import type { PeerId } from './transport.ts';

interface Queue {
  atOnce: number;
  /** Of the messages that have their turn or wait for it. */
  bytes: number;
  waiting: (() => void)[];
}

export class PeerTurns {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #bytesMax: number;
  readonly #queues = new Map<PeerId, Queue>();

  /** Limits of each peer: messages that have their turn, messages that wait, bytes of both. */
  constructor(atOnceMax: number, waitingMax: number, bytesMax: number) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
    this.#bytesMax = bytesMax;
  }

  /** Waits for a turn, to be given back; false at once where too much of the peer is here. */
  async take(peer: PeerId, bytes: number): Promise<boolean> {
    const queue = this.#queues.get(peer) ?? { atOnce: 0, bytes: 0, waiting: [] };
    const isFull = queue.waiting.length >= this.#waitingMax;
    if (isFull || queue.bytes + bytes > this.#bytesMax) return false;
    this.#queues.set(peer, queue);
    queue.bytes += bytes;
    if (queue.atOnce < this.#atOnceMax) {
      queue.atOnce++;
      return true;
    }
    // The turn of another one becomes its own.
    await new Promise<void>((resolve) => queue.waiting.push(resolve));
    return true;
  }

  giveBack(peer: PeerId, bytes: number): void {
    const queue = this.#queues.get(peer)!;
    queue.bytes -= bytes;
    const next = queue.waiting.shift();
    if (next) next();
    else if (--queue.atOnce === 0) this.#queues.delete(peer);
  }
}
