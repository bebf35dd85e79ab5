// Nbchf_Routing: GET /nbchf-routing/v1/routing-info/{ueId}, the answer to the one question.

import { digitsOf, formatUeId, parseUeId, type UeId } from '../../ledger/number.ts';
import type { IndexEntry } from '../../wasm/number-index.ts';
import type { BlockLabel } from '../freshness.ts';
import type { Provenance, ProvenanceOf } from '../provenance.ts';
import { type Considered, describeEntry, type NumberResolver, type Resolved } from '../resolve.ts';
import { JSON_TYPE, type TextAnswer } from './http-answer.ts';
import { problem } from './problem.ts';

/**
 * Answers for the raw path segment and query string of a request.
 *
 * 200 with a RoutingInfo; 400 MANDATORY_IE_INCORRECT where the segment is no `imsi-` or `msisdn-`
 * with 1 to 15 digits; 400 OPTIONAL_QUERY_PARAM_INCORRECT for an `explain` other than true or false;
 * 404 USER_NOT_FOUND where no entry covers the number.
 */
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
): TextAnswer;
/** The same; an explanation is given when what set its entries is found. */
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
  provenanceOf: ProvenanceOf | undefined,
): TextAnswer | Promise<TextAnswer>;
export function answerRoutingInfo(
  segment: string,
  query: string,
  resolver: NumberResolver,
  provenanceOf?: ProvenanceOf,
): TextAnswer | Promise<TextAnswer> {
  const ueId = ueIdOfSegment(segment);
  if (!ueId) {
    return problem(400, 'MANDATORY_IE_INCORRECT', 'ueId names no number.', {
      invalidParams: [
        { param: 'ueId', reason: 'must be imsi- or msisdn- followed by 1 to 15 digits' },
      ],
    });
  }
  const explain = query === '' ? 'false' : (new URLSearchParams(query).get('explain') ?? 'false');
  if (explain !== 'true' && explain !== 'false') {
    return problem(400, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'explain is not a boolean.', {
      invalidParams: [{ param: 'explain', reason: 'must be true or false' }],
    });
  }
  const explained = explain === 'true' ? resolver.explain(ueId) : undefined;
  const { found, block, lagMs } = explained ?? resolver.resolve(ueId);
  if (!found) {
    return problem(404, 'USER_NOT_FOUND', `No entry covers ${formatUeId(ueId)}.`, {
      instance: formatUeId(ueId),
    });
  }
  // The route's JSON is kept ready in the table; the rest is digits and hexadecimal.
  const head =
    `{"ueId":"${formatUeId(ueId)}",${resolvedJson(found)}` +
    `,"ledger":${ledgerJson(block, lagMs)}`;
  if (!explained) return { status: 200, contentType: JSON_TYPE, body: `${head}}` };
  const { considered } = explained;
  const withOrigins = (origins: readonly Provenance[]): TextAnswer => {
    const all = considered.map((one, at) => consideredJson(one, origins[at] ?? null));
    return { status: 200, contentType: JSON_TYPE, body: `${head},"explanation":[${all.join()}]}` };
  };
  if (!provenanceOf) return withOrigins([]);
  const { identity } = ueId;
  const names = considered.map(({ entry: { entry, from, to } }) => ({ identity, entry, from, to }));
  return provenanceOf(names, block.height).then(withOrigins);
}

function resolvedJson({ entry, routeJson, userDataIndex }: Resolved): string {
  const index = userDataIndex === undefined ? '' : `,"userDataIndex":${userDataIndex}`;
  return `"match":${matchJson(entry)},"route":${routeJson}${index}`;
}

/** What JSON.stringify would make of `describeEntry`, in a tenth of the time. */
function matchJson({ entry, from, to }: IndexEntry): string {
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
