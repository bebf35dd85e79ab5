// Whether a transaction may wait for a block: everything that can be said of it before its turn,
// by the state of now. A member's own node and every node that passes it on ask this, so that bytes
// that nobody vouches for do not travel.
//
// Rules about numbers, routes and money are left to the block: what they say may change until then. That
// a quorum has signed is asked at once, because checking as many signatures as a proposal may carry costs
// half a second.

import type { LedgerState } from '../state/state.ts';
import { receive } from '../state/state-machine.ts';
import { signersOf } from '../transaction-body.ts';
import { checkBody } from '../transaction-check.ts';
import type { RejectionCode } from '../transaction-code.ts';
import { SEQUENCE_GAP_MAX } from '../transaction-codec.ts';
import { isQuorum } from '../transaction-proposal.ts';
import { checkSignatures } from './receive.ts';

/**
 * Stands for all members where proposals of the consortium count their sequences: no member's id
 * begins like this.
 */
export const PROPOSALS = '_proposals';

/** A transaction that may wait. */
export interface AdmittedTransaction {
  /** Who signed first, or {@link PROPOSALS}: whose sequence it uses and whose limits it counts against. */
  signer: string;
  sequence: number;
}

export type Admission =
  | { admitted: AdmittedTransaction; code?: undefined }
  | { admitted?: undefined; code: RejectionCode };

/**
 * Decodes a transaction and checks syntax, signers, sequence and signatures against a state, whose
 * newest block has the time `timeMs`.
 */
export async function admit(
  state: LedgerState,
  bytes: Uint8Array,
  chainId: string,
  timeMs: number,
): Promise<Admission> {
  const received = receive(bytes);
  const { transaction, code: malformed } = received.decoded;
  if (!transaction) return { code: malformed };
  const { body, sequence, validUntilMs = 0 } = transaction;
  const fault = checkBody(body);
  if (fault) return { code: fault };
  const signers = signersOf(body);
  const isKnown = signers.every((id) => state.presentNumber(id) !== undefined);
  if (signers.length === 0 || !isKnown) return { code: 'BCHF_TX_UNKNOWN_MEMBER' };
  if (validUntilMs !== 0 && timeMs > validUntilMs) return { code: 'BCHF_TX_STALE' };
  const signer = 'approvers' in body ? PROPOSALS : (signers[0] as string);
  const last = lastSequenceOf(state, signer);
  if (sequence <= last) return { code: 'BCHF_TX_REPLAYED' };
  if (sequence > last + SEQUENCE_GAP_MAX) return { code: 'BCHF_TX_SEQUENCE_GAP' };
  if ('approvers' in body && !isQuorum(signers.length, state.presentCount)) {
    return { code: 'BCHF_TX_NO_QUORUM' };
  }
  const isSigned = await checkSignatures(state, received, chainId);
  return isSigned ? { admitted: { signer, sequence } } : { code: 'BCHF_TX_BAD_SIGNATURE' };
}

/** The last sequence of a member, of the authority or of {@link PROPOSALS}; −1 for nobody. */
export function lastSequenceOf(state: LedgerState, signer: string): number {
  if (signer === PROPOSALS) return state.consortium.sequence;
  const member = state.memberNumber(signer);
  return member === undefined ? -1 : state.lastSequence(member);
}
