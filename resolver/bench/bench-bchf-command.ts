// The command `bchf` as a process that a bench starts: without looking for what is not built.

import { runCli } from '../cli/program.ts';

await runCli(process.argv);
