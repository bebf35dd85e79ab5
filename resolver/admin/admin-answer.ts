// Answers of the admin port as values.

import { type HttpAnswer, JSON_TYPE, STATUS_TITLES, type StatusCode } from '../http/http-answer.ts';

export interface AdminRequest {
  /** In upper case. */
  method: string;
  path: string;
  query: URLSearchParams;
  /** The body as JSON; an empty one is an empty object. */
  body: unknown;
}

export function json(value: unknown, status: StatusCode = 200): HttpAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value) };
}

/** An error answer (RFC 9457) that carries the code of the error. */
export function refusal(
  status: StatusCode,
  code: string,
  detail: string,
  more: Record<string, unknown> = {},
  headers: HttpAnswer['headers'] = [],
): HttpAnswer {
  const title = STATUS_TITLES[status];
  const problem = { type: 'about:blank', title, status, detail, code, cause: code, ...more };
  return {
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify(problem),
    headers,
  };
}
