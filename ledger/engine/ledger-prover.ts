// Proofs by a ledger that is open and goes on following its chain.
//
// The chain vouches for the state before the newest block. Its rows lie in the store; its hash trees are
// those in memory, taken back by what the newest block has changed (tree-undo). So a proof costs a few
// reads and no block waits for longer than that.

import { decodeBlock } from '../block/block-codec.ts';
import type { Commit, Header } from '../block/types.ts';
import { LedgerError } from '../ledger-error.ts';
import type { UeId } from '../number.ts';
import type { Proof } from '../proof/proof-codec.ts';
import { proveNumber } from '../proof/prove.ts';
import type { StateProof } from '../proof/state-proof.ts';
import type { LedgerState } from '../state/state.ts';
import type { Row } from '../state/tables.ts';
import type { LedgerStore } from '../store/ledger-store.ts';

/** What a ledger stands at; nothing of it changes while a proof is made. */
export interface ProverParts {
  store: LedgerStore;
  state: LedgerState;
  height: number;
  commit: Commit | undefined;
}

/** Proves what the state before the tip says about a number. Error: BCHF_PROOF_UNAVAILABLE. */
export async function proveByTip(parts: ProverParts, ueId: UeId): Promise<Proof> {
  const { header, commit } = await vouching(parts);
  const row = parts.store.rowBeforeTip.bind(parts.store);
  return proveNumber(ueId, { commitment: await commitmentBefore(parts), row }, header, commit);
}

/** Proves the state before the tip. Error: BCHF_PROOF_UNAVAILABLE. */
export async function proveStateByTip(parts: ProverParts): Promise<StateProof> {
  const { header, commit } = await vouching(parts);
  const before = await headerAt(parts.store, parts.height - 1);
  return { header, commit, before, state: (await commitmentBefore(parts)).bytes().state };
}

async function vouching({ store, height, commit }: ProverParts) {
  if (!commit) throw unavailable('there is no block yet');
  return { header: await headerAt(store, height), commit };
}

async function headerAt(store: LedgerStore, height: number): Promise<Header> {
  const block = await store.block(height);
  if (!block) throw unavailable(`block ${height} is not kept`);
  return decodeBlock(block).header;
}

async function commitmentBefore({ store, state }: ProverParts) {
  const known = state.commitmentBefore();
  if (known) return known;
  // No block has come since the ledger was opened: the rows before the newest one are in the store.
  const changed = await store.newestRows();
  const before: Row[] = [];
  for (const { table, id } of changed) {
    before.push({ table, id, bytes: await store.rowBeforeTip(table, id) });
  }
  state.markBefore(changed, before);
  return state.commitmentBefore()!;
}

function unavailable(message: string): LedgerError {
  return new LedgerError('BCHF_PROOF_UNAVAILABLE', message);
}
