// `bchf ledger replay | export | import`: blocks executed again, written to a file, read from one.

import { join } from 'node:path';
import type { Command } from 'commander';
import { LedgerError } from '../../ledger/ledger-error.ts';
import { BlockFile, writeBlockFile } from '../../ledger/store/block-file.ts';
import type { BlockFrame } from '../../ledger/store/block-file-codec.ts';
import { LedgerStore } from '../../ledger/store/ledger-store.ts';
import { replayBlocks, replayStart } from '../../ledger/sync/replay.ts';
import { SignaturePool } from '../../ledger/sync/signature-pool.ts';
import { importStart, storedBlocks, storeReplayed } from '../../ledger/sync/stored-chain.ts';
import type { ChainTrust } from '../../ledger/trust-codec.ts';
import { servingOptions as ledgerLog } from '../config.ts';
import { createLog } from '../log.ts';
import type { Task } from '../progress.ts';
import { ResolverError } from '../resolver-error.ts';
import {
  hexOf,
  inStore,
  type OpenStore,
  printFields,
  readTrust,
  trustOf,
  wholeNumberOf,
  withLedgerOptions,
} from './ledger-store.ts';
import { progressFor } from './serving.ts';

const VALIDATORS_HELP = 'whom to trust (bchf ledger validators prints it)';

export function addLedgerReplayCommands(ledger: Command): void {
  withLedgerOptions(
    ledger
      .command('replay')
      .description(
        'Execute the blocks again from the beginning, onto a fresh state, and compare its root with ' +
          'what the chain says. Verifies commits, data and app hashes.',
      )
      .option(
        '--from <HEIGHT>',
        'the first block to verify; those before are only executed',
        wholeNumberOf('--from', 1),
        1,
      )
      .option(
        '--blocks <FILE>',
        'replay a file of blocks instead of the ledger (needs --validators)',
      )
      .option('--validators <FILE>', `${VALIDATORS_HELP}; default: the ledger's own validator.json`)
      .option('--audit', 'verify every signature of every transaction too, on all cores'),
  ).action(async (options) => {
    const { data, json, blocks, validators } = options;
    if (blocks === undefined) {
      printFields(await inStore(data, (open) => replayStore(open, options)), json);
      return;
    }
    if (validators === undefined) throw needsValidators();
    printFields(await replayFile(blocks, await readTrust(validators), options), json);
  });

  withLedgerOptions(
    ledger
      .command('export')
      .description(
        'Write blocks, their commits and results to a file. Goes on where a file of the same chain ends.',
      )
      .argument('<FILE>', 'the file to write')
      .option('--from <HEIGHT>', 'the first block', wholeNumberOf('--from', 1), 1)
      .option('--to <HEIGHT>', 'the last block (default: the newest)', wholeNumberOf('--to', 1)),
  ).action(async (file: string, { data, json, from, to }) => {
    const height = await inStore(data, (open) => exportBlocks(open, file, from, to));
    printFields({ file, height }, json);
  });

  withLedgerOptions(
    ledger
      .command('import')
      .description(
        'Verify the blocks of a file and add them to the ledger of a data directory, which is made ' +
          'where it is missing. Goes on where an import was interrupted.',
      )
      .argument('<FILE>', 'the file to read')
      .requiredOption('--validators <FILE>', VALIDATORS_HELP)
      .option('--audit', 'verify every signature of every transaction too, on all cores'),
  ).action(async (file: string, { data, json, validators, audit }) => {
    const trust = await readTrust(validators);
    printFields(await importBlocks(join(data, 'ledger', 'store'), file, trust, audit), json);
  });
}

interface ReplayFlags {
  from: number;
  validators?: string;
  audit?: boolean;
}

async function replayStore(
  open: OpenStore,
  { from, validators, audit }: ReplayFlags,
): Promise<Record<string, unknown>> {
  const { store } = open;
  const trust = await trustOf(open, validators);
  const tip = await store.tip();
  const blocks = storedBlocks(store, 1, tip.height);
  const reached = await replay(trust, blocks, tip.height, { from, audit: audit === true });
  if (reached.appHash !== hexOf(tip.appHash)) {
    throw new LedgerError(
      'BCHF_STORE_CORRUPT',
      'the blocks lead to another state than the stored one',
    );
  }
  return { ...reached, root: 'as stored' };
}

async function replayFile(
  path: string,
  trust: ChainTrust,
  { from, audit }: ReplayFlags,
): Promise<Record<string, unknown>> {
  const file = await BlockFile.open(path);
  try {
    return await replay(trust, file.blocks(), 0, { from, audit: audit === true });
  } finally {
    await file.close();
  }
}

/** Replays onto a fresh state; `total` is for the progress alone, 0 where it is not known. */
async function replay(
  trust: ChainTrust,
  blocks: AsyncIterable<BlockFrame>,
  total: number,
  { from, audit }: { from: number; audit: boolean },
): Promise<Record<string, unknown>> {
  return withProgress('replaying', total, audit, async (task, pool) => {
    const start = replayStart(trust);
    let { height, appHash } = start.position;
    let [transactions, rejected] = [0, 0];
    const options = { verifyFrom: from, ...(pool ? { audit: pool } : {}) };
    for await (const { position, codes } of replayBlocks(trust, start, blocks, options)) {
      ({ height, appHash } = position);
      transactions += codes.length;
      rejected += codes.filter((code) => code !== 'OK').length;
      task.advance(1);
    }
    return { height, appHash: hexOf(appHash), transactions, rejected };
  });
}

async function exportBlocks(
  { store, genesis }: OpenStore,
  file: string,
  from: number,
  to: number | undefined,
): Promise<number> {
  const tip = await store.tip();
  const last = Math.min(to ?? tip.height, tip.height);
  const { chainId, settings, authorityPublicKey } = genesis;
  if (authorityPublicKey === undefined) {
    throw new LedgerError('BCHF_STORE_WRONG_CHAIN', 'the store does not say who its authority is');
  }
  return withProgress('exporting', last - from + 1, false, async (task) => {
    const head = { chainId, settings, authorityPublicKey };
    return writeBlockFile(file, head, from, async function* (first) {
      task.advance(first - from);
      for await (const block of storedBlocks(store, first, last)) {
        yield block;
        task.advance(1);
      }
    });
  });
}

async function importBlocks(
  location: string,
  path: string,
  trust: ChainTrust,
  audit: boolean | undefined,
): Promise<Record<string, unknown>> {
  const file = await BlockFile.open(path);
  try {
    const { chainId, settings, authorityPublicKey } = file.head;
    if (chainId !== trust.chainId || authorityPublicKey !== hexOf(trust.authorityPublicKey)) {
      throw new LedgerError('BCHF_STORE_WRONG_CHAIN', `${path} holds the blocks of another chain`);
    }
    const store = await LedgerStore.open(location);
    try {
      const start = await importStart(store, trust, settings);
      let { tip } = start;
      const before = tip.height;
      await withProgress('importing', 0, audit === true, async (task, pool) => {
        const blocks = above(before, file.blocks());
        const options = pool ? { audit: pool } : {};
        for await (const block of replayBlocks(trust, start, blocks, options)) {
          tip = await storeReplayed(store, block, tip);
          task.advance(1);
        }
      });
      return { height: tip.height, appHash: hexOf(tip.appHash), imported: tip.height - before };
    } finally {
      await store.close();
    }
  } finally {
    await file.close();
  }
}

async function* above(
  height: number,
  blocks: AsyncIterable<BlockFrame>,
): AsyncIterableIterator<BlockFrame> {
  for await (const block of blocks) if (block.height > height) yield block;
}

/** Runs a task that tells of its progress, with threads that check signatures where there is to be an audit. */
async function withProgress<T>(
  what: string,
  total: number,
  audit: boolean,
  work: (task: Task, pool: SignaturePool | undefined) => Promise<T>,
): Promise<T> {
  const log = createLog(ledgerLog.logLevel.fallback, ledgerLog.logFormat.fallback);
  const task = progressFor(log).start(what, total, 'blocks');
  const pool = audit ? new SignaturePool() : undefined;
  try {
    const result = await work(task, pool);
    task.done();
    return result;
  } finally {
    task.close();
    await pool?.close();
  }
}

function needsValidators(): ResolverError {
  return new ResolverError('BCHF_CONFIG_INVALID', 'a file of blocks needs --validators');
}
