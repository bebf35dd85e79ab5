// Bodies of the flows of numbers, with what the tests of the rules vary.

import assert from 'node:assert/strict';
import type { Identity } from '../number.ts';
import type { ChangeRoute, KeyRange, Port, TransactionBody } from '../transaction-body.ts';
import { key, type route, TestChain } from './consortium.ts';

export const identity: Identity = 'msisdn';

export function range(from: string, to: string): KeyRange {
  return { from: key(from), to: key(to) };
}

/** The range of one number. */
export function only(number: string): KeyRange {
  return range(number, number);
}

export function port(
  donor: string,
  recipient: string,
  numbers: string[],
  by = `${recipient}1`,
): Port {
  return { kind: 'port', identity, numbers: numbers.map(key), donor, recipient, route: by };
}

export function inject(owner: string, ...ranges: KeyRange[]): TransactionBody {
  return { kind: 'inject-pool', member: owner, identity, ranges };
}

export function allocate(owner: string, by: string, ...ranges: KeyRange[]): TransactionBody {
  return { kind: 'allocate', member: owner, identity, ranges, route: by };
}

export function declare(owner: string, ...routes: ReturnType<typeof route>[]): TransactionBody {
  return { kind: 'declare-routes', member: owner, routes };
}

export function assign(...assignments: { route: string; prefixes: string[] }[]): TransactionBody {
  return {
    kind: 'assign-prefixes',
    identity,
    assignments: assignments.map((each) => ({ ...each, prefixes: each.prefixes.map(key) })),
  };
}

export function transfer(
  from: string,
  to: string,
  ranges: KeyRange[],
  by = `${to}1`,
): TransactionBody {
  return { kind: 'transfer', identity, ranges, transferor: from, recipient: to, route: by };
}

export function release(owner: string, ...ranges: KeyRange[]): TransactionBody {
  return { kind: 'release', member: owner, identity, ranges };
}

export function changeRoute(owner: string, by: string, more: Partial<ChangeRoute>): ChangeRoute {
  const nothing = { prefixes: [], ranges: [], numbers: [] };
  return { kind: 'change-route', member: owner, identity, route: by, ...nothing, ...more };
}

/** The foundation, a's pool 8611000 to 8611999, a run of c in it, a ported number beside and inside it. */
export function chainWithPool(): TestChain {
  const chain = TestChain.founded();
  const { codes } = chain.block([
    inject('a', range('8611000', '8611999')),
    allocate('c', 'c1', range('8611000', '8611009')),
    port('a', 'c', ['8612345']),
    port('c', 'b', ['8611009']),
  ]);
  assert.deepEqual(new Set(codes), new Set(['OK']));
  return chain;
}
