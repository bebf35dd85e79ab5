// What an alarm asks for, as data: judged by the process over its own past, and written in the language of
// Prometheus. The rules themselves are in alarm-rules.
//
// Counters and gauges with labels count as their sum. A window is at most WINDOW_S_MAX, for which the
// process keeps its past.

import { quantileOf } from './interface-figures.ts';

export const WINDOW_S_MAX = 900;

export type Condition =
  /** A gauge is beyond a limit. */
  | { kind: 'gauge'; metric: string; is: 'above' | 'below'; limit: number }
  /** One gauge exceeds another by more than a limit. */
  | { kind: 'excess'; metric: string; over: string; limit: number }
  /** Counters have risen by more than a limit, together, within a window. */
  | { kind: 'increase'; metrics: readonly string[]; windowS: number; limit: number }
  /** Some of what was counted within a window is a larger share of all than a limit. */
  | {
      kind: 'share';
      part: readonly string[];
      whole: readonly string[];
      windowS: number;
      limit: number;
    }
  /** A quantile of a histogram of seconds is above a limit, within a window. */
  | { kind: 'quantile'; histogram: string; quantile: number; windowS: number; limit: number }
  /** The process does not answer: only who scrapes it can tell. */
  | { kind: 'unreachable' };

/** Every metric that a condition reads. */
export function metricsOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'gauge':
      return [condition.metric];
    case 'excess':
      return [condition.metric, condition.over];
    case 'increase':
      return condition.metrics;
    case 'share':
      return [...condition.part, ...condition.whole];
    case 'quantile':
      return [condition.histogram];
    default:
      return [];
  }
}

/** Values of metrics at one time; buckets of histograms, not added up, by their upper bounds. */
export interface MetricReading {
  atMs: number;
  values: ReadonlyMap<string, number>;
  buckets: ReadonlyMap<string, readonly { le: number; count: number }[]>;
}

/**
 * Whether a condition holds at the last of some readings, oldest first; `undefined` where what it
 * asks for is not measured here.
 */
export function holds(
  condition: Condition,
  readings: readonly MetricReading[],
): boolean | undefined {
  const last = readings.at(-1);
  if (!last || condition.kind === 'unreachable') return undefined;
  if (condition.kind === 'gauge') {
    const value = last.values.get(condition.metric);
    if (value === undefined || Number.isNaN(value)) return undefined;
    return condition.is === 'above' ? value > condition.limit : value < condition.limit;
  }
  if (condition.kind === 'excess') {
    const [value, over] = [last.values.get(condition.metric), last.values.get(condition.over)];
    if (value === undefined || over === undefined) return undefined;
    return value - over > condition.limit;
  }
  const sinceMs = last.atMs - condition.windowS * 1000;
  const first = readings.find(({ atMs }) => atMs >= sinceMs) ?? last;
  if (condition.kind === 'quantile') {
    const [before, after] = [first, last].map(({ buckets }) => buckets.get(condition.histogram));
    if (!before || !after) return undefined;
    const counted = after.map(({ le, count }, at) => ({ le, count: count - before[at]!.count }));
    const value = quantileOf(counted, condition.quantile);
    return value !== undefined && value > condition.limit;
  }
  const risen = (metrics: readonly string[]): number | undefined => {
    const known = metrics.filter((metric) => last.values.has(metric));
    if (known.length === 0) return undefined;
    return known.reduce(
      (sum, metric) => sum + last.values.get(metric)! - (first.values.get(metric) ?? 0),
      0,
    );
  };
  if (condition.kind === 'increase') {
    const increase = risen(condition.metrics);
    return increase === undefined ? undefined : increase > condition.limit;
  }
  const [part, whole] = [risen(condition.part), risen(condition.whole)];
  if (part === undefined || whole === undefined) return undefined;
  return whole > 0 && part / whole > condition.limit;
}

/** A condition in the language of Prometheus. */
export function promqlOf(condition: Condition): string {
  switch (condition.kind) {
    case 'unreachable':
      return 'up{job="bchf"} == 0';
    case 'gauge':
      return `${condition.metric} ${condition.is === 'above' ? '>' : '<'} ${condition.limit}`;
    case 'excess':
      return `${condition.metric} - ${condition.over} > ${condition.limit}`;
    case 'increase':
      return `${summed('increase', condition.metrics, condition.windowS)} > ${condition.limit}`;
    case 'share': {
      const [part, whole] = [condition.part, condition.whole].map((metrics) =>
        summed('increase', metrics, condition.windowS),
      );
      return `(${part}) / (${whole} > 0) > ${condition.limit}`;
    }
    default: {
      const { histogram, quantile, windowS, limit } = condition;
      const rate = `sum by (instance, le) (rate(${histogram}_bucket[${windowS}s]))`;
      return `histogram_quantile(${quantile}, ${rate}) > ${limit}`;
    }
  }
}

function summed(what: string, metrics: readonly string[], windowS: number): string {
  return metrics.map((metric) => `sum by (instance) (${what}(${metric}[${windowS}s]))`).join(' + ');
}
