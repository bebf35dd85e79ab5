// What the ledger needs of a network, in its own words: messages that reach everybody who listens to
// a topic, and requests that one peer answers with a stream of frames.
//
// There are two of them: over libp2p (libp2p-transport) and in memory (simulated-network). Whoever
// uses a transport knows neither. Peers are those of the consortium; a transport lets nobody else in.

import { BLOCK_BYTES_MAX, COMMIT_BYTES_MAX } from '../block/limits.ts';

/** A node's name in the network: of libp2p's form, the hash of its key in base 58. */
export type PeerId = string;

/**
 * What a topic's validator says of a message: pass it on; drop it; drop it and score down the peer
 * that sent it.
 */
export type Verdict = 'accept' | 'ignore' | 'reject';

/** Called once with each message of a topic; what it throws counts as `ignore`. */
export type MessageHandler = (message: Uint8Array, from: PeerId) => Verdict | Promise<Verdict>;

/** Answers a request with frames; what it throws ends the answer, which the asker sees as failed. */
export type RequestHandler = (request: Uint8Array, from: PeerId) => AsyncIterable<Uint8Array>;

/** What a transport has counted since it was opened. */
export interface TransportCounters {
  /** Messages that the validator accepted, ignored and rejected. */
  accepted: number;
  ignored: number;
  rejected: number;
  /** Messages and requests beyond a peer's rate, dropped unread. */
  overRate: number;
  /** Requests that were answered to their end, and those that were refused or broke off. */
  answered: number;
  refused: number;
  /** Peers scored down by {@link Transport.penalise}. */
  penalised: number;
}

export interface Transport {
  readonly self: PeerId;
  readonly counters: Readonly<TransportCounters>;
  /** Peers that are connected now. */
  peers(): PeerId[];
  /** What a connected peer is worth to gossip: 0 at first, less for each fault; at −80 it is not heard. */
  score(peer: PeerId): number;
  /** Tells of every peer that connects from now on. */
  onPeer(listener: (peer: PeerId) => void): void;
  /** Listens to a topic; messages published here are not heard here. */
  subscribe(topic: string, handler: MessageHandler): void;
  /**
   * Sends a message to a topic. Nobody may be there to hear it, and that is no error. The same bytes
   * reach a listener at most once. Throws a `RangeError` for more than MESSAGE_BYTES_MAX bytes.
   */
  publish(topic: string, message: Uint8Array): Promise<void>;
  /** Answers requests of a protocol. */
  serve(protocol: string, handler: RequestHandler): void;
  /**
   * Asks a peer; gives the frames of its answer as they come. Throws BCHF_GOSSIP_REQUEST_FAILED where
   * the peer is gone, refuses, breaks off, is too slow or sends more than the limits.
   */
  request(peer: PeerId, protocol: string, request: Uint8Array): AsyncIterable<Uint8Array>;
  /** Scores a peer down that has sent what no honest peer sends. */
  penalise(peer: PeerId): void;
  close(): Promise<void>;
}

/** Most bytes of a message; larger content is announced and fetched by request. */
export const MESSAGE_BYTES_MAX = 1_048_576;
/** Most bytes of a request. */
export const REQUEST_BYTES_MAX = 1_024;
/** Most bytes of one frame of an answer: a block with its commit, and their framing. */
export const FRAME_BYTES_MAX = BLOCK_BYTES_MAX + COMMIT_BYTES_MAX + 64;
/** Most bytes of an answer, all frames together. */
export const ANSWER_BYTES_MAX = 4 * FRAME_BYTES_MAX;
/** An answer that takes longer has failed. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Requests of one peer that are answered at the same time; more are refused. */
export const REQUESTS_AT_ONCE_MAX = 4;
/** Messages of one peer that are judged at the same time; more wait. */
export const MESSAGES_AT_ONCE_MAX = 8;
/** Peers that may be connected at the same time. */
export const PEERS_MAX = 64;
/** Connections of one peer; those that are older than its newest are closed. */
export const CONNECTIONS_PER_PEER_MAX = 4;
/** Messages and requests of one peer: how many a second go on for ever, and at once after a pause. */
export const MESSAGE_RATE = { perSecond: 2_000, burst: 4_000 } as const;
export const REQUEST_RATE = { perSecond: 50, burst: 100 } as const;

export function newCounters(): TransportCounters {
  return {
    accepted: 0,
    ignored: 0,
    rejected: 0,
    overRate: 0,
    answered: 0,
    refused: 0,
    penalised: 0,
  };
}

/** Throws a `RangeError` for a message that is too large to publish. */
export function checkMessage(message: Uint8Array): void {
  if (message.length > MESSAGE_BYTES_MAX) {
    throw new RangeError(`a message has at most ${MESSAGE_BYTES_MAX} bytes`);
  }
}

/** Throws a `RangeError` for a request that is too large to send. */
export function checkRequest(request: Uint8Array): void {
  if (request.length > REQUEST_BYTES_MAX) {
    throw new RangeError(`a request has at most ${REQUEST_BYTES_MAX} bytes`);
  }
}
