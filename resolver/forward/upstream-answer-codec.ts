// What an upstream has answered, judged before it is passed on: whether it is an answer to what was
// asked at all. Whether it is true only the ledger can say; but what is of another number, of another
// form, or broken off is a failure of the upstream, and the second choice is asked instead.
//
//     pass    an answer to the question: found, not found, or what is wrong with the question
//     decline it is asked too much, or for a block that it does not have: the next is asked, and may say
//             otherwise
//     fail    none: the next is asked, and it counts against this one

import { z } from 'zod';
import { digitsOf, formatUeId, IDENTITIES, type UeId } from '../../ledger/number.ts';
import { mediaTypeOf } from '../http/batch-answer.ts';
import { COMPACT_HEADER_BYTES, COMPACT_TYPE, type NumberBatch } from '../http/batch-body-codec.ts';
import { JSON_TYPE } from '../http/http-answer.ts';
import { ANSWER_BYTES } from '../udp/batch-codec.ts';

export type UpstreamVerdict = 'pass' | 'decline' | 'fail';

/** A response, wholly received. */
export interface UpstreamResponse {
  status: number;
  contentType: string;
  body: Uint8Array;
}

const PROBLEM_TYPE = 'application/problem+json';
/** What is wrong with the question or with who asks it: no other upstream would say otherwise. */
const STATUSES_OF_THE_QUESTION = [400, 401, 403, 404, 405, 413, 415];
/** Given before a resolver sees the question, and so without problem details. */
const STATUSES_OF_ITS_LENGTH = [414, 431];
const STATUSES_OF_LOAD = [429, 503];
/** What an answer as of a block is refused for: another may be further, keep more or follow a ledger. */
const STATUS_OF_HEIGHT_CAUSES: Readonly<Record<string, number>> = {
  HEIGHT_NOT_REACHED: 404,
  HEIGHT_NOT_KEPT: 410,
  LEDGER_NOT_FOLLOWED: 501,
  RUNS_NESTED_TOO_DEEP: 501,
};

// Fields that are not known here are let through: an upstream may be newer.
const foundSchema = z.looseObject({
  ueId: z.string(),
  match: z.union([
    z.looseObject({ entry: z.literal('prefix'), prefix: z.string() }),
    z.looseObject({
      entry: z.enum(['fragmented', 'ported']),
      from: z.string(),
      to: z.string(),
    }),
  ]),
  route: z.looseObject({ member: z.string(), nfInstanceId: z.string() }),
  ledger: z.looseObject({ height: z.int().min(0) }),
});
const problemSchema = z.looseObject({ cause: z.string(), instance: z.string().optional() });
const resultsSchema = z.looseObject({
  ledger: z.looseObject({ height: z.int().min(0) }),
  routes: z.record(z.string(), z.unknown()),
  results: z.array(z.looseObject({ ueId: z.string().optional(), route: z.int().optional() })),
});

/** Judges the answer to a lookup of one number; `undefined`: the question names none. */
export function judgeSingle(ueId: UeId | undefined, response: UpstreamResponse): UpstreamVerdict {
  const value = jsonOf(response);
  if (response.status !== 200) return judgeProblem(response, value, ueId && formatUeId(ueId));
  const found = foundSchema.safeParse(value);
  if (!ueId || typeOf(response) !== JSON_TYPE || !found.success) return 'fail';
  const { ueId: told, match } = found.data;
  const digits = digitsOf(ueId.key);
  const covers =
    match.entry === 'prefix'
      ? match.prefix !== '' && digits.startsWith(match.prefix)
      : match.from.length === digits.length && match.from <= digits && digits <= match.to;
  return told === formatUeId(ueId) && covers ? 'pass' : 'fail';
}

/** Judges the answer to a JSON batch: a result for each number that was asked for, in order. */
export function judgeJsonBatch(batch: NumberBatch, response: UpstreamResponse): UpstreamVerdict {
  const value = jsonOf(response);
  if (response.status !== 200) return judgeProblem(response, value);
  const told = resultsSchema.safeParse(value);
  if (typeOf(response) !== JSON_TYPE || !told.success) return 'fail';
  const { results, routes } = told.data;
  if (results.length !== batch.count) return 'fail';
  const isRight = results.every(({ ueId, route }, at) => {
    const key = batch.keys[at]!;
    const identity = IDENTITIES[batch.identities[at]!]!;
    const isSame = key === 0 ? ueId === undefined : ueId === formatUeId({ identity, key });
    return isSame && (route === undefined || Object.hasOwn(routes, route));
  });
  return isRight ? 'pass' : 'fail';
}

/** Judges the answer to a compact batch of so many numbers. */
export function judgeCompactBatch(count: number, response: UpstreamResponse): UpstreamVerdict {
  const { status, body } = response;
  if (status !== 200) return judgeProblem(response, jsonOf(response));
  const isWhole =
    typeOf(response) === COMPACT_TYPE &&
    body.length === COMPACT_HEADER_BYTES + count * ANSWER_BYTES &&
    new DataView(body.buffer, body.byteOffset).getUint32(16, true) === count;
  return isWhole ? 'pass' : 'fail';
}

function judgeProblem(
  response: UpstreamResponse,
  value: unknown,
  ueId?: string | undefined,
): UpstreamVerdict {
  if (STATUSES_OF_ITS_LENGTH.includes(response.status)) return 'pass';
  const problem = problemSchema.safeParse(value);
  if (typeOf(response) !== PROBLEM_TYPE || !problem.success) return 'fail';
  if (STATUSES_OF_LOAD.includes(response.status)) return 'decline';
  const { cause, instance } = problem.data;
  if (Object.hasOwn(STATUS_OF_HEIGHT_CAUSES, cause)) {
    return STATUS_OF_HEIGHT_CAUSES[cause] === response.status ? 'decline' : 'fail';
  }
  if (!STATUSES_OF_THE_QUESTION.includes(response.status)) return 'fail';
  // The question has gone in a circle behind that upstream, which says nothing of the number.
  if (cause === 'MSG_LOOP_DETECTED') return 'fail';
  if (response.status !== 404) return 'pass';
  return cause === 'USER_NOT_FOUND' && instance === ueId ? 'pass' : 'fail';
}

function typeOf({ contentType }: UpstreamResponse): string {
  return mediaTypeOf(contentType);
}

function jsonOf({ contentType, body }: UpstreamResponse): unknown {
  if (!contentType.includes('json')) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  } catch {
    return undefined;
  }
}
