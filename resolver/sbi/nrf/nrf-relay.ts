// What the index does not answer, passed on to the real NRF behind and its answer passed back, with
// the headers that belong to the message and not to the connection.
//
// Consumers go on with the `Location` that a registration or a subscription is answered with: free5GC's
// AMF takes the part before `/nnrf-nfm/` as its NRF from then on. Left alone, it would talk past the
// resolver after its first request; so a Location at the real NRF is told as one here.

import { problem } from '../../http/problem.ts';
import type { H2Client, H2Failure } from '../h2-client.ts';
import { MAX_RESPONSE_TIME_HEADER, SENDER_TIMESTAMP_HEADER } from '../sbi-headers.ts';
import type { SbiAnswer, SbiRequest } from '../sbi-message.ts';

export interface NrfRelayOptions {
  client: Pick<H2Client, 'request'>;
  /** `http://host:port` of the real NRF. */
  origin: string;
  /** How this resolver calls itself in `Via`, by which it knows what it has passed on before. */
  pseudonym: string;
  /** The scheme that consumers see here. */
  scheme: 'http' | 'https';
  timeoutMs: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Fields that belong to one connection (RFC 9110 section 7.6.1), or that the client sets itself. */
const OF_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'date',
]);

export function createNrfRelay(options: NrfRelayOptions) {
  const { client, origin, pseudonym, scheme, timeoutMs, now } = options;
  return async (request: SbiRequest, deadlineMs: number | undefined): Promise<SbiAnswer> => {
    const { method, path, query, headers, body } = request;
    if (headers.via?.includes(pseudonym)) {
      return problem(400, 'MSG_LOOP_DETECTED', 'The request has been here before.');
    }
    const remainingMs = Math.min(timeoutMs, (deadlineMs ?? Number.POSITIVE_INFINITY) - now());
    const response = await client.request(
      {
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: {
          ...passedOn(headers),
          via: headers.via === undefined ? `2.0 ${pseudonym}` : `${headers.via}, 2.0 ${pseudonym}`,
          // Where the sender's timestamp goes with it, the time limit counts from that.
          ...(headers[MAX_RESPONSE_TIME_HEADER] !== undefined &&
            headers[SENDER_TIMESTAMP_HEADER] === undefined && {
              [MAX_RESPONSE_TIME_HEADER]: String(Math.max(1, Math.floor(remainingMs))),
            }),
        },
        body,
      },
      remainingMs,
    );
    if (typeof response === 'string') return failure(response);
    const passedBack = passedOn(response.headers);
    const { location, 'content-type': contentType = '' } = passedBack;
    delete passedBack['content-type'];
    const authority = headers[':authority'];
    if (location !== undefined && authority !== undefined && location.startsWith(`${origin}/`)) {
      passedBack.location = `${scheme}://${authority}${location.slice(origin.length)}`;
    }
    return {
      status: response.status,
      contentType,
      body: response.body,
      headers: Object.entries(passedBack),
    };
  };
}

function passedOn(
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || OF_CONNECTION.has(name)) continue;
    passed[name] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return passed;
}

/** With the causes of TS 29.500 table 5.2.7.2-1. */
function failure(reason: H2Failure): SbiAnswer {
  switch (reason) {
    case 'unreachable':
      return problem(504, 'TARGET_NF_NOT_REACHABLE', 'The NRF behind cannot be reached.');
    case 'timed-out':
      return problem(504, 'TARGET_NF_NOT_REACHABLE', 'The NRF behind did not answer in time.');
    case 'busy':
      return problem(503, 'NF_CONGESTION', 'Too many requests wait for the NRF behind.');
    case 'answer-too-large':
      return problem(502, 'INBOUND_SERVER_ERROR', 'The answer of the NRF behind is too long.');
  }
}
