// `npm run bench -- ledger-replay`: how fast a follower executes a chain again and brings its index
// along.
//
// Each run replays the same blocks three times, every time onto a fresh state and fresh indexes that
// hold what was ported beforehand:
//
//     transactionsPerSecond        commits of 4 validators, data and app hash of each block verified
//     auditTransactionsPerSecond   and every signature of every transaction, on as many threads as cores
//     storedTransactionsPerSecond  as the first, and each block, its results, changes and rows of the
//                                  state in a store, synced
//
// The clock runs from the first block that counts to the last one's changes in the index. The figures per
// CPU second divide by the time that all threads of the process have run, garbage collection included:
// they hold on a machine that others use too, and are what one core does.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { resultsHash } from '../../ledger/block/hashes.ts';
import { LedgerStore } from '../../ledger/store/ledger-store.ts';
import { type ReplayedBlock, replayBlocks, replayStart } from '../../ledger/sync/replay.ts';
import { SignaturePool } from '../../ledger/sync/signature-pool.ts';
import {
  type BenchOptions,
  type BenchResult,
  repeatAsync,
  runBench,
} from '../../wasm/bench/bench-report.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { applyToIndexes } from '../served-content.ts';
import { createReplayChain, type ReplayChain } from './bench-replay-chain.ts';

const REPLAY_BAR = { atLeast: 20_000 };
const AUDIT_PER_CORE_MIN = 5_000;
/** The size that the bars are set for. */
const TRANSACTIONS_FULL = 1_000;
const TRANSACTIONS_QUICK = 20;

type Option = 'blocks' | 'ported' | 'threads';

await runBench<Option>({
  name: 'ledger-replay',
  about: 'Transactions per second of a follower that verifies, executes and indexes a chain again.',
  options: {
    blocks: { what: 'blocks of 1,000 transactions', full: 20, quick: 3, min: 1, max: 1_000 },
    ported: {
      what: 'numbers ported beforehand',
      full: 1_000_000,
      quick: 2_000,
      min: 1_000,
      max: 10_000_000,
    },
    threads: {
      what: 'threads of the audit',
      full: availableParallelism(),
      quick: 1,
      min: 1,
      max: 64,
    },
  },
  measure,
});

async function measure({ quick, runs, seed, values }: BenchOptions<Option>): Promise<BenchResult> {
  const { blocks, ported, threads } = values;
  const transactionsPerBlock = quick ? TRANSACTIONS_QUICK : TRANSACTIONS_FULL;
  const chain = createReplayChain({ ported, blocks, transactionsPerBlock }, seed);
  tell(`a chain of ${chain.setup.length + blocks} blocks is made`);
  const pool = new SignaturePool(threads);
  try {
    const measured = await repeatAsync(runs, async (run) => {
      const plain = await replay(chain, {});
      const audit = await replay(chain, { audit: pool });
      const stored = await replayIntoStore(chain);
      tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
      return {
        plain: plain.wall,
        plainCpu: plain.cpu,
        audit: audit.wall,
        auditCpu: audit.cpu,
        stored: stored.wall,
      };
    });
    return {
      notes: [
        `${blocks} blocks of ${transactionsPerBlock} transactions: half port a number, a quarter take a ` +
          'run of 10, a quarter change a route',
        `${(chain.signatures / (blocks * transactionsPerBlock)).toFixed(2)} signatures a transaction, ` +
          `commits of ${chain.trust.validators.validators.length} validators, ` +
          `${ported.toLocaleString('en-US')} numbers ported beforehand`,
        `audit on ${threads} threads beside the one that executes`,
      ],
      figures: [
        { name: 'transactionsPerSecond', measured: measured.plain, bar: REPLAY_BAR },
        {
          name: 'auditTransactionsPerSecond',
          measured: measured.audit,
          bar: { atLeast: AUDIT_PER_CORE_MIN * threads },
        },
        { name: 'storedTransactionsPerSecond', measured: measured.stored },
        { name: 'transactionsPerCpuSecond', measured: measured.plainCpu },
        { name: 'auditTransactionsPerCpuSecond', measured: measured.auditCpu },
        { name: 'auditThreads', measured: threads },
      ],
      ...(quick ? { unjudged: 'a quick run' } : {}),
    };
  } finally {
    await pool.close();
  }
}

/** What is done with each block besides executing it. */
interface ReplaySetting {
  audit?: SignaturePool;
  store?: (block: ReplayedBlock) => Promise<void>;
}

/** Transactions a second, and a second of all threads' time together. */
interface Speed {
  wall: number;
  cpu: number;
}

/** From the first block that counts on. */
async function replay(
  { trust, setup, blocks, appHash }: ReplayChain,
  { audit, store }: ReplaySetting,
): Promise<Speed> {
  const start = replayStart(trust);
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  let { position } = start;
  const follow = async (block: ReplayedBlock): Promise<void> => {
    position = block.position;
    await store?.(block);
    applyToIndexes(indexes, position, block.changes);
  };
  // What comes beforehand is the bench's own: it is executed, not verified.
  const unverified = { verifyFrom: Number.POSITIVE_INFINITY };
  for await (const block of replayBlocks(trust, start, setup, unverified)) await follow(block);
  const rest = { state: start.state, position };
  let transactions = 0;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  for await (const block of replayBlocks(trust, rest, blocks, audit ? { audit } : {})) {
    await follow(block);
    transactions += block.codes.length;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  if (Buffer.compare(position.appHash, appHash) !== 0) throw new Error('another state was reached');
  const cpu = process.cpuUsage(cpuBefore);
  return { wall: transactions / seconds, cpu: (transactions * 1e6) / (cpu.user + cpu.system) };
}

async function replayIntoStore(chain: ReplayChain): Promise<Speed> {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-bench-replay-'));
  const store = await LedgerStore.open(join(directory, 'store'));
  try {
    await store.create({ chainId: chain.trust.chainId, settings: {} }, [], {
      height: 0,
      blockHash: new Uint8Array(32),
      timeMs: 0,
      appHash: new Uint8Array(32),
      resultsHash: resultsHash([]),
      transactionCount: 0,
    });
    return await replay(chain, {
      store: ({ encoded, codes, changes, rows, position }) =>
        store.writeBlock({
          block: encoded.block,
          commit: encoded.commit,
          codes,
          changes,
          rows,
          tip: {
            ...position,
            transactionCount: 0,
          },
        }),
    });
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

/** Progress: standard output is for the report. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
