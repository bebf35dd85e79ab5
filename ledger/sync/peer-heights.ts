// What a node knows of its peers: up to which height each has blocks, how much it is asked for, and
// until when it is left alone.

import type { PeerId } from '../gossip/transport.ts';

/** Requests that one peer is asked at the same time. */
const REQUESTS_PER_PEER = 2;
/** How long a peer that did not have what was asked for, or did not answer, is left alone. */
export const EMPTY_PAUSE_MS = 100;
export const FAILURE_PAUSE_MS = 1_000;
/** How long a peer that sent what no honest peer sends is left alone. */
export const FAULT_PAUSE_MS = 60_000;

interface Peer {
  height: number;
  requests: number;
  /** Left alone until this time. */
  untilMs: number;
}

export class PeerHeights {
  readonly #peers = new Map<PeerId, Peer>();
  readonly #random: () => number;

  /** `random` gives numbers from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A peer has shown that the chain reaches a height, and so it has, or will have, its block. */
  seen(peer: PeerId, height: number): void {
    const known = this.#peer(peer);
    known.height = Math.max(known.height, height);
  }

  /** A peer did not have the block at a height. */
  missing(peer: PeerId, height: number, nowMs: number): void {
    const known = this.#peer(peer);
    known.height = Math.min(known.height, height - 1);
    known.untilMs = Math.max(known.untilMs, nowMs + EMPTY_PAUSE_MS);
  }

  /** The height that a peer has shown; `undefined` where it has shown none. */
  heightOf(peer: PeerId): number | undefined {
    return this.#peers.get(peer)?.height || undefined;
  }

  pause(peer: PeerId, nowMs: number, pauseMs: number): void {
    const known = this.#peer(peer);
    known.untilMs = Math.max(known.untilMs, nowMs + pauseMs);
  }

  /** Counts a request to a peer, or with −1 its end. */
  requested(peer: PeerId, change: 1 | -1): void {
    this.#peer(peer).requests += change;
  }

  /**
   * A connected peer to ask for the block at a height: one that has it before one of which that is
   * not known, the least busy one, and by chance among equals.
   */
  choose(connected: readonly PeerId[], height: number, nowMs: number): PeerId | undefined {
    const ready = connected.filter((id) => {
      const { requests, untilMs } = this.#peer(id);
      return requests < REQUESTS_PER_PEER && untilMs <= nowMs;
    });
    const having = ready.filter((id) => this.#peer(id).height >= height);
    const candidates = having.length > 0 ? having : ready;
    const fewest = Math.min(...candidates.map((id) => this.#peer(id).requests));
    const best = candidates.filter((id) => this.#peer(id).requests === fewest);
    return best[Math.floor(this.#random() * best.length)];
  }

  /** Forgets peers that are neither connected nor under suspicion. */
  prune(connected: readonly PeerId[], nowMs: number): void {
    const kept = new Set(connected);
    for (const [id, { requests, untilMs }] of this.#peers) {
      if (!kept.has(id) && requests === 0 && untilMs <= nowMs) this.#peers.delete(id);
    }
  }

  #peer(id: PeerId): Peer {
    let peer = this.#peers.get(id);
    if (!peer) {
      peer = { height: 0, requests: 0, untilMs: 0 };
      this.#peers.set(id, peer);
    }
    return peer;
  }
}
