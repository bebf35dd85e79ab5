// One thread of a scenario's generator: its part of every stream, at once.

import { parentPort, workerData } from 'node:worker_threads';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation, type Population } from '../../ledger/population/population.ts';
import { createRandom, deriveKey } from '../../ledger/population/random.ts';
import { enumProtocol } from '../enum-answers.ts';
import { runHttpOpenLoad } from '../http-open-load.ts';
import { type EncodedSecond, LatencySeries } from '../latency-series.ts';
import type { LoadOptions } from '../load-options.ts';
import type { LoadCounts } from '../load-report.ts';
import type { PooledNumber } from '../number-source.ts';
import { runOneNumberLoad } from '../one-number-load.ts';
import { pdbProtocol } from '../pdb-answers.ts';
import { createPopulationSource } from '../population-source.ts';
import { runUdpLoad } from '../udp-load.ts';
import { planOf, type Scenario, type Stream, TELEPHONE_INTERFACES } from './scenario.ts';
import { createZipf } from './zipf.ts';

export interface ThreadStart {
  scenario: Scenario;
  thread: number;
}

export type ThreadRequest = { type: 'go' } | { type: 'stop' };

export type ThreadEvent =
  | { type: 'drawn'; numbers: number }
  | { type: 'ready' }
  /** Each second: what the last ones of each stream came to, to judge when to stop. */
  | { type: 'seconds'; from: number; streams: EncodedSecond[][] }
  | { type: 'done'; streams: StreamResult[] };

export interface StreamResult {
  counts: LoadCounts;
  seconds: EncodedSecond[];
  examples: readonly string[];
  /** How late 99 of 100 requests were sent. */
  sendDelayP99Us: number;
  cpuMs: number;
  busyMs: number;
  elapsedMs: number;
}

/** Seconds that may still change: what was due in them may yet be answered. */
const OPEN_SECONDS = 3;

if (!parentPort) throw new Error('scenario-thread.ts is started as a worker thread');
const port = parentPort;
const post = (event: ThreadEvent) => port.postMessage(event);
const { scenario, thread } = workerData as ThreadStart;
const stopping = new AbortController();

const data = readNumberingData();
const population = createPopulation({ data, ...scenario.population });
const sharesTotal = scenario.streams.reduce((sum, { share }) => sum + share, 0);
const { plan } = planOf(scenario.phases);

const streams = scenario.streams.map((stream, at) => {
  const seed = deriveKey(scenario.seed, `stream ${at} of thread ${thread}`);
  const pool = drawNumbers(population, stream, seed);
  post({ type: 'drawn', numbers: pool.length });
  const part = stream.share / sharesTotal / scenario.threads;
  return { stream, pool, seed, part, series: new LatencySeries() };
});

function drawNumbers(population: Population, stream: Stream, seed: number): PooledNumber[] {
  const identity = TELEPHONE_INTERFACES.includes(stream.interface) ? 'msisdn' : stream.identity;
  const { moving } = scenario.population;
  const source = createPopulationSource(population, stream.mix, identity, seed, moving);
  return Array.from({ length: scenario.numbers }, () => {
    const number = source.draw();
    return { ...number, expected: source.expected(number.identity, number.key) };
  });
}

function nextPositionOf({ skew }: Stream, count: number, seed: number): () => number {
  const random = createRandom(seed);
  if (skew === 'uniform') return () => random.below(count);
  return createZipf(count, skew.zipf, () => random.uint32() / 2 ** 32);
}

async function runStream({ stream, pool, seed, part, series }: (typeof streams)[number]) {
  const { target } = scenario;
  const options: LoadOptions = {
    host: target.host,
    port: target[stream.interface],
    pool,
    nextPosition: nextPositionOf(stream, pool.length, seed),
    durationMs: plan.durationMs,
    lookupsMax: Number.POSITIVE_INFINITY,
    plan: plan.scaled(part),
    series,
    connections: stream.connections,
    timeoutMs: stream.timeoutMs,
    signal: stopping.signal,
  };
  const load = () => {
    if (stream.interface === 'http') return runHttpOpenLoad({ ...options, plan: options.plan! });
    if (stream.interface === 'batch')
      return runUdpLoad({ ...options, batch: stream.batch, inFlight: 1 });
    const { routes } = population;
    const protocol =
      stream.interface === 'pdb' ? pdbProtocol(routes) : enumProtocol(target.enumSuffix, routes);
    return runOneNumberLoad({ ...options, inFlight: 1 }, protocol);
  };
  const { counts, examples, sendDelays, usage, elapsedMs } = await load();
  return {
    counts,
    seconds: series.encode(),
    examples,
    sendDelayP99Us: sendDelays?.getValueAtPercentile(99) ?? 0,
    cpuMs: usage.cpuMs,
    busyMs: usage.busyMs,
    elapsedMs,
  } satisfies StreamResult;
}

async function run(): Promise<void> {
  const active = streams.filter(({ part }) => part > 0);
  let told = 0;
  const startedMs = performance.now();
  const telling = setInterval(() => {
    const closed = Math.floor((performance.now() - startedMs) / 1000) - OPEN_SECONDS;
    if (closed <= told) return;
    const encoded = active.map(({ series }) => {
      series.at((closed - 1) * 1000);
      return series.encode().slice(told, closed);
    });
    post({ type: 'seconds', from: told, streams: encoded });
    told = closed;
  }, 1000);
  try {
    post({ type: 'done', streams: await Promise.all(active.map(runStream)) });
  } finally {
    clearInterval(telling);
    port.close();
  }
}

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'stop') stopping.abort();
  else run();
});
post({ type: 'ready' });
