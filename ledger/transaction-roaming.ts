// What a transaction can say about roaming: a member's public terms, and what others have done for
// its subscribers on these terms.

import type { Identity, NumberKey } from './number.ts';
import { sha256 } from './sha256.ts';

/** What a visited network does for a subscriber, by the unit: seconds, messages, kibibytes. */
export const ROAMING_SERVICES = ['voice-seconds', 'messages', 'data-kibibytes'] as const;
export type RoamingService = (typeof ROAMING_SERVICES)[number];

/** Most units in one item of a report. */
export const UNITS_MAX = 1_000_000_000;

/** What the member pays for one unit of a service, 0 to PRICE_MAX. */
export interface RoamingPrice {
  service: RoamingService;
  price: number;
}

/** The public terms of a roaming contract; they never change. */
export interface RoamingTerms {
  /** Whose subscribers roam, and who pays. */
  member: string;
  /** Tells the member's contracts apart; of the syntax of an id. */
  name: string;
  /** In the order of ROAMING_SERVICES; other services are not paid. */
  prices: RoamingPrice[];
}

/** A member publishes a roaming contract. Signed by it. */
export interface RegisterRoamingContract extends RoamingTerms {
  kind: 'register-roaming-contract';
}

/** What one subscriber has used. */
export interface RoamingUsage {
  number: NumberKey;
  service: RoamingService;
  /** 1 to UNITS_MAX. */
  units: number;
}

/** A visited network reports what subscribers have used on a contract's terms. Signed by it. */
export interface ReportRoamingUsage {
  kind: 'report-roaming-usage';
  /** The visited network. */
  member: string;
  /** Address of the contract: that in the routing answer. */
  contract: string;
  identity: Identity;
  /** In ascending order of numbers, then of services. */
  usage: RoamingUsage[];
}

/**
 * The member whose subscribers roamed pays a visited network all that is due under a contract.
 * Signed by both.
 */
export interface SettleRoaming {
  kind: 'settle-roaming';
  home: string;
  visited: string;
  contract: string;
  /** All that is due, neither more nor less. */
  amount: number;
}

export type RoamingBody = RegisterRoamingContract | ReportRoamingUsage | SettleRoaming;

/**
 * The address of a member's roaming contract, which its routes name: `0x` and 40 hex digits, the
 * first 20 bytes of sha-256("bchf roaming contract 1" ‖ 0 ‖ member ‖ 0 ‖ name). It is known before
 * the contract is registered, and nobody else can register it.
 */
export function roamingContractAddress(member: string, name: string): string {
  const digest = sha256(Buffer.from(`bchf roaming contract 1\0${member}\0${name}`, 'utf8'));
  return `0x${Buffer.from(digest.subarray(0, 20)).toString('hex')}`;
}
