// The rules of roaming: public terms, reports of use, and their settlement.

import { lengthOf } from '../number.ts';
import { sha256 } from '../sha256.ts';
import { transactionId } from '../transaction-codec.ts';
import {
  type RegisterRoamingContract,
  type ReportRoamingUsage,
  ROAMING_SERVICES,
  roamingContractAddress,
  type SettleRoaming,
} from '../transaction-roaming.ts';
import { companyNumber } from './company.ts';
import type { Judgement } from './plan.ts';
import type { LedgerState } from './state.ts';

export function judgeRegisterRoamingContract(
  state: LedgerState,
  { kind: _, ...terms }: RegisterRoamingContract,
): Judgement {
  const { member, name } = terms;
  if (companyNumber(state, member) === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { roaming } = state;
  if (roaming.contractNumber(roamingContractAddress(member, name)) !== undefined) {
    return 'BCHF_TX_CONTRACT_EXISTS';
  }
  if (roaming.contracts.length >= state.limits.contractsMax) return 'BCHF_TX_CONTRACT_LIMIT';
  return () => roaming.addContract(terms);
}

/** `bytes` are the transaction's: its id is what makes the tally auditable. */
export function judgeReportRoamingUsage(
  state: LedgerState,
  { member, contract: address, identity, usage }: ReportRoamingUsage,
  bytes: Uint8Array,
): Judgement {
  const visited = companyNumber(state, member);
  if (visited === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { roaming } = state;
  const contract = roaming.contractNumber(address);
  if (contract === undefined) return 'BCHF_TX_UNKNOWN_CONTRACT';
  const terms = roaming.contracts[contract]!;
  if (terms.member === member) return 'BCHF_TX_SAME_MEMBER';
  const home = state.memberNumber(terms.member);
  const tally = roaming.tally(contract, visited);
  const units = [...tally.units];
  let { due } = tally;
  const prices = ROAMING_SERVICES.map(
    (service) => terms.prices.find((each) => each.service === service)?.price,
  );
  for (const { number, service, units: used } of usage) {
    const at = ROAMING_SERVICES.indexOf(service);
    const price = prices[at];
    if (price === undefined) return 'BCHF_TX_UNKNOWN_SERVICE';
    if (state.holderOf(identity, number, lengthOf(number)) !== home) return 'BCHF_TX_NOT_OWNER';
    units[at]! += used;
    due += used * price;
    if (due + tally.paid > Number.MAX_SAFE_INTEGER || units[at]! > Number.MAX_SAFE_INTEGER) {
      return 'BCHF_TX_AMOUNT_LIMIT';
    }
  }
  return () => {
    const hash = sha256(Buffer.concat([tally.hash, transactionId(bytes)]));
    roaming.setTally(contract, visited, { ...tally, units, due, reports: tally.reports + 1, hash });
  };
}

export function judgeSettleRoaming(
  state: LedgerState,
  { home, visited, contract: address, amount }: SettleRoaming,
): Judgement {
  const payer = companyNumber(state, home);
  const payee = companyNumber(state, visited);
  if (payer === undefined || payee === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { roaming, balances } = state;
  const contract = roaming.contractNumber(address);
  if (contract === undefined) return 'BCHF_TX_UNKNOWN_CONTRACT';
  if (roaming.contracts[contract]!.member !== home) return 'BCHF_TX_FOREIGN_CONTRACT';
  const tally = roaming.tally(contract, payee);
  if (tally.due === 0) return 'BCHF_TX_NOTHING_DUE';
  if (amount !== tally.due) return 'BCHF_TX_WRONG_SETTLEMENT';
  if (amount > balances.of(payer)) return 'BCHF_TX_INSUFFICIENT_DEPOSIT';
  return () => {
    balances.pay(payer, payee, amount);
    roaming.setTally(contract, payee, { ...tally, due: 0, paid: tally.paid + amount });
  };
}
