// How many entries have each of some small integers as their value: counted as they come and go, so
// that nobody has to look through all of them.

const CAPACITY_MIN = 64;

export class Counts {
  #counts = new Uint32Array(CAPACITY_MIN);

  /** How many have a value. */
  of(value: number): number {
    return this.#counts[value] ?? 0;
  }

  add(value: number, change: 1 | -1): void {
    if (value >= this.#counts.length) {
      const grown = new Uint32Array(2 ** Math.ceil(Math.log2(value + 1)));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[value]! += change;
  }
}
