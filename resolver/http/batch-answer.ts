// Nbchf_Routing: POST /nbchf-routing/v1/routing-info/batch, the one question for many numbers at once.
//
// A short batch is answered in the serving thread. A long one would keep the thread's other requests
// waiting for milliseconds, so it goes to a pool of threads (batch-pool.ts); both run `resolveBatch`.

import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { BlockLabel } from '../freshness.ts';
import type { NumberResolver } from '../resolve.ts';
import type { PinnedRoutes, RouteTable } from '../route-table.ts';
import {
  BATCH_BODY_BYTES_MAX,
  COMPACT_TYPE,
  readCompactBatch,
  readJsonBatch,
  type TellableAnswers,
  writeCompactAnswer,
  writeJsonResults,
} from './batch-body-codec.ts';
import { type HttpAnswer, JSON_TYPE } from './http-answer.ts';
import type { BodyWanted } from './http-handler.ts';
import { problem } from './problem.ts';
import { incorrectParameter, isQueryFault, parseQuery } from './query-parameters.ts';
import { ledgerJson } from './routing-info.ts';

/** Bytes of a body up to which it is answered in the serving thread: half a millisecond of work. */
export const INLINE_BYTES_MAX = 64 * 1024;

/** A body with what its head says of it. */
export interface BatchQuestion {
  body: Uint8Array;
  /** The kind of all numbers of a compact body; a JSON body names each number's. */
  identity: Identity | undefined;
  routeTableVersion: number;
  /** Of a JSON body; `undefined`: everything. */
  tellable?: TellableAnswers | undefined;
}

/** What of a batch its sender may ask for; each number beyond it is refused by itself. */
export interface BatchRestriction {
  identities: readonly Identity[];
  /** `undefined`: those of all. */
  members: ReadonlySet<string> | undefined;
}

/** What a batch came to: refused, all of a compact answer, or the parts of a JSON answer. */
export type BatchOutcome =
  | { refusal: string }
  | { numbers: number; compact: Uint8Array }
  | {
      numbers: number;
      results: string;
      routes: number[];
      block: BlockLabel;
      lagMs: number | undefined;
    };

/** Answers a long batch elsewhere; `undefined` where too many wait already. */
export type LongBatches = (question: BatchQuestion) => Promise<BatchOutcome> | undefined;

export interface BatchServices {
  resolver: Pick<NumberResolver, 'lookupBatch'>;
  routes: Pick<RouteTable, 'json' | 'version' | 'pinned' | 'all'>;
  longBatches: LongBatches;
  /** Told how many numbers a batch was that was looked up. */
  countNumbers?: (numbers: number) => void;
}

/** Reads a body, looks its numbers up and writes what they came to. */
export function resolveBatch(
  { body, identity, routeTableVersion, tellable }: BatchQuestion,
  resolver: Pick<NumberResolver, 'lookupBatch'>,
): BatchOutcome {
  const batch = identity ? readCompactBatch(body, identity) : readJsonBatch(body);
  if (typeof batch === 'string') return { refusal: batch };
  const answers = new Uint32Array(batch.count);
  const { keys, identities, count } = batch;
  const { block, lagMs } = resolver.lookupBatch(keys, identities, answers, count);
  if (identity) {
    const compact = writeCompactAnswer(batch, answers, block, lagMs, routeTableVersion);
    return { numbers: count, compact };
  }
  const { json, routes } = writeJsonResults(batch, answers, tellable);
  return { numbers: count, results: json, routes, block, lagMs };
}

/**
 * What to do with a batch request, by its head.
 *
 * 415 for a body of another type; 400 INVALID_QUERY_PARAM for a query that cannot be read in one way
 * only; 400 MANDATORY_QUERY_PARAM_MISSING or _INCORRECT for a compact body without an identity kind;
 * 400 MANDATORY_IE_INCORRECT for a body that is no batch; 413 for one that is too long; 503
 * NF_CONGESTION where too many long batches wait.
 */
export function answerBatch(
  contentType: string,
  query: string,
  services: BatchServices,
): HttpAnswer | BodyWanted {
  const type = mediaTypeOf(contentType);
  if (type !== JSON_TYPE && type !== COMPACT_TYPE) {
    return wrongType();
  }
  const identity = identityOfBatch(type, query);
  if (typeof identity === 'object') return identity;
  const answered = (outcome: BatchOutcome, routes: PinnedRoutes): HttpAnswer => {
    if ('numbers' in outcome) services.countNumbers?.(outcome.numbers);
    return answerOutcome(outcome, routes);
  };
  const answer: BodyWanted['answer'] = (body, restriction) => {
    const tellable = restriction && tellableOf(restriction, services.routes);
    const question = { body, identity, routeTableVersion: services.routes.version, tellable };
    if (body.length <= INLINE_BYTES_MAX) {
      return answered(resolveBatch(question, services.resolver), services.routes);
    }
    const routes = services.routes.pinned();
    const outcome = services.longBatches(question);
    return outcome
      ? outcome.then((one) => answered(one, routes))
      : problem(503, 'NF_CONGESTION', 'Too many long batches are waiting.', {}, [
          ['retry-after', '1'],
        ]);
  };
  return { bytesMax: BATCH_BODY_BYTES_MAX, answer };
}

function tellableOf(
  { identities, members }: BatchRestriction,
  routes: Pick<RouteTable, 'all'>,
): TellableAnswers {
  if (!members) return { identities, routes: undefined };
  const numbers = new Set<number>();
  // Numbers without a route are left out of the walk.
  routes.all().forEach(({ member }, number) => {
    if (members.has(member)) numbers.add(number);
  });
  return { identities, routes: numbers };
}

/** The type in a content-type header, without parameters, in lower case (RFC 9110 section 8.3.1). */
export function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase();
}

/** 415 for a body of another type. */
export function wrongType(): HttpAnswer {
  return problem(
    415,
    'MANDATORY_IE_INCORRECT',
    `The body is neither ${JSON_TYPE} nor ${COMPACT_TYPE}.`,
  );
}

/**
 * The kind of the numbers of a compact body, by its query; `undefined` for another body. A 400 where it
 * is not told.
 */
export function identityOfBatch(type: string, query: string): Identity | undefined | HttpAnswer {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  if (type !== COMPACT_TYPE) return undefined;
  const named = parameters.get('identity');
  return IDENTITIES.find((one) => one === named) ?? noIdentity(named);
}

function noIdentity(named: string | undefined): HttpAnswer {
  const cause =
    named === undefined ? 'MANDATORY_QUERY_PARAM_MISSING' : 'MANDATORY_QUERY_PARAM_INCORRECT';
  return problem(400, cause, 'A compact body needs the identity kind of its numbers.', {
    invalidParams: [{ param: 'identity', reason: `must be one of ${IDENTITIES.join(', ')}` }],
  });
}

function answerOutcome(outcome: BatchOutcome, routes: PinnedRoutes): HttpAnswer {
  if ('refusal' in outcome) return problem(400, 'MANDATORY_IE_INCORRECT', outcome.refusal);
  if ('compact' in outcome) {
    return { status: 200, contentType: COMPACT_TYPE, body: outcome.compact };
  }
  const { results, block, lagMs } = outcome;
  const details = outcome.routes.map((number) => `"${number}":${routes.json(number)}`);
  const body = `{"ledger":${ledgerJson(block, lagMs)},"routes":{${details.join()}},"results":[${results}]}`;
  return { status: 200, contentType: JSON_TYPE, body };
}
