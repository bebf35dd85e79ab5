// The rules: what each kind of transaction needs of the state, and what it changes.
//
// A rule looks first and gives either why the transaction is refused or a plan; only the plan changes
// the state. So a refused transaction changes nothing. Bodies have passed `checkBody`, and their
// signers are known members whose signatures are right.

import type { EntryChange, RouteNumber } from '../entry.ts';
import { lengthOf } from '../number.ts';
import {
  type AdmitMembers,
  type Allocate,
  type AssignPrefixes,
  AUTHORITY,
  type DeclareRoutes,
  type InjectPool,
  ITEMS_MAX,
  type KeyRange,
  type Port,
  type TransactionBody,
} from '../transaction-body.ts';
import type { RejectionCode } from '../transaction-code.ts';
import { NOT_PORTED } from './ported-map.ts';
import type { LedgerState, MemberNumber } from './state.ts';

/** What the transactions of a block have changed, as an index wants to know it. */
export interface Effects {
  changes: EntryChange[];
  /** Numbers of new routes and of routes with new details. */
  changedRoutes: Set<RouteNumber>;
}

/** Carries out a transaction that nothing speaks against. */
export type Plan = (effects: Effects) => void;

/** What the rules say about a body: a plan, or why it is refused. */
export function judge(state: LedgerState, body: TransactionBody): Plan | RejectionCode {
  switch (body.kind) {
    case 'admit-members':
      return judgeAdmitMembers(state, body);
    case 'declare-routes':
      return judgeDeclareRoutes(state, body);
    case 'assign-prefixes':
      return judgeAssignPrefixes(state, body);
    case 'inject-pool':
      return judgeInjectPool(state, body);
    case 'allocate':
      return judgeAllocate(state, body);
    case 'port':
      return judgePort(state, body);
  }
}

function judgeAdmitMembers(state: LedgerState, { members }: AdmitMembers): Plan | RejectionCode {
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

function judgeDeclareRoutes(
  state: LedgerState,
  { member, routes }: DeclareRoutes,
): Plan | RejectionCode {
  if (companyNumber(state, member) === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  let added = 0;
  for (const route of routes) {
    if (route.member !== member) return 'BCHF_TX_FOREIGN_ROUTE';
    const known = state.routeNumber(route.id);
    if (known === undefined) added++;
    else if (state.routes[known]!.member !== member) return 'BCHF_TX_FOREIGN_ROUTE';
  }
  if (state.routes.length + added > state.limits.routesMax) return 'BCHF_TX_ROUTE_LIMIT';
  return ({ changedRoutes }) => {
    for (const route of routes) changedRoutes.add(state.setRoute(route));
  };
}

function judgeAssignPrefixes(
  state: LedgerState,
  { identity, assignments }: AssignPrefixes,
): Plan | RejectionCode {
  if (assignments.some(({ route }) => state.routeNumber(route) === undefined)) {
    return 'BCHF_TX_UNKNOWN_ROUTE';
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

function judgeInjectPool(
  state: LedgerState,
  { member, identity, ranges }: InjectPool,
): Plan | RejectionCode {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const { prefixes, free, runs, ported } = state.spaces[identity];
  const isOwn = (route: RouteNumber): boolean => state.routeOwner(route) === owner;
  for (const { from, to } of ranges) {
    if (free.intersects(from, to) || runs.intersects(from, to) || ported.intersects(from, to)) {
      return 'BCHF_TX_NOT_FREE';
    }
    if (!prefixes.everyRoute(from, to, isOwn)) return 'BCHF_TX_NOT_OWNER';
  }
  return () => {
    for (const { from, to } of ranges) free.insertMerging(from, to, owner);
  };
}

function judgeAllocate(
  state: LedgerState,
  { member, identity, ranges, route: routeId }: Allocate,
): Plan | RejectionCode {
  const recipient = companyNumber(state, member);
  if (recipient === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, recipient);
  if (typeof route !== 'number') return route;
  const { free, runs } = state.spaces[identity];
  if (!ranges.every(({ from, to }) => free.covers(from, to))) return 'BCHF_TX_NOT_FREE';
  return ({ changes }) => {
    for (const { from, to } of contiguous(ranges)) {
      free.remove(from, to);
      runs.insert(from, to, route);
      changes.push({ identity, entry: 'fragmented', from, to, route });
    }
  };
}

/** Touching ranges of one allocation are one run, hence one entry. */
function contiguous(ranges: readonly KeyRange[]): KeyRange[] {
  const runs: KeyRange[] = [];
  for (const { from, to } of ranges) {
    const last = runs.at(-1);
    if (last && last.to + 1 === from) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}

/** Whether each number of the port goes home; filled by one judgement, read by its plan. */
const goesHome = new Uint8Array(ITEMS_MAX);

function judgePort(
  state: LedgerState,
  { identity, numbers, donor, recipient, route: routeId }: Port,
): Plan | RejectionCode {
  const from = companyNumber(state, donor);
  const to = companyNumber(state, recipient);
  if (from === undefined || to === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, to);
  if (typeof route !== 'number') return route;
  const { ported } = state.spaces[identity];
  for (const [index, number] of numbers.entries()) {
    const home = state.homeOf(identity, number, lengthOf(number));
    const away = ported.get(number);
    const holder = away === NOT_PORTED ? home : state.routeOwner(away);
    if (holder === 'pool') return 'BCHF_TX_IN_POOL';
    if (holder !== from) return 'BCHF_TX_NOT_OWNER';
    goesHome[index] = home === to ? 1 : 0;
  }
  return ({ changes }) => {
    for (const [index, number] of numbers.entries()) {
      const isHome = goesHome[index] === 1;
      if (isHome) ported.delete(number);
      else ported.set(number, route);
      changes.push({
        identity,
        entry: 'ported',
        from: number,
        to: number,
        route: isHome ? null : route,
      });
    }
  };
}

/** The number of a company; the authority signs for the consortium but takes no part. */
function companyNumber(state: LedgerState, id: string): MemberNumber | undefined {
  return id === AUTHORITY ? undefined : state.memberNumber(id);
}

/** The number of a member's own route, or why it cannot be used. */
function ownRoute(
  state: LedgerState,
  id: string,
  member: MemberNumber,
): RouteNumber | RejectionCode {
  const route = state.routeNumber(id);
  if (route === undefined) return 'BCHF_TX_UNKNOWN_ROUTE';
  return state.routeOwner(route) === member ? route : 'BCHF_TX_FOREIGN_ROUTE';
}
