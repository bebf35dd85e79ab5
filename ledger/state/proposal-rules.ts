// The rules of what members decide together. That more than two thirds have signed was checked before.

import { IDENTITIES } from '../number.ts';
import type {
  ChangeParameters,
  JoinMember,
  LeaveMember,
  RotateMemberKey,
} from '../transaction-proposal.ts';
import { companyNumber } from './company.ts';
import type { Judgement } from './plan.ts';
import type { LedgerState, MemberNumber } from './state.ts';

export function judgeJoinMember(state: LedgerState, { member }: JoinMember): Judgement {
  if (state.memberNumber(member.id) !== undefined) return 'BCHF_TX_MEMBER_EXISTS';
  if (state.members.length >= state.limits.membersMax) return 'BCHF_TX_MEMBER_LIMIT';
  return () => state.addMember(member);
}

export function judgeLeaveMember(state: LedgerState, { member: id }: LeaveMember): Judgement {
  const member = companyNumber(state, id);
  if (member === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  if (hasMoney(state, member, id)) return 'BCHF_TX_HAS_MONEY';
  if (hasNumbers(state, member, id)) return 'BCHF_TX_HAS_NUMBERS';
  return () => {
    const { consortium } = state;
    consortium.leave(member);
    if (consortium.parameters.purchaser !== id) return;
    consortium.setParameters({ ...consortium.parameters, purchaser: '' });
  };
}

export function judgeRotateMemberKey(
  state: LedgerState,
  { member: id, publicKey }: RotateMemberKey,
): Judgement {
  const member = companyNumber(state, id);
  if (member === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  if (Buffer.compare(state.members[member]!.publicKey, publicKey) === 0) {
    return 'BCHF_TX_KEY_EXISTS';
  }
  return () => state.setMemberKey(member, Uint8Array.from(publicKey));
}

export function judgeChangeParameters(
  state: LedgerState,
  { parameters }: ChangeParameters,
): Judgement {
  const { purchaser } = parameters;
  if (purchaser !== '' && companyNumber(state, purchaser) === undefined) {
    return 'BCHF_TX_UNKNOWN_MEMBER';
  }
  return () => state.consortium.setParameters(parameters);
}

/** Whether a member has a balance, or something is or becomes due to it or by it. */
function hasMoney(state: LedgerState, member: MemberNumber, id: string): boolean {
  const { balances, pricing, roaming } = state;
  if (balances.of(member) > 0 || roaming.hasDue(member, id)) return true;
  for (const { contract, member: occupant } of pricing.occupations()) {
    if (occupant === member || pricing.contracts[contract]!.member === id) return true;
  }
  return false;
}

/**
 * Whether any number, or prefix, is a member's, or in the pool on its terms. Looks through all that
 * there is, a few seconds at country size; members rarely leave.
 */
function hasNumbers(state: LedgerState, member: MemberNumber, id: string): boolean {
  const isOwn = (route: number): boolean => state.routeOwner(route) === member;
  const isOnOwnTerms = (contract: number): boolean =>
    state.pricing.contracts[contract]!.member === id;
  return IDENTITIES.some((identity) => {
    const { prefixes, runs, transferred, ported, priced } = state.spaces[identity];
    for (const [, route] of prefixes.entries()) if (isOwn(route)) return true;
    return (
      runs.hasValue(isOwn) ||
      transferred.hasValue(isOwn) ||
      priced.hasValue(isOnOwnTerms) ||
      ported.hasRoute(isOwn)
    );
  });
}
