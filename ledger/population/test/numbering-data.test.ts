import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { digitsOf, lengthOf, type NumberKey, parseDigits } from '../../number.ts';
import { routeSchema } from '../../route-schema.ts';
import { createLengthRule } from '../number-length.ts';
import { type NumberingData, readNumberingData, type Territory } from '../numbering-data.ts';
import { comparableName, regionNames, slugOf } from '../operator-names.ts';
import { createPrefixTable } from '../prefix-table.ts';
import { createRandom } from '../random.ts';
import { createWorld, type World } from '../world.ts';
import { testSeed } from './seed.ts';

describe('the real numbering data', () => {
  let data: NumberingData;
  let world: World;
  before(() => {
    data = readNumberingData();
    world = createWorld(data);
  });

  test('is read whole', () => {
    assert.equal(data.carrierPrefixes.length, 28_884);
    assert.equal(new Set(data.carrierPrefixes.map((prefix) => prefix.countryCode)).size, 206);
    assert.equal(data.networks.length, 3_094);
    assert.equal(new Set(data.networks.map((network) => network.mcc)).size, 238);
  });

  test('every prefix and every PLMN has one member, and what is left out is counted', () => {
    const { notAPlmn, duplicate, unassigned } = world.skipped;
    assert.equal(world.msisdn.keys.length, data.carrierPrefixes.length);
    assert.equal(world.imsi.keys.length, data.networks.length - notAPlmn - duplicate - unassigned);
    assert.equal(notAPlmn, 9);
    assert.equal(new Set(world.msisdn.keys).size, world.msisdn.keys.length);
    assert.equal(new Set(world.imsi.keys).size, world.imsi.keys.length);
  });

  test('every route is valid, unique and its own member’s', () => {
    for (const route of world.routes) routeSchema.parse(route);
    const unique = (values: string[]) => assert.equal(new Set(values).size, world.routes.length);
    unique(world.routes.map((route) => route.id));
    unique(world.routes.map((route) => route.fqdn));
    unique(world.routes.map((route) => route.nfInstanceId));
    for (const plan of [world.msisdn, world.imsi]) {
      plan.keys.forEach((_, at) => {
        const member = world.operators[plan.member[at]!]!.id;
        assert.equal(world.routes[plan.route[at]!]!.member, member);
      });
    }
  });

  test('every member has an id of its own and a data management element', () => {
    const ids = new Set(world.operators.map((operator) => operator.id));
    assert.equal(ids.size, world.operators.length);
    assert.deepEqual(new Set(world.routes.map((route) => route.member)), ids);
    assert.ok(ids.size < 65_535 && world.routes.length < 65_536);
  });

  test('carrier data and network list meet in one member', () => {
    const elisa = world.operators.findIndex((operator) => operator.id === 'fi-elisa');
    const own = world.operators[elisa]!;
    assert.deepEqual(
      own.networks.map(({ mcc, mnc }) => mcc + mnc),
      ['24405', '24406', '24420', '24421'],
    );
    const prefix = world.msisdn.table.longest(parseDigits('358461234567')!);
    assert.equal(world.msisdn.member[prefix], elisa);
    assert.equal(
      world.routes[world.mainRoute[elisa]!]!.fqdn,
      'udm.5gc.mnc005.mcc244.3gppnetwork.org',
    );
  });

  test('networks that are listed by region are their brand’s', () => {
    const airtel = world.operators.find((operator) => operator.id === 'in-airtel')!;
    assert.ok(airtel.networks.length > 20 && airtel.networks.length < 30);
    assert.ok(airtel.networks.every((network) => network.country === '91'));
  });

  test('an operator without a network is a guest in its country’s', () => {
    const cuuma = world.routes.find((route) => route.member === 'fi-cuuma')!;
    assert.equal(cuuma.plmn.mcc, '244');
    assert.match(cuuma.fqdn, /^fi-cuuma\.[a-z0-9.]+\.mcc244\.3gppnetwork\.org$/);
  });

  test('every prefix’s number length is one that its country uses', () => {
    const byCode = new Map<string, Territory[]>();
    for (const territory of data.territories) {
      byCode.set(territory.countryCode, [...(byCode.get(territory.countryCode) ?? []), territory]);
    }
    const { msisdn } = world;
    msisdn.keys.forEach((key, at) => {
      const code = msisdn.country[at]!;
      const national = msisdn.digits[at]! - code.length;
      const lengths = byCode.get(code)!.flatMap((each) => [...each.mobileLengths, ...each.lengths]);
      assert.ok(lengths.includes(national), `${digitsOf(key)} has numbers of ${national} digits`);
      assert.ok(msisdn.digits[at]! > lengthOf(key) && msisdn.digits[at]! <= 15);
    });
  });

  test('the mobile pattern decides the length of nearly all prefixes', () => {
    const rule = createLengthRule(data.territories);
    const decided = data.carrierPrefixes.map(({ countryCode, national }) => {
      return rule(countryCode, national).by;
    });
    const share = (by: string) => decided.filter((each) => each === by).length / decided.length;
    assert.ok(share('mobile-pattern') > 0.98);
    assert.ok(share('length-list') < 0.001);
    assert.equal(rule('358', '40').length, 9);
    assert.equal(rule('86', '139').length, 11);
  });
});

describe('operator names', () => {
  test('are equal without legal form, country, accents and punctuation', () => {
    assert.equal(comparableName('Telia Finland Oyj', 'Finland'), 'telia');
    assert.equal(comparableName('T-Mobile, S.A.', 'Poland'), 'tmobile');
    assert.equal(comparableName('Société Réunionnaise', null), 'societereunionnaise');
  });

  test('are never empty for leaving words out', () => {
    assert.equal(comparableName('Finland Oy', 'Finland'), 'finlandoy');
  });

  test('are regions where several brands with many networks share them', () => {
    const circles = ['punjab', 'kerala', 'mumbai', 'delhi', 'assam'];
    const named = ['airtel', 'jio'].flatMap((brand) =>
      circles.map((operator) => ({ brand, operator })),
    );
    named.push({ brand: 'saunalahti', operator: 'elisa' }, { brand: 'elisa', operator: 'elisa' });
    assert.deepEqual(regionNames(named), new Set(circles));
  });

  test('become slugs without signs and loose hyphens', () => {
    assert.equal(slugOf('fi-Ålcom & Co. (test)', 64), 'fi-alcom-co-test');
    assert.equal(slugOf('ab-cd', 3), 'ab');
  });
});

describe('a prefix table', () => {
  const random = createRandom(testSeed());

  /** Short digits of few kinds, so that prefixes nest often. */
  const randomKey = (digitsMax: number): NumberKey => {
    const length = 1 + random.below(digitsMax);
    const digits = Array.from({ length }, () => '0149'[random.below(4)]).join('');
    return parseDigits(digits)!;
  };

  const longestBySearch = (prefixes: NumberKey[], key: NumberKey) => {
    const matches = prefixes.filter((prefix) => digitsOf(key).startsWith(digitsOf(prefix)));
    return matches.reduce((best, each) => Math.max(best, each), 0);
  };

  test('finds the longest prefix that a search finds, at any length', () => {
    for (let round = 0; round < 50; round++) {
      const prefixes = [
        ...new Set(Array.from({ length: 1 + random.below(40) }, () => randomKey(6))),
      ];
      const table = createPrefixTable(prefixes);
      for (let query = 0; query < 200; query++) {
        const key = randomKey(15);
        const found = table.longest(key);
        assert.equal(found < 0 ? 0 : prefixes[found]!, longestBySearch(prefixes, key));
      }
    }
  });

  test('gives the longest run of numbers that no longer prefix takes', () => {
    for (let round = 0; round < 30; round++) {
      const prefixes = [
        ...new Set(Array.from({ length: 1 + random.below(20) }, () => randomKey(4))),
      ];
      const table = createPrefixTable(prefixes);
      const digits = 1 + random.below(4);
      for (let at = 0; at < prefixes.length; at++) {
        let longest = 0;
        let current = 0;
        let from = 0;
        for (let key = 10 ** digits; key < 2 * 10 ** digits; key++) {
          current = table.longest(key) === at ? current + 1 : 0;
          if (current > longest) {
            longest = current;
            from = key - current + 1;
          }
        }
        const expected = longest === 0 ? undefined : { from, to: from + longest - 1 };
        assert.deepEqual(table.ownSpan(at, digits), expected);
      }
    }
  });
});
