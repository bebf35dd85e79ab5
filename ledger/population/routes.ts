// The data management elements of the members, as routes: one per network of a member, or one in
// its host's network for a member without a network. Names are those of 3GPP TS 23.003: clause 28
// for the 5G core, clause 19 for the evolved packet core; an HLR, which has no name there, gets one
// of the same form. Identifiers, addresses and the like are made from a hash of the route's id: they
// look like a real element's and are alike in every population.

import { createHash } from 'node:crypto';
import type { Route } from '../route.ts';
import {
  type RegisterRoamingContract,
  ROAMING_SERVICES,
  roamingContractAddress,
} from '../transaction-roaming.ts';
import type { Network, Operator } from './members.ts';

const PORTS = { UDM: 8080, HSS: 3868, HLR: 2905 } as const;

/** Shares, in 256ths, of the routes that tell an index base or a roaming contract. */
const INDEX_BASE_SHARE = 96;
const CONTRACT_SHARE = 128;

/** A member's one roaming contract, and the highest price in it. */
const CONTRACT_NAME = 'roaming';
const PRICE_MAX = 100;

/** Records that one element's database is laid out for, hence the step between index bases. */
const INDEX_BASE_STEP = 1_000_000;

/** The routes of an operator, in the order of its networks. */
export function routesOf(operator: Operator): Route[] {
  if (operator.networks.length === 0) return [routeIn(operator, operator.host, `${operator.id}.`)];
  return operator.networks.map((network) => routeIn(operator, network, ''));
}

/** `label` stands in front of the element's name: an operator in a host's network needs one. */
function routeIn(operator: Operator, network: Network, label: string): Route {
  const { mcc, mnc } = network;
  const id = `${operator.id}.${mcc}${mnc}`;
  const nfType = nfTypeOf(network.bands);
  const hash = createHash('sha256').update(`bchf route\0${id}`).digest();
  const route: Route = {
    id,
    member: operator.id,
    plmn: { mcc, mnc },
    nfType,
    nfInstanceId: uuidOf(hash.subarray(0, 16)),
    fqdn: label + fqdnOf(nfType, mcc, mnc),
    ipv4Addresses: [`10.${hash[16]}.${hash[17]}.${1 + (hash[18]! % 254)}`],
    port: PORTS[nfType],
    groupId: `${nfType.toLowerCase()}-${mcc}${mnc}-${hash.toString('hex', 19, 21)}`,
  };
  if (hash[21]! < INDEX_BASE_SHARE) {
    route.userDataIndexBase = hash.readUInt16LE(22) * INDEX_BASE_STEP;
  }
  if (hash[24]! < CONTRACT_SHARE) {
    route.contractAddress = roamingContractAddress(operator.id, CONTRACT_NAME);
  }
  return route;
}

/** What registers the contract that routes of a member tell. */
export function roamingContractOf(member: string): RegisterRoamingContract {
  const hash = createHash('sha256').update(`bchf contract\0${member}`).digest();
  const prices = ROAMING_SERVICES.map((service, at) => ({
    service,
    price: 1 + (hash[at]! % PRICE_MAX),
  }));
  return { kind: 'register-roaming-contract', member, name: CONTRACT_NAME, prices };
}

/** The newest core that a network's bands speak of holds its user data. */
function nfTypeOf(bands: string): Route['nfType'] {
  if (/\b5G\b/.test(bands)) return 'UDM';
  return /LTE/.test(bands) ? 'HSS' : 'HLR';
}

function fqdnOf(nfType: Route['nfType'], mcc: string, mnc: string): string {
  const realm = `mnc${mnc.padStart(3, '0')}.mcc${mcc}.3gppnetwork.org`;
  switch (nfType) {
    case 'UDM':
      return `udm.5gc.${realm}`;
    case 'HSS':
      return `hss.epc.${realm}`;
    case 'HLR':
      return `hlr.${realm}`;
  }
}

/** A version 4 UUID (RFC 9562 section 5.4) whose random bits are the given 16 bytes. */
function uuidOf(bytes: Uint8Array): string {
  const own = Buffer.from(bytes);
  own[6] = (own[6]! & 0x0f) | 0x40;
  own[8] = (own[8]! & 0x3f) | 0x80;
  const hex = own.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
