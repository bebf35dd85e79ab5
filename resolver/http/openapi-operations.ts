// The operations of the HTTP interface as its OpenAPI document has them: parameters, bodies, and every
// status with the schema and the causes that come with it.

import { ID_PATTERN } from '../../ledger/route.ts';
import { BATCH_NUMBERS_MAX, COMPACT_TYPE } from './batch-body-codec.ts';
import { EVENT_STREAM_TYPE } from './change-streams.ts';
import { PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX } from './ranges.ts';

function body(description: string, type: string, schema: string) {
  return { description, content: { [type]: { schema: reference(schema) } } };
}

/** `causes`, with commas between them, are all that the status comes with. */
export function problemResponse(causes: string) {
  return body(`Cause: ${causes}.`, 'application/problem+json', 'ProblemDetails');
}

function plain(operationId: string, description: string, schema: string) {
  return { operationId, responses: { 200: body(description, 'application/json', schema) } };
}

function reference(schema: string) {
  return { $ref: `#/components/schemas/${schema}` };
}

function pathParameter(name: string, pattern: RegExp, description?: string) {
  return {
    ...{ name, in: 'path', required: true },
    ...(description && { description }),
    schema: { type: 'string', pattern: pattern.source },
  };
}

const ueIdParameter = pathParameter(
  'ueId',
  /^(imsi|msisdn)-[0-9]{1,15}$/,
  'imsi- (E.212) or msisdn- (E.164) followed by 1 to 15 digits.',
);
const heightSchema = (minimum: number) => ({
  ...{ type: 'integer', minimum, maximum: 999_999_999_999_999 },
});

/** Of everything that asks the ledger. */
const LEDGER_RESPONSES = {
  501: problemResponse('LEDGER_NOT_FOLLOWED'),
  503: problemResponse('NF_CONGESTION'),
};

export const OPERATIONS = {
  '/nbchf-routing/v1/routing-info/{ueId}': {
    get: {
      operationId: 'getRoutingInfo',
      summary: 'The route of one number',
      parameters: [
        ueIdParameter,
        {
          name: 'explain',
          in: 'query',
          description:
            'Also list every entry that covers the number, and which of them wins and why.',
          schema: { type: 'boolean', default: false },
        },
        {
          name: 'height',
          in: 'query',
          description: 'Answer as when the block of this height was the newest one.',
          schema: heightSchema(1),
        },
      ],
      responses: {
        200: body('The winning entry and its route.', 'application/json', 'RoutingInfo'),
        400: problemResponse(
          'MANDATORY_IE_INCORRECT, OPTIONAL_QUERY_PARAM_INCORRECT, INVALID_QUERY_PARAM, ' +
            'CREDENTIAL_MALFORMED',
        ),
        404: problemResponse('USER_NOT_FOUND, HEIGHT_NOT_REACHED'),
        410: problemResponse('HEIGHT_NOT_KEPT'),
        501: problemResponse('LEDGER_NOT_FOLLOWED, RUNS_NESTED_TOO_DEEP'),
        503: problemResponse('NF_CONGESTION, CREDENTIAL_CONGESTION, CREDENTIAL_KEYS_UNAVAILABLE'),
      },
    },
  },
  '/nbchf-routing/v1/ranges': {
    get: {
      operationId: 'listRanges',
      summary: 'The entries below a prefix, in pages',
      description:
        'Prefixes and ported numbers that begin with the digits, and fragmented runs that hold a ' +
        'number which does. A page is of the block that it names; docs/nbchf.md says how ' +
        'several pages fit together.',
      parameters: [
        {
          name: 'prefix',
          in: 'query',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]{1,15}$' },
        },
        {
          name: 'identity',
          in: 'query',
          required: true,
          schema: { type: 'string', enum: ['imsi', 'msisdn'] },
        },
        {
          name: 'limit',
          in: 'query',
          description: 'Maximum number of entries in the page.',
          schema: {
            ...{ type: 'integer', minimum: 1, maximum: PAGE_ENTRIES_MAX },
            default: PAGE_ENTRIES_DEFAULT,
          },
        },
        {
          name: 'page',
          in: 'query',
          description: 'The `next` of the previous page, with the same prefix and identity.',
          schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,96}$' },
        },
      ],
      responses: {
        200: body('A page.', 'application/json', 'RangePage'),
        400: problemResponse(
          'MANDATORY_QUERY_PARAM_MISSING, MANDATORY_QUERY_PARAM_INCORRECT, ' +
            'OPTIONAL_QUERY_PARAM_INCORRECT, INVALID_QUERY_PARAM',
        ),
      },
    },
  },
  '/nbchf-routing/v1/changes': {
    get: {
      operationId: 'followChanges',
      summary: 'The changes of the index, block by block, as server-sent events',
      description:
        'An event `block` for each block, with its height as the id and BlockChanges as the data. ' +
        'An event `reload` says that the next block is not kept, and ends the stream. ' +
        'A client that takes nothing for 8 s is cut off: over HTTP/1.1 its connection ends, over HTTP/2 its stream.',
      parameters: [
        {
          name: 'since',
          in: 'query',
          description:
            'Begin with the block after this height; by default with the next new block.',
          schema: heightSchema(0),
        },
        {
          name: 'Last-Event-ID',
          in: 'header',
          description:
            'The same; takes precedence over `since`. An EventSource sends it when it reconnects.',
          schema: heightSchema(0),
        },
      ],
      responses: {
        200: {
          description: 'An endless stream of events; a comment after 15 s of silence.',
          content: { [EVENT_STREAM_TYPE]: { schema: { type: 'string' } } },
        },
        400: problemResponse('OPTIONAL_QUERY_PARAM_INCORRECT, INVALID_QUERY_PARAM'),
        410: problemResponse('HEIGHT_NOT_KEPT: load the listings again'),
        ...LEDGER_RESPONSES,
      },
    },
  },
  '/nbchf-routing/v1/routes/{id}': {
    get: {
      operationId: 'getRoute',
      summary: 'One route by its id',
      parameters: [pathParameter('id', ID_PATTERN)],
      responses: {
        200: body('The route as it is now.', 'application/json', 'RouteRecord'),
        400: problemResponse('MANDATORY_IE_INCORRECT'),
        404: problemResponse('ROUTE_NOT_FOUND'),
      },
    },
  },
  '/nbchf-routing/v1/members/{id}': {
    get: {
      operationId: 'getMember',
      summary: 'One member of the consortium',
      parameters: [pathParameter('id', ID_PATTERN)],
      responses: {
        200: body('The member after the newest block.', 'application/json', 'Member'),
        400: problemResponse('MANDATORY_IE_INCORRECT'),
        404: problemResponse('MEMBER_NOT_FOUND'),
        ...LEDGER_RESPONSES,
      },
    },
  },
  '/nbchf-routing/v1/roaming-contracts/{address}': {
    get: {
      operationId: 'getRoamingContract',
      summary: 'The public terms that the contractAddress of a route leads to',
      parameters: [
        {
          ...{ name: 'address', in: 'path', required: true },
          schema: { type: 'string', pattern: '^0x[0-9a-f]{40}$' },
        },
      ],
      responses: {
        200: body('The terms.', 'application/json', 'RoamingContract'),
        400: problemResponse('MANDATORY_IE_INCORRECT'),
        404: problemResponse('CONTRACT_NOT_FOUND'),
        ...LEDGER_RESPONSES,
      },
    },
  },
  '/nbchf-routing/v1/proofs/{ueId}': {
    get: {
      operationId: 'getProof',
      summary:
        'A proof of what the ledger says about a number, for clients that trust only its validators',
      parameters: [ueIdParameter],
      responses: {
        200: body(
          'The proof, of the block before the newest one: docs/ledger-proofs.md.',
          'application/json',
          'Proof',
        ),
        400: problemResponse('MANDATORY_IE_INCORRECT'),
        501: LEDGER_RESPONSES[501],
        503: problemResponse('PROOF_UNAVAILABLE, NF_CONGESTION'),
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
            'MANDATORY_QUERY_PARAM_INCORRECT, INVALID_QUERY_PARAM',
        ),
        408: problemResponse('TIMED_OUT_REQUEST'),
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
};
