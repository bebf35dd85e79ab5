// Which answer belongs to which path: the HTTP interface as a function from a request to an answer.

import type { ProvenanceOf } from '../provenance.ts';
import type { NumberResolver } from '../resolve.ts';
import { answerBatch, type BatchServices } from './batch-answer.ts';
import { type HttpAnswer, JSON_TYPE } from './http-answer.ts';
import type { BodyWanted, RequestHead } from './http-server.ts';
import { openApiDocument } from './openapi.ts';
import { problem } from './problem.ts';
import { answerRoutingInfo } from './routing-info.ts';

export const ROUTING_INFO_PATH = '/nbchf-routing/v1/routing-info/';

export const BATCH_PATH = '/nbchf-routing/v1/routing-info/batch';

export interface HttpServices extends BatchServices {
  resolver: NumberResolver;
  /** The Prometheus text of the whole process. */
  metrics: () => Promise<string>;
  /** What set an entry, for explanations; absent where no ledger is followed. */
  provenanceOf?: ProvenanceOf;
}

/** Prometheus text exposition format 0.0.4. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

let openApiJson: string | undefined;

export function routeRequest(
  { method, path, query, contentType }: RequestHead,
  services: HttpServices,
): HttpAnswer | Promise<HttpAnswer> | BodyWanted {
  const { resolver, metrics } = services;
  if (path === BATCH_PATH) {
    if (method === 'post') return answerBatch(contentType, query, services);
    return notAllowed('POST', 'A batch is sent with POST.');
  }
  const isRoutingInfo = path.startsWith(ROUTING_INFO_PATH);
  if (!isRoutingInfo && !Object.hasOwn(PLAIN_PATHS, path)) {
    return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
  }
  if (method !== 'get' && method !== 'head') {
    return notAllowed('GET, HEAD', 'This resource is read with GET.');
  }
  if (isRoutingInfo) {
    const segment = path.slice(ROUTING_INFO_PATH.length);
    return answerRoutingInfo(segment, query, resolver, services.provenanceOf);
  }
  switch (PLAIN_PATHS[path]) {
    case 'live':
      return json({ status: 'up' });
    case 'ready':
      return json({ status: 'up', height: resolver.height('msisdn') });
    case 'openapi':
      openApiJson ??= JSON.stringify(openApiDocument());
      return { status: 200, contentType: JSON_TYPE, body: openApiJson };
    default:
      return metrics().then((body) => ({ status: 200, contentType: METRICS_TYPE, body }));
  }
}

const PLAIN_PATHS: Record<string, 'live' | 'ready' | 'metrics' | 'openapi'> = {
  '/health/live': 'live',
  '/health/ready': 'ready',
  '/metrics': 'metrics',
  '/openapi.json': 'openapi',
};

function notAllowed(allowed: string, detail: string): HttpAnswer {
  return problem(405, 'METHOD_NOT_ALLOWED', detail, {}, [['allow', allowed]]);
}

function json(value: unknown): HttpAnswer {
  return { status: 200, contentType: JSON_TYPE, body: JSON.stringify(value) };
}
