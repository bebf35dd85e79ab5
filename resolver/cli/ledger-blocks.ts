// `bchf ledger status | blocks | tx | origin | prune`: what a store holds.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { decodeBlock } from '../../ledger/block/block-codec.ts';
import { ENTRY_KINDS } from '../../ledger/entry.ts';
import { LedgerError } from '../../ledger/ledger-error.ts';
import { IDENTITIES, parseDigits } from '../../ledger/number.ts';
import { findEntryOrigin } from '../../ledger/store/entry-origin.ts';
import type { LedgerStore } from '../../ledger/store/ledger-store.ts';
import { loadStoredState } from '../../ledger/sync/stored-chain.ts';
import { decodeTransaction } from '../../ledger/transaction-codec.ts';
import { ResolverError } from '../resolver-error.ts';
import { readManifest } from '../snapshot/snapshot-file.ts';
import {
  hexOf,
  inStore,
  orDataError,
  printFields,
  wholeNumberOf,
  withLedgerOptions,
} from './ledger-store.ts';
import { EXIT_NOT_FOUND } from './program.ts';

const BLOCKS_LISTED = 20;

export function addLedgerBlockCommands(ledger: Command): void {
  withLedgerOptions(
    ledger
      .command('status')
      .description(
        'Show height, app hash, counts and sizes, after checking the root of the state.',
      ),
  ).action(async ({ data, json }) => printFields(await statusOf(data), json));

  withLedgerOptions(
    ledger
      .command('blocks')
      .description('List blocks, one a line.')
      .option('--from <HEIGHT>', 'the first one', wholeNumberOf('--from', 1), 1)
      .option('--limit <N>', 'how many at most', wholeNumberOf('--limit', 1), BLOCKS_LISTED),
  ).action(async ({ data, json, from, limit }) => {
    await inStore(data, async ({ store }) => {
      const [tip, firstHeight] = await Promise.all([store.tip(), store.firstHeight()]);
      const first = Math.max(from, firstHeight);
      for (let height = first; height <= Math.min(tip.height, first + limit - 1); height++) {
        const block = await blockLine(store, height);
        process.stdout.write(`${json ? JSON.stringify(block) : describeBlock(block)}\n`);
      }
    });
  });

  withLedgerOptions(
    ledger
      .command('tx')
      .description(
        'Show where a transaction is and what became of it. Exits with 3 where no block holds it.',
      )
      .argument('<ID>', '64 hex digits: the sha-256 of its bytes'),
  ).action(async (text: string, { data, json }) => {
    if (!/^[0-9a-fA-F]{64}$/.test(text)) {
      throw new ResolverError(
        'BCHF_CONFIG_INVALID',
        `${JSON.stringify(text)} is not the id of a transaction`,
      );
    }
    const found = await inStore(data, ({ store }) => transactionOf(store, text));
    if (found) printFields(found, json);
    else {
      process.stderr.write('not found in any kept block\n');
      process.exitCode = EXIT_NOT_FOUND;
    }
  });

  withLedgerOptions(
    ledger
      .command('origin')
      .description(
        'Show the block and the transaction that last set or removed an entry. Exits with 3 where ' +
          'no kept block did.',
      )
      .argument('<KIND>', ENTRY_KINDS.join(', '))
      .argument('<IDENTITY>', IDENTITIES.join(' or '))
      .argument('<FROM>', 'digits: the prefix, the number, or the first of a run')
      .argument('[TO]', 'digits: the last of a run'),
  ).action(async (kind, identity, fromText, toText = fromText, { data, json }) => {
    const [from, to] = [parseDigits(fromText), parseDigits(toText)];
    if (!ENTRY_KINDS.includes(kind) || !IDENTITIES.includes(identity)) {
      throw new ResolverError('BCHF_CONFIG_INVALID', `${kind} ${identity}: no kind of entry`);
    }
    if (from === undefined || to === undefined) {
      throw new ResolverError('BCHF_NUMBER_MALFORMED', `${fromText} ${toText}: not digits`);
    }
    const entry = { entry: kind, identity, from, to };
    const found = await inStore(data, ({ store }) => findEntryOrigin(store, entry));
    if (!found) {
      process.stderr.write('no kept block set it\n');
      process.exitCode = EXIT_NOT_FOUND;
      return;
    }
    const { height, transaction } = found;
    const id = transaction && hexOf(transaction.id);
    printFields({ height, transaction: id ?? null, index: transaction?.index ?? null }, json);
  });

  withLedgerOptions(
    ledger
      .command('prune')
      .description(
        'Forget old blocks. Refused where no snapshot is new enough to catch up from what is left; ' +
          'to replay from the beginning, export the blocks first.',
      )
      .requiredOption('--keep <N>', 'newest blocks to keep', wholeNumberOf('--keep', 1)),
  ).action(async ({ data, json, keep }) => printFields(await prune(data, keep), json));
}

async function statusOf(data: string): Promise<Record<string, unknown>> {
  return inStore(data, async ({ store, genesis, directory }) => {
    const tip = await store.tip();
    // Also the check: it fails where the rows do not have the recorded root.
    const state = await loadStoredState(store, tip);
    const entries = Object.fromEntries(
      IDENTITIES.map((identity) => {
        const { prefixes, runs, free, ported } = state.spaces[identity];
        const counts = {
          prefix: prefixes.size,
          fragmented: runs.size,
          ported: ported.size,
          freeIntervals: free.size,
        };
        return [identity, counts];
      }),
    );
    return {
      chainId: genesis.chainId,
      height: tip.height,
      firstHeight: await store.firstHeight(),
      blockHash: hexOf(tip.blockHash),
      blockTime: new Date(tip.timeMs).toISOString(),
      appHash: hexOf(tip.appHash),
      root: 'as recorded',
      transactions: tip.transactionCount,
      members: state.members.length - 1,
      routes: state.routes.length,
      ...entries,
      storeBytes: await bytesOf(join(directory, 'store')),
    };
  });
}

async function bytesOf(directory: string): Promise<number> {
  const files = await orDataError(directory, readdir(directory));
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(directory, file))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function blockLine(store: LedgerStore, height: number) {
  const [bytes, codes, summary] = await Promise.all([
    store.block(height),
    store.codes(height),
    store.blockSummary(height),
  ]);
  if (!bytes || !codes || !summary) {
    throw new LedgerError('BCHF_STORE_CORRUPT', `block ${height} is missing`);
  }
  return {
    height,
    hash: hexOf(summary.blockHash),
    time: new Date(summary.timeMs).toISOString(),
    transactions: codes.length,
    rejected: codes.filter((code) => code !== 'OK').length,
    bytes: bytes.length,
  };
}

function describeBlock(block: Awaited<ReturnType<typeof blockLine>>): string {
  const { height, hash, time, transactions, rejected, bytes } = block;
  const counts = `${transactions} transactions, ${rejected} rejected, ${bytes} bytes`;
  return `${String(height).padStart(8)}  ${hash}  ${time}  ${counts}`;
}

async function transactionOf(store: LedgerStore, id: string) {
  const place = await store.findTransaction(Buffer.from(id, 'hex'));
  if (!place) return undefined;
  const { height, index } = place;
  const [block, codes] = await Promise.all([store.block(height), store.codes(height)]);
  const bytes = decodeBlock(block!).transactions[index]!;
  const { transaction } = decodeTransaction(bytes);
  return {
    id: id.toLowerCase(),
    height,
    index,
    result: codes![index]!,
    kind: transaction?.body.kind ?? null,
    sequence: transaction?.sequence ?? null,
    bytes: bytes.length,
  };
}

async function prune(data: string, keep: number): Promise<Record<string, unknown>> {
  return inStore(data, async ({ store }) => {
    const [tip, before] = await Promise.all([store.tip(), store.firstHeight()]);
    const firstHeight = Math.max(tip.height - keep + 1, before);
    if (firstHeight > before) {
      const newest = await newestSnapshot(join(data, 'snapshots'));
      if (newest === undefined || newest < firstHeight - 1) {
        throw new LedgerError(
          'BCHF_STORE_PRUNE_REFUSED',
          `an index needs a snapshot of height ${firstHeight - 1} or more to catch up; ` +
            `the newest is ${newest === undefined ? 'none' : `of height ${newest}`}`,
        );
      }
      await store.prune(firstHeight);
    }
    return { firstHeight, height: tip.height, forgotten: firstHeight - before };
  });
}

/** The height of the newest snapshot that is whole as far as its manifest tells. */
async function newestSnapshot(directory: string): Promise<number | undefined> {
  const files = await readdir(directory).catch(() => []);
  const heights = await Promise.all(
    files
      .filter((file) => file.endsWith('.bchf'))
      .map(async (file) => {
        try {
          return (await readManifest(join(directory, file))).height;
        } catch {
          return -1; // Damaged ones are passed over at a start, too.
        }
      }),
  );
  const newest = Math.max(-1, ...heights);
  return newest < 0 ? undefined : newest;
}
