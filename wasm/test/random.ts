// Random choices that a seed repeats: mulberry32 (Tommy Ettinger, public domain).

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `limit - 1`; above 2^32 not every one of them. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** An integer from `from` to `to`. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** The seed of this run: BCHF_TEST_SEED, or a new one. */
export function runSeed(): number {
  return Number(process.env.BCHF_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
}
