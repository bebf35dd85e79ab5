// How many machines there have to be so that those that the load needs are there. Pure.

import { LoadtestError } from '../load-options.ts';
import type { Availability } from './quantity.ts';

/** One kind of number has one memory of 4 GiB: some two thousand million ported numbers. */
export const ENTRIES_PER_KIND_MAX = 2e9;

/** More spares than this say that machines which are up so seldom are the fault. */
const SPARES_MAX = 10_000;

/**
 * With `2N+1` twice as many and one more. With a probability, the fewest of which at least `needed` are up
 * with it, where each is up independently with `machineAvailability`: k out of n (Trivedi, "Probability
 * and Statistics with Reliability, Queuing, and Computer Science Applications", section on k-out-of-n).
 *
 * Throws BCHF_CAPACITY_UNREACHABLE where that takes more than 10,000 spares.
 */
export function machinesFor(
  needed: number,
  availability: Availability,
  machineAvailability: number,
): number {
  if (availability.form === 'machines') {
    return needed * availability.multiple + availability.spares;
  }
  for (let total = needed; total <= needed + SPARES_MAX; total++) {
    if (upAtLeast(needed, total, machineAvailability) >= availability.probability) return total;
  }
  throw new LoadtestError(
    'BCHF_CAPACITY_UNREACHABLE',
    `${availability.text} takes more than ${SPARES_MAX} spares where a machine is up ${machineAvailability * 100}% of the time`,
  );
}

/** The probability that of `total` machines at least `needed` are up. */
export function upAtLeast(needed: number, total: number, availability: number): number {
  // From all being up downwards, in logarithms: the terms themselves may be too small for a number.
  let logTerm = total * Math.log(availability);
  let sum = Math.exp(logTerm);
  for (let down = 1; down <= total - needed; down++) {
    logTerm += Math.log((total - down + 1) / down) + Math.log((1 - availability) / availability);
    sum += Math.exp(logTerm);
  }
  return Math.min(sum, 1);
}
