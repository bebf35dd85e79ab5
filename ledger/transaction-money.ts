// What a transaction can say about money: pricing contracts, deposits and what is charged.
//
// Amounts are whole numbers of the smallest unit of the consortium's currency, 0 to 2^53 − 1.

import type { Identity, NumberKey } from './number.ts';
import type { KeyRange } from './transaction-body.ts';

/** Most that a number may cost for a period, or a transfer for a number. */
export const PRICE_MAX = 1_000_000_000;
/** Longest period of a pricing contract: a hundred years of 365 days. */
export const PERIOD_MS_MAX = 3_153_600_000_000;

/** What numbers that begin with a prefix cost; the longest prefix counts. */
export interface Tariff {
  prefix: NumberKey;
  /** 0 to PRICE_MAX for a number and period. */
  price: number;
}

/**
 * The terms on which numbers of the pool are occupied. They never change; other terms are another
 * contract. What they bring in is credited to the member.
 */
export interface PricingTerms {
  /** Who made the contract and is paid. */
  member: string;
  /** The contract's id, of the same syntax as a route's. */
  contract: string;
  identity: Identity;
  /** Periods begin at multiples of this since 1970. 1 to PERIOD_MS_MAX. */
  periodMs: number;
  /** 0 to PRICE_MAX for a number and period below no tariff. */
  price: number;
  /** What the recipient of a transfer pays for a number, 0 to PRICE_MAX. */
  transferFee: number;
  /** In ascending order of their prefixes. */
  tariffs: Tariff[];
}

/**
 * A member says on which terms numbers that it injects are occupied, and puts free ones that it has
 * injected before under these terms. Signed by it.
 */
export interface CreatePricingContract extends PricingTerms {
  kind: 'create-pricing-contract';
  ranges: KeyRange[];
}

/** Money that the consortium has received for a member. Signed by the consortium's authority. */
export interface Deposit {
  kind: 'deposit';
  member: string;
  amount: number;
}

/** Money that the consortium pays out to a member. Signed by both. */
export interface Withdraw {
  kind: 'withdraw';
  member: string;
  amount: number;
}

/**
 * What has become due for occupied numbers is paid as far as the occupant's balance goes. Signed by
 * `member`: the occupant or the member that the contract pays.
 */
export interface SettleOccupation {
  kind: 'settle-occupation';
  member: string;
  contract: string;
  occupant: string;
}

export type MoneyBody = CreatePricingContract | Deposit | Withdraw | SettleOccupation;
