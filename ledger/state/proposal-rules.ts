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
  return (
    balances.of(member) > 0 ||
    roaming.hasDue(member, id) ||
    pricing.isOccupant(member) ||
    pricing.contractsOf(id).some((contract) => pricing.occupantCount(contract) > 0)
  );
}

/**
 * Whether any number, or prefix, is a member's, or in the pool on its terms. Asks for each of its routes
 * and contracts, whatever the size of the state.
 */
function hasNumbers(state: LedgerState, member: MemberNumber, id: string): boolean {
  const routes = state.routesOf(member);
  const contracts = state.pricing.contractsOf(id);
  return IDENTITIES.some((identity) => {
    const { prefixes, runs, transferred, ported, priced } = state.spaces[identity];
    const layers = [prefixes, runs, transferred, ported];
    return (
      routes.some((route) => layers.some((layer) => layer.countOf(route) > 0)) ||
      contracts.some((contract) => priced.countOf(contract) > 0)
    );
  });
}
