// A chain in a store, as a replay reads it and as an import writes it.

import { resultsHash } from '../block/hashes.ts';
import { LedgerError } from '../ledger-error.ts';
import { LedgerState } from '../state/state.ts';
import type { BlockFrame } from '../store/block-file-codec.ts';
import type { Genesis, LedgerStore, StoredTip } from '../store/ledger-store.ts';
import { transactionId } from '../transaction-codec.ts';
import type { ChainTrust } from '../trust-codec.ts';
import { type ReplayedBlock, type ReplayStart, replayStart } from './replay.ts';

/** The blocks of a store from one height to another, both included. Error: BCHF_STORE_PRUNED. */
export async function* storedBlocks(
  store: LedgerStore,
  from: number,
  to: number,
): AsyncIterableIterator<BlockFrame> {
  const firstHeight = await store.firstHeight();
  if (from < firstHeight && from <= to) {
    throw new LedgerError('BCHF_STORE_PRUNED', `the blocks before ${firstHeight} are gone`);
  }
  for (let height = from; height <= to; height++) {
    const [block, commit, codes] = await Promise.all([
      store.block(height),
      store.commit(height),
      store.codes(height),
    ]);
    if (!block || !commit || !codes) {
      throw new LedgerError('BCHF_STORE_CORRUPT', `block ${height} is missing`);
    }
    yield { height, block, commit, codes };
  }
}

/** The state after a store's tip, read back and compared with its app hash. */
export async function loadStoredState(store: LedgerStore, tip: StoredTip): Promise<LedgerState> {
  const state = new LedgerState();
  for await (const row of store.rows()) {
    try {
      state.loadRow(row);
    } catch (cause) {
      const message = `row ${row.id} of ${row.table} is damaged`;
      throw new LedgerError('BCHF_STORE_CORRUPT', message, { cause });
    }
  }
  if (Buffer.compare(state.appHash(), tip.appHash) !== 0) {
    throw new LedgerError('BCHF_STORE_CORRUPT', 'the state does not have the recorded app hash');
  }
  return state;
}

/**
 * Where an import goes on: behind the tip of the store, or at the beginning of a chain that is created
 * in it. Errors: BCHF_STORE_WRONG_CHAIN, BCHF_STORE_CORRUPT.
 */
export async function importStart(
  store: LedgerStore,
  trust: ChainTrust,
  settings: Genesis['settings'],
): Promise<ReplayStart & { tip: StoredTip }> {
  const genesis = await store.genesis();
  const { chainId, authorityPublicKey } = trust;
  if (!genesis) return createChain(store, trust, settings);
  const authority = genesis.authorityPublicKey;
  const isOther = authority && authority !== Buffer.from(authorityPublicKey).toString('hex');
  if (genesis.chainId !== chainId || isOther) {
    throw new LedgerError(
      'BCHF_STORE_WRONG_CHAIN',
      'the directory holds the ledger of another chain',
    );
  }
  const tip = await store.tip();
  const state = await loadStoredState(store, tip);
  return { state, tip, position: tip };
}

async function createChain(
  store: LedgerStore,
  trust: ChainTrust,
  settings: Genesis['settings'],
): Promise<ReplayStart & { tip: StoredTip }> {
  const start = replayStart(trust);
  const { state } = start;
  const tip: StoredTip = {
    height: 0,
    blockHash: new Uint8Array(32),
    timeMs: 0,
    appHash: state.appHash(),
    resultsHash: resultsHash([]),
    transactionCount: 0,
  };
  await store.create({ chainId: trust.chainId, settings }, start.rows, tip);
  return { ...start, tip };
}

/** Stores a replayed block; returns the new tip. To be awaited before the next block is asked for. */
export async function storeReplayed(
  store: LedgerStore,
  { encoded, received, position, codes, changes, rows }: ReplayedBlock,
  before: StoredTip,
): Promise<StoredTip> {
  const { transactions } = received.block;
  const tip: StoredTip = {
    ...position,
    transactionCount: before.transactionCount + transactions.length,
  };
  const ids = transactions.map(transactionId);
  const { block, commit } = encoded;
  await store.writeBlock({ block, commit, codes, changes, rows, tip, ids });
  return tip;
}
