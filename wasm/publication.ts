// How the versions of several indexes become visible as one, to readers in any thread.
//
// Each shard publishes with an atomic store of its own, so between the first and the last of them the
// shards disagree. One shared word tells readers of that time: it is even while nothing is being
// published, odd while something is, and goes up by two with every publication (a sequence lock).
//
//     writer    │ prepare all │ 0→1 │ shard 0 │ shard 1 │ … │ 1→2 │ prepare all …
//     reader      ├ word: 0, reads, word: 0 ┤ one version     ├ word: 0, reads, word: 2 ┤ again
//
// - It is right. All loads and stores here and those that publish and enter a version are sequentially
//   consistent. A reader whose word was even before and is the same afterwards began after the end
//   of one publication and was through before the beginning of the next, so that whatever versions
//   it met in between are those of one batch.
// - The numbers of versions could not tell as much: a shard stores its number after the version, so a
//   reader may enter the new version with the old number.
// - It ends. A reader reads again only because the writer has published meanwhile, and before it
//   publishes again the writer prepares a batch in every shard. What is read is short: one number, or
//   for a batch only the pins (MemoryReader.enter), not the lookups, which then go on undisturbed
//   however long they take. A reader that meets an odd word sleeps until the writer wakes it: for as
//   long as the shards' stores take, 5 µs a shard for a batch of 1,000 changes, 30 µs for 10,000 (shared
//   2-core AMD EPYC, Node 20.20, November 2026). This is the one place where a reader waits.
// - It never hangs. A publication that fails half-way leaves the word at BROKEN, and one that does not
//   come to its end in time counts as that: every read is then refused with BCHF_INDEX_TRAP.

import { IndexError } from './number-index.ts';

/** Longest that a reader waits for the end of one publication. */
const WAIT_MS_MAX = 10_000;
const BROKEN = -1;
/** Keeps the word in the positive range when it has gone once through it. */
const SEQUENCE_MASK = 0x7fff_fffe;

export class Publication {
  /** The shared word, for the other threads' instances. */
  readonly buffer: SharedArrayBuffer;
  readonly #word: Int32Array;
  readonly #waitMsMax: number;

  /** @param buffer the word of another thread's instance; without it, a new one */
  constructor(
    buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    waitMsMax = WAIT_MS_MAX,
  ) {
    this.buffer = buffer;
    this.#word = new Int32Array(buffer);
    this.#waitMsMax = waitMsMax;
  }

  /** The writer's: makes everything visible together that `publishAll` publishes. */
  publish(publishAll: () => void): void {
    const before = Atomics.load(this.#word, 0);
    if (before === BROKEN) throw brokenError();
    Atomics.store(this.#word, 0, before + 1);
    let after = BROKEN;
    try {
      publishAll();
      after = (before + 2) & SEQUENCE_MASK;
    } finally {
      Atomics.store(this.#word, 0, after);
      Atomics.notify(this.#word, 0);
    }
  }

  /** What `read` gives when no publication came into it; it is called until that is so. */
  read<Value>(read: () => Value): Value {
    for (;;) {
      const before = Atomics.load(this.#word, 0);
      if ((before & 1) !== 0) {
        this.#awaitEnd(before);
        continue;
      }
      const value = read();
      if (Atomics.load(this.#word, 0) === before) return value;
    }
  }

  #awaitEnd(word: number): void {
    if (word === BROKEN) throw brokenError();
    if (Atomics.wait(this.#word, 0, word, this.#waitMsMax) === 'timed-out') throw brokenError();
  }
}

function brokenError(): IndexError {
  return new IndexError('BCHF_INDEX_TRAP', 'a batch was published in some shards and not in all');
}
