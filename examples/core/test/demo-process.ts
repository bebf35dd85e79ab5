// The command `bchf` with `bchf demo`, as a test starts it.

import { runCli } from '../../../resolver/cli/program.ts';
import { addDemoCommand } from '../demo-command.ts';

await runCli(process.argv, [addDemoCommand]);
