// Nudr_GroupIDmap, `GET /nudr-group-id-map/v1/nf-group-ids` (3GPP TS 29.504 clause 6.2): the group ids
// of a subscriber by NF type.
//
// 3GPP names the subscriber `subscriberId`; Oracle's SLF clients write `subscriber-id`. Both are
// taken, one of them at a time.

import type { UeId } from '../../ledger/number.ts';
import { type HttpAnswer, JSON_TYPE } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import {
  incorrectParameter,
  isNfType,
  isQueryFault,
  missingParameter,
  parseQuery,
} from '../http/query-parameters.ts';
import type { NumberResolver } from '../resolve.ts';
import { type CollocatedNfType, isTargetNfType, servesTarget } from './nf-profile.ts';
import type { SbiRequest } from './sbi-message.ts';
import { parseSubscriberId } from './subscriber-identity.ts';

const SUBSCRIBER_PARAMETERS = ['subscriberId', 'subscriber-id'] as const;

export interface GroupIdSettings {
  resolver: NumberResolver;
  collocated: readonly CollocatedNfType[];
}

/**
 * 200 with NfGroupIdMapResult; 400 for a query that is not as it should be; 404 USER_NOT_FOUND where
 * no entry covers the subscriber, DATA_NOT_FOUND where the entry says nothing of the NF types.
 */
export function answerGroupIds(
  { query }: Pick<SbiRequest, 'query'>,
  { resolver, collocated }: GroupIdSettings,
): HttpAnswer {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  const types = parameters.get('nf-type');
  if (types === undefined) return missingParameter('nf-type');
  const named = SUBSCRIBER_PARAMETERS.filter((name) => parameters.has(name));
  const [name] = named;
  if (name === undefined) return missingParameter('subscriberId');
  const unknown = [...parameters.keys()].find((one) => one !== 'nf-type' && one !== name);
  if (unknown !== undefined) {
    const reason = named.length > 1 ? 'comes in both spellings' : 'is not known here';
    return incorrectParameter('INVALID_QUERY_PARAM', { param: unknown.slice(0, 64), reason });
  }
  const wanted = types.split(',');
  if (!wanted.every(isNfType)) {
    const reason = 'is no list of NF types';
    return incorrectParameter('MANDATORY_QUERY_PARAM_INCORRECT', { param: 'nf-type', reason });
  }
  const verdict = parseSubscriberId(parameters.get(name) as string);
  if (verdict === 'malformed') {
    const reason = 'is no SUPI, GPSI, IMPI, IMPU or routing indicator';
    return incorrectParameter('MANDATORY_QUERY_PARAM_INCORRECT', { param: name, reason });
  }
  const found = verdict === 'foreign' ? undefined : resolver.find(verdict.ueId);
  if (!found) return problem(404, 'USER_NOT_FOUND', 'No entry covers the subscriber.');
  const { route } = found;
  const served = wanted.filter(
    (type) => isTargetNfType(type) && servesTarget(route, type, collocated),
  );
  if (served.length === 0) {
    return problem(404, 'DATA_NOT_FOUND', 'The subscriber has no group of these NF types.');
  }
  const body = JSON.stringify(Object.fromEntries(served.map((type) => [type, route.groupId])));
  return { status: 200, contentType: JSON_TYPE, body };
}

/** The number that a query names, as the answer goes by it; `undefined` where it names none. */
export function subscriberOf(query: string): UeId | undefined {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return undefined;
  const name = SUBSCRIBER_PARAMETERS.find((one) => parameters.has(one));
  const verdict = name === undefined ? 'foreign' : parseSubscriberId(parameters.get(name)!);
  return typeof verdict === 'string' ? undefined : verdict.ueId;
}
