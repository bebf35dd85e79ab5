// Error answers: application/problem+json (RFC 9457) with the causes of 3GPP TS 29.500 table
// 5.2.7.2-1 where one fits.

import type { HttpAnswer } from './http-answer.ts';
import type { ProblemDetails } from './schemas.ts';

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function problem(
  status: 400 | 404 | 405 | 500 | 503,
  cause: string,
  detail: string,
  more: Pick<ProblemDetails, 'instance' | 'invalidParams'> = {},
  headers: HttpAnswer['headers'] = [],
): HttpAnswer {
  const details: ProblemDetails = {
    type: 'about:blank',
    title: TITLES[status] as string,
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
