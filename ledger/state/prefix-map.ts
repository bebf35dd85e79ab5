// Prefixes: which route the numbering plan gives to leading digits, and with it who owns the numbers
// below them as long as nothing else is said.

import type { RouteNumber } from '../entry.ts';
import { DIGITS_MAX, lengthOf, type NumberKey } from '../number.ts';
import type { KeyRange } from '../transaction-body.ts';

/** Returned for a number below no prefix. */
export const NO_PREFIX = -1;

const POWERS_OF_10 = Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent);

export class PrefixMap {
  /** Prefixes changed since the owner last cleared this. */
  readonly dirty = new Set<NumberKey>();
  readonly #routes = new Map<NumberKey, RouteNumber>();
  /** Count of prefixes by route; a map, because the prices of tariffs lie here too and are sparse. */
  readonly #routeCounts = new Map<RouteNumber, number>();
  /** Count of prefixes by length. */
  readonly #counts = new Array<number>(DIGITS_MAX + 1).fill(0);
  /** Prefixes of one length in order, made when a range is first asked for. */
  readonly #sorted: (Float64Array | undefined)[] = [];

  /** Number of prefixes. */
  get size(): number {
    return this.#routes.size;
  }

  /** Number of prefixes with a route. */
  countOf(route: RouteNumber): number {
    return this.#routeCounts.get(route) ?? 0;
  }

  get(prefix: NumberKey): RouteNumber | undefined {
    return this.#routes.get(prefix);
  }

  set(prefix: NumberKey, route: RouteNumber): void {
    this.dirty.add(prefix);
    const known = this.#routes.get(prefix);
    if (known !== undefined) this.#routeCounts.set(known, this.countOf(known) - 1);
    else {
      const length = lengthOf(prefix);
      this.#counts[length]!++;
      this.#sorted[length] = undefined;
    }
    this.#routeCounts.set(route, this.countOf(route) + 1);
    this.#routes.set(prefix, route);
  }

  /** The route of the longest prefix of a number with `length` digits, or {@link NO_PREFIX}. */
  find(key: NumberKey, length: number): RouteNumber {
    for (let digits = length; digits > 0; digits--) {
      if (this.#counts[digits] === 0) continue;
      const route = this.#routes.get(Math.floor(key / POWERS_OF_10[length - digits]!));
      if (route !== undefined) return route;
    }
    return NO_PREFIX;
  }

  /**
   * Whether the longest prefix of every number of a range of one length leads to a route that
   * `accept` takes.
   */
  everyRoute(from: NumberKey, to: NumberKey, accept: (route: RouteNumber) => boolean): boolean {
    for (const { route } of this.stretches(from, to)) {
      if (route === NO_PREFIX || !accept(route)) return false;
    }
    return true;
  }

  /**
   * A range of numbers of one length cut where the longest prefix changes, each stretch with its
   * route, or {@link NO_PREFIX}.
   */
  *stretches(from: NumberKey, to: NumberKey): IterableIterator<KeyRange & { route: RouteNumber }> {
    const length = lengthOf(from);
    for (let key = from; key <= to; ) {
      const next = this.#nextBoundary(key, length);
      const last = Math.min(next - 1, to);
      yield { from: key, to: last, route: this.find(key, length) };
      key = last + 1;
    }
  }

  /** The next number, behind `key`, at which some prefix begins or ends. */
  #nextBoundary(key: NumberKey, length: number): NumberKey {
    let boundary = Number.POSITIVE_INFINITY;
    for (let digits = 1; digits <= length; digits++) {
      if (this.#counts[digits] === 0) continue;
      const span = POWERS_OF_10[length - digits]!;
      const own = Math.floor(key / span);
      if (this.#routes.has(own)) boundary = Math.min(boundary, (own + 1) * span);
      const next = firstAbove(this.#prefixesOf(digits), own);
      if (next !== undefined) boundary = Math.min(boundary, next * span);
    }
    return boundary;
  }

  #prefixesOf(digits: number): Float64Array {
    const known = this.#sorted[digits];
    if (known) return known;
    const [from, to] = [POWERS_OF_10[digits]!, 2 * POWERS_OF_10[digits]!];
    const sorted = Float64Array.from(
      [...this.#routes.keys()].filter((prefix) => prefix >= from && prefix < to),
    ).sort();
    this.#sorted[digits] = sorted;
    return sorted;
  }

  /** All prefixes, in no order. */
  entries(): IterableIterator<[NumberKey, RouteNumber]> {
    return this.#routes.entries();
  }
}

function firstAbove(sorted: Float64Array, limit: number): number | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}
