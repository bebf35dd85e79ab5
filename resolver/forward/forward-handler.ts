// The HTTP interface of a forwarder: the lookups of Nbchf_Routing, answered by another resolver.
//
// What a requester proves or says of itself, and the terminal's credential, go on with the question: the
// resolver that answers decides who may ask.

import { formatUeId } from '../../ledger/number.ts';
import { AUDITED_HEADERS } from '../access/http-gate.ts';
import { identityOfBatch, mediaTypeOf, wrongType } from '../http/batch-answer.ts';
import {
  BATCH_BODY_BYTES_MAX,
  COMPACT_HEADER_BYTES,
  COMPACT_TYPE,
  readCompactBatch,
  readJsonBatch,
} from '../http/batch-body-codec.ts';
import { type HttpAnswer, JSON_TYPE, type StatusCode } from '../http/http-answer.ts';
import type { BodyWanted, RequestHead } from '../http/http-handler.ts';
import { BATCH_PATH, ROUTING_INFO_PATH } from '../http/http-router.ts';
import { problem } from '../http/problem.ts';
import { REQUEST_ID_HEADER } from '../http/request-id.ts';
import { namesNoNumber, ueIdOfSegment } from '../http/routing-info.ts';
import { HOPS_HEADER, nextHops } from './forward-hops-codec.ts';
import type { Forwarder, ForwardFailure } from './forwarder.ts';
import type { UpstreamAnswer, UpstreamRequest } from './upstream.ts';
import { judgeCompactBatch, judgeJsonBatch, judgeSingle } from './upstream-answer-codec.ts';

/** The headers that the listener must read, and that go on with the question. */
export const FORWARD_HEADERS = [...AUDITED_HEADERS, HOPS_HEADER];

/** A longer batch in JSON would hold the thread up while its answer is checked: it goes compact. */
export const JSON_BATCH_BYTES_MAX = 256 * 1024;
/** An explanation of 80 entries, the most there are, with the longest routes and what set each: some 150 KB. */
export const SINGLE_ANSWER_BYTES_MAX = 256 * 1024;
/** Bytes of a JSON batch's answer for each byte of the question, and for its routes. */
const JSON_ANSWER_GROWTH = 8;
const JSON_ANSWER_BYTES_MIN = 16 * 1024 * 1024;
const COMPACT_ANSWER_BYTES = 8;
const PASSED_BACK = ['retry-after', 'www-authenticate', 'allow', REQUEST_ID_HEADER];

export interface ForwardServices {
  forwarder: Pick<Forwarder, 'ask'>;
  /** This forwarder's name among the hops: 16 hexadecimal digits. */
  name: string;
  /** Whether any upstream is up. */
  isReady: () => boolean;
  metrics: () => Promise<string>;
}

export function handleForward(
  request: RequestHead,
  services: ForwardServices,
): HttpAnswer | Promise<HttpAnswer> | BodyWanted {
  const { method, path } = request;
  if (path === BATCH_PATH) {
    return method === 'post' ? forwardBatch(request, services) : notAllowed('POST');
  }
  const isRead = method === 'get' || method === 'head';
  if (path.startsWith(ROUTING_INFO_PATH)) {
    return isRead ? forwardSingle(request, services) : notAllowed('GET, HEAD');
  }
  switch (path) {
    case '/health/live':
      return health(200, 'up');
    case '/health/ready':
      return services.isReady() ? health(200, 'up') : health(503, 'down');
    case '/metrics':
      return services.metrics().then((body) => ({
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body,
      }));
    default:
      return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
  }
}

function forwardSingle(
  request: RequestHead,
  services: ForwardServices,
): HttpAnswer | Promise<HttpAnswer> {
  const { path, query } = request;
  const ueId = ueIdOfSegment(path.slice(ROUTING_INFO_PATH.length));
  if (!ueId) return namesNoNumber();
  return forward(request, services, {
    method: 'GET',
    path: targetOf(`${ROUTING_INFO_PATH}${formatUeId(ueId)}`, query),
    headers: {},
    body: undefined,
    answerBytesMax: SINGLE_ANSWER_BYTES_MAX,
    judge: (response) => judgeSingle(ueId, response),
  });
}

function forwardBatch(request: RequestHead, services: ForwardServices): BodyWanted | HttpAnswer {
  const { contentType, query, path } = request;
  const type = mediaTypeOf(contentType);
  // What no resolver would answer needs none to say so.
  if (type !== JSON_TYPE && type !== COMPACT_TYPE) return wrongType();
  const identity = identityOfBatch(type, query);
  if (typeof identity === 'object') return identity;
  const isCompact = identity !== undefined;
  return {
    bytesMax: isCompact ? BATCH_BODY_BYTES_MAX : JSON_BATCH_BYTES_MAX,
    async answer(body) {
      const batch = isCompact ? readCompactBatch(body, identity) : readJsonBatch(body);
      if (typeof batch === 'string') return problem(400, 'MANDATORY_IE_INCORRECT', batch);
      return forward(request, services, {
        method: 'POST',
        path: targetOf(path, query),
        headers: { 'content-type': contentType },
        body,
        answerBytesMax: isCompact
          ? COMPACT_HEADER_BYTES + batch.count * COMPACT_ANSWER_BYTES
          : Math.max(JSON_ANSWER_BYTES_MIN, body.length * JSON_ANSWER_GROWTH),
        judge: (response) =>
          isCompact ? judgeCompactBatch(batch.count, response) : judgeJsonBatch(batch, response),
      });
    },
  };
}

async function forward(
  asked: RequestHead,
  { forwarder, name }: ForwardServices,
  request: UpstreamRequest,
): Promise<HttpAnswer> {
  const hops = nextHops(asked.headers[HOPS_HEADER], name);
  if (hops === undefined) {
    return problem(400, 'MSG_LOOP_DETECTED', 'The request has been here before, or goes too far.');
  }
  const headers = { ...request.headers, ...asked.headers, [HOPS_HEADER]: hops };
  // What is no text cannot be sent on, and would look like a failure of the upstream.
  if (![request.path, ...Object.values(headers)].every((text) => /^[\x20-\x7e]*$/.test(text))) {
    return problem(400, 'INVALID_API', 'The query or a header field is not of ASCII characters.');
  }
  const answer = await forwarder.ask({ ...request, headers });
  return typeof answer === 'string' ? failure(answer) : passBack(answer);
}

function targetOf(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

function passBack({ status, contentType, body, headers }: UpstreamAnswer): HttpAnswer {
  if (status === 414 || status === 431) {
    return problem(status, 'INVALID_API', 'The query or the header fields are too long.');
  }
  return {
    status: status as StatusCode,
    contentType,
    body,
    headers: PASSED_BACK.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  };
}

/** TS 29.500 table 5.2.7.2-1. */
function failure(reason: ForwardFailure): HttpAnswer {
  switch (reason) {
    case 'unanswered':
      return problem(502, 'TARGET_NF_NOT_REACHABLE', 'No upstream has an answer.');
    case 'timed-out':
      return problem(504, 'TIMED_OUT_REQUEST', 'No upstream answered in time.');
    case 'busy':
      return problem(503, 'NF_CONGESTION', 'Too many requests wait for upstreams.', {}, [
        ['retry-after', '1'],
      ]);
  }
}

function notAllowed(allowed: string): HttpAnswer {
  return problem(405, 'METHOD_NOT_ALLOWED', `This resource takes ${allowed}.`, {}, [
    ['allow', allowed],
  ]);
}

function health(status: 200 | 503, text: 'up' | 'down'): HttpAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify({ status: text }) };
}
