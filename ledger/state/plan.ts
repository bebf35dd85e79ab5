// What the rules give: a plan that changes the state, or why there is none.

import type { EntryChange, RouteNumber } from '../entry.ts';
import type { RejectionCode } from '../transaction-code.ts';

/** What the transactions of a block have changed, as an index wants to know it. */
export interface Effects {
  changes: EntryChange[];
  /** Numbers of new routes and of routes with new details. */
  changedRoutes: Set<RouteNumber>;
}

/** Carries out a transaction that nothing speaks against. */
export type Plan = (effects: Effects) => void;

/** What a rule says. */
export type Judgement = Plan | RejectionCode;
