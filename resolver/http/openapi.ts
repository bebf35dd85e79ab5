// The OpenAPI 3.1 document of the HTTP interface, made from the schemas in schemas.ts.

import { z } from 'zod';
import { BATCH_NUMBERS_MAX, COMPACT_TYPE } from './batch-body-codec.ts';
import {
  batchAnswerSchema,
  batchResultSchema,
  batchSchema,
  consideredSchema,
  healthSchema,
  ledgerSchema,
  matchSchema,
  problemSchema,
  provenanceSchema,
  routeComponentSchema,
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
        'Not found is an answer: 404 with the cause USER_NOT_FOUND.',
    },
    paths: {
      '/nbchf-routing/v1/routing-info/{ueId}': {
        get: {
          operationId: 'getRoutingInfo',
          summary: 'The route of one number',
          parameters: [
            {
              name: 'ueId',
              in: 'path',
              required: true,
              description: 'imsi- (E.212) or msisdn- (E.164) followed by 1 to 15 digits.',
              schema: { type: 'string', pattern: '^(imsi|msisdn)-[0-9]{1,15}$' },
            },
            {
              name: 'explain',
              in: 'query',
              description:
                'Also list every entry that covers the number, and why which of them wins.',
              schema: { type: 'boolean', default: false },
            },
          ],
          responses: {
            200: body('The winning entry and its route.', 'application/json', 'RoutingInfo'),
            400: problemResponse('MANDATORY_IE_INCORRECT, OPTIONAL_QUERY_PARAM_INCORRECT'),
            404: problemResponse('USER_NOT_FOUND'),
          },
        },
      },
      '/nbchf-routing/v1/routing-info/batch': {
        post: {
          operationId: 'getRoutingInfos',
          summary: 'The routes of many numbers',
          description:
            `1 to ${BATCH_NUMBERS_MAX} numbers, all answered from one block. The compact form is ` +
            'numbers and answers of 8 bytes, as docs/http-batch.md says.',
          parameters: [
            {
              name: 'identity',
              in: 'query',
              description: 'Of a compact body: the kind of all its numbers.',
              schema: { type: 'string', enum: ['imsi', 'msisdn'] },
            },
          ],
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: reference('Batch') },
              [COMPACT_TYPE]: { schema: {} },
            },
          },
          responses: {
            200: {
              description: 'An answer for each number, in order.',
              content: {
                'application/json': { schema: reference('BatchAnswer') },
                [COMPACT_TYPE]: { schema: {} },
              },
            },
            400: problemResponse(
              'MANDATORY_IE_INCORRECT, MANDATORY_QUERY_PARAM_MISSING, ' +
                'MANDATORY_QUERY_PARAM_INCORRECT',
            ),
            413: problemResponse('MANDATORY_IE_INCORRECT'),
            415: problemResponse('MANDATORY_IE_INCORRECT'),
            503: problemResponse('NF_CONGESTION'),
          },
        },
      },
      '/health/live': { get: plain('getLiveness', 'The process runs.', 'Health') },
      '/health/ready': { get: plain('getReadiness', 'The index answers.', 'Health') },
      '/metrics': {
        get: {
          operationId: 'getMetrics',
          responses: {
            200: {
              description: 'Prometheus text.',
              content: { 'text/plain': { schema: { type: 'string' } } },
            },
          },
        },
      },
      '/openapi.json': {
        get: {
          operationId: 'getOpenApi',
          responses: {
            200: {
              description: 'This document.',
              content: { 'application/json': { schema: { type: 'object' } } },
            },
          },
        },
      },
    },
    components: { schemas: componentSchemas() },
  };
}

function body(description: string, type: string, schema: string) {
  return { description, content: { [type]: { schema: reference(schema) } } };
}

function problemResponse(causes: string) {
  return body(`Cause: ${causes}.`, 'application/problem+json', 'ProblemDetails');
}

function plain(operationId: string, description: string, schema: string) {
  return { operationId, responses: { 200: body(description, 'application/json', schema) } };
}

function reference(schema: string) {
  return { $ref: `#/components/schemas/${schema}` };
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
