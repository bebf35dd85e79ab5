// What every rule asks of the parties and of their routes.

import type { RouteNumber } from '../entry.ts';
import { AUTHORITY } from '../transaction-body.ts';
import type { RejectionCode } from '../transaction-code.ts';
import type { LedgerState, MemberNumber } from './state.ts';

/** The number of a member; the authority signs for the consortium but takes no part. */
export function companyNumber(state: LedgerState, id: string): MemberNumber | undefined {
  return id === AUTHORITY ? undefined : state.presentNumber(id);
}

/** The number of a member's own route, or why it cannot be used. */
export function ownRoute(
  state: LedgerState,
  id: string,
  member: MemberNumber,
): RouteNumber | RejectionCode {
  const route = state.routeNumber(id);
  if (route === undefined) return 'BCHF_TX_UNKNOWN_ROUTE';
  return state.routeOwner(route) === member ? route : 'BCHF_TX_FOREIGN_ROUTE';
}
