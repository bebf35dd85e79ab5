// What a member asks its node about the state of the ledger, besides numbers:
//
//     members/{id}                              name, PLMNs, last sequence, balance, what it owes
//     roaming-contracts/{address}               the public terms that a routing answer leads to
//     roaming-contracts/{address}/{member}      what a visited network has done under them
//     terminal-keys/{ueId}                      the public key of a terminal
//     allocations?member=…&count=…              free numbers for a wish, as the transaction that takes them
//
// Answers are of the newest block on this node's disk.

import type { AllocationWish } from '../ledger/allocation.ts';
import type { FollowedLedger } from '../ledger/ledger.ts';
import { IDENTITIES, type Identity, parseDigits, parseUeId } from '../ledger/number.ts';
import { jsonOfBody } from './node-transaction-json.ts';

/** An HTTP status and what JSON says, or why there is none. */
export type ReadAnswer = { status: 200; value: unknown } | { status: 400 | 404; detail: string };

/** Answers a path below the ledger port's root; `undefined` where there is no such resource. */
export function readLedger(
  ledger: FollowedLedger,
  lastSequence: (member: string) => number | undefined,
  [collection, id, more]: readonly (string | undefined)[],
  query: URLSearchParams,
): ReadAnswer | undefined {
  if (collection === 'allocations') {
    return id === undefined ? readAllocation(ledger, query) : undefined;
  }
  if (id === undefined || (more !== undefined && collection !== 'roaming-contracts')) {
    return undefined;
  }
  switch (collection) {
    case 'members': {
      // Ids of members are made of characters that a URL does not change.
      const last = lastSequence(id);
      if (last === undefined) return { status: 404, detail: 'No such member.' };
      const member = ledger.members().find((one) => one.id === id);
      return found({
        member: id,
        name: member?.name ?? id,
        plmns: member?.plmns ?? [],
        lastSequence: last,
        balance: ledger.balanceOf(id),
        due: ledger.dueOf(id),
      });
    }
    case 'roaming-contracts': {
      const terms = ledger.roamingTerms(id);
      if (!terms) return { status: 404, detail: 'No such contract.' };
      if (more === undefined) return found({ address: id, ...terms });
      const tally = ledger.roamingTally(id, more);
      if (!tally) return { status: 404, detail: 'No such member.' };
      return found({ ...tally, hash: Buffer.from(tally.hash).toString('hex') });
    }
    case 'terminal-keys': {
      const ueId = parseUeId(id);
      if (!ueId) return { status: 400, detail: 'A ueId is imsi-… or msisdn-….' };
      const publicKey = ledger.terminalKey(ueId.identity, ueId.key);
      if (!publicKey) return { status: 404, detail: 'No key is registered.' };
      return found({ ueId: id, publicKey: Buffer.from(publicKey).toString('hex') });
    }
    default:
      return undefined;
  }
}

function readAllocation(ledger: FollowedLedger, query: URLSearchParams): ReadAnswer {
  const wish = wishOf(query);
  if (typeof wish === 'string') return { status: 400, detail: wish };
  try {
    const allocation = ledger.proposeAllocation(wish);
    if (!allocation) return { status: 404, detail: 'Nothing of it is free.' };
    return found({ count: allocation.count, transaction: jsonOfBody(allocation.body) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { status: 400, detail: error.message };
  }
}

/** The wish of a query, or what is wrong with it. */
function wishOf(query: URLSearchParams): AllocationWish | string {
  const [member, route, identity, count] = ['member', 'route', 'identity', 'count'].map((name) =>
    query.get(name),
  );
  if (!member || !route) return 'member and route are needed.';
  if (!isIdentity(identity ?? 'msisdn')) return `identity is one of ${IDENTITIES.join(', ')}.`;
  const wish: AllocationWish = {
    member,
    route,
    identity: (identity ?? 'msisdn') as Identity,
    count: Number(count ?? 1),
    contiguous: query.get('contiguous') === 'true',
  };
  for (const name of ['prefix', 'from', 'to'] as const) {
    const digits = query.get(name);
    if (digits === null) continue;
    const key = parseDigits(digits);
    if (key === undefined) return `${name} has 1 to 15 digits.`;
    wish[name] = key;
  }
  return wish;
}

function isIdentity(text: string): text is Identity {
  return (IDENTITIES as readonly string[]).includes(text);
}

function found(value: unknown): ReadAnswer {
  return { status: 200, value };
}
