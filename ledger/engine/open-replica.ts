// Opens the ledger of a node that follows a chain and makes no blocks: it needs no validator's key,
// only to know whom to trust.

import { join } from 'node:path';
import { sortValidators } from '../block/hashes.ts';
import type { Validator } from '../block/types.ts';
import { createLedger, type FollowedLedger, loadCommit, loadState, wrongChain } from '../ledger.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { ReplicaLedger } from './replica-ledger.ts';

export interface ReplicaOptions {
  /** Holds `store/`; made where it is missing. */
  directory: string;
  /** 1 to 50 bytes. */
  chainId: string;
  /** Whose > 2/3 of voting power commits blocks, in any order. */
  validators: readonly Validator[];
  /** Whose signature admits members and assigns prefixes: 32 bytes of ed25519. */
  authorityPublicKey: Uint8Array;
  /** Anything JSON can say; recorded when the ledger is created and never changed. */
  settings?: Record<string, unknown>;
}

/**
 * Opens the ledger of a directory, or creates it, at height 0. The state is read back and its
 * commitment is recomputed and compared.
 *
 * Errors: BCHF_STORE_LOCKED, BCHF_STORE_CORRUPT, BCHF_STORE_WRONG_CHAIN, BCHF_STORE_FAILED,
 * BCHF_ENGINE_VALIDATOR_CHANGED.
 */
export async function openReplica(options: ReplicaOptions): Promise<FollowedLedger> {
  const { directory, chainId, authorityPublicKey, settings = {} } = options;
  const store = await LedgerStore.open(join(directory, 'store'));
  try {
    const validators = sortValidators(options.validators);
    const genesis =
      (await store.genesis()) ??
      (await createLedger(store, { chainId, settings }, authorityPublicKey));
    if (genesis.chainId !== chainId) throw wrongChain(`chain ${genesis.chainId}`);
    const tip = await store.tip();
    const state = await loadState(store, tip);
    if (Buffer.compare(state.members[0]!.publicKey, authorityPublicKey) !== 0) {
      throw wrongChain('another authority');
    }
    const commit = await loadCommit(store, validators, tip, chainId);
    return new ReplicaLedger({ store, validators, state, tip, commit, genesis });
  } catch (error) {
    await store.close();
    throw error;
  }
}
