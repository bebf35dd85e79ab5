// How operations travel: a request and an answer as values, and what each generation's codec turns into
// them. 5G requests to a UDM are HTTP/2; everything else is a frame of JSON (frame-codec).

import type { Operation, Result } from './operations.ts';

export interface WireRequest {
  /** As the specifications call it, for people too: `ULR`, `PUT …/registrations/amf-3gpp-access`. */
  name: string;
  /** How it goes over HTTP/2; absent: as a frame. Header names are in lower case. */
  http?: { method: string; path: string; headers: Readonly<Record<string, string | undefined>> };
  /** JSON; absent: none. */
  body?: unknown;
}

export interface WireAnswer {
  /** An HTTP or SIP status, a Result-Code, a MAP error or an ISUP cause, by what was asked. */
  status: number;
  /** What the status is called: `DIAMETER_ERROR_USER_UNKNOWN`. */
  text: string;
  /** What a refusal is called, where it is a message of its own: `Registration Reject`. */
  message?: string | undefined;
  body?: unknown;
  /** For how many seconds whoever answered wants not to be asked again (RFC 9110 section 10.2.3). */
  retryAfterS?: number | undefined;
}

/** The names and forms of one generation. Pure. */
export interface Wire {
  /** The messages of an operation, sent one after the other while each is answered well. */
  requestsOf(operation: Operation): WireRequest[];
  /** What a message asks; `undefined` where it is none of this generation, or a part is missing. */
  operationOf(request: WireRequest): Operation | undefined;
  /** The answer to a message that asked for an operation. */
  answerOf(operation: Operation, result: Result): WireAnswer;
  /** The answer to a message that asks for none. */
  malformed: WireAnswer;
  /** What the answer to one message says. */
  resultOf(operation: Operation, answer: WireAnswer): Result;
}

/** A member of a JSON object; `undefined` for anything that is none or has none. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

export function textOf(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

/** A place in an element's data: a whole number from 0; `undefined` for anything else. */
export function indexOf(value: unknown, name: string): number | undefined {
  const index = memberOf(value, name);
  return Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : undefined;
}

/** 1 to 15 digits; `undefined` for anything else. */
export function digitsOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? text : undefined;
}

/** The same object without members that are `undefined`: what JSON leaves out. */
export function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** An answer for people: `404 USER_NOT_FOUND`, `Registration Reject, cause 11 PLMN not allowed`. */
export function labelOf({ status, text, message }: WireAnswer): string {
  if (message !== undefined) return `${message}, cause ${status} ${text}`;
  return status === 0 ? text : `${status} ${text}`;
}
