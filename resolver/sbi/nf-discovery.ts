// Nnrf_NFDiscovery, `GET /nnrf-disc/v1/nf-instances`, for requests that carry an identity (3GPP
// TS 29.510 clause 6.2.3.2.3.1): answered from the index. What the index cannot answer (no identity,
// an identity that is no number, a number that no entry covers, an NF type that the route does not
// stand for) is left to the NRF behind.

import { digitsOf, type Identity } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import type { NumberResolver } from '../resolve.ts';
import {
  type CollocatedNfType,
  isTargetNfType,
  type NfProfile,
  NUMBER_ROOM,
  profileOf,
  servesTarget,
  type TargetNfType,
  USER_DATA_INDEX_ROOM,
} from './nf-profile.ts';
import {
  AnswerTemplate,
  type DiscoveryWish,
  type PreparedDiscoveries,
} from './prepared-discovery.ts';
import type { SbiRequest } from './sbi-message.ts';
import { answerWithTag } from './search-answer.ts';

export interface DiscoverySettings {
  resolver: NumberResolver;
  /** Other routes of the same NF type and group as a route, in a fixed order. */
  siblingsOf: (route: Route) => readonly Route[];
  /** Goes up with each change of a route. */
  routesVersion: () => number;
  /** NF types that stand at the address of a UDM. */
  collocated: readonly CollocatedNfType[];
  scheme: 'http' | 'https';
  /** How long a consumer may keep an answer, in seconds; at least 1. */
  validitySeconds: number;
  /** Of these settings alone. */
  prepared: PreparedDiscoveries;
}

/** Answers, or `undefined` where the NRF behind must. */
export function answerDiscovery(
  { query, headers }: SbiRequest,
  settings: DiscoverySettings,
): HttpAnswer | undefined {
  const { prepared, validitySeconds } = settings;
  const asked = prepared.read(query);
  if ('status' in asked) return asked;
  const { wish, ueId, kept } = asked;
  if (!ueId || !isTargetNfType(wish.targetNfType)) return undefined;
  const found = settings.resolver.find(ueId);
  if (!found) return undefined;
  const { route, userDataIndex } = found;
  if (!servesTarget(route, wish.targetNfType, settings.collocated)) return undefined;
  const hasIndex = userDataIndex !== undefined;
  const write = () => {
    const profiles = profilesOf(route, wish, { identity: ueId.identity, hasIndex }, settings);
    return new AnswerTemplate(profiles, wish, validitySeconds);
  };
  const template = prepared.templateOf(kept, route, hasIndex, settings.routesVersion(), write);
  return answerWithTag(template.fill(digitsOf(ueId.key), userDataIndex), validitySeconds, headers);
}

/** Every element of the group holds the user data; the one that the entry names comes first. */
function profilesOf(
  route: Route,
  wish: DiscoveryWish,
  { identity, hasIndex }: { identity: Identity; hasIndex: boolean },
  { siblingsOf, scheme }: DiscoverySettings,
): NfProfile[] {
  const profiles: NfProfile[] = [];
  for (const one of isAsked(route, wish) ? [route, ...siblingsOf(route)] : []) {
    if (profiles.length === wish.limit) break;
    const profile = profileOf(one, {
      target: wish.targetNfType as TargetNfType,
      identity,
      digits: NUMBER_ROOM,
      serviceNames: wish.serviceNames,
      asServiceMap: wish.asServiceMap,
      scheme,
      priority: one === route ? 1 : 2,
      userDataIndex: one === route && hasIndex ? USER_DATA_INDEX_ROOM : undefined,
    });
    if (profile) profiles.push(profile);
  }
  return profiles;
}

/** A target-nf-instance-id is left aside: the index says where the user data is, wished for or not. */
function isAsked({ groupId, plmn }: Route, { groupIds, plmns }: DiscoveryWish): boolean {
  if (groupIds && !groupIds.has(groupId)) return false;
  return !plmns || plmns.some(({ mcc, mnc }) => mcc === plmn.mcc && mnc === plmn.mnc);
}
