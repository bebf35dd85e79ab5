// Query strings, read strictly: each parameter once, percent-encoding of valid UTF-8, within limits.
//
// 3GPP TS 29.501 clause 5.3.13 has the styles: arrays stand in one parameter with commas between
// their items ("form", not exploded); complex types are JSON.

import type { TextAnswer } from './http-answer.ts';
import { problem } from './problem.ts';

/** Most parameters that one request may have: Nnrf_NFDiscovery of Release 18 knows 147. */
const PARAMETERS_MAX = 160;

/** What is wrong with a query, for ProblemDetails. */
export interface QueryFault {
  param: string;
  reason: string;
}

export type QueryParameters = ReadonlyMap<string, string>;

/**
 * The parameters by name, decoded. A fault where a name comes twice, where the encoding is broken, or
 * where there are too many.
 */
export function parseQuery(query: string): QueryParameters | QueryFault {
  const parameters = new Map<string, string>();
  if (query === '') return parameters;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    if (parameters.size === PARAMETERS_MAX) return { param: '', reason: 'too many parameters' };
    const equals = pair.indexOf('=');
    const rawName = equals < 0 ? pair : pair.slice(0, equals);
    const name = decode(rawName);
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) {
      return { param: rawName.slice(0, 64), reason: 'is not percent-encoded UTF-8' };
    }
    if (parameters.has(name)) return { param: name.slice(0, 64), reason: 'comes twice' };
    parameters.set(name, value);
  }
  return parameters;
}

export function isQueryFault(parsed: QueryParameters | QueryFault): parsed is QueryFault {
  return !(parsed instanceof Map);
}

/** Undoes percent-encoding and, as HTML forms and Go's clients write spaces, `+`. */
function decode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  return decodePercent(text.replaceAll('+', ' '));
}

/** Undoes percent-encoding (RFC 3986 section 2.1); `undefined` where it is broken or no UTF-8. */
export function decodePercent(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Whether a text may name an NF type: the enumeration of TS 29.510 is open to later ones. */
export function isNfType(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,32}$/.test(text);
}

/** 400 MANDATORY_QUERY_PARAM_MISSING (TS 29.500 table 5.2.7.2-1). */
export function missingParameter(param: string): TextAnswer {
  return problem(400, 'MANDATORY_QUERY_PARAM_MISSING', `The parameter ${param} is missing.`, {
    invalidParams: [{ param, reason: 'is mandatory' }],
  });
}

/** 400 with one of the causes that TS 29.500 has for parameters. */
export function incorrectParameter(
  cause:
    | 'INVALID_QUERY_PARAM'
    | 'MANDATORY_QUERY_PARAM_INCORRECT'
    | 'OPTIONAL_QUERY_PARAM_INCORRECT',
  fault: QueryFault,
): TextAnswer {
  return problem(400, cause, `The parameter ${fault.param} is not correct.`, {
    invalidParams: [fault],
  });
}
