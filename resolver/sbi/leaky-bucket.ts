// A limit by time that lets bursts through.

/** Fills with what is counted, and runs out at a rate; it holds what comes in two seconds. */
export class LeakyBucket {
  readonly #perSecond: number;
  #level = 0;
  #countedMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#countedMs = nowMs;
  }

  /** Whether it runs over. */
  add(amount: number, nowMs: number): boolean {
    const goneBy = ((nowMs - this.#countedMs) / 1000) * this.#perSecond;
    this.#level = Math.max(0, this.#level - goneBy) + amount;
    this.#countedMs = nowMs;
    return this.#level > 2 * this.#perSecond;
  }
}
