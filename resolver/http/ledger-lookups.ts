// What the HTTP interface tells of single things on the ledger: routes, members, roaming contracts, and
// proofs about numbers. Routes are known wherever there is an index; the rest is asked of the ledger.

import { parseUeId } from '../../ledger/number.ts';
import { ID_PATTERN } from '../../ledger/route.ts';
import type { AskLedger } from '../ledger-questions.ts';
import type { RouteTable } from '../route-table.ts';
import { type HttpAnswer, JSON_TYPE } from './http-answer.ts';
import { answerAsked, noLedger } from './ledger-answers.ts';
import { problem } from './problem.ts';
import { decodePercent } from './query-parameters.ts';

const CONTRACT_ADDRESS = /^0x[0-9a-f]{40}$/;

/** 200 with a RouteRecord; 404 ROUTE_NOT_FOUND; 400 for what is no id. */
export function answerRoute(
  segment: string,
  routes: Pick<RouteTable, 'json' | 'numberOf'>,
): HttpAnswer {
  const id = decodePercent(segment) ?? '';
  if (!ID_PATTERN.test(id)) return badSegment('id', 'must be the id of a route');
  const number = routes.numberOf(id);
  if (number === undefined) {
    return problem(404, 'ROUTE_NOT_FOUND', `There is no route ${id}.`, { instance: id });
  }
  return json(`{"number":${number},"route":${routes.json(number)}}`);
}

/** 200 with a Member; 404 MEMBER_NOT_FOUND; 400 for what is no id; 501 without a ledger. */
export function answerMember(
  segment: string,
  ask: AskLedger | undefined,
): HttpAnswer | Promise<HttpAnswer> {
  const id = decodePercent(segment) ?? '';
  if (!ID_PATTERN.test(id)) return badSegment('id', 'must be the id of a member');
  return answerRead(['members', id], 'MEMBER_NOT_FOUND', ask);
}

/** 200 with a RoamingContract; 404 CONTRACT_NOT_FOUND; 400 for what is no address; 501 without a ledger. */
export function answerContract(
  segment: string,
  ask: AskLedger | undefined,
): HttpAnswer | Promise<HttpAnswer> {
  const address = decodePercent(segment) ?? '';
  if (!CONTRACT_ADDRESS.test(address)) {
    return badSegment('address', 'must be 0x followed by 40 hexadecimal digits in lower case');
  }
  return answerRead(['roaming-contracts', address], 'CONTRACT_NOT_FOUND', ask);
}

/**
 * 200 with the file of a proof (ledger/proof/proof-codec); 400 for what names no number; 501 without a
 * ledger; 503 PROOF_UNAVAILABLE before the first block, and where too many are asked for.
 */
export function answerProof(
  segment: string,
  ask: AskLedger | undefined,
): HttpAnswer | Promise<HttpAnswer> {
  const number = parseUeId(decodePercent(segment) ?? '');
  if (!number) {
    return badSegment('ueId', 'must be imsi- or msisdn- followed by 1 to 15 digits');
  }
  if (!ask) return noLedger();
  return answerAsked(ask('proof', { number }), (proof) =>
    'json' in proof
      ? json(proof.json)
      : problem(503, 'PROOF_UNAVAILABLE', proof.refusal, {}, [['retry-after', '1']]),
  );
}

function answerRead(
  path: readonly string[],
  missing: string,
  ask: AskLedger | undefined,
): HttpAnswer | Promise<HttpAnswer> {
  if (!ask) return noLedger();
  return answerAsked(ask('read', { path }), (read) => {
    if (read?.status === 200) return json(JSON.stringify(read.value));
    return problem(404, missing, read?.detail ?? 'No such resource.', { instance: path.at(-1)! });
  });
}

function badSegment(param: string, reason: string): HttpAnswer {
  return problem(400, 'MANDATORY_IE_INCORRECT', `${param} is not correct.`, {
    invalidParams: [{ param, reason }],
  });
}

function json(body: string): HttpAnswer {
  return { status: 200, contentType: JSON_TYPE, body };
}
