// Nbchf on the port of the service-based interfaces: the same resources by the same handlers, for who has
// HTTP/2 or has to prove itself by a certificate, which uWebSockets.js shows nobody.

import type { HttpHandler, Outcome } from '../http/http-handler.ts';
import type { SbiRequest } from './sbi-message.ts';

/** Answers requests by a handler of the HTTP/1.1 interface; their bodies are bounded by the listener. */
export function nbchfOverSbi(handle: HttpHandler): (request: SbiRequest) => Outcome {
  return (request) => {
    const { method, path, query, headers, body, clientNames = [] } = request;
    const outcome = handle({
      ...{ method: method.toLowerCase(), path, query, headers, clientNames },
      contentType: headers['content-type'] ?? '',
      onNamed(requestId) {
        request.nameInAudit = requestId;
      },
    });
    return 'bytesMax' in outcome ? outcome.answer(body) : outcome;
  };
}
