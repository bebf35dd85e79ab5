// What the console shows of each interface, made of what serving threads count: rates from the
// difference of two readings, and percentiles from the difference of their histograms.
//
// Which counters are requests, lookups, failures and drops of an interface stands here, once; the
// alert rules name the same metrics.

import { COUNTER_TABLE, HISTOGRAM_FORMS } from '../counter-table.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import type { InterfaceFigures, InterfaceId } from './console-model.ts';

/** The counters of an interface, as `group.name`. */
interface InterfaceCounters {
  requests: string[];
  lookups: string[];
  failures: string[];
  drops: string[];
  /** Group of the histogram of its latencies. */
  latency: string;
}

const datagramDrops = (group: string) =>
  ['oversizedDatagrams', 'sendQueueDrops', 'sendErrors'].map((name) => `${group}.${name}`);
const beginningWith = (group: keyof typeof COUNTER_TABLE, beginning: string) =>
  Object.keys(COUNTER_TABLE[group])
    .filter((name) => name.startsWith(beginning))
    .map((name) => `${group}.${name}`);

export const INTERFACE_COUNTERS: Record<InterfaceId, InterfaceCounters> = {
  http: {
    requests: beginningWith('http', 'answered'),
    lookups: ['http.lookedUpNumbers'],
    failures: beginningWith('http', 'answered5'),
    drops: [],
    latency: 'httpLatency',
  },
  batch: {
    requests: ['batch.lookupRequests', 'batch.routeRequests', 'batch.explainRequests'],
    lookups: ['batch.lookedUpNumbers'],
    failures: [],
    drops: [
      ...beginningWith('batch', 'dropped'),
      ...beginningWith('batch', 'limited'),
      ...datagramDrops('batchUdp'),
    ],
    latency: 'batchLatency',
  },
  enum: {
    requests: ['enum.udpReceived', 'enum.tcpReceived'],
    lookups: ['enum.answeredRecords', 'enum.answeredNoData', 'enum.answeredNxdomain'],
    failures: [],
    drops: [
      'enum.limitedDropped',
      ...beginningWith('enum', 'dropped'),
      ...datagramDrops('enumUdp'),
    ],
    latency: 'enumLatency',
  },
  pdb: {
    requests: beginningWith('pdb', 'answered'),
    lookups: ['pdb.answeredFound', 'pdb.answeredNotFound'],
    failures: [],
    drops: [
      ...beginningWith('pdb', 'dropped'),
      ...beginningWith('pdb', 'limited'),
      ...datagramDrops('pdbUdp'),
    ],
    latency: 'pdbLatency',
  },
  sbi: {
    requests: beginningWith('sbi', 'answered'),
    // Each asks about one subscriber; management of NF instances is not told apart.
    lookups: ['sbi.answered200', 'sbi.answered404'],
    failures: beginningWith('sbi', 'answered5'),
    drops: ['sbi.refusedConnections', 'sbi.refusedBodies', 'sbi.timedOutRequests'],
    latency: 'sbiLatency',
  },
};

/** Totals of all counters and histogram words of this process at one time. */
export interface CounterReading {
  counters: ReadonlyMap<string, number>;
  histograms: ReadonlyMap<string, number>;
}

/** A function that reads all totals; what is read is found once. */
export function counterReader(
  counters: SharedCounters,
  histograms: SharedCounters,
): () => CounterReading {
  const listed = (shared: SharedCounters) =>
    [...shared.counters()].map(({ group, name, total }) => [`${group}.${name}`, total] as const);
  const [counterList, histogramList] = [listed(counters), listed(histograms)];
  const read = (list: (readonly [string, () => number])[]) =>
    new Map(list.map(([name, total]) => [name, total()]));
  return () => ({ counters: read(counterList), histograms: read(histogramList) });
}

/** What an interface did between two readings, `seconds` apart. */
export function figuresBetween(
  id: InterfaceId,
  before: CounterReading,
  after: CounterReading,
  seconds: number,
): InterfaceFigures {
  const named = INTERFACE_COUNTERS[id];
  const rate = (names: string[]) =>
    names.reduce((sum, name) => sum + risen(before.counters, after.counters, name), 0) / seconds;
  const buckets = (HISTOGRAM_FORMS[named.latency]?.bounds ?? []).map(({ word, le }) => ({
    le,
    count: risen(before.histograms, after.histograms, `${named.latency}.${word}`),
  }));
  const microseconds = (share: number) => {
    const seconds = quantileOf(buckets, share);
    return seconds === undefined ? null : Math.round(seconds * 1e7) / 10;
  };
  return {
    requests: rate(named.requests),
    lookups: rate(named.lookups),
    failures: rate(named.failures),
    drops: rate(named.drops),
    p50Us: microseconds(0.5),
    p99Us: microseconds(0.99),
    p999Us: microseconds(0.999),
  };
}

function risen(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  name: string,
): number {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

/**
 * The value below which a share of what a histogram counted lies, as Prometheus's
 * `histogram_quantile` reckons it: straight lines inside of buckets, and the lower bound of the last
 * where that has no upper one. `undefined` where nothing was counted.
 */
export function quantileOf(
  buckets: readonly { le: number; count: number }[],
  share: number,
): number | undefined {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total <= 0) return undefined;
  const rank = share * total;
  let below = 0;
  let lower = 0;
  for (const { le, count } of buckets) {
    if (below + count >= rank && count > 0) {
      return Number.isFinite(le) ? lower + ((le - lower) * (rank - below)) / count : lower;
    }
    below += count;
    lower = le;
  }
  return lower;
}
