// `bchf demo --load`: a consortium with a hundred thousand terminals, generators as processes beside it, and
// what registrations at a rate come to, as a report of the load test.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import type { GeneratorSample } from '../../loadtest/generator-usage.ts';
import { LatencySeries } from '../../loadtest/latency-series.ts';
import { createLatencyHistogram } from '../../loadtest/load-report.ts';
import type { ScenarioRun } from '../../loadtest/scenario/run-scenario.ts';
import { scenarioSchema } from '../../loadtest/scenario/scenario.ts';
import {
  createScenarioReport,
  formatScenarioReport,
  type ScenarioReport,
} from '../../loadtest/scenario/scenario-report.ts';
import { sampleServer } from '../../loadtest/scenario/server-usage.ts';
import { type Consortium, startConsortium } from './consortium.ts';
import { NETWORKS, routeTo, SIDES, type Side } from './country.ts';
import {
  CELL,
  type GeneratorEvent,
  type GeneratorOutcome,
  type GeneratorStart,
  LOAD_ADDRESSES,
  type LoadRequest,
  loadKey,
  loadPrivateKey,
  sideOf,
} from './load-plan.ts';

export interface LoadOptions extends Omit<LoadRequest, 'bchf'> {
  signal: AbortSignal;
  onFailure: (error: Error) => void;
}

export interface RegistrationLoad {
  /** Of registrations: those of home users and of roamers as streams, and all. */
  report: ScenarioReport;
  /** Of lookups at the BCHF, in microseconds from the time at which they were sent. */
  lookups: Histogram;
  /** Registrations that were not accepted, by cause. */
  failed: Record<string, number>;
}

/** `undefined` where the signal came first. Rejects where a generator ends without an outcome. */
export async function measureRegistrations(
  options: LoadOptions,
): Promise<RegistrationLoad | undefined> {
  const { signal, onFailure, ...load } = options;
  const consortium = await startConsortium({ signal, onFailure });
  if (!consortium) return undefined;
  try {
    await putOnLedger(load, consortium);
    return await generateLoad({ ...load, bchf: consortium.bchf }, consortium.metrics, signal);
  } finally {
    await consortium.stop();
  }
}

/** Puts the terminals of a load on the ledger: their runs, and where they sign their keys. */
export async function putOnLedger(
  load: Pick<LoadRequest, 'roamerPercent' | 'terminals' | 'credentials'>,
  consortium: Consortium,
): Promise<void> {
  for (const bodies of terminalsOnLedger(load)) await consortium.commit(bodies);
}

/**
 * The load alone, on a BCHF that is there or not; `undefined` where the signal ended it.
 *
 * @param metrics where the BCHF's own metrics are
 */
export async function generateLoad(
  request: LoadRequest,
  metrics: string,
  signal: AbortSignal,
): Promise<RegistrationLoad | undefined> {
  const children = Array.from({ length: request.generators }, (_, generator) =>
    startGenerator({ ...request, generator }),
  );
  const endAll = () => {
    for (const { child } of children) child.kill('SIGKILL');
  };
  signal.addEventListener('abort', endAll);
  try {
    await Promise.all(children.map(({ ready }) => ready));
    const startedAt = new Date();
    const server = sampleServer(metrics, performance.now(), () => performance.now());
    for (const { child } of children) child.send('go');
    const outcomes = await Promise.all(children.map(({ done }) => done)).finally(server.stop);
    return summarise(request, metrics, outcomes, { startedAt, server: server.samples });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener('abort', endAll);
    endAll();
    await Promise.all(children.map(({ exited }) => exited));
  }
}

interface RunningGenerator {
  child: ChildProcess;
  ready: Promise<void>;
  done: Promise<GeneratorOutcome>;
  exited: Promise<unknown>;
}

function startGenerator(start: GeneratorStart): RunningGenerator {
  const file = new URL('./load-process.js', import.meta.url);
  const child = fork(file, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const failing = exited.then(([code]) => {
    throw new Error(`a generator ended with ${code}`);
  });
  const told = <T extends GeneratorEvent['type']>(type: T) =>
    new Promise<Extract<GeneratorEvent, { type: T }>>((resolve) => {
      child.on('message', (event: GeneratorEvent) => {
        if (event.type === type) resolve(event as Extract<GeneratorEvent, { type: T }>);
      });
    });
  const ready = Promise.race([told('ready').then(() => {}), failing]);
  const done = Promise.race([told('done').then(({ outcome }) => outcome), failing]);
  for (const one of [ready, done, failing]) one.catch(() => {});
  child.send(start);
  return { child, ready, done, exited };
}

function summarise(
  request: LoadRequest,
  metrics: string,
  outcomes: readonly GeneratorOutcome[],
  seen: Pick<ScenarioRun, 'startedAt' | 'server'>,
): RegistrationLoad {
  const { host, ports } = request.bchf;
  const { phases, roamerPercent, order, by, seed, credentials, generators } = request;
  const shares = { home: 100 - roamerPercent, other: roamerPercent };
  const sides = SIDES.filter((side) => shares[side] > 0);
  const how = `${order.join('-')} by ${by}${credentials ? ', signed' : ''}`;
  const scenario = scenarioSchema.parse({
    name: `registrations, ${roamerPercent}% roamers, ${how}`,
    target: { host, http: ports.http, batch: ports.batch, enum: ports.enum, metrics },
    streams: sides.map((side) => ({
      name: side === 'home' ? 'home users' : 'roamers',
      interface: by === 'batch' ? 'batch' : 'http',
      identity: 'imsi',
      share: shares[side],
    })),
    phases,
    threads: generators,
    seed,
  });
  const streams = sides.map((side) => {
    const results = outcomes.map((outcome) => outcome.streams[side]);
    const series = new LatencySeries();
    for (const { seconds } of results) series.add(LatencySeries.decode(seconds));
    return { results, series };
  });
  const generator = allTogether(outcomes.map(({ samples }) => samples));
  const run: ScenarioRun = { ...seen, streams, generator, actions: [], stoppedBy: undefined };
  const lookups = createLatencyHistogram();
  const failed: Record<string, number> = {};
  for (const outcome of outcomes) {
    lookups.add(decodeFromCompressedBase64(outcome.lookups) as Histogram);
    for (const [cause, times] of Object.entries(outcome.failed)) {
      failed[cause] = (failed[cause] ?? 0) + times;
    }
  }
  return { report: createScenarioReport(scenario, run), lookups, failed };
}

/** The samples of several processes, second by second. */
function allTogether([first = [], ...others]: GeneratorSample[][]): GeneratorSample[] {
  return first.map((sample, at) => {
    const all = [sample, ...others.flatMap((samples) => samples[at] ?? [])];
    const sum = (name: 'cpuPercent' | 'residentBytes') =>
      all.reduce((total, one) => total + one[name], 0);
    return { ...sample, cpuPercent: sum('cpuPercent'), residentBytes: sum('residentBytes') };
  });
}

/** What is on the ledger, a block after the other: routes, the pool, the runs of both networks, keys. */
function* terminalsOnLedger({
  roamerPercent,
  terminals,
  credentials,
}: Pick<LoadRequest, 'roamerPercent' | 'terminals' | 'credentials'>): Generator<TransactionBody[]> {
  yield SIDES.map((side) => {
    const { member } = NETWORKS[side];
    const route = routeTo('5g', side, `${member}-load`, LOAD_ADDRESSES[side]);
    return { kind: 'declare-routes', member, routes: [route] };
  });
  const { member } = NETWORKS.home;
  const all = { from: loadKey(0), to: loadKey(terminals - 1) };
  yield [{ kind: 'inject-pool', member, identity: 'imsi', ranges: [all] }];
  for (const side of SIDES) {
    const { member: owner } = NETWORKS[side];
    const cells = Array.from({ length: terminals / CELL }, (_, cell) =>
      placesOf(cell * CELL, CELL, side, roamerPercent),
    ).filter((places) => places.length > 0);
    const ranges = cells.map((own) => ({ from: loadKey(own[0]!), to: loadKey(own.at(-1)!) }));
    if (ranges.length === 0) continue;
    const route = `${owner}-load`;
    yield [{ kind: 'allocate', member: owner, identity: 'imsi', ranges, route }];
    if (!credentials) continue;
    const keys = placesOf(0, terminals, side, roamerPercent).map((place) => ({
      number: loadKey(place),
      publicKey: rawPublicKey(loadPrivateKey(place)),
    }));
    yield [{ kind: 'register-terminal-keys', member: owner, identity: 'imsi', keys }];
  }
}

/** Places of one side, of `count` from `first` on. */
function placesOf(first: number, count: number, side: Side, roamerPercent: number): number[] {
  const places = Array.from({ length: count }, (_, at) => first + at);
  return places.filter((place) => sideOf(place, roamerPercent) === side);
}

/** Whether every registration was begun, and accepted by the right element. */
export function isWell({ report }: RegistrationLoad): boolean {
  return report.verdict === 'ok' && report.streams.every(({ counts }) => counts.unsent === 0);
}

/** The outcome for people. */
export function formatLoad({ report, lookups, failed }: RegistrationLoad): string {
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const at = (percent: number) =>
    count(lookups.totalCount > 0 ? lookups.getValueAtPercentile(percent) : 0);
  const causes = Object.entries(failed).map(([cause, times]) => `${count(times)} ${cause}`);
  return [
    formatScenarioReport(report).trimEnd(),
    `lookups at the BCHF: ${count(lookups.totalCount)}, p50 ${at(50)} µs, ` +
      `p99 ${at(99)}, p99.9 ${at(99.9)}, max ${at(100)}`,
    `not accepted: ${causes.length > 0 ? causes.join(', ') : 'none'}`,
    '',
  ].join('\n');
}
