// Counters that many threads count in and one thread reads.
//
// One float64 for each counter of each thread in a shared memory. A thread writes only its own row,
// so counting is a plain add: nothing is locked, and nothing is lost. A reader in another thread
// sees each counter at some instant; sums of several are not of one instant.

export type CountEvent<T extends string> = (event: T, by?: number) => void;

export class SharedCounters<T extends string> {
  readonly buffer: SharedArrayBuffer;
  readonly #events: readonly T[];
  readonly #rows: number;

  /**
   * @param events the closed list of what is counted, the same in every thread
   * @param rows how many threads count
   * @param buffer the counters of another thread's instance; without it, new ones at zero
   */
  constructor(events: readonly T[], rows: number, buffer?: SharedArrayBuffer) {
    this.#events = events;
    this.#rows = rows;
    this.buffer =
      buffer ?? new SharedArrayBuffer(events.length * rows * Float64Array.BYTES_PER_ELEMENT);
  }

  /** The counting function of one thread. An event that is not on the list is a TypeError. */
  counting(row: number): CountEvent<T> {
    const width = this.#events.length;
    const words = new Float64Array(this.buffer, row * width * 8, width);
    const positions = new Map(this.#events.map((event, position) => [event, position]));
    return (event, by = 1) => {
      const position = positions.get(event);
      if (position === undefined) throw new TypeError(`nothing counts ${event}`);
      words[position] = (words[position] as number) + by;
    };
  }

  /** The sum over all threads for each event, in the order of the list. */
  totals(): [T, number][] {
    const words = new Float64Array(this.buffer);
    return this.#events.map((event, position) => {
      let total = 0;
      for (let row = 0; row < this.#rows; row++) {
        total += words[row * this.#events.length + position] as number;
      }
      return [event, total];
    });
  }
}
