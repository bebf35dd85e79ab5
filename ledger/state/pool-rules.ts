// The rules of the shared pool (figures 10 and 11): numbers are injected, allocated, transferred and
// released.

import type { RouteNumber } from '../entry.ts';
import type { Identity, NumberKey } from '../number.ts';
import type { Allocate, InjectPool, KeyRange, Release, Transfer } from '../transaction-body.ts';
import type { RejectionCode } from '../transaction-code.ts';
import { companyNumber, ownRoute } from './company.ts';
import { chargeAllocation, chargeTransfer, endOccupation } from './money-rules.ts';
import { EVERY, type NumberSpace } from './number-space.ts';
import type { Judgement } from './plan.ts';
import { NOT_PORTED } from './ported-map.ts';
import { NO_PREFIX } from './prefix-map.ts';
import type { ContractNumber } from './pricing.ts';
import { AUTHORITY_NUMBER, type LedgerState, type MemberNumber } from './state.ts';

export function judgeInjectPool(
  state: LedgerState,
  { member, identity, ranges, contract: contractId }: InjectPool,
): Judgement {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const contract =
    contractId === undefined ? undefined : ownTerms(state, contractId, owner, identity);
  if (typeof contract === 'string') return contract;
  const { prefixes, free, runs, ported, priced } = state.spaces[identity];
  const isPurchaser = state.consortium.parameters.purchaser === member;
  for (const { from, to } of ranges) {
    if (free.intersects(from, to) || runs.intersects(from, to) || ported.intersects(from, to)) {
      return 'BCHF_TX_NOT_FREE';
    }
    for (const { route } of prefixes.stretches(from, to)) {
      if (route === NO_PREFIX) {
        if (!isPurchaser) return 'BCHF_TX_NOT_PURCHASER';
      } else if (state.routeOwner(route) !== owner) return 'BCHF_TX_NOT_OWNER';
    }
  }
  return () => {
    for (const { from, to } of ranges) {
      setFree(state, state.spaces[identity], from, to);
      state.terminalKeys.deleteRange(identity, from, to);
      if (contract !== undefined) priced.insertMerging(from, to, contract);
    }
  };
}

/**
 * Makes numbers free, for whoever has them by the numbering plan. What the purchaser has bought
 * belongs to the consortium.
 */
function setFree(state: LedgerState, space: NumberSpace, from: NumberKey, to: NumberKey): void {
  for (const stretch of space.prefixes.stretches(from, to)) {
    const { route } = stretch;
    const injector = route === NO_PREFIX ? AUTHORITY_NUMBER : state.routeOwner(route);
    space.free.insertMerging(stretch.from, stretch.to, injector);
  }
}

export function judgeAllocate(
  state: LedgerState,
  { member, identity, ranges, route: routeId, settlement = 0 }: Allocate,
  timeMs: number,
): Judgement {
  const recipient = companyNumber(state, member);
  if (recipient === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, recipient);
  if (typeof route !== 'number') return route;
  const space = state.spaces[identity];
  const { free, runs } = space;
  if (!ranges.every(({ from, to }) => free.covers(from, to))) return 'BCHF_TX_NOT_FREE';
  const count = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (count > state.consortium.parameters.numbersMax) return 'BCHF_TX_TOO_MANY_NUMBERS';
  const charge = chargeAllocation(state, space, ranges, recipient, settlement, timeMs);
  if (typeof charge === 'string') return charge;
  return ({ changes }) => {
    charge();
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

export function judgeTransfer(
  state: LedgerState,
  { identity, ranges, transferor, recipient, route: routeId, price = 0, settlement = 0 }: Transfer,
  timeMs: number,
): Judgement {
  const from = companyNumber(state, transferor);
  const to = companyNumber(state, recipient);
  if (from === undefined || to === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, to);
  if (typeof route !== 'number') return route;
  const space = state.spaces[identity];
  const fault = whyNotHeld(state, space, ranges, from);
  if (fault) return fault;
  const parties = { transferor: from, recipient: to, price, settlement };
  const charge = chargeTransfer(state, space, ranges, parties, timeMs);
  if (typeof charge === 'string') return charge;
  return ({ changes }) => {
    charge();
    for (const range of contiguous(ranges)) {
      space.setRunRoute(range.from, range.to, route, changes);
      state.terminalKeys.deleteRange(identity, range.from, range.to);
    }
  };
}

export function judgeRelease(
  state: LedgerState,
  { member, identity, ranges }: Release,
  timeMs: number,
): Judgement {
  const holder = companyNumber(state, member);
  if (holder === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const space = state.spaces[identity];
  const fault = whyNotHeld(state, space, ranges, holder);
  if (fault) return fault;
  return ({ changes }) => {
    endOccupation(state, space, ranges, holder, timeMs);
    for (const { from, to } of contiguous(ranges)) {
      space.removeRuns(from, to, changes);
      setFree(state, space, from, to);
      state.terminalKeys.deleteRange(identity, from, to);
    }
  };
}

/** The number of a member's own pricing contract for one identity kind, or why it cannot be used. */
function ownTerms(
  state: LedgerState,
  id: string,
  member: MemberNumber,
  identity: Identity,
): ContractNumber | RejectionCode {
  const contract = state.pricing.contractNumber(id);
  const terms = contract === undefined ? undefined : state.pricing.contracts[contract]!;
  if (contract === undefined || terms?.identity !== identity) return 'BCHF_TX_UNKNOWN_CONTRACT';
  return state.memberNumber(terms.member) === member ? contract : 'BCHF_TX_FOREIGN_CONTRACT';
}

/** Why a member may not give away ranges as numbers that it has from the pool. */
function whyNotHeld(
  state: LedgerState,
  space: NumberSpace,
  ranges: readonly KeyRange[],
  holder: MemberNumber,
): RejectionCode | undefined {
  const isOwn = (route: RouteNumber): boolean => state.routeOwner(route) === holder;
  for (const { from, to } of ranges) {
    const failed = space.everyRunRoute(from, to, isOwn);
    if (failed !== EVERY) {
      const away = space.ported.get(failed);
      return away !== NOT_PORTED && isOwn(away) ? 'BCHF_TX_PORTED' : whyNoRun(space, failed);
    }
    // What is ported out of an own run is with somebody else, or it would have gone home.
    if (space.ported.intersects(from, to)) return 'BCHF_TX_NOT_OWNER';
  }
  return undefined;
}

/** Why a number counts for no run of the one who claims it. */
export function whyNoRun(space: NumberSpace, key: NumberKey): RejectionCode {
  if (space.runRoute(key) !== undefined) return 'BCHF_TX_NOT_OWNER';
  return space.free.find(key) ? 'BCHF_TX_IN_POOL' : 'BCHF_TX_NOT_ALLOCATED';
}
