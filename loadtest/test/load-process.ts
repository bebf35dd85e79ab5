// The command `bchf` with the commands of this folder, as a test starts it.

import { runCli } from '../../resolver/cli/program.ts';

await runCli(process.argv, {
  loadtest: async () => (await import('../command.ts')).addLoadtestCommand,
  capacity: async () => (await import('../capacity/capacity-command.ts')).addCapacityCommand,
});
