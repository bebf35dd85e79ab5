// `bchf demo`: a consortium, a core of elements around its BCHF, and the flows of figures 7, 8 and 9 as
// sequences of messages.

import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { serveUntilStopped } from '../../resolver/cli/serving.ts';
import { createLog } from '../../resolver/log.ts';
import { ResolverError } from '../../resolver/resolver-error.ts';
import { GENERATIONS, type GenerationName } from './forms.ts';

/** Goes before what is measured, at the same rate. */
const WARM_UP_SECONDS = 2;
/** Credentials are signed beforehand, and count for so long. */
const SIGNED_SECONDS_MAX = 30;
/** How long one lookup may take under load: a registration waits for it. */
const TIMEOUT_MS = 1000;

interface DemoFlags {
  generation: GenerationName;
  flow?: string;
  keep?: boolean;
  load?: LoadRate;
  seconds: number;
  roamers: number;
  order: 'local-first' | 'bchf-first';
  by: 'nbchf' | 'batch';
  credentials?: boolean;
  generators: number;
  out?: string;
  html?: string;
}

/** Registrations a second, all at one rate or in steps. */
interface LoadRate {
  from: number;
  to: number;
  steps: number;
}

const EXPLANATION = `
Starts an embedded consortium of two members with a pool of numbers that both have parts of, and as
processes the elements of a core: UDM, AMF, P-CSCF and SMS-GMSC (HSS, MME and so on in 4G; HLR, SGSN,
MSC and SMSC in 2G/3G), terminals with keys, a portability database. Without --flow the flows that
tell the story are played; "--flow all" plays every one that the tests hold the core to.

With --load nothing is played: a hundred thousand terminals register at the rate, in an open loop, at an
AMF whose UDMs are tables in its process; the BCHF is asked over its sockets. Every acceptance is
compared with the ledger, and latencies count from the time at which a registration was due. The report
is that of "bchf loadtest run", and "bchf loadtest compare" takes it.

Exit codes: 0 every flow went as it is written, or every registration was accepted by the right element;
1 one was not.

Examples:
  bchf demo
  bchf demo --generation 2g --flow credential
  bchf demo --flow 8 --keep
  bchf demo --load 10000 --seconds 10
  bchf demo --load 2000-20000/10 --seconds 50 --order bchf-first --html registrations.html`;

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('Play registrations, calls and messages on a small core around a BCHF.')
    .addOption(
      new Option('--generation <G>', 'whose names: 5G, 4G, or 2G and 3G')
        .choices(GENERATIONS)
        .default('5g'),
    )
    .option('--flow <WORDS>', 'flows of a figure (7, 8, 9), with words in their title, or all')
    .option('--keep', 'leave the core running afterwards, until Ctrl-C')
    .option(
      '--load <RATE>',
      'instead of flows: registrations a second, in an open loop; 1000-10000/10: in ten steps',
      loadRate,
    )
    .option('--seconds <N>', 'how long the load lasts', whole(1, 3600), 10)
    .option('--roamers <PERCENT>', 'share of terminals of the other network', whole(0, 100), 30)
    .addOption(
      new Option('--order <ORDER>', 'whom the AMF asks first under load')
        .choices(['local-first', 'bchf-first'])
        .default('local-first'),
    )
    .addOption(
      new Option('--by <INTERFACE>', 'how the AMF asks the BCHF under load')
        .choices(['nbchf', 'batch'])
        .default('nbchf'),
    )
    .option('--credentials', 'terminals sign under load, and are checked by the BCHF and their UDM')
    .option('--generators <N>', 'processes that generate the load', whole(1, 16), 1)
    .option('--out <FILE>', 'write the report of the load as JSON, as loadtest run does')
    .option('--html <FILE>', 'write the report of the load as one HTML file')
    .addHelpText('after', EXPLANATION)
    .action(async (flags: DemoFlags) => {
      const log = createLog('warn', 'text');
      await serveUntilStopped(log, async (signal, onFailure) => {
        if (flags.load !== undefined) {
          await runLoad(flags, flags.load, signal, onFailure);
          return undefined;
        }
        const { playDemo } = await import('./demo.ts');
        const { generation, flow, keep = false } = flags;
        const write = (text: string) => process.stdout.write(text);
        const options = { generation, flow, keep, write, signal, onFailure };
        const { isAsWritten, running } = await playDemo(options);
        if (!isAsWritten) process.exitCode = 1;
        return running;
      });
    });
}

async function runLoad(
  flags: DemoFlags,
  load: LoadRate,
  signal: AbortSignal,
  onFailure: (error: Error) => void,
): Promise<void> {
  const { formatLoad, isWell, measureRegistrations } = await import('./load.ts');
  const { TERMINALS, TERMINALS_WITH_KEYS } = await import('./load-plan.ts');
  const { seconds, roamers: roamerPercent, order, by, credentials = false, generators } = flags;
  if (credentials && seconds + WARM_UP_SECONDS > SIGNED_SECONDS_MAX) {
    const most = SIGNED_SECONDS_MAX - WARM_UP_SECONDS;
    throw new ResolverError('BCHF_CONFIG_INVALID', `--credentials: at most ${most} --seconds`);
  }
  const measured = await measureRegistrations({
    phases: [
      { name: 'warm-up', seconds: WARM_UP_SECONDS, rate: load.from, warmUp: true },
      { name: 'load', seconds, rate: load.steps > 1 ? load : load.from, warmUp: false },
    ],
    terminals: credentials ? TERMINALS_WITH_KEYS : TERMINALS,
    roamerPercent,
    order: order === 'local-first' ? ['local', 'bchf'] : ['bchf'],
    by,
    credentials,
    generators,
    timeoutMs: TIMEOUT_MS,
    seed: 1,
    signal,
    onFailure,
  });
  if (!measured) return;
  process.stdout.write(formatLoad(measured));
  if (flags.out) await writeFile(flags.out, `${JSON.stringify(measured.report)}\n`);
  if (flags.html) {
    const { reportHtml } = await import('../../loadtest/scenario/report-html.ts');
    await writeFile(flags.html, reportHtml([measured.report]));
  }
  if (!isWell(measured)) process.exitCode = 1;
}

function loadRate(text: string): LoadRate {
  const match = /^([0-9]{1,7})(?:-([0-9]{1,7})\/([0-9]{1,3}))?$/.exec(text);
  const [from, to, steps] = (match?.slice(1) ?? []).map((part) => Number(part ?? Number.NaN));
  if (from && match?.[2] === undefined) return { from, to: from, steps: 1 };
  if (from && to && steps && steps > 1) return { from, to, steps };
  throw new InvalidArgumentError('It must be a rate, or as 1000-10000/10: from, to and steps.');
}

function whole(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]{1,7}$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}
