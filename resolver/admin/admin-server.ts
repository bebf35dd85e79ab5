// The operator's port: health, metrics and what the process stands at, on node:http in the main
// thread, so that it answers when serving threads do not.

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpAnswer, JSON_TYPE, STATUS_TITLES } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import { ResolverError } from '../resolver-error.ts';
import type { ConsoleFiles } from './console-files.ts';
import { refusalOf } from './request-guard.ts';

export interface AdminServices {
  metrics: () => Promise<string>;
  metricsType: string;
  /** What `/admin/v1/status` shows. */
  status: () => unknown;
  isReady: () => boolean;
  /** Routes with the carrier ids that the pdb protocol answers with. */
  carriers: () => unknown;
  consoleFiles: ConsoleFiles;
  /** What the console reads besides: by path, with the query. */
  console: Record<string, (query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>>;
  /** Nbchf_Routing's answer for a number, from here: `routing-info/{ueId}`. */
  routingInfo: (ueId: string, query: string) => HttpAnswer | Promise<HttpAnswer>;
}

export interface AdminServer {
  port: number;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;

/** Throws BCHF_LISTEN_FAILED. */
export async function listenAdmin(
  host: string,
  port: number,
  services: AdminServices,
): Promise<AdminServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    let answer: HttpAnswer;
    try {
      const { method = '', url = '', headers } = request;
      const refusal = refusalOf(method, headers, { adminHost: host, hasToken: false });
      answer =
        refusal === undefined
          ? await answerAdmin(method, url, headers, services)
          : problem(403, 'MODIFICATION_NOT_ALLOWED', refusal);
    } catch {
      answer = problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.');
    }
    response.writeHead(answer.status, STATUS_TITLES[answer.status], {
      'content-type': answer.contentType,
      ...Object.fromEntries(answer.headers ?? []),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `admin cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ResolverError('BCHF_LISTEN_FAILED', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answerAdmin(
  method: string,
  url: string,
  headers: IncomingHttpHeaders,
  services: AdminServices,
): Promise<HttpAnswer> {
  const { metrics, metricsType, status, isReady, carriers } = services;
  const [path = '', query = ''] = url.split('?', 2);
  const json = (value: unknown): HttpAnswer => ({
    status: 200,
    contentType: JSON_TYPE,
    body: JSON.stringify(value),
  });
  const resources: Record<string, () => HttpAnswer | Promise<HttpAnswer>> = {
    '/health/live': () => json({ status: 'up' }),
    '/health/ready': () =>
      isReady() ? json({ status: 'up' }) : problem(503, 'NF_CONGESTION', 'No thread serves.'),
    '/metrics': async () => ({ status: 200, contentType: metricsType, body: await metrics() }),
    '/admin/v1/status': () => json(status()),
    '/admin/v1/carriers': () => json(carriers()),
  };
  const resource =
    (Object.hasOwn(resources, path) && resources[path]) ||
    consoleResource(path, query, headers, services);
  if (!resource) return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
  if (method !== 'GET' && method !== 'HEAD') {
    return problem(405, 'METHOD_NOT_ALLOWED', 'This resource is read with GET.', {}, [
      ['allow', 'GET, HEAD'],
    ]);
  }
  return resource();
}

const ROUTING_INFO = '/admin/v1/routing-info/';

function consoleResource(
  path: string,
  query: string,
  headers: IncomingHttpHeaders,
  services: AdminServices,
): (() => HttpAnswer | Promise<HttpAnswer>) | undefined {
  if (path.startsWith(ROUTING_INFO)) {
    return () => services.routingInfo(path.slice(ROUTING_INFO.length), query);
  }
  if (Object.hasOwn(services.console, path)) {
    return () => services.console[path]!(new URLSearchParams(query));
  }
  const file = services.consoleFiles.answer(path, headers['if-none-match']);
  return file && (() => file);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
