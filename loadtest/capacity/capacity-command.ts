// The commands `bchf capacity`, `bchf capacity measure` and `bchf capacity gather`.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  FRAGMENTED_DEFAULT,
  FRAGMENTED_MAX,
  PORTED_MAX,
} from '../../ledger/population/population.ts';
import { NUMBERS_MAX } from '../../resolver/udp/batch-codec.ts';
import { CONNECTIONS_MAX, LoadtestError } from '../load-options.ts';
import { integer } from '../option-parsers.ts';
import { INTERFACES, type Interface, scenarioSchema } from '../scenario/scenario.ts';
import { readReport } from '../scenario/scenario-report-file.ts';
import { type Curves, curveOf, gatherCurves, parseCurves } from './curves.ts';
import { measureCurves } from './measure.ts';
import { planCapacity } from './plan.ts';
import { formatPlan } from './plan-text.ts';
import {
  type Availability,
  parseAvailability,
  parseBytes,
  parseCount,
  parsePercent,
  parseRate,
  parseTimeUs,
} from './quantity.ts';
import { POINTS_MIN } from './queue-model.ts';

/** The curves that come with the product; what machine they are of stands in them. */
export const CURVES_FILE = fileURLToPath(
  new URL('../../../loadtest/capacity/reference-curves.json', import.meta.url),
);

const EXPLANATION = `
Quantities: 2M/s, 500k/s; 800M, 1.5G; 1ms, 500us; 64GiB; N, N+1, 2N, 2N+1, 99.99%.

Without --curves the plan is made from those that come with bchf, of another machine than yours:
measure your own with "bchf capacity measure". docs/capacity.md tells the model and what it is worth.

Examples:
  bchf capacity --lookups 2M/s --entries 800M --p99 100ms --availability 2N
  bchf capacity --lookups 300k/s --entries 50M --p99 100ms --mix http=10,batch=80,enum=10 --json
  bchf capacity measure --out mine.json --note "two sockets, 64 GiB"
  bchf capacity --lookups 2M/s --entries 800M --p99 1ms --curves mine.json
`;

interface PlanFlags {
  lookups?: number;
  entries?: number;
  p99?: number;
  availability: Availability;
  mix: Partial<Record<Interface, number>>;
  cores?: number;
  memory?: number;
  machineAvailability: number;
  curves?: string;
  json?: boolean;
}

interface MeasureFlags {
  out: string;
  add?: boolean;
  note: string;
  host: string;
  httpPort: number;
  batchPort: number;
  enumPort: number;
  pdbPort: number;
  metrics: string;
  interfaces: Interface[];
  steps: number;
  seconds: number;
  threads: number;
  connections: number;
  batch: number;
  ported: number;
  fragmented: number;
  profile: string;
  seed: number;
}

/** Adds `capacity` to a program. */
export function addCapacityCommand(program: Command): void {
  const capacity = program
    .command('capacity')
    .description('how many machines a load takes, and how much memory, from measured curves');
  capacity
    .command('plan', { isDefault: true })
    .description('make a plan; the word "plan" may be omitted')
    .requiredOption('--lookups <rate>', 'peak lookups a second, such as 2M/s', parseRate)
    .requiredOption('--entries <count>', 'ported numbers and fragmented runs', parseCount)
    .requiredOption('--p99 <time>', '99th percentile of latency to keep, such as 1ms', parseTimeUs)
    .addOption(
      new Option('--availability <form>', 'N, N+1, 2N, 2N+1, or a probability such as 99.99%')
        .argParser(parseAvailability)
        .default(parseAvailability('N+1'), 'N+1'),
    )
    .addOption(
      new Option('--mix <shares>', 'shares of the lookups, such as http=10,batch=80,enum=10')
        .argParser(mixOf)
        .default({ batch: 100 }, 'batch=100'),
    )
    .option('--cores <n>', 'of each machine (default: those of the measured one)', integer(1, 4096))
    .option(
      '--memory <bytes>',
      'of each machine; the plan is refused if it is too little',
      parseBytes,
    )
    .option('--machine-availability <share>', 'availability of one machine', parsePercent, 0.995)
    .option('--curves <file>', 'curves of your machine (default: those that come with bchf)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', EXPLANATION)
    .action(async (flags: PlanFlags) => {
      const plan = planCapacity(await readCurves(flags.curves ?? CURVES_FILE), {
        lookupsPerSecond: flags.lookups!,
        entries: flags.entries!,
        p99Us: flags.p99!,
        availability: flags.availability,
        mix: flags.mix,
        cores: flags.cores,
        memoryBytes: flags.memory,
        machineAvailability: flags.machineAvailability,
      });
      process.stdout.write(flags.json ? `${JSON.stringify(plan)}\n` : formatPlan(plan));
    });
  addMeasureCommand(capacity);
  capacity
    .command('gather')
    .description('make curves of reports of "loadtest run", each of one stream in steps of load')
    .argument('<report...>', 'JSON reports')
    .requiredOption('--out <file>', 'file of curves')
    .option('--add', 'add to the file')
    .option('--note <text>', 'what else there is to say of the machine', '')
    .action(async (files: string[], flags: { out: string; add?: boolean; note: string }) => {
      const reports = await Promise.all(files.map(readReport));
      await writeCurves(flags, (before) => gatherCurves(reports.map(curveOf), flags.note, before));
    });
}

function addMeasureCommand(capacity: Command): void {
  const defaults = scenarioSchema.parse({
    streams: [{ interface: 'http' }],
    phases: [{ seconds: 1, rate: 1 }],
  }).target;
  const port = integer(1, 65_535);
  capacity
    .command('measure')
    .description(
      'measure the curves of a running resolver that serves the population of "bchf start"',
    )
    .requiredOption('--out <file>', 'file of curves')
    .option('--add', 'add to the file: another size of the population, or another run')
    .option('--note <text>', 'what else there is to say of the machine', '')
    .option('--host <address>', 'address of the resolver', defaults.host)
    .option('--http-port <port>', 'its HTTP port', port, defaults.http)
    .option('--batch-port <port>', 'its UDP batch port', port, defaults.batch)
    .option('--enum-port <port>', 'its ENUM port', port, defaults.enum)
    .option('--pdb-port <port>', 'its pdb port', port, defaults.pdb)
    .option('--metrics <url>', 'where its metrics are', defaults.metrics)
    .option('--interfaces <names>', 'which to measure', interfacesOf, [...INTERFACES])
    .option('--steps <n>', 'loads of a curve', integer(POINTS_MIN, 100), 11)
    .option('--seconds <n>', 'for each load', integer(1, 3600), 4)
    .option('--threads <n>', 'threads of the generator', integer(1, 64), 1)
    .option('--connections <n>', 'sockets', integer(1, CONNECTIONS_MAX), 8)
    .option(
      '--batch <n>',
      'numbers in a datagram of the batch protocol',
      integer(1, NUMBERS_MAX),
      100,
    )
    .option('--ported <n>', 'ported numbers of the population', integer(0, PORTED_MAX), 1_000_000)
    .option(
      '--fragmented <n>',
      'fragmented runs of it',
      integer(0, FRAGMENTED_MAX),
      FRAGMENTED_DEFAULT,
    )
    .option('--profile <percent>', 'share of numbers away from home: 5, 25, 60', '25')
    .option('--seed <n>', 'seed of the population', integer(0, 2 ** 32 - 1), 1)
    .action(async (flags: MeasureFlags) => {
      const { host, httpPort, batchPort, enumPort, pdbPort, metrics } = flags;
      const { ported, fragmented, profile, seed } = flags;
      const scenario = scenarioSchema.safeParse({
        target: { host, http: httpPort, batch: batchPort, enum: enumPort, pdb: pdbPort, metrics },
        population: { ported, fragmented, profile: Number(profile), seed },
        streams: [{ interface: 'http' }],
        phases: [{ seconds: 1, rate: 1 }],
      });
      if (!scenario.success) {
        const [problem] = scenario.error.issues;
        throw new LoadtestError(
          'BCHF_LOADTEST_SCENARIO',
          `${problem?.path.join('.')}: ${problem?.message}`,
        );
      }
      const interruption = new AbortController();
      process.once('SIGINT', () => interruption.abort());
      const { interfaces, steps, threads, connections, batch } = flags;
      const measured = await measureCurves({
        target: scenario.data.target,
        population: scenario.data.population,
        ...{ interfaces, steps, threads, connections, batch },
        secondsEach: flags.seconds,
        signal: interruption.signal,
        tell: (line) => process.stderr.write(`${line}\n`),
      });
      // Half a curve is worse than none.
      if (interruption.signal.aborted)
        throw new LoadtestError('BCHF_CAPACITY_CURVES', 'interrupted');
      await writeCurves(flags, (before) => gatherCurves(measured, flags.note, before));
    });
}

async function readCurves(file: string): Promise<Curves> {
  return parseCurves(await orCurvesError(readFile(file, 'utf8')));
}

async function writeCurves(
  { out, add }: { out: string; add?: boolean },
  gather: (before: Curves | undefined) => Curves,
): Promise<void> {
  const curves = gather(add ? await readCurves(out) : undefined);
  await orCurvesError(writeFile(out, `${JSON.stringify(curves, null, 1)}\n`));
  for (const { interface: name, entries, points } of curves.curves) {
    const good = points.filter(({ isServedWell }) => isServedWell);
    const most = Math.round(Math.max(0, ...good.map((point) => point.offeredPerSecond)));
    process.stdout.write(
      `${name}, ${entries.toLocaleString('en-US')} entries: ${good.length} of ${points.length} loads served well, up to ${most.toLocaleString('en-US')} lookups/s\n`,
    );
  }
}

async function orCurvesError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new LoadtestError('BCHF_CAPACITY_CURVES', (cause as Error).message, { cause });
  }
}

function mixOf(text: string): Partial<Record<Interface, number>> {
  const mix: Partial<Record<Interface, number>> = {};
  for (const part of text.split(',')) {
    const [, name, share] = /^([a-z]+)=([0-9]{1,9}(?:\.[0-9]{1,9})?)$/.exec(part.trim()) ?? [];
    if (!isInterface(name) || name in mix) throw badMix();
    mix[name] = Number(share);
  }
  if (!Object.values(mix).some((share) => share > 0)) throw badMix();
  return mix;
}

function badMix(): InvalidArgumentError {
  return new InvalidArgumentError(
    `It is shares such as ${INTERFACES.map((name) => `${name}=1`).join(',')}.`,
  );
}

function interfacesOf(text: string): Interface[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  if (names.every(isInterface)) return names;
  throw new InvalidArgumentError(`It is a list of ${INTERFACES.join(', ')}.`);
}

function isInterface(name: string | undefined): name is Interface {
  return (INTERFACES as readonly (string | undefined)[]).includes(name);
}
