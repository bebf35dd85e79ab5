// Whether a transaction may wait for a block: everything that can be said of it before its turn,
// by the state of now. A member's own node and every node that passes it on ask this, so that bytes
// that nobody vouches for do not travel.
//
// Rules about numbers, routes and money are left to the block: what they say may change until then.

import type { LedgerState } from '../state/state.ts';
import { receive } from '../state/state-machine.ts';
import { signersOf } from '../transaction-body.ts';
import { checkBody } from '../transaction-check.ts';
import type { RejectionCode } from '../transaction-code.ts';
import { checkSignatures } from './receive.ts';

/** A transaction that may wait. */
export interface AdmittedTransaction {
  /** Who signed first: whose sequence it uses and whose limits it counts against. */
  signer: string;
  sequence: number;
}

export type Admission =
  | { admitted: AdmittedTransaction; code?: undefined }
  | { admitted?: undefined; code: RejectionCode };

/** Decodes a transaction and checks syntax, signers, sequence and signatures against a state. */
export async function admit(
  state: LedgerState,
  bytes: Uint8Array,
  chainId: string,
): Promise<Admission> {
  const received = receive(bytes);
  const { transaction, code: malformed } = received.decoded;
  if (!transaction) return { code: malformed };
  const { body, sequence } = transaction;
  const fault = checkBody(body);
  if (fault) return { code: fault };
  const signers = signersOf(body);
  const numbers = signers.map((id) => state.memberNumber(id));
  const [first] = numbers;
  if (first === undefined || numbers.includes(undefined)) return { code: 'BCHF_TX_UNKNOWN_MEMBER' };
  if (sequence <= state.lastSequence(first)) return { code: 'BCHF_TX_REPLAYED' };
  const isSigned = await checkSignatures(state, received, chainId);
  if (!isSigned) return { code: 'BCHF_TX_BAD_SIGNATURE' };
  return { admitted: { signer: signers[0] as string, sequence } };
}
