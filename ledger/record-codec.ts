// SSZ forms of members and routes, shared by transactions and by the rows of the state.
//
// Source: SimpleSerialize, Ethereum consensus specifications, ssz/simple-serialize.md. SSZ has no
// strings: text is a byte list of UTF-8 (every field but the member's name is ASCII).

import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  UintNumberType,
  type ValueOf,
} from '@chainsafe/ssz';
import { IDENTITIES } from './number.ts';
import { NF_TYPES, type Plmn, type Route } from './route.ts';
import type { MemberRecord } from './transaction-body.ts';
import type { PricingTerms } from './transaction-money.ts';
import type { Parameters } from './transaction-proposal.ts';
import {
  ROAMING_SERVICES,
  type RoamingPrice,
  type RoamingService,
  type RoamingTerms,
} from './transaction-roaming.ts';

/** Most bytes of a member's name, in UTF-8. */
export const MEMBER_NAME_BYTES_MAX = 128;
/** Most PLMNs of one member; the largest of today's operators has 67. */
export const MEMBER_PLMNS_MAX = 256;

export const uint8 = new UintNumberType(1);
export const uint64 = new UintNumberType(8);
/** The id of a member or a route. */
export const idType = new ByteListType(64);

const uint16 = new UintNumberType(2);
/** Most tariffs of one pricing contract. */
export const TARIFFS_MAX = 1_000;

const plmnType = new ContainerType({ mcc: new ByteListType(3), mnc: new ByteListType(3) });

export const memberType = new ContainerType({
  id: idType,
  name: new ByteListType(MEMBER_NAME_BYTES_MAX),
  publicKey: new ByteVectorType(32),
  plmns: new ListCompositeType(plmnType, MEMBER_PLMNS_MAX),
});

// An optional field is a list of at most one.
export const routeType = new ContainerType({
  id: idType,
  member: idType,
  plmn: plmnType,
  nfType: uint8,
  nfInstanceId: new ByteVectorType(16),
  fqdn: new ByteListType(253),
  ipv4Addresses: new ListCompositeType(new ByteVectorType(4), 8),
  port: uint16,
  groupId: new ByteListType(256),
  userDataIndexBase: new ListCompositeType(new ContainerType({ base: uint64 }), 1),
  contractAddress: new ListCompositeType(new ByteVectorType(20), 1),
});

const tariffType = new ContainerType({ prefix: uint64, price: uint64 });

/** The terms of a pricing contract, as a row and in the transaction that creates it. */
export const pricingFields = {
  member: idType,
  contract: idType,
  identity: uint8,
  periodMs: uint64,
  price: uint64,
  transferFee: uint64,
  tariffs: new ListCompositeType(tariffType, TARIFFS_MAX),
};
export const pricingType = new ContainerType(pricingFields);

const roamingPriceType = new ContainerType({ service: uint8, price: uint64 });

/** The terms of a roaming contract, as a row and in the transaction that registers it. */
export const roamingFields = {
  member: idType,
  name: idType,
  prices: new ListCompositeType(roamingPriceType, ROAMING_SERVICES.length),
};
export const roamingType = new ContainerType(roamingFields);

/** The parameters of the consortium, as a row and in the transaction that changes them. */
export const parametersType = new ContainerType({
  itemsMax: uint64,
  numbersMax: uint64,
  periodMsMin: uint64,
  purchaser: idType,
});

type MemberValue = ValueOf<typeof memberType>;
type RouteValue = ValueOf<typeof routeType>;

/** UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** The text of UTF-8 bytes; bytes that are not UTF-8 give a text with other bytes. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function plmnValue({ mcc, mnc }: Plmn) {
  return { mcc: bytesOf(mcc), mnc: bytesOf(mnc) };
}

function plmnOf(value: ValueOf<typeof plmnType>): Plmn {
  return { mcc: textOf(value.mcc), mnc: textOf(value.mnc) };
}

export function memberValue(member: MemberRecord): MemberValue {
  return {
    id: bytesOf(member.id),
    name: bytesOf(member.name),
    publicKey: member.publicKey,
    plmns: member.plmns.map(plmnValue),
  };
}

export function memberOf(value: MemberValue): MemberRecord {
  return {
    id: textOf(value.id),
    name: textOf(value.name),
    publicKey: new Uint8Array(value.publicKey),
    plmns: value.plmns.map(plmnOf),
  };
}

export function pricingValue(terms: PricingTerms): ValueOf<typeof pricingType> {
  return {
    ...terms,
    member: bytesOf(terms.member),
    contract: bytesOf(terms.contract),
    identity: IDENTITIES.indexOf(terms.identity),
  };
}

/** Throws a `RangeError` for an unknown identity kind. */
export function pricingOf(value: ValueOf<typeof pricingType>): PricingTerms {
  const identity = IDENTITIES[value.identity];
  if (!identity) throw new RangeError(`no identity kind ${value.identity}`);
  const { periodMs, price, transferFee, tariffs } = value;
  return {
    member: textOf(value.member),
    contract: textOf(value.contract),
    identity,
    periodMs,
    price,
    transferFee,
    tariffs: tariffs.map((tariff) => ({ prefix: tariff.prefix, price: tariff.price })),
  };
}

export function roamingPriceValue({ service, price }: RoamingPrice) {
  return { service: ROAMING_SERVICES.indexOf(service), price };
}

/** Throws a `RangeError` for an unknown service. */
export function roamingPriceOf({ service, price }: ValueOf<typeof roamingPriceType>): RoamingPrice {
  return { service: roamingServiceOf(service), price };
}

/** The service of a byte. Throws a `RangeError` where there is none. */
export function roamingServiceOf(byte: number): RoamingService {
  const service = ROAMING_SERVICES[byte];
  if (!service) throw new RangeError(`no roaming service ${byte}`);
  return service;
}

export function roamingValue({ member, name, prices }: RoamingTerms): ValueOf<typeof roamingType> {
  return {
    member: bytesOf(member),
    name: bytesOf(name),
    prices: prices.map(roamingPriceValue),
  };
}

/** Throws a `RangeError` for an unknown service. */
export function roamingOf(value: ValueOf<typeof roamingType>): RoamingTerms {
  return {
    member: textOf(value.member),
    name: textOf(value.name),
    prices: value.prices.map(roamingPriceOf),
  };
}

export function parametersValue(parameters: Parameters): ValueOf<typeof parametersType> {
  return { ...parameters, purchaser: bytesOf(parameters.purchaser) };
}

export function parametersOf(value: ValueOf<typeof parametersType>): Parameters {
  const { itemsMax, numbersMax, periodMsMin, purchaser } = value;
  return { itemsMax, numbersMax, periodMsMin, purchaser: textOf(purchaser) };
}

/** The UUID travels as 16 bytes and the contract's address as 20: both come back in lower case. */
export function routeValue(route: Route): RouteValue {
  return {
    id: bytesOf(route.id),
    member: bytesOf(route.member),
    plmn: plmnValue(route.plmn),
    nfType: NF_TYPES.indexOf(route.nfType),
    nfInstanceId: Buffer.from(route.nfInstanceId.replaceAll('-', ''), 'hex'),
    fqdn: bytesOf(route.fqdn),
    ipv4Addresses: route.ipv4Addresses.map((address) =>
      Buffer.from(address.split('.').map(Number)),
    ),
    port: route.port,
    groupId: bytesOf(route.groupId),
    userDataIndexBase:
      route.userDataIndexBase === undefined ? [] : [{ base: route.userDataIndexBase }],
    contractAddress:
      route.contractAddress === undefined
        ? []
        : [Buffer.from(route.contractAddress.slice(2), 'hex')],
  };
}

/**
 * A route as bytes say it; whether its texts keep their syntax is for `routeSchema` to tell. Throws a
 * `RangeError` for an unknown network function type.
 */
export function routeOf(value: RouteValue): Route {
  const nfType = NF_TYPES[value.nfType];
  if (!nfType) throw new RangeError(`no network function type ${value.nfType}`);
  const uuid = hexOf(value.nfInstanceId);
  const route: Route = {
    id: textOf(value.id),
    member: textOf(value.member),
    plmn: plmnOf(value.plmn),
    nfType,
    nfInstanceId: uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    fqdn: textOf(value.fqdn),
    ipv4Addresses: value.ipv4Addresses.map((address) => address.join('.')),
    port: value.port,
    groupId: textOf(value.groupId),
  };
  const [index] = value.userDataIndexBase;
  if (index) route.userDataIndexBase = index.base;
  const [contract] = value.contractAddress;
  if (contract) route.contractAddress = `0x${hexOf(contract)}`;
  return route;
}
