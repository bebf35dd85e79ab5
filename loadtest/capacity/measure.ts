// Measures the curves of a running resolver: for each interface first how much it answers at most, then
// steps of load up to a little more in an open loop, so that the knee lies within them.
//
// The most is looked for twice: where each answer makes room for another request, which few requests under
// way keep low, and by loads that rise from there until they are no longer answered. Where the generator and
// not the resolver is what ends them, the curve says so.

import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';
import { enumProtocol } from '../enum-answers.ts';
import { runHttpClosedLoad } from '../http-closed-load.ts';
import { type LoadOptions, RATE_MAX } from '../load-options.ts';
import { drawPool } from '../number-source.ts';
import { runOneNumberLoad } from '../one-number-load.ts';
import { pdbProtocol } from '../pdb-answers.ts';
import { createPopulationSource, MIX_DEFAULT } from '../population-source.ts';
import { runScenario } from '../scenario/run-scenario.ts';
import {
  type Interface,
  type Scenario,
  scenarioSchema,
  TELEPHONE_INTERFACES,
} from '../scenario/scenario.ts';
import { createScenarioReport } from '../scenario/scenario-report.ts';
import { runUdpLoad } from '../udp-load.ts';
import { curveOf, type Measured } from './curves.ts';
import { type LoadMeter, type MeasureOptions, noResolver } from './load-meter.ts';
import { openPacketMeter } from './packet-meter.ts';
import { POINTS_MIN } from './queue-model.ts';

export interface CurveOptions extends MeasureOptions {
  interfaces: readonly Interface[];
  /** Loads of a curve, 5 to 100. */
  steps: number;
}

/** The lowest and the highest step, of the most that was answered. */
const STEPS_FROM = 0.1;
const STEPS_TO = 1.1;
/** How often a curve with too few loads below its knee is measured again. */
const AGAIN_MAX = 2;
const PROBE_MS = 1000;
const WARM_UP_SECONDS = 1;
const IN_FLIGHT = 32;
/** Loads beyond the closed loop, of a second each: up to so many times what it came to. */
const SEARCH_STEPS = 7;
const SEARCH_TO = 4;
/** They end where so much is lost, or so late. */
const SEARCH_STOP = { lostPercent: 5, p99Ms: 250 };

/** A curve for each interface. Throws the errors of load tests; ends early at the signal. */
export async function measureCurves(options: CurveOptions): Promise<Measured[]> {
  const { interfaces, signal, tell } = options;
  const measured: Measured[] = [];
  for (const name of interfaces) {
    if (signal.aborted) break;
    tell(`${name}: looking for the highest load …`);
    const meter = await openMeter(name, options);
    const most = await meter.most();
    tell(`${name}: ${lookups(most)}/s at most`);
    measured.push(await measureAround(most, meter, options));
  }
  return measured;
}

/**
 * A curve from a tenth of the most to a little more. Where the knee comes so early that the loads
 * below it are too few for a model, again up to the first load beyond it: what is answered at most
 * says nothing of how late.
 */
export async function measureAround(
  most: number,
  meter: LoadMeter,
  { steps, signal, tell }: Pick<CurveOptions, 'steps' | 'signal' | 'tell'>,
): Promise<Measured> {
  let highest = most * STEPS_TO;
  for (let again = 0; ; again++) {
    const measured = await meter.measure(
      loadsBetween((highest / STEPS_TO) * STEPS_FROM, highest, steps),
    );
    const { interface: name, points } = measured.curve;
    const beyond = points.filter(({ isServedWell }) => !isServedWell);
    const good = points.length - beyond.length;
    const isEnough = good >= Math.min(POINTS_MIN, steps - 1) || beyond.length === 0;
    if (isEnough || again === AGAIN_MAX || signal.aborted) return measured;
    highest = Math.min(...beyond.map(({ offeredPerSecond }) => offeredPerSecond));
    tell(`${name}: ${good} loads were served well; again, up to ${lookups(highest)}/s`);
  }
}

/** What measures one interface: in many datagrams to a system call where that can be. */
export async function openMeter(name: Interface, options: MeasureOptions): Promise<LoadMeter> {
  const calls = loadSystemCalls();
  if (calls && name !== 'http') return openPacketMeter(name, calls, options);
  const { signal, tell } = options;
  return {
    async most() {
      const probed = await probe(name, options);
      tell(`${name}: ${lookups(probed)}/s in a closed loop`);
      return Math.max(probed, await search(name, probed, options));
    },
    async measure(loads) {
      const scenario = scenarioOf(name, loads, options);
      const run = await runScenario({ scenario, signal, tell });
      return curveOf(createScenarioReport(scenario, run));
    },
  };
}

const lookups = (count: number) => `${Math.round(count).toLocaleString('en-US')} lookups`;

function loadsBetween(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + ((to - from) * at) / (count - 1));
}

/** Loads over one interface, one after the other. */
function scenarioOf(
  name: Interface,
  loads: readonly number[],
  { target, population, secondsEach, threads, connections, batch }: MeasureOptions,
): Scenario {
  const rates = loads.map((load) => Math.min(load, RATE_MAX));
  return scenarioSchema.parse({
    name: `capacity of ${name}`,
    target,
    population,
    streams: [{ interface: name, connections, batch }],
    phases: [
      { name: 'warm-up', seconds: WARM_UP_SECONDS, rate: rates[0], warmUp: true },
      ...rates.map((rate, at) => ({ name: `load ${at + 1}`, seconds: secondsEach, rate })),
    ],
    threads,
  });
}

/** Lookups answered a second where each answer makes room for another request. */
async function probe(name: Interface, options: MeasureOptions): Promise<number> {
  const { target, population: wanted, connections, batch, signal } = options;
  const population = createPopulation({ data: readNumberingData(), ...wanted });
  const identity = TELEPHONE_INTERFACES.includes(name) ? 'msisdn' : undefined;
  const source = createPopulationSource(population, MIX_DEFAULT, identity, 1);
  const load: LoadOptions = {
    host: target.host,
    port: target[name],
    pool: drawPool(source, Number.POSITIVE_INFINITY),
    durationMs: PROBE_MS,
    lookupsMax: Number.POSITIVE_INFINITY,
    plan: undefined,
    connections,
    timeoutMs: 1000,
    signal,
  };
  const run = () => {
    if (name === 'http') return runHttpClosedLoad({ ...load, pipelining: 1 });
    if (name === 'batch') return runUdpLoad({ ...load, batch, inFlight: IN_FLIGHT });
    const { routes } = population;
    const protocol = name === 'pdb' ? pdbProtocol(routes) : enumProtocol(target.enumSuffix, routes);
    return runOneNumberLoad({ ...load, inFlight: IN_FLIGHT }, protocol);
  };
  const { counts, elapsedMs } = await run();
  if (counts.answered > 0 && counts.wrong === 0) return (counts.answered * 1000) / elapsedMs;
  throw noResolver(name, options, counts.wrong);
}

/** The most that is answered of loads that rise from what the closed loop came to. */
async function search(name: Interface, probed: number, options: MeasureOptions): Promise<number> {
  const loads = loadsBetween(probed, probed * SEARCH_TO, SEARCH_STEPS);
  const scenario = scenarioOf(name, loads, { ...options, secondsEach: 1 });
  const run = await runScenario({
    scenario: { ...scenario, stop: SEARCH_STOP },
    signal: options.signal,
    tell: () => {},
  });
  const { windows } = createScenarioReport(scenario, run);
  return Math.max(0, ...windows.map(({ answeredPerSecond }) => answeredPerSecond));
}
