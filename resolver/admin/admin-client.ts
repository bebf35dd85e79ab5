// Asks the admin port of a running server, for commands.

import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ResolverError } from '../resolver-error.ts';
import { readToken } from './admin-access.ts';

/** A swap of a hundred million entries takes a while, and the answer comes at its end. */
const SILENCE_MS_MAX = 30 * 60_000;
const ANSWER_BYTES_MAX = 16 << 20;

export interface AdminServerOptions {
  /** Such as `http://127.0.0.1:8081`. */
  url: string;
  /** File with the token. */
  tokenFile?: string | undefined;
  /** PEMs for TLS: who vouches for the server; this client's certificate and key. */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  /** How long the server may be silent, in milliseconds; half an hour if not given. */
  silenceMsMax?: number | undefined;
}

/** An error that the server answered with: its code, and what else it says. */
export class AdminRefusal extends Error {
  readonly code: string;
  readonly problem: Record<string, unknown>;

  constructor(code: string, message: string, problem: Record<string, unknown>) {
    super(message);
    this.name = 'AdminRefusal';
    this.code = code;
    this.problem = problem;
  }
}

/**
 * One request. Errors: {@link AdminRefusal} with the server's code; BCHF_SERVER_UNREACHABLE;
 * BCHF_CONFIG_INVALID for a URL that is none or a file that cannot be read.
 */
export async function askAdmin<Answer>(
  options: AdminServerOptions,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const { status, bytes } = await send(options, method, path, ANSWER_BYTES_MAX, body);
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw unreachable(options.url, `it answered with status ${status}, and not as bchf does`);
  }
  if (status < 300) return answer as Answer;
  const { code, detail } = answer;
  if (typeof code !== 'string') throw unreachable(options.url, `it answered with status ${status}`);
  throw new AdminRefusal(code, String(detail), answer);
}

/** The bytes at a path, at most so many. Error: BCHF_SERVER_UNREACHABLE, also for any answer but 200. */
export async function getBytes(
  options: AdminServerOptions,
  path: string,
  bytesMax: number,
): Promise<Uint8Array> {
  const { status, bytes } = await send(options, 'GET', path, bytesMax);
  if (status === 200) return bytes;
  throw unreachable(options.url, `it answered with status ${status}`);
}

async function send(
  { url, tokenFile, ca, cert, key, silenceMsMax = SILENCE_MS_MAX }: AdminServerOptions,
  method: string,
  path: string,
  bytesMax: number,
  body?: unknown,
): Promise<{ status: number; bytes: Buffer }> {
  const target = targetOf(url, path);
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(tokenFile && { authorization: `Bearer ${readToken(tokenFile)}` }),
    ...(content !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(content),
    }),
  };
  const tls = {
    ...(ca && { ca: readPem(ca) }),
    ...(cert && { cert: readPem(cert) }),
    ...(key && { key: readPem(key) }),
  };
  const open = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(unreachable(url, cause.message, cause));
    const request = open(target, { method, headers, timeout: silenceMsMax, ...tls }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= bytesMax) {
          chunks.push(chunk);
          return;
        }
        failed(new Error('its answer is too long'));
        request.destroy();
      });
      response.on('error', failed);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) });
      });
    });
    request.on('timeout', () => request.destroy(new Error('it takes too long')));
    request.on('error', failed);
    request.end(content);
  });
}

function targetOf(url: string, path: string): URL {
  try {
    const target = new URL(path, url);
    if (target.protocol === 'http:' || target.protocol === 'https:') return target;
  } catch {
    // Told below.
  }
  throw new ResolverError('BCHF_CONFIG_INVALID', `${url} is not the URL of an admin port`);
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${(cause as Error).message}`);
  }
}

function unreachable(url: string, reason: string, cause?: unknown): ResolverError {
  const message = `${url} does not answer: ${reason}`;
  return new ResolverError('BCHF_SERVER_UNREACHABLE', message, { cause });
}
