// The rules for numbers wherever they come from: portability (figure 12) and changes of route.

import { lengthOf } from '../number.ts';
import { type ChangeRoute, ITEMS_MAX, type Port } from '../transaction-body.ts';
import { companyNumber, ownRoute } from './company.ts';
import { EVERY } from './number-space.ts';
import type { Judgement } from './plan.ts';
import { whyNoRun } from './pool-rules.ts';
import { NOT_PORTED } from './ported-map.ts';
import type { LedgerState } from './state.ts';

/** Whether each number of the port goes home; filled by one judgement, read by its plan. */
const goesHome = new Uint8Array(ITEMS_MAX);

export function judgePort(
  state: LedgerState,
  { identity, numbers, donor, recipient, route: routeId }: Port,
): Judgement {
  const from = companyNumber(state, donor);
  const to = companyNumber(state, recipient);
  if (from === undefined || to === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, to);
  if (typeof route !== 'number') return route;
  const space = state.spaces[identity];
  const { ported } = space;
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
      state.terminalKeys.delete(identity, number);
      if (isHome) ported.delete(number);
      else ported.set(number, route);
      changes.push({
        identity,
        entry: 'ported',
        from: number,
        to: number,
        // A number that was transferred alone has an entry of its own to come back to.
        route: isHome ? (space.singleRoute(number) ?? null) : route,
      });
    }
  };
}

export function judgeChangeRoute(
  state: LedgerState,
  { member, identity, route: routeId, prefixes, ranges, numbers }: ChangeRoute,
): Judgement {
  const owner = companyNumber(state, member);
  if (owner === undefined) return 'BCHF_TX_UNKNOWN_MEMBER';
  const route = ownRoute(state, routeId, owner);
  if (typeof route !== 'number') return route;
  const space = state.spaces[identity];
  const isOwn = (known: number): boolean => state.routeOwner(known) === owner;
  for (const prefix of prefixes) {
    const known = space.prefixes.get(prefix);
    if (known === undefined || !isOwn(known)) return 'BCHF_TX_NOT_OWNER';
  }
  for (const { from, to } of ranges) {
    const failed = space.everyRunRoute(from, to, isOwn);
    if (failed !== EVERY) return whyNoRun(space, failed);
  }
  for (const number of numbers) {
    const known = space.ported.get(number);
    if (known === NOT_PORTED || !isOwn(known)) return 'BCHF_TX_NOT_OWNER';
  }
  return ({ changes }) => {
    for (const prefix of prefixes) {
      if (space.prefixes.get(prefix) === route) continue;
      space.prefixes.set(prefix, route);
      changes.push({ identity, entry: 'prefix', from: prefix, to: prefix, route });
    }
    for (const { from, to } of ranges) space.setRunRoute(from, to, route, changes);
    for (const number of numbers) {
      if (space.ported.get(number) === route) continue;
      space.ported.set(number, route);
      changes.push({ identity, entry: 'ported', from: number, to: number, route });
    }
  };
}
