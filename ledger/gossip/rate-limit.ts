// A limit on how often each peer may do something: one bucket of tokens a peer.

/** Peers remembered at most; the ones that have been quiet longest are forgotten. */
const PEERS_REMEMBERED_MAX = 1_024;

export interface Rate {
  /** Tokens that come in a second. */
  perSecond: number;
  /** Tokens that a bucket holds. */
  burst: number;
}

export class RateLimit {
  readonly #rate: Rate;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** `nowMs` gives milliseconds of any clock that never goes back. */
  constructor(rate: Rate, nowMs: () => number) {
    this.#rate = rate;
    this.#nowMs = nowMs;
  }

  /** Takes a token of a peer's bucket; false where it is empty. */
  take(peer: string): boolean {
    const nowMs = this.#nowMs();
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(peer) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = nowMs;
    // Set anew, so that the map is in the order of last use.
    this.#buckets.delete(peer);
    this.#buckets.set(peer, bucket);
    if (this.#buckets.size > PEERS_REMEMBERED_MAX) {
      this.#buckets.delete(this.#buckets.keys().next().value as string);
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
