// Measures the curves of a running resolver: for each interface first how much it answers at most, then
// steps of load up to a little more in an open loop, so that the knee lies within them.
//
// The most is looked for twice: where each answer makes room for another request, which few requests under
// way keep low, and by loads that rise from there until they are no longer answered. Where the generator and
// not the resolver is what ends them, the curve says so.

import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { runEnumLoad } from '../enum-load.ts';
import { runHttpClosedLoad } from '../http-closed-load.ts';
import { type LoadOptions, LoadtestError, RATE_MAX } from '../load-options.ts';
import { drawPool } from '../number-source.ts';
import { carriersByPlace, runPdbLoad } from '../pdb-load.ts';
import { createPopulationSource, MIX_DEFAULT } from '../population-source.ts';
import { runScenario } from '../scenario/run-scenario.ts';
import {
  type Interface,
  type Scenario,
  scenarioSchema,
  TELEPHONE_INTERFACES,
} from '../scenario/scenario.ts';
import { createScenarioReport, type ScenarioReport } from '../scenario/scenario-report.ts';
import { runUdpLoad } from '../udp-load.ts';

export interface MeasureOptions {
  target: Scenario['target'];
  population: Scenario['population'];
  interfaces: readonly Interface[];
  /** Loads of a curve, 5 to 100. */
  steps: number;
  secondsEach: number;
  threads: number;
  connections: number;
  /** Numbers in a datagram of the batch protocol. */
  batch: number;
  signal: AbortSignal;
  tell(line: string): void;
}

/** The lowest and the highest step, of what was answered in the closed loop. */
const STEPS_FROM = 0.1;
const STEPS_TO = 1.1;
const PROBE_MS = 2000;
/** Loads beyond the closed loop, of a second each: up to so many times what it came to. */
const SEARCH_STEPS = 7;
const SEARCH_TO = 4;
/** They end where so much is lost, or so late. */
const SEARCH_STOP = { lostPercent: 5, p99Ms: 250 };
const IN_FLIGHT = 32;

/** A report for each interface. Throws the errors of load tests; ends early at the signal. */
export async function measureCurves(options: MeasureOptions): Promise<ScenarioReport[]> {
  const { interfaces, signal, tell } = options;
  const reports: ScenarioReport[] = [];
  for (const name of interfaces) {
    if (signal.aborted) break;
    tell(`${name}: looking for the highest load …`);
    const probed = await probe(name, options);
    tell(`${name}: ${perSecond(probed)} in a closed loop`);
    const most = Math.max(probed, await search(name, probed, options));
    tell(`${name}: ${perSecond(most)} at most`);
    const scenario = scenarioOf(name, most, options);
    reports.push(createScenarioReport(scenario, await runScenario({ scenario, signal, tell })));
  }
  return reports;
}

const perSecond = (lookups: number) => `${Math.round(lookups).toLocaleString('en-US')} lookups/s`;

/** Steps of load over one interface, around the most that it answers. */
export function scenarioOf(name: Interface, most: number, options: MeasureOptions): Scenario {
  const { steps, secondsEach } = options;
  return loadsOf(
    name,
    { from: most * STEPS_FROM, to: most * STEPS_TO, steps },
    secondsEach,
    options,
  );
}

function loadsOf(
  name: Interface,
  { from, to, steps }: { from: number; to: number; steps: number },
  secondsEach: number,
  { target, population, threads, connections, batch }: MeasureOptions,
): Scenario {
  const [lowest, highest] = [Math.min(from, RATE_MAX), Math.min(to, RATE_MAX)];
  return scenarioSchema.parse({
    name: `capacity of ${name}`,
    target,
    population,
    streams: [{ interface: name, connections, batch }],
    phases: [
      { name: 'warm-up', seconds: 2, rate: lowest, warmUp: true },
      {
        name: 'load',
        seconds: steps * secondsEach,
        rate: { from: lowest, to: highest, steps },
      },
    ],
    threads,
  });
}

/** The most that is answered of loads that rise from what the closed loop came to. */
async function search(name: Interface, probed: number, options: MeasureOptions): Promise<number> {
  const loads = { from: probed, to: probed * SEARCH_TO, steps: SEARCH_STEPS };
  const scenario = { ...loadsOf(name, loads, 1, options), stop: SEARCH_STOP };
  const run = await runScenario({ scenario, signal: options.signal, tell: () => {} });
  const { windows } = createScenarioReport(scenario, run);
  return Math.max(0, ...windows.map(({ answeredPerSecond }) => answeredPerSecond));
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
  const routes = new Map(population.routes.map((route) => [route.id, route]));
  const run = () => {
    if (name === 'http') return runHttpClosedLoad({ ...load, pipelining: 1 });
    if (name === 'batch') return runUdpLoad({ ...load, batch, inFlight: IN_FLIGHT });
    const carriers = carriersByPlace(population.routes);
    if (name === 'pdb') return runPdbLoad({ ...load, carriers, inFlight: IN_FLIGHT });
    return runEnumLoad({ ...load, suffix: target.enumSuffix, routes, inFlight: IN_FLIGHT });
  };
  const { counts, elapsedMs } = await run();
  if (counts.wrong > 0 || counts.answered === 0) {
    const what = counts.answered === 0 ? 'no answer came' : `${counts.wrong} answers were wrong`;
    const message = `${name} at ${target.host}:${target[name]}: ${what}; is it a resolver with this population?`;
    throw new LoadtestError('BCHF_LOADTEST_HOST', message);
  }
  return (counts.answered * 1000) / elapsedMs;
}
