// Nbchf_Routing: GET /nbchf-routing/v1/routing-info/{ueId}, the answer to the one question.

import { digitsOf, formatUeId, parseUeId, type UeId } from '../../ledger/number.ts';
import { boundExplanation, type IndexEntry, RUNS_COUNTED_MAX } from '../../wasm/number-index.ts';
import { RUNS_EXPLAINED_MAX, standingsOf } from '../explain.ts';
import type { BlockLabel } from '../freshness.ts';
import type { AskLedger } from '../ledger-questions.ts';
import type { Provenance } from '../provenance.ts';
import {
  type Considered,
  describeEntry,
  type NumberResolver,
  type Resolution,
  type Resolved,
  userDataIndexOf,
} from '../resolve.ts';
import { JSON_TYPE, type TextAnswer } from './http-answer.ts';
import { answerAsked, congestion, noLedger, notKept } from './ledger-answers.ts';
import { problem } from './problem.ts';
import { incorrectParameter, isQueryFault, parseQuery } from './query-parameters.ts';

/** What may be asked besides the number. */
interface Wish {
  explain: boolean;
  /** The height that the answer is to be as of; `undefined` for the block that is served. */
  height: number | undefined;
}

/**
 * Most runs around a number whose older blocks are searched: all of them go to the thread of the ledger,
 * because each of the innermost may be younger than the block that is asked for.
 */
const HISTORY_RUNS_MAX = 1024;

const PLAIN: Wish = { explain: false, height: undefined };

/**
 * Answers for the raw path segment and query string of a request. Without `ask` there is no ledger: an
 * explanation does not name what set its entries, and older blocks are not answered for.
 *
 * 200 with a RoutingInfo; 400 MANDATORY_IE_INCORRECT where the segment is no `imsi-` or `msisdn-`
 * with 1 to 15 digits; 400 INVALID_QUERY_PARAM for a query that cannot be read in one way only; 400
 * OPTIONAL_QUERY_PARAM_INCORRECT for an `explain` other than true or false or a `height` that is
 * none; 404 USER_NOT_FOUND where no entry covers the number, HEIGHT_NOT_REACHED for a block to come;
 * 410 HEIGHT_NOT_KEPT; 501 LEDGER_NOT_FOLLOWED, RUNS_NESTED_TOO_DEEP; 503 NF_CONGESTION.
 */
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
): TextAnswer;
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
  ask: AskLedger | undefined,
): TextAnswer | Promise<TextAnswer>;
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
  ask?: AskLedger,
): TextAnswer | Promise<TextAnswer> {
  const ueId = ueIdOfSegment(segment);
  if (!ueId) {
    return namesNoNumber();
  }
  const wish = query === '' ? PLAIN : wishOf(query);
  if ('status' in wish) return wish;
  if (wish.height !== undefined) return answerAsOf(ueId, wish.height, wish.explain, resolver, ask);
  return wish.explain
    ? explanationOf(ueId, resolver.explain(ueId), ask)
    : plain(ueId, resolver.resolve(ueId));
}

function wishOf(query: string): Wish | TextAnswer {
  const parameters = parseQuery(query);
  if (isQueryFault(parameters)) return incorrectParameter('INVALID_QUERY_PARAM', parameters);
  const [explain, height] = [parameters.get('explain') ?? 'false', parameters.get('height')];
  const incorrect = (param: string, detail: string, reason: string) =>
    problem(400, 'OPTIONAL_QUERY_PARAM_INCORRECT', detail, { invalidParams: [{ param, reason }] });
  if (explain !== 'true' && explain !== 'false') {
    return incorrect('explain', 'explain is not a boolean.', 'must be true or false');
  }
  if (height !== undefined && !/^[1-9][0-9]{0,14}$/.test(height)) {
    return incorrect('height', 'height is no height of a block.', 'must be 1 or more, in digits');
  }
  return { explain: explain === 'true', height: height === undefined ? undefined : Number(height) };
}

function plain(ueId: UeId, { found, block, lagMs }: Resolution): TextAnswer {
  if (!found) return notFound(ueId);
  return { status: 200, contentType: JSON_TYPE, body: `${headJson(ueId, found, block, lagMs)}}` };
}

/** The winner with all that was considered; what set each is told where a ledger can be asked. */
function explanationOf(
  ueId: UeId,
  answer: ReturnType<NumberResolver['explain']>,
  ask: AskLedger | undefined,
): TextAnswer | Promise<TextAnswer> {
  const { considered, block } = answer;
  if (!ask || considered.length === 0) return explanation(ueId, answer, []);
  const { identity } = ueId;
  const entries = considered.map(({ entry: { entry, from, to } }) => ({
    ...{ identity, entry, from, to },
  }));
  const { height } = block;
  return answerAsked(ask('origins', { entries, height }), (origins) =>
    explanation(ueId, answer, origins),
  );
}

function explanation(
  ueId: UeId,
  { considered, runsLeftOut, block, lagMs }: Omit<ReturnType<NumberResolver['explain']>, 'found'>,
  origins: readonly Provenance[],
): TextAnswer {
  const [found] = considered;
  if (!found) return notFound(ueId);
  const all = considered.map((one, at) => consideredJson(one, origins[at] ?? null));
  const cut = runsLeftOut === 0 ? '' : `,"explanationCut":${explanationCutJson(runsLeftOut)}`;
  const body = `${headJson(ueId, found, block, lagMs)},"explanation":[${all.join()}]${cut}}`;
  return { status: 200, contentType: JSON_TYPE, body };
}

/** The answer as it would have been when an older block was served. */
function answerAsOf(
  ueId: UeId,
  height: number,
  explain: boolean,
  resolver: NumberResolver,
  ask: AskLedger | undefined,
): TextAnswer | Promise<TextAnswer> {
  if (!ask) return noLedger();
  const now = resolver.explain(ueId);
  if (height === now.block.height) {
    return explain ? explanationOf(ueId, now, ask) : plain(ueId, now);
  }
  if (height > now.block.height) {
    return problem(404, 'HEIGHT_NOT_REACHED', `Block ${now.block.height} is the one served.`);
  }
  const covering = resolver.covering(ueId, HISTORY_RUNS_MAX);
  if (covering.runsLeftOut > 0) {
    const detail = `What covered the number before is told where ${HISTORY_RUNS_MAX} runs at most do now.`;
    return problem(501, 'RUNS_NESTED_TOO_DEEP', detail);
  }
  const entries = covering.entries.map(({ entry, from, to, route }) => ({
    entry,
    from,
    to,
    route,
  }));
  const known = { height: covering.block.height, entries };
  return answerAsked(ask('asOf', { number: ueId, height, known, explain }), (asOf) => {
    if ('refusal' in asOf) {
      return asOf.refusal === 'not-kept'
        ? notKept(`What block ${height} had is not kept.`)
        : congestion('The search of old blocks takes too long, or too many wait for theirs.');
    }
    const { blockHash, timeMs } = asOf.history;
    const block = { height, blockHash, timeMs };
    const { entries, runsLeftOut } = boundExplanation(asOf.history.entries, RUNS_EXPLAINED_MAX);
    const found = entries.map(({ details, ...entry }) => ({
      entry,
      route: details,
      routeJson: JSON.stringify(details),
      userDataIndex: userDataIndexOf(entry, details, ueId.key),
    }));
    if (!explain) return plain(ueId, { found: found[0], block, lagMs: undefined });
    const standings = standingsOf(ueId.key, entries, runsLeftOut);
    const considered = standings.map((standing, at) => ({ ...found[at]!, ...standing }));
    return explanation(ueId, { considered, runsLeftOut, block, lagMs: undefined }, asOf.origins);
  });
}

/** 404 for a number that no entry covers. */
export function notFound(ueId: UeId): TextAnswer {
  return problem(404, 'USER_NOT_FOUND', `No entry covers ${formatUeId(ueId)}.`, {
    instance: formatUeId(ueId),
  });
}

/** The route's JSON is kept ready in the table; the rest is digits and hexadecimal. */
function headJson(
  ueId: UeId,
  found: Resolved,
  block: BlockLabel,
  lagMs: number | undefined,
): string {
  return (
    `{"ueId":"${formatUeId(ueId)}",${resolvedJson(found)}` + `,"ledger":${ledgerJson(block, lagMs)}`
  );
}

function resolvedJson({ entry, routeJson, userDataIndex }: Resolved): string {
  const index = userDataIndex === undefined ? '' : `,"userDataIndex":${userDataIndex}`;
  return `"match":${entryJson(entry)},"route":${routeJson}${index}`;
}

/** What JSON.stringify would make of `describeEntry`, in a tenth of the time. */
export function entryJson({ entry, from, to }: Pick<IndexEntry, 'entry' | 'from' | 'to'>): string {
  if (entry === 'prefix') return `{"entry":"prefix","prefix":"${digitsOf(from)}"}`;
  return `{"entry":"${entry}","from":"${digitsOf(from)}","to":"${digitsOf(to)}"}`;
}

/** The block and lag of the last answer, and their text: most answers are of the same block. */
let lastLedger: { block: BlockLabel; lagMs: number | undefined; json: string } | undefined;

/** The JSON of a `LedgerPosition`. */
export function ledgerJson(block: BlockLabel, lagMs: number | undefined): string {
  if (lastLedger?.block !== block || lastLedger.lagMs !== lagMs) {
    const { height, blockHash } = block;
    const json = `{"height":${height},"blockHash":"${hex(blockHash)}","lagMs":${lagMs ?? 'null'}}`;
    lastLedger = { block, lagMs, json };
  }
  return lastLedger.json;
}

function consideredJson(considered: Considered, setBy: Provenance): string {
  const { matchedLength, wins, why, shadows } = considered;
  const standing = {
    matchedLength,
    wins,
    why,
    ...(shadows && { shadows: describeEntry(shadows) }),
    setBy,
  };
  return `{${resolvedJson(considered)},${JSON.stringify(standing).slice(1)}`;
}

/** The JSON of an `ExplanationCut`. */
function explanationCutJson(runsLeftOut: number): string {
  const orMore = runsLeftOut === RUNS_COUNTED_MAX;
  return `{"cause":"RUNS_LEFT_OUT","runsLeftOut":${runsLeftOut},"orMore":${orMore}}`;
}

/** 400 for a path segment that names no number. */
export function namesNoNumber(): TextAnswer {
  return problem(400, 'MANDATORY_IE_INCORRECT', 'ueId names no number.', {
    invalidParams: [
      { param: 'ueId', reason: 'must be imsi- or msisdn- followed by 1 to 15 digits' },
    ],
  });
}

/** The number that a raw path segment names, `undefined` where it names none. */
export function ueIdOfSegment(segment: string): UeId | undefined {
  return parseUeId(decodeSegment(segment));
}

/** Undoes percent-encoding (RFC 3986 section 2.1); a malformed one stays as it is, and fails later. */
function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('hex')
    .toUpperCase();
}
