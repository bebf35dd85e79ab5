// The operator's port: health, metrics and what the process stands at, on node:http in the main
// thread, so that it answers when serving threads do not.

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type HttpAnswer, STATUS_TITLES } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import { newRequestId, REQUEST_ID_HEADER, requestIdOf } from '../http/request-id.ts';
import { ResolverError } from '../resolver-error.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import { type AccessVerdict, type AdminAccess, judgeAccess } from './admin-access.ts';
import { type AdminRequest, json, refusal } from './admin-answer.ts';
import type { ConsoleFiles } from './console-files.ts';
import { answerSnapshots } from './snapshot-resources.ts';
import { TokenGuard } from './token-guard.ts';

export interface AdminServices {
  metrics: () => Promise<string>;
  metricsType: string;
  /** What `/admin/v1/status` shows. */
  status: () => unknown;
  isReady: () => boolean;
  /** Routes with the carrier ids that the pdb protocol answers with. */
  carriers: () => unknown;
  /** Absent where there are none. */
  snapshots: SnapshotManager | undefined;
  access: AdminAccess;
  /** Told of a request whose handling failed, and what the request is called. */
  onFault: (error: unknown, requestId: string) => void;
  /** Told when an address has sent so many wrong tokens that it has to wait; not of those it sends meanwhile. */
  onGuessing?: (address: string, wrongTokens: number) => void;
  consoleFiles: ConsoleFiles;
  /** What else is read here, by path. */
  readings: Record<string, Reading>;
  /** Nbchf_Routing's answer for a number: `/admin/v1/routing-info/{ueId}`. */
  routingInfo: (ueId: string, query: string) => HttpAnswer | Promise<HttpAnswer>;
}

export type Reading = (query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>;

export interface AdminServer {
  port: number;
  /** Wrong tokens that came so far. */
  wrongTokens(): number;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
const BODY_BYTES_MAX = 16 * 1024;
/** What is told to everyone who reaches the port lies elsewhere: health, metrics. */
const PROTECTED = '/admin/';
const ROUTING_INFO = '/admin/v1/routing-info/';

/** Throws BCHF_LISTEN_FAILED. */
export async function listenAdmin(
  host: string,
  port: number,
  services: AdminServices,
): Promise<AdminServer> {
  const guard = new TokenGuard(() => performance.now());
  const listener: RequestListener = async (request, response) => {
    let answer: HttpAnswer;
    try {
      answer = await answerRequest(request, services, guard);
    } catch (error) {
      // Who left in the middle of a body waits for no answer, and is no fault of this process.
      if (request.destroyed) return;
      const given = requestIdOf((name) => String(request.headers[name] ?? ''));
      const requestId = given ?? newRequestId();
      services.onFault(error, requestId);
      const detail = 'The request could not be answered.';
      const headers = [[REQUEST_ID_HEADER, requestId] as const];
      answer = problem(500, 'SYSTEM_FAILURE', detail, {}, headers);
    }
    response.writeHead(answer.status, STATUS_TITLES[answer.status], {
      'content-type': answer.contentType,
      ...Object.fromEntries(answer.headers ?? []),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  };
  const { tls } = services.access;
  const options = { requestTimeout: REQUEST_TIMEOUT_MS };
  const server = tls
    ? createTlsServer(
        {
          ...options,
          cert: tls.cert,
          key: tls.key,
          minVersion: 'TLSv1.2',
          ...(tls.clientCa && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
        },
        listener,
      )
    : createServer(options, listener);
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `admin cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ResolverError('BCHF_LISTEN_FAILED', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    wrongTokens: () => guard.wrong,
    close: () => close(server),
  };
}

async function answerRequest(
  request: IncomingMessage,
  services: AdminServices,
  guard: TokenGuard,
): Promise<HttpAnswer> {
  const { method = '', url = '', headers } = request;
  const [path = '', query = ''] = url.split('?', 2);
  const isChange = method !== 'GET' && method !== 'HEAD';
  const file = isChange ? undefined : services.consoleFiles.answer(path, headers['if-none-match']);
  if (file) return file;
  if (path.startsWith(PROTECTED)) {
    const { authorization, host, origin, 'content-type': contentType } = headers;
    const asked = { authorization, host, origin, contentType, isChange };
    const address = request.socket.remoteAddress ?? '';
    // Judged before the guard is asked: a right token gets in, whoever guesses from the same address.
    const verdict = judgeAccess(asked, services.access);
    if (verdict === 'wrong-token') {
      const { waitS, beginsToWait } = guard.noteWrong(address);
      if (beginsToWait) services.onGuessing?.(address, guard.wrong);
      if (waitS > 0) return tooManyGuesses(waitS);
    }
    if (verdict !== 'granted') return noAccess(verdict);
  }
  const body = isChange ? await readBody(request) : undefined;
  if (body === 'too-large') {
    const detail = `A body has at most ${BODY_BYTES_MAX} bytes.`;
    return refusal(413, 'BCHF_ADMIN_REQUEST', detail, {}, [['connection', 'close']]);
  }
  if (body === 'malformed') return refusal(400, 'BCHF_ADMIN_REQUEST', 'The body is not JSON.');
  const wanted = { method, path, query: new URLSearchParams(query), body: body?.value };
  return (await answerSnapshots(wanted, services.snapshots)) ?? answerAdmin(wanted, services);
}

function tooManyGuesses(waitS: number): HttpAnswer {
  const detail = 'Too many wrong tokens came from this address.';
  return refusal(429, 'BCHF_ADMIN_UNAUTHORISED', detail, {}, [['retry-after', String(waitS)]]);
}

function noAccess(verdict: Exclude<AccessVerdict, 'granted'>): HttpAnswer {
  switch (verdict) {
    case 'foreign-host':
      return refusal(403, 'BCHF_ADMIN_UNAUTHORISED', 'Without a token, ask by a loopback address.');
    case 'foreign-origin':
      return refusal(403, 'BCHF_ADMIN_UNAUTHORISED', 'A page of another origin changes nothing.');
    case 'not-json':
      return refusal(415, 'BCHF_ADMIN_REQUEST', 'A change is sent as application/json.');
    default: {
      const challenge = `Bearer realm="bchf admin"${verdict === 'no-token' ? '' : ', error="invalid_token"'}`;
      return refusal(401, 'BCHF_ADMIN_UNAUTHORISED', 'The admin port asks for its token.', {}, [
        ['www-authenticate', challenge],
      ]);
    }
  }
}

async function readBody(
  request: IncomingMessage,
): Promise<{ value: unknown } | 'too-large' | 'malformed'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return 'too-large';
    chunks.push(chunk);
  }
  try {
    return { value: bytes === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return 'malformed';
  }
}

async function answerAdmin(
  { method, path, query }: AdminRequest,
  services: AdminServices,
): Promise<HttpAnswer> {
  const { metrics, metricsType, status, isReady, carriers, readings, routingInfo } = services;
  const resources: Record<string, () => HttpAnswer | Promise<HttpAnswer>> = {
    '/health/live': () => json({ status: 'up' }),
    '/health/ready': () =>
      isReady() ? json({ status: 'up' }) : problem(503, 'NF_CONGESTION', 'No thread serves.'),
    '/metrics': async () => ({ status: 200, contentType: metricsType, body: await metrics() }),
    '/admin/v1/status': () => json(status()),
    '/admin/v1/carriers': () => json(carriers()),
  };
  const reading = Object.hasOwn(readings, path) ? readings[path] : undefined;
  if (reading) resources[path] = () => reading(query);
  if (path.startsWith(ROUTING_INFO)) {
    resources[path] = () => routingInfo(path.slice(ROUTING_INFO.length), query.toString());
  }
  const resource = Object.hasOwn(resources, path) && resources[path];
  if (!resource) return problem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND', 'No such resource.');
  if (method !== 'GET' && method !== 'HEAD') {
    return problem(405, 'METHOD_NOT_ALLOWED', 'This resource is read with GET.', {}, [
      ['allow', 'GET, HEAD'],
    ]);
  }
  return resource();
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
