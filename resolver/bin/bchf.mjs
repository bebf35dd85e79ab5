#!/usr/bin/env node
// The command `bchf`. Sets up a fresh clone where needed, then hands over to the commands of the
// resolver, of the load test, of capacity planning and of the demo; this is the one place that knows them
// all.

import { setUp } from './setup.mjs';

setUp();
const { runCli } = await import('../../dist/resolver/cli/program.js');
await runCli(process.argv, {
  demo: async () => (await import('../../dist/examples/core/demo-command.js')).addDemoCommand,
  loadtest: async () => (await import('../../dist/loadtest/command.js')).addLoadtestCommand,
  capacity: async () =>
    (await import('../../dist/loadtest/capacity/capacity-command.js')).addCapacityCommand,
});
