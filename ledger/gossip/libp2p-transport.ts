// The transport over libp2p: TCP, noise, yamux, gossipsub for messages, a stream for each request.
//
// Owns the settings of libp2p, the allow list, the bootstrap list and the limits. Settings that look
// odd have their reason beside them; each was found by trying (ARCHITECTURE.md).

import './node-polyfill.ts';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  type GossipSub,
  gossipsub,
  StrictNoSign,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId as Libp2pPeer } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { GossipError } from './gossip-error.ts';
import { answerStream, askOverStream } from './libp2p-request.ts';
import type { NodeKey } from './node-key.ts';
import { GRAYLIST_SCORE, Penalties, scoreParams } from './peer-score.ts';
import { PeerTurns } from './peer-turns.ts';
import { RateLimit } from './rate-limit.ts';
import {
  CONNECTIONS_PER_PEER_MAX,
  checkMessage,
  checkRequest,
  MESSAGE_BYTES_MAX,
  MESSAGE_RATE,
  MESSAGES_AT_ONCE_MAX,
  type MessageHandler,
  newCounters,
  PEERS_MAX,
  type PeerId,
  REQUEST_RATE,
  REQUESTS_AT_ONCE_MAX,
  type RequestHandler,
  type Transport,
  type TransportCounters,
  type Verdict,
} from './transport.ts';

export interface Libp2pOptions {
  key: NodeKey;
  /** Multiaddresses, such as `/ip4/127.0.0.1/tcp/0`. */
  listen: readonly string[];
  /** Multiaddresses with peer ids of nodes to connect to, and to connect to again when they go. */
  bootstrap: readonly string[];
  /** The peers that may connect, be connected to and be heard. */
  allow: readonly PeerId[];
  /** The topics that there are; nothing else is passed on. */
  topics: readonly string[];
}

export interface Libp2pTransport extends Transport {
  /** Where it listens, with its peer id. */
  addresses(): string[];
}

/** Time between looks at which bootstrap nodes are not connected. */
const BOOTSTRAP_INTERVAL_MS = 1_000;
/** A connection that is not encrypted and named by then is closed. */
const UPGRADE_TIMEOUT_MS = 5_000;
/** Connections that come in and are not yet encrypted and named. */
const PENDING_CONNECTIONS_MAX = 1_024;
/** gossipsub's heartbeat: how soon a mesh heals and how late a lost message is asked for again. */
const HEARTBEAT_MS = 500;
/**
 * Frames of gossipsub beyond this vanish without a word. Several messages that were asked for again
 * come in one frame, so that the default of 4 MiB is too little for messages of 1 MiB.
 */
const RPC_BYTES_MAX = 32 * MESSAGE_BYTES_MAX;
/** How long gossipsub knows a message again, at half a KiB each; later the ledger itself does. */
const SEEN_MS = 30_000;
/** What a peer may leave unread of ours before it is cut off from messages. */
const OUTBOUND_BYTES_MAX = 64 * MESSAGE_BYTES_MAX;
/** Opens a transport. Error: BCHF_GOSSIP_LISTEN_FAILED. */
export async function openLibp2pTransport(options: Libp2pOptions): Promise<Libp2pTransport> {
  const bootstrap = options.bootstrap.map(parseAddress);
  const listen = options.listen.map((address) => parseAddress(address).toString());
  const penalties = new Penalties();
  try {
    const node = await createNode({ ...options, listen }, penalties);
    return new OpenTransport(node, bootstrap, penalties);
  } catch (cause) {
    const message = `cannot listen on ${listen.join(', ')}: ${(cause as Error).message}`;
    throw new GossipError('BCHF_GOSSIP_LISTEN_FAILED', message, { cause });
  }
}

function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address);
  } catch (cause) {
    throw new GossipError('BCHF_GOSSIP_LISTEN_FAILED', `${address} is no multiaddress`, { cause });
  }
}

type Node = Libp2p<{ pubsub: GossipSub; identify: Identify }>;

function createNode({ key, listen, allow, topics }: Libp2pOptions, penalties: Penalties) {
  const allowed = new Set(allow);
  const isStranger = (peer: { toString(): string }): boolean => !allowed.has(peer.toString());
  return createLibp2p({
    privateKey: key.privateKey,
    addresses: { listen: [...listen] },
    transports: [tcp({ dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: MESSAGE_BYTES_MAX } })],
    connectionGater: {
      // Also private addresses: consortium nodes know each other's addresses.
      denyDialMultiaddr: () => false,
      denyDialPeer: isStranger,
      denyInboundEncryptedConnection: isStranger,
      denyOutboundEncryptedConnection: isStranger,
    },
    connectionManager: {
      maxConnections: PEERS_MAX,
      // All members of a test consortium come from one address.
      inboundConnectionThreshold: PEERS_MAX,
      // A host that connects and says nothing has some 320 of these, and so keeps no other host out.
      inboundUpgradeTimeout: UPGRADE_TIMEOUT_MS,
      maxIncomingPendingConnections: PENDING_CONNECTIONS_MAX,
    },
    // An event loop that a block holds for some time misses a ping, and would lose its peers for it.
    connectionMonitor: { abortConnectionOnPingFailure: false },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        // The ledger's own signatures say who made what; the sender is not part of a message.
        globalSignaturePolicy: StrictNoSign,
        msgIdFn: ({ data }) => digest(data),
        fastMsgIdFn: ({ data }) => (data ? digest(data).toString('latin1') : ''),
        msgIdToStrFn: (id) => Buffer.from(id).toString('latin1'),
        allowedTopics: [...topics],
        floodPublish: false,
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
        emitSelf: false,
        seenTTL: SEEN_MS,
        doPX: false,
        heartbeatInterval: HEARTBEAT_MS,
        maxInboundDataLength: RPC_BYTES_MAX,
        maxOutboundBufferSize: OUTBOUND_BYTES_MAX,
        scoreParams: scoreParams(topics, penalties),
      }),
    },
  }) as Promise<Node>;
}

function digest(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

class OpenTransport implements Libp2pTransport {
  readonly self: PeerId;
  readonly counters: TransportCounters = newCounters();
  readonly #node: Node;
  readonly #bootstrap: readonly Multiaddr[];
  readonly #penalties: Penalties;
  readonly #turns = new PeerTurns(MESSAGES_AT_ONCE_MAX, MESSAGE_RATE.burst, RPC_BYTES_MAX);
  readonly #messageRate = new RateLimit(MESSAGE_RATE, () => performance.now());
  readonly #requestRate = new RateLimit(REQUEST_RATE, () => performance.now());
  readonly #answering = new Map<PeerId, number>();
  readonly #peerListeners: ((peer: PeerId) => void)[] = [];
  /** Bootstrap nodes to which a connection is on its way. */
  readonly #dialled = new Set<Multiaddr>();
  readonly #dialing: NodeJS.Timeout;
  readonly #closing = new AbortController();

  constructor(node: Node, bootstrap: readonly Multiaddr[], penalties: Penalties) {
    this.#node = node;
    this.#bootstrap = bootstrap;
    this.#penalties = penalties;
    this.self = node.peerId.toString();
    // Every request and dial listens to it; Node would take more than ten for a leak.
    setMaxListeners(0, this.#closing.signal);
    node.addEventListener('peer:identify', ({ detail }) => {
      for (const listener of this.#peerListeners) listener(detail.peerId.toString());
    });
    node.addEventListener('connection:open', ({ detail }) => this.#closeOldest(detail.remotePeer));
    this.#dialing = setInterval(() => this.#dialBootstrap(), BOOTSTRAP_INTERVAL_MS);
    this.#dialBootstrap();
  }

  addresses(): string[] {
    return this.#node.getMultiaddrs().map(String);
  }

  peers(): PeerId[] {
    return this.#node.getPeers().map(String);
  }

  score(peer: PeerId): number {
    // The class has it, its public type does not.
    const pubsub = this.#node.services.pubsub as unknown as { getScore(peer: PeerId): number };
    return pubsub.getScore(peer);
  }

  onPeer(listener: (peer: PeerId) => void): void {
    this.#peerListeners.push(listener);
  }

  subscribe(topic: string, handler: MessageHandler): void {
    const { pubsub } = this.#node.services;
    // The validator is the handler: what it accepts it has also taken.
    pubsub.topicValidators.set(topic, async (peer, { data }) => {
      const verdict = await this.#judge(handler, data, peer.toString());
      return TopicValidatorResult[VERDICT_NAMES[verdict]];
    });
    pubsub.subscribe(topic);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    checkMessage(message);
    await this.#node.services.pubsub.publish(topic, message);
  }

  serve(protocol: string, handler: RequestHandler): void {
    this.#node.handle(
      protocol,
      async (stream, connection) => {
        const peer = connection.remotePeer.toString();
        const answering = this.#answering.get(peer) ?? 0;
        if (!this.#requestRate.take(peer) || answering >= REQUESTS_AT_ONCE_MAX) {
          this.counters.overRate++;
          stream.abort(new Error('too many requests'));
          return;
        }
        this.#answering.set(peer, answering + 1);
        try {
          await answerStream(stream, handler, peer, this.#closing.signal);
          this.counters.answered++;
        } catch (error) {
          this.counters.refused++;
          stream.abort(error as Error);
        } finally {
          const rest = (this.#answering.get(peer) ?? 1) - 1;
          if (rest > 0) this.#answering.set(peer, rest);
          else this.#answering.delete(peer);
        }
      },
      { maxInboundStreams: 2 * REQUESTS_AT_ONCE_MAX },
    );
  }

  async *request(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
  ): AsyncGenerator<Uint8Array, void> {
    checkRequest(request);
    const connection = this.#connectionTo(peer);
    yield* askOverStream(connection, protocol, request, this.#closing.signal);
  }

  penalise(peer: PeerId): void {
    this.counters.penalised++;
    this.#penalties.add(peer);
  }

  async close(): Promise<void> {
    clearInterval(this.#dialing);
    this.#closing.abort();
    await this.#node.stop();
  }

  async #judge(handler: MessageHandler, message: Uint8Array, from: PeerId): Promise<Verdict> {
    const { length: bytes } = message;
    if (!this.#messageRate.take(from) || !(await this.#turns.take(from, bytes))) {
      this.counters.overRate++;
      return 'ignore';
    }
    let verdict: Verdict = 'ignore';
    try {
      // gossipsub has let it in before it was known what came with it.
      if (this.score(from) >= GRAYLIST_SCORE) {
        verdict = bytes > MESSAGE_BYTES_MAX ? 'reject' : await handler(message, from);
      }
    } catch {
      // A handler that fails has its own way to say so; the network only must not stop.
    } finally {
      this.#turns.giveBack(from, bytes);
    }
    this.counters[COUNTER_NAMES[verdict]]++;
    return verdict;
  }

  /** One peer is not to have all places. The newest stay: what a crash has left is older. */
  #closeOldest(peer: Libp2pPeer): void {
    const newestFirst = this.#node
      .getConnections(peer)
      .toSorted((one, other) => other.timeline.open - one.timeline.open);
    for (const old of newestFirst.slice(CONNECTIONS_PER_PEER_MAX)) {
      old.abort(new Error('the peer has newer connections'));
    }
  }

  #connectionTo(peer: PeerId): Connection {
    const [connection] = this.#node.getConnections(peerIdFromString(peer));
    if (connection) return connection;
    throw new GossipError('BCHF_GOSSIP_REQUEST_FAILED', `${peer} is not connected`);
  }

  #dialBootstrap(): void {
    const connected = new Set(this.peers());
    for (const address of this.#bootstrap) {
      const peer = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
      if (peer === this.self || (peer !== undefined && connected.has(peer))) continue;
      if (this.#dialled.has(address)) continue;
      this.#dialled.add(address);
      // A node that is not there is tried again with the next look.
      this.#node
        .dial(address, { signal: this.#closing.signal })
        .catch(() => undefined)
        .finally(() => this.#dialled.delete(address));
    }
  }
}

const VERDICT_NAMES = { accept: 'Accept', ignore: 'Ignore', reject: 'Reject' } as const;
const COUNTER_NAMES = { accept: 'accepted', ignore: 'ignored', reject: 'rejected' } as const;
