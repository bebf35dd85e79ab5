// Transaction bodies as people and other programs write them: JSON, with numbers as digits and bytes
// as hexadecimal.
//
//     {"kind": "port", "identity": "msisdn", "numbers": ["99901000017"], "donor": "member-1",
//      "recipient": "member-2", "route": "member-2-udm"}
//     {"kind": "allocate", "member": "member-1", "identity": "msisdn", "route": "member-1-udm",
//      "ranges": [{"from": "999000000000", "to": "999000000049"}]}

import { isDeepStrictEqual } from 'node:util';
import { digitsOf, parseDigits } from '../ledger/number.ts';
import { signersOf, type TransactionBody } from '../ledger/transaction-body.ts';
import { checkBody } from '../ledger/transaction-check.ts';
import { formOfBody } from '../ledger/transaction-codec.ts';
import { ResolverError } from './resolver-error.ts';

/** Fields that hold one number, or a list of them. */
const NUMBER_FIELDS = ['number', 'numbers', 'prefix', 'prefixes', 'from', 'to'];
/** Fields that hold bytes. */
const BYTE_FIELDS = ['publicKey'];
/** A body's lists lie in its records; nothing lies deeper. */
const DEPTH_MAX = 4;

/** Reads a body. Error: BCHF_TX_FILE_INVALID. */
export function bodyOfJson(json: unknown): TransactionBody {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('it is no JSON object');
  }
  const body = converted(json, '', 0) as TransactionBody;
  let fault: string | undefined;
  try {
    fault = signersOf(body) ? checkBody(body) : 'there is no such kind';
  } catch (cause) {
    throw invalid('fields are missing or of another form', cause);
  }
  if (fault) throw invalid(fault);
  let form: unknown;
  try {
    form = jsonOfBody(formOfBody(body));
  } catch (cause) {
    throw invalid('a field is of another form', cause);
  }
  // What would get lost, as a field with a slip in its name, was not meant to be signed.
  const [said, held] = [withoutNothing(json), withoutNothing(form as object)];
  for (const name of new Set([...Object.keys(said), ...Object.keys(held)])) {
    if (!isDeepStrictEqual(said[name], held[name])) throw invalid(`${name} cannot be said so`);
  }
  return body;
}

/** The inverse of {@link bodyOfJson}. */
export function jsonOfBody(body: TransactionBody): unknown {
  return jsonOf(body, '');
}

function jsonOf(value: unknown, field: string): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, field));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, jsonOf(item, name)]),
    );
  }
  return typeof value === 'number' && NUMBER_FIELDS.includes(field) ? digitsOf(value) : value;
}

/** Amounts of 0 may be left out. */
function withoutNothing(json: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== 0 && value !== undefined),
  );
}

function converted(value: unknown, field: string, depth: number): unknown {
  if (depth > DEPTH_MAX) throw invalid('it is nested too deeply');
  if (Array.isArray(value)) return value.map((item) => converted(item, field, depth + 1));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, converted(item, name, depth + 1)]),
    );
  }
  if (NUMBER_FIELDS.includes(field)) {
    const key = typeof value === 'string' ? parseDigits(value) : undefined;
    if (key === undefined) throw invalid(`${field}: ${JSON.stringify(value)} is not a number`);
    return key;
  }
  if (BYTE_FIELDS.includes(field)) {
    if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(value)) {
      throw invalid(`${field}: ${JSON.stringify(value)} is no hexadecimal`);
    }
    return new Uint8Array(Buffer.from(value, 'hex'));
  }
  return value;
}

function invalid(reason: string, cause?: unknown): ResolverError {
  return new ResolverError('BCHF_TX_FILE_INVALID', `the transaction: ${reason}`, { cause });
}
