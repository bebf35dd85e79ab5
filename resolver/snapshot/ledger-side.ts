// What a ledger that is followed adds to snapshots: it vouches for them (vouch-snapshot), and brings their
// content to the block that is served.

import type { FollowedLedger } from '../../ledger/ledger.ts';
import type { VouchedState } from '../../ledger/proof/state-proof.ts';
import type { Route } from '../../ledger/route.ts';
import type { ServingConfig } from '../config.ts';
import { decodeLabel } from '../freshness.ts';
import { catchUp } from '../ledger-indexes.ts';
import type { IndexPair, SnapshotManifest } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { SnapshotSource } from './swap-types.ts';
import { vouchSnapshot } from './vouch-snapshot.ts';

export interface LedgerSide {
  readonly chainId: string;
  /** See vouchSnapshot. */
  vouch(manifest: SnapshotManifest): Promise<VouchedState>;
  /** Applies blocks up to a height. Errors: BCHF_STORE_PRUNED, those of the index. */
  catchUp(indexes: IndexPair, heightMax: number): Promise<void>;
  readonly tipHeight: number;
  routes(): readonly Route[];
  /** The state after the tip, see the manifest. */
  readonly stateBytes: Uint8Array;
}

function ledgerSide(ledger: FollowedLedger): LedgerSide {
  return {
    chainId: ledger.chainId,
    vouch: (manifest) => vouchSnapshot(ledger, manifest),
    catchUp: (indexes, heightMax) => catchUp(ledger, indexes, heightMax),
    get tipHeight() {
      return ledger.tip.height;
    },
    routes: () => ledger.routes(),
    get stateBytes() {
      return ledger.stateBytes;
    },
  };
}

/** The snapshots of a ledger that is followed, for a service that begins to serve its indexes. */
export async function ledgerSnapshots(
  ledger: FollowedLedger,
  store: SnapshotStore,
  indexes: IndexPair,
  config: ServingConfig & {
    snapshotsKept: number;
    snapshotEveryBlocks: number;
    snapshotEveryMinutes: number;
  },
): Promise<SnapshotSource> {
  const block = { chainId: ledger.chainId, ...decodeLabel(indexes.msisdn.label()) };
  return {
    store,
    origin: {
      name: (await store.has(block)) ? store.nameOf(block.height) : null,
      chainId: ledger.chainId,
    },
    signers: config.snapshotSigners,
    ledger: ledgerSide(ledger),
    kept: config.snapshotsKept,
    changePercentMax: config.swapChangeMaxPercent,
    loadPriority: config.swapPriority,
    previousKeptS: config.previousKeptS,
    everyBlocks: config.snapshotEveryBlocks,
    everyMinutes: config.snapshotEveryMinutes,
  };
}
