// One node's transport in the simulated network: what it sends becomes events of the network.

import { sha256 } from '../sha256.ts';
import { GossipError } from './gossip-error.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import {
  ANSWER_BYTES_MAX,
  checkMessage,
  checkRequest,
  FRAME_BYTES_MAX,
  type MessageHandler,
  newCounters,
  type PeerId,
  REQUEST_TIMEOUT_MS,
  REQUESTS_AT_ONCE_MAX,
  type RequestHandler,
  type Transport,
  type TransportCounters,
} from './transport.ts';

export class SimulatedTransport implements Transport {
  readonly self: PeerId;
  readonly counters: TransportCounters = newCounters();
  readonly #network: SimulatedNetwork;
  readonly #topics = new Map<string, MessageHandler>();
  readonly #protocols = new Map<string, RequestHandler>();
  readonly #peerListeners: ((peer: PeerId) => void)[] = [];
  readonly #seen = new Set<string>();
  readonly #answering = new Map<PeerId, number>();
  #isClosed = false;

  constructor(network: SimulatedNetwork, self: PeerId) {
    this.#network = network;
    this.self = self;
  }

  peers(): PeerId[] {
    return this.#network
      .ids()
      .filter((id) => id !== this.self && this.#network.isConnected(this.self, id));
  }

  onPeer(listener: (peer: PeerId) => void): void {
    this.#peerListeners.push(listener);
  }

  connected(peer: PeerId): void {
    if (this.#isClosed) return;
    for (const listener of this.#peerListeners) listener(peer);
  }

  subscribe(topic: string, handler: MessageHandler): void {
    this.#topics.set(topic, handler);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    checkMessage(message);
    this.#seen.add(nameOf(topic, message));
    this.#spread(topic, message);
  }

  serve(protocol: string, handler: RequestHandler): void {
    this.#protocols.set(protocol, handler);
  }

  async *request(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
  ): AsyncGenerator<Uint8Array, void> {
    checkRequest(request);
    const answer = new Answer(peer);
    const network = this.#network;
    network.send(REQUEST_TIMEOUT_MS, () => answer.fail('it took too long'));
    if (network.isConnected(this.self, peer)) {
      network.send(network.delayMs(), () => {
        const node = network.node(peer);
        if (!node || !network.isConnected(this.self, peer)) answer.fail('it is gone');
        else void network.track(node.answer(this.self, protocol, request, answer));
      });
    } else {
      answer.fail('it is not connected');
    }
    yield* answer.frames();
  }

  score(): number {
    return 0;
  }

  penalise(): void {
    this.counters.penalised++;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#network.leave(this.self);
  }

  /** Sends a message to every peer, with the network's faults. */
  #spread(topic: string, message: Uint8Array, except?: PeerId): void {
    const { faults } = this.#network;
    for (const peer of this.peers()) {
      if (peer === except) continue;
      const copies = this.#network.draws(faults.duplicate) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.#network.draws(faults.drop)) continue;
        this.#network.send(this.#network.delayMs(), () => {
          const node = this.#network.node(peer);
          if (node && this.#network.isConnected(this.self, peer)) {
            void this.#network.track(node.hear(this.self, topic, message));
          }
        });
      }
    }
  }

  async hear(from: PeerId, topic: string, message: Uint8Array): Promise<void> {
    const handler = this.#topics.get(topic);
    const name = nameOf(topic, message);
    if (!handler || this.#isClosed || this.#seen.has(name)) return;
    this.#seen.add(name);
    const verdict = await Promise.resolve(handler(message, from)).catch(() => 'ignore' as const);
    if (verdict === 'accept') {
      this.counters.accepted++;
      if (!this.#isClosed) this.#spread(topic, message, from);
    } else if (verdict === 'reject') this.counters.rejected++;
    else this.counters.ignored++;
  }

  async answer(from: PeerId, protocol: string, request: Uint8Array, answer: Answer): Promise<void> {
    const handler = this.#protocols.get(protocol);
    const answering = this.#answering.get(from) ?? 0;
    if (!handler || answering >= REQUESTS_AT_ONCE_MAX) {
      this.counters.refused++;
      answer.fail('it refuses');
      return;
    }
    this.#answering.set(from, answering + 1);
    const network = this.#network;
    // Frames of one answer come in order, so each comes after the one before it.
    let delayMs = network.delayMs();
    try {
      for await (const frame of handler(request, from)) {
        if (network.draws(network.faults.breakOff)) throw new Error('broken off');
        const copy = Uint8Array.from(frame);
        network.send(delayMs, () => answer.push(copy));
        delayMs += network.delayMs() / 10;
      }
      network.send(delayMs, () => answer.end());
      this.counters.answered++;
    } catch (error) {
      network.send(delayMs, () => answer.fail((error as Error).message));
      this.counters.refused++;
    } finally {
      this.#answering.set(from, (this.#answering.get(from) ?? 1) - 1);
    }
  }
}

/** An answer on its way: frames that have come and wait for whoever asked. */
class Answer {
  readonly #peer: PeerId;
  readonly #frames: Uint8Array[] = [];
  #bytes = 0;
  #failure: string | undefined;
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(peer: PeerId) {
    this.#peer = peer;
  }

  push(frame: Uint8Array): void {
    this.#bytes += frame.length;
    if (frame.length > FRAME_BYTES_MAX || this.#bytes > ANSWER_BYTES_MAX) this.fail('too long');
    this.#frames.push(frame);
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  fail(reason: string): void {
    if (this.#hasEnded) return;
    this.#failure ??= reason;
    this.#wake();
  }

  async *frames(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      if (this.#failure !== undefined) {
        const message = `${this.#peer}: ${this.#failure}`;
        throw new GossipError('BCHF_GOSSIP_REQUEST_FAILED', message);
      }
      const frame = this.#frames.shift();
      if (frame) yield frame;
      else if (this.#hasEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

function nameOf(topic: string, message: Uint8Array): string {
  return `${topic} ${Buffer.from(sha256(message)).toString('hex')}`;
}
