// Nnrf_NFDiscovery among the instances that are registered at the minimal NRF.

import { digitsOf, type UeId } from '../../../ledger/number.ts';
import type { DiscoveryQuery } from '../discovery-query.ts';
import { servicesOf, withoutPermissions } from './nf-registry.ts';
import type { RegisteredProfile } from './nrf-schemas.ts';

/** The profiles that fit a query, with the services that it asks for, up to its limit. */
export function* discoverRegistered(
  profiles: readonly RegisteredProfile[],
  query: DiscoveryQuery,
): Generator<object> {
  let left = query.limit;
  for (const profile of profiles) {
    if (left === 0) return;
    if (!fits(profile, query)) continue;
    const services = servicesOf(profile).filter(
      ({ serviceName, nfServiceStatus }) =>
        nfServiceStatus === 'REGISTERED' && (query.serviceNames?.has(serviceName) ?? true),
    );
    if (query.serviceNames && services.length === 0) continue;
    const { nfServices, nfServiceList, ...rest } = withoutManagement(withoutPermissions(profile));
    left--;
    yield {
      ...rest,
      ...(services.length > 0 &&
        (query.asServiceMap
          ? {
              nfServiceList: Object.fromEntries(
                services.map((one) => [one.serviceInstanceId, one]),
              ),
            }
          : { nfServices: services })),
    };
  }
}

/** Without what stands between an instance and its NRF alone: NFProfile of TS 29.510 clause 6.2 has none. */
function withoutManagement(profile: RegisteredProfile): RegisteredProfile {
  const {
    heartBeatTimer,
    nfProfileChangesSupportInd,
    nfProfilePartialUpdateChangesSupportInd,
    nfProfileChangesInd,
    ...rest
  } = profile as RegisteredProfile & Record<string, unknown>;
  return rest as RegisteredProfile;
}

function fits(profile: RegisteredProfile, query: DiscoveryQuery): boolean {
  const { nfInstanceId, nfType, nfStatus, allowedNfTypes, plmnList } = profile;
  const { targetNfType, requesterNfType, targetNfInstanceId, plmns, groupIds, ueId } = query;
  if (nfType !== targetNfType || nfStatus !== 'REGISTERED') return false;
  if (targetNfInstanceId !== undefined && nfInstanceId !== targetNfInstanceId) return false;
  if (allowedNfTypes && !allowedNfTypes.includes(requesterNfType)) return false;
  // An instance that does not say which PLMN it serves serves the one of this NRF.
  const servesPlmn = ({ mcc, mnc }: { mcc: string; mnc: string }) =>
    plmnList?.some((plmn) => plmn.mcc === mcc && plmn.mnc === mnc) ?? true;
  if (plmns && !plmns.some(servesPlmn)) return false;
  const info = profile.udmInfo ?? profile.ausfInfo ?? profile.udrInfo;
  if (groupIds && info?.groupId !== undefined && !groupIds.has(info.groupId)) return false;
  if (!ueId || !info) return true;
  return isInRanges(ueId, ueId.identity === 'imsi' ? info.supiRanges : info.gpsiRanges);
}

type Ranges = NonNullable<RegisteredProfile['udmInfo']>['supiRanges'];

/**
 * Whether a number is in one of the ranges, or there are none. A pattern is a regular expression that
 * came from the network, which nobody here runs: it counts as fitting.
 */
function isInRanges({ key }: UeId, ranges: Ranges): boolean {
  if (!ranges || ranges.length === 0) return true;
  const digits = digitsOf(key);
  return ranges.some(({ start, end, pattern }) => {
    if (pattern !== undefined) return true;
    if (start?.length !== digits.length || end?.length !== digits.length) return false;
    return start <= digits && digits <= end;
  });
}
