// From curves and a wish to a number of machines and their memory, with everything that was taken for
// granted and how wrong it may be.
//
// 1. Interface by interface: which load a machine takes within the wanted 99th percentile (queue-model),
//    at most the highest that was measured to be served well. Once as the model says, and once cautiously:
//    with the percentile made smaller by the factor by which the model was found wrong.
// 2. Several interfaces on one machine share its processors, so their shares of what each could take alone
//    add up to 1 at most: the utilisation law (Denning and Buzen, "The Operational Analysis of Queueing
//    Network Models", ACM Computing Surveys 10, 1978).
// 3. As many machines as the load takes, cautiously, and those that availability asks for.
// 4. Every machine holds every entry. Memory follows a line through what was measured, and while a snapshot
//    is swapped there are two generations of the index.
//
// Where the wish lies outside of what was measured, the plan says so and by how much. Pure.

import { LoadtestError } from '../load-options.ts';
import type { Interface } from '../scenario/scenario.ts';
import { type Curve, type Curves, servedWell } from './curves.ts';
import { ENTRIES_PER_KIND_MAX, machinesFor } from './machines.ts';
import { assumptionsOf, extrapolationsOf } from './plan-statements.ts';
import { type ProcessorLimit, processorLimit } from './processor-limit.ts';
import { type Availability, formatBytes, formatCount, formatTimeUs } from './quantity.ts';
import { fitQueue, loadWithin, POINTS_MIN, p99Us, type QueueFit } from './queue-model.ts';

export interface PlanWish {
  lookupsPerSecond: number;
  entries: number;
  p99Us: number;
  availability: Availability;
  /** Shares of the lookups by interface; any numbers from 0, not all 0. */
  mix: Partial<Record<Interface, number>>;
  /** Of a machine to be bought; `undefined` for those of the one that was measured. */
  cores?: number | undefined;
  /** Of a machine to be bought; `undefined` where the plan is to tell it. */
  memoryBytes?: number | undefined;
  /** The probability that one machine is up. */
  machineAvailability: number;
}

/** A wish outside of what was measured. */
export interface Extrapolation {
  quantity: 'entries' | 'cores' | 'p99';
  asked: number;
  measuredMin: number;
  measuredMax: number;
  statement: string;
}

export interface InterfacePlan {
  interface: Interface;
  /** Of the lookups, 0 to 1. */
  share: number;
  /** What a machine takes within the percentile where it serves nothing else. */
  likelyPerSecond: number;
  cautiousPerSecond: number;
  /** What ends it: the wanted percentile, or the highest load that was measured to be served well. */
  limitedBy: 'percentile' | 'measured-load';
  /** What the model tells for a machine that runs at the cautious load. */
  p99UsAtCautious: number;
  fit: QueueFit;
  /** By which factor a plan takes the model to be wrong. */
  errorFactor: number;
  entriesMeasured: number;
  isGeneratorLimit: boolean;
  /** Where the generator was the limit: what the machine's processors would take. No plan is made from it. */
  processorLimit: ProcessorLimit | null;
}

export interface Plan {
  wish: PlanWish;
  machines: {
    /** Those that the load needs, cautiously and as the model says. */
    forLoad: number;
    forLoadLikely: number;
    /** With those that availability asks for. */
    total: number;
    /** Of what a machine takes cautiously: with all machines, and with only those for the load. */
    utilisation: number;
    utilisationAtLeast: number;
  };
  perMachine: { cautiousPerSecond: number; likelyPerSecond: number };
  interfaces: InterfacePlan[];
  memory: {
    residentBytes: number;
    /** With the second generation during a swap, and headroom. */
    neededBytes: number;
    bytesPerEntry: number;
    /** Largest deviation of a measured size from the line, 0.1 is 10%; null where two sizes give the line. */
    error: number | null;
  };
  extrapolations: Extrapolation[];
  assumptions: string[];
  measuredOn: Curves['machine'];
}

/** What a machine needs besides the process: the system, and room for what grows. */
const MEMORY_HEADROOM = 1.25;
/**
 * What a load's 99th percentile may change by from one run to another on a shared machine: up to 1.6 was
 * measured where the model's own error is 1.34 (shared 2-core Intel Xeon VM, Node 20.20.2, 2026-11-28).
 */
const RUN_FACTOR = 2;
const KINDS = 2;
export const MACHINES_MAX = 100_000;

/**
 * Throws BCHF_CAPACITY_CURVES where the curves have too little, BCHF_CAPACITY_UNREACHABLE where no number
 * of machines does what is wanted.
 */
export function planCapacity(curves: Curves, wish: PlanWish): Plan {
  if (wish.entries > ENTRIES_PER_KIND_MAX * KINDS) {
    throw unreachable(
      `${formatCount(wish.entries)} entries: a resolver holds ${formatCount(ENTRIES_PER_KIND_MAX)} of each kind of number`,
    );
  }
  const coresFactor = (wish.cores ?? curves.machine.cores) / curves.machine.cores;
  const sharesTotal = Object.values(wish.mix).reduce((sum, share) => sum + share, 0);
  const interfaces = (Object.entries(wish.mix) as [Interface, number][])
    .filter(([, share]) => share > 0)
    .map(([name, share]) => planInterface(curves, wish, name, share / sharesTotal, coresFactor));
  // 1 / Σ (share / what it could take alone).
  const together = (loadOf: (one: InterfacePlan) => number) =>
    1 / interfaces.reduce((sum, one) => sum + one.share / loadOf(one), 0);
  const cautiousPerSecond = together((one) => one.cautiousPerSecond);
  const likelyPerSecond = together((one) => one.likelyPerSecond);
  const forLoad = Math.ceil(wish.lookupsPerSecond / cautiousPerSecond);
  if (forLoad > MACHINES_MAX) throw unreachable(`${formatCount(forLoad)} machines`);
  const total = machinesFor(forLoad, wish.availability, wish.machineAvailability);
  const memory = planMemory(curves, wish);
  return {
    wish,
    machines: {
      forLoad,
      forLoadLikely: Math.ceil(wish.lookupsPerSecond / likelyPerSecond),
      total,
      utilisation: wish.lookupsPerSecond / (total * cautiousPerSecond),
      utilisationAtLeast: wish.lookupsPerSecond / (forLoad * cautiousPerSecond),
    },
    perMachine: { cautiousPerSecond, likelyPerSecond },
    interfaces,
    memory,
    extrapolations: extrapolationsOf(curves, wish, interfaces),
    assumptions: assumptionsOf(curves, wish, interfaces),
    measuredOn: curves.machine,
  };
}

function planInterface(
  curves: Curves,
  wish: PlanWish,
  name: Interface,
  share: number,
  coresFactor: number,
): InterfacePlan {
  const { entriesMeasured, chosen } = chooseCurves(curves, name, wish.entries);
  const fit = fitQueue(servedWell(chosen));
  // Of several runs the one whose knee came first; those that were not driven to one say nothing of it.
  const kneed = chosen.filter(({ points }) => points.some(({ isServedWell }) => !isServedWell));
  const highest = (curves: readonly Curve[]) => curves.map((one) => highestLoad([one]));
  const measuredMax = kneed.length > 0 ? Math.min(...highest(kneed)) : Math.max(...highest(chosen));
  const likely = loadWithin(fit, wish.p99Us);
  const errorFactor = errorFactorOf(fit, chosen.length);
  const cautious = loadWithin(fit, wish.p99Us / errorFactor);
  if (cautious <= 0) {
    const least = (fit.floorUs + fit.waitUs) * errorFactor;
    throw unreachable(
      `a 99th percentile of ${formatTimeUs(wish.p99Us)} over ${name}: the least that can be promised is ${formatTimeUs(least)}, whatever the load`,
    );
  }
  const cautiousMeasured = Math.min(cautious, measuredMax);
  const isGeneratorLimit = chosen.some((curve) => curve.isGeneratorLimit);
  return {
    interface: name,
    share,
    likelyPerSecond: Math.min(likely, measuredMax) * coresFactor,
    cautiousPerSecond: cautiousMeasured * coresFactor,
    limitedBy: cautious < measuredMax ? 'percentile' : 'measured-load',
    p99UsAtCautious: p99Us(fit, cautiousMeasured),
    fit,
    errorFactor,
    entriesMeasured,
    isGeneratorLimit,
    processorLimit: isGeneratorLimit
      ? processorLimitOf(chosen, curves.machine.cores, coresFactor)
      : null,
  };
}

function processorLimitOf(
  chosen: readonly Curve[],
  measuredCores: number,
  coresFactor: number,
): ProcessorLimit | null {
  const points = chosen
    .flatMap((curve) => curve.points)
    .flatMap(({ isServedWell, answeredPerSecond, serverCpuPercent }) =>
      isServedWell && serverCpuPercent !== null ? [{ answeredPerSecond, serverCpuPercent }] : [],
    );
  const limit = processorLimit(points, measuredCores);
  if (!limit) return null;
  return {
    perSecond: limit.perSecond * coresFactor,
    perSecondMin: limit.perSecondMin * coresFactor,
    perSecondMax: limit.perSecondMax * coresFactor,
  };
}

/**
 * The factor by which a model from so many runs is taken to be wrong. Points of one run do not know what the
 * machine changes from run to run; points of several do.
 */
export function errorFactorOf(fit: QueueFit, runs: number): number {
  return runs > 1 ? fit.errorFactor : Math.max(fit.errorFactor, RUN_FACTOR);
}

/** The curves of the smallest size that is large enough, else of the largest. */
function chooseCurves(curves: Curves, name: Interface, entries: number) {
  const ofInterface = curves.curves.filter((curve) => curve.interface === name);
  const sizes = [...new Set(ofInterface.map((curve) => curve.entries))].sort(
    (one, other) => one - other,
  );
  const entriesMeasured = sizes.find((size) => size >= entries) ?? sizes.at(-1);
  if (entriesMeasured === undefined) throw lacking(`no curve of ${name}`);
  const chosen = ofInterface.filter((curve) => curve.entries === entriesMeasured);
  const count = servedWell(chosen).length;
  if (count < POINTS_MIN) {
    throw lacking(`${name}: ${count} loads were served well, where ${POINTS_MIN} are needed`);
  }
  return { entriesMeasured, chosen };
}

function highestLoad(curves: readonly Curve[]): number {
  return Math.max(0, ...servedWell(curves).map(({ offeredPerSecond }) => offeredPerSecond));
}

/** Least squares of a line through the measured sizes. */
function planMemory({ memory }: Curves, { entries, memoryBytes }: PlanWish): Plan['memory'] {
  if (memory.length < 2) throw lacking('memory was measured at fewer than two sizes');
  const mean = (of: (one: (typeof memory)[number]) => number) =>
    memory.reduce((sum, one) => sum + of(one), 0) / memory.length;
  const meanEntries = mean((one) => one.entries);
  const meanBytes = mean((one) => one.residentBytes);
  const covariance = mean((one) => (one.entries - meanEntries) * (one.residentBytes - meanBytes));
  const bytesPerEntry = covariance / mean((one) => (one.entries - meanEntries) ** 2);
  if (!(bytesPerEntry > 0)) throw lacking('memory does not grow with the number of entries');
  const lineAt = (size: number) => meanBytes + bytesPerEntry * (size - meanEntries);
  const error =
    memory.length === 2
      ? null
      : Math.max(...memory.map((one) => Math.abs(lineAt(one.entries) / one.residentBytes - 1)));
  const residentBytes = lineAt(entries);
  const neededBytes = (residentBytes + bytesPerEntry * entries) * MEMORY_HEADROOM;
  if (memoryBytes !== undefined && neededBytes > memoryBytes) {
    throw unreachable(
      `machines of ${formatBytes(memoryBytes)}: each holds every entry and needs ${formatBytes(neededBytes)}`,
    );
  }
  return { residentBytes, neededBytes, bytesPerEntry, error };
}

function unreachable(message: string): LoadtestError {
  return new LoadtestError('BCHF_CAPACITY_UNREACHABLE', message);
}

function lacking(message: string): LoadtestError {
  return new LoadtestError('BCHF_CAPACITY_CURVES', `the curves have too little: ${message}`);
}
