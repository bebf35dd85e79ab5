// How peers are scored: what their messages and their answers were, and nothing else. gossipsub hears
// nothing from a peer whose score is below its graylist threshold of −80.

import type { PeerId } from './transport.ts';

/** Below this score gossipsub hears nothing of a peer; its own default. */
export const GRAYLIST_SCORE = -80;
/** How much a penalty lowers a peer's score. */
const PENALTY = -25;
/** A penalty is forgiven after this time. */
const PENALTY_MS = 60_000;

/** Only what a message's verdict and a penalty say counts: members are few and do not come and go. */
export function scoreParams(topics: readonly string[], penalties: Penalties) {
  const none = { timeInMeshWeight: 0, firstMessageDeliveriesWeight: 0 };
  const unused = { meshMessageDeliveriesWeight: 0, meshFailurePenaltyWeight: 0 };
  const topic = {
    ...none,
    ...unused,
    topicWeight: 1,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: 0,
    firstMessageDeliveriesDecay: 0.5,
    firstMessageDeliveriesCap: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 0,
    meshMessageDeliveriesThreshold: 0,
    meshMessageDeliveriesWindow: 10,
    meshMessageDeliveriesActivation: 1_000,
    meshFailurePenaltyDecay: 0.5,
    // The square of the count: one is forgiven, a third begins to hurt, ten are the graylist.
    invalidMessageDeliveriesWeight: -1,
    invalidMessageDeliveriesDecay: 0.9,
  };
  return {
    topics: Object.fromEntries(topics.map((name) => [name, topic])),
    appSpecificScore: (peer: string) => penalties.score(peer),
    appSpecificWeight: 1,
    IPColocationFactorWeight: 0,
  };
}

/** What peers have done outside of gossipsub, forgotten with time. */
export class Penalties {
  readonly #until = new Map<PeerId, number[]>();

  add(peer: PeerId): void {
    const kept = this.#current(peer);
    // Four reach the graylist; more need not be remembered.
    this.#until.set(peer, [...kept, performance.now() + PENALTY_MS].slice(-8));
  }

  score(peer: PeerId): number {
    return this.#until.has(peer) ? this.#current(peer).length * PENALTY : 0;
  }

  #current(peer: PeerId): number[] {
    const nowMs = performance.now();
    return (this.#until.get(peer) ?? []).filter((untilMs) => untilMs > nowMs);
  }
}
