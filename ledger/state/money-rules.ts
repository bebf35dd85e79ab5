// The rules of money: pricing contracts, deposits, and what the occupation of numbers costs.

import type { KeyRange } from '../transaction-body.ts';
import type { RejectionCode } from '../transaction-code.ts';
import type {
  CreatePricingContract,
  Deposit,
  SettleOccupation,
  Withdraw,
} from '../transaction-money.ts';
import { companyNumber } from './company.ts';
import type { NumberSpace } from './number-space.ts';
import type { Judgement } from './plan.ts';
import type { Charge } from './pricing.ts';
import { AUTHORITY_NUMBER, type LedgerState, type MemberNumber } from './state.ts';

export function judgeCreatePricingContract(
  state: LedgerState,
  { kind: _, ranges, ...terms }: CreatePricingContract,
): Judgement {
  const owner = companyNumber(state, terms.member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { pricing } = state;
  if (pricing.contractNumber(terms.contract) !== undefined) return 'BCHF_TX_CONTRACT_EXISTS';
  if (pricing.contracts.length >= state.limits.contractsMax) return 'BCHF_TX_CONTRACT_LIMIT';
  const { periodMsMin, purchaser } = state.consortium.parameters;
  if (terms.periodMs < periodMsMin) return 'BCHF_TX_PERIOD_TOO_SHORT';
  const { free, priced } = state.spaces[terms.identity];
  const isInjector = (injector: MemberNumber): boolean =>
    injector === owner || (injector === AUTHORITY_NUMBER && purchaser === terms.member);
  for (const { from, to } of ranges) {
    if (!free.covers(from, to)) return 'BCHF_TX_NOT_FREE';
    if (priced.intersects(from, to)) return 'BCHF_TX_CONTRACT_EXISTS';
    if (!free.overlapping(from, to).every(({ value }) => isInjector(value))) {
      return 'BCHF_TX_NOT_OWNER';
    }
  }
  return () => {
    const contract = pricing.addContract(terms);
    for (const { from, to } of ranges) priced.insertMerging(from, to, contract);
  };
}

export function judgeDeposit(state: LedgerState, { member, amount }: Deposit): Judgement {
  const account = companyNumber(state, member);
  if (account === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  if (!state.balances.takes(amount)) return 'BCHF_TX_AMOUNT_LIMIT';
  return () => state.balances.deposit(account, amount);
}

export function judgeWithdraw(
  state: LedgerState,
  { member, amount }: Withdraw,
  timeMs: number,
): Judgement {
  const account = companyNumber(state, member);
  if (account === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  if (!covers(state, account, amount, timeMs)) return 'BCHF_TX_INSUFFICIENT_DEPOSIT';
  return () => state.balances.withdraw(account, amount);
}

/** Whether a balance covers an amount and what the member owes: who owes takes nothing more, or out. */
function covers(
  { balances, pricing }: LedgerState,
  member: MemberNumber,
  amount: number,
  timeMs: number,
): boolean {
  return amount + pricing.dueOf(member, timeMs) <= balances.of(member);
}

export function judgeSettleOccupation(
  state: LedgerState,
  { member, contract: id, occupant }: SettleOccupation,
  timeMs: number,
): Judgement {
  const signer = companyNumber(state, member);
  const payer = companyNumber(state, occupant);
  if (signer === undefined || payer === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { pricing, balances } = state;
  const contract = pricing.contractNumber(id);
  if (contract === undefined) return 'BCHF_TX_UNKNOWN_CONTRACT';
  const payee = state.memberNumber(pricing.contracts[contract]!.member)!;
  if (signer !== payer && signer !== payee) return 'BCHF_TX_FOREIGN_CONTRACT';
  const occupation = pricing.occupation(contract, payer, timeMs);
  if (occupation.due === 0) return 'BCHF_TX_NOTHING_DUE';
  const paid = Math.min(occupation.due, balances.of(payer));
  if (paid === 0) return 'BCHF_TX_INSUFFICIENT_DEPOSIT';
  return () => {
    balances.pay(payer, payee, paid);
    pricing.setOccupation(contract, payer, { ...occupation, due: occupation.due - paid });
  };
}

/** What an allocation costs: the period that has begun, for every number under a contract. */
export function chargeAllocation(
  state: LedgerState,
  space: NumberSpace,
  ranges: readonly KeyRange[],
  member: MemberNumber,
  settlement: number,
  timeMs: number,
): (() => void) | RejectionCode {
  const { pricing, balances } = state;
  const charges = pricing.chargesOf(space, ranges);
  let total = 0;
  for (const { contract, rate } of charges) {
    const occupation = pricing.occupation(contract, member, timeMs);
    if (occupation.rate + rate > Number.MAX_SAFE_INTEGER) return 'BCHF_TX_AMOUNT_LIMIT';
    total += rate;
  }
  if (settlement !== total) return 'BCHF_TX_WRONG_SETTLEMENT';
  if (!covers(state, member, total, timeMs)) return 'BCHF_TX_INSUFFICIENT_DEPOSIT';
  return () => {
    for (const charge of charges) {
      balances.pay(member, payeeOf(state, charge), charge.rate);
      changeRate(state, charge, member, charge.rate, timeMs);
    }
  };
}

/**
 * What a transfer costs its recipient: the price agreed with the transferor, and the fees of the
 * contracts. From the next period on the recipient is charged for the numbers.
 */
export function chargeTransfer(
  state: LedgerState,
  space: NumberSpace,
  ranges: readonly KeyRange[],
  parties: { transferor: MemberNumber; recipient: MemberNumber; price: number; settlement: number },
  timeMs: number,
): (() => void) | RejectionCode {
  const { pricing, balances } = state;
  const { transferor, recipient, price, settlement } = parties;
  const charges = pricing.chargesOf(space, ranges);
  const feeOf = ({ contract, count }: Charge): number =>
    count * pricing.contracts[contract]!.transferFee;
  let fees = 0;
  for (const charge of charges) {
    fees += feeOf(charge);
    const { rate } = pricing.occupation(charge.contract, recipient, timeMs);
    if (rate + charge.rate > Number.MAX_SAFE_INTEGER) return 'BCHF_TX_AMOUNT_LIMIT';
  }
  if (settlement !== fees) return 'BCHF_TX_WRONG_SETTLEMENT';
  if (!covers(state, recipient, price + fees, timeMs)) return 'BCHF_TX_INSUFFICIENT_DEPOSIT';
  return () => {
    balances.pay(recipient, transferor, price);
    for (const charge of charges) {
      balances.pay(recipient, payeeOf(state, charge), feeOf(charge));
      changeRate(state, charge, transferor, -charge.rate, timeMs);
      changeRate(state, charge, recipient, charge.rate, timeMs);
    }
  };
}

/** Ends the occupation of numbers that are released. */
export function endOccupation(
  state: LedgerState,
  space: NumberSpace,
  ranges: readonly KeyRange[],
  member: MemberNumber,
  timeMs: number,
): void {
  for (const charge of state.pricing.chargesOf(space, ranges)) {
    changeRate(state, charge, member, -charge.rate, timeMs);
  }
}

function payeeOf(state: LedgerState, { contract }: Charge): MemberNumber {
  return state.memberNumber(state.pricing.contracts[contract]!.member)!;
}

function changeRate(
  { pricing }: LedgerState,
  { contract }: Charge,
  member: MemberNumber,
  change: number,
  timeMs: number,
): void {
  const occupation = pricing.occupation(contract, member, timeMs);
  pricing.setOccupation(contract, member, {
    ...occupation,
    rate: occupation.rate + change,
  });
}
