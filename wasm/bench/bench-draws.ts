// Random numbers that benches repeat from a seed, and hashes that stand for random numbers where
// nothing may be kept.
//
// Sources: the finaliser of MurmurHash3 (Austin Appleby, public domain) as the hash; Hörmann and
// Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions"
// (1996), for the Zipf distribution.

const WORD_VALUES = 2 ** 32;

/** A 32-bit word for a value from 0 to 2^53 − 1 under a key. */
export function hash32(key: number, value: number): number {
  // Values of 32 bits are the usual case, and the same word as if there were no others.
  const keyed = value < WORD_VALUES ? key : mix32(key + Math.floor(value / WORD_VALUES));
  return mix32(mix32(value + 0x9e37_79b9) ^ keyed);
}

function mix32(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Random numbers that a key repeats: the hashes of 0, 1, 2 … under it. */
export class Draws {
  readonly #key: number;
  #count = 0;

  constructor(key: number) {
    this.#key = key;
  }

  /** From 0 up to but not 1, in steps of 2⁻⁵³. */
  fraction(): number {
    const high = hash32(this.#key, this.#count++);
    const low = hash32(this.#key, this.#count++);
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** An integer from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /**
   * A rank from 1 to `rankMax` with probability in proportion to 1/rank. The integer part of
   * (rankMax + 1)^u has one in proportion to ln(1 + 1/rank), which never exceeds 1/rank nor falls
   * below ln 2 of it; rejection turns the one into the other.
   */
  rank(rankMax: number): number {
    const scale = Math.log(rankMax + 1);
    for (;;) {
      const rank = Math.min(Math.floor(Math.exp(this.fraction() * scale)), rankMax);
      if (this.fraction() * rank * Math.log1p(1 / rank) < Math.LN2) return rank;
    }
  }
}
