// What a hostile client sends over HTTP/1.1, for tests that look at what becomes of it and of others.

import assert from 'node:assert/strict';
import net from 'node:net';
import type { HttpAnswer } from '../http-answer.ts';
import type { RequestHead } from '../http-handler.ts';
import { ROUTING_INFO_PATH, routeRequest } from '../http-router.ts';
import { type HttpServer, type HttpServerOptions, listenHttp } from '../http-server.ts';
import { PreparedAnswers } from '../prepared-answers.ts';
import { problem } from '../problem.ts';
import { SmallIndex } from './http-fixture.ts';

/** A listener, and what reached its handlers. */
export interface Listener {
  server: HttpServer;
  /** `get /path`, or `body` with what was received of one. */
  reached: string[];
  broken: number;
  /** Times that no more connections were taken. */
  full: number;
}

export async function openListener(
  limits?: HttpServerOptions['limits'],
  openFilesMax?: number,
): Promise<Listener> {
  const services = new SmallIndex().services();
  const listener: Omit<Listener, 'server'> = { reached: [], broken: 0, full: 0 };
  const { reached } = listener;
  const onError = (): HttpAnswer => problem(500, 'SYSTEM_FAILURE', 'A fault of the program.');
  const handle = (request: RequestHead) => {
    reached.push(`${request.method} ${request.path}`);
    const outcome = routeRequest(request, services);
    if (!('bytesMax' in outcome)) return outcome;
    const { bytesMax, answer } = outcome;
    return {
      bytesMax,
      answer: (body: Uint8Array) => {
        reached.push(`body ${Buffer.from(body).toString('latin1').slice(0, 60)}`);
        return answer(body);
      },
    };
  };
  const prepared = new PreparedAnswers(services.resolver);
  const quick = {
    collection: ROUTING_INFO_PATH,
    answer(segment: string) {
      const body = prepared.answer(segment);
      if (body) reached.push(`quick ${segment}`);
      return body;
    },
  };
  const server = await listenHttp('127.0.0.1', 0, handle, onError, {
    quick,
    ...(limits && { limits }),
    openFilesMax,
    onFull() {
      listener.full++;
    },
    onBroken: () => {
      listener.broken++;
    },
  });
  return Object.assign(listener, { server });
}

/** For what is certain to happen, on a machine with much else to do. */
export const SURE_MS = 20_000;

/**
 * What came back for some bytes, until the server closed the connection, so many answers had begun or
 * `quietMs` had passed.
 */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  quietMs = 300,
  answersMax = Number.POSITIVE_INFINITY,
): Promise<{ text: string; statuses: number[]; isClosed: boolean }> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    let isClosed = true;
    const end = () => {
      isClosed = false;
      socket.destroy();
    };
    const statusesOf = () =>
      [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));
    const giveUp = setTimeout(end, quietMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (statusesOf().length >= answersMax) end();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve({ text, statuses: statusesOf(), isClosed });
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/** That somebody else gets an answer now; a client that shares this process may be slow to read it. */
export async function assertServes(port: number): Promise<void> {
  const request = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
  const status = await new Promise<string>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      resolve(chunk.toString('latin1', 0, 12));
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve('closed'));
  });
  assert.equal(status, 'HTTP/1.1 200');
}

/** Connections that are open at the same time; those that could not be opened are left out. */
export async function openConnections(port: number, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  // In portions, because the system queues so many connections that wait to be taken.
  for (let at = 0; at < count; at += 200) {
    const portion = Array.from(
      { length: Math.min(200, count - at) },
      () =>
        new Promise<net.Socket | undefined>((resolve) => {
          const socket = net.connect(port, '127.0.0.1');
          socket.once('connect', () => resolve(socket));
          socket.once('error', () => resolve(undefined));
          socket.on('error', () => {});
        }),
    );
    for (const socket of await Promise.all(portion)) if (socket) sockets.push(socket);
  }
  return sockets;
}

export async function closeAll(sockets: readonly net.Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(
      (socket) =>
        socket.destroyed ||
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.destroy();
        }),
    ),
  );
}

export const BATCH = '/nbchf-routing/v1/routing-info/batch';
export const BODY = '["msisdn-1"]';
/** What would be a request of its own where a body is thought to end before it. */
export const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';

/** A number of the index that the listener answers from. */
export const KNOWN = 'msisdn-358501234567';

/** A batch with header fields that say where its body ends. */
export function post(fields: string, body: string): string {
  return (
    `POST ${BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `${fields}\r\n${body}`
  );
}

/** The same fields and body with a lookup, which needs no body. */
export function asLookup(posted: string): string {
  return posted.replace(/^POST \S+/, `GET ${ROUTING_INFO_PATH}${KNOWN}`);
}

export const CHUNKED = 'Transfer-Encoding: chunked\r\n';
export const CHUNKS = `c\r\n${BODY}\r\n0\r\n\r\n`;
