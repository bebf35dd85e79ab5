// `bchf forward`: a resolver without a replica, which asks others.

import type { Command } from 'commander';
import { configure } from '../config.ts';
import { forwardOptions } from '../forward/forward-options.ts';
import { createLog } from '../log.ts';
import { addTableOptions, sourcesOf } from './options.ts';
import { serveUntilStopped } from './serving.ts';

export function addForwardCommand(program: Command): void {
  const command = program
    .command('forward')
    .description(
      'Answer lookups over HTTP without holding a replica: ask other resolvers, a second one if ' +
        'the first is slow or fails.',
    );
  addTableOptions(command, forwardOptions).action(async (flags) => {
    const configuration = configure(forwardOptions, sourcesOf(flags), forwardOptions);
    const { host, upstreams, logLevel, logFormat, httpTlsCert } = configuration.values;
    const log = createLog(logLevel, logFormat);
    await serveUntilStopped(log, async () => {
      const { startForward } = await import('../forward/forward-service.ts');
      const service = await startForward(configuration, log);
      const source = `forwarding to ${upstreams.join(', ')}`;
      const url = `${httpTlsCert === '' ? 'http' : 'https'}://${host}:${service.port}`;
      process.stdout.write(
        flags.json === true
          ? `${JSON.stringify({ ready: source, ports: { http: service.port } })}\n`
          : `bchf is ready: ${source}\n\n  HTTP       ${url}\n`,
      );
      return service;
    });
  });
}
