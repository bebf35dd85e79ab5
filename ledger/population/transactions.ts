// The population as transaction bodies, in the order in which a consortium would come to it: members
// join and declare their routes, the numbering plan gives out the prefixes, members publish the roaming
// contracts that their routes tell, fill the pool and take from it, and numbers are ported, country by
// country. Bodies are unsigned.
//
// Only the ported numbers of one country are held at a time.

import type { NumberKey } from '../number.ts';
import type { Route } from '../route.ts';
import { ITEMS_MAX, type KeyRange, type TransactionBody } from '../transaction-body.ts';
import type { Pool } from './pool.ts';
import { PORTS_MAX, type Porting, type Recipient } from './porting.ts';
import { roamingContractOf } from './routes.ts';
import { type CountryBlocks, DECADE, type SubscriberSpace } from './subscriber-space.ts';
import type { PrefixPlan, World } from './world.ts';

/** Members in one transaction: a record is some 100 bytes with its key and its name. */
const ADMIT_MAX = 1_000;

/** What the bodies are made from. */
export interface TransactionSource {
  world: World;
  space: SubscriberSpace;
  porting: Porting;
  pools: readonly Pool[];
  /** 32 bytes of ed25519 for a member's id. */
  publicKeyOf(memberId: string): Uint8Array;
}

/** The first so many bodies admit the members. */
export function admissionCount({ operators }: World): number {
  return Math.ceil(operators.length / ADMIT_MAX);
}

/**
 * The bodies from the one at position `first`, generated as they are asked for; the same source
 * gives the same ones.
 */
export function* transactionsOf(
  source: TransactionSource,
  first: number,
): Generator<TransactionBody> {
  const admitted = admissionCount(source.world);
  for (let at = first; at < admitted; at++) yield admission(at, source);
  let left = Math.max(0, first - admitted);
  for (const body of laterTransactions(source)) {
    if (left > 0) left--;
    else yield body;
  }
}

function* laterTransactions(source: TransactionSource): Generator<TransactionBody> {
  const { world, space, pools } = source;
  yield* declarations(world);
  yield* assignments(world.msisdn, world.routes);
  yield* assignments(world.imsi, world.routes);
  yield* roamingContracts(world);
  for (const pool of pools) yield* injections(pool, world);
  for (const pool of pools) yield* allocations(pool, world);
  for (const country of space.portableCountries) yield* ports(country, source);
}

/** A member without a network of its own is admitted with its host's PLMN. */
function admission(at: number, { world, publicKeyOf }: TransactionSource): TransactionBody {
  const operators = world.operators.slice(at * ADMIT_MAX, (at + 1) * ADMIT_MAX);
  const members = operators.map(({ id, name, networks, host }) => ({
    id,
    name,
    publicKey: publicKeyOf(id),
    plmns: (networks.length > 0 ? networks : [host]).map(({ mcc, mnc }) => ({ mcc, mnc })),
  }));
  return { kind: 'admit-members', members };
}

function* declarations({ routes }: World): Generator<TransactionBody> {
  for (const [member, own] of groupBy(routes, (route) => route.member)) {
    for (const chunk of chunksOf(own, ITEMS_MAX)) {
      yield { kind: 'declare-routes', member, routes: chunk };
    }
  }
}

function* assignments(plan: PrefixPlan, routes: readonly Route[]): Generator<TransactionBody> {
  const prefixes = plan.keys.map((key, at) => ({ key, route: plan.route[at]! }));
  for (const chunk of chunksOf(prefixes, ITEMS_MAX)) {
    const byRoute = groupBy(chunk, (prefix) => prefix.route);
    yield {
      kind: 'assign-prefixes',
      identity: plan.identity,
      assignments: Array.from(byRoute, ([route, own]) => ({
        route: routes[route]!.id,
        prefixes: own.map((prefix) => prefix.key),
      })),
    };
  }
}

function* roamingContracts({ routes }: World): Generator<TransactionBody> {
  const told = routes.filter(({ contractAddress }) => contractAddress !== undefined);
  for (const member of new Set(told.map((route) => route.member))) yield roamingContractOf(member);
}

function* injections(pool: Pool, { operators }: World): Generator<TransactionBody> {
  for (const [donor, ranges] of groupBy(pool.ranges, (range) => range.donor)) {
    const member = operators[donor]!.id;
    for (const chunk of chunksOf(ranges, ITEMS_MAX)) {
      const spans = chunk.map(({ from, to }) => ({ from, to }));
      yield { kind: 'inject-pool', member, identity: pool.identity, ranges: spans };
    }
  }
}

function* allocations(pool: Pool, { operators, routes }: World): Generator<TransactionBody> {
  const byRoute = new Map<number, { member: number; ranges: KeyRange[] }>();
  for (let run = 0; run < pool.runCount; run++) {
    const { from, to, allocator } = pool.runAt(run);
    const group = byRoute.get(allocator.route) ?? { member: allocator.member, ranges: [] };
    byRoute.set(allocator.route, group);
    group.ranges.push({ from, to });
  }
  for (const [route, { member, ranges }] of byRoute) {
    for (const chunk of chunksOf(ranges, ITEMS_MAX)) {
      yield {
        kind: 'allocate',
        member: operators[member]!.id,
        identity: pool.identity,
        ranges: chunk,
        route: routes[route]!.id,
      };
    }
  }
}

/** Numbers that move from one member to the same other one, in ascending order. */
interface PortGroup {
  donor: number;
  recipient: Recipient;
  numbers: NumberKey[];
}

function* ports(country: CountryBlocks, source: TransactionSource): Generator<TransactionBody> {
  const { operators, routes } = source.world;
  for (const groups of portGroups(country, source)) {
    for (const { donor, recipient, numbers } of groups.values()) {
      for (const chunk of chunksOf(numbers, ITEMS_MAX)) {
        yield {
          kind: 'port',
          identity: 'msisdn',
          numbers: chunk,
          donor: operators[donor]!.id,
          recipient: operators[recipient.member]!.id,
          route: routes[recipient.route]!.id,
        };
      }
    }
  }
}

/** The groups of the first ports of a country's numbers, then of the second, then of the third. */
function portGroups(
  { country, firstBlock, endBlock }: CountryBlocks,
  { world, space, porting }: TransactionSource,
): Map<number, PortGroup>[] {
  const rounds = Array.from({ length: PORTS_MAX }, () => new Map<number, PortGroup>());
  const recipients: Recipient[] = [];
  for (let block = firstBlock; block < endBlock; block++) {
    const home = world.msisdn.member[space.blockPrefix[block]!]!;
    const blockFrom = space.blockFrom[block]!;
    const start = space.blockStart[block]!;
    const end = space.blockStart[block + 1]!;
    for (let decade = start; decade < end; decade++) {
      const place = porting.placeOf(decade);
      for (let digit = 0; digit < DECADE; digit++) {
        const index = porting.indexOf(place, digit);
        if (index < 0) continue;
        const key = blockFrom + (decade - start) * DECADE + digit;
        const count = porting.recipientsOf(index, country, home, recipients);
        let donor = home;
        for (let round = 0; round < count; round++) {
          const recipient = recipients[round]!;
          addPort(rounds[round]!, world.operators.length, donor, recipient, key);
          donor = recipient.member;
        }
      }
    }
  }
  return rounds;
}

function addPort(
  groups: Map<number, PortGroup>,
  memberCount: number,
  donor: number,
  recipient: Recipient,
  key: NumberKey,
): void {
  const pair = donor * memberCount + recipient.member;
  const group = groups.get(pair);
  if (group === undefined) groups.set(pair, { donor, recipient, numbers: [key] });
  else group.numbers.push(key);
}

function* chunksOf<T>(items: readonly T[], countMax: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += countMax) yield items.slice(at, at + countMax);
}

/** Items under their keys, both in the order in which they come. */
function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
