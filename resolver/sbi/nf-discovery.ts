// Nnrf_NFDiscovery, `GET /nnrf-disc/v1/nf-instances`, for requests that carry an identity (3GPP
// TS 29.510 clause 6.2.3.2.3.1): answered from the index. What the index cannot answer (no identity,
// an identity that is no number, a number that no entry covers, an NF type that the route does not
// stand for) is left to the NRF behind.

import type { Route } from '../../ledger/route.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import type { NumberResolver } from '../resolve.ts';
import { type DiscoveryQuery, parseDiscoveryQuery } from './discovery-query.ts';
import {
  type CollocatedNfType,
  isTargetNfType,
  type NfProfile,
  profileOf,
  servesTarget,
} from './nf-profile.ts';
import type { SbiRequest } from './sbi-message.ts';
import { answerSearch } from './search-answer.ts';

export interface DiscoverySettings {
  resolver: NumberResolver;
  /** Other routes of the same NF type and group as a route, in a fixed order. */
  siblingsOf: (route: Route) => readonly Route[];
  /** NF types that stand at the address of a UDM. */
  collocated: readonly CollocatedNfType[];
  scheme: 'http' | 'https';
  /** How long a consumer may keep an answer, in seconds; at least 1. */
  validitySeconds: number;
}

/** Answers, or `undefined` where the NRF behind must. */
export function answerDiscovery(
  { query, headers }: SbiRequest,
  settings: DiscoverySettings,
): HttpAnswer | undefined {
  const asked = parseDiscoveryQuery(query);
  if ('status' in asked) return asked;
  const { ueId, targetNfType } = asked;
  if (!ueId || !isTargetNfType(targetNfType)) return undefined;
  const found = settings.resolver.find(ueId);
  if (!found) return undefined;
  const { route, userDataIndex } = found;
  if (!servesTarget(route, targetNfType, settings.collocated)) return undefined;
  const { siblingsOf, scheme, validitySeconds } = settings;
  const nfInstances: NfProfile[] = [];
  // Every element of the group holds the user data; the one that the entry names comes first.
  for (const one of isAsked(route, asked) ? [route, ...siblingsOf(route)] : []) {
    if (nfInstances.length === asked.limit) break;
    const profile = profileOf(one, {
      target: targetNfType,
      ueId,
      serviceNames: asked.serviceNames,
      asServiceMap: asked.asServiceMap,
      scheme,
      priority: one === route ? 1 : 2,
      userDataIndex: one === route ? userDataIndex : undefined,
    });
    if (profile) nfInstances.push(profile);
  }
  return answerSearch(nfInstances, asked, validitySeconds, headers);
}

/** A target-nf-instance-id is left aside: the index says where the user data is, wished for or not. */
function isAsked({ groupId, plmn }: Route, { groupIds, plmns }: DiscoveryQuery): boolean {
  if (groupIds && !groupIds.has(groupId)) return false;
  return !plmns || plmns.some(({ mcc, mnc }) => mcc === plmn.mcc && mnc === plmn.mnc);
}
