// `bchf start`: the embedded consortium with its population, served.

import type { Command } from 'commander';
import { startOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { addTableOptions, readConfiguration } from './options.ts';
import { progressFor, serveUntilStopped, tellWhatListens } from './serving.ts';

export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description(
      'Run an embedded one-node consortium whose ledger holds the real prefixes of the world and a ' +
        'seeded population of ported and fragmented numbers; replay it into the index; serve.',
    );
  addTableOptions(command, startOptions).action(async (flags) => {
    const configuration = readConfiguration(startOptions, flags);
    const { logLevel, logFormat, data } = configuration.values;
    const log = createLog(logLevel, logFormat);
    // Loaded only here, because the ledger and the numbering data take a while to load.
    const { start } = await import('../start.ts');
    await serveUntilStopped(log, async (signal, onFailure) => {
      const progress = progressFor(log);
      const started = await start({ configuration, log, progress, signal, onFailure });
      if (!started) return undefined;
      const { service, ledger, population } = started;
      const { ported, fragmented, profile, seed } = population;
      tellWhatListens({
        config: configuration.values,
        service,
        source:
          `ledger ${data}, height ${ledger.tip.height}; population: ${ported} ported (profile ` +
          `${profile}%), ${fragmented} fragmented, seed ${seed}`,
        // The load test has the same defaults, so only what differs has to be said.
        loadtestOptions: Object.entries(population)
          .filter(
            ([name, value]) => startOptions[name as keyof typeof population].fallback !== value,
          )
          .map(([name, value]) => ` --${name} ${value}`)
          .join(''),
        asJson: flags.json === true,
      });
      return started;
    });
  });
}
