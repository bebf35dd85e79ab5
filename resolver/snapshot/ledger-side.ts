// What a ledger that is followed adds to snapshots: it says whether one is of its chain, proves it, and
// brings its content to the block that is served.

import { decodeBlock } from '../../ledger/block/block-codec.ts';
import type { FollowedLedger } from '../../ledger/ledger.ts';
import type { VouchedState } from '../../ledger/proof/state-proof.ts';
import type { Route } from '../../ledger/route.ts';
import { sha256 } from '../../ledger/sha256.ts';
import type { ServingConfig } from '../config.ts';
import { decodeLabel } from '../freshness.ts';
import { catchUp } from '../ledger-indexes.ts';
import { ResolverError } from '../resolver-error.ts';
import type { IndexPair, SnapshotManifest } from './snapshot-file.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { SnapshotSource } from './swap-types.ts';

export interface LedgerSide {
  readonly chainId: string;
  /**
   * What the chain vouches for at a snapshot's block. Errors: BCHF_SNAPSHOT_WRONG_CHAIN,
   * BCHF_SNAPSHOT_AHEAD; BCHF_SNAPSHOT_UNPROVEN where the snapshot or the ledger has not what a proof needs.
   */
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
    vouch: (manifest) => vouch(ledger, manifest),
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
    previousKeptS: config.previousKeptS,
    everyBlocks: config.snapshotEveryBlocks,
    everyMinutes: config.snapshotEveryMinutes,
  };
}

async function vouch(ledger: FollowedLedger, manifest: SnapshotManifest): Promise<VouchedState> {
  const { height, blockHash, chainId, blockTimeMs } = manifest;
  if (chainId !== ledger.chainId) throw wrongChain(`it is of chain ${chainId ?? 'none'}`);
  if (height > ledger.tip.height) {
    const message = `the snapshot is of block ${height}, the ledger stands at ${ledger.tip.height}`;
    throw new ResolverError('BCHF_SNAPSHOT_AHEAD', message);
  }
  const hash = Buffer.from(blockHash, 'hex');
  const own = await ledger.blockHashAt(height);
  if (own === undefined || Buffer.compare(own, hash) !== 0) {
    throw wrongChain(`block ${height} of the ledger is another`);
  }
  if (manifest.state === undefined) throw unproven('it does not hold the roots of its state');
  const state = Buffer.from(manifest.state, 'base64');
  const appHash = await appHashAfter(ledger, height);
  if (!appHash) throw unproven(`block ${height + 1}, which would vouch for it, is not kept`);
  if (Buffer.compare(sha256(state), appHash) !== 0) {
    throw unproven('its state is not the one that the chain vouches for');
  }
  return { chainId, height, blockHash: hash, timeMs: blockTimeMs, state };
}

/** The ledger's own blocks were verified when they were taken. */
async function appHashAfter(
  ledger: FollowedLedger,
  height: number,
): Promise<Uint8Array | undefined> {
  if (height === ledger.tip.height) return ledger.appHash;
  const next = await ledger.encodedBlock(height + 1);
  return next && decodeBlock(next.block).header.appHash;
}

function wrongChain(reason: string): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_WRONG_CHAIN', `the snapshot is refused: ${reason}`);
}

function unproven(reason: string): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_UNPROVEN', `the snapshot is not proven: ${reason}`);
}
