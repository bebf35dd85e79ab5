// Transactions on their way into a block: decoded, and their signatures checked ahead on Node's
// thread pool, so that neither holds the event loop for long.

import { setImmediate } from 'node:timers/promises';
import { isSignedByInPool } from '../ed25519.ts';
import type { LedgerState } from '../state/state.ts';
import {
  checkNow,
  type ReceivedTransaction,
  receive,
  type SignatureCheck,
} from '../state/state-machine.ts';
import { signingKeys } from '../transaction-body.ts';
import { signBytes } from '../transaction-codec.ts';

/** Bytes of transactions decoded before the event loop gets its turn. */
const DECODE_BYTES_AT_ONCE = 262_144;

/** A signature's verdict and the key it was checked under. */
interface CheckedAhead {
  publicKey: Uint8Array;
  isRight: boolean;
}

/**
 * Decodes the transactions of one block and checks their signatures under the keys that the state
 * holds now. Where another key counts when the transaction is executed (its member is admitted in the
 * same block), the signature is checked again then.
 */
export async function receiveAll(
  state: LedgerState,
  transactions: readonly Uint8Array[],
  chainId: string,
): Promise<{ received: ReceivedTransaction[]; isSigned: SignatureCheck }> {
  const received: ReceivedTransaction[] = [];
  const checks: Promise<CheckedAhead | undefined>[][] = [];
  let bytesSincePause = 0;
  for (const bytes of transactions) {
    const one = receive(bytes);
    received.push(one);
    checks.push(checkAhead(state, one, chainId));
    bytesSincePause += bytes.length;
    if (bytesSincePause > DECODE_BYTES_AT_ONCE) {
      bytesSincePause = 0;
      await setImmediate();
    }
  }
  const checked = await Promise.all(checks.map((signers) => Promise.all(signers)));
  const now = checkNow(chainId);
  const isSigned: SignatureCheck = (index, signer, publicKey, one) => {
    const ahead = checked[index]?.[signer];
    return ahead && Buffer.compare(ahead.publicKey, publicKey) === 0
      ? ahead.isRight
      : now(index, signer, publicKey, one);
  };
  return { received, isSigned };
}

/**
 * Whether every signature of a transaction is right under the keys that the state holds now. The first one
 * is checked alone: who is no member has thousands of others checked by nobody.
 */
export async function checkSignatures(
  state: LedgerState,
  received: ReceivedTransaction,
  chainId: string,
): Promise<boolean> {
  const [first, ...others] = checksOf(state, received, chainId);
  if (!first || !(await first())?.isRight) return false;
  const checked = await Promise.all(others.map((check) => check()));
  return checked.every((signer) => signer?.isRight === true);
}

function checkAhead(
  state: LedgerState,
  received: ReceivedTransaction,
  chainId: string,
): Promise<CheckedAhead | undefined>[] {
  return checksOf(state, received, chainId).map((check) => check());
}

/** The check of each signature, not begun. */
function checksOf(
  state: LedgerState,
  { bytes, decoded: { transaction } }: ReceivedTransaction,
  chainId: string,
): (() => Promise<CheckedAhead | undefined>)[] {
  if (!transaction) return [];
  const message = signBytes(bytes, transaction, chainId);
  const keys = signingKeys(transaction.body, (id) => state.memberKey(id));
  return keys.map((publicKey, signer) => async () => {
    if (!publicKey) return undefined;
    const signature = transaction.signatures[signer]!;
    return { publicKey, isRight: await isSignedByInPool(publicKey, message, signature) };
  });
}
