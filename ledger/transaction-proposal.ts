// What the members decide together: who is a member, with which key, under which parameters, and which
// prefixes it has. A proposal counts once more than two thirds of the members have signed it.
//
// Each member signs the proposal itself, whoever else signs; the transaction names who has.

import type { Identity } from './number.ts';
import type { MemberRecord, PrefixAssignment } from './transaction-body.ts';

/** Limits and roles that the members set together. */
export interface Parameters {
  /** Most items in one transaction: 1 to ITEMS_MAX. */
  itemsMax: number;
  /** Most numbers that one allocation takes: 1 to 2^53 − 1. */
  numbersMax: number;
  /** Shortest period of a pricing contract: 1 to PERIOD_MS_MAX. */
  periodMsMin: number;
  /** The member that may inject numbers which belong to nobody yet; empty when there is none. */
  purchaser: string;
}

interface Proposal {
  /** The members whose signatures follow, in ascending order of their ids. */
  approvers: string[];
}

/** A company becomes a member. Signed with its key too. */
export interface JoinMember extends Proposal {
  kind: 'join-member';
  member: MemberRecord;
}

/** A member without numbers, money and debts leaves. */
export interface LeaveMember extends Proposal {
  kind: 'leave-member';
  member: string;
}

/** A member gets another key. Signed with that one too. */
export interface RotateMemberKey extends Proposal {
  kind: 'rotate-member-key';
  member: string;
  /** 32 bytes of ed25519. */
  publicKey: Uint8Array;
}

/** Other parameters hold from the next transaction on. */
export interface ChangeParameters extends Proposal {
  kind: 'change-parameters';
  parameters: Parameters;
}

/** The numbering plan gives prefixes to routes, or to other ones than before. */
export interface GrantPrefixes extends Proposal {
  kind: 'grant-prefixes';
  identity: Identity;
  assignments: PrefixAssignment[];
}

export type ProposalBody =
  | JoinMember
  | LeaveMember
  | RotateMemberKey
  | ChangeParameters
  | GrantPrefixes;

/** Whether `count` of `members` are more than two thirds. */
export function isQuorum(count: number, members: number): boolean {
  return count * 3 > members * 2;
}
