// The rules of terminal keys: only the owner of a number says which key its terminal has.

import { lengthOf, type NumberKey } from '../number.ts';
import type {
  RegisterTerminalKeys,
  RevokeTerminalKeys,
  RotateTerminalKeys,
} from '../transaction-terminal.ts';
import { companyNumber } from './company.ts';
import type { Judgement } from './plan.ts';
import type { LedgerState } from './state.ts';

export function judgeSetTerminalKeys(
  state: LedgerState,
  { kind, member, identity, keys }: RegisterTerminalKeys | RotateTerminalKeys,
): Judgement {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { terminalKeys } = state;
  let added = 0;
  for (const { number, publicKey } of keys) {
    if (state.holderOf(identity, number, lengthOf(number)) !== owner) return 'BCHF_TX_NOT_OWNER';
    const known = terminalKeys.get(identity, number);
    const own = known?.owner === owner ? known.publicKey : undefined;
    if (!known) added++;
    if (kind === 'register-terminal-keys') {
      if (own) return 'BCHF_TX_KEY_EXISTS';
    } else {
      if (!own) return 'BCHF_TX_UNKNOWN_KEY';
      if (Buffer.compare(own, publicKey) === 0) return 'BCHF_TX_KEY_EXISTS';
    }
  }
  if (terminalKeys.count(identity) + added > state.limits.terminalKeysMax) {
    return 'BCHF_TX_KEY_LIMIT';
  }
  return () => {
    for (const { number, publicKey } of keys) {
      terminalKeys.set(identity, number, { owner, publicKey: Uint8Array.from(publicKey) });
    }
  };
}

export function judgeRevokeTerminalKeys(
  state: LedgerState,
  { member, identity, numbers }: RevokeTerminalKeys,
): Judgement {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { terminalKeys } = state;
  const isOwn = (number: NumberKey): boolean => terminalKeys.get(identity, number)?.owner === owner;
  if (!numbers.every(isOwn)) return 'BCHF_TX_UNKNOWN_KEY';
  return () => {
    for (const number of numbers) terminalKeys.delete(identity, number);
  };
}
