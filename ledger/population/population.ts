// The population of numbers for trying the product out: the world's real prefixes, and a seeded
// synthetic part of ported and fragmented numbers shaped by published figures, because the real ones
// are confidential everywhere. It has two faces that agree for every number: transaction bodies for
// the ledger, and an oracle that tells the expected answer without any memory per number.

import type { EntryKind } from '../entry.ts';
import type { Identity, NumberKey } from '../number.ts';
import type { Route } from '../route.ts';
import type { Port, TransactionBody } from '../transaction-body.ts';
import { deriveKeyPair, type KeyPair } from './key-pairs.ts';
import type { Operator, Operators } from './members.ts';
import type { NumberingData } from './numbering-data.ts';
import { createPermutation } from './permutation.ts';
import { type Allocator, createPool, type Pool } from './pool.ts';
import { createPorting, type Recipient, recipientsByCountry } from './porting.ts';
import type { Random } from './random.ts';
import { createSampler, type SampledNumber, type SampleMix } from './sample.ts';
import { createSubscriberSpace, DECADE } from './subscriber-space.ts';
import { admissionCount, transactionsOf } from './transactions.ts';
import { createWorld, type World } from './world.ts';

/** Percentages of subscribers whose number is away from home that a population can have. */
export const PROFILES = [5, 25, 60] as const;
export type Profile = (typeof PROFILES)[number];

/**
 * Most ported numbers. At 5% they are twenty thousand million subscribers, and the world's prefixes have
 * room for twenty-five.
 */
export const PORTED_MAX = 1_000_000_000;

/** Most fragmented runs. */
export const FRAGMENTED_MAX = 1_000_000;

export const FRAGMENTED_DEFAULT = 20_000;

/** Every how many runs one is of IMSIs. */
const IMSI_RUN_DIVISOR = 5;

/** The ported numbers with the first indexes, which `bchf start --moves-per-second` moves about. */
export const MOVING_NUMBERS = 1000;

/** Members that allocate from the pool. */
const ALLOCATORS_MAX = 400;

const SEED_MAX = 2 ** 32 - 1;

export interface PopulationOptions {
  data: NumberingData;
  /** Ported numbers, 0 to PORTED_MAX. */
  ported: number;
  /** Fragmented runs, 0 to FRAGMENTED_MAX; FRAGMENTED_DEFAULT unless given. */
  fragmented?: number;
  /** Percentage of the subscribers' numbers that is ported. */
  profile: Profile;
  /** 0 to 2³² − 1. */
  seed: number;
}

/** The expected answer for a number. `from` and `to` are equal for prefixes and ported numbers. */
export interface ExpectedMatch {
  entry: EntryKind;
  from: NumberKey;
  to: NumberKey;
  /** Id of a route. */
  route: string;
}

export interface Population {
  /** Sorted by id. */
  members: readonly Operator[];
  /** In the order in which the transactions declare them. */
  routes: readonly Route[];
  portedCount: number;
  fragmentedCount: number;
  /** Subscribers' numbers, ported or not; the least multiple of ten that the profile asks for. */
  subscriberCount: number;
  /** Real prefixes of both identities. */
  prefixCount: Record<Identity, number>;
  /** Entries of the MCC-MNC list that were left out, by reason. */
  skipped: Operators['skipped'];
  /**
   * The transaction bodies in order, lazily, from the one at position `first`, 0 unless given. Those
   * before it cost little: no key is made for them.
   */
  transactions(first?: number): Iterable<TransactionBody>;
  /** How many `transactions()` gives. Counted by generating them once, then remembered. */
  transactionCount(): number;
  /** What an index that holds all transactions answers for any number key. */
  expected(identity: Identity, key: NumberKey): ExpectedMatch | undefined;
  /** The ported number with an index from 0 to `portedCount` − 1; each number has one index. */
  portedNumber(index: number): NumberKey;
  /** The inverse: −1 for a number that is at home. */
  portedIndex(key: NumberKey): number;
  /** A ported number's way home to the member of its prefix, or from there to where it belongs. */
  moveOf(index: number, way: 'home' | 'away'): Port;
  /** Draws a number; throws RangeError where the mix asks for a kind that there is none of. */
  sample(random: Random, mix: SampleMix): SampledNumber;
  /**
   * The keys of a member, or of AUTHORITY. They follow from the population's seed, so that one
   * process can play the whole consortium: it is for trying out, never for a real one.
   */
  keyPairOf(memberId: string): KeyPair;
}

/** Builds a population in about half a second. Throws RangeError for options out of range. */
export function createPopulation(options: PopulationOptions): Population {
  const { data, ported, fragmented = FRAGMENTED_DEFAULT, profile, seed } = options;
  requireInteger('ported', ported, PORTED_MAX);
  requireInteger('fragmented', fragmented, FRAGMENTED_MAX);
  requireInteger('seed', seed, SEED_MAX);
  if (!PROFILES.includes(profile)) throw new RangeError(`no profile: ${profile}`);

  const world = createWorld(data);
  const { msisdn, imsi, routes } = world;
  const recipients = recipientsByCountry(world);
  const decadesWanted = Math.ceil((ported * 100) / profile / DECADE);
  const space = createSubscriberSpace(msisdn, decadesWanted, (country) => recipients.has(country));
  const porting = createPorting(space, recipients, ported, seed);
  const allocators = chooseAllocators(world, seed);
  const imsiRuns = Math.floor(fragmented / IMSI_RUN_DIVISOR);
  const pools: Record<Identity, Pool> = {
    msisdn: createPool(msisdn, allocators, fragmented - imsiRuns, seed),
    imsi: createPool(imsi, allocators, imsiRuns, seed),
  };
  const keyPairs = new Map<string, KeyPair>();
  const keyPairOf = (id: string) => {
    const known = keyPairs.get(id) ?? deriveKeyPair(seed, id);
    keyPairs.set(id, known);
    return known;
  };

  const scratch: Recipient[] = [];
  const indexUnder = (key: NumberKey, prefix: number) => {
    const place = porting.placeOf(space.decadeOf(key, prefix));
    return place < 0 ? -1 : porting.indexOf(place, key % DECADE);
  };
  const lastRecipient = (index: number, prefix: number) => {
    const country = msisdn.country[prefix]!;
    const count = porting.recipientsOf(index, country, msisdn.member[prefix]!, scratch);
    return scratch[count - 1]!;
  };
  const portedRoute = (key: NumberKey, prefix: number) => {
    const index = indexUnder(key, prefix);
    return index < 0 ? -1 : lastRecipient(index, prefix).route;
  };
  const moveOf = (index: number, way: 'home' | 'away'): Port => {
    const key = porting.numberAt(index);
    const prefix = msisdn.table.longest(key);
    const ends = [
      { member: msisdn.member[prefix]!, route: msisdn.route[prefix]! },
      lastRecipient(index, prefix),
    ] as const;
    const [from, to] = way === 'away' ? ends : [ends[1], ends[0]];
    return {
      kind: 'port',
      identity: 'msisdn',
      numbers: [key],
      donor: world.operators[from.member]!.id,
      recipient: world.operators[to.member]!.id,
      route: routes[to.route]!.id,
    };
  };

  const expected = (identity: Identity, key: NumberKey): ExpectedMatch | undefined => {
    const plan = identity === 'msisdn' ? msisdn : imsi;
    const prefix = plan.table.longest(key);
    if (prefix < 0) return undefined;
    if (identity === 'msisdn') {
      const route = portedRoute(key, prefix);
      if (route >= 0) return { entry: 'ported', from: key, to: key, route: routes[route]!.id };
    }
    const run = pools[identity].runOf(key);
    if (run !== undefined) {
      const route = routes[run.allocator.route]!.id;
      return { entry: 'fragmented', from: run.from, to: run.to, route };
    }
    const prefixKey = plan.keys[prefix]!;
    const route = routes[plan.route[prefix]!]!.id;
    return { entry: 'prefix', from: prefixKey, to: prefixKey, route };
  };

  const publicKeyOf = (id: string) => keyPairOf(id).publicKeyBytes;
  const poolList = [pools.msisdn, pools.imsi];
  const source = { world, space, porting, pools: poolList, publicKeyOf };
  const transactions = (first = 0) => transactionsOf(source, first);
  let counted: number | undefined;
  const transactionCount = () => {
    if (counted === undefined) {
      counted = admissionCount(world);
      for (const _ of transactions(counted)) counted++;
    }
    return counted;
  };

  return {
    members: world.operators,
    routes,
    portedCount: ported,
    fragmentedCount: fragmented,
    subscriberCount: space.decadeCount * DECADE,
    prefixCount: { msisdn: msisdn.keys.length, imsi: imsi.keys.length },
    skipped: world.skipped,
    transactions,
    transactionCount,
    expected,
    portedNumber: porting.numberAt,
    portedIndex(key) {
      const prefix = msisdn.table.longest(key);
      return prefix < 0 ? -1 : indexUnder(key, prefix);
    },
    moveOf,
    sample: createSampler({ world, space, porting, pools, expected }),
    keyPairOf,
  };
}

/** Some members, in a seeded order, each with the route of its main network. */
function chooseAllocators({ operators, mainRoute }: World, seed: number): Allocator[] {
  const order = createPermutation(operators.length, seed, 'allocators');
  const count = Math.min(ALLOCATORS_MAX, operators.length);
  return Array.from({ length: count }, (_, at) => {
    const member = order.forward(at);
    return { member, route: mainRoute[member]! };
  });
}

function requireInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${name} is ${value}, not an integer from 0 to ${max}`);
  }
}
