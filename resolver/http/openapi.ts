// The OpenAPI 3.1 document of the HTTP interface, made from the schemas in schemas.ts.

import { z } from 'zod';
import { OPERATIONS, problemResponse } from './openapi-operations.ts';
import {
  batchAnswerSchema,
  batchResultSchema,
  batchSchema,
  blockChangesSchema,
  consideredSchema,
  entryChangeSchema,
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
        'Not found is an answer: 404 with the cause USER_NOT_FOUND. Where access is ruled ' +
        '(docs/access.md), 401, 403 and 429 come besides, with the causes that are listed there.',
    },
    paths: pathsWithFaults(),
    components: { schemas: componentSchemas() },
  };
}

/** Every operation may fail by a fault of the program. */
function pathsWithFaults() {
  const fault = problemResponse('SYSTEM_FAILURE');
  return Object.fromEntries(
    Object.entries(OPERATIONS).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          { ...operation, responses: { ...operation.responses, 500: fault } },
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
