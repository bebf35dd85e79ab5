// The state machine: transactions of a block in, results and changes out.
//
// Nothing but the state and the transactions decides: the same blocks give every member the same
// state. No clock, no randomness, no input or output.

import { isSignedBy } from '../ed25519.ts';
import type { EntryChange, RouteNumber } from '../entry.ts';
import { isFounding, signersOf, signingKeys } from '../transaction-body.ts';
import { checkBody, itemCount } from '../transaction-check.ts';
import type { RejectionCode, TransactionCode } from '../transaction-code.ts';
import {
  type DecodedTransaction,
  decodeTransaction,
  SEQUENCE_GAP_MAX,
  signBytes,
  type Transaction,
} from '../transaction-codec.ts';
import { isQuorum } from '../transaction-proposal.ts';
import type { Effects } from './plan.ts';
import { judge } from './rules.ts';
import { AUTHORITY_NUMBER, type LedgerState } from './state.ts';
import type { Row } from './tables.ts';

/** A transaction ready to be executed: its bytes and what decoding gave. */
export interface ReceivedTransaction {
  bytes: Uint8Array;
  decoded: DecodedTransaction;
}

/**
 * Whether signature `signer` (position in `signingKeys`) of transaction `index` of the block is right
 * under a public key. Signatures may be checked ahead, on other threads; the answer may not differ.
 */
export type SignatureCheck = (
  index: number,
  signer: number,
  publicKey: Uint8Array,
  received: ReceivedTransaction & { decoded: { transaction: Transaction } },
) => boolean;

/** What executing a block gives. */
export interface Execution {
  /** One code a transaction, in order. */
  codes: TransactionCode[];
  /** Changes of the index, in order. */
  changes: EntryChange[];
  /** New routes and routes with new details, rising. */
  changedRoutes: RouteNumber[];
  /** Rows to store; see `LedgerState.takeChangedRows` on their lifetime. */
  rows: Row[];
  /** State commitment after the block. 32 bytes. */
  appHash: Uint8Array;
}

/** Bytes and their decoded form, for {@link executeBlock}. */
export function receive(bytes: Uint8Array): ReceivedTransaction {
  return { bytes, decoded: decodeTransaction(bytes) };
}

/** Checks a signature here and now. */
export function checkNow(chainId: string): SignatureCheck {
  return (_index, signer, publicKey, { bytes, decoded: { transaction } }) =>
    isSignedBy(publicKey, signBytes(bytes, transaction, chainId), transaction.signatures[signer]!);
}

/**
 * Executes the transactions of one block in order, changing `state`. `timeMs` is the time in the
 * block's header in whole milliseconds since 1970, rounded down; it never falls from block to block.
 */
export function executeBlock(
  state: LedgerState,
  transactions: readonly ReceivedTransaction[],
  isSigned: SignatureCheck,
  timeMs: number,
): Execution {
  const effects: Effects = { changes: [], changedRoutes: new Set() };
  const codes = transactions.map(
    (received, index) => execute(state, received, index, isSigned, timeMs, effects) ?? 'OK',
  );
  const rows = state.takeChangedRows();
  return {
    codes,
    changes: effects.changes,
    changedRoutes: [...effects.changedRoutes].sort((a, b) => a - b),
    rows,
    appHash: state.appHash(),
  };
}

function execute(
  state: LedgerState,
  { bytes, decoded }: ReceivedTransaction,
  index: number,
  isSigned: SignatureCheck,
  timeMs: number,
  effects: Effects,
): RejectionCode | undefined {
  const { transaction } = decoded;
  if (!transaction) return decoded.code;
  const { body, sequence, validUntilMs = 0 } = transaction;
  const fault = checkBody(body);
  if (fault) return fault;
  const signers = signersOf(body).map((id) => state.presentNumber(id));
  const [first] = signers;
  if (first === undefined || signers.includes(undefined)) return 'BCHF_TX_UNKNOWN_MEMBER';
  if (validUntilMs !== 0 && timeMs > validUntilMs) return 'BCHF_TX_STALE';
  const isProposal = 'approvers' in body;
  const last = isProposal ? state.consortium.sequence : state.lastSequence(first);
  if (sequence <= last) return 'BCHF_TX_REPLAYED';
  if (sequence > last + SEQUENCE_GAP_MAX) return 'BCHF_TX_SEQUENCE_GAP';
  if (isProposal) {
    if (signers.includes(AUTHORITY_NUMBER)) return 'BCHF_TX_UNKNOWN_MEMBER';
    if (!isQuorum(signers.length, state.presentCount)) return 'BCHF_TX_NO_QUORUM';
  }
  const keys = signingKeys(body, (id) => state.memberKey(id));
  for (const [signer, publicKey] of keys.entries()) {
    if (!isSigned(index, signer, publicKey!, { bytes, decoded: { transaction } })) {
      return 'BCHF_TX_BAD_SIGNATURE';
    }
  }
  // What its signers have signed is refused for good: nobody hands it in again when it would hold.
  if (isProposal) state.consortium.setSequence(sequence);
  else state.setSequence(first, sequence);
  if (itemCount(body) > state.consortium.parameters.itemsMax) return 'BCHF_TX_TOO_MANY_ITEMS';
  const plan = judge(state, body, timeMs, bytes);
  if (typeof plan === 'string') return plan;
  plan(effects);
  if (!isFounding(body)) state.consortium.endFounding();
  return undefined;
}
