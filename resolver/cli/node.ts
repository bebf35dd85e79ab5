// `bchf node`: a node of a consortium, with its resolver.

import type { Command } from 'commander';
import { configure } from '../config.ts';
import { createLog } from '../log.ts';
import { nodeOptions } from '../node-config.ts';
import { addTableOptions, sourcesOf } from './options.ts';
import { serveUntilStopped, tellWhatListens } from './serving.ts';

export function addNodeCommand(program: Command): void {
  const command = program
    .command('node')
    .description(
      "Run a node of a consortium: follow its chain over the network, pass its members' " +
        'transactions on, serve what the ledger says. With --propose, make its blocks.',
    );
  addTableOptions(command, nodeOptions).action(async (flags) => {
    const configuration = configure(nodeOptions, sourcesOf(flags), nodeOptions);
    const config = configuration.values;
    const log = createLog(config.logLevel, config.logFormat);
    await serveUntilStopped(log, async (_signal, onFailure) => {
      // Loaded only here, because the network's libraries take a while to load.
      const { startNode } = await import('../node.ts');
      const started = await startNode({ configuration, log, onFailure });
      const { service, ledger, peerId, addresses, ledgerPort } = started;
      tellWhatListens({
        config,
        service,
        source:
          `node ${peerId} of ${ledger.chainId}, height ${ledger.tip.height}; ledger port ` +
          `${config.ledgerHost}:${ledgerPort}; for other nodes ${addresses.join(', ')}`,
        asJson: flags.json === true,
        more: { peerId, addresses, ledgerPort },
      });
      return started;
    });
  });
}
