// Nbchf on the port of the service-based interfaces: the same resources by the same handlers, for who has
// HTTP/2 or has to prove itself by a certificate, which uWebSockets.js shows nobody. Streams of changes are
// left out: an answer here has an end, and a time within which it is taken.

import type { HttpAnswer } from '../http/http-answer.ts';
import { CHANGES_PATH } from '../http/http-router.ts';
import type { HttpHandler } from '../http/http-server.ts';
import { problem } from '../http/problem.ts';
import type { SbiRequest } from './sbi-message.ts';

/** Answers requests by a handler of the HTTP/1.1 interface; their bodies are bounded by the listener. */
export function nbchfOverSbi(
  handle: HttpHandler,
): (request: SbiRequest) => HttpAnswer | Promise<HttpAnswer> {
  return (request) => {
    const { method, path, query, headers, body, clientNames = [] } = request;
    if (path === CHANGES_PATH) {
      const detail = 'Changes are followed over HTTP/1.1.';
      return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', detail);
    }
    const outcome = handle({
      ...{ method: method.toLowerCase(), path, query, headers, clientNames },
      contentType: headers['content-type'] ?? '',
      onNamed(requestId) {
        request.nameInAudit = requestId;
      },
    });
    // Of the resources that are left, none answers by a stream.
    if (!('bytesMax' in outcome)) return outcome as HttpAnswer | Promise<HttpAnswer>;
    return outcome.answer(body);
  };
}
