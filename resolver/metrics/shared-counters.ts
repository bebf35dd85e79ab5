// What serving threads count, where the main thread can read it.
//
// Each thread counts in plain objects of its own, which costs nothing, and copies them into its row
// of a shared memory a few times a second. A row goes on from where it stood when its thread is
// replaced, so that a total never goes back.
//
//     row 0  │ f64 │ f64 │ …  one word for each name of each group, in the order of the table
//     row 1  │ f64 │ f64 │ …

/** Help text by counter name by group: the closed list of what is counted. */
export type CounterTable = Record<string, Record<string, string>>;

/** A thread's own counts of a group. */
export type ReadCounts = () => Record<string, number>;

export class SharedCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #table: CounterTable;
  readonly #width: number;

  /**
   * @param rows how many threads count
   * @param buffer the counters of another thread's instance; without it, new ones at zero
   */
  constructor(table: CounterTable, rows: number, buffer?: SharedArrayBuffer) {
    this.#table = table;
    this.#width = Object.values(table).reduce((sum, group) => sum + Object.keys(group).length, 0);
    this.buffer =
      buffer ?? new SharedArrayBuffer(this.#width * rows * Float64Array.BYTES_PER_ELEMENT);
  }

  /** A function that copies one thread's counts into its row. */
  mirror(row: number, groups: Record<string, ReadCounts>): () => void {
    const bytesPerRow = this.#width * Float64Array.BYTES_PER_ELEMENT;
    const words = new Float64Array(this.buffer, row * bytesPerRow, this.#width);
    const before = words.slice();
    return () => {
      let position = 0;
      for (const [group, names] of Object.entries(this.#table)) {
        const counts = groups[group]?.() ?? {};
        for (const name of Object.keys(names)) {
          words[position] = (before[position] as number) + (counts[name] ?? 0);
          position++;
        }
      }
    };
  }

  /** Every counter; `total` sums it over all threads as it stands when asked. */
  *counters(): Generator<{ group: string; name: string; help: string; total: () => number }> {
    const words = new Float64Array(this.buffer);
    let position = 0;
    for (const [group, names] of Object.entries(this.#table)) {
      for (const [name, help] of Object.entries(names)) {
        const first = position++;
        const total = () => {
          let sum = 0;
          for (let at = first; at < words.length; at += this.#width) sum += words[at] as number;
          return sum;
        };
        yield { group, name, help, total };
      }
    }
  }
}
