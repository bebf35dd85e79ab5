// Measures the curve of an interface over UDP by the generator of batch-load.ts: a resolver answers
// several times as many datagrams as Node's sockets can send, and a curve by those would be the
// generator's. One answer in so many is judged and timed.
//
// Latency counts from the time of the schedule, as in every open loop here. Each second of a step is a run of
// its own, between which the resolver tells its processor time and memory.

import { lookup } from 'node:dns/promises';
import { availableParallelism, cpus } from 'node:os';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import type { SystemCalls } from '../../resolver/udp/system-calls.ts';
import { type BatchLoadOptions, runBatchLoad, WINDOW_MAX } from '../batch-load.ts';
import { batchMessages } from '../batch-messages.ts';
import { enumProtocol } from '../enum-answers.ts';
import { LoadtestError } from '../load-options.ts';
import { createLatencyHistogram } from '../load-report.ts';
import { drawPool } from '../number-source.ts';
import { oneNumberMessages } from '../one-number-load.ts';
import { preparePackets } from '../packet-pool.ts';
import { pdbProtocol } from '../pdb-answers.ts';
import { createPopulationSource, MIX_DEFAULT } from '../population-source.ts';
import { type Interface, TELEPHONE_INTERFACES } from '../scenario/scenario.ts';
import { kneeOf, type WindowPoint } from '../scenario/scenario-report.ts';
import { readServer } from '../scenario/server-usage.ts';
import type { Measured } from './curves.ts';
import { type LoadMeter, type MeasureOptions, noResolver } from './load-meter.ts';

/** Interfaces that can be measured so. */
export type PacketInterface = Exclude<Interface, 'http'>;

/** Under way in the closed loop that looks for the most. */
const WINDOW = 256;
const PROBE_MS = 1000;
const SECOND_MS = 1000;
/** Rising loads beyond that, each so many times the one before, until too little of one is answered in so many tries. */
const SEARCH_FACTOR = 1.25;
const SEARCH_TO = 16;
const SEARCH_MS = 500;
const SEARCH_SHARE = 0.95;
const SEARCH_TRIES = 3;
/** Of so many answers one is judged and timed. */
const CHECK_EVERY = 32;
/** A generator that rests less than this is the bottleneck. */
const IDLE_SHARE_MIN = 0.05;

/** What is asked, and how many numbers each datagram asks for. */
type Asked = Omit<BatchLoadOptions, 'window' | 'durationMs'> & { lookupsEach: number };

interface Step {
  point: WindowPoint;
  typicalP99Us: number;
  idleShare: number;
  serverCpuPercent: number | null;
  residentBytes: number;
}

/** Throws BCHF_LOADTEST_HOST where the host has no address, or nobody answers who is asked for names of routes. */
export async function openPacketMeter(
  name: PacketInterface,
  calls: SystemCalls,
  options: MeasureOptions,
): Promise<LoadMeter> {
  const asked = await loadOf(name, calls, options);
  return {
    async most() {
      const probed = runBatchLoad({ ...asked, window: WINDOW, durationMs: PROBE_MS });
      if (probed.wrong > 0 || probed.answered === 0) throw noResolver(name, options, probed.wrong);
      let most = (probed.answered * SECOND_MS) / probed.elapsedMs;
      // More are under way on a schedule than there, so more may be answered.
      const end = most * SEARCH_TO;
      let failures = 0;
      for (let perSecond = most; perSecond <= end && failures < SEARCH_TRIES; ) {
        const load = { ...asked, perSecond, window: WINDOW_MAX, durationMs: SEARCH_MS };
        const { answered, elapsedMs } = runBatchLoad(load);
        const answeredPerSecond = (answered * SECOND_MS) / elapsedMs;
        most = Math.max(most, answeredPerSecond);
        // The same again where too little came: one pause of a shared machine is not the end of it.
        const isServed = answeredPerSecond >= perSecond * SEARCH_SHARE;
        failures = isServed ? 0 : failures + 1;
        if (isServed) perSecond *= SEARCH_FACTOR;
      }
      return most * asked.lookupsEach;
    },
    async measure(loads) {
      const startedAt = new Date();
      const steps: Step[] = [];
      for (const perSecond of loads) {
        if (options.signal.aborted) break;
        steps.push(await measureStep(asked, perSecond, steps.length, options));
      }
      return measuredOf(name, asked.lookupsEach, options, startedAt, steps);
    },
  };
}

function measuredOf(
  name: PacketInterface,
  lookupsEach: number,
  { population }: MeasureOptions,
  startedAt: Date,
  measured: readonly Step[],
): Measured {
  const knee = kneeOf(
    measured.map(({ point, typicalP99Us }) => ({
      ...point,
      latencyUs: { ...point.latencyUs, p99: typicalP99Us },
    })),
  );
  const servedWellTo = knee ? (knee.at?.offeredPerSecond ?? 0) : Number.POSITIVE_INFINITY;
  const decisive = measured.filter(({ point }) => point.offeredPerSecond <= beyondOf(knee));
  const entries = population.ported + population.fragmented;
  const residentBytes = Math.max(0, ...measured.map((step) => step.residentBytes));
  return {
    name: `capacity of ${name}`,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
    },
    curve: {
      interface: name,
      entries,
      numbersEach: lookupsEach,
      measuredAt: startedAt.toISOString(),
      isGeneratorLimit: decisive.some(({ idleShare }) => idleShare < IDLE_SHARE_MIN),
      points: measured.map(({ point, typicalP99Us, serverCpuPercent }) => ({
        offeredPerSecond: point.offeredPerSecond,
        answeredPerSecond: point.answeredPerSecond,
        p50Us: point.latencyUs.p50,
        p99Us: point.latencyUs.p99,
        typicalP99Us,
        isServedWell: point.offeredPerSecond <= servedWellTo,
        serverCpuPercent,
      })),
    },
    memory: residentBytes > 0 ? [{ entries, residentBytes }] : [],
  };
}

/** The first load beyond the knee: what lies further is no matter of the curve. */
function beyondOf(knee: ReturnType<typeof kneeOf>): number {
  return knee?.beyond?.offeredPerSecond ?? Number.POSITIVE_INFINITY;
}

const lookups = (count: number) => Math.round(count).toLocaleString('en-US');

async function measureStep(
  { lookupsEach, ...load }: Asked,
  lookupsPerSecond: number,
  step: number,
  { target, secondsEach, tell }: MeasureOptions,
): Promise<Step> {
  const before = await readServer(target.metrics);
  const latencies = createLatencyHistogram();
  const p99s: number[] = [];
  let [answered, lost, wrong, idle] = [0, 0, 0, 0];
  const beganMs = performance.now();
  const asked = {
    ...{ ...load, perSecond: lookupsPerSecond / lookupsEach },
    ...{ window: WINDOW_MAX, durationMs: SECOND_MS },
  };
  for (let second = 0; second < secondsEach; second++) {
    const result = runBatchLoad(asked);
    answered += (result.answered + result.answeredLater) * lookupsEach;
    lost += (result.lost + result.unsent) * lookupsEach;
    wrong += result.wrong * lookupsEach;
    idle += result.idleShare / secondsEach;
    latencies.add(result.latencies);
    if (result.latencies.totalCount > 0) p99s.push(result.latencies.getValueAtPercentile(99));
  }
  const after = await readServer(target.metrics);
  const percentile = (percent: number) =>
    latencies.totalCount > 0 ? latencies.getValueAtPercentile(percent) : 0;
  const latencyUs = {
    ...{ p50: percentile(50), p90: percentile(90), p99: percentile(99) },
    ...{ p99_9: percentile(99.9), max: percentile(100) },
  };
  tell(
    `${lookups(lookupsPerSecond)}/s: ${lookups(answered / secondsEach)} answered a second, ${lost} lost, p99 ${latencyUs.p99} µs`,
  );
  p99s.sort((one, other) => one - other);
  return {
    point: {
      ...{ phase: `step ${step + 1}`, warmUp: false },
      ...{ fromSecond: step * secondsEach, toSecond: (step + 1) * secondsEach },
      ...{ offeredPerSecond: lookupsPerSecond, answeredPerSecond: answered / secondsEach },
      ...{ lost, failed: wrong, latencyUs },
    },
    typicalP99Us: p99s[(p99s.length - 1) >> 1] ?? 0,
    idleShare: idle,
    serverCpuPercent:
      before && after
        ? ((after.cpuSeconds - before.cpuSeconds) * 100_000) / (performance.now() - beganMs)
        : null,
    residentBytes: after?.residentBytes ?? 0,
  };
}

/** The questions of a run, and the check of their answers. */
async function loadOf(
  name: PacketInterface,
  calls: SystemCalls,
  { target, population: wanted, batch }: MeasureOptions,
): Promise<Asked> {
  const population = createPopulation({ data: readNumberingData(), ...wanted });
  const identity = TELEPHONE_INTERFACES.includes(name) ? 'msisdn' : undefined;
  const source = createPopulationSource(population, MIX_DEFAULT, identity, 1);
  const pool = drawPool(source, Number.POSITIVE_INFINITY);
  const { routes } = population;
  const messagesOf = () => {
    if (name === 'enum') return oneNumberMessages(pool, enumProtocol(target.enumSuffix, routes));
    if (name === 'pdb') return oneNumberMessages(pool, pdbProtocol(routes));
    return batchMessages(pool, batch, { host: target.host, port: target.batch }, routes.length);
  };
  const { messages, ...asked } = await messagesOf();
  const { address } = await lookup(target.host).catch((cause) => {
    throw new LoadtestError('BCHF_LOADTEST_HOST', `${target.host}: ${cause.message}`, { cause });
  });
  return {
    calls,
    server: { address, port: target[name] },
    packets: preparePackets(messages, calls.addressOf),
    ...{ ...asked, checkEvery: CHECK_EVERY },
  };
}
