// `bchf start`: the embedded consortium. Opens the ledger, fills it with the population where that
// is not done yet, brings the index to its height, serves.
//
//     data/
//       ledger/            blocks and state
//       snapshots/         <height>.bchf
//       population.json    written when all of the population's transactions are in blocks
//
// A first start that is killed goes on where the last block ended: the population's transactions
// come in one fixed order and are the chain's first, so the ledger's transaction count says how many
// of them are done.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommittedBlock, type Ledger, openLedger } from '../ledger/ledger.ts';
import { makeDirectory } from '../ledger/make-directory.ts';
import { deriveKeyPair, type KeyPair } from '../ledger/population/key-pairs.ts';
import { readNumberingData } from '../ledger/population/numbering-data.ts';
import { createPopulation, type Population } from '../ledger/population/population.ts';
import type { Route } from '../ledger/route.ts';
import { AUTHORITY, signersOf, type TransactionBody } from '../ledger/transaction-body.ts';
import { signTransaction } from '../ledger/transaction-codec.ts';
import { writeWhole } from '../ledger/whole-file.ts';
import { type Configuration, flagName, type startOptions } from './config.ts';
import { NewestBlock } from './freshness.ts';
import { LedgerDesk } from './ledger-desk.ts';
import { openIndexes } from './ledger-indexes.ts';
import type { Log } from './log.ts';
import { startMoving } from './moving-numbers.ts';
import type { Progress } from './progress.ts';
import { ResolverError } from './resolver-error.ts';
import { applyToIndexes } from './served-content.ts';
import { type Service, startService } from './service.ts';
import { ledgerSnapshots } from './snapshot/ledger-side.ts';
import { saveSnapshot } from './snapshot/save-snapshot.ts';
import type { IndexPair } from './snapshot/snapshot-file.ts';
import { openStore } from './snapshot/snapshot-store.ts';
import { checkBeforeLoading } from './start-checks.ts';

export const CHAIN_ID = 'bchf-embedded';
/** Limits of a block of the population: it is committed in small steps, so that a stop is quick. */
const BLOCK_TRANSACTIONS_MAX = 1000;
const BLOCK_BYTES_MAX = 256 * 1024;

/** The options that decide what the population's transactions are. */
const POPULATION_OPTIONS = ['ported', 'fragmented', 'profile', 'seed'] as const;
type PopulationOptions = Record<(typeof POPULATION_OPTIONS)[number], number>;

/** What a ledger begins with: bodies in one fixed order, and the keys of those who sign them. */
export interface Foundation {
  transactionCount(): number;
  /** From the one at position `first` on. */
  transactions(first: number): Iterable<TransactionBody>;
  keyPairOf(signer: string): KeyPair;
}

export interface StartOptions {
  configuration: Configuration<typeof startOptions>;
  log: Log;
  progress: Progress;
  /** Aborted by a request to stop. */
  signal: AbortSignal;
  onFailure: (error: ResolverError) => void;
  now?: () => number;
  /** In place of the population that the options describe. */
  foundation?: Foundation;
}

export interface Started {
  service: Service;
  ledger: Ledger;
  population: PopulationOptions;
  /** Makes a block of transactions and serves it; resolves when every thread answers from it. */
  commit(transactions: readonly Uint8Array[]): Promise<CommittedBlock>;
  stop(): Promise<void>;
}

/**
 * Starts everything; `undefined` where the signal was aborted before it served.
 *
 * Throws BCHF_DATA_MISMATCH where the directory holds another population than the one asked for,
 * and the errors of the ledger, of the index, of the admin port's protection and of listening.
 */
export async function start(options: StartOptions): Promise<Started | undefined> {
  const { configuration, log, onFailure, now = Date.now } = options;
  const config = configuration.values;
  await checkBeforeLoading(config, log);
  await orDataError(config.data, makeDirectory(config.data));
  const ledger = await openDataLedger(configuration, now);
  try {
    const population = ledger.settings as PopulationOptions;
    const memoryBytesMax = config.indexMemoryMaxMib * 2 ** 20;
    const snapshots = await openStore(join(config.data, 'snapshots'), log, config);
    const indexes = await openIndexes(ledger, snapshots, memoryBytesMax, log);
    const isComplete = await fillLedger(ledger, indexes, options);
    if (!isComplete) {
      await ledger.close();
      return undefined;
    }
    const save = (indexes: IndexPair) =>
      saveSnapshot({ ledger, indexes, snapshots }, config.snapshotsKept, now(), log);
    await save(indexes);
    const newestBlock = new NewestBlock();
    newestBlock.committed(ledger.tip.height, now());
    const routes = ledger.routes();
    const service = await startService({
      config,
      indexes,
      routes,
      newestBlock,
      ledger: new LedgerDesk(ledger),
      terminalKeyOf: ledger.terminalKey.bind(ledger),
      snapshots: await ledgerSnapshots(ledger, snapshots, indexes, config),
      log,
      onFailure,
      now,
    });
    const commit = async (transactions: readonly Uint8Array[]) => {
      const block = await ledger.commit(transactions);
      newestBlock.committed(block.height, now());
      const changed = block.changedRoutes.map((number) => ({
        number,
        route: ledger.routes()[number] as Route,
      }));
      await service.applyBlock(block, block.changes, changed);
      return block;
    };
    const moving =
      config.movesPerSecond > 0 &&
      startMoving({
        population: await populationOf(population),
        perSecond: config.movesPerSecond,
        chainId: ledger.chainId,
        transactionCount: () => ledger.transactionCount,
        isAway: (key) => service.indexes.msisdn.find(key)?.entry === 'ported',
        commit,
        onFault: (err) => log.error({ err }, 'numbers could not be moved'),
        nowMs: () => performance.now(),
      });
    return {
      service,
      ledger,
      population,
      commit,
      async stop() {
        try {
          if (moving) await moving.stop();
          await service.stop();
          await save(service.indexes);
        } finally {
          await ledger.close();
        }
      },
    };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

async function openDataLedger(
  { values: config, given }: Configuration<typeof startOptions>,
  now: () => number,
): Promise<Ledger> {
  const wanted = Object.fromEntries(POPULATION_OPTIONS.map((name) => [name, config[name]]));
  const ledger = await openLedger({
    directory: join(config.data, 'ledger'),
    chainId: CHAIN_ID,
    authorityPublicKey: (settings) =>
      deriveKeyPair(Number(settings.seed), AUTHORITY).publicKeyBytes,
    settings: wanted,
    now,
  });
  const recorded = ledger.settings as PopulationOptions;
  const different = POPULATION_OPTIONS.filter(
    (name) => given.has(name) && recorded[name] !== wanted[name],
  );
  if (different.length === 0) return ledger;
  await ledger.close();
  const list = different.map((name) => `${flagName(name)} ${recorded[name]}`).join(', ');
  throw new ResolverError(
    'BCHF_DATA_MISMATCH',
    `${config.data} was made with ${list}: leave these options out, or give another --data`,
  );
}

/**
 * Brings the population's transactions into blocks and their entries into the index. Returns whether
 * all are in.
 */
async function fillLedger(
  ledger: Ledger,
  indexes: IndexPair,
  { configuration, progress, signal, foundation }: StartOptions,
): Promise<boolean> {
  const { data } = configuration.values;
  const donePath = join(data, 'population.json');
  const recorded = await recordedTransactions(donePath);
  if (recorded !== undefined && ledger.transactionCount >= recorded) return true;
  const population = foundation ?? (await populationOf(ledger.settings as PopulationOptions));
  const total = population.transactionCount();
  const done = ledger.transactionCount;
  const task = progress.start('building the ledger', total, 'transactions');
  try {
    task.advance(Math.min(done, total));
    for (const transactions of blocksOf(population, done, ledger.chainId)) {
      if (signal.aborted) return false;
      const block = await ledger.commit(transactions);
      const rejected = block.results.find((result) => result.code !== 'OK');
      if (rejected)
        throw new Error(`a transaction of the population was rejected: ${rejected.code}`);
      applyToIndexes(indexes, block, block.changes);
      task.advance(transactions.length);
    }
    task.done();
  } finally {
    task.close();
  }
  const record = `${JSON.stringify({ transactions: total })}\n`;
  await orDataError(donePath, writeWhole(donePath, record));
  return true;
}

async function populationOf(options: PopulationOptions): Promise<Population> {
  const profile = options.profile as 5 | 25 | 60;
  return createPopulation({ data: await readNumberingData(), ...options, profile });
}

/** The signed transactions of the population from position `done` on, in blocks. */
function* blocksOf(population: Foundation, done: number, chainId: string): Generator<Uint8Array[]> {
  let block: Uint8Array[] = [];
  let bytes = 0;
  let position = done;
  for (const body of population.transactions(done)) {
    position++;
    const keys = signersOf(body).map((signer) => population.keyPairOf(signer).privateKey);
    // Positions rise, so each signer's sequence numbers do.
    const transaction = signTransaction(body, position, chainId, keys);
    if (
      block.length === BLOCK_TRANSACTIONS_MAX ||
      (block.length > 0 && bytes + transaction.length > BLOCK_BYTES_MAX)
    ) {
      yield block;
      block = [];
      bytes = 0;
    }
    block.push(transaction);
    bytes += transaction.length;
  }
  if (block.length > 0) yield block;
}

/** How many transactions the population is, where it was once complete. */
async function recordedTransactions(path: string): Promise<number | undefined> {
  if (!existsSync(path)) return undefined;
  const text = await orDataError(path, readFile(path, 'utf8'));
  try {
    const { transactions } = JSON.parse(text);
    return Number.isInteger(transactions) ? transactions : undefined;
  } catch {
    return undefined; // Damaged: it is written again from the population.
  }
}

async function orDataError<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    throw new ResolverError('BCHF_DATA_IO', `${path}: ${(cause as Error).message}`, { cause });
  }
}
