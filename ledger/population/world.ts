// The real part of a population, ready to compute with: members, routes, and both identities'
// prefixes with the member, the route and the number length of each. Members and routes are
// positions in lists here. Nothing in it depends on a seed.

import { DIGITS_MAX, type Identity, type NumberKey, parseDigits } from '../number.ts';
import type { Route } from '../route.ts';
import { joinOperators, type Operator, type Operators } from './members.ts';
import { createLengthRule } from './number-length.ts';
import type { NumberingData } from './numbering-data.ts';
import { createPrefixTable, type PrefixTable } from './prefix-table.ts';
import { hash32 } from './random.ts';
import { routesOf } from './routes.ts';

/** The prefixes of one identity, in ascending order of their keys. */
export interface PrefixPlan {
  identity: Identity;
  keys: NumberKey[];
  /** For each prefix, how many digits its numbers have. */
  digits: Uint8Array;
  member: Int32Array;
  route: Int32Array;
  /** For each prefix, the country in which its numbers may be ported; '' for IMSIs. */
  country: string[];
  table: PrefixTable;
}

export interface World {
  operators: Operator[];
  routes: Route[];
  /** For each member, the route that new users get: the one in its host network. */
  mainRoute: Int32Array;
  msisdn: PrefixPlan;
  imsi: PrefixPlan;
  skipped: Operators['skipped'];
}

/** One prefix on its way into a plan. */
interface PlanRow {
  key: NumberKey;
  digits: number;
  member: number;
  route: number;
  country: string;
}

/** Builds the world from the data. Throws RangeError for data without networks. */
export function createWorld(data: NumberingData): World {
  const { operators, operatorOfPrefix, skipped } = joinOperators(data);
  const routes: Route[] = [];
  const firstRoute: number[] = [];
  for (const operator of operators) {
    firstRoute.push(routes.length);
    routes.push(...routesOf(operator));
  }
  const mainRoute = Int32Array.from(operators, (operator, at) => {
    return firstRoute[at]! + Math.max(0, operator.networks.indexOf(operator.host));
  });
  const msisdnRows = msisdnRowsOf(data, operators, operatorOfPrefix, firstRoute);
  const imsiRows = routes.flatMap((route, at) => {
    const member = memberOfRoute(firstRoute, at);
    if (operators[member]!.networks.length === 0) return [];
    const key = parseDigits(route.plmn.mcc + route.plmn.mnc)!;
    return [{ key, digits: DIGITS_MAX, member, route: at, country: '' }];
  });
  return {
    operators,
    routes,
    mainRoute,
    msisdn: planOf('msisdn', msisdnRows),
    imsi: planOf('imsi', imsiRows),
    skipped,
  };
}

function memberOfRoute(firstRoute: readonly number[], route: number): number {
  let low = 0;
  let high = firstRoute.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (firstRoute[middle]! <= route) low = middle;
    else high = middle;
  }
  return low;
}

function msisdnRowsOf(
  data: NumberingData,
  operators: readonly Operator[],
  operatorOfPrefix: Int32Array,
  firstRoute: readonly number[],
): PlanRow[] {
  const lengthOfPrefix = createLengthRule(data.territories);
  return data.carrierPrefixes.map(({ countryCode, national }, at) => {
    const { length, territory } = lengthOfPrefix(countryCode, national);
    const key = parseDigits(countryCode + national);
    if (key === undefined) throw new RangeError(`no prefix: ${countryCode} ${national}`);
    const member = operatorOfPrefix[at]!;
    const route = firstRoute[member]! + networkFor(operators[member]!, territory?.id ?? '', key);
    return { key, digits: countryCode.length + length, member, route, country: countryCode };
  });
}

/**
 * Which of an operator's networks has the users of a prefix: a working one of the prefix's
 * territory, else a working one, else any; among several, a hash of the prefix decides.
 */
function networkFor(operator: Operator, territory: string, prefix: NumberKey): number {
  const { networks } = operator;
  if (networks.length < 2) return 0;
  const working = networks.filter((network) => network.operational);
  const local = working.filter((network) => network.territories.includes(territory));
  const choice = [local, working, networks].find((list) => list.length > 0)!;
  return networks.indexOf(choice[hash32(0, prefix) % choice.length]!);
}

function planOf(identity: Identity, rows: PlanRow[]): PrefixPlan {
  rows.sort((one, other) => one.key - other.key);
  const keys = rows.map((row) => row.key);
  return {
    identity,
    keys,
    digits: Uint8Array.from(rows, (row) => row.digits),
    member: Int32Array.from(rows, (row) => row.member),
    route: Int32Array.from(rows, (row) => row.route),
    country: rows.map((row) => row.country),
    table: createPrefixTable(keys),
  };
}
