// The gate in front of the lookups that are answered before anything is made of the request
// (http/prepared-answers.ts): lets those through that the rules allow beyond doubt.
//
// Everything else is left, with nothing counted or noted, to the ordinary way, so that there is one place
// where requests are refused: a requester that is not known yet, a credential, a quota that is used up, a
// number that no entry covers. The decision goes by the very lookup that is answered.

import { CREDENTIAL_HEADER } from '../../ledger/credential-codec.ts';
import type { QuickAnswers, RequestHead } from '../http/http-handler.ts';
import type { PreparedAnswers } from '../http/prepared-answers.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { VerifiedToken } from '../sbi/access-token.ts';
import type { AccessGate } from './access-gate.ts';
import type { Requester } from './access-rules.ts';
import { KnownRequesters } from './known-requesters.ts';
import { NETWORK_HEADER } from './requester.ts';

export interface QuickGateOptions {
  gate: Pick<AccessGate, 'recognise' | 'isCurrent' | 'admit'>;
  answers: Pick<PreparedAnswers, 'lookUp' | 'write'>;
  /** Whether access tokens are looked at; if not, nobody is told apart by one. */
  readsTokens: boolean;
  /** Whether the audit log has what a request is called. */
  readsRequestIds: boolean;
}

export class QuickGate {
  readonly #options: QuickGateOptions;
  readonly #known = new KnownRequesters();

  constructor(options: QuickGateOptions) {
    this.#options = options;
  }

  /** Remembers who has asked, with a token that was found valid, or without one. */
  remember(headers: RequestHead['headers'], requester: Requester, token?: VerifiedToken): void {
    const { gate, readsTokens } = this.#options;
    const userAgent = headers['user-agent'] ?? '';
    const network = headers[NETWORK_HEADER] ?? '';
    const authorization = readsTokens ? (headers.authorization ?? '') : '';
    const known = this.#known.find(userAgent, network, authorization);
    if (known && gate.isCurrent(known)) return;
    const recognised = gate.recognise(requester, token?.expiresMs);
    if (recognised) this.#known.keep(userAgent, network, authorization, recognised);
  }

  /** The body of a 200 to a lookup that is allowed; `undefined` leaves the request to others. */
  answer: QuickAnswers['answer'] = (segment, request) => {
    const { gate, answers, readsTokens, readsRequestIds } = this.#options;
    const known = this.#known.find(
      request.getHeader('user-agent'),
      request.getHeader(NETWORK_HEADER),
      readsTokens ? request.getHeader('authorization') : '',
    );
    if (!known) return undefined;
    const ignoresCredential = (known.standing?.rule.credential ?? 'ignored') === 'ignored';
    if (!ignoresCredential && request.getHeader(CREDENTIAL_HEADER) !== '') return undefined;
    const lookedUp = answers.lookUp(segment);
    if (!lookedUp?.found) return undefined;
    const body = answers.write(segment, lookedUp);
    if (!body) return undefined;
    const requestId = readsRequestIds ? requestIdOf((name) => request.getHeader(name)) : undefined;
    return gate.admit(known, lookedUp.ueId, lookedUp.found, requestId) ? body : undefined;
  };
}
