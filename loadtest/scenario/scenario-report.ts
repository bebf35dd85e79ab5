// What a scenario came to, as JSON: over time, by phase, as a whole, and where the knee is.

import { availableParallelism, cpus } from 'node:os';
import type { GeneratorSample } from '../generator-usage.ts';
import { LatencySeries, type SeriesSecond } from '../latency-series.ts';
import type { LoadCounts } from '../load-report.ts';
import { createLoadCounts, isSilent, SILENT_STATEMENT } from '../load-report.ts';
import type { ActionResult } from './run-action.ts';
import type { ScenarioRun } from './run-scenario.ts';
import { type Interface, planOf, type Scenario, streamName, type Window } from './scenario.ts';
import type { ServerSample } from './server-usage.ts';

export const REPORT_FORMAT = 'bchf-loadtest-1';

/** Latencies in microseconds, from the intended time of sending. */
export interface Latencies {
  p50: number;
  p90: number;
  p99: number;
  p99_9: number;
  max: number;
}

/** Counts and latencies of a stretch of time. */
export interface Point {
  offeredPerSecond: number;
  answeredPerSecond: number;
  lost: number;
  failed: number;
  latencyUs: Latencies;
}

export interface WindowPoint extends Point, Omit<Window, 'offeredPerSecond'> {}

/** The highest load that was still served well, and why the next was not. */
export interface Knee {
  /** Without a point where not even the lowest load was served well. */
  at: WindowPoint | null;
  /** The first window beyond; null where the knee was not reached. */
  beyond: WindowPoint | null;
  statement: string;
}

export interface ScenarioReport {
  format: typeof REPORT_FORMAT;
  scenario: Scenario;
  startedAt: string;
  machine: { cpu: string; cores: number; node: string };
  verdict: 'ok' | 'wrong-answers' | 'losses';
  stoppedBy: string | null;
  /** All streams together, without phases that warm up. */
  total: Point;
  windows: WindowPoint[];
  knee: Knee | null;
  streams: {
    name: string;
    interface: Interface;
    counts: LoadCounts;
    total: Point;
    seconds: Point[];
    examples: readonly string[];
  }[];
  actions: ActionResult[];
  server: ServerSample[];
  generator: {
    /** Of one processor, all threads together. */
    cpuPercent: number;
    /** 99 of 100 requests were sent within so much of their time, in the slowest thread and stream. */
    sendDelayP99Us: number;
    isBottleneck: boolean;
    statement: string;
    samples: GeneratorSample[];
  };
}

/** A load is served well with no more lost than this, of what was sent. */
const KNEE_LOST_SHARE = 0.001;
/** With at least this of what was offered answered. */
const KNEE_ANSWERED_SHARE = 0.99;
/** And with a 99th percentile of at most so many times that of the lowest load. */
const KNEE_LATENCY_FACTOR = 10;
/** A generator that sends so late is slower than the rate. */
const SEND_DELAY_US_LIMIT = 5_000;

export function createScenarioReport(scenario: Scenario, run: ScenarioRun): ScenarioReport {
  const { windows: planned } = planOf(scenario.phases);
  const all = new LatencySeries();
  for (const { series } of run.streams) all.add(series);
  const lasted = all.seconds.length;
  const windows = planned
    .filter(({ fromSecond }) => Math.floor(fromSecond) < lasted)
    .map((window) => ({ ...window, ...pointOf(all, window) }));
  const active = scenario.streams.filter(({ share }) => share > 0);
  const counted = windows.filter(({ warmUp }) => !warmUp);
  const streams = run.streams.map(({ results, series }, at) => ({
    name: streamName(active[at]!, scenario.streams.indexOf(active[at]!)),
    interface: active[at]!.interface,
    counts: sumCounts(results.map(({ counts }) => counts)),
    total: totalOf(series, counted),
    seconds: series.seconds.map((second) => pointOfSecond(second, 1, second.sent)),
    examples: results.flatMap(({ examples }) => examples).slice(0, 10),
  }));
  return {
    format: REPORT_FORMAT,
    scenario,
    startedAt: run.startedAt.toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
    },
    verdict: verdictOf(streams.map(({ counts }) => counts)),
    stoppedBy: run.stoppedBy ?? null,
    total: totalOf(all, counted),
    windows,
    knee: kneeOf(counted),
    streams,
    actions: run.actions,
    server: run.server,
    generator: generatorOf(run),
  };
}

/** Whole seconds inside of a window, or the one that it lies in. */
function secondsOf({ fromSecond, toSecond }: Pick<Window, 'fromSecond' | 'toSecond'>) {
  const from = Math.ceil(fromSecond - 1e-9);
  const to = Math.floor(toSecond + 1e-9);
  return from < to
    ? { from, to }
    : { from: Math.floor(fromSecond), to: Math.floor(fromSecond) + 1 };
}

function pointOf(series: LatencySeries, window: Window): Point {
  const { from, to } = secondsOf(window);
  return pointOfSecond(series.sum(from, to), to - from, window.offeredPerSecond * (to - from));
}

function totalOf(series: LatencySeries, windows: readonly WindowPoint[]): Point {
  const sum = new LatencySeries();
  let seconds = 0;
  for (const window of windows) {
    const { from, to } = secondsOf(window);
    const part = new LatencySeries();
    part.seconds.push(series.sum(from, to));
    sum.add(part);
    seconds += to - from;
  }
  const total = sum.sum(0, 1);
  return pointOfSecond(total, Math.max(seconds, 1), total.sent);
}

function pointOfSecond(sum: SeriesSecond, seconds: number, offered: number): Point {
  const { answered, lost, failed, latencies } = sum;
  const percentile = (percent: number) =>
    latencies.totalCount > 0 ? latencies.getValueAtPercentile(percent) : 0;
  return {
    offeredPerSecond: offered / seconds,
    answeredPerSecond: answered / seconds,
    lost,
    failed,
    latencyUs: {
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      p99_9: percentile(99.9),
      max: percentile(100),
    },
  };
}

/**
 * The knee of a curve: of the loads in rising order the last one before the first that is served
 * badly. Null where there are fewer than two loads, of which nothing follows.
 */
export function kneeOf(windows: readonly WindowPoint[]): Knee | null {
  const rising = windows
    .filter(({ offeredPerSecond }) => offeredPerSecond > 0)
    .sort((one, other) => one.offeredPerSecond - other.offeredPerSecond);
  const [lowest] = rising;
  if (!lowest || rising.length < 2) return null;
  const limitUs = lowest.latencyUs.p99 * KNEE_LATENCY_FACTOR;
  const whyBad = (point: WindowPoint): string | undefined => {
    const { offeredPerSecond, answeredPerSecond, lost, latencyUs } = point;
    const seconds = secondsOf(point).to - secondsOf(point).from;
    if (lost > offeredPerSecond * seconds * KNEE_LOST_SHARE) return 'answers were lost';
    if (answeredPerSecond < offeredPerSecond * KNEE_ANSWERED_SHARE) return 'not all was answered';
    if (latencyUs.p99 > limitUs) {
      return `the 99th percentile was over ${KNEE_LATENCY_FACTOR} times that of the lowest load`;
    }
    return undefined;
  };
  const firstBad = rising.findIndex((point) => whyBad(point) !== undefined);
  const rate = (point: WindowPoint) =>
    `${Math.round(point.offeredPerSecond).toLocaleString('en-US')} lookups/s`;
  if (firstBad < 0) {
    const highest = rising.at(-1)!;
    const statement = `not reached: ${rate(highest)}, the highest load, was served well`;
    return { at: highest, beyond: null, statement };
  }
  const beyond = rising[firstBad]!;
  const at = rising[firstBad - 1] ?? null;
  const before = at ? `${rate(at)} were served well` : 'not even the lowest load was served well';
  return { at, beyond, statement: `${before}; at ${rate(beyond)} ${whyBad(beyond)}` };
}

function sumCounts(counts: readonly LoadCounts[]): LoadCounts {
  const sum = createLoadCounts();
  for (const one of counts) {
    for (const name of Object.keys(sum) as (keyof LoadCounts)[]) sum[name] += one[name];
  }
  return sum;
}

function verdictOf(counts: readonly LoadCounts[]): ScenarioReport['verdict'] {
  const { wrong, lost, errors, unverified, answered } = sumCounts(counts);
  if (wrong > 0) return 'wrong-answers';
  return lost + errors + unverified > 0 || answered === 0 ? 'losses' : 'ok';
}

function generatorOf({ streams, generator }: ScenarioRun): ScenarioReport['generator'] {
  const results = streams.flatMap((stream) => stream.results);
  // What a stream leaves unsent because nobody answers it is no sign of a slow generator.
  const heard = streams
    .map((stream) => stream.results)
    .filter((each) => !isSilent(sumCounts(each.map(({ counts }) => counts))))
    .flat();
  // Threads share the process: each tells the processor time of all.
  const cpuPercent = Math.max(
    0,
    ...results.map(({ cpuMs, elapsedMs }) => (elapsedMs > 0 ? (cpuMs * 100) / elapsedMs : 0)),
  );
  const sendDelayP99Us = Math.max(0, ...results.map((result) => result.sendDelayP99Us));
  if (heard.length === 0 && results.length > 0) {
    const statement = SILENT_STATEMENT;
    return { cpuPercent, sendDelayP99Us, isBottleneck: false, statement, samples: generator };
  }
  const unsent = heard.reduce((sum, { counts }) => sum + counts.unsent, 0);
  const delay = `${Math.round(sendDelayP99Us / 10) / 100} ms`;
  const isLate = sendDelayP99Us > SEND_DELAY_US_LIMIT;
  const reasons = [
    ...(unsent > 0
      ? [`${unsent.toLocaleString('en-US')} lookups that were due were not sent`]
      : []),
    ...(isLate ? [`requests were sent up to ${delay} late (99th percentile)`] : []),
  ];
  return {
    cpuPercent,
    sendDelayP99Us,
    isBottleneck: reasons.length > 0,
    statement:
      reasons.length > 0
        ? `the generator was the bottleneck: ${reasons.join('; ')}`
        : `the generator kept the rate: 99% were sent within ${delay} of their time`,
    samples: generator,
  };
}

/** What a window is called in a report; that it warms up need not be said twice. */
export function windowLabel({ phase, warmUp }: Pick<Window, 'phase' | 'warmUp'>): string {
  return warmUp && !phase.startsWith('warm-up') ? `${phase} (warm-up)` : phase;
}

/** What the ledger did meanwhile; nothing where it stood still. */
export function ledgerLines(server: readonly ServerSample[]): string[] {
  const heights = server.flatMap(({ ledgerHeight }) => ledgerHeight ?? []);
  const blocks = Math.max(0, ...heights) - Math.min(...heights);
  if (!(blocks > 0)) return [];
  const lagMs = Math.max(0, ...server.map((sample) => sample.lagMs ?? 0));
  return [`ledger: ${blocks} blocks came, the index was at most ${Math.round(lagMs)} ms behind`];
}

/** The report for people. */
export function formatScenarioReport(report: ScenarioReport): string {
  const { total, windows, knee, generator, actions } = report;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const cells = (point: Point) => [
    count(point.offeredPerSecond),
    count(point.answeredPerSecond),
    count(point.lost),
    count(point.failed),
    count(point.latencyUs.p50),
    count(point.latencyUs.p99),
    count(point.latencyUs.p99_9),
    count(point.latencyUs.max),
  ];
  const head = ['', 'offered/s', 'answered/s', 'lost', 'failed', 'p50 µs', 'p99', 'p99.9', 'max'];
  const rows = [
    head,
    ...windows.map((point) => [windowLabel(point), ...cells(point)]),
    ...report.streams.map(({ name, total: own }) => [`all of ${name}`, ...cells(own)]),
    ['all', ...cells(total)],
  ];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return [
    `${report.scenario.name}: ${report.verdict}${report.stoppedBy ? `, stopped: ${report.stoppedBy}` : ''}`,
    ...table,
    ...(knee ? [`knee: ${knee.statement}`] : []),
    generator.statement,
    ...ledgerLines(report.server),
    ...actions.map(
      ({ name, atSeconds, tookMs, isDone }) =>
        `at ${atSeconds} s: ${name}: ${isDone ? 'done' : 'failed'} in ${count(tookMs)} ms`,
    ),
    ...report.streams.flatMap(({ examples }) => examples.map((example) => `! ${example}`)),
    '',
  ].join('\n');
}
