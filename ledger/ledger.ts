// The ledger as the rest of the product sees it: blocks are committed here, and followed from here.
//
// Owns the interface and what is checked when a ledger is opened; what happens to a block is in
// engine/replica-ledger.

import { join } from 'node:path';
import type { Allocation, AllocationWish } from './allocation.ts';
import { decodeBlock, decodeCommit } from './block/block-codec.ts';
import { verifyCommit } from './block/commit.ts';
import { blockIdOf, resultsHash } from './block/hashes.ts';
import type { Commit, Validator } from './block/types.ts';
import { PUBLIC_KEY_BYTES } from './ed25519.ts';
import type { Admission } from './engine/admission.ts';
import { EmbeddedEngine } from './engine/embedded-engine.ts';
import { EmbeddedLedger } from './engine/embedded-ledger.ts';
import { loadValidators } from './engine/validator-file.ts';
import type { EntryChange, RouteNumber } from './entry.ts';
import type { EncodedBlock } from './gossip/message-codec.ts';
import { LedgerError } from './ledger-error.ts';
import type { Identity, NumberKey, UeId } from './number.ts';
import type { Proof } from './proof/proof-codec.ts';
import type { StateProof } from './proof/state-proof.ts';
import type { Route } from './route.ts';
import { HASH_BYTES } from './sha256.ts';
import type { RoamingTally } from './state/roaming.ts';
import { LedgerState } from './state/state.ts';
import type { KnownEntries, NumberHistory } from './store/entry-history.ts';
import type { EntryName, EntryOrigin } from './store/entry-origin.ts';
import {
  type BlockChanges,
  type Genesis,
  LedgerStore,
  type StoredTip,
} from './store/ledger-store.ts';
import type { ProvenBlock } from './sync/verify-block.ts';
import type { MemberRecord } from './transaction-body.ts';
import type { TransactionCode } from './transaction-code.ts';
import { CHAIN_ID_BYTES_MAX } from './transaction-codec.ts';
import type { RoamingTerms } from './transaction-roaming.ts';

export {
  BLOCK_TRANSACTION_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
} from './engine/embedded-engine.ts';

export interface LedgerOptions {
  /** Holds `validator.json` and `store/`; made where it is missing. */
  directory: string;
  /** 1 to 50 bytes. */
  chainId: string;
  /**
   * Whose signature admits members and assigns prefixes: 32 bytes of ed25519, or how they follow
   * from the settings, which are the recorded ones where the ledger exists.
   */
  authorityPublicKey: Uint8Array | ((settings: Record<string, unknown>) => Uint8Array);
  /** Anything JSON can say; recorded when the ledger is created and never changed. */
  settings: Record<string, unknown>;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The newest committed block. */
export interface Tip {
  /** 0 before the first block. */
  height: number;
  /** 32 bytes; zeros before the first block. */
  blockHash: Uint8Array;
  /** 0 before the first block. */
  timeMs: number;
}

export interface CommittedBlock extends Tip {
  /** One a transaction, in order. The id is the sha-256 of its bytes. */
  results: { id: Uint8Array; code: TransactionCode }[];
  /** Changes of the index, in order. */
  changes: EntryChange[];
  /** New routes and routes with new details, rising. */
  changedRoutes: RouteNumber[];
}

/**
 * A ledger that is open and follows its chain. `tip`, `transactionCount`, `appHash` and `stateBytes`
 * are those of the newest block on the disk; while a block is being stored, and after it could not be, routes,
 * members, sequences and entries are already those behind it.
 */
export interface FollowedLedger {
  readonly chainId: string;
  /** Whose > 2/3 of voting power commits blocks, in the order of the set. */
  readonly validators: readonly Validator[];
  /** As recorded when the ledger was created. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tip: Tip;
  /** Over all committed blocks, rejected transactions included. */
  readonly transactionCount: number;
  /** State commitment after the tip. 32 bytes. */
  readonly appHash: Uint8Array;
  /** What `appHash` is the sha-256 of: the roots of the state's tables (commitment). */
  readonly stateBytes: Uint8Array;
  /** All routes by route number. A view: it grows with the ledger. */
  routes(): readonly Route[];
  /** The members in the order of admission. */
  members(): readonly MemberRecord[];
  /** Whether this is the id of a member that has not left, or of the authority. */
  isMember(id: string): boolean;
  /** The last sequence that a signer has used; −1 before its first, or for an unknown one. */
  lastSequence(signer: string): number;
  /** The last sequence that a proposal of the members has used; −1 before the first. */
  lastProposalSequence(): number;
  /** What a member's deposits have left, in the smallest unit; 0 for an unknown one. */
  balanceOf(member: string): number;
  /** What a member owes for occupied numbers at the time of the tip; 0 for an unknown one. */
  dueOf(member: string): number;
  /** The public terms behind the address of a roaming contract. */
  roamingTerms(address: string): RoamingTerms | undefined;
  /** What a visited member has done under a contract; `undefined` where one is unknown. */
  roamingTally(address: string, visited: string): RoamingTally | undefined;
  /** The public key of the terminal with a number, 32 bytes, where its owner has registered one. */
  terminalKey(identity: Identity, number: NumberKey): Uint8Array | undefined;
  /** Free numbers for a member's wish, and the record that takes them: see `proposeAllocation`. */
  proposeAllocation(wish: AllocationWish): Allocation | undefined;
  /** All entries of the index, as changes that set them; to be walked while no commit runs. */
  entries(): IterableIterator<EntryChange>;
  /** Whether a transaction may wait for a block, by the state of now. */
  admit(transaction: Uint8Array): Promise<Admission>;
  /**
   * Verifies, executes and stores the block after the tip; when this returns, it is on the disk.
   * Calls run one after the other. A block that was proven before is not proven again.
   *
   * Errors: those of SyncError leave the ledger as it was; after BCHF_STORE_FAILED it must be closed
   * and opened again.
   */
  apply(block: EncodedBlock | ProvenBlock): Promise<CommittedBlock>;
  /** A block and its commit; `undefined` where the height is not there. */
  encodedBlock(height: number): Promise<EncodedBlock | undefined>;
  /** The changes of each block above a height up to the tip of now, in order. */
  changesSince(height: number): AsyncIterable<BlockChanges>;
  /**
   * What set each of some entries, as of the block at a height; `undefined` where no kept block did, or
   * where the signal is aborted before it is found.
   */
  entryOrigins(
    entries: readonly EntryName[],
    height: number,
    signal?: AbortSignal,
  ): Promise<(EntryOrigin | undefined)[]>;
  /**
   * The entries that covered a number after the block at a height, of which is known what covers it
   * after a later one. Errors: BCHF_STORE_PRUNED where the ledger does not keep that far; what the
   * signal throws.
   */
  entriesAsOf(
    number: UeId,
    height: number,
    known: KnownEntries,
    signal: AbortSignal,
  ): Promise<NumberHistory>;
  /** The routes that the block at a height has declared or changed, rising; none if it is not kept. */
  routesChangedAt(height: number): Promise<RouteNumber[]>;
  /**
   * Proves what the state before the tip says about a number, to whoever has only the validators. Takes
   * its turn among blocks. Error: BCHF_PROOF_UNAVAILABLE before the first block.
   */
  prove(ueId: UeId): Promise<Proof>;
  /** Proves the state before the tip. Error: BCHF_PROOF_UNAVAILABLE before the second block. */
  proveState(): Promise<StateProof>;
  blockHashAt(height: number): Promise<Uint8Array | undefined>;
  /** Waits for blocks under way and lets the directory go. */
  close(): Promise<void>;
}

/** A ledger that makes its own blocks. */
export interface Ledger extends FollowedLedger {
  /**
   * Makes one block of transactions, executes it and stores it; when this returns, it is on the
   * disk. Calls run one after the other. A transaction that the rules refuse is part of the block and
   * says why in its result. The bytes are not copied: they may not change until this returns.
   *
   * Errors: BCHF_BLOCK_TOO_LARGE and BCHF_BLOCK_TOO_MANY_TRANSACTIONS leave the ledger as it was;
   * after BCHF_STORE_FAILED it must be closed and opened again.
   */
  commit(transactions: readonly Uint8Array[]): Promise<CommittedBlock>;
}

/**
 * Opens the ledger of a directory, or creates it. The state is read back and its commitment is
 * recomputed and compared.
 *
 * Errors: BCHF_STORE_LOCKED, BCHF_STORE_CORRUPT, BCHF_STORE_WRONG_CHAIN, BCHF_STORE_FAILED,
 * BCHF_ENGINE_VALIDATOR_INVALID, BCHF_ENGINE_VALIDATOR_CHANGED.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { directory, chainId } = options;
  const chainIdBytes = Buffer.byteLength(chainId, 'utf8');
  if (chainIdBytes < 1 || chainIdBytes > CHAIN_ID_BYTES_MAX) {
    throw new RangeError(`a chain id has 1 to ${CHAIN_ID_BYTES_MAX} bytes`);
  }
  const store = await LedgerStore.open(join(directory, 'store'));
  try {
    let genesis = await store.genesis();
    const authorityPublicKey = authorityOf(options, genesis?.settings ?? options.settings);
    // Keys come before the ledger that they sign for: once that exists, they must too.
    const validators = await loadValidators(directory, { mayCreate: genesis === undefined });
    const engine = new EmbeddedEngine(chainId, validators, options.now);
    genesis ??= await createLedger(store, options, authorityPublicKey);
    if (genesis.chainId !== chainId) throw wrongChain(`chain ${genesis.chainId}`);
    const tip = await store.tip();
    const state = await loadState(store, tip);
    if (Buffer.compare(state.members[0]!.publicKey, authorityPublicKey) !== 0) {
      throw wrongChain('another authority');
    }
    const commit = await loadCommit(store, engine.validators(), tip, chainId);
    return new EmbeddedLedger({ store, engine, state, tip, commit, genesis });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function authorityOf(
  { authorityPublicKey }: LedgerOptions,
  settings: Record<string, unknown>,
): Uint8Array {
  const key =
    typeof authorityPublicKey === 'function' ? authorityPublicKey(settings) : authorityPublicKey;
  if (key.length !== PUBLIC_KEY_BYTES) {
    throw new RangeError(`the authority's public key has ${PUBLIC_KEY_BYTES} bytes`);
  }
  return key;
}

export async function createLedger(
  store: LedgerStore,
  { chainId, settings }: Pick<LedgerOptions, 'chainId' | 'settings'>,
  authorityPublicKey: Uint8Array,
): Promise<Genesis> {
  const state = LedgerState.genesis(authorityPublicKey);
  const rows = state.takeChangedRows();
  await store.create({ chainId, settings }, rows, {
    height: 0,
    blockHash: new Uint8Array(HASH_BYTES),
    timeMs: 0,
    appHash: state.appHash(),
    resultsHash: resultsHash([]),
    transactionCount: 0,
  });
  // Read back: from the first opening on, the settings are what JSON says of them.
  return (await store.genesis())!;
}

export function wrongChain(message: string): LedgerError {
  return new LedgerError('BCHF_STORE_WRONG_CHAIN', `the directory holds the ledger of ${message}`);
}

function corrupt(message: string, cause?: unknown): LedgerError {
  return new LedgerError('BCHF_STORE_CORRUPT', message, { cause });
}

export async function loadState(store: LedgerStore, tip: StoredTip): Promise<LedgerState> {
  const state = new LedgerState();
  for await (const row of store.rows()) {
    try {
      state.loadRow(row);
    } catch (cause) {
      throw corrupt(`row ${row.id} of ${row.table} is damaged`, cause);
    }
  }
  if (state.members.length === 0 || Buffer.compare(state.appHash(), tip.appHash) !== 0) {
    throw corrupt('the state does not have the recorded app hash');
  }
  return state;
}

/** The commit for the tip, once block and commit have been checked; none before the first block. */
export async function loadCommit(
  store: LedgerStore,
  validators: readonly Validator[],
  tip: StoredTip,
  chainId: string,
): Promise<Commit | undefined> {
  if (tip.height === 0) return undefined;
  const [blockBytes, commitBytes] = await Promise.all([
    store.block(tip.height),
    store.commit(tip.height),
  ]);
  if (!blockBytes || !commitBytes) throw corrupt(`block ${tip.height} is missing`);
  let fault: string | undefined;
  let commit: Commit;
  try {
    const { header } = decodeBlock(blockBytes);
    commit = decodeCommit(commitBytes);
    const { hash, partSetHeader } = blockIdOf(header, blockBytes);
    const isNamed =
      Buffer.compare(hash, tip.blockHash) === 0 &&
      Buffer.compare(partSetHeader.hash, commit.blockId.partSetHeader.hash) === 0;
    fault = isNamed
      ? verifyCommit(header, commit, validators, chainId)
      : 'not the block that was committed';
  } catch (cause) {
    throw corrupt(`block ${tip.height} is damaged`, cause);
  }
  if (fault === 'BCHF_COMMIT_WRONG_VALIDATORS') {
    throw new LedgerError(
      'BCHF_ENGINE_VALIDATOR_CHANGED',
      'the validators are not those that made this chain',
    );
  }
  if (fault) throw corrupt(`block ${tip.height}: ${fault}`);
  return commit;
}
