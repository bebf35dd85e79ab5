// `bchf demo`: a consortium, a core of elements around its BCHF, and the flows of figures 7, 8 and 9 as
// sequences of messages.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { serveUntilStopped } from '../../resolver/cli/serving.ts';
import { createLog } from '../../resolver/log.ts';
import { GENERATIONS, type GenerationName } from './forms.ts';

/** Goes before what is measured, at the same rate. */
const WARM_UP_SECONDS = 2;

interface DemoFlags {
  generation: GenerationName;
  flow?: string;
  keep?: boolean;
  load?: number;
  seconds: number;
  roamers: number;
  order: 'local-first' | 'bchf-first';
  by: 'nbchf' | 'batch';
  credentials?: boolean;
}

const EXPLANATION = `
Starts an embedded consortium of two members with a pool of numbers that both have parts of, and as
processes the elements of a core: UDM, AMF, P-CSCF and SMS-GMSC (HSS, MME and so on in 4G; HLR, SGSN,
MSC and SMSC in 2G/3G), terminals with keys, a portability database. Without --flow the flows that
tell the story are played; "--flow all" plays every one that the tests hold the core to.

With --load nothing is played: a hundred thousand terminals register at the rate, in an open loop, at an
AMF whose UDMs are tables in its process; the BCHF is asked over its sockets. Every acceptance is
compared with the ledger, and latencies count from the time at which a registration was due.

Exit codes: 0 every flow went as it is written, or every registration was accepted by the right element;
1 one was not.

Examples:
  bchf demo
  bchf demo --generation 2g --flow credential
  bchf demo --flow 8 --keep
  bchf demo --load 10000 --seconds 10`;

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
      'instead of flows: registrations a second, in an open loop',
      whole(1, 1_000_000),
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
  { seconds, roamers: roamerPercent, order, by, credentials = false }: DemoFlags,
  perSecond: number,
  signal: AbortSignal,
  onFailure: (error: Error) => void,
): Promise<void> {
  const { formatLoad, isWell, measureRegistrations } = await import('./load.ts');
  const { TERMINALS, TERMINALS_WITH_KEYS } = await import('./load-plan.ts');
  const load = {
    perSecond,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    terminals: credentials ? TERMINALS_WITH_KEYS : TERMINALS,
    roamerPercent,
    order: order === 'local-first' ? (['local', 'bchf'] as const) : (['bchf'] as const),
    by,
    credentials,
    seed: 1,
  };
  const outcome = await measureRegistrations({ ...load, signal, onFailure });
  if (!outcome) return;
  process.stdout.write(formatLoad(load, outcome));
  if (!isWell(outcome)) process.exitCode = 1;
}

function whole(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]{1,7}$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}
