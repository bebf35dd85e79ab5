// The query of Nnrf_NFDiscovery, read and checked (3GPP TS 29.510 table 6.2.3.2.3.1-1), as far as
// answers here go by it.

import type { UeId } from '../../ledger/number.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import {
  incorrectParameter,
  isNfType,
  isQueryFault,
  missingParameter,
  parseQuery,
  type QueryParameters,
} from '../http/query-parameters.ts';
import {
  type IdentityVerdict,
  parseBareNumber,
  parseGpsi,
  parseSupi,
} from './subscriber-identity.ts';

export interface DiscoveryQuery {
  targetNfType: string;
  requesterNfType: string;
  /** The number that is asked about; `undefined` where the query names none that an index could have. */
  ueId: UeId | undefined;
  serviceNames: ReadonlySet<string> | undefined;
  groupIds: ReadonlySet<string> | undefined;
  plmns: { mcc: string; mnc: string }[] | undefined;
  targetNfInstanceId: string | undefined;
  limit: number;
  /** Most bytes that an answer may have. */
  payloadBytesMax: number;
  /** Whether services are wanted as a map: the feature Service-Map. */
  asServiceMap: boolean;
  /** The features of the requester that are supported here; `undefined` where it names none. */
  supportedFeatures: string | undefined;
  /** Parameters that nothing here goes by. */
  ignored: string[];
}

/** The names of parameters that carry an identity, and how each is read. */
const IDENTITY_PARAMETERS: Record<string, (value: string) => IdentityVerdict> = {
  supi: parseSupi,
  gpsi: parseGpsi,
  imsi: (value) => parseBareNumber('imsi', value),
  msisdn: (value) => parseBareNumber('msisdn', value),
};

/** Parameters that answers go by, besides those that carry an identity. */
const USED_PARAMETERS = new Set([
  'target-nf-type',
  'requester-nf-type',
  'service-names',
  'target-plmn-list',
  'group-id-list',
  'limit',
  'max-payload-size',
  'requester-features',
  'target-nf-instance-id',
]);

/** The features that are supported, as their bits: Service-Map is number 6 (TS 29.510 table 6.2.9-1). */
const SERVICE_MAP = 1 << 5;
const LIMIT_MAX = 0x7fff_ffff;
/** Of max-payload-size, in kilo octets: the default, and the most that may be asked for. */
const PAYLOAD_KILO_OCTETS_DEFAULT = 124;
const PAYLOAD_KILO_OCTETS_MAX = 2000;

/** The query, or the answer to one that is not as it should be. */
export function parseDiscoveryQuery(query: string): DiscoveryQuery | HttpAnswer {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  for (const param of ['target-nf-type', 'requester-nf-type']) {
    const value = parameters.get(param);
    if (value === undefined) return missingParameter(param);
    if (!isNfType(value)) {
      const reason = 'is no NF type';
      return incorrectParameter('MANDATORY_QUERY_PARAM_INCORRECT', { param, reason });
    }
  }
  const named = identityOf(parameters);
  if (named !== undefined && 'status' in named) return named;
  return optionalsOf(parameters, named);
}

/** How many parameters of a well-formed query carry an identity. */
export function identityCount(query: string): number {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return 0;
  return Object.keys(IDENTITY_PARAMETERS).filter((name) => parameters.has(name)).length;
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

function optionalsOf(
  parameters: QueryParameters,
  ueId: UeId | undefined,
): DiscoveryQuery | HttpAnswer {
  const listOf = (name: string) => {
    const value = parameters.get(name);
    return value === undefined ? undefined : new Set(value.split(','));
  };
  const incorrect = (param: string, reason: string) =>
    incorrectParameter('OPTIONAL_QUERY_PARAM_INCORRECT', { param, reason });
  const limitText = parameters.get('limit') ?? String(LIMIT_MAX);
  const limit = /^[0-9]{1,10}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1) return incorrect('limit', 'is no whole number from 1');
  const payloadText = parameters.get('max-payload-size') ?? String(PAYLOAD_KILO_OCTETS_DEFAULT);
  const payload = /^[0-9]{1,4}$/.test(payloadText) ? Number(payloadText) : 0;
  if (payload < 1 || payload > PAYLOAD_KILO_OCTETS_MAX) {
    return incorrect('max-payload-size', `is no whole number from 1 to ${PAYLOAD_KILO_OCTETS_MAX}`);
  }
  const featuresText = parameters.get('requester-features');
  if (featuresText !== undefined && !/^[0-9A-Fa-f]{1,64}$/.test(featuresText)) {
    return incorrect('requester-features', 'is no hexadecimal number');
  }
  const plmnText = parameters.get('target-plmn-list');
  const plmns = plmnText === undefined ? undefined : parsePlmns(plmnText);
  if (plmnText !== undefined && !plmns) {
    return incorrect('target-plmn-list', 'is no JSON array of objects with mcc and mnc');
  }
  // Only the last digits can hold a feature that is supported here.
  const features = Number.parseInt(featuresText?.slice(-4) ?? '0', 16) & SERVICE_MAP;
  return {
    targetNfType: parameters.get('target-nf-type') as string,
    requesterNfType: parameters.get('requester-nf-type') as string,
    ueId,
    serviceNames: listOf('service-names'),
    groupIds: listOf('group-id-list'),
    plmns,
    targetNfInstanceId: parameters.get('target-nf-instance-id'),
    limit,
    payloadBytesMax: payload * 1000,
    asServiceMap: features !== 0,
    supportedFeatures: featuresText === undefined ? undefined : features.toString(16),
    ignored: [...parameters.keys()].filter(
      (name) => !USED_PARAMETERS.has(name) && !Object.hasOwn(IDENTITY_PARAMETERS, name),
    ),
  };
}

function parsePlmns(text: string): DiscoveryQuery['plmns'] {
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
