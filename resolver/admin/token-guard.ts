// Notices who guesses the admin port's token: after some wrong ones an address is told to wait, and what it
// sends meanwhile is told to wait, too, unless it is the right token.
//
// The right token is never kept waiting: who guesses may have the operator's own address (one proxy, loopback),
// and would lock the operator out by guessing. So nothing here bounds the guesses a second, as it would have to
// by not hearing right ones; the token's length does (docs/operations.md has the sum). What is left to do is to
// tell of it once in a while, and to slow down what only has an old token.
//
// Addresses are counted by a bucket each. There is room for so many; while it is full of addresses that still
// wait, all others share one more bucket, so that neither memory nor the number of guesses grows with the
// number of addresses that an attacker has.

/** Wrong tokens that an address has before it is to wait, and after how long it has one more. */
const GUESSES_MAX = 10;
const GUESS_MS = 6_000;
const ADDRESSES_MAX = 1024;
const EVERYONE_ELSE = '';

interface Bucket {
  /** Wrong tokens that still count. */
  used: number;
  atMs: number;
}

export interface WrongToken {
  /** Seconds that its sender was to wait before it came; 0 where it need not have waited. */
  waitS: number;
  /** Whether its sender has to wait from now on, and had not to before. */
  beginsToWait: boolean;
}

export class TokenGuard {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();
  /** Wrong tokens so far, those of addresses that were to wait among them. */
  wrong = 0;

  /** @param now a clock in milliseconds that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes a wrong token. Those of an address that waits make its wait no longer. */
  noteWrong(address: string): WrongToken {
    this.wrong++;
    const bucket = this.#bucketOf(address);
    const over = bucket.used - (GUESSES_MAX - 1);
    if (over > 0) return { waitS: Math.ceil((over * GUESS_MS) / 1000), beginsToWait: false };
    bucket.used++;
    return { waitS: 0, beginsToWait: over + 1 > 0 };
  }

  /** The bucket of an address, its own or the shared one, with what has run out of it by now. */
  #bucketOf(address: string): Bucket {
    const nowMs = this.#now();
    let bucket = this.#buckets.get(address);
    if (!bucket) {
      const name = this.#hasRoom(nowMs) ? address : EVERYONE_ELSE;
      bucket = this.#buckets.get(name) ?? { used: 0, atMs: nowMs };
      this.#buckets.set(name, bucket);
    }
    bucket.used = Math.max(0, bucket.used - (nowMs - bucket.atMs) / GUESS_MS);
    bucket.atMs = nowMs;
    return bucket;
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#buckets.size < ADDRESSES_MAX) return true;
    for (const [address, { used, atMs }] of this.#buckets) {
      if (used <= (nowMs - atMs) / GUESS_MS) this.#buckets.delete(address);
    }
    return this.#buckets.size < ADDRESSES_MAX;
  }
}
