// Which answer belongs to which path: the HTTP interface as a function from a request to an answer.

import type { AskLedger } from '../ledger-questions.ts';
import type { NumberResolver } from '../resolve.ts';
import type { RouteTable } from '../route-table.ts';
import { answerBatch, type BatchServices } from './batch-answer.ts';
import type { ChangeStreams } from './change-streams.ts';
import { type HttpAnswer, JSON_TYPE } from './http-answer.ts';
import type { BodyWanted, Outcome, RequestHead } from './http-handler.ts';
import { noLedger } from './ledger-answers.ts';
import { answerContract, answerMember, answerProof, answerRoute } from './ledger-lookups.ts';
import { problem } from './problem.ts';
import { answerRanges } from './ranges.ts';
import { answerRoutingInfo } from './routing-info.ts';

const API = '/nbchf-routing/v1';
export const ROUTING_INFO_PATH = `${API}/routing-info/`;
export const BATCH_PATH = `${API}/routing-info/batch`;

export interface HttpServices extends BatchServices {
  resolver: NumberResolver;
  routes: BatchServices['routes'] & Pick<RouteTable, 'numberOf'>;
  /** The Prometheus text of the whole process. */
  metrics: () => Promise<string>;
  /** Absent where no ledger is followed, as are streams of its changes. */
  askLedger?: AskLedger;
  changes?: ChangeStreams;
}

/** One resource: by which methods it is used, and what it answers. */
interface Resource {
  methods: readonly string[];
  /** `segment` is the rest of the path behind a collection, as it was sent; else empty. */
  answer(request: RequestHead, services: HttpServices, segment: string): Outcome | BodyWanted;
}

/** Where a stream goes on that was cut off (HTML Standard, section 9.2.4). */
const LAST_EVENT_ID = 'last-event-id';

export const CHANGES_PATH = `${API}/changes`;
const CHANGES_HEADERS: readonly string[] = [LAST_EVENT_ID];
const NO_HEADERS: readonly string[] = [];

/** The headers that the resource at a path reads; nearly all read none. */
export function headersReadAt(path: string): readonly string[] {
  return path === CHANGES_PATH ? CHANGES_HEADERS : NO_HEADERS;
}

/** Prometheus text exposition format 0.0.4. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const READ = ['get', 'head'];

/** By path. */
const RESOURCES: Record<string, Resource> = {
  [BATCH_PATH]: {
    methods: ['post'],
    answer: ({ contentType, query }, services) => answerBatch(contentType, query, services),
  },
  [`${API}/ranges`]: {
    methods: READ,
    answer: ({ query }, { resolver }) => answerRanges(query, resolver),
  },
  [CHANGES_PATH]: {
    methods: ['get'],
    answer: ({ query, headers }, { changes }) =>
      changes?.answer(query, headers[LAST_EVENT_ID] ?? '') ?? noLedger(),
  },
  '/health/live': { methods: READ, answer: () => json({ status: 'up' }) },
  '/health/ready': {
    methods: READ,
    answer: (_, { resolver }) => json({ status: 'up', height: resolver.height('msisdn') }),
  },
  '/openapi.json': { methods: READ, answer: () => openApi() },
  '/metrics': {
    methods: READ,
    answer: async (_, { metrics }) => ({
      ...{ status: 200, contentType: METRICS_TYPE, body: await metrics() },
    }),
  },
};

/** A property of a name that nobody has asked for before is searched for among all names of the program. */
const RESOURCE_AT = new Map(Object.entries(RESOURCES));

/** Collections, by what the paths of their members begin with; the one asked for most comes first. */
const COLLECTIONS: [start: string, resource: Resource][] = [
  [
    ROUTING_INFO_PATH,
    {
      methods: READ,
      answer: ({ query }, { resolver, askLedger }, segment) =>
        answerRoutingInfo(segment, query, resolver, askLedger),
    },
  ],
  [
    `${API}/routes/`,
    { methods: READ, answer: (_, { routes }, segment) => answerRoute(segment, routes) },
  ],
  [
    `${API}/members/`,
    { methods: READ, answer: (_, { askLedger }, segment) => answerMember(segment, askLedger) },
  ],
  [
    `${API}/roaming-contracts/`,
    { methods: READ, answer: (_, { askLedger }, segment) => answerContract(segment, askLedger) },
  ],
  [
    `${API}/proofs/`,
    { methods: READ, answer: (_, { askLedger }, segment) => answerProof(segment, askLedger) },
  ],
];

export function routeRequest(request: RequestHead, services: HttpServices): Outcome | BodyWanted {
  const { method, path } = request;
  let resource = RESOURCE_AT.get(path);
  let segment = '';
  if (!resource) {
    const collection = COLLECTIONS.find(([start]) => path.startsWith(start));
    if (!collection) {
      return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
    }
    resource = collection[1];
    segment = path.slice(collection[0].length);
  }
  if (!resource.methods.includes(method)) return notAllowed(resource.methods);
  return resource.answer(request, services, segment);
}

function notAllowed(methods: readonly string[]): HttpAnswer {
  const allowed = methods.join(', ').toUpperCase();
  return problem(405, 'METHOD_NOT_ALLOWED', `This resource takes ${allowed}.`, {}, [
    ['allow', allowed],
  ]);
}

let openApiJson: string | undefined;

async function openApi(): Promise<HttpAnswer> {
  // Loaded only here: the schemas that it is made from cost every serving thread more than all else.
  openApiJson ??= JSON.stringify((await import('./openapi.ts')).openApiDocument());
  return { status: 200, contentType: JSON_TYPE, body: openApiJson };
}

function json(value: unknown): HttpAnswer {
  return { status: 200, contentType: JSON_TYPE, body: JSON.stringify(value) };
}
