// The commands `bchf loadtest http` and `bchf loadtest udp`: options, Ctrl-C, output, exit code.

import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Identity } from '../ledger/number.ts';
import { IDENTITIES } from '../ledger/number.ts';
import { readNumberingData } from '../ledger/population/numbering-data.ts';
import type { Profile } from '../ledger/population/population.ts';
import {
  createPopulation,
  FRAGMENTED_DEFAULT,
  FRAGMENTED_MAX,
  PORTED_MAX,
  PROFILES,
} from '../ledger/population/population.ts';
import type { SampleMix } from '../ledger/population/sample.ts';
import { NUMBERS_MAX } from '../resolver/udp/batch-codec.ts';
import { runHttpClosedLoad } from './http-closed-load.ts';
import { runHttpOpenLoad } from './http-open-load.ts';
import type { LoadOptions } from './load-options.ts';
import {
  CONNECTIONS_MAX,
  DURATION_S_MAX,
  IN_FLIGHT_MAX,
  LOOKUPS_MAX,
  LoadtestError,
  PIPELINING_MAX,
  RATE_MAX,
} from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createReport, exitCodeOf, formatReport, isSilent, silenceLine } from './load-report.ts';
import type { NumberSource } from './number-source.ts';
import { drawPool, POOL_NUMBERS_MAX } from './number-source.ts';
import { decimal, integer } from './option-parsers.ts';
import { createPopulationSource, formatMix, MIX_DEFAULT, parseMix } from './population-source.ts';
import { RatePlan } from './rate-plan.ts';
import { addScenarioCommands } from './scenario/scenario-command.ts';
import { runUdpLoad } from './udp-load.ts';

/** Where a command writes and whose numbers it asks for; tests pass their own. */
export interface LoadtestEnvironment {
  /** Standard output: the report. */
  write(text: string): void;
  /** Standard error: progress and failures. */
  tell(text: string): void;
  /** Makes the source of numbers from the population options. */
  sourceOf(options: PopulationFlags): NumberSource;
}

/** The options that choose numbers. */
export interface PopulationFlags {
  ported: number;
  fragmented: number;
  profile: Profile;
  seed: number;
  mix: SampleMix;
  identity?: Identity;
}

interface CommonFlags extends PopulationFlags {
  host: string;
  port: number;
  duration: number;
  requests?: number;
  rate?: number;
  connections: number;
  timeout: number;
  json?: boolean;
}

const EXIT_FAILED = 1;

const EXPLANATION = `
Numbers are drawn from the population that "bchf start" put on the ledger: give both the same
--ported, --fragmented, --profile and --seed. Up to ${POOL_NUMBERS_MAX.toLocaleString('en-US')} numbers are drawn before the run and
asked for again and again. Every answer is compared with the expected one.

Without --rate the loop is closed: as many requests are under way as the options allow, and latency
counts from sending. With --rate it is open: requests leave on schedule whether or not answers come,
and latency counts from the intended time. To keep time the generator then watches the clock without
rest, which takes one processor.

Ctrl-C ends the run early and prints what was measured so far.

Exit codes: 0 every answer was right; 1 the run could not be made; 2 wrong options;
3 an answer was wrong; 4 an answer was lost, refused or could not be verified, or none came at all,
which standard error then says with BCHF_LOADTEST_SILENCE.
`;

const HTTP_EXAMPLES = `
A closed loop waits at least 1000 ms for an answer, whatever --timeout says.

Examples:
  bchf loadtest http --duration 10
  bchf loadtest http --rate 5000 --mix ported=100 --identity msisdn
  bchf loadtest http --requests 100000 --connections 64 --json`;

const UDP_EXAMPLES = `
Examples:
  bchf loadtest udp --duration 10 --batch 100
  bchf loadtest udp --rate 1000000 --batch 100 --connections 8
  bchf loadtest udp --requests 100000 --batch 1 --json`;

/** Adds `loadtest` with its two kinds to a program. */
export function addLoadtestCommand(
  program: Command,
  environment: LoadtestEnvironment = processEnvironment,
): void {
  const loadtest = program
    .command('loadtest')
    .description('ask a running resolver for numbers, measure and check its answers');

  const http = loadtest
    .command('http')
    .description('load the HTTP interface: GET /nbchf-routing/v1/routing-info/{ueId}');
  addCommonOptions(http, 8080, 16)
    .addOption(
      new Option('--pipelining <n>', 'requests under way on a connection; not with --rate')
        .argParser(integer(1, PIPELINING_MAX))
        .default(1)
        .conflicts('rate'),
    )
    .addHelpText('after', EXPLANATION + HTTP_EXAMPLES)
    .action((flags: CommonFlags & { pipelining: number }) =>
      run(environment, flags, (options) => {
        const { plan } = options;
        return plan === undefined
          ? runHttpClosedLoad({ ...options, pipelining: flags.pipelining })
          : runHttpOpenLoad({ ...options, plan });
      }),
    );

  const udp = loadtest.command('udp').description('load the UDP batch interface');
  addCommonOptions(udp, 5350, 4)
    .option('--batch <n>', 'numbers in a datagram', integer(1, NUMBERS_MAX), 100)
    .addOption(
      new Option('--in-flight <n>', 'datagrams under way on all sockets together; not with --rate')
        .argParser(integer(1, IN_FLIGHT_MAX))
        .default(32)
        .conflicts('rate'),
    )
    .addHelpText('after', EXPLANATION + UDP_EXAMPLES)
    .action((flags: CommonFlags & { batch: number; inFlight: number }) =>
      run(environment, flags, (options) =>
        runUdpLoad({ ...options, batch: flags.batch, inFlight: flags.inFlight }),
      ),
    );
  addScenarioCommands(loadtest, environment);
}

function addCommonOptions(command: Command, port: number, connections: number): Command {
  return command
    .option('--host <address>', 'address of the resolver', '127.0.0.1')
    .option('--port <port>', 'port of the resolver', integer(1, 65_535), port)
    .option('--duration <seconds>', 'longest time of sending', decimal(0.001, DURATION_S_MAX), 10)
    .option('--requests <n>', 'most lookups, in numbers', integer(1, LOOKUPS_MAX))
    .option(
      '--rate <n>',
      'lookups per second, in numbers, on a fixed schedule; without it as fast as answers come',
      decimal(0.001, RATE_MAX),
    )
    .option('--connections <n>', 'sockets', integer(1, CONNECTIONS_MAX), connections)
    .option(
      '--timeout <ms>',
      'how long an answer is waited for; then it is lost',
      integer(1, 60_000),
      1000,
    )
    .addOption(
      new Option('--identity <kind>', 'only numbers of this kind; both without it').choices(
        IDENTITIES,
      ),
    )
    .addOption(
      new Option(
        '--mix <shares>',
        'kinds of number: ported, fragmented, prefix, miss, wrong-length',
      )
        .argParser(mixOf)
        .default(MIX_DEFAULT, formatMix(MIX_DEFAULT)),
    )
    .option('--ported <n>', 'ported numbers of the population', integer(0, PORTED_MAX), 1_000_000)
    .option(
      '--fragmented <n>',
      'fragmented runs of the population',
      integer(0, FRAGMENTED_MAX),
      FRAGMENTED_DEFAULT,
    )
    .addOption(
      new Option('--profile <percent>', 'share of numbers away from home')
        .choices(PROFILES.map(String))
        .argParser(profileOf)
        .default(25),
    )
    .option('--seed <n>', 'seed of the population', integer(0, 2 ** 32 - 1), 1)
    .option('--json', 'print one JSON object instead of text');
}

async function run(
  environment: LoadtestEnvironment,
  flags: CommonFlags,
  load: (options: LoadOptions) => Promise<LoadResult>,
): Promise<void> {
  const interruption = new AbortController();
  const onInterrupt = () => interruption.abort();
  process.once('SIGINT', onInterrupt);
  try {
    if (!flags.json) environment.tell('drawing numbers and their expected answers …\n');
    const lookupsMax = flags.requests ?? Number.POSITIVE_INFINITY;
    const pool = drawPool(environment.sourceOf(flags), lookupsMax);
    const { host, port, rate, connections } = flags;
    if (!flags.json) environment.tell(`asking ${host} port ${port} …\n`);
    const result = await load({
      host,
      port,
      pool,
      durationMs: flags.duration * 1000,
      lookupsMax,
      plan: rate === undefined ? undefined : RatePlan.constant(rate, flags.duration * 1000),
      connections,
      timeoutMs: flags.timeout,
      signal: interruption.signal,
    });
    const report = createReport(result);
    environment.write(flags.json ? `${JSON.stringify(report)}\n` : formatReport(report));
    if (isSilent(report.counts)) environment.tell(silenceLine(`${host} port ${port}`));
    process.exitCode = exitCodeOf(report);
  } catch (error) {
    const code = error instanceof LoadtestError ? `${error.code}: ` : '';
    environment.tell(`${code}${error instanceof Error ? error.message : error}\n`);
    process.exitCode = EXIT_FAILED;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

const processEnvironment: LoadtestEnvironment = {
  write: (text) => process.stdout.write(text),
  tell: (text) => process.stderr.write(text),
  sourceOf({ ported, fragmented, profile, seed, mix, identity }) {
    const data = readNumberingData();
    const population = createPopulation({ data, ported, fragmented, profile, seed });
    return createPopulationSource(population, mix, identity, seed);
  },
};

function mixOf(text: string): SampleMix {
  const mix = parseMix(text);
  if (mix !== undefined) return mix;
  throw new InvalidArgumentError('It is shares such as ported=40,fragmented=20,prefix=30,miss=10.');
}

function profileOf(text: string): Profile {
  const profile = PROFILES.find((percent) => String(percent) === text);
  if (profile !== undefined) return profile;
  throw new InvalidArgumentError(`It is one of ${PROFILES.join(', ')}.`);
}
