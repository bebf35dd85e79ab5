// The OpenAPI 3.1 document of the HTTP interface, made from the schemas in schemas.ts.

import { z } from 'zod';
import { causesOf } from '../access/access-causes.ts';
import { OPERATIONS, problemResponse } from './openapi-operations.ts';
import {
  batchAnswerSchema,
  batchResultSchema,
  batchSchema,
  blockChangesSchema,
  consideredSchema,
  entryChangeSchema,
  explanationCutSchema,
  healthSchema,
  ledgerSchema,
  listedEntrySchema,
  matchSchema,
  memberSchema,
  problemSchema,
  proofFileSchema,
  provenanceSchema,
  rangePageSchema,
  roamingContractSchema,
  routeComponentSchema,
  routeRecordSchema,
  routingInfoSchema,
} from './schemas.ts';

export const API_VERSION = '1.0.0';

/** The whole document as a plain value. */
export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'bchf',
      version: API_VERSION,
      description:
        'Which data management element (UDM, HSS, HLR) holds the user data of a number. ' +
        'Not found is an answer: 404 with the cause USER_NOT_FOUND. With access rules, ' +
        'the headers Authorization, User-Agent, 3gpp-Sbi-Originating-Network-Id and bchf-credential ' +
        'matter (docs/access.md).',
    },
    paths: wholePaths(),
    components: { schemas: componentSchemas() },
  };
}

/** What rules of access may refuse (docs/access.md). */
const header = (name: string, description: string) => ({
  headers: { [name]: { description, required: true, schema: { type: 'string' } } },
});
const ACCESS_RESPONSES = {
  401: {
    ...problemResponse('UNAUTHORIZED'),
    ...header(
      'WWW-Authenticate',
      'Bearer, with the error of the token if one was sent (RFC 6750).',
    ),
  },
  403: problemResponse(['INSUFFICIENT_SCOPE', ...causesOf(403)].join(', ')),
  429: {
    ...problemResponse(causesOf(429).join(', ')),
    ...header('Retry-After', 'Seconds until the quota has room again.'),
  },
};

/** Every operation may fail by a fault of the program, and those below the API by a rule of access. */
function wholePaths() {
  const fault = { 500: problemResponse('SYSTEM_FAILURE') };
  const common = (path: string) =>
    path.startsWith('/nbchf-routing/') ? { ...ACCESS_RESPONSES, ...fault } : fault;
  return Object.fromEntries(
    Object.entries(OPERATIONS).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          { ...operation, responses: { ...operation.responses, ...common(path) } },
        ]),
      ),
    ]),
  );
}

const components = [
  batchSchema,
  batchResultSchema,
  batchAnswerSchema,
  routingInfoSchema,
  matchSchema,
  routeComponentSchema,
  consideredSchema,
  explanationCutSchema,
  provenanceSchema,
  listedEntrySchema,
  rangePageSchema,
  entryChangeSchema,
  blockChangesSchema,
  routeRecordSchema,
  memberSchema,
  roamingContractSchema,
  proofFileSchema,
  ledgerSchema,
  problemSchema,
  healthSchema,
];

function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const schema of components) registry.add(schema, { id: schema.meta()?.id as string });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]),
  );
}
