// Writes the snapshot of an index that follows a ledger.

import type { FollowedLedger } from '../../ledger/ledger.ts';
import { decodeLabel, heightOfLabel } from '../freshness.ts';
import type { Log } from '../log.ts';
import type { IndexPair } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/**
 * Writes a snapshot of the block that the indexes stand at, unless there is one, and deletes all but
 * the newest `kept`. Error: BCHF_SNAPSHOT_IO.
 */
export async function saveSnapshot(
  {
    ledger,
    indexes,
    snapshots,
  }: {
    ledger: FollowedLedger;
    indexes: IndexPair;
    snapshots: SnapshotStore;
  },
  kept: number,
  nowMs: number,
  log: Log,
): Promise<void> {
  // The index's block and not the ledger's tip: at a stop the index may not have come to it.
  const block = { chainId: ledger.chainId, ...decodeLabel(indexes.msisdn.label()) };
  // A block that only one index could take: no snapshot is better than one of two heights.
  if (block.height === 0 || heightOfLabel(indexes.imsi.label()) !== block.height) return;
  if (await snapshots.has(block)) return;
  const state = ledger.tip.height === block.height ? ledger.stateBytes : undefined;
  const content = { indexes, routes: ledger.routes(), block, state };
  const path = await snapshots.save(content, nowMs);
  await snapshots.prune(kept);
  log.info({ path, height: block.height }, 'snapshot written');
}
