// Error answers: application/problem+json (RFC 9457) with the causes of 3GPP TS 29.500 table
// 5.2.7.2-1 where one fits.

import { type HttpAnswer, STATUS_TITLES, type StatusCode, type TextAnswer } from './http-answer.ts';
import type { ProblemDetails } from './schemas.ts';

export function problem(
  status: Exclude<StatusCode, 200>,
  cause: string,
  detail: string,
  more: Pick<ProblemDetails, 'instance' | 'invalidParams'> = {},
  headers: HttpAnswer['headers'] = [],
): TextAnswer {
  const details: ProblemDetails = {
    type: 'about:blank',
    title: STATUS_TITLES[status],
    status,
    detail,
    ...more,
    cause,
  };
  return {
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify(details),
    headers,
  };
}
