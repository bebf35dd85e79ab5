// The OpenAPI document as tests read it: its operations, its schemas, and requests that fit it or do not.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parseDigits } from '../../../ledger/number.ts';
import { roamingContractAddress } from '../../../ledger/transaction-roaming.ts';
import { writeNumber } from '../../udp/batch-codec.ts';
import { openApiDocument } from '../openapi.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: {
    type: 'string' | 'integer' | 'boolean';
    pattern?: string;
    enum?: string[];
    minimum?: number;
    maximum?: number;
  };
}
export interface Operation {
  path: string;
  method: string;
  operationId: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
}

export const document = JSON.parse(JSON.stringify(openApiDocument()));
export const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods as object).map(([method, operation]) => ({
    ...{ path, method, parameters: [] },
    ...operation,
  })),
);
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', components: document.components });
const validators = new Map<string, ReturnType<typeof ajv.compile>>();

function validatorOf(schema: object): ReturnType<typeof ajv.compile> {
  const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
  const validate = validators.get(text) ?? ajv.compile(JSON.parse(text));
  validators.set(text, validate);
  return validate;
}

export function fits(schema: object, value: unknown): boolean {
  return validatorOf(schema)(value) as boolean;
}

export function assertFits(schema: object, value: unknown): void {
  const validate = validatorOf(schema);
  assert.ok(validate(value), `${JSON.stringify(schema)}: ${JSON.stringify(validate.errors)}`);
}

const CONTRACT = roamingContractAddress('a', 'world');
/** What makes a difference, besides what is drawn: by the name of a parameter. */
export const KNOWN: Record<string, string[]> = {
  ueId: ['msisdn-8611000', 'msisdn-8611500', 'imsi-460001234567890'],
  prefix: ['8', '861', '46'],
  id: ['a', 'a1'],
  address: [CONTRACT],
  since: ['0', '1', '3'],
  height: ['1', '2', '3'],
};

/** What one parameter is sent as; `undefined` where it is left out. */
export interface Sent {
  parameter: Parameter;
  text: string | undefined;
  isValid: boolean;
}

function isValidText({ schema }: Parameter, text: string): boolean {
  if (schema.enum) return schema.enum.includes(text);
  if (schema.type === 'boolean') return text === 'true' || text === 'false';
  if (schema.type === 'integer') {
    if (!/^(0|[1-9][0-9]*)$/.test(text)) return false;
    return Number(text) >= (schema.minimum ?? 0) && Number(text) <= (schema.maximum ?? Infinity);
  }
  return new RegExp(schema.pattern ?? '').test(text);
}

function validText(parameter: Parameter): fc.Arbitrary<string> {
  const { name, schema } = parameter;
  const drawn = schema.enum
    ? fc.constantFrom(...schema.enum)
    : schema.type === 'boolean'
      ? fc.constantFrom('true', 'false')
      : schema.type === 'integer'
        ? fc.integer({ min: schema.minimum!, max: schema.maximum! }).map(String)
        : fc.stringMatching(new RegExp(schema.pattern!));
  const known = KNOWN[name];
  return known ? fc.oneof(fc.constantFrom(...known), drawn) : drawn;
}

/** Text that the schema refuses. Leading zeros of a number may be taken either way. */
function brokenText(parameter: Parameter): fc.Arbitrary<string> {
  const close = validText(parameter).chain((text) =>
    fc.constantFrom(`${text}!`, ` ${text}`, `-${text}`, `${text}${text}${text}`, text.slice(0, 3)),
  );
  return (
    fc
      .oneof(close, fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 }))
      .filter((text) => !/\p{Surrogate}/u.test(text) && !isValidText(parameter, text))
      .filter((text) => parameter.schema.type !== 'integer' || !/^[0-9]+$/.test(text))
      // A header field holds no such text, and an empty one is none.
      .filter((text) => parameter.in !== 'header' || /^[!-~]+$/.test(text))
  );
}

export function sentParameters(
  parameters: Parameter[],
  broken: number | undefined,
): fc.Arbitrary<Sent[]> {
  return fc.tuple(
    ...parameters.map((parameter, at): fc.Arbitrary<Sent> => {
      if (at === broken) {
        const sent = brokenText(parameter).map((text) => ({ parameter, text, isValid: false }));
        const missing = fc.constant({ parameter, text: undefined, isValid: false });
        return parameter.required && parameter.in === 'query' ? fc.oneof(sent, missing) : sent;
      }
      const sent = validText(parameter).map((text) => ({ parameter, text, isValid: true }));
      return parameter.required
        ? sent
        : fc.oneof(sent, fc.constant({ parameter, text: undefined, isValid: true }));
    }),
  );
}

export interface Body {
  type: string;
  bytes: Uint8Array;
  isValid: boolean;
}

const NUMBER_BYTES = 8;
const NUMBERS_MAX = 100_000;

/** Numbers of 8 bytes, any of them, and what one slip makes of them: bytes lost, added or changed. */
function compactBody(type: string): fc.Arbitrary<Body> {
  const digits = fc.stringMatching(/^[0-9]{1,15}$/);
  const whole = fc
    .array(fc.oneof(digits, fc.constantFrom('8611000', '8611500', '460001234567890')), {
      ...{ minLength: 1, maxLength: 50 },
    })
    .map((numbers) => {
      const bytes = Buffer.alloc(numbers.length * NUMBER_BYTES);
      for (const [at, number] of numbers.entries())
        writeNumber(bytes, at * NUMBER_BYTES, parseDigits(number)!);
      return bytes;
    });
  const slip = fc.oneof(
    fc.constant((bytes: Buffer) => bytes),
    fc.nat(400).map((at) => (bytes: Buffer) => bytes.subarray(0, at % bytes.length)),
    fc.uint8Array({ maxLength: 20 }).map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
    // What a byte is decides whether one number is malformed, and nothing about the body.
    fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      changed[at % bytes.length] = byte;
      return changed;
    }),
  );
  return fc.tuple(whole, slip).map(([bytes, slipped]) => {
    const body = slipped(bytes);
    const count = body.length / NUMBER_BYTES;
    const isValid = Number.isInteger(count) && count >= 1 && count <= NUMBERS_MAX;
    return { type, bytes: body, isValid };
  });
}

/** Bodies of the types that an operation takes, and of others; `undefined` where it takes none. */
export function bodyOf(operation: Operation): fc.Arbitrary<Body | undefined> {
  if (!operation.requestBody) return fc.constant(undefined);
  const { content } = operation.requestBody;
  const schema = content['application/json']!.schema;
  const json = (value: unknown): Body => ({
    type: 'application/json',
    bytes: Buffer.from(JSON.stringify(value)),
    isValid: fits(schema, value),
  });
  const ueId = fc.oneof(fc.constantFrom(...KNOWN.ueId!), fc.string({ maxLength: 30 }));
  const [compact] = Object.keys(content).filter((type) => type !== 'application/json');
  const types = fc.constantFrom(...Object.keys(content), 'text/plain', '');
  return fc.oneof(
    fc.array(ueId, { minLength: 1, maxLength: 50 }).map(json),
    fc.jsonValue().map(json),
    compactBody(compact!),
    fc
      .tuple(types, fc.uint8Array({ maxLength: 200 }))
      .map(([type, bytes]) => ({ type, bytes, isValid: false })),
  );
}

export function urlOf(path: string, sent: readonly Sent[]): string {
  const given = (place: Parameter['in']) =>
    sent.filter(({ parameter, text }) => parameter.in === place && text !== undefined);
  const url = given('path').reduce(
    (filled, { parameter, text }) =>
      filled.replace(`{${parameter.name}}`, encodeURIComponent(text!)),
    path,
  );
  const query = given('query')
    .map(({ parameter, text }) => `${parameter.name}=${encodeURIComponent(text!)}`)
    .join('&');
  return query ? `${url}?${query}` : url;
}

export function headersOf(sent: readonly Sent[], body: Body | undefined): Record<string, string> {
  return Object.fromEntries([
    ...sent
      .filter(({ parameter, text }) => parameter.in === 'header' && text !== undefined)
      .map(({ parameter, text }) => [parameter.name, text!]),
    ...(body?.type ? [['content-type', body.type]] : []),
  ]);
}

export interface Reply {
  status: number;
  type: string;
  headers: Record<string, unknown>;
  text: string;
  bytes: Buffer;
}

/** Statuses and causes that were met, by operation. */
export const met = new Map<string, Set<string>>();

export function assertDocumented(
  { operationId, responses }: Operation,
  reply: Reply,
): string | undefined {
  const { status, type, text } = reply;
  const response = responses[status];
  assert.ok(response, `${operationId}: ${status} is not in the document`);
  const media = Object.keys(response.content).find((one) => type.startsWith(one));
  assert.ok(media, `${operationId}: ${status} with ${type}`);
  const { schema } = response.content[media]!;
  if (media.includes('json')) assertFits(schema, JSON.parse(text));
  const seen = met.get(operationId) ?? new Set();
  met.set(operationId, seen);
  seen.add(String(status));
  if (status < 400) return undefined;
  const { cause, status: told } = JSON.parse(text);
  assert.equal(told, status);
  assert.equal(type, 'application/problem+json');
  const causes: string[] = response.description.match(/[A-Z][A-Z_]+[A-Z]/g) ?? [];
  assert.ok(causes.includes(cause), `${operationId}: ${status} ${cause} is not in the document`);
  return cause;
}
