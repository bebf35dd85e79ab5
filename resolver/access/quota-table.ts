// Quotas of requesters: token buckets that all threads share.
//
// A bucket is one word: the time, in microseconds of a clock that all threads have, at which it will be
// full again (the "theoretical arrival time" of the GCRA, ITU-T I.371 annex A). A request of n moves it
// n intervals on, and is let through while there is room for one. So a request for many numbers is let
// through with what is left, and whoever sent it waits until that is made up for.
//
//     │ i64 │ i64 │ …   one for each bucket

export interface QuotaLimit {
  /** Tokens that come back each second. */
  perSecond: number;
  /** Tokens in a full bucket. */
  burst: number;
}

const SECOND_US = 1_000_000;
/** Whoever has used up more than this is let in again after it: a bound for debts, 10 minutes. */
const DEBT_US_MAX = 600 * SECOND_US;

export class QuotaTable {
  readonly buffer: SharedArrayBuffer;
  readonly #limits: readonly QuotaLimit[];
  readonly #fullAt: BigInt64Array;

  /** @param buffer the buckets of another thread's table of the same limits; without it, full ones */
  constructor(limits: readonly QuotaLimit[], buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(limits.length * BigInt64Array.BYTES_PER_ELEMENT);
    this.#limits = limits;
    this.#fullAt = new BigInt64Array(this.buffer);
  }

  /**
   * Takes `count` tokens of a bucket. Returns 0, or after how many milliseconds there will be one again.
   *
   * @param nowUs microseconds of a clock that all threads share and that never goes back
   */
  take(bucket: number, count: number, nowUs: number): number {
    const { perSecond, burst } = this.#limits[bucket]!;
    const intervalUs = SECOND_US / perSecond;
    const roomUs = (burst - 1) * intervalUs;
    for (;;) {
      const before = Atomics.load(this.#fullAt, bucket);
      const fullAtUs = Math.max(Number(before), nowUs);
      const waitUs = fullAtUs - nowUs - roomUs;
      // Half a microsecond is what rounding to whole ones makes.
      if (waitUs > 0.5) return Math.ceil(waitUs / 1000);
      const after = Math.min(fullAtUs + count * intervalUs, nowUs + roomUs + DEBT_US_MAX);
      const next = BigInt(Math.round(after));
      if (Atomics.compareExchange(this.#fullAt, bucket, before, next) === before) return 0;
    }
  }
}
