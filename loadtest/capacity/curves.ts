// Curves: what was measured on one machine, as a file that a plan is made from. Points of latency against
// load for each interface, and memory by the number of entries.
//
// Curves are gathered from reports of `bchf loadtest run`, in which one stream asks over one interface
// in steps of load; `bchf capacity measure` makes such runs. Reads no files.

import { z } from 'zod';
import { LoadtestError } from '../load-options.ts';
import { INTERFACES } from '../scenario/scenario.ts';
import { kneeOf, type ScenarioReport } from '../scenario/scenario-report.ts';

export const CURVES_FORMAT = 'bchf-capacity-1';

const positive = z.number().positive();
const count = z.number().min(0);

const pointSchema = z.strictObject({
  offeredPerSecond: positive,
  answeredPerSecond: count,
  /** Of all answers, as in the report. */
  p50Us: count,
  p99Us: count,
  /** The 99th percentile of the second in the middle, by its 99th percentile. */
  typicalP99Us: count,
  /** Whether the load was at or below the knee, by typical percentiles. */
  isServedWell: z.boolean(),
  /** Processor time of the server, in percent of one processor; null where it was not told. */
  serverCpuPercent: count.nullable(),
});

const curveSchema = z.strictObject({
  interface: z.enum(INTERFACES),
  /** Entries in the index. */
  entries: count,
  /** Numbers in a datagram; 1 but for the batch protocol. */
  numbersEach: positive,
  measuredAt: z.iso.datetime(),
  /** Whether the generator could not go faster: then the server can do more than was measured. */
  isGeneratorLimit: z.boolean(),
  points: z.array(pointSchema).min(1).max(1000),
});

export const curvesSchema = z.strictObject({
  format: z.literal(CURVES_FORMAT),
  machine: z.strictObject({
    cpu: z.string().max(200),
    cores: z.int().min(1),
    node: z.string().max(50),
    /** What else there is to say of it, and how it was measured. */
    note: z.string().max(2000),
  }),
  curves: z.array(curveSchema).min(1).max(1000),
  memory: z.array(z.strictObject({ entries: count, residentBytes: positive })).max(1000),
});

export type Curves = z.infer<typeof curvesSchema>;
export type Curve = z.infer<typeof curveSchema>;

/** Reads curves from text. Throws BCHF_CAPACITY_CURVES with a line for each problem. */
export function parseCurves(text: string): Curves {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LoadtestError('BCHF_CAPACITY_CURVES', (cause as Error).message, { cause });
  }
  const parsed = curvesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'curves'}: ${message}`,
  );
  throw new LoadtestError('BCHF_CAPACITY_CURVES', problems.join('\n'));
}

/** What one run has for a file of curves. */
export interface Measured {
  name: string;
  machine: ScenarioReport['machine'];
  curve: Curve;
  memory: Curves['memory'];
}

/** What a report has for a file of curves. Throws BCHF_CAPACITY_CURVES where it has no curve. */
export function curveOf(report: ScenarioReport): Measured {
  const { scenario, streams, windows, generator, server, startedAt } = report;
  const [stream] = streams;
  if (streams.length !== 1 || !stream) {
    const message = `${scenario.name}: ${streams.length} streams, where a curve is of one`;
    throw new LoadtestError('BCHF_CAPACITY_CURVES', message);
  }
  const counted = windows
    .filter(({ warmUp, offeredPerSecond }) => !warmUp && offeredPerSecond > 0)
    .map((window) => ({ ...window, typicalP99Us: typicalP99(stream.seconds, window) }));
  if (counted.length === 0) {
    throw new LoadtestError('BCHF_CAPACITY_CURVES', `${scenario.name}: no load was measured`);
  }
  const knee = kneeOf(
    counted.map((window) => ({
      ...window,
      latencyUs: { ...window.latencyUs, p99: window.typicalP99Us },
    })),
  );
  const servedWellTo = knee ? (knee.at?.offeredPerSecond ?? 0) : Number.POSITIVE_INFINITY;
  const { ported, fragmented } = scenario.population;
  const entries = ported + fragmented;
  const asked = scenario.streams.find(({ share }) => share > 0)!;
  const residentBytes = Math.max(0, ...server.map((sample) => sample.residentBytes));
  return {
    ...{ name: scenario.name, machine: report.machine },
    curve: {
      interface: stream.interface,
      entries,
      numbersEach: stream.interface === 'batch' ? asked.batch : 1,
      measuredAt: startedAt,
      isGeneratorLimit: generator.isBottleneck,
      points: counted.map((window) => ({
        offeredPerSecond: window.offeredPerSecond,
        answeredPerSecond: window.answeredPerSecond,
        p50Us: window.latencyUs.p50,
        p99Us: window.latencyUs.p99,
        typicalP99Us: window.typicalP99Us,
        isServedWell: window.offeredPerSecond <= servedWellTo,
        serverCpuPercent: meanCpu(server, window.fromSecond, window.toSecond),
      })),
    },
    memory: residentBytes > 0 ? [{ entries, residentBytes }] : [],
  };
}

/**
 * The median of the seconds' 99th percentiles. On a machine that is shared, one second in which it stands
 * still would otherwise be the percentile of the whole step, and say nothing of the load.
 */
function typicalP99(
  seconds: ScenarioReport['streams'][number]['seconds'],
  { fromSecond, toSecond }: { fromSecond: number; toSecond: number },
): number {
  const within = seconds
    .slice(Math.ceil(fromSecond - 1e-9), Math.max(Math.floor(toSecond + 1e-9), 1))
    .filter(({ answeredPerSecond }) => answeredPerSecond > 0)
    .map(({ latencyUs }) => latencyUs.p99)
    .sort((one, other) => one - other);
  return within[(within.length - 1) >> 1] ?? 0;
}

/** Of the samples that lie within a window wholly; null where there is none. */
function meanCpu(samples: ScenarioReport['server'], from: number, to: number): number | null {
  const within = samples.filter(({ second }) => second - 1 >= from && second <= to);
  if (within.length === 0) return null;
  return within.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / within.length;
}

/** Puts runs on one machine, and what was known of it before, together as one file. */
export function gatherCurves(gathered: readonly Measured[], note: string, before?: Curves): Curves {
  const [first] = gathered;
  if (!first) throw new LoadtestError('BCHF_CAPACITY_CURVES', 'no reports');
  const machine = { ...first.machine, note };
  const known = before?.machine ?? machine;
  for (const { machine: one, name } of [...gathered, { machine: known, name: 'the file' }]) {
    if (one.cpu === first.machine.cpu && one.cores === first.machine.cores) continue;
    const message = `${name} is of another machine: ${one.cpu}, ${one.cores} cores`;
    throw new LoadtestError('BCHF_CAPACITY_CURVES', message);
  }
  // Memory grows to a level and stays: the largest of what was seen at a size is that level.
  const memory = new Map<number, number>();
  for (const { entries, residentBytes } of [
    ...(before?.memory ?? []),
    ...gathered.flatMap((one) => one.memory),
  ]) {
    memory.set(entries, Math.max(memory.get(entries) ?? 0, residentBytes));
  }
  return {
    format: CURVES_FORMAT,
    machine,
    curves: [...(before?.curves ?? []), ...gathered.map(({ curve }) => curve)],
    memory: [...memory]
      .map(([entries, residentBytes]) => ({ entries, residentBytes }))
      .sort((one, other) => one.entries - other.entries),
  };
}

/** The loads of curves that were served well, with the 99th percentile of their middle second. */
export function servedWell(curves: readonly Curve[]) {
  return curves.flatMap(({ points }) =>
    points
      .filter(({ isServedWell, typicalP99Us }) => isServedWell && typicalP99Us > 0)
      .map(({ offeredPerSecond, typicalP99Us }) => ({ offeredPerSecond, p99Us: typicalP99Us })),
  );
}
