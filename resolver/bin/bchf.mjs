#!/usr/bin/env node
// The command `bchf`. Sets up a fresh clone where needed, then hands over to the commands of the
// resolver, of the load test, of capacity planning and of the demo; this is the one place that knows them
// all.
//
// `npm start`, the unit for systemd and the container start it by `node --single-threaded-gc`, so that V8's helpers
// leave processors to the threads that serve (docs/bench-snapshot.md). V8 takes that flag at its
// start alone, and the first line cannot give it: BusyBox' `env` has no -S.

import { setUp } from './setup.mjs';

setUp();
const { runCli } = await import('../../dist/resolver/cli/program.js');
await runCli(process.argv, {
  demo: async () => (await import('../../dist/examples/core/demo-command.js')).addDemoCommand,
  loadtest: async () => (await import('../../dist/loadtest/command.js')).addLoadtestCommand,
  capacity: async () =>
    (await import('../../dist/loadtest/capacity/capacity-command.js')).addCapacityCommand,
});
