#!/usr/bin/env node
// The command `bchf`. Sets up a fresh clone where needed, then hands over to the commands of the
// resolver, of the load test and of capacity planning; this is the one place that knows both.

import { setUp } from './setup.mjs';

setUp();
const { runCli } = await import('../../dist/resolver/cli/program.js');
const { addLoadtestCommand } = await import('../../dist/loadtest/command.js');
const { addCapacityCommand } = await import('../../dist/loadtest/capacity/capacity-command.js');
await runCli(process.argv, [addLoadtestCommand, addCapacityCommand]);
