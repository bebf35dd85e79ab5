// Proofs out of a store: of the state before its newest block, or of an older one that is replayed.

import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { LedgerError } from '../ledger-error.ts';
import type { UeId } from '../number.ts';
import { sha256 } from '../sha256.ts';
import { Commitment } from '../state/commitment.ts';
import type { Row } from '../state/tables.ts';
import type { LedgerStore } from '../store/ledger-store.ts';
import { replayBlocks, replayStart } from '../sync/replay.ts';
import { storedBlocks } from '../sync/stored-chain.ts';
import type { ChainTrust } from '../trust-codec.ts';
import type { Proof } from './proof-codec.ts';
import { type ProvenState, proveNumber } from './prove.ts';
import type { StateProof } from './state-proof.ts';

/** Proves by one state. */
export interface Prover {
  /** What the state says about a number. */
  number(ueId: UeId): Promise<Proof>;
  /** That the chain vouches for the state. */
  state(): StateProof;
}

/**
 * Reads the hash trees of the state before the tip, and gives what proves by them. All rows are
 * read and hashed once; a proof then reads the few that it shows.
 *
 * Errors: BCHF_PROOF_UNAVAILABLE before the first block, BCHF_STORE_CORRUPT, BCHF_STORE_FAILED.
 */
export async function openProver(store: LedgerStore): Promise<Prover> {
  const commitment = new Commitment();
  for await (const row of store.rowsBeforeTip()) commitment.set(row);
  const { height } = await store.tip();
  const row = store.rowBeforeTip.bind(store);
  return proverOf(store, height - 1, { commitment, row });
}

/**
 * The same for the state after an older block, by executing the blocks up to it again. Rows are held in
 * memory. Error besides: BCHF_STORE_PRUNED.
 */
export async function openProverAt(
  store: LedgerStore,
  height: number,
  trust: ChainTrust,
): Promise<Prover> {
  const tip = await store.tip();
  if (height === tip.height - 1) return openProver(store);
  if (height >= tip.height) throw notVouched(height);
  const rows = new Map<string, Uint8Array>();
  const commitment = new Commitment();
  const keep = (changed: readonly Row[]): void => {
    for (const row of changed) {
      commitment.set(row);
      const name = `${row.table} ${row.id}`;
      if (row.bytes) rows.set(name, Uint8Array.from(row.bytes));
      else rows.delete(name);
    }
  };
  const start = replayStart(trust);
  keep(start.rows);
  const own = { verifyFrom: Number.POSITIVE_INFINITY };
  const blocks = storedBlocks(store, 1, height);
  for await (const block of replayBlocks(trust, start, blocks, own)) keep(block.rows);
  const row = async (table: string, id: number) => rows.get(`${table} ${id}`);
  return proverOf(store, height, { commitment, row });
}

/**
 * The proof of the state after a block whose inner bytes are known already, from the blocks alone.
 * Error: BCHF_PROOF_UNAVAILABLE.
 */
export async function storedStateProof(
  store: LedgerStore,
  height: number,
  state: Uint8Array,
): Promise<StateProof> {
  const { header, commit, before } = await vouchingBlocks(store, height);
  if (!before) throw unavailable(`block ${height} is not kept`);
  return { header, commit, before, state };
}

/** The header that has the app hash of the state after `height`, its commit, and the header before. */
async function vouchingBlocks(store: LedgerStore, height: number) {
  if (height < 0) throw notVouched(height);
  const [block, commitBytes, blockBefore] = await Promise.all([
    store.block(height + 1),
    store.commit(height + 1),
    store.block(height),
  ]);
  if (!block || !commitBytes) throw notVouched(height);
  return {
    header: decodeBlock(block).header,
    commit: decodeCommit(commitBytes),
    before: blockBefore && decodeBlock(blockBefore).header,
  };
}

/** `state` is that after the block of `height`; the next header has its app hash. */
async function proverOf(store: LedgerStore, height: number, state: ProvenState): Promise<Prover> {
  const { header, commit, before } = await vouchingBlocks(store, height);
  if (Buffer.compare(sha256(state.commitment.bytes().state), header.appHash) !== 0) {
    throw new LedgerError(
      'BCHF_STORE_CORRUPT',
      `the state after block ${height} does not have the app hash in the next header`,
    );
  }
  return {
    number: (ueId) => proveNumber(ueId, state, header, commit),
    state() {
      if (!before) throw unavailable(`block ${height} is not kept`);
      return { header, commit, before, state: state.commitment.bytes().state };
    },
  };
}

function notVouched(height: number): LedgerError {
  return unavailable(
    `there is no block ${height + 1}, which would vouch for the state after block ${height}`,
  );
}

function unavailable(message: string): LedgerError {
  return new LedgerError('BCHF_PROOF_UNAVAILABLE', message);
}
