// What a ledger that is followed says of a snapshot: whether it is of its chain, and what the state was
// then.

import { decodeBlock } from '../../ledger/block/block-codec.ts';
import type { FollowedLedger } from '../../ledger/ledger.ts';
import type { VouchedState } from '../../ledger/proof/state-proof.ts';
import { sha256 } from '../../ledger/sha256.ts';
import { ResolverError } from '../resolver-error.ts';
import type { SnapshotManifest } from './snapshot-format.ts';

/**
 * What the chain vouches for at a snapshot's block. Errors: BCHF_SNAPSHOT_WRONG_CHAIN, BCHF_SNAPSHOT_AHEAD;
 * BCHF_SNAPSHOT_UNPROVEN where the snapshot or the ledger has not what a proof needs.
 */
export async function vouchSnapshot(
  ledger: FollowedLedger,
  manifest: SnapshotManifest,
): Promise<VouchedState> {
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
