// The indexes of a ledger that was just opened: the newest snapshot and the blocks behind it, or what the
// state says where these blocks were pruned. Both ways lead to the same content.

import type { EntryChange } from '../ledger/entry.ts';
import type { FollowedLedger } from '../ledger/ledger.ts';
import { LedgerError } from '../ledger/ledger-error.ts';
import { createWasmIndex } from '../wasm/wasm-index.ts';
import { heightOfLabel } from './freshness.ts';
import type { Log } from './log.ts';
import { applyToIndexes } from './served-content.ts';
import type { IndexPair } from './snapshot/snapshot-file.ts';
import type { SnapshotStore } from './snapshot/snapshot-store.ts';
import { verifySnapshot } from './snapshot/verify-snapshot.ts';
import { vouchSnapshot } from './snapshot/vouch-snapshot.ts';

/** Changes that are applied as one version while nobody reads the index yet. */
const CHANGES_AT_ONCE = 50_000;

/** Indexes at the ledger's height. Errors: those of the ledger and of the index. */
export async function openIndexes(
  ledger: FollowedLedger,
  snapshots: SnapshotStore,
  memoryBytesMax: number,
  log: Log,
): Promise<IndexPair> {
  const indexes = await restoreIndexes(ledger, snapshots, memoryBytesMax, log);
  try {
    await catchUp(ledger, indexes);
    return indexes;
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'BCHF_STORE_PRUNED') throw error;
    log.warn({ height: ledger.tip.height }, 'blocks are pruned: the index is built from the state');
    return indexesOfState(ledger, memoryBytesMax);
  }
}

/** The newest snapshot that is the chain's, or empty indexes. */
async function restoreIndexes(
  ledger: FollowedLedger,
  snapshots: SnapshotStore,
  memoryBytesMax: number,
  log: Log,
): Promise<IndexPair> {
  const loaded = await snapshots.loadNewest(
    async ({ chainId, height, blockHash }) => {
      if (chainId !== ledger.chainId || height > ledger.tip.height) return false;
      const committed = await ledger.blockHashAt(height);
      return committed !== undefined && Buffer.compare(committed, blockHash) === 0;
    },
    { memoryBytesMax },
    async (snapshot) => {
      log.info({ height: snapshot.block.height }, 'a snapshot of others is proven');
      verifySnapshot(snapshot, await vouchSnapshot(ledger, snapshot.manifest));
    },
  );
  if (!loaded) return emptyIndexes(memoryBytesMax);
  log.info({ height: loaded.block.height }, 'snapshot loaded');
  return loaded.indexes;
}

/**
 * Applies the blocks between the index's height and the ledger's, or another.
 *
 * Error: BCHF_STORE_PRUNED where they are not kept, and those of the index.
 */
export async function catchUp(
  ledger: FollowedLedger,
  indexes: IndexPair,
  heightMax = Number.POSITIVE_INFINITY,
): Promise<void> {
  let changes: EntryChange[] = [];
  for await (const block of ledger.changesSince(heightOfLabel(indexes.msisdn.label()))) {
    if (block.height > heightMax) break;
    changes = changes.concat(block.changes);
    const isLast = block.height >= Math.min(ledger.tip.height, heightMax);
    if (changes.length < CHANGES_AT_ONCE && !isLast) continue;
    applyToIndexes(indexes, block, changes);
    changes = [];
  }
}

function indexesOfState(ledger: FollowedLedger, memoryBytesMax: number): IndexPair {
  const indexes = emptyIndexes(memoryBytesMax);
  let changes: EntryChange[] = [];
  for (const change of ledger.entries()) {
    if (changes.push(change) < CHANGES_AT_ONCE) continue;
    applyToIndexes(indexes, ledger.tip, changes);
    changes = [];
  }
  applyToIndexes(indexes, ledger.tip, changes);
  return indexes;
}

function emptyIndexes(memoryBytesMax: number): IndexPair {
  return { imsi: createWasmIndex({ memoryBytesMax }), msisdn: createWasmIndex({ memoryBytesMax }) };
}
