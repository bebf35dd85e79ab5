// The gate in front of the HTTP/1.1 interface: what of a request access goes by.
//
// Lookups of one number are decided by that number, batches in JSON for each of theirs when they are
// answered. Everything else but what is open to all is decided as many numbers, so that a resource added
// later is closed to whoever is restricted, not open.

import { CREDENTIAL_HEADER } from '../../ledger/credential-codec.ts';
import { identityOfBatch, mediaTypeOf } from '../http/batch-answer.ts';
import { COMPACT_TYPE } from '../http/batch-body-codec.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import type { HttpHandler, Outcome, RequestHead } from '../http/http-handler.ts';
import { BATCH_PATH, ROUTING_INFO_PATH } from '../http/http-router.ts';
import { CORRELATION_HEADER, REQUEST_ID_HEADER, requestIdOf } from '../http/request-id.ts';
import { ueIdOfSegment } from '../http/routing-info.ts';
import { type Authoriser, NBCHF_SERVICE, type TokenVerdict } from '../sbi/authorise.ts';
import type { AccessGate, AccessQuestion } from './access-gate.ts';
import { LOOK_UP } from './known-requesters.ts';
import type { QuickGate } from './quick-gate.ts';
import { NETWORK_HEADER, requesterOf } from './requester.ts';

/** The headers that the gate needs of each request. */
export const GATE_HEADERS = ['authorization', 'user-agent', NETWORK_HEADER, CREDENTIAL_HEADER];
/** With what the audit log needs too. */
export const AUDITED_HEADERS = [...GATE_HEADERS, CORRELATION_HEADER, REQUEST_ID_HEADER];

/** What says nothing of any number. */
const OPEN_PATHS = ['/health/live', '/health/ready', '/metrics', '/openapi.json'];
const COMPACT_NUMBER_BYTES = 8;
const COMMA = 44;

type Asked = Pick<AccessQuestion, 'operation' | 'ueId' | 'identity' | 'isEachJudged' | 'count'>;

/**
 * Puts the gate in front of a handler.
 *
 * @param quick is told who looks numbers up, and may answer the next of its lookups by itself
 */
export function guardHttp(
  handle: HttpHandler,
  gate: Pick<AccessGate, 'decide' | 'refusedByToken' | 'restrictionOf'>,
  authorise: Authoriser,
  interfaceName: AccessQuestion['interface'] = 'http',
  quick?: Pick<QuickGate, 'remember'>,
): HttpHandler {
  const requesterBy = (verdict: TokenVerdict, { headers, clientNames = [] }: RequestHead) =>
    requesterOf(headers, 'token' in verdict ? verdict.token : undefined, clientNames);
  const decide = (
    verdict: TokenVerdict,
    request: RequestHead,
    asked: Asked,
  ): HttpAnswer | undefined | Promise<HttpAnswer | undefined> => {
    const { headers } = request;
    const question: AccessQuestion = {
      interface: interfaceName,
      ...asked,
      requester: requesterBy(verdict, request),
      credential: headers[CREDENTIAL_HEADER],
      requestId: requestIdOf((name) => headers[name]),
      onNamed: request.onNamed,
    };
    if ('refusal' in verdict) return gate.refusedByToken(question, verdict);
    if (asked.ueId) quick?.remember(headers, question.requester, verdict.token);
    return gate.decide(question);
  };
  return (request) => {
    if (OPEN_PATHS.includes(request.path)) return handle(request);
    const verdict = authorise(NBCHF_SERVICE, { method: 'GET', headers: request.headers });
    const wanted = request.method === 'post' ? handle(request) : undefined;
    if (wanted && 'bytesMax' in wanted) {
      // A token that is known to be bad saves its sender the body.
      if ('refusal' in verdict)
        return decide(verdict, request, askedOf(request, EMPTY)) as HttpAnswer;
      const { bytesMax, answer } = wanted;
      return {
        bytesMax,
        async answer(body) {
          const known = await verdict;
          const refusal = await decide(known, request, askedOf(request, body));
          return refusal ?? answer(body, gate.restrictionOf(requesterBy(known, request)));
        },
      };
    }
    const go = (refusal: HttpAnswer | undefined): Outcome =>
      refusal ?? ((wanted ?? handle(request)) as Outcome);
    const asked = askedOf(request, EMPTY);
    const refusal =
      verdict instanceof Promise
        ? verdict.then((late) => decide(late, request, asked))
        : decide(verdict, request, asked);
    return refusal instanceof Promise ? refusal.then(go) : go(refusal);
  };
}

const EMPTY = new Uint8Array(0);

function askedOf({ path, query, contentType }: RequestHead, body: Uint8Array): Asked {
  if (path === BATCH_PATH) {
    const type = mediaTypeOf(contentType);
    const isCompact = type === COMPACT_TYPE;
    const identity = identityOfBatch(type, query);
    return {
      operation: 'batch',
      ueId: undefined,
      identity: typeof identity === 'object' ? undefined : identity,
      isEachJudged: !isCompact,
      count: Math.max(1, isCompact ? body.length / COMPACT_NUMBER_BYTES : itemCount(body)),
    };
  }
  const ueId = path.startsWith(ROUTING_INFO_PATH)
    ? ueIdOfSegment(path.slice(ROUTING_INFO_PATH.length))
    : undefined;
  return { operation: ueId ? LOOK_UP : operationOf(path), ueId, count: 1 };
}

/** The resource, where it is a word: a path may have anything in it, a number too. */
function operationOf(path: string): string {
  const segment = path.split('/', 4)[3] ?? '';
  return /^[a-z-]{1,32}$/.test(segment) ? segment : 'other';
}

/** How many items a JSON array can have at most. */
function itemCount(body: Uint8Array): number {
  let commas = 0;
  for (let at = 0; at < body.length; at++) if (body[at] === COMMA) commas++;
  return commas + 1;
}
