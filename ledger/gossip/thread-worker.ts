// The thread of a transport: runs libp2p, and does what the other thread tells it to.

import { parentPort, workerData } from 'node:worker_threads';
import type { GossipError } from './gossip-error.ts';
import { type Libp2pTransport, openLibp2pTransport } from './libp2p-transport.ts';
import { loadNodeKey } from './node-key.ts';
import {
  type FromTransport,
  ownBytes,
  type ThreadOptions,
  type ToTransport,
} from './thread-messages.ts';
import type { Verdict } from './transport.ts';

/** How often the other thread is told who is connected. */
const STATE_INTERVAL_MS = 250;

const port = parentPort!;
const { keyFile, ...options } = workerData as ThreadOptions;

function tell(message: FromTransport, bytes?: Uint8Array): void {
  port.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : []);
}

class TransportThread {
  readonly #transport: Libp2pTransport;
  readonly #verdicts = new Map<number, (verdict: Verdict) => void>();
  /** Requests on their way out that nobody wants any more. */
  readonly #unwanted = new Set<number>();
  readonly #asking = new Set<number>();
  /** Where the parts of an answer that goes out are handed on. */
  readonly #answers = new Map<number, (part: Uint8Array | undefined, failure?: string) => void>();
  readonly #telling: NodeJS.Timeout;
  #nextId = 0;

  constructor(transport: Libp2pTransport) {
    this.#transport = transport;
    transport.onPeer((peer) => tell({ op: 'peer', peer, peers: transport.peers() }));
    this.#telling = setInterval(() => this.#tellState(), STATE_INTERVAL_MS);
  }

  take(message: ToTransport): void {
    const transport = this.#transport;
    switch (message.op) {
      case 'subscribe':
        transport.subscribe(message.topic, (bytes, from) =>
          this.#judge(message.topic, bytes, from),
        );
        break;
      case 'publish':
        void this.#publish(message.id, message.topic, message.message);
        break;
      case 'serve':
        transport.serve(message.protocol, (request, from) =>
          this.#answer(message.protocol, request, from),
        );
        break;
      case 'request':
        void this.#request(message);
        break;
      case 'cancel':
        if (this.#asking.has(message.id)) this.#unwanted.add(message.id);
        break;
      case 'verdict':
        this.#verdicts.get(message.id)?.(message.verdict);
        this.#verdicts.delete(message.id);
        break;
      case 'answer':
        this.#answers.get(message.id)?.(message.frame);
        break;
      case 'answered':
        this.#answers.get(message.id)?.(undefined, message.failure);
        break;
      case 'penalise':
        transport.penalise(message.peer);
        break;
      case 'close':
        void this.#close();
        break;
    }
  }

  #tellState(): void {
    const { counters } = this.#transport;
    const peers = this.#transport.peers();
    const scores = Object.fromEntries(peers.map((peer) => [peer, this.#transport.score(peer)]));
    tell({ op: 'state', peers, scores, counters: { ...counters } });
  }

  #judge(topic: string, message: Uint8Array, from: string): Promise<Verdict> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#verdicts.set(id, resolve);
      const own = ownBytes(message);
      tell({ op: 'message', id, topic, message: own, from }, own);
    });
  }

  async #publish(id: number, topic: string, message: Uint8Array): Promise<void> {
    // What a message's limit forbids was refused before; where the network fails, others repeat it.
    await this.#transport.publish(topic, message).catch(() => undefined);
    tell({ op: 'published', id });
  }

  async #request({ id, peer, protocol, request }: ToTransport & { op: 'request' }): Promise<void> {
    let failure: string | undefined;
    this.#asking.add(id);
    try {
      for await (const frame of this.#transport.request(peer, protocol, request)) {
        if (this.#unwanted.has(id)) break;
        const own = ownBytes(frame);
        tell({ op: 'frame', id, frame: own }, own);
      }
    } catch (error) {
      failure = (error as Error).message;
    }
    this.#asking.delete(id);
    this.#unwanted.delete(id);
    tell({ op: 'end', id, failure });
  }

  async *#answer(
    protocol: string,
    request: Uint8Array,
    from: string,
  ): AsyncGenerator<Uint8Array, void> {
    const id = this.#nextId++;
    let isWhole = false;
    try {
      let part = this.#nextPart(id);
      const own = ownBytes(request);
      tell({ op: 'asked', id, protocol, request: own, from }, own);
      for (;;) {
        const frame = await part;
        if (!frame) {
          isWhole = true;
          return;
        }
        yield frame;
        part = this.#nextPart(id);
        tell({ op: 'more', id, isWanted: true });
      }
    } finally {
      this.#answers.delete(id);
      if (!isWhole) tell({ op: 'more', id, isWanted: false });
    }
  }

  #nextPart(id: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#answers.set(id, (part, failure) => {
        if (failure === undefined) resolve(part);
        else reject(new Error(failure));
      });
    });
  }

  async #close(): Promise<void> {
    clearInterval(this.#telling);
    this.#tellState();
    await this.#transport.close();
    tell({ op: 'closed' });
    port.close();
  }
}

try {
  const transport = await openLibp2pTransport({ key: await loadNodeKey(keyFile), ...options });
  const thread = new TransportThread(transport);
  port.on('message', (message: ToTransport) => thread.take(message));
  tell({ op: 'opened', self: transport.self, addresses: transport.addresses() });
} catch (error) {
  const { code = 'BCHF_GOSSIP_LISTEN_FAILED', message } = error as GossipError;
  tell({ op: 'failed', code, message });
}
