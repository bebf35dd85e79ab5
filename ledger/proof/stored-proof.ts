// Proofs out of a store: of the state before its newest block, whose header has that state's app hash.

import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { LedgerError } from '../ledger-error.ts';
import type { UeId } from '../number.ts';
import { Commitment } from '../state/commitment.ts';
import type { LedgerStore } from '../store/ledger-store.ts';
import type { Proof } from './proof-codec.ts';
import { proveNumber } from './prove.ts';

/**
 * Reads the hash trees of the state before the tip, and gives what proves numbers by them. All rows are
 * read and hashed once; a proof then reads the few that it shows.
 *
 * Errors: BCHF_PROOF_UNAVAILABLE before the first block, BCHF_STORE_CORRUPT, BCHF_STORE_FAILED.
 */
export async function openProver(store: LedgerStore): Promise<(ueId: UeId) => Promise<Proof>> {
  const tip = await store.tip();
  const [block, commitBytes] = await Promise.all([
    store.block(tip.height),
    store.commit(tip.height),
  ]);
  if (!block || !commitBytes) {
    throw new LedgerError(
      'BCHF_PROOF_UNAVAILABLE',
      'there is no block yet that vouches for a state',
    );
  }
  const { header } = decodeBlock(block);
  const commit = decodeCommit(commitBytes);
  const commitment = new Commitment();
  for await (const row of store.rowsBeforeTip()) commitment.set(row);
  if (Buffer.compare(commitment.appHash(), header.appHash) !== 0) {
    throw new LedgerError(
      'BCHF_STORE_CORRUPT',
      `the state before block ${tip.height} does not have the app hash in its header`,
    );
  }
  const row = store.rowBeforeTip.bind(store);
  return (ueId) => proveNumber(ueId, { commitment, row }, header, commit);
}
