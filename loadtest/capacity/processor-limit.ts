// Where the server's processors would end, from what they took at loads below: for curves on which the
// generator ended first.
//
// The utilisation law: processor time a second is what idling takes and so much for each lookup
// (Denning and Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing Surveys
// 10, 1978), a straight line up to all processors. A resolver that answers in batches takes less
// for a lookup the more there are, so the line mostly ends too early, and never at what the latency
// would allow. Pure.

import { POINTS_MIN } from './queue-model.ts';

/** Lookups a second at which the processors have no more time. */
export interface ProcessorLimit {
  perSecond: number;
  /** The least and the most that it comes to where one point is left out. */
  perSecondMin: number;
  perSecondMax: number;
}

export interface UsagePoint {
  answeredPerSecond: number;
  /** Of one processor. */
  serverCpuPercent: number;
}

/** `undefined` where there are too few points, or they show no growth with the load. */
export function processorLimit(
  points: readonly UsagePoint[],
  cores: number,
): ProcessorLimit | undefined {
  if (points.length < POINTS_MIN) return undefined;
  const perSecond = limitOf(points, cores);
  const others = points.map((_, left) =>
    limitOf(
      points.filter((_, at) => at !== left),
      cores,
    ),
  );
  const [perSecondMin, perSecondMax] = [Math.min(...others), Math.max(...others)];
  return perSecondMin > 0 && Number.isFinite(perSecondMax)
    ? { perSecond, perSecondMin, perSecondMax }
    : undefined;
}

/** Least squares; −1 where the line does not rise. */
function limitOf(points: readonly UsagePoint[], cores: number): number {
  const mean = (of: (point: UsagePoint) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanLoad = mean((point) => point.answeredPerSecond);
  const meanCpu = mean((point) => point.serverCpuPercent);
  const each =
    mean((point) => (point.answeredPerSecond - meanLoad) * (point.serverCpuPercent - meanCpu)) /
    mean((point) => (point.answeredPerSecond - meanLoad) ** 2);
  if (!(each > 0)) return -1;
  return meanLoad + (cores * 100 - meanCpu) / each;
}
