// Remembers the tags of requests that were accepted, for as long as they could be accepted again.
//
// One table for all threads, in shared memory, of a size that never changes: buckets of 16 entries.
// An entry is 48 bits of a tag and the low 16 bits of the period that the request's time lies in;
// it is free when that period is over. A bucket without a free entry refuses what is new: to forget
// instead would let replays through.
//
//     bucket  ┌─────────┬─────────┬── … ──┐   entry  63               16 15       0
//     of a tag│ entry 0 │ entry 1 │       │         │ 48 bits of the tag │ period  │
//             └─────────┴─────────┴── … ──┘         └────────────────────┴─────────┘

const BUCKET_ENTRIES = 16;
const PERIOD_MASK = 0xffffn;
/** Tries for an entry that other threads take at the same time; then the bucket counts as full. */
const TRIES_MAX = 8;

export type ReplayVerdict = 'new' | 'replayed' | 'full';

export class ReplayWindow {
  readonly buffer: SharedArrayBuffer;
  readonly #entries: BigUint64Array;
  readonly #buckets: number;
  readonly #windowUs: number;

  /**
   * @param windowMs how far the time of a request may be from the server's, either way
   * @param buffer another thread's table; without it, a new one for `requestsMax` requests
   */
  constructor(windowMs: number, requestsMax: number, buffer?: SharedArrayBuffer) {
    this.#buckets = 2 ** Math.ceil(Math.log2(Math.max(1, requestsMax / BUCKET_ENTRIES)));
    this.buffer = buffer ?? new SharedArrayBuffer(this.#buckets * BUCKET_ENTRIES * 8);
    this.#entries = new BigUint64Array(this.buffer);
    this.#windowUs = windowMs * 1000;
  }

  /** Whether a time is near enough to now to be accepted at all. */
  isInTime(timeUs: number, nowUs: number): boolean {
    return Math.abs(nowUs - timeUs) <= this.#windowUs;
  }

  /** Notes a request by its tag, at least 8 bytes that its sender cannot choose. */
  note(tag: Uint8Array, timeUs: number, nowUs: number): ReplayVerdict {
    const bits = new DataView(tag.buffer, tag.byteOffset, 8).getBigUint64(0, true);
    const own = (bits & ~PERIOD_MASK) | (BigInt(this.#periodOf(timeUs)) & PERIOD_MASK);
    // The place comes from bits that the entry does not hold, as far as there are any.
    const mixed = Number(bits & PERIOD_MASK) | (Number((bits >> 48n) & PERIOD_MASK) << 16);
    const first = ((mixed >>> 0) % this.#buckets) * BUCKET_ENTRIES;
    const oldest = this.#periodOf(nowUs - this.#windowUs);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      let free = -1;
      let expected = 0n;
      for (let at = first; at < first + BUCKET_ENTRIES; at++) {
        const entry = Atomics.load(this.#entries, at);
        if (entry === own) return 'replayed';
        if (free < 0 && this.#isOver(entry, oldest)) {
          free = at;
          expected = entry;
        }
      }
      if (free < 0) return 'full';
      if (Atomics.compareExchange(this.#entries, free, expected, own) === expected) {
        return this.#isAlone(own, first, free) ? 'new' : 'replayed';
      }
    }
    return 'full';
  }

  /**
   * Whether no other thread has noted the same beside it meanwhile: two whose clocks lie on either side of a
   * period's end differ on which entry is free. Each looks after it has written, so at least one of them sees
   * the other; where both do, both are refused.
   */
  #isAlone(own: bigint, first: number, at: number): boolean {
    for (let other = first; other < first + BUCKET_ENTRIES; other++) {
      if (other !== at && Atomics.load(this.#entries, other) === own) return false;
    }
    return true;
  }

  /** Times in a window lie in three periods at most. */
  #periodOf(timeUs: number): number {
    return Math.max(0, Math.floor(timeUs / this.#windowUs));
  }

  #isOver(entry: bigint, oldest: number): boolean {
    if (entry === 0n) return true;
    const ahead = (Number(entry & PERIOD_MASK) - oldest) & 0xffff;
    return ahead > 2;
  }
}
