// What bin/bchf.mjs does once everything is built, without looking for what is not.

import { runCli } from '../cli/program.ts';

await runCli(process.argv);
