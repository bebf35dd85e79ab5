// The gate in front of the service-based interfaces. Requests that name a number are decided by it, as
// the operation that answers them reads it. The others are the NRF's, and only their token counts.

import { CREDENTIAL_HEADER } from '../../ledger/credential-codec.ts';
import type { UeId } from '../../ledger/number.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { Authoriser, TokenVerdict } from '../sbi/authorise.ts';
import { parseDiscoveryQuery } from '../sbi/discovery-query.ts';
import { subscriberOf } from '../sbi/nf-group-ids.ts';
import { gpsiNumberOf } from '../sbi/np-status.ts';
import type { SbiRequest } from '../sbi/sbi-message.ts';
import {
  NF_GROUP_IDS,
  NF_INSTANCES,
  NP_STATUS_PREFIX,
  type SbiService,
  type SbiServices,
} from '../sbi/sbi-router.ts';
import type { AccessGate, AccessQuestion } from './access-gate.ts';
import { requesterOf } from './requester.ts';

/** Token first, then the gate. */
export function guardSbi(
  gate: Pick<AccessGate, 'decide' | 'refusedByToken'>,
  authorise: Authoriser,
): SbiServices['authorise'] {
  const decide = (
    verdict: TokenVerdict,
    service: SbiService,
    request: SbiRequest,
  ): HttpAnswer | undefined | Promise<HttpAnswer | undefined> => {
    const { ueId, nfType } = askedOf(request);
    const { headers, clientNames = [] } = request;
    const token = 'token' in verdict ? verdict.token : undefined;
    const question: AccessQuestion = {
      interface: 'sbi',
      operation: service.name,
      requester: requesterOf(headers, token, clientNames, nfType),
      ueId,
      count: 1,
      credential: headers[CREDENTIAL_HEADER],
      requestId: requestIdOf((name) => headers[name]),
      onNamed(requestId) {
        request.nameInAudit = requestId;
      },
    };
    if ('refusal' in verdict) return gate.refusedByToken(question, verdict);
    return ueId && gate.decide(question);
  };
  return (service, request) => {
    const verdict = authorise(service, request);
    return verdict instanceof Promise
      ? verdict.then((late) => decide(late, service, request))
      : decide(verdict, service, request);
  };
}

function askedOf({ path, query }: SbiRequest): { ueId: UeId | undefined; nfType?: string } {
  if (path === NF_INSTANCES) {
    const asked = parseDiscoveryQuery(query);
    // What is no discovery gets its answer from the operation.
    if ('status' in asked) return { ueId: undefined };
    return { ueId: asked.ueId, nfType: asked.requesterNfType };
  }
  if (path === NF_GROUP_IDS) return { ueId: subscriberOf(query) };
  if (path.startsWith(NP_STATUS_PREFIX)) {
    return { ueId: gpsiNumberOf(path.slice(NP_STATUS_PREFIX.length)) };
  }
  return { ueId: undefined };
}
