// A batch of changes on its way into the index: checked, and parted by kind, in one pass over its
// objects. Such a pass costs what the objects' cache misses cost, so there is only one.

import { checkChange, sortedRunChanges } from './key.ts';
import type { IndexChange } from './number-index.ts';
import { NO_ROUTE, NO_USER_DATA } from './wasm-module.ts';

const CAPACITY_MIN = 1024;

/** Takes one batch after the other; what it holds is that of the last. */
export class ChangeBatch {
  /** Changes of prefixes, in the order of the batch. */
  readonly prefixes: IndexChange[] = [];
  /** Changes of ported numbers, in the order of the batch: the first `portedCount` places of columns. */
  portedCount = 0;
  /** Whether all changes are deletions. */
  setsNothing = true;
  keys = new Float64Array(CAPACITY_MIN);
  routes = new Uint32Array(CAPACITY_MIN);
  userData = new Float64Array(CAPACITY_MIN);
  readonly #runs: IndexChange[] = [];

  /** Throws a RangeError for the first change that is none. */
  take(changes: readonly IndexChange[]): void {
    this.prefixes.length = 0;
    this.#runs.length = 0;
    this.#reserve(changes.length);
    const { keys, routes, userData } = this;
    let count = 0;
    let setsNothing = true;
    for (const change of changes) {
      checkChange(change);
      if (change.route !== null) setsNothing = false;
      if (change.entry === 'ported') {
        keys[count] = change.from;
        routes[count] = change.route ?? NO_ROUTE;
        userData[count] = change.userData ?? NO_USER_DATA;
        count++;
      } else if (change.entry === 'prefix') this.prefixes.push(change);
      else this.#runs.push(change);
    }
    this.portedCount = count;
    this.setsNothing = setsNothing;
  }

  /** Changes of runs, see sortedRunChanges. */
  runs(): IndexChange[] {
    return sortedRunChanges(this.#runs);
  }

  #reserve(count: number): void {
    if (count <= this.keys.length) return;
    const capacity = Math.max(count, this.keys.length * 2);
    this.keys = new Float64Array(capacity);
    this.routes = new Uint32Array(capacity);
    this.userData = new Float64Array(capacity);
  }
}
