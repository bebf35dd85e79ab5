// The rules: what each kind of transaction needs of the state, and what it changes.
//
// A rule looks first and gives either why the transaction is refused or a plan; only the plan
// changes the state. So a refused transaction changes nothing but its signer's sequence. Bodies
// have passed `checkBody`, and their signers are known members whose signatures are right.

import type {
  AdmitMembers,
  AssignPrefixes,
  DeclareRoutes,
  TransactionBody,
} from '../transaction-body.ts';
import type { GrantPrefixes } from '../transaction-proposal.ts';
import { companyNumber } from './company.ts';
import {
  judgeCreatePricingContract,
  judgeDeposit,
  judgeSettleOccupation,
  judgeWithdraw,
} from './money-rules.ts';
import { judgeChangeRoute, judgePort } from './number-rules.ts';
import type { Judgement } from './plan.ts';
import { judgeAllocate, judgeInjectPool, judgeRelease, judgeTransfer } from './pool-rules.ts';
import {
  judgeChangeParameters,
  judgeJoinMember,
  judgeLeaveMember,
  judgeRotateMemberKey,
} from './proposal-rules.ts';
import {
  judgeRegisterRoamingContract,
  judgeReportRoamingUsage,
  judgeSettleRoaming,
} from './roaming-rules.ts';
import type { LedgerState } from './state.ts';
import { judgeRevokeTerminalKeys, judgeSetTerminalKeys } from './terminal-rules.ts';

/**
 * What the rules say about a body in a block of a time: a plan, or why it is refused. `bytes` are
 * those of the transaction.
 */
export function judge(
  state: LedgerState,
  body: TransactionBody,
  timeMs: number,
  bytes: Uint8Array,
): Judgement {
  switch (body.kind) {
    case 'admit-members':
      return judgeAdmitMembers(state, body);
    case 'declare-routes':
      return judgeDeclareRoutes(state, body);
    case 'assign-prefixes':
      return state.consortium.isFounded ? 'BCHF_TX_FOUNDED' : judgeAssignPrefixes(state, body);
    case 'inject-pool':
      return judgeInjectPool(state, body);
    case 'allocate':
      return judgeAllocate(state, body, timeMs);
    case 'port':
      return judgePort(state, body);
    case 'transfer':
      return judgeTransfer(state, body, timeMs);
    case 'change-route':
      return judgeChangeRoute(state, body);
    case 'release':
      return judgeRelease(state, body, timeMs);
    case 'create-pricing-contract':
      return judgeCreatePricingContract(state, body);
    case 'deposit':
      return judgeDeposit(state, body);
    case 'withdraw':
      return judgeWithdraw(state, body, timeMs);
    case 'settle-occupation':
      return judgeSettleOccupation(state, body, timeMs);
    case 'register-roaming-contract':
      return judgeRegisterRoamingContract(state, body);
    case 'report-roaming-usage':
      return judgeReportRoamingUsage(state, body, bytes);
    case 'settle-roaming':
      return judgeSettleRoaming(state, body);
    case 'register-terminal-keys':
    case 'rotate-terminal-keys':
      return judgeSetTerminalKeys(state, body);
    case 'revoke-terminal-keys':
      return judgeRevokeTerminalKeys(state, body);
    case 'join-member':
      return judgeJoinMember(state, body);
    case 'leave-member':
      return judgeLeaveMember(state, body);
    case 'rotate-member-key':
      return judgeRotateMemberKey(state, body);
    case 'change-parameters':
      return judgeChangeParameters(state, body);
    case 'grant-prefixes':
      return judgeAssignPrefixes(state, body);
  }
}

function judgeAdmitMembers(state: LedgerState, { members }: AdmitMembers): Judgement {
  if (state.consortium.isFounded) return 'BCHF_TX_FOUNDED';
  if (members.some(({ id }) => state.memberNumber(id) !== undefined)) {
    return 'BCHF_TX_MEMBER_EXISTS';
  }
  if (state.members.length + members.length > state.limits.membersMax) {
    return 'BCHF_TX_MEMBER_LIMIT';
  }
  return () => {
    for (const member of members) state.addMember(member);
  };
}

function judgeDeclareRoutes(state: LedgerState, { member, routes }: DeclareRoutes): Judgement {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { plmns } = state.members[owner]!;
  let added = 0;
  for (const route of routes) {
    if (route.member !== member) return 'BCHF_TX_FOREIGN_ROUTE';
    const known = state.routeNumber(route.id);
    if (known === undefined) added++;
    else if (state.routes[known]!.member !== member) return 'BCHF_TX_FOREIGN_ROUTE';
    // Others route, and charge, by what the route says.
    const { mcc, mnc } = route.plmn;
    if (!plmns.some((plmn) => plmn.mcc === mcc && plmn.mnc === mnc)) return 'BCHF_TX_FOREIGN_PLMN';
  }
  if (state.routes.length + added > state.limits.routesMax) return 'BCHF_TX_ROUTE_LIMIT';
  return ({ changedRoutes }) => {
    for (const route of routes) changedRoutes.add(state.setRoute(route));
  };
}

function judgeAssignPrefixes(
  state: LedgerState,
  { identity, assignments }: AssignPrefixes | GrantPrefixes,
): Judgement {
  for (const { route: id } of assignments) {
    const route = state.routeNumber(id);
    if (route === undefined) return 'BCHF_TX_UNKNOWN_ROUTE';
    // Who has left gets no numbers.
    if (state.consortium.hasLeft(state.routeOwner(route))) return 'BCHF_TX_UNKNOWN_MEMBER';
  }
  const { prefixes: known } = state.spaces[identity];
  return ({ changes }) => {
    for (const { route: routeId, prefixes } of assignments) {
      const route = state.routeNumber(routeId)!;
      for (const prefix of prefixes) {
        if (known.get(prefix) === route) continue;
        known.set(prefix, route);
        changes.push({ identity, entry: 'prefix', from: prefix, to: prefix, route });
      }
    }
  };
}
