// A request on the service-based interfaces as a value, so that what is answered can be decided and
// tested without a socket. Answers are those of the HTTP/1.1 interface (http-answer).

import type { HttpAnswer } from '../http/http-answer.ts';
import type { HttpStream } from '../http/http-handler.ts';

export interface SbiRequest {
  /** Upper case. */
  method: string;
  /** As received: percent-encoded, without the query. */
  path: string;
  /** Without the question mark; empty where there is none. */
  query: string;
  /** By lower-case name; several fields of one name are joined with a comma (RFC 9110 section 5.3). */
  headers: Readonly<Record<string, string | undefined>>;
  /** Empty where there is none. */
  body: Uint8Array;
  /** When the last byte of it came, in milliseconds since 1970. */
  receivedMs: number;
  /** What the client's certificate calls it, where one was asked for and vouched for. */
  clientNames?: readonly string[];
  /** What the audit log calls it, where its sender has not named it; no function, because threads pass it on. */
  nameInAudit?: string;
}

/** An answer that another NRF gave, passed on as it is: it may have any status. */
export interface RelayedAnswer {
  status: number;
  /** Empty where the other gave none. */
  contentType: string;
  body: Uint8Array;
  headers: readonly (readonly [name: string, value: string])[];
}

export type SbiAnswer = HttpAnswer | RelayedAnswer;

/** What a request comes to: an answer, or events without end. */
export type SbiReply = SbiAnswer | HttpStream;
