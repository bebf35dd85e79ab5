// The small world in which a core is tried out: two networks, and a shared pool of numbers of which both
// have taken parts.
//
//     place    0 ……… 99  100 ……… 199  200 … 209   210 … 219        of IMSI and MSISDN alike
//              home       other        other       other            whose numbers they are
//              UDM        UDM          nobody      somebody who     what the route leads to
//                                      listens     never answers
//
// All numbers lie under prefixes of the home network, so that no digit tells whose a number is. Routes of
// the first two parts tell where the user data lies: their base, and the place in the part.

import { createHash } from 'node:crypto';
import { privateKeyOf, rawPublicKey } from '../../ledger/ed25519.ts';
import { type NumberKey, parseDigits } from '../../ledger/number.ts';
import type { Plmn, Route } from '../../ledger/route.ts';
import type { KeyRange, TransactionBody } from '../../ledger/transaction-body.ts';
import type { Account } from './data-element.ts';
import type { GenerationName } from './forms.ts';
import { GENERATION } from './generation.ts';
import { plmnDomain } from './plmn-codec.ts';
import type { Subscriber } from './subscriber-store.ts';
import type { Terminal } from './terminals.ts';

export type Side = 'home' | 'other';
export const SIDES: readonly Side[] = ['home', 'other'];

export interface CountryNetwork {
  member: string;
  plmn: Plmn;
  nodePrefix: string;
}

/** Of country code and mobile country code 999, which nobody has (ITU-T E.164, E.212). */
export const NETWORKS: Readonly<Record<Side, CountryNetwork>> = {
  home: { member: 'operator-a', plmn: { mcc: '999', mnc: '01' }, nodePrefix: '99901700' },
  other: { member: 'operator-b', plmn: { mcc: '999', mnc: '02' }, nodePrefix: '99902700' },
};

/** The prefixes of each side, of IMSIs and of telephone numbers. */
const PREFIXES: Readonly<Record<Side, string>> = { home: '99901', other: '99902' };

/** The segment of telephone numbers that the pool lies in: the home network's. */
export const SEGMENT = PREFIXES.home;

interface Part {
  side: Side;
  first: number;
  last: number;
  /** End of the route's id. */
  route: string;
  base?: number;
}

/** Parts of the pool, in order. */
export const PARTS = {
  home: { side: 'home', first: 0, last: 99, route: '', base: 1000 },
  other: { side: 'other', first: 100, last: 199, route: '', base: 5000 },
  down: { side: 'other', first: 200, last: 209, route: '-down' },
  slow: { side: 'other', first: 210, last: 219, route: '-slow' },
} as const satisfies Record<string, Part>;
type PartName = keyof typeof PARTS;

/** Places with an account; all other numbers of the pool have no user. */
export const HOME_PLACES = range(0, 9);
export const OTHER_PLACES = range(100, 119);
/** A user of the other network who may not roam in the home network. */
export const BARRED_PLACE = 103;
/** A number that is allocated, and has no account. */
export const VACANT_PLACE = 199;
export const DOWN_PLACE = 200;
export const SLOW_PLACE = 210;
/** Numbers that nobody in the consortium has. */
export const UNKNOWN = { imsi: '999990000000001', msisdn: '999990000001' } as const;

const POOL_SIZE = 1000;
/** IMSIs of the home network's part that are kept for SIMs of numbers that come. */
const SIMS_FIRST = 50;
const DIGIT: Readonly<Record<GenerationName, string>> = { '5g': '5', '4g': '4', '2g': '2' };

export function imsiOf(generation: GenerationName, place: number): string {
  return `${SEGMENT}9${DIGIT[generation]}${String(place).padStart(8, '0')}`;
}

export function msisdnOf(generation: GenerationName, place: number): string {
  return `${SEGMENT}9${DIGIT[generation]}${String(place).padStart(5, '0')}`;
}

/** Terminals make their keys themselves; these are drawn from their numbers so that runs repeat. */
export function terminalOf(generation: GenerationName, place: number): Terminal {
  const imsi = imsiOf(generation, place);
  const seed = createHash('sha256').update(`terminal\0${imsi}`).digest('hex');
  return { imsi, msisdn: msisdnOf(generation, place), seed };
}

export function publicKeyOf({ seed }: Terminal): Uint8Array {
  return rawPublicKey(privateKeyOf(Buffer.from(seed, 'hex')));
}

export function subscriberOf(generation: GenerationName, place: number): Subscriber {
  const terminal = terminalOf(generation, place);
  const { imsi, msisdn } = terminal;
  return {
    imsi,
    msisdn,
    publicKey: Buffer.from(publicKeyOf(terminal)).toString('hex'),
    barredNetworks: place === BARRED_PLACE ? [NETWORKS.home.plmn] : [],
  };
}

/** The accounts with which a side's data management element begins. */
export function accountsOf(generation: GenerationName, side: Side): Account[] {
  const { base, first } = PARTS[side];
  return (side === 'home' ? HOME_PLACES : OTHER_PLACES).map((place) => ({
    subscriber: subscriberOf(generation, place),
    base,
    offset: place - first,
  }));
}

export function routeIdOf(
  generation: GenerationName,
  part: PartName | 'plain',
  side: Side,
): string {
  const end = part === 'plain' ? '-plain' : PARTS[part].route;
  return `${NETWORKS[side].member}-core-${GENERATION[generation].nfType.toLowerCase()}${end}`;
}

/** Where the routes of a generation lead, `host:port`. */
export interface Addresses {
  home: string;
  other: string;
  down: string;
  slow: string;
}

/** What the ledger begins with: two members, and the prefixes that a numbering plan gave them. */
export function* founding(publicKeyOf: (member: string) => Uint8Array): Generator<TransactionBody> {
  const members = SIDES.map((side) => NETWORKS[side]);
  yield {
    kind: 'admit-members',
    members: members.map(({ member, plmn }) => ({
      id: member,
      name: member,
      publicKey: publicKeyOf(member),
      plmns: [plmn],
    })),
  };
  const own = SIDES.map((side, at) => {
    // Nobody answers at the addresses of documentation (RFC 5737).
    const route = routeTo('5g', side, `${NETWORKS[side].member}-udm`, `192.0.2.${at + 1}:8080`);
    return { route, prefixes: [parseDigits(PREFIXES[side]) as NumberKey] };
  });
  for (const { route } of own) {
    yield { kind: 'declare-routes', member: route.member, routes: [route] };
  }
  for (const identity of ['imsi', 'msisdn'] as const) {
    const assignments = own.map(({ route, prefixes }) => ({ route: route.id, prefixes }));
    yield { kind: 'assign-prefixes', identity, assignments };
  }
}

/** What the members then put on the ledger so that the BCHF knows the pool: figure 10. */
export function* poolOf(
  generation: GenerationName,
  addresses: Addresses,
): Generator<TransactionBody> {
  for (const side of SIDES) {
    const { member } = NETWORKS[side];
    yield { kind: 'declare-routes', member, routes: routesOf(generation, side, addresses) };
  }
  for (const identity of ['imsi', 'msisdn'] as const) {
    const numberOf = identity === 'imsi' ? imsiOf : msisdnOf;
    const keyOf = (place: number) => parseDigits(numberOf(generation, place)) as NumberKey;
    const { member } = NETWORKS.home;
    const all: KeyRange = { from: keyOf(0), to: keyOf(POOL_SIZE - 1) };
    yield { kind: 'inject-pool', member, identity, ranges: [all] };
    for (const [name, { side, first, last }] of Object.entries(PARTS)) {
      yield {
        kind: 'allocate',
        member: NETWORKS[side].member,
        identity,
        ranges: [{ from: keyOf(first), to: keyOf(last) }],
        route: routeIdOf(generation, name as PartName, side),
      };
    }
  }
  yield registerKeys(generation, 'home', HOME_PLACES);
  yield registerKeys(generation, 'other', [...OTHER_PLACES, DOWN_PLACE, SLOW_PLACE]);
}

/** The public keys of terminals, registered by the owner of their numbers. */
export function registerKeys(
  generation: GenerationName,
  side: Side,
  places: readonly number[],
): TransactionBody {
  const keys = places.map((place) => ({
    number: parseDigits(imsiOf(generation, place)) as NumberKey,
    publicKey: publicKeyOf(terminalOf(generation, place)),
  }));
  const { member } = NETWORKS[side];
  return { kind: 'register-terminal-keys', member, identity: 'imsi', keys };
}

/** The owner of a number revokes its terminal's key. */
export function revokeKeyOf(generation: GenerationName, place: number): TransactionBody {
  const numbers = [parseDigits(imsiOf(generation, place)) as NumberKey];
  const { member } = NETWORKS.other;
  return { kind: 'revoke-terminal-keys', member, identity: 'imsi', numbers };
}

/** A number of the pool goes from the other network to the home network: figure 11. */
export function transferOf(generation: GenerationName, place: number): TransactionBody[] {
  const transfers = (['imsi', 'msisdn'] as const).map((identity): TransactionBody => {
    const numberOf = identity === 'imsi' ? imsiOf : msisdnOf;
    const key = parseDigits(numberOf(generation, place)) as NumberKey;
    return {
      kind: 'transfer',
      identity,
      ranges: [{ from: key, to: key }],
      transferor: NETWORKS.other.member,
      recipient: NETWORKS.home.member,
      route: routeIdOf(generation, 'plain', 'home'),
    };
  });
  // The old key ended with the transfer: the new owner vouches for the terminal now.
  return [...transfers, registerKeys(generation, 'home', [place])];
}

/** A telephone number alone goes to the home network, where it gets a new SIM: figure 12. */
export function portOf(generation: GenerationName, place: number): TransactionBody[] {
  const port: TransactionBody = {
    kind: 'port',
    identity: 'msisdn',
    numbers: [parseDigits(msisdnOf(generation, place)) as NumberKey],
    donor: NETWORKS.other.member,
    recipient: NETWORKS.home.member,
    route: routeIdOf(generation, 'plain', 'home'),
  };
  return [port, registerKeys(generation, 'home', [simPlaceOf(place)])];
}

/** The place of the IMSI on the SIM that a number gets when it is ported to the home network. */
export function simPlaceOf(place: number): number {
  return place - PARTS.other.first + SIMS_FIRST;
}

function routesOf(generation: GenerationName, side: Side, addresses: Addresses): Route[] {
  const own = Object.entries(PARTS).filter(([, part]) => part.side === side);
  const routes = own.map(([name, part]): Route => {
    const base = 'base' in part ? { userDataIndexBase: part.base } : {};
    const id = routeIdOf(generation, name as PartName, side);
    return { ...routeTo(generation, side, id, addresses[name as PartName]), ...base };
  });
  // What comes later comes without a place: single numbers are found by their number.
  return [
    ...routes,
    routeTo(generation, side, routeIdOf(generation, 'plain', side), addresses[side]),
  ];
}

/** A route of a side that leads to an address. */
export function routeTo(
  generation: GenerationName,
  side: Side,
  id: string,
  address: string,
): Route {
  const { member, plmn } = NETWORKS[side];
  const { nfType } = GENERATION[generation];
  const core = { UDM: '5gc', HSS: 'epc', HLR: 'hlr' }[nfType];
  const hash = createHash('sha256').update(`route\0${id}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x40;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const at = address.lastIndexOf(':');
  return {
    id,
    member,
    plmn,
    nfType,
    nfInstanceId: hash
      .toString('hex', 0, 16)
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    fqdn: `${nfType.toLowerCase()}.${core}.${plmnDomain(plmn)}`,
    ipv4Addresses: [address.slice(0, at)],
    port: Number(address.slice(at + 1)),
    groupId: id,
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
