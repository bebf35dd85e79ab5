// Who is in the consortium: one member per operator of the numbering data, with the MSISDN prefixes
// of the carrier data and the PLMNs of the MCC-MNC list brought together. Routes are in routes.ts.
//
// Operators are joined within one country code: list entries that share a brand or an operator name
// are one operator, and a carrier whose name is one of these is it too (operator-names.ts says when
// names are equal). International networks and the numbers of no territory (881, 882) form one more
// country, named "international".

import type { NetworkEntry, NumberingData, Territory } from './numbering-data.ts';
import { comparableName, regionNames, slugOf } from './operator-names.ts';

/** A network of the MCC-MNC list whose code is a PLMN. */
export interface Network {
  mcc: string;
  mnc: string;
  operational: boolean;
  bands: string;
  /** ISO 3166 codes; empty for international networks. */
  territories: string[];
  /** Country code that operators are joined in, or INTERNATIONAL, or a code no plan knows. */
  country: string;
}

export interface Operator {
  id: string;
  name: string;
  country: string;
  /** Its own networks in the order of the list; none for an operator that uses a host's. */
  networks: Network[];
  /**
   * The network its users are in: the first operational one of its own, else of its country, else
   * (some islands have none in the list) of the international ones.
   */
  host: Network;
}

export interface Operators {
  /** Sorted by id. */
  operators: Operator[];
  /** For each carrier prefix of the data, the position of its operator. */
  operatorOfPrefix: Int32Array;
  /** List entries left out, by reason. */
  skipped: { notAPlmn: number; duplicate: number; unassigned: number };
}

export const INTERNATIONAL = 'international';

/** Longest id, so that with a PLMN behind it an id of a route has at most 64 characters. */
const ID_LENGTH_MAX = 44;

/** Names in the list that stand for no operator. */
const NO_OPERATOR = new Set(['unassigned', 'reserved', 'unknown', 'test', 'testnetwork']);

/** An operator while its names, networks and prefixes are still being found. */
interface Draft {
  country: string;
  names: { text: string; rank: number }[];
  networks: Network[];
  prefixes: number[];
}

/** Names from the carrier data go before those of working networks, then of the others. */
const CARRIER_RANK = 0;
const OPERATIONAL_RANK = 1;
const OTHER_RANK = 2;

/** Joins the data. Deterministic: the same data gives the same ids in the same order. */
export function joinOperators(data: NumberingData): Operators {
  const territories = new TerritoryLookup(data.territories);
  const skipped = { notAPlmn: 0, duplicate: 0, unassigned: 0 };
  const drafts = new DraftSet();
  const countryNames = new Map<string, string>();

  const entries = distinctPlmns(data.networks, skipped);
  const regions = regionsByCountry(entries, territories);

  for (const entry of entries) {
    const names = namesOf(entry);
    if (names.length === 0) {
      skipped.unassigned++;
      continue;
    }
    const comparable = names.map((name) => comparableName(name, entry.countryName));
    const network = networkOf(entry, territories);
    const { country } = network;
    if (territories.isMain(country, network.territories) || !countryNames.has(country)) {
      countryNames.set(country, entry.countryName ?? '');
    }
    const isRegion = (name: string) => regions.get(country)?.has(name);
    const draft = drafts.take(
      country,
      comparable.filter((name, at) => at === 0 || !isRegion(name)),
    );
    draft.networks.push(network);
    const rank = network.operational ? OPERATIONAL_RANK : OTHER_RANK;
    draft.names.push({ text: names[0]!, rank });
  }

  data.carrierPrefixes.forEach(({ countryCode, carrier }, at) => {
    const country = territories.countryOfCode(countryCode);
    const name = comparableName(carrier, countryNames.get(country) ?? null);
    const draft = drafts.take(country, [name]);
    draft.prefixes.push(at);
    draft.names.push({ text: carrier, rank: CARRIER_RANK });
  });

  return operatorsOf(drafts.all(), territories, data.carrierPrefixes.length, skipped);
}

/** Brand and operator of a network, where the list has them and they stand for someone. */
function namesOf({ brand, operator }: NetworkEntry): string[] {
  return [brand, operator]
    .filter((name): name is string => Boolean(name))
    .filter((name) => !NO_OPERATOR.has(comparableName(name, null)));
}

/** For each country, the names in the list's operator column that are no operators. */
function regionsByCountry(
  entries: readonly NetworkEntry[],
  territories: TerritoryLookup,
): Map<string, Set<string>> {
  const named = new Map<string, { brand: string; operator: string }[]>();
  for (const entry of entries) {
    const [brand, operator] = namesOf(entry).map((name) => comparableName(name, entry.countryName));
    if (brand === undefined || operator === undefined) continue;
    const { country } = networkOf(entry, territories);
    const list = named.get(country) ?? [];
    named.set(country, list);
    list.push({ brand, operator });
  }
  return new Map(Array.from(named, ([country, list]) => [country, regionNames(list)]));
}

/** The entries with a PLMN of 5 or 6 digits, one per code: the first that is operational wins. */
function distinctPlmns(
  networks: readonly NetworkEntry[],
  skipped: Operators['skipped'],
): NetworkEntry[] {
  const byCode = new Map<string, NetworkEntry>();
  for (const entry of networks) {
    if (!/^[0-9]{3}$/.test(entry.mcc) || !/^[0-9]{2,3}$/.test(entry.mnc)) {
      skipped.notAPlmn++;
      continue;
    }
    const code = entry.mcc + entry.mnc;
    const earlier = byCode.get(code);
    if (earlier !== undefined) skipped.duplicate++;
    if (earlier === undefined || (!isOperational(earlier) && isOperational(entry))) {
      byCode.set(code, entry);
    }
  }
  return [...byCode.values()];
}

/** Test networks are working ones by the list, but no one has users there. */
function isOperational(entry: NetworkEntry): boolean {
  return entry.status === 'Operational' && entry.type !== 'Test';
}

function networkOf(entry: NetworkEntry, territories: TerritoryLookup): Network {
  const codes = entry.countryCode === null ? [] : entry.countryCode.split('/');
  return {
    mcc: entry.mcc,
    mnc: entry.mnc,
    operational: isOperational(entry),
    bands: entry.bands ?? '',
    territories: codes,
    country: territories.countryOfTerritories(codes),
  };
}

/** From ISO 3166 codes to the country that operators are joined in. */
class TerritoryLookup {
  readonly #countryCode = new Map<string, string>();
  readonly #main = new Map<string, string>();

  constructor(territories: readonly Territory[]) {
    for (const { id, countryCode } of territories) {
      const country = id === countryCode ? INTERNATIONAL : countryCode;
      this.#countryCode.set(id, country);
      if (!this.#main.has(country)) this.#main.set(country, id);
    }
  }

  /** The numbers of no territory are known by their country code alone. */
  countryOfCode(countryCode: string): string {
    return this.#countryCode.get(countryCode) ?? countryCode;
  }

  countryOfTerritories(codes: readonly string[]): string {
    if (codes.length === 0) return INTERNATIONAL;
    const known = codes.find((code) => this.#countryCode.has(code));
    return known === undefined ? codes[0]! : this.#countryCode.get(known)!;
  }

  isMain(country: string, codes: readonly string[]): boolean {
    return codes.includes(this.#main.get(country) ?? '');
  }

  /** The first part of an id: an ISO 3166 code, or `int`. */
  label(country: string, networks: readonly Network[]): string {
    if (country === INTERNATIONAL) return 'int';
    const codes = networks.flatMap((network) => network.territories);
    const main = this.#main.get(country);
    return codes.length === 0 || (main && codes.includes(main)) ? (main ?? country) : codes[0]!;
  }
}

/** Drafts by country and name; a draft that turns out to be another one is merged into it. */
class DraftSet {
  readonly #byName = new Map<string, Draft>();

  /** The one draft of all these names. */
  take(country: string, names: readonly string[]): Draft {
    const keys = names.map((name) => `${country}/${name}`);
    const found = keys.map((key) => this.#byName.get(key)).filter((draft) => draft !== undefined);
    const [first = { country, names: [], networks: [], prefixes: [] }, ...others] = new Set(found);
    for (const other of others) {
      first.names.push(...other.names);
      first.networks.push(...other.networks);
      first.prefixes.push(...other.prefixes);
      for (const [key, draft] of this.#byName) if (draft === other) this.#byName.set(key, first);
    }
    for (const key of keys) this.#byName.set(key, first);
    return first;
  }

  all(): Draft[] {
    return [...new Set(this.#byName.values())];
  }
}

function operatorsOf(
  drafts: readonly Draft[],
  territories: TerritoryLookup,
  prefixCount: number,
  skipped: Operators['skipped'],
): Operators {
  const hosts = new Map<string, Network>();
  for (const network of drafts.flatMap((draft) => draft.networks)) {
    const host = hosts.get(network.country);
    if (host === undefined || (network.operational && !host.operational)) {
      hosts.set(network.country, network);
    }
  }
  const taken = new Set<string>();
  const named = drafts.map((draft) => {
    const name = draft.names.reduce((best, each) => (each.rank < best.rank ? each : best)).text;
    const id = freeId(`${territories.label(draft.country, draft.networks)}-${name}`, taken);
    const own = draft.networks.find((network) => network.operational) ?? draft.networks[0];
    const host = own ?? hosts.get(draft.country) ?? hosts.get(INTERNATIONAL);
    if (host === undefined) throw new RangeError('numbering data without any network');
    const { country, networks } = draft;
    return { operator: { id, name, country, networks, host }, prefixes: draft.prefixes };
  });
  named.sort((one, other) => (one.operator.id < other.operator.id ? -1 : 1));

  const operatorOfPrefix = new Int32Array(prefixCount);
  named.forEach(({ prefixes }, at) => {
    for (const prefix of prefixes) operatorOfPrefix[prefix] = at;
  });
  return { operators: named.map(({ operator }) => operator), operatorOfPrefix, skipped };
}

/** A slug that no one has yet: names that differ only in signs get a number behind. */
function freeId(text: string, taken: Set<string>): string {
  const slug = slugOf(text, ID_LENGTH_MAX);
  let id = slug;
  for (let count = 2; taken.has(id); count++) id = `${slug}-${count}`;
  taken.add(id);
  return id;
}
