#!/usr/bin/env node
// The command `bchf`. Sets up a fresh clone where needed, then hands over to the commands of the
// resolver, of the load test, of capacity planning and of the demo; this is the one place that knows them
// all.

import { setUp } from './setup.mjs';

setUp();
const { runCli } = await import('../../dist/resolver/cli/program.js');
const { addLoadtestCommand } = await import('../../dist/loadtest/command.js');
const { addCapacityCommand } = await import('../../dist/loadtest/capacity/capacity-command.js');
const { addDemoCommand } = await import('../../dist/examples/core/demo-command.js');
await runCli(process.argv, [addDemoCommand, addLoadtestCommand, addCapacityCommand]);
