#!/usr/bin/env -S node --single-threaded-gc
// The command `bchf`. Sets up a fresh clone where needed, then hands over to the commands of the
// resolver, of the load test, of capacity planning and of the demo; this is the one place that knows them
// all.
//
// Each thread collects its own garbage: V8's helpers would take processors from threads that serve, at normal
// priority, whatever the priority of the thread that they help (docs/bench-snapshot.md). V8 takes that flag at its
// start alone, so it is here, in `npm start`, in the unit for systemd and in the container.

import { setUp } from './setup.mjs';

setUp();
const { runCli } = await import('../../dist/resolver/cli/program.js');
await runCli(process.argv, {
  demo: async () => (await import('../../dist/examples/core/demo-command.js')).addDemoCommand,
  loadtest: async () => (await import('../../dist/loadtest/command.js')).addLoadtestCommand,
  capacity: async () =>
    (await import('../../dist/loadtest/capacity/capacity-command.js')).addCapacityCommand,
});
