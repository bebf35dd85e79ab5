// The ledger port of a node, on node:http:
//
//     POST /ledger/v1/transactions         bytes of a signed transaction → 202 {"id"}
//     GET  /ledger/v1/transactions/{id}    what became of it
//     GET  /ledger/v1/proofs/{ueId}        a proof of what the state says about a number
//     GET  /ledger/v1/proofs/state         a proof of the state
//     GET  /ledger/v1/snapshots…           snapshots to fetch, chunk by chunk (snapshot-parts)
//     GET  /ledger/v1/status               height, peers, whether it has halted
//     GET  /ledger/v1/…                    what the ledger holds (node-reads)
//     GET  /metrics                        Prometheus text
//
// Whoever reaches the port may hand transactions in; what they may do is in their signatures.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseUeId, type UeId } from '../ledger/number.ts';
import type { Submission, TransactionStatus } from '../ledger/sync/transaction-exchange.ts';
import { TRANSACTION_BYTES_MAX } from '../ledger/transaction-codec.ts';
import type { ReadAnswer } from './node-reads.ts';
import { ResolverError } from './resolver-error.ts';
import type { SnapshotPart } from './snapshot/snapshot-parts.ts';

export interface NodeServices {
  submit: (transaction: Uint8Array) => Promise<Submission>;
  transaction: (id: string) => TransactionStatus;
  /** What the ledger holds; `undefined` where there is no such resource. */
  read: (path: readonly string[], query: URLSearchParams) => ReadAnswer | undefined;
  status: () => unknown;
  /** The file of a proof about a number, or of the state without one; see `LedgerDesk.prove`. */
  prove: (ueId: UeId | undefined) => Promise<string>;
  /** A part of a snapshot, by the path behind `/ledger/v1/snapshots`. */
  snapshotPart: (path: string) => Promise<SnapshotPart | undefined>;
  metrics: () => Promise<string>;
  metricsType: string;
  /** Told of a request whose handling failed. */
  onFault: (error: unknown) => void;
}

export interface NodeApi {
  port: number;
  close(): Promise<void>;
}

interface Answer {
  status: number;
  type?: string;
  body: string | Uint8Array;
}

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 256;
const SNAPSHOTS = '/ledger/v1/snapshots';
const ID = /^[0-9a-f]{64}$/;

/** Throws BCHF_LISTEN_FAILED. */
export async function listenNodeApi(
  host: string,
  port: number,
  services: NodeServices,
): Promise<NodeApi> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    let answer: Answer;
    try {
      answer = await answerNode(request, services);
    } catch (error) {
      // Who left in the middle of a body waits for no answer, and is no fault of this process.
      if (request.destroyed && !request.complete) return;
      services.onFault(error);
      answer = problem(500, 'The request could not be answered.');
    }
    const { status, type = 'application/json', body } = answer;
    response.writeHead(status, { 'content-type': type });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `the ledger port cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ResolverError('BCHF_LISTEN_FAILED', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answerNode(request: IncomingMessage, services: NodeServices): Promise<Answer> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const below = /^\/ledger\/v1\/([a-z-]+(?:\/[^/]+){0,2})$/.exec(path)?.[1]?.split('/') ?? [];
  const [collection, id, more] = below;
  if (collection === 'transactions' && id === undefined) {
    return request.method === 'POST' ? submit(request, services) : notAllowed('POST');
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (path === '/metrics') {
    if (!isRead) return notAllowed('GET');
    return { status: 200, type: services.metricsType, body: await services.metrics() };
  }
  if (!isRead) return notAllowed('GET');
  if (path.startsWith(SNAPSHOTS)) return snapshotPart(path.slice(SNAPSHOTS.length), services);
  if (collection === 'status' && id === undefined) return json(200, services.status());
  if (collection === 'transactions' && id !== undefined && more === undefined) {
    if (!ID.test(id)) return problem(400, 'An id has 64 hexadecimal digits.');
    const status = services.transaction(id);
    return json(status.status === 'unknown' ? 404 : 200, status);
  }
  if (collection === 'proofs' && id !== undefined && more === undefined) return proof(id, services);
  const read = services.read(below, new URLSearchParams(query));
  if (!read) return problem(404, 'No such resource.');
  return read.status === 200 ? json(200, read.value) : problem(read.status, read.detail);
}

async function proof(id: string, { prove }: NodeServices): Promise<Answer> {
  const ueId = id === 'state' ? undefined : parseUeId(id);
  if (id !== 'state' && !ueId) {
    return problem(400, 'A number is imsi- or msisdn- and 1 to 15 digits.');
  }
  try {
    return { status: 200, body: await prove(ueId) };
  } catch (error) {
    if ((error as { code?: string }).code !== 'BCHF_PROOF_UNAVAILABLE') throw error;
    return problem(503, (error as Error).message);
  }
}

async function snapshotPart(path: string, services: NodeServices): Promise<Answer> {
  try {
    const part = await services.snapshotPart(path);
    if (!part) return problem(404, 'No such resource.');
    if ('json' in part) return json(200, part.json);
    return { status: 200, type: 'application/octet-stream', body: part.bytes };
  } catch (error) {
    if (!(error instanceof ResolverError)) throw error;
    return problem(error.code === 'BCHF_SNAPSHOT_UNKNOWN' ? 404 : 500, error.code);
  }
}

async function submit(request: IncomingMessage, services: NodeServices): Promise<Answer> {
  const bytes = await readBody(request);
  if (!bytes) return problem(413, `A transaction has at most ${TRANSACTION_BYTES_MAX} bytes.`);
  const { id, code } = await services.submit(bytes);
  return code ? json(422, { id, code }) : json(202, { id });
}

/** The body of a request; `undefined` where it is too long. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read to its end without keeping it, so that the answer can be sent.
    if (bytes > 4 * TRANSACTION_BYTES_MAX) return undefined;
    if (bytes <= TRANSACTION_BYTES_MAX) chunks.push(chunk);
  }
  return bytes <= TRANSACTION_BYTES_MAX ? Buffer.concat(chunks) : undefined;
}

function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value) };
}

function problem(status: number, detail: string): Answer {
  const body = JSON.stringify({ type: 'about:blank', status, detail });
  return { status, type: 'application/problem+json', body };
}

function notAllowed(method: string): Answer {
  return problem(405, `This resource takes ${method}.`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
