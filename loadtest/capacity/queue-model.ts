// How the 99th percentile of latency grows with load, from measured points, and back: which load a
// machine takes within a wanted percentile.
//
//     p99(λ) = floor + wait / (1 − λ / limit)          λ: lookups a second
//
// `limit` is where a queue would grow without end, `wait` what queueing takes at little load, `floor`
// what does not depend on load (the network, timers, the way of the packets). For one server with
// exponential times, M/M/1, latency is exponential with the mean s / (1 − ρ), so that its 99th percentile
// is s · ln 100 / (1 − ρ): Kleinrock, "Queueing Systems" volume 1 (1975), section 3.2; Harchol-Balter,
// "Performance Modeling and Design of Computer Systems" (2013), chapter 13. A resolver is no M/M/1: it
// answers in batches and on several threads, and its load comes evenly. So `wait` and `limit` are not
// computed from service times but fitted, and how wrong that is is measured by leaving points out.
//
// Pure: points in, numbers out.

/** One load that was offered, and how it was served. */
export interface LoadPoint {
  offeredPerSecond: number;
  p99Us: number;
}

export interface QueueFit {
  floorUs: number;
  waitUs: number;
  limitPerSecond: number;
  /** Of the points that it was fitted to. */
  pointCount: number;
  /**
   * The largest factor between what the model tells of a point that was left out and what was measured
   * there: 1.2 is 20% more or less.
   */
  errorFactor: number;
}

/** Fewest points that a model with three parameters and a check of itself needs. */
export const POINTS_MIN = 5;
/** How far beyond the highest load the limit is looked for. */
const LIMIT_FACTOR_MAX = 20;
const LIMIT_STEPS = 400;

type Parameters = Pick<QueueFit, 'floorUs' | 'waitUs' | 'limitPerSecond'>;

/** Fits points that were served well. Throws a RangeError for fewer than {@link POINTS_MIN}. */
export function fitQueue(points: readonly LoadPoint[]): QueueFit {
  if (points.length < POINTS_MIN) {
    throw new RangeError(`${points.length} points, where ${POINTS_MIN} are needed`);
  }
  const sorted = [...points].sort((one, other) => one.offeredPerSecond - other.offeredPerSecond);
  let errorFactor = 1;
  sorted.forEach((point, left) => {
    // The highest is left in: what lies beyond all points is not what the model is asked for.
    if (left === sorted.length - 1) return;
    const others = parametersOf(sorted.filter((_, at) => at !== left));
    const told = p99Us(others, point.offeredPerSecond);
    errorFactor = Math.max(errorFactor, told / point.p99Us, point.p99Us / told);
  });
  return { ...parametersOf(sorted), pointCount: points.length, errorFactor };
}

/** The 99th percentile at a load, in microseconds; infinite from the limit on. */
export function p99Us({ floorUs, waitUs, limitPerSecond }: Parameters, perSecond: number): number {
  const rest = 1 - perSecond / limitPerSecond;
  return rest > 0 ? floorUs + waitUs / rest : Number.POSITIVE_INFINITY;
}

/** The highest load within a 99th percentile; 0 where even none is. */
export function loadWithin(parameters: Parameters, withinUs: number): number {
  const { floorUs, waitUs, limitPerSecond } = parameters;
  if (withinUs <= floorUs + waitUs) return 0;
  return limitPerSecond * (1 - waitUs / (withinUs - floorUs));
}

/**
 * Least squares of relative errors. For a given limit, floor and wait follow by linear algebra; the limit
 * is looked for on a scale of equal factors.
 */
function parametersOf(points: readonly LoadPoint[]): Parameters {
  const highest = points.at(-1)!.offeredPerSecond;
  let best: Parameters | undefined;
  let bestError = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= LIMIT_STEPS; step++) {
    // From 0.2% above the highest load on: a limit at it would explain any latency there.
    const limitPerSecond = highest * (1 + 0.002 * (LIMIT_FACTOR_MAX * 500) ** (step / LIMIT_STEPS));
    const [floorUs, waitUs] = linearFit(points, limitPerSecond);
    const parameters = { floorUs, waitUs, limitPerSecond };
    const error = points.reduce((sum, point) => {
      return sum + (p99Us(parameters, point.offeredPerSecond) / point.p99Us - 1) ** 2;
    }, 0);
    if (error < bestError) [best, bestError] = [parameters, error];
  }
  return best!;
}

/** Floor and wait, none below 0, with the least relative errors for one limit. */
function linearFit(points: readonly LoadPoint[], limit: number): [floor: number, wait: number] {
  let [oo, ox, xx, o, x] = [0, 0, 0, 0, 0];
  for (const { offeredPerSecond, p99Us: measured } of points) {
    const one = 1 / measured;
    const waiting = 1 / (1 - offeredPerSecond / limit) / measured;
    oo += one * one;
    ox += one * waiting;
    xx += waiting * waiting;
    o += one;
    x += waiting;
  }
  const determinant = oo * xx - ox * ox;
  const floor = (o * xx - x * ox) / determinant;
  const wait = (x * oo - o * ox) / determinant;
  if (floor >= 0 && wait >= 0) return [floor, wait];
  return floor < 0 || !Number.isFinite(floor) ? [0, x / xx] : [o / oo, 0];
}
