// What a load test found: collecting it, printing it, and the exit code that it ends with.
//
// Percentiles come from HDR histograms that were merged, never from percentiles that were averaged
// (Gil Tene, "How NOT to Measure Latency").

import type { Histogram } from 'hdr-histogram-js';
import { build } from 'hdr-histogram-js';
import type { GeneratorUsage } from './generator-usage.ts';

/** Latencies are recorded from 1 µs to a minute, to three digits. */
const LATENCY_US_MAX = 60_000_000;

/** A generator whose one thread is busy for so much of the time may be slower than the server. */
const BUSY_PERCENT_LIMIT = 90;
/** A generator that sends so late, in one of a hundred cases, does not keep the rate. */
const SEND_DELAY_US_LIMIT = 1000;

/** Most wrong answers that are told one by one. */
export const EXAMPLES_MAX = 10;

export function createLatencyHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
  });
}

/** Records milliseconds, with their fraction, as microseconds. */
export function recordMs(histogram: Histogram, latencyMs: number): void {
  const latencyUs = Math.round(latencyMs * 1000);
  histogram.recordValue(Math.min(Math.max(latencyUs, 1), LATENCY_US_MAX));
}

/** What a generator counted. All counts but the last three are of lookups, that is of numbers. */
export interface LoadCounts {
  sent: number;
  answered: number;
  /** Sent and not answered in time. */
  lost: number;
  /** Answered otherwise than expected; part of `answered`. */
  wrong: number;
  /** Answered with a refusal or something that is no answer; part of `answered`. */
  errors: number;
  /** Answered with a route whose details could not be had; part of `answered`. */
  unverified: number;
  /** Given up when the run ended; neither lost nor answered. */
  unfinished: number;
  /** Due by the offered rate but not sent: too many were under way, or the time was over. */
  unsent: number;
  /** Responses that came after their time-out or twice. */
  lateResponses: number;
  /** Connections that failed or broke, sends that the system refused. */
  transportErrors: number;
  /** Datagrams or requests that were answered. */
  responses: number;
}

export function createLoadCounts(): LoadCounts {
  return {
    sent: 0,
    answered: 0,
    lost: 0,
    wrong: 0,
    errors: 0,
    unverified: 0,
    unfinished: 0,
    unsent: 0,
    lateResponses: 0,
    transportErrors: 0,
    responses: 0,
  };
}

/** What a generator hands over at the end of a run. */
export interface LoadResult {
  protocol: 'http' | 'udp';
  counts: LoadCounts;
  /** Time in which was sent, without the wait for the last answers. */
  elapsedMs: number;
  /** Lookups per second asked for; `undefined` where as many were sent as answers came. */
  offeredPerSecond: number | undefined;
  latencies: readonly Histogram[];
  /** How late datagrams or requests were sent, in an open loop. */
  sendDelays: Histogram | undefined;
  /** Of this process over the same time. */
  usage: GeneratorUsage;
  /** The first wrong answers and errors, as lines. */
  examples: readonly string[];
  isInterrupted: boolean;
}

/** The form of `--json`. */
export interface LoadReport {
  protocol: 'http' | 'udp';
  verdict: 'ok' | 'wrong-answers' | 'losses';
  elapsedMs: number;
  offeredPerSecond: number | null;
  /** Lookups answered per second. */
  achievedPerSecond: number;
  responsesPerSecond: number;
  counts: LoadCounts;
  /** Of responses; from the intended send time in an open loop, else from the actual one. */
  latencyUs: Record<(typeof PERCENTILE_NAMES)[number] | 'mean' | 'max', number>;
  latencyFrom: 'intended-send-time' | 'send-time';
  generator: {
    /** Of one processor. An open loop watches the clock without rest and so uses all of one. */
    cpuPercent: number;
    /** Of the time, in which the generator's thread had work. */
    busyPercent: number;
    sendDelayP99Us: number | null;
    isBottleneck: boolean;
    statement: string;
  };
  examples: readonly string[];
  isInterrupted: boolean;
}

const PERCENTILE_NAMES = ['p50', 'p90', 'p99', 'p99_9', 'p99_99'] as const;
const PERCENTILES: Record<(typeof PERCENTILE_NAMES)[number], number> = {
  p50: 50,
  p90: 90,
  p99: 99,
  p99_9: 99.9,
  p99_99: 99.99,
};

export function createReport(result: LoadResult): LoadReport {
  const { counts, elapsedMs, offeredPerSecond, usage, sendDelays } = result;
  const merged = createLatencyHistogram();
  for (const histogram of result.latencies) merged.add(histogram);
  const perSecond = (count: number) => (elapsedMs > 0 ? (count * 1000) / elapsedMs : 0);
  const percentiles = PERCENTILE_NAMES.map((name) => [
    name,
    merged.getValueAtPercentile(PERCENTILES[name]),
  ]);
  const percentOf = (ms: number) => (elapsedMs > 0 ? (ms * 100) / elapsedMs : 0);
  const busyPercent = percentOf(usage.busyMs);
  return {
    protocol: result.protocol,
    verdict: verdictOf(counts),
    elapsedMs,
    offeredPerSecond: offeredPerSecond ?? null,
    achievedPerSecond: perSecond(counts.answered),
    responsesPerSecond: perSecond(counts.responses),
    counts,
    latencyUs: {
      ...(Object.fromEntries(percentiles) as Record<(typeof PERCENTILE_NAMES)[number], number>),
      mean: merged.totalCount > 0 ? merged.mean : 0,
      max: merged.maxValue,
    },
    latencyFrom: offeredPerSecond === undefined ? 'send-time' : 'intended-send-time',
    generator: {
      cpuPercent: percentOf(usage.cpuMs),
      busyPercent,
      sendDelayP99Us: sendDelays ? sendDelays.getValueAtPercentile(99) : null,
      ...bottleneckOf(counts, busyPercent, sendDelays),
    },
    examples: result.examples,
    isInterrupted: result.isInterrupted,
  };
}

const SILENCE = 'BCHF_LOADTEST_SILENCE';
/** What a report says of a generator that nobody answered. */
export const SILENT_STATEMENT = 'nothing answered, which tells nothing of the generator';

function verdictOf(counts: LoadCounts): LoadReport['verdict'] {
  if (counts.wrong > 0) return 'wrong-answers';
  const missing = counts.lost + counts.errors + counts.unverified;
  return missing > 0 || counts.answered === 0 ? 'losses' : 'ok';
}

/** Of what was asked nothing was answered, be it lost, refused by the system or without a connection. */
export function isSilent({ sent, transportErrors, answered }: LoadCounts): boolean {
  return answered === 0 && sent + transportErrors > 0;
}

/** The line for people and scripts that goes with exit code 4 where nothing was answered. */
export function silenceLine(where: string): string {
  return `${SILENCE}: nothing answered at ${where}: does a resolver listen there?\n`;
}

function bottleneckOf(
  counts: LoadCounts,
  busyPercent: number,
  sendDelays: Histogram | undefined,
): { isBottleneck: boolean; statement: string } {
  // Before all else: what waits for nobody's answers is late, full or idle by itself.
  if (isSilent(counts)) return { isBottleneck: false, statement: SILENT_STATEMENT };
  if (counts.unsent > 0) {
    const statement = `${counts.unsent.toLocaleString('en-US')} due lookups were left unsent and are not in the latencies: too many were under way, or the generator was too slow`;
    return { isBottleneck: true, statement };
  }
  if (sendDelays !== undefined) {
    const delayUs = sendDelays.getValueAtPercentile(99);
    const isBottleneck = delayUs > SEND_DELAY_US_LIMIT;
    const verb = isBottleneck ? 'did not keep' : 'kept';
    const statement = `the generator ${verb} the offered rate: 99% were sent within ${delayUs} µs of the intended time`;
    return { isBottleneck, statement };
  }
  const isBottleneck = busyPercent >= BUSY_PERCENT_LIMIT;
  const was = isBottleneck ? 'was' : 'was not';
  const statement = `the generator ${was} the bottleneck: it was busy for ${busyPercent.toFixed(0)}% of the time`;
  return { isBottleneck, statement };
}

/** 0 all answers right; 3 a wrong answer; 4 a loss, an error, or nothing answered at all. */
export function exitCodeOf(report: LoadReport): number {
  return { ok: 0, 'wrong-answers': 3, losses: 4 }[report.verdict];
}

/** Counts that are told only where they are not zero. */
const EXCEPTIONS: readonly (readonly [string, keyof LoadCounts])[] = [
  ['unverified', 'unverified'],
  ['unfinished', 'unfinished'],
  ['unsent', 'unsent'],
  ['late responses', 'lateResponses'],
  ['transport errors', 'transportErrors'],
];

const WRONG_HINT = `  Many wrong answers at once mean another population: start the resolver and the load test with the
  same --ported, --fragmented, --profile and --seed.`;

/** The report for people. */
export function formatReport(report: LoadReport): string {
  const { counts, latencyUs, generator } = report;
  const rate = (perSecond: number) => Math.round(perSecond).toLocaleString('en-US');
  const count = (value: number) => value.toLocaleString('en-US');
  const row = (name: string, value: string) => `  ${name.padEnd(18)}${value}`;
  const offered =
    report.offeredPerSecond === null
      ? 'as fast as answers came'
      : `${rate(report.offeredPerSecond)} lookups/s`;
  const percentiles = [...PERCENTILE_NAMES, 'max' as const].map(
    (name) => `${name.replace('_', '.')} ${count(latencyUs[name])}`,
  );
  const exceptions = EXCEPTIONS.filter(([, name]) => counts[name] > 0).map(([label, name]) =>
    row(label, count(counts[name])),
  );
  const from = report.latencyFrom === 'send-time' ? 'sending' : 'the intended time of sending';
  return [
    `${report.protocol} load test, ${(report.elapsedMs / 1000).toFixed(1)} s${
      report.isInterrupted ? ' (interrupted)' : ''
    }`,
    row('offered', offered),
    row(
      'achieved',
      `${rate(report.achievedPerSecond)} lookups/s in ${rate(report.responsesPerSecond)} responses/s`,
    ),
    row('latency', `${percentiles.join('  ')} µs, from ${from}`),
    row('lookups', `${count(counts.sent)} sent, ${count(counts.answered)} answered`),
    row('wrong', count(counts.wrong)),
    row('lost', count(counts.lost)),
    row('errors', count(counts.errors)),
    ...exceptions,
    row('generator', generator.statement),
    ...report.examples.map((example) => `  ! ${example}`),
    ...(counts.wrong > 0 ? [WRONG_HINT] : []),
    '',
  ].join('\n');
}
