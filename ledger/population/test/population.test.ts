import assert from 'node:assert/strict';
import { createHash, sign, verify } from 'node:crypto';
import { before, describe, test } from 'node:test';
import {
  DIGITS_MAX,
  IDENTITIES,
  KEY_MAX,
  KEY_MIN,
  lengthOf,
  type NumberKey,
} from '../../number.ts';
import { AUTHORITY, type TransactionBody } from '../../transaction-body.ts';
import { type NumberingData, readNumberingData } from '../numbering-data.ts';
import { createPopulation, PORTED_MAX, type Population, PROFILES } from '../population.ts';
import { THRICE_SHARE, TWICE_SHARE } from '../porting.ts';
import { createRandom } from '../random.ts';
import { SAMPLE_KINDS } from '../sample.ts';
import { createWorld } from '../world.ts';
import { LedgerModel } from './ledger-model.ts';
import { testSeed } from './seed.ts';

let data: NumberingData;
before(() => {
  data = readNumberingData();
});

/** How many bodies admit members; left out here where keys, which take long, matter nothing. */
const ADMISSIONS = 3;

/**
 * Of samples of a thousand million ported numbers: server and generator may be of two versions, and must draw
 * the same. It changes with the numbering data.
 */
const GOLDEN_LARGEST = '5dfedb86a27171a963873d488a836e52884249729c7b7bb51768436178e36ce0';

function replay(population: Population): LedgerModel {
  const model = new LedgerModel();
  for (const { id } of population.members) model.members.add(id);
  for (const body of population.transactions(ADMISSIONS)) model.apply(body);
  return model;
}

/** The same number with a digit less, with one more, and its neighbours. */
function around(key: NumberKey): NumberKey[] {
  const keys = [key - 1, key, key + 1, Math.floor(key / 10), key * 10, key * 10 + 9];
  return keys.filter((each) => each >= KEY_MIN && each <= KEY_MAX && String(each)[0] === '1');
}

describe('the oracle of a population', () => {
  const seed = testSeed();
  for (const [at, profile] of PROFILES.entries()) {
    test(`agrees with a replay of the transactions at ${profile}%`, () => {
      const options = { data, ported: 900 + at, fragmented: 150, profile, seed: (seed + at) >>> 0 };
      const population = createPopulation(options);
      const model = replay(population);
      const random = createRandom(seed);
      const compare = (identity: (typeof IDENTITIES)[number], key: NumberKey) =>
        assert.deepEqual(population.expected(identity, key), model.lookup(identity, key));

      assert.equal(model.spaces.msisdn.ported.size, population.portedCount);
      const { msisdn, imsi } = model.spaces;
      assert.equal(msisdn.runs.length + imsi.runs.length, population.fragmentedCount);
      for (let index = 0; index < population.portedCount; index++) {
        const key = population.portedNumber(index);
        assert.ok(msisdn.ported.has(key));
        for (const near of around(key)) compare('msisdn', near);
      }
      for (const identity of IDENTITIES) {
        const space = model.spaces[identity];
        for (const { from, to } of [...space.runs, ...space.pool]) {
          for (const key of [...around(from), ...around(to)]) compare(identity, key);
        }
      }
      for (const prefix of [...msisdn.prefixes.keys()].filter((_, each) => each % 20 === 0)) {
        for (const key of around(Number(`1${prefix}`))) compare('msisdn', key);
      }
      for (let draw = 0; draw < 1_000; draw++) {
        const digits = 1 + random.below(DIGITS_MAX);
        const key = 10 ** digits + random.below(10 ** digits);
        compare(random.below(2) === 0 ? 'msisdn' : 'imsi', key);
      }
    });
  }
});

describe('a population', () => {
  const seed = testSeed();
  let population: Population;
  let model: LedgerModel;
  before(() => {
    population = createPopulation({ data, ported: 20_000, fragmented: 300, profile: 25, seed });
    model = replay(population);
  });

  test('has exactly the ported numbers asked for, at the density of its profile', () => {
    const numbers = new Set<NumberKey>();
    for (let index = 0; index < 20_000; index++) numbers.add(population.portedNumber(index));
    assert.equal(numbers.size, 20_000);
    assert.equal(population.subscriberCount, 80_000);
  });

  test('ports numbers again in the Finnish proportions', () => {
    const counts = [0, 0, 0, 0];
    for (const count of model.portCounts.values()) counts[count]!++;
    const [, , twice = 0, thrice = 0] = counts.map((count) => count / population.portedCount);
    assert.ok(Math.abs(twice - TWICE_SHARE) < 0.04, `${twice} moved twice`);
    assert.ok(Math.abs(thrice - THRICE_SHARE) < 0.03, `${thrice} moved three times`);
  });

  test('has a tenth of its ported numbers in decades of one recipient', () => {
    const decades = new Map<number, string[]>();
    for (const [key, route] of model.spaces.msisdn.ported) {
      const decade = Math.floor(key / 10);
      decades.set(decade, [...(decades.get(decade) ?? []), route]);
    }
    const corporate = [...decades.values()].filter((routes) => {
      return routes.length === 10 && new Set(routes).size === 1;
    });
    assert.equal(corporate.length, 200);
  });

  test('ports and shares only within its rules’ limits', () => {
    for (const { runs } of Object.values(model.spaces)) {
      for (const { from, to } of runs) assert.ok(to - from + 1 <= 5_000);
    }
    const { runs } = model.spaces.msisdn;
    assert.ok(runs.filter(({ from, to }) => to - from < 15).length > runs.length / 2);
    for (const [key, route] of model.spaces.msisdn.ported) {
      assert.notEqual(model.routes.get(route)!.member, model.homeOf('msisdn', key));
    }
    for (const { from } of model.spaces.imsi.runs) assert.equal(lengthOf(from), 15);
  });

  test('ports numbers to members of their own country only', () => {
    const { msisdn, operators } = createWorld(data);
    const countriesOf = new Map(operators.map(({ id }) => [id, new Set<string>()]));
    msisdn.keys.forEach((_, at) => {
      countriesOf.get(operators[msisdn.member[at]!]!.id)!.add(msisdn.country[at]!);
    });
    for (const [key, route] of model.spaces.msisdn.ported) {
      const country = msisdn.country[msisdn.table.longest(key)]!;
      assert.ok(countriesOf.get(model.routes.get(route)!.member)!.has(country));
    }
  });

  test('counts its transactions and starts them anywhere', () => {
    const bodies = [...population.transactions()];
    assert.equal(population.transactionCount(), bodies.length);
    for (const first of [0, 1, 3, 2_000, bodies.length - 1, bodies.length, bodies.length + 5]) {
      const { value } = population.transactions(first)[Symbol.iterator]().next();
      assert.deepEqual(value, bodies[first]);
    }
  });

  test('registers every roaming contract that a route tells, and no other', () => {
    const told = population.routes.filter(({ contractAddress }) => contractAddress);
    assert.ok(told.length > 0 && told.length < population.routes.length);
    for (const { contractAddress, member } of told) {
      assert.equal(model.contracts.get(contractAddress!), member);
    }
    assert.equal(model.contracts.size, new Set(told.map(({ member }) => member)).size);
  });

  test('comes in an order that a ledger can follow', () => {
    const kinds = [...new Set(kindsOf(population.transactions()))];
    assert.deepEqual(kinds, [
      'admit-members',
      'declare-routes',
      'assign-prefixes',
      'register-roaming-contract',
      'inject-pool',
      'allocate',
      'port',
    ]);
    const admitting = new LedgerModel();
    let admissions = 0;
    for (const body of population.transactions()) {
      if (body.kind !== 'admit-members') break;
      admitting.apply(body);
      admissions++;
    }
    assert.equal(admissions, ADMISSIONS);
    assert.equal(admitting.members.size, population.members.length);
  });

  test('is the same for the same options and another for another seed', () => {
    const options = { data, ported: 500, fragmented: 50, profile: 60, seed } as const;
    const bodiesOf = (changed: object) => [
      ...createPopulation({ ...options, ...changed }).transactions(ADMISSIONS),
    ];
    const bodies = bodiesOf({});
    assert.deepEqual(bodiesOf({}), bodies);
    assert.notDeepEqual(bodiesOf({ seed: (seed ^ 1) >>> 0 }), bodies);
  });

  test('draws every kind of number, and each is what it is called', () => {
    const random = createRandom(seed);
    const mix = { ported: 3, fragmented: 1, prefix: 2, miss: 1, 'wrong-length': 1 };
    const drawn = new Map<string, number>();
    for (let draw = 0; draw < 8_000; draw++) {
      const { identity, key, kind } = population.sample(random, mix);
      drawn.set(kind, (drawn.get(kind) ?? 0) + 1);
      const match = population.expected(identity, key);
      if (kind === 'miss') assert.equal(match, undefined);
      else assert.equal(match?.entry, kind === 'wrong-length' ? 'prefix' : kind);
    }
    for (const kind of SAMPLE_KINDS) {
      assert.ok(Math.abs(drawn.get(kind)! - mix[kind] * 1_000) < 200, `${drawn.get(kind)} ${kind}`);
    }
  });

  test('gives each member keys that sign', () => {
    const message = Buffer.from('moved');
    const [one, other] = population.members;
    const pair = population.keyPairOf(one!.id);
    const signature = sign(null, message, pair.privateKey);
    assert.ok(verify(null, message, pair.publicKey, signature));
    assert.ok(!verify(null, message, population.keyPairOf(other!.id).publicKey, signature));
    assert.equal(population.keyPairOf(AUTHORITY).publicKeyBytes.length, 32);
  });

  test('may have nothing ported and nothing fragmented', () => {
    const none = createPopulation({ data, ported: 0, fragmented: 0, profile: 5, seed });
    assert.ok(!kindsOf(none.transactions(ADMISSIONS)).includes('port'));
    const random = createRandom(seed);
    assert.equal(none.sample(random, { prefix: 1 }).kind, 'prefix');
    assert.throws(() => none.sample(random, { ported: 1 }), RangeError);
    assert.throws(() => none.sample(random, { fragmented: 1 }), RangeError);
    assert.throws(() => none.sample(random, { 'wrong-length': 1 }), RangeError);
    assert.throws(() => none.sample(random, {}), RangeError);
  });

  test('refuses options out of range', () => {
    const options = { data, ported: 100, fragmented: 10, profile: 25, seed: 1 } as const;
    const bad = [
      { ported: -1 },
      { ported: 1.5 },
      { ported: PORTED_MAX + 1 },
      { fragmented: -1 },
      { fragmented: 1_000_001 },
      { seed: -1 },
      { seed: 2 ** 32 },
      { profile: 30 as 25 },
    ];
    for (const change of bad) {
      assert.throws(() => createPopulation({ ...options, ...change }), RangeError);
    }
  });

  test('can be as large as its limits say, with every number at its place', () => {
    const options = { data, ported: PORTED_MAX, fragmented: 1_000_000, seed };
    const random = createRandom(seed);
    for (const profile of PROFILES) {
      const largest = createPopulation({ ...options, profile });
      const drawn = Array.from({ length: 1000 }, () => random.below(PORTED_MAX));
      const keys = new Set<NumberKey>();
      for (const index of [0, PORTED_MAX / 10 - 1, PORTED_MAX / 10, PORTED_MAX - 1, ...drawn]) {
        const key = largest.portedNumber(index);
        assert.equal(largest.portedIndex(key), index);
        assert.equal(largest.expected('msisdn', key)?.entry, 'ported');
        keys.add(key);
      }
      assert.equal(keys.size, new Set([...drawn, 0, 1e8 - 1, 1e8, 1e9 - 1]).size);
      const home = largest.sample(random, { prefix: 1 });
      assert.equal(largest.expected(home.identity, home.key)?.entry, 'prefix');
      const { key, identity } = largest.sample(random, { fragmented: 1 });
      assert.equal(largest.expected(identity, key)?.entry, 'fragmented');
    }
  });

  test('is the same at its largest wherever it is computed, from the seed alone', () => {
    const digest = (of: number) => {
      const largest = createPopulation({ data, ported: PORTED_MAX, profile: 5, seed: of });
      const random = createRandom(of);
      const samples = Array.from({ length: 300 }, () => {
        const { identity, key } = largest.sample(random, { ported: 2, fragmented: 1, prefix: 1 });
        return [identity, key, largest.expected(identity, key)?.route];
      });
      return createHash('sha256').update(JSON.stringify(samples)).digest('hex');
    };
    assert.equal(digest(1), GOLDEN_LARGEST);
    assert.notEqual(digest(2), GOLDEN_LARGEST);
  });
});

function kindsOf(bodies: Iterable<TransactionBody>): string[] {
  return Array.from(bodies, (body) => body.kind);
}
