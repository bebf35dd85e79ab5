// `bchf demo`: a consortium, a core of elements around its BCHF, and the flows of figures 7, 8 and 9 as
// sequences of messages.

import { type Command, Option } from 'commander';
import { serveUntilStopped } from '../../resolver/cli/serving.ts';
import { createLog } from '../../resolver/log.ts';
import { GENERATIONS, type GenerationName } from './forms.ts';

interface DemoFlags {
  generation: GenerationName;
  flow?: string;
  keep?: boolean;
}

const EXPLANATION = `
Starts an embedded consortium of two members with a pool of numbers that both have parts of, and as
processes the elements of a core: UDM, AMF, P-CSCF and SMS-GMSC (HSS, MME and so on in 4G; HLR, SGSN,
MSC and SMSC in 2G/3G), terminals with keys, a portability database. Without --flow the flows that
tell the story are played; "--flow all" plays every one that the tests hold the core to.

Exit codes: 0 every flow went as it is written; 1 one did not.

Examples:
  bchf demo
  bchf demo --generation 2g --flow credential
  bchf demo --flow 8 --keep`;

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
    .addHelpText('after', EXPLANATION)
    .action(async (flags: DemoFlags) => {
      const log = createLog('warn', 'text');
      await serveUntilStopped(log, async (signal, onFailure) => {
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
