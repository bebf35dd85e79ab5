// Nnrf_NFDiscovery, `GET /nnrf-disc/v1/nf-instances`, for requests that carry an identity (3GPP
// TS 29.510 clause 6.2.3.2.3.1): answered from the index. What the index cannot answer (no identity,
// an identity that is no number, a number that no entry covers, an NF type that the route does not
// stand for) is left to the NRF behind.

import { createHash } from 'node:crypto';
import type { UeId } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import type { NumberResolver, Resolved } from '../resolve.ts';
import {
  type CollocatedNfType,
  isTargetNfType,
  type NfProfile,
  profileOf,
  servesTarget,
  type TargetNfType,
} from './nf-profile.ts';
import {
  incorrectParameter,
  isNfType,
  isQueryFault,
  missingParameter,
  parseQuery,
  type QueryParameters,
} from './query-parameters.ts';
import type { SbiRequest } from './sbi-message.ts';
import {
  type IdentityVerdict,
  parseBareNumber,
  parseGpsi,
  parseSupi,
} from './subscriber-identity.ts';

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

/** The names of parameters that carry an identity, and how each is read. */
const IDENTITY_PARAMETERS: Record<string, (value: string) => IdentityVerdict> = {
  supi: parseSupi,
  gpsi: parseGpsi,
  imsi: (value) => parseBareNumber('imsi', value),
  msisdn: (value) => parseBareNumber('msisdn', value),
};

/** Parameters that an answer goes by, besides those that carry an identity. */
const USED_PARAMETERS = new Set([
  'target-nf-type',
  'requester-nf-type',
  'service-names',
  'target-plmn-list',
  'group-id-list',
  'limit',
  'requester-features',
]);

/** The features that are supported, as their bits: Service-Map is number 6 (TS 29.510 table 6.2.9-1). */
const SERVICE_MAP = 1 << 5;
const LIMIT_MAX = 0x7fff_ffff;

/** Answers, or `undefined` where the NRF behind must. */
export function answerDiscovery(
  { query, headers }: SbiRequest,
  settings: DiscoverySettings,
): HttpAnswer | undefined {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  const ueId = identityOf(parameters);
  if (ueId === undefined || 'status' in ueId) return ueId;
  for (const name of ['target-nf-type', 'requester-nf-type']) {
    const value = parameters.get(name);
    if (value === undefined) return missingParameter(name);
    if (!isNfType(value)) {
      return incorrectParameter('MANDATORY_QUERY_PARAM_INCORRECT', {
        param: name,
        reason: 'is no NF type',
      });
    }
  }
  const asked = askedOf(parameters);
  if ('status' in asked) return asked;
  const target = parameters.get('target-nf-type') as string;
  if (!isTargetNfType(target)) return undefined;
  const found = settings.resolver.find(ueId);
  if (!found || !servesTarget(found.route, target, settings.collocated)) return undefined;
  return answerOf(searchResult(found, ueId, target, asked, parameters, settings), headers);
}

/** Which number the parameters name; an answer where one is malformed. */
function identityOf(parameters: QueryParameters): UeId | HttpAnswer | undefined {
  let named: UeId | undefined;
  for (const [param, parse] of Object.entries(IDENTITY_PARAMETERS)) {
    const value = parameters.get(param);
    if (value === undefined) continue;
    const verdict = parse(value);
    if (verdict === 'malformed') {
      return incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', {
        param,
        reason: 'is no identity of the form that TS 29.571 or TS 29.510 gives it',
      });
    }
    // SUPI and GPSI are routed independently: the first in the order above decides.
    if (verdict !== 'foreign') named ??= verdict.ueId;
  }
  return named;
}

interface Asked {
  serviceNames: ReadonlySet<string> | undefined;
  groupIds: ReadonlySet<string> | undefined;
  plmns: { mcc: string; mnc: string }[] | undefined;
  limit: number;
  features: number;
}

/** The optional parameters that an answer goes by. */
function askedOf(parameters: QueryParameters): Asked | HttpAnswer {
  const listOf = (name: string) => {
    const value = parameters.get(name);
    return value === undefined ? undefined : new Set(value.split(','));
  };
  const optional = (param: string, reason: string) =>
    incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param, reason });
  const limitText = parameters.get('limit') ?? String(LIMIT_MAX);
  const limit = /^[0-9]{1,10}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1) return optional('limit', 'is no whole number from 1');
  const featuresText = parameters.get('requester-features') ?? '0';
  if (!/^[0-9A-Fa-f]{1,64}$/.test(featuresText)) {
    return optional('requester-features', 'is no hexadecimal number');
  }
  const plmnText = parameters.get('target-plmn-list');
  const plmns = plmnText === undefined ? undefined : parsePlmns(plmnText);
  if (plmnText !== undefined && !plmns) {
    return optional('target-plmn-list', 'is no JSON array of objects with mcc and mnc');
  }
  return {
    serviceNames: listOf('service-names'),
    groupIds: listOf('group-id-list'),
    plmns,
    limit,
    // Only the last digits can hold a feature that is supported here.
    features: Number.parseInt(featuresText.slice(-4), 16),
  };
}

function parsePlmns(text: string): Asked['plmns'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > 64) return undefined;
  const isPlmn = (one: unknown) => {
    const { mcc, mnc } = (one ?? {}) as Record<string, unknown>;
    return /^[0-9]{3}$/.test(String(mcc)) && /^[0-9]{2,3}$/.test(String(mnc));
  };
  return value.every(isPlmn) ? value : undefined;
}

/** SearchResult of TS 29.510 clause 6.2.6.2.2. */
export interface SearchResult {
  validityPeriod: number;
  nfInstances: NfProfile[];
  nrfSupportedFeatures?: string;
  noProfileMatchInfo?: { reason: string };
  ignoredQueryParams?: string[];
}

function searchResult(
  found: Resolved,
  ueId: UeId,
  target: TargetNfType,
  asked: Asked,
  parameters: QueryParameters,
  { siblingsOf, scheme, validitySeconds }: DiscoverySettings,
): SearchResult {
  const { route, userDataIndex } = found;
  const { serviceNames, groupIds, plmns, limit, features } = asked;
  const asServiceMap = (features & SERVICE_MAP) !== 0;
  const isAsked =
    (!groupIds || groupIds.has(route.groupId)) &&
    (!plmns || plmns.some(({ mcc, mnc }) => mcc === route.plmn.mcc && mnc === route.plmn.mnc));
  const nfInstances: NfProfile[] = [];
  if (isAsked) {
    // Every element of the group holds the user data; the one that the entry names comes first.
    for (const one of [route, ...siblingsOf(route)]) {
      if (nfInstances.length === limit) break;
      const profile = profileOf(one, {
        target,
        ueId,
        serviceNames,
        asServiceMap,
        scheme,
        priority: one === route ? 1 : 2,
        userDataIndex: one === route ? userDataIndex : undefined,
      });
      if (profile) nfInstances.push(profile);
    }
  }
  const ignored = [...parameters.keys()].filter(
    (name) => !USED_PARAMETERS.has(name) && !Object.hasOwn(IDENTITY_PARAMETERS, name),
  );
  return {
    validityPeriod: validitySeconds,
    nfInstances,
    ...(features !== 0 && { nrfSupportedFeatures: (features & SERVICE_MAP).toString(16) }),
    ...(nfInstances.length === 0 && {
      noProfileMatchInfo: { reason: 'QUERY_PARAMS_COMBINATION_NO_MATCH' },
    }),
    ...(ignored.length > 0 && { ignoredQueryParams: ignored }),
  };
}

/** 200 with ETag and Cache-Control, or 304 where the consumer has it (RFC 9110 section 13.1.2). */
function answerOf(result: SearchResult, headers: SbiRequest['headers']): HttpAnswer {
  const body = JSON.stringify(result);
  const etag = `"${createHash('sha1').update(body).digest('base64url')}"`;
  const validators = [
    ['cache-control', `max-age=${result.validityPeriod}`],
    ['etag', etag],
  ] as const;
  if (matchesEtag(headers['if-none-match'], etag)) {
    return { status: 304, contentType: '', body: '', headers: validators };
  }
  return { status: 200, contentType: JSON_TYPE, body, headers: validators };
}

function matchesEtag(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === etag || one === '*');
}
