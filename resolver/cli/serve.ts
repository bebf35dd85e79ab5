// `bchf serve --snapshot FILE`: answers from a snapshot, without a ledger.

import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { servingOptions } from '../config.ts';
import { NewestBlock } from '../freshness.ts';
import { createLog } from '../log.ts';
import { startService } from '../service.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { checkBeforeLoading } from '../start-checks.ts';
import { addTableOptions, readConfiguration } from './options.ts';
import { serveUntilStopped, tellWhatListens } from './serving.ts';

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description(
      'Answer from a snapshot file, without a ledger. Others beside it can be swapped in (bchf ' +
        'snapshot swap).',
    )
    .requiredOption('--snapshot <FILE>', 'the snapshot to serve');
  addTableOptions(command, servingOptions).action(async ({ snapshot: path, ...flags }) => {
    const { values: config } = readConfiguration(servingOptions, flags);
    const log = createLog(config.logLevel, config.logFormat);
    await serveUntilStopped(log, async (_signal, onFailure) => {
      await checkBeforeLoading(config, log);
      const memoryBytesMax = config.indexMemoryMaxMib * 2 ** 20;
      const { indexes, routes, block, manifest } = await loadSnapshot(path, { memoryBytesMax });
      const newestBlock = new NewestBlock();
      const snapshots = {
        store: new SnapshotStore(dirname(path), log),
        origin: {
          name: basename(path),
          chainId: block.chainId,
          manifestHash: manifest.manifestHash,
        },
        signers: config.snapshotSigners,
        kept: 0,
        changePercentMax: config.swapChangeMaxPercent,
        loadPriority: config.swapPriority,
        previousKeptS: config.previousKeptS,
        everyBlocks: 0,
        everyMinutes: 0,
      };
      const service = await startService({
        ...{ config, indexes, routes, newestBlock, snapshots },
        ...{ log, onFailure },
      });
      tellWhatListens({
        config,
        service,
        source: `snapshot ${path}, height ${block.height}`,
        asJson: flags.json === true,
      });
      return service;
    });
  });
}
