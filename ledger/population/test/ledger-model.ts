// The ledger's rules for a population's transactions in their plainest form: maps and linear
// searches, written from DOMAIN's ledger flows and from none of the population's code. It throws at
// the first body that breaks a rule, and answers lookups by entry precedence.

import assert from 'node:assert/strict';
import { digitsOf, type Identity, type NumberKey, parseDigits } from '../../number.ts';
import type { Route } from '../../route.ts';
import { routeSchema } from '../../route-schema.ts';
import { ITEMS_MAX, type KeyRange, type TransactionBody } from '../../transaction-body.ts';
import { roamingContractAddress } from '../../transaction-roaming.ts';
import type { ExpectedMatch } from '../population.ts';

interface Run extends KeyRange {
  route: string;
}

interface NumberSpace {
  prefixes: Map<string, string>;
  pool: KeyRange[];
  runs: Run[];
  ported: Map<NumberKey, string>;
}

export class LedgerModel {
  readonly members = new Set<string>();
  readonly routes = new Map<string, Route>();
  /** The member of each roaming contract, by its address. */
  readonly contracts = new Map<string, string>();
  readonly spaces: Record<Identity, NumberSpace> = { imsi: emptySpace(), msisdn: emptySpace() };
  /** How often each number was ported. */
  readonly portCounts = new Map<NumberKey, number>();

  apply(body: TransactionBody): void {
    switch (body.kind) {
      case 'admit-members':
        assert.ok(body.members.length <= ITEMS_MAX);
        for (const { id, publicKey, plmns } of body.members) {
          assert.ok(!this.members.has(id) && publicKey.length === 32 && plmns.length > 0);
          this.members.add(id);
        }
        return;
      case 'declare-routes':
        assert.ok(body.routes.length <= ITEMS_MAX && this.members.has(body.member));
        for (const route of body.routes) {
          routeSchema.parse(route);
          assert.equal(route.member, body.member);
          this.routes.set(route.id, route);
        }
        return;
      case 'assign-prefixes': {
        const { prefixes } = this.spaces[body.identity];
        assert.ok(body.assignments.flatMap((each) => each.prefixes).length <= ITEMS_MAX);
        for (const assignment of body.assignments) {
          assertAscending(assignment.prefixes);
          assert.ok(this.routes.has(assignment.route));
          for (const key of assignment.prefixes) prefixes.set(digitsOf(key), assignment.route);
        }
        return;
      }
      case 'register-roaming-contract': {
        const address = roamingContractAddress(body.member, body.name);
        assert.ok(this.members.has(body.member) && !this.contracts.has(address));
        this.contracts.set(address, body.member);
        return;
      }
      case 'inject-pool': {
        const { pool } = this.spaces[body.identity];
        assertAscendingRanges(body.ranges);
        for (const range of body.ranges) {
          assert.ok(pool.every((other) => other.to < range.from || other.from > range.to));
          for (const key of keysOf(range))
            assert.equal(this.ownerOf(body.identity, key), body.member);
          pool.push(range);
        }
        return;
      }
      case 'allocate': {
        const { pool, runs } = this.spaces[body.identity];
        assertAscendingRanges(body.ranges);
        assert.equal(this.routes.get(body.route)?.member, body.member);
        for (const { from, to } of body.ranges) {
          assert.ok(pool.some((range) => range.from <= from && to <= range.to));
          assert.ok(runs.every((other) => other.to < from || other.from > to));
          assert.notEqual(this.ownerOf(body.identity, from), body.member);
          runs.push({ from, to, route: body.route });
        }
        return;
      }
      case 'port': {
        const { ported, pool } = this.spaces[body.identity];
        assert.ok(body.numbers.length > 0 && body.numbers.length <= ITEMS_MAX);
        assertAscending(body.numbers);
        assert.equal(this.routes.get(body.route)?.member, body.recipient);
        assert.notEqual(body.donor, body.recipient);
        for (const key of body.numbers) {
          assert.equal(this.ownerOf(body.identity, key), body.donor);
          assert.ok(!pool.some((range) => range.from <= key && key <= range.to));
          if (this.homeOf(body.identity, key) === body.recipient) ported.delete(key);
          else ported.set(key, body.route);
          this.portCounts.set(key, (this.portCounts.get(key) ?? 0) + 1);
        }
        return;
      }
    }
  }

  lookup(identity: Identity, key: NumberKey): ExpectedMatch | undefined {
    const space = this.spaces[identity];
    const ported = space.ported.get(key);
    if (ported !== undefined) return { entry: 'ported', from: key, to: key, route: ported };
    const run = space.runs.find(({ from, to }) => from <= key && key <= to);
    if (run !== undefined) return { entry: 'fragmented', ...run };
    const prefix = this.longestPrefix(identity, key);
    if (prefix === undefined) return undefined;
    const from = parseDigits(prefix)!;
    return { entry: 'prefix', from, to: from, route: space.prefixes.get(prefix)! };
  }

  /** The member that has a number now. */
  ownerOf(identity: Identity, key: NumberKey): string | undefined {
    const match = this.lookup(identity, key);
    return match && this.routes.get(match.route)!.member;
  }

  /** The member that a number belongs to by its prefix. */
  homeOf(identity: Identity, key: NumberKey): string | undefined {
    const prefix = this.longestPrefix(identity, key);
    const route = prefix && this.spaces[identity].prefixes.get(prefix);
    return route && this.routes.get(route)!.member;
  }

  longestPrefix(identity: Identity, key: NumberKey): string | undefined {
    const digits = digitsOf(key);
    for (let length = digits.length; length > 0; length--) {
      const prefix = digits.slice(0, length);
      if (this.spaces[identity].prefixes.has(prefix)) return prefix;
    }
    return undefined;
  }
}

function emptySpace(): NumberSpace {
  return { prefixes: new Map(), pool: [], runs: [], ported: new Map() };
}

/** Every number of a small range, and a thousand spread over a large one. */
function* keysOf({ from, to }: KeyRange): Generator<NumberKey> {
  const step = Math.max(1, Math.floor((to - from) / 1_000));
  for (let key = from; key < to; key += step) yield key;
  yield to;
}

function assertAscending(keys: readonly NumberKey[]): void {
  for (let at = 1; at < keys.length; at++) assert.ok(keys[at - 1]! < keys[at]!);
}

function assertAscendingRanges(ranges: readonly KeyRange[]): void {
  assert.ok(ranges.length > 0 && ranges.length <= ITEMS_MAX);
  for (const { from, to } of ranges) {
    assert.ok(from <= to && digitsOf(from).length === digitsOf(to).length);
  }
  assertAscending(ranges.flatMap(({ from, to }) => (from === to ? [from] : [from, to])));
}
