// From a route to the NFProfile that Nnrf_NFDiscovery answers with (3GPP TS 29.510 clause 6.2.6.2.3).
//
// What real AMFs read decides the form. free5GC takes a profile's `fqdn`, a service's `fqdn` or an
// `apiPrefix` as the whole URI where there is one, without a scheme: all three are left out, and the
// address stands in `ipEndPoints` (TS 29.510 lets a consumer use it where there is no FQDN). It wants
// `nfServices`; the map `nfServiceList` comes in its place for who asks for the Service-Map feature.
//
// A profile names the one number that was asked for and not the range or prefix of the entry:
// consumers may reuse a profile for every identity in its ranges, and a ported number inside of one
// belongs elsewhere.

import { createHash } from 'node:crypto';
import type { Identity } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';

/** NF types that can be asked for by an identity. */
export const TARGET_NF_TYPES = ['UDM', 'HSS', 'AUSF', 'UDR'] as const;
export type TargetNfType = (typeof TARGET_NF_TYPES)[number];

export function isTargetNfType(type: string): type is TargetNfType {
  return (TARGET_NF_TYPES as readonly string[]).includes(type);
}

/** NF types that may stand at the same address as a UDM: the route names the UDM alone. */
export const COLLOCATED_NF_TYPES = ['AUSF', 'UDR'] as const;
export type CollocatedNfType = (typeof COLLOCATED_NF_TYPES)[number];

/** IpEndPoint of TS 29.510 clause 6.1.6.2.5. */
export interface IpEndPoint {
  ipv4Address: string;
  port: number;
}

/** NFService of TS 29.510 clause 6.2.6.2.4, as far as a route tells. */
export interface NfService {
  serviceInstanceId: string;
  serviceName: string;
  versions: { apiVersionInUri: string; apiFullVersion: string }[];
  scheme: 'http' | 'https';
  nfServiceStatus: 'REGISTERED';
  ipEndPoints: IpEndPoint[];
}

/**
 * Services by NF type, with the major version of their URIs in Release 18 (TS 29.503, 29.509,
 * 29.504). A route does not tell the minor version: the first of the major one is promised.
 */
const SERVICES: Record<Exclude<TargetNfType, 'HSS'>, readonly [name: string, major: number][]> = {
  UDM: [
    ['nudm-sdm', 2],
    ['nudm-uecm', 1],
    ['nudm-ueau', 1],
    ['nudm-ee', 1],
    ['nudm-pp', 1],
  ],
  AUSF: [
    ['nausf-auth', 1],
    ['nausf-sorprotection', 1],
    ['nausf-upuprotection', 1],
  ],
  UDR: [
    ['nudr-dr', 2],
    ['nudr-group-id-map', 1],
  ],
};

/** Whether the element of a route answers for an NF type. */
export function servesTarget(
  route: Route,
  target: TargetNfType,
  collocated: readonly CollocatedNfType[],
): boolean {
  if (route.nfType === target) return true;
  return route.nfType === 'UDM' && (collocated as readonly string[]).includes(target);
}

/**
 * Stand in a profile for digits and for an index, where it is written for many numbers
 * (prepared-discovery). No text of a route is as long, and its names do not have such characters.
 */
export const NUMBER_ROOM = '\u0001'.repeat(80);
export const USER_DATA_INDEX_ROOM = '\u0002'.repeat(80);

export interface ProfileRequest {
  target: TargetNfType;
  identity: Identity;
  /** The number that was asked for. */
  digits: string;
  /** Only these services; `undefined` is all of them. */
  serviceNames?: ReadonlySet<string> | undefined;
  /** Services as the map `nfServiceList` instead of the array `nfServices`. */
  asServiceMap: boolean;
  scheme: 'http' | 'https';
  /** 0 is the most preferred. */
  priority: number;
  /** Where in the element's database the record lies (DOMAIN: index information of the user data). */
  userDataIndex?: number | typeof USER_DATA_INDEX_ROOM | undefined;
}

/**
 * The profile of a route's element; `undefined` where services were asked for by name and it has none
 * of them. An HSS has none: it is reached by Diameter.
 */
export function profileOf(route: Route, request: ProfileRequest) {
  const { target, serviceNames, asServiceMap, scheme, priority, userDataIndex } = request;
  const services = target === 'HSS' ? [] : servicesOf(route, target, scheme);
  const wanted = serviceNames
    ? services.filter(({ serviceName }) => serviceNames.has(serviceName))
    : services;
  if (serviceNames && wanted.length === 0) return undefined;
  const customInfo = {
    ...(userDataIndex !== undefined && { userDataIndex }),
    ...(route.contractAddress && { contractAddress: route.contractAddress }),
  };
  return {
    nfInstanceId: nfInstanceIdOf(route, target),
    nfType: target,
    nfStatus: 'REGISTERED' as const,
    plmnList: [route.plmn],
    ipv4Addresses: route.ipv4Addresses,
    priority,
    ...infoOf(route, request),
    ...(wanted.length > 0 &&
      (asServiceMap
        ? {
            nfServiceList: Object.fromEntries(
              wanted.map((service) => [service.serviceInstanceId, service]),
            ),
          }
        : { nfServices: wanted })),
    ...(Object.keys(customInfo).length > 0 && { customInfo }),
  };
}

export type NfProfile = NonNullable<ReturnType<typeof profileOf>>;

function servicesOf(
  { ipv4Addresses, port }: Route,
  target: Exclude<TargetNfType, 'HSS'>,
  scheme: 'http' | 'https',
): NfService[] {
  const ipEndPoints = ipv4Addresses.map((ipv4Address) => ({ ipv4Address, port }));
  return SERVICES[target].map(([serviceName, major]) => ({
    serviceInstanceId: serviceName,
    serviceName,
    versions: [{ apiVersionInUri: `v${major}`, apiFullVersion: `${major}.0.0` }],
    scheme,
    nfServiceStatus: 'REGISTERED',
    ipEndPoints,
  }));
}

/** UdmInfo, AusfInfo, UdrInfo or HssInfo (TS 29.510 clauses 6.1.6.2.7 and on). */
function infoOf(route: Route, { target, identity, digits }: ProfileRequest) {
  const { groupId } = route;
  const range = [{ start: digits, end: digits }];
  const ranges = identity === 'imsi' ? { supiRanges: range } : { gpsiRanges: range };
  switch (target) {
    case 'UDM':
      return { udmInfo: { groupId, ...ranges } };
    case 'UDR':
      return { udrInfo: { groupId, ...ranges } };
    case 'AUSF':
      // An AUSF knows no GPSI.
      return { ausfInfo: { groupId, ...(identity === 'imsi' && ranges) } };
    case 'HSS':
      return {
        hssInfoList: {
          [groupId]: {
            groupId,
            ...(identity === 'imsi' ? { imsiRanges: range } : { msisdnRanges: range }),
            hssDiameterAddress: { name: route.fqdn, realm: diameterRealmOf(route) },
          },
        },
      };
  }
}

/** The home network realm of a PLMN's 4G core (TS 23.003 clause 19.2). */
function diameterRealmOf({ plmn }: Route): string {
  return `epc.mnc${plmn.mnc.padStart(3, '0')}.mcc${plmn.mcc}.3gppnetwork.org`;
}

/**
 * The route's own id for its own NF type. A function that stands beside it is another NF instance, and
 * consumers keep profiles by id: it gets one of its own, always the same (UUID version 4 in form).
 */
function nfInstanceIdOf(route: Route, target: TargetNfType): string {
  if (route.nfType === target) return route.nfInstanceId;
  const hash = createHash('sha256').update(`${route.nfInstanceId}\0${target}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x40;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
