// The rules of the shared pool (figures 10 and 11): numbers are injected, allocated, transferred and
// released.

import type { RouteNumber } from '../entry.ts';
import type { NumberKey } from '../number.ts';
import type { Allocate, InjectPool, KeyRange, Release, Transfer } from '../transaction-body.ts';
import type { RejectionCode } from '../transaction-code.ts';
import { companyNumber, ownRoute } from './company.ts';
import { EVERY, type NumberSpace } from './number-space.ts';
import type { Judgement } from './plan.ts';
import { NOT_PORTED } from './ported-map.ts';
import { NO_PREFIX } from './prefix-map.ts';
import type { LedgerState, MemberNumber } from './state.ts';

export function judgeInjectPool(
  state: LedgerState,
  { member, identity, ranges }: InjectPool,
): Judgement {
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

export function judgeAllocate(
  state: LedgerState,
  { member, identity, ranges, route: routeId }: Allocate,
): Judgement {
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

export function judgeTransfer(
  state: LedgerState,
  { identity, ranges, transferor, recipient, route: routeId }: Transfer,
): Judgement {
  const from = companyNumber(state, transferor);
  const to = companyNumber(state, recipient);
  if (from === undefined || to === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, to);
  if (typeof route !== 'number') return route;
  const space = state.spaces[identity];
  const fault = whyNotHeld(state, space, ranges, from);
  if (fault) return fault;
  return ({ changes }) => {
    for (const range of contiguous(ranges)) {
      space.setRunRoute(range.from, range.to, route, changes);
    }
  };
}

export function judgeRelease(state: LedgerState, { member, identity, ranges }: Release): Judgement {
  const holder = companyNumber(state, member);
  if (holder === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const space = state.spaces[identity];
  const fault = whyNotHeld(state, space, ranges, holder);
  if (fault) return fault;
  return ({ changes }) => {
    for (const { from, to } of contiguous(ranges)) {
      space.removeRuns(from, to, changes);
      for (const stretch of space.prefixes.stretches(from, to)) {
        const injector = stretch.route === NO_PREFIX ? 0 : state.routeOwner(stretch.route);
        space.free.insertMerging(stretch.from, stretch.to, injector);
      }
    }
  };
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
