// A transport that runs in a thread of its own: a block that holds the event loop of the ledger for
// some time does not hold up what the network owes its peers.
//
// The same interface as the transport itself. Messages are judged on this side; verdicts go back.

import { Worker } from 'node:worker_threads';
import { GossipError, type GossipErrorCode } from './gossip-error.ts';
import type { Libp2pTransport } from './libp2p-transport.ts';
import {
  type FromTransport,
  ownBytes,
  type ThreadOptions,
  type ToTransport,
} from './thread-messages.ts';
import {
  checkMessage,
  checkRequest,
  type MessageHandler,
  newCounters,
  type PeerId,
  type RequestHandler,
  type TransportCounters,
  type Verdict,
} from './transport.ts';

/**
 * Opens a transport in a thread. `onFailure` is called where the thread ends by itself.
 * Errors: BCHF_GOSSIP_LISTEN_FAILED, BCHF_GOSSIP_KEY_INVALID.
 */
export async function openThreadTransport(
  options: ThreadOptions,
  onFailure: (error: GossipError) => void,
): Promise<Libp2pTransport> {
  const worker = new Worker(new URL('./thread-worker.js', import.meta.url), {
    workerData: options,
  });
  const first = await new Promise<FromTransport>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (cause) => {
      reject(new GossipError('BCHF_GOSSIP_LISTEN_FAILED', cause.message, { cause }));
    });
  });
  if (first.op === 'opened') {
    return new ThreadTransport(worker, first.self, first.addresses, onFailure);
  }
  await worker.terminate();
  const { code, message } = first as FromTransport & { op: 'failed' };
  throw new GossipError(code as GossipErrorCode, message);
}

/** An answer that comes in: what to do with its next frame, and with its end. */
interface Answer {
  frames: Uint8Array[];
  hasEnded: boolean;
  failure: string | undefined;
  wake: () => void;
}

class ThreadTransport implements Libp2pTransport {
  readonly self: PeerId;
  counters: TransportCounters = newCounters();
  readonly #worker: Worker;
  readonly #addresses: string[];
  readonly #topics = new Map<string, MessageHandler>();
  readonly #protocols = new Map<string, RequestHandler>();
  readonly #peerListeners: ((peer: PeerId) => void)[] = [];
  readonly #published = new Map<number, () => void>();
  readonly #answers = new Map<number, Answer>();
  /** Requests that came in: called when the next frame is wanted, or no more are. */
  readonly #wanted = new Map<number, (isWanted: boolean) => void>();
  #peers: PeerId[] = [];
  #scores: Record<PeerId, number> = {};
  #nextId = 0;
  #isClosed = false;
  #closed: () => void = () => {};

  constructor(
    worker: Worker,
    self: PeerId,
    addresses: string[],
    onFailure: (error: GossipError) => void,
  ) {
    this.#worker = worker;
    this.self = self;
    this.#addresses = addresses;
    worker.on('message', (message: FromTransport) => this.#take(message));
    worker.on('error', (cause) => {
      this.#failAll(cause.message);
      const message = `the thread of the network has ended: ${cause.message}`;
      if (!this.#isClosed) {
        onFailure(new GossipError('BCHF_GOSSIP_THREAD_FAILED', message, { cause }));
      }
    });
    worker.on('exit', () => this.#failAll('the thread has ended'));
  }

  addresses(): string[] {
    return this.#addresses;
  }

  peers(): PeerId[] {
    return this.#peers;
  }

  score(peer: PeerId): number {
    return this.#scores[peer] ?? 0;
  }

  onPeer(listener: (peer: PeerId) => void): void {
    this.#peerListeners.push(listener);
  }

  subscribe(topic: string, handler: MessageHandler): void {
    this.#topics.set(topic, handler);
    this.#tell({ op: 'subscribe', topic });
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    checkMessage(message);
    if (this.#isClosed) return;
    const id = this.#nextId++;
    const own = ownBytes(message);
    await new Promise<void>((resolve) => {
      this.#published.set(id, resolve);
      this.#tell({ op: 'publish', id, topic, message: own }, own);
    });
  }

  serve(protocol: string, handler: RequestHandler): void {
    this.#protocols.set(protocol, handler);
    this.#tell({ op: 'serve', protocol });
  }

  async *request(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
  ): AsyncGenerator<Uint8Array, void> {
    checkRequest(request);
    if (this.#isClosed) throw new GossipError('BCHF_GOSSIP_REQUEST_FAILED', 'it is closed');
    const id = this.#nextId++;
    const answer: Answer = { frames: [], hasEnded: false, failure: undefined, wake: () => {} };
    this.#answers.set(id, answer);
    this.#tell({ op: 'request', id, peer, protocol, request: ownBytes(request) });
    try {
      for (;;) {
        const frame = answer.frames.shift();
        if (frame) {
          yield frame;
        } else if (answer.failure !== undefined) {
          throw new GossipError('BCHF_GOSSIP_REQUEST_FAILED', answer.failure);
        } else if (answer.hasEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            answer.wake = resolve;
          });
        }
      }
    } finally {
      this.#answers.delete(id);
      if (!answer.hasEnded) this.#tell({ op: 'cancel', id });
    }
  }

  penalise(peer: PeerId): void {
    this.#tell({ op: 'penalise', peer });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      this.#tell({ op: 'close' });
    });
    await this.#worker.terminate();
  }

  #tell(message: ToTransport, bytes?: Uint8Array): void {
    this.#worker.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : []);
  }

  #take(message: FromTransport): void {
    switch (message.op) {
      case 'state':
        this.#peers = message.peers;
        this.#scores = message.scores;
        this.counters = message.counters;
        break;
      case 'peer':
        this.#peers = message.peers;
        for (const listener of this.#peerListeners) listener(message.peer);
        break;
      case 'message':
        void this.#judge(message);
        break;
      case 'published':
        this.#published.get(message.id)?.();
        this.#published.delete(message.id);
        break;
      case 'frame':
        this.#onAnswer(message.id, (answer) => answer.frames.push(message.frame));
        break;
      case 'end':
        this.#onAnswer(message.id, (answer) => {
          answer.hasEnded = true;
          answer.failure = message.failure;
        });
        break;
      case 'asked':
        void this.#answer(message);
        break;
      case 'more':
        this.#wanted.get(message.id)?.(message.isWanted);
        break;
      case 'closed':
        this.#closed();
        break;
      default:
        break;
    }
  }

  #onAnswer(id: number, change: (answer: Answer) => void): void {
    const answer = this.#answers.get(id);
    if (!answer) return;
    change(answer);
    answer.wake();
  }

  async #judge({ id, topic, message, from }: FromTransport & { op: 'message' }): Promise<void> {
    let verdict: Verdict = 'ignore';
    try {
      verdict = (await this.#topics.get(topic)?.(message, from)) ?? 'ignore';
    } catch {
      // A handler that fails has its own way to say so.
    }
    this.#tell({ op: 'verdict', id, verdict });
  }

  async #answer({ id, protocol, request, from }: FromTransport & { op: 'asked' }): Promise<void> {
    let failure: string | undefined;
    try {
      for await (const frame of this.#protocols.get(protocol)!(request, from)) {
        const isWanted = new Promise<boolean>((resolve) => this.#wanted.set(id, resolve));
        const own = ownBytes(frame);
        this.#tell({ op: 'answer', id, frame: own }, own);
        if (!(await isWanted)) break;
      }
    } catch (error) {
      failure = (error as Error).message;
    }
    this.#wanted.delete(id);
    this.#tell({ op: 'answered', id, failure });
  }

  /** Nothing that was begun comes to an end any more. */
  #failAll(failure: string): void {
    for (const answer of this.#answers.values()) {
      answer.hasEnded = true;
      answer.failure ??= failure;
      answer.wake();
    }
    for (const resolve of this.#published.values()) resolve();
    for (const resolve of this.#wanted.values()) resolve(false);
    this.#peers = [];
    this.#closed();
  }
}
