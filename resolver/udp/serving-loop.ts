// The loop of a thread that serves sockets by system calls of its own, outside of Node's event
// loop.
//
// It asks every socket for a batch, and waits in poll(2) when none has any. From time to time it
// lets Node's event loop turn once, so that messages, timers and promises of the thread go on.
// Another thread cuts the waiting short by writing to the wake descriptor, an eventfd(2).
//
//     setImmediate ─▶ batches … batches ─▶ nothing there: poll ─▶ batches … ─▶ 5 ms: setImmediate ─▶
//
// Under load there is no poll: a batch costs one call to receive and one to send. A thread that
// serves connections of Node's too (HTTP) would keep them waiting, and has no business with this.

import { EINTR, POLLIN, type SystemCalls } from './system-calls.ts';

/** How long sockets are served before Node's event loop gets its turn, which costs some 10 µs. */
const SLICE_MS = 5;
/** How long a wait for packets may take. */
const WAIT_MS_DEFAULT = 100;
const POLL_ENTRY_BYTES = 8;
const ENTRIES_MAX = 64;

/** Takes one batch from a socket and answers it; returns how many packets came. */
export type ServeBatch = () => number;

export interface ServingLoopOptions {
  /** Longest wait for packets in which Node's event loop stands still. Default 100. */
  waitMs?: number | undefined;
  /** An eventfd whose readiness ends a wait. */
  wakeFd?: number | undefined;
}

export class ServingLoop {
  readonly #calls: SystemCalls;
  readonly #waitMs: number;
  readonly #wakeFd: number | undefined;
  readonly #entries = new DataView(new SharedArrayBuffer(ENTRIES_MAX * POLL_ENTRY_BYTES));
  readonly #entriesAddress: number;
  readonly #wakeCount = new Uint8Array(8);
  readonly #sockets = new Map<number, ServeBatch>();
  #scheduled: NodeJS.Immediate | undefined;
  #isBroken = false;

  constructor(calls: SystemCalls, options: ServingLoopOptions = {}) {
    this.#calls = calls;
    this.#waitMs = options.waitMs ?? WAIT_MS_DEFAULT;
    this.#wakeFd = options.wakeFd;
    this.#entriesAddress = calls.addressOf(this.#entries.buffer);
  }

  /** Serves a socket from now on. A fault in `serve` ends the thread as any other would. */
  add(fd: number, serve: ServeBatch): void {
    if (this.#sockets.size >= ENTRIES_MAX - 1) throw new RangeError('too many sockets');
    this.#sockets.set(fd, serve);
    this.#writeEntries();
    this.#scheduled ??= setImmediate(this.#slice);
  }

  remove(fd: number): void {
    this.#sockets.delete(fd);
    this.#writeEntries();
    if (this.#sockets.size > 0 || this.#scheduled === undefined) return;
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }

  #writeEntries(): void {
    const fds = [...this.#sockets.keys()];
    if (this.#wakeFd !== undefined) fds.push(this.#wakeFd);
    for (const [at, fd] of fds.entries()) {
      this.#entries.setInt32(at * POLL_ENTRY_BYTES, fd, true);
      this.#entries.setInt16(at * POLL_ENTRY_BYTES + 4, POLLIN, true);
    }
  }

  readonly #slice = (): void => {
    const endMs = performance.now() + SLICE_MS;
    do {
      let received = 0;
      for (const serve of this.#sockets.values()) received += this.#serve(serve);
      if (received === 0 && !this.#waitForPackets()) break;
    } while (performance.now() < endMs);
    this.#scheduled = this.#sockets.size > 0 ? setImmediate(this.#slice) : undefined;
  };

  #serve(serve: ServeBatch): number {
    this.#isBroken = true;
    const received = serve();
    this.#isBroken = false;
    return received;
  }

  /**
   * Whether serving ended in a fault. What still waits in the sockets is then better left to the thread
   * that takes this one's place.
   */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether packets are there; false when the time is over or the thread is wanted elsewhere. */
  #waitForPackets(): boolean {
    const isWakeable = this.#wakeFd !== undefined;
    const count = this.#sockets.size + (isWakeable ? 1 : 0);
    const ready = this.#calls.poll(this.#entriesAddress, count, this.#waitMs);
    if (ready < 0) {
      const isInterrupted = this.#calls.errno() === EINTR;
      if (!isInterrupted) throw this.#calls.failure('poll');
      return false;
    }
    if (!isWakeable || ready === 0) return ready > 0;
    const isWoken = this.#entries.getInt16(this.#sockets.size * POLL_ENTRY_BYTES + 6, true) !== 0;
    if (isWoken) this.#calls.read(this.#wakeFd!, this.#wakeCount, this.#wakeCount.length);
    return !isWoken;
  }
}
