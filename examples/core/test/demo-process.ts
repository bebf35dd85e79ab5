// The command `bchf` with `bchf demo`, as a test starts it.

import { runCli } from '../../../resolver/cli/program.ts';

await runCli(process.argv, {
  demo: async () => (await import('../demo-command.ts')).addDemoCommand,
});
