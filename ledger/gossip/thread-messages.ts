// What a transport's thread and the thread that uses it tell each other.
//
// An exchange (a message to judge, a request on its way out, a request that came in) has an id that
// the side that begins it has chosen. Frames of an answer that goes out are acknowledged one by one,
// so that no more than one waits; of one that comes in, the transport's limits bound what waits.

import type { PeerId, TransportCounters, Verdict } from './transport.ts';

/** To the transport's thread. */
export type ToTransport =
  | { op: 'subscribe'; topic: string }
  | { op: 'publish'; id: number; topic: string; message: Uint8Array }
  | { op: 'serve'; protocol: string }
  | { op: 'request'; id: number; peer: PeerId; protocol: string; request: Uint8Array }
  /** Whoever asked has had enough. */
  | { op: 'cancel'; id: number }
  | { op: 'verdict'; id: number; verdict: Verdict }
  /** The next part of the answer to a request that came in. */
  | { op: 'answer'; id: number; frame: Uint8Array }
  | { op: 'answered'; id: number; failure: string | undefined }
  | { op: 'penalise'; peer: PeerId }
  | { op: 'close' };

/** From the transport's thread. */
export type FromTransport =
  | { op: 'opened'; self: PeerId; addresses: string[] }
  | { op: 'failed'; code: string; message: string }
  /** Who is connected and how they are scored, and what was counted. */
  | {
      op: 'state';
      peers: PeerId[];
      scores: Record<PeerId, number>;
      counters: TransportCounters;
    }
  | { op: 'peer'; peer: PeerId; peers: PeerId[] }
  | { op: 'message'; id: number; topic: string; message: Uint8Array; from: PeerId }
  | { op: 'published'; id: number }
  | { op: 'frame'; id: number; frame: Uint8Array }
  | { op: 'end'; id: number; failure: string | undefined }
  | { op: 'asked'; id: number; protocol: string; request: Uint8Array; from: PeerId }
  /** The last part of the answer has gone out; or nobody wants the rest. */
  | { op: 'more'; id: number; isWanted: boolean }
  | { op: 'closed' };

/** What opens a transport; everything of it can be copied to another thread. */
export interface ThreadOptions {
  /** File of the node's key. */
  keyFile: string;
  listen: readonly string[];
  bootstrap: readonly string[];
  allow: readonly PeerId[];
  topics: readonly string[];
}

/**
 * A copy that owns its buffer and can be handed over. A view would take the whole buffer behind it
 * along, which may be that of everything a socket has read.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
