// Where the body of a request ends (RFC 9112 section 6.3). A proxy in front that reads this another way
// would take part of one client's body for the next client's request, so what can be read in two ways is
// refused, and so that nothing can hide behind a chunked body, its connection is closed after the answer.

import type { HttpRequest } from 'uWebSockets.js';

/**
 * plain: no body, or one of a length that is told once. chunked: one in the transfer coding of that name
 * and nothing else. broken: anything else.
 */
export type Framing = 'plain' | 'chunked' | 'broken';

/** Whether a request has a field that says of a body where it ends: nearly none has. */
export function hasBodyFields(request: Pick<HttpRequest, 'getHeader'>): boolean {
  return (
    request.getHeader('content-length') !== '' || request.getHeader('transfer-encoding') !== ''
  );
}

export function framingOf(request: Pick<HttpRequest, 'getHeader' | 'forEach'>): Framing {
  if (!hasBodyFields(request)) return 'plain';
  const length = request.getHeader('content-length');
  const coding = request.getHeader('transfer-encoding');
  const lengths: string[] = [];
  const codings: string[] = [];
  request.forEach((name, value) => {
    if (name === 'content-length') lengths.push(value);
    if (name === 'transfer-encoding') codings.push(value);
  });
  if (codings.length === 0) {
    return lengths.length === 1 && /^[0-9]{1,15}$/.test(length) ? 'plain' : 'broken';
  }
  const isChunked = codings.length === 1 && coding.toLowerCase() === 'chunked';
  return isChunked && lengths.length === 0 ? 'chunked' : 'broken';
}
