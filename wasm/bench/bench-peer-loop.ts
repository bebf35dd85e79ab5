// The timed loop of a peer that is asked for one key at a time, by a call that returns at once.

/** Keys looked up between two readings of the clock. */
const KEYS_TIMED = 1024;

/**
 * Lookups a second.
 *
 * @param routeOf Looks one key up. What it returns is added up, so that no compiler leaves it out.
 */
export function singleRate(
  keys: Float64Array,
  loopMs: number,
  routeOf: (key: number) => number,
): number {
  const startedMs = performance.now();
  let count = 0;
  let sum = 0;
  let elapsedMs = 0;
  while (elapsedMs < loopMs) {
    const from = count % keys.length;
    const to = Math.min(from + KEYS_TIMED, keys.length);
    for (let at = from; at < to; at++) sum += routeOf(keys[at]!);
    count += to - from;
    elapsedMs = performance.now() - startedMs;
  }
  if (Number.isNaN(sum)) throw new Error('a route is not a number');
  return (count * 1000) / elapsedMs;
}
