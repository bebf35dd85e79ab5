// The heart of all three procedures: whom to ask for the data management element of a number, in which
// order, and when to go on with the next.
//
// Figure 7: the local UDM, then the BCHF. Figures 8 and 9: signalling routing or a portability database,
// then the BCHF; or the other way round; or the BCHF alone. An order is a list of sources.

import type { Cause, Refusal, Result } from './operations.ts';
import { refused } from './operations.ts';
import type { Peer } from './peers.ts';

/** Where the user data of a number should lie, by what a source says. */
export interface Whereabouts {
  element: Peer;
  userDataIndex?: number | undefined;
  /** Kept from an earlier answer, so it may be out of date. */
  isKept?: boolean;
}

export interface Source {
  /**
   * Whether what it says about unknown users is the last word: the BCHF knows every number of the
   * consortium, a table of segments does not.
   */
  isAuthoritative: boolean;
  /** @param isFresh nothing that was kept may be the answer */
  find(isFresh: boolean): Promise<Whereabouts | Refusal>;
}

/** Causes after which another source may still lead to the user. */
const TRY_NEXT: readonly Cause[] = [
  ...(['unknown-user', 'unreachable', 'timed-out', 'failure'] as const),
  ...(['requester-refused', 'congestion'] as const),
];

/**
 * Asks the sources in order, and at each the element that it names, until one decides.
 *
 * A kept answer that leads to an element without the user is asked for once more, anew: the number may
 * have moved. Where nobody decides, the user is unknown only if nothing went wrong on the way, or an
 * authoritative source said so after it: a terminal that is told that it is unknown does not try again.
 */
export async function askInOrder(
  sources: readonly Source[],
  ask: (where: Whereabouts) => Promise<Result>,
): Promise<Result> {
  let verdict: Refusal | undefined;
  for (const { find, isAuthoritative } of sources) {
    let where = await find(false);
    let result: Result = 'element' in where ? await ask(where) : where;
    if (isUnknown(result) && 'element' in where && where.isKept) {
      where = await find(true);
      result = 'element' in where ? await ask(where) : where;
    }
    if (result.ok || !TRY_NEXT.includes(result.cause)) return result;
    const counts = result.cause !== 'unknown-user' || (isAuthoritative && !('element' in where));
    if (counts || verdict === undefined || isUnknown(verdict)) verdict = result;
  }
  return verdict ?? refused('unknown-user');
}

function isUnknown(result: Result): boolean {
  return !result.ok && result.cause === 'unknown-user';
}
